//! What persons decided about it: waivers that are in force, and approvals.

use std::collections::BTreeSet;

use ledger_core::approval::{About, Fact, Request, Standing};
use ledger_core::time::Timestamp;

use super::{Item, fact, of};

/// A waiver stands until it expires; one of a rule names the artifact or the change beside it.
pub(super) fn waivers(items: &[Item], matter: &Request, now: Timestamp) -> Vec<Fact> {
    let now = now.to_string();
    let mut facts = Vec::new();
    for item in items {
        let here = item.text("/data/environment");
        let what = match item.kind.as_str() {
            "gate.waived" if here == matter.environment => ("gate", item.text("/data/gate")),
            "policy.waived" if item.text("/data/action") != "revoked" => {
                ("policy", item.text("/subject/policy"))
            }
            _ => continue,
        };
        let until = item.text("/data/expires_at");
        // times of one spelling compare as texts
        if until > now.as_str() {
            let text = format!("{} `{}` is waived until {until}", what.0, what.1);
            facts.push(fact(About::Waivers, Standing::Bad, &text, &[item.index]));
        }
    }
    if facts.is_empty() {
        let text = "no waiver that is in force is recorded for this digest or change".to_owned();
        facts.push(fact(About::Waivers, Standing::Plain, &text, &[]));
    }
    facts
}

pub(super) fn approvals(items: &[Item], matter: &Request) -> Vec<Fact> {
    let mut facts = Vec::new();
    let revoked = items.iter().filter(|item| item.text("/data/decision") == "revoked");
    let revoked: BTreeSet<&str> = revoked.map(|item| item.text("/data/of")).collect();
    for item in items {
        let what = item.kind.as_str();
        if !matches!(what, "approval.decided" | "approval.requested") {
            continue;
        }
        let place = [item.index];
        if !of(item, matter) {
            let digest = item.text("/data/for/artifact");
            let (decision, env) = (item.text("/data/decision"), item.text("/data/for/environment"));
            if what == "approval.decided" && digest != matter.artifact && env == matter.environment
            {
                let text = format!("{decision} for another digest: {digest}");
                facts.push(fact(About::Approvals, Standing::Plain, &text, &place));
            }
            continue;
        }
        if what == "approval.requested" {
            let text = format!(
                "asked for as `{}`, {} needed",
                item.text("/data/approval"),
                item.count("/data/required/count")
            );
            facts.push(fact(About::Approvals, Standing::Plain, &text, &place));
            continue;
        }
        let decision = item.text("/data/decision");
        let id = item.text("/data/approval");
        let stands = match decision {
            _ if revoked.contains(id) => Standing::Plain,
            "granted" | "ratified" => Standing::Good,
            "delegated" => Standing::Plain,
            _ => Standing::Bad,
        };
        let person = item.approver.as_deref().unwrap_or("nobody knows whom");
        let role = item.text("/data/role");
        let mut text = format!("{decision} as `{id}` in the role `{role}` by {person}");
        let until = item.text("/data/valid_until");
        if !until.is_empty() {
            text = format!("{text}, until {until}");
        }
        if revoked.contains(id) {
            text.push_str(", revoked since");
        }
        let other = item.text("/data/of");
        if !other.is_empty() {
            text = format!("{text}, of `{other}`");
        }
        facts.push(fact(About::Approvals, stands, &text, &place));
    }
    if facts.is_empty() {
        let text = "nobody has decided about this digest yet".to_owned();
        facts.push(fact(About::Approvals, Standing::Plain, &text, &[]));
    }
    facts
}
