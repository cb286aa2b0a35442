//! Terraform: a plan as `terraform show -json` prints it, and the lines that `apply -json` writes.
//!
//! Each change of a resource is `config.changed`, with the digests of what was and what is to be;
//! what a plan marks as sensitive is left out before the digest is taken, so that none can be guessed
//! from it. A drift that a plan found is `config.drifted`. Neither says who did it: that is given.

use ledger_core::json::Value;

use super::audit::{at, digest_of, items, text};
use super::json::{self, Json};
use super::split::Framing;
use super::time::When;
use super::{Draft, Reason, Record, Source};

pub(super) const SOURCE: Source = Source {
    name: "terraform",
    reads: "Terraform: a plan as JSON, or what `apply -json` writes; given: by, system, environment",
    version: 1,
    framing: Framing::Json(&[]),
    map,
};

fn map(record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    let value = json::read(record.bytes)?;
    let id = digest_of(record.bytes);
    if text(&value, &["@level"]).is_some() {
        return Ok(vec![line(&value, &id, record)]);
    }
    if text(&value, &["format_version"]).is_none() {
        return Err(Reason::new(
            "terraform-format",
            "the record is neither a plan nor a line of one",
        ));
    }
    let when = When::first(&[value.get("timestamp")], record.received);
    let mut drafts = Vec::new();
    for change in items(&value, &["resource_changes"]) {
        drafts.extend(changed(change, &id, &when, record)?);
    }
    for drift in items(&value, &["resource_drift"]) {
        drafts.push(drifted(drift, &id, &when, record)?);
    }
    if drafts.is_empty() {
        // a state, or a plan that changes nothing
        let kind = if value.get("planned_values").is_some() { "plan" } else { "state" };
        drafts.push(Draft::external(SOURCE.name, &id, kind, "no-change", when));
    }
    Ok(drafts)
}

fn address<'a>(change: &'a Json<'a>) -> Result<&'a str, Reason> {
    let missing = || Reason::new("terraform-address", "a change names no resource");
    text(change, &["address"]).ok_or_else(missing)
}

/// None for a resource that stays as it is, or is only read.
fn changed(
    change: &Json<'_>,
    id: &str,
    when: &When,
    record: &Record<'_>,
) -> Result<Option<Draft>, Reason> {
    let address = address(change)?;
    let actions: Vec<&str> =
        items(change, &["change", "actions"]).iter().filter_map(Json::text).collect();
    let action = match actions.as_slice() {
        ["create"] => "created",
        ["delete"] => "deleted",
        ["update" | "forget"] | ["delete", "create"] | ["create", "delete"] => "changed",
        ["no-op" | "read"] => return Ok(None),
        _ => return Err(Reason::new("terraform-actions", "a change has no known actions")),
    };
    let kind = text(change, &["type"]).unwrap_or_default();
    let before = state(change, "before");
    let after = state(change, "after");
    Ok(Some(
        setting(address, kind, action, id, when, record)
            .id("before", before.as_deref())
            .id("after", after.as_deref()),
    ))
}

fn setting(
    address: &str,
    kind: &str,
    action: &str,
    id: &str,
    when: &When,
    record: &Record<'_>,
) -> Draft {
    let by = record.given.by();
    Draft::new("config.changed", id, when.clone())
        .actor("service", by.as_ref())
        .subject("system", Some(record.given.get("system").unwrap_or("terraform")))
        .subject("environment", record.given.get("environment"))
        .word("class", class(kind))
        .word("action", action)
        .id("item", Some(address))
        .word("weakened", "unknown")
        .person("changer", by.as_ref())
}

fn drifted(drift: &Json<'_>, id: &str, when: &When, record: &Record<'_>) -> Result<Draft, Reason> {
    Ok(Draft::new("config.drifted", id, when.clone())
        .subject("system", Some(record.given.get("system").unwrap_or("terraform")))
        .subject("environment", record.given.get("environment"))
        .id("item", Some(address(drift)?))
        .id("expected", state(drift, "before").as_deref())
        .id("observed", state(drift, "after").as_deref())
        .word("state", "detected"))
}

/// The digest of a state without what is sensitive.
fn state(change: &Json<'_>, name: &str) -> Option<String> {
    let state = at(change, &["change", name])?;
    let marks = format!("{name}_sensitive");
    let open = redacted(state, change.get("change").get(&marks));
    Some(digest_of(open.to_canonical().as_bytes()))
}

/// The value with the sensitive parts left out; the marks have its form, `true` where one is.
fn redacted(value: &Json<'_>, marks: &Json<'_>) -> Value {
    if marks.truth() == Some(true) {
        return Value::text("sensitive");
    }
    match value {
        Json::Object(members) => Value::object(
            members
                .iter()
                .map(|(name, value)| (name.to_string(), redacted(value, marks.get(name)))),
        ),
        Json::List(list) => {
            let mark = |place: usize| marks.items().get(place).unwrap_or(json::NULL);
            let values = list.iter().enumerate();
            Value::List(values.map(|(place, value)| redacted(value, mark(place))).collect())
        }
        other => Value::text(other.to_text()),
    }
}

/// A line of `apply -json`: only the end of a change says that something changed.
fn line(value: &Json<'_>, id: &str, record: &Record<'_>) -> Draft {
    let when = When::first(&[value.get("@timestamp")], record.received);
    let kind = text(value, &["type"]).unwrap_or("log");
    let address = text(value, &["hook", "resource", "addr"]);
    let action = match text(value, &["hook", "action"]) {
        Some("create") => Some("created"),
        Some("update" | "replace") => Some("changed"),
        Some("delete") => Some("deleted"),
        _ => None,
    };
    let ("apply_complete", Some(address), Some(action)) = (kind, address, action) else {
        return Draft::external(SOURCE.name, id, kind, "no-change", when);
    };
    let kind = text(value, &["hook", "resource", "resource_type"]).unwrap_or_default();
    setting(address, kind, action, id, &when, record)
}

/// What a resource governs, by a word of its type.
fn class(kind: &str) -> &'static str {
    const CLASSES: &[(&str, &str)] = &[
        ("branch_protection", "branch_protection"),
        ("ruleset", "branch_protection"),
        ("secret", "deploy_secret"),
        ("iam_", "iam"),
        ("role_assignment", "iam"),
        ("rolebinding", "iam"),
        ("role_binding", "iam"),
        ("_iam", "iam"),
        ("policy", "iam"),
        ("kms", "encryption"),
        ("encryption", "encryption"),
        ("key_vault", "encryption"),
        ("certificate", "tls"),
        ("acm_", "tls"),
        ("logging", "logging"),
        ("cloudtrail", "logging"),
        ("log_", "logging"),
        ("diagnostic", "logging"),
        ("lifecycle", "retention"),
        ("backup", "retention"),
        ("versioning", "retention"),
        ("security_group", "network"),
        ("firewall", "network"),
        ("network", "network"),
        ("vpc", "network"),
        ("route", "network"),
        ("subnet", "network"),
        ("codepipeline", "pipeline"),
        ("codebuild", "pipeline"),
    ];
    CLASSES.iter().find(|(word, _)| kind.contains(word)).map_or("other", |(_, class)| class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sensitive_is_left_out_of_digests() {
        let digest = |secret: &str| {
            let text = format!(
                r#"{{"change":{{"after":{{"a":1,"b":["{secret}"]}},"after_sensitive":{{"b":[true]}}}}}}"#
            );
            state(&json::read(text.as_bytes()).unwrap(), "after")
        };
        assert_eq!(digest("one"), digest("two"));
        assert!(digest("one").is_some());
        assert_eq!(state(&json::read(b"{\"change\":{\"after\":null}}").unwrap(), "after"), None);
    }
}
