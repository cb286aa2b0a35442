//! ServiceNow: records of the table `change_request`. Every value is a string; times are UTC without
//! a zone; people are ids of another table.

use ledger_core::json::Value;

use super::json::Json;
use super::split::Framing;
use super::time::When;
use super::webhook::{self, Hook};
use super::{Draft, Person, Reason, Record, Source};

pub(super) const SOURCE: Source = Source {
    name: "servicenow",
    reads: "ServiceNow change requests, as the table API gives them",
    version: 1,
    framing: Framing::Json(&["result", "records"]),
    map: record,
};

fn record(record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    let mut drafts = webhook::map(SOURCE.name, record, "sys_class_name number", change)?;
    let only = drafts.len() == 1;
    let more = webhook::map(SOURCE.name, record, "sys_class_name number", class)?;
    if only && drafts.iter().all(|draft| draft.is("change.recorded")) {
        drafts.extend(more.into_iter().filter(|draft| draft.is("change.classified")));
    }
    Ok(drafts)
}

/// A value, or the `value` of one that comes with its `display_value`.
fn plain<'a>(body: &'a Json<'a>, name: &str) -> &'a Json<'a> {
    let value = body.get(name);
    if value.get("value").is_some() { value.get("value") } else { value }
}

fn new(hook: &Hook<'_>, kind: &'static str) -> Option<Draft> {
    let body = hook.body;
    let number = plain(body, "number").text().filter(|number| number.starts_with("CHG"))?;
    let key = plain(body, "sys_id")
        .text()
        .zip(plain(body, "sys_mod_count").id())
        .map(|(id, count)| format!("{id}/{count}"));
    let who = Person::new("servicenow:login", plain(body, "sys_updated_by").text());
    Some(
        hook.draft(kind, key.as_deref(), &[plain(body, "sys_updated_on")])
            .actor("unknown", who.as_ref())
            .subject("change", Some(number)),
    )
}

fn change(hook: &Hook<'_>) -> Option<Draft> {
    let body = hook.body;
    // the codes of the out-of-the-box model: -5 new, -4 assess, -3 authorize, -2 scheduled,
    // -1 implement, 0 review, 3 closed, 4 canceled
    let state = match plain(body, "state").id()? {
        "-5" | "-4" | "-3" | "new" | "assess" | "authorize" => "open",
        "-2" | "-1" | "0" | "scheduled" | "implement" | "review" => "ready",
        "3" | "closed" => "closed",
        "4" | "canceled" => "abandoned",
        _ => return None,
    };
    let risk = match plain(body, "risk").id() {
        Some("2" | "high") => Some("high"),
        Some("3" | "moderate") => Some("medium"),
        Some("4" | "low") => Some("low"),
        _ => None,
    };
    let requester = ["requested_by", "opened_by"].iter().find_map(|name| plain(body, name).text());
    let start = When::read(plain(body, "start_date"));
    let end = When::read(plain(body, "end_date"));
    let window = start
        .zip(end)
        .filter(|(start, end)| start.at < end.at)
        .map(|(start, end)| Value::object([("end", end.value()), ("start", start.value())]));
    let opened = [plain(body, "opened_at"), plain(body, "sys_created_on")];
    Some(
        new(hook, "change.recorded")?
            .word("state", state)
            .time("opened_at", opened.iter().find_map(|at| When::read(at)).as_ref())
            .person("requester", Person::new(SOURCE.name, requester).as_ref())
            .set("risk", risk.map(Value::text))
            .set("window", window)
            .text("title", plain(body, "short_description").text())
            .text("description", plain(body, "description").text())
            .text("reason", plain(body, "justification").text())
            .text("backout_plan", plain(body, "backout_plan").text())
            .text("test_plan", plain(body, "test_plan").text()),
    )
}

fn class(hook: &Hook<'_>) -> Option<Draft> {
    let class = match plain(hook.body, "type").text()? {
        "standard" => "standard",
        "normal" => "normal",
        "emergency" => "emergency",
        _ => return None,
    };
    let by = Person::new("servicenow:login", plain(hook.body, "sys_updated_by").text());
    Some(
        new(hook, "change.classified")?
            .word("class", class)
            .word("method", "human")
            .person("by", by.as_ref()),
    )
}
