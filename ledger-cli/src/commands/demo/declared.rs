//! Declared: what stands before anything is deployed: systems, sources, people, access, rules, documents.

use std::fmt::Write as _;

use super::company::{
    BEGINS, COMPLIANCE, GATES, HOUR, MINUTE, PEOPLE, ROOTS, SECURITY, SYSTEMS, access_admin,
    digest, gates_digest, human, manager, name, number, owner, role, system_of, who,
};
use super::stage::{Act, Deed, Event, Stage, event, scheduled, time};
use crate::failure::Result;

/// Sources, and what they hold.
pub(super) const SOURCES: [(&str, &str); 5] = [
    ("hr-csv", "person.changed"),
    ("access-csv", "access.observed"),
    ("runtime", "runtime.observed"),
    ("ci", "deployment.started"),
    ("backups", "backup.run"),
];

/// Citations of HIPAA whose implementation is to be decided and documented.
const ADDRESSABLE: [&str; 17] = [
    "164.308-a-3-ii-A",
    "164.308-a-3-ii-B",
    "164.308-a-3-ii-C",
    "164.308-a-4-ii-B",
    "164.308-a-4-ii-C",
    "164.308-a-5-ii-B",
    "164.308-a-5-ii-C",
    "164.308-a-7-ii-D",
    "164.308-a-7-ii-E",
    "164.310-a-2-iii",
    "164.310-d-2-iii",
    "164.310-d-2-iv",
    "164.312-a-2-iii",
    "164.312-a-2-iv",
    "164.312-c-2",
    "164.312-e-2-i",
    "164.312-e-2-ii",
];

/// What is declared before anything is deployed.
pub(super) fn acts() -> Vec<Act> {
    let at = BEGINS + 2 * HOUR;
    let mut acts = Vec::new();
    let both = |data: Vec<Event>, at: u64| Act {
        at,
        deed: Deed::Say(ROOTS.iter().map(|root| format!("p{root}")).collect(), data),
    };
    let mut scope = Vec::new();
    for (place, system) in SYSTEMS.iter().enumerate() {
        let services = system.services.map(|name| format!(r#""{name}""#)).join(",");
        scope.push(event("system.registered", at, &human(1), &format!(r#""system":"{}""#, system.name), &format!(
            r#""state":"active","tier":"1","owner":{},"entitlement_owners":[{}],"environments":[{{"name":"production","class":"production"}},{{"name":"staging","class":"non_production"}}],"regions":["{}"],"regimes":[{}],"services":[{services}],"duties":[{{"entitlement":"release-manager","duties":["AP"]}},{{"entitlement":"deployer","duties":["DP"]}},{{"entitlement":"committer","duties":["AU"]}},{{"entitlement":"access-admin","duties":["AA"]}},{{"entitlement":"pipeline-admin","duties":["PC"]}},{{"entitlement":"reader","duties":["RV"]}}]"#,
            who(owner(place)), who(owner(place)), system.region, system.regimes,
        )));
    }
    for (source, population) in SOURCES {
        scope.push(event("source.registered", at, &human(1), &format!(r#""source":"{source}""#), &format!(
            r#""state":"active","populations":["{population}"],"heartbeat_every":"P7D","extract_method":"file","owner":{}"#, who(COMPLIANCE),
        )));
    }
    acts.push(both(scope, at + MINUTE));
    acts.push(Act { at: at + 2 * MINUTE, deed: Deed::Step(gates) });
    let mut rows =
        "person,event,effective_at,kind,name,manager,department,role_profile\n".to_owned();
    for person in 1..=PEOPLE {
        let team = system_of(person)
            .and_then(|system| SYSTEMS.get(system))
            .map_or("office", |system| system.name);
        let role = role(person).map_or("staff", |(role, _)| role);
        let _ = writeln!(
            rows,
            "{},joined,2026-01-05,employee,{},{},{team},{role}",
            number(person),
            name(person),
            manager(person).map(number).unwrap_or_default()
        );
    }
    acts.push(Act {
        at: at + 10 * MINUTE,
        deed: Deed::Import("hr-csv", "people.csv".into(), rows, Vec::new()),
    });
    let at = at + 30 * MINUTE;
    let mut grants = Vec::new();
    for person in 1..=PEOPLE {
        let Some(((role, privileged), place)) = role(person).zip(system_of(person)) else {
            continue;
        };
        let system = SYSTEMS.get(place).map_or("", |system| system.name);
        grants.push(granted(
            &format!("acc-{}", number(person)),
            system,
            &format!("u{}", number(person)),
            &who(person),
            role,
            privileged,
            access_admin(place),
            at,
        ));
    }
    acts.push(Act { at: at + MINUTE, deed: Deed::Say(vec!["scheduler".into()], grants) });
    acts.extend(documents(at + HOUR));
    acts
}

/// The two roots put the policy of gates into force.
fn gates(stage: &mut Stage) -> Result<()> {
    stage.write("gates.jsonl", GATES.as_bytes())?;
    let (file, digest) = (stage.word("gates.jsonl"), gates_digest());
    stage.done(&["attach", &file])?;
    let at = BEGINS + 2 * HOUR + 2 * MINUTE;
    let data = format!(
        r#""kind":"gate","before":"{}","after":"{digest}","content":{{"attachment":"{digest}","count":3}},"effective_from":"{}""#,
        super::company::digest("gates", 0),
        time(at),
    );
    let mut event = event("policy.changed", at, &human(ROOTS[0]), r#""policy":"gates""#, &data);
    let attached = format!(
        r#","attachments":[{{"name":"gates.jsonl","media_type":"application/x-ndjson","size":{},"digest":"{digest}"}}]}}"#,
        GATES.len()
    );
    event.text.pop();
    event.text.push_str(&attached);
    let keys = ROOTS.iter().map(|root| format!("root-{root}")).collect();
    stage.play(vec![Act { at, deed: Deed::Say(keys, vec![event]) }])
}

/// Documents that are in force.
fn documents(at: u64) -> Vec<Act> {
    let mut acts = Vec::new();
    let mut sign = |document: &str, kind: &str, scope: &str, role: &str| {
        let due = if kind == "plan" { "2026-08-15" } else { "2027-06-01" };
        let data = format!(
            r#""kind":"{kind}","version":"1","digest":"{}","valid_from":"2026-06-01T00:00:00.000000Z","review_due":"{due}T00:00:00.000000Z","scope":[{scope}],"approver":{},"role":"{role}""#,
            digest(document, 1),
            who(SECURITY),
        );
        acts.push(event(
            "document.approved",
            at,
            &human(SECURITY),
            &format!(r#""document":"{document}""#),
            &data,
        ));
    };
    sign("sod-matrix", "policy", "", "compliance-officer");
    for (kind, name) in [
        ("risk_analysis", "risk-analysis"),
        ("plan", "contingency-plan"),
        ("report", "criticality"),
        ("policy", "security-policy"),
        ("procedure", "release-procedure"),
    ] {
        sign(&format!("{name}-care"), kind, r#""care""#, "security-officer");
    }
    sign("ropa-orders", "ropa", r#""processing:orders""#, "data-protection-officer");
    sign("dpa-cloud", "dpa", r#""processor:cloud""#, "data-protection-officer");
    sign("baa-cloud", "baa", r#""processor:cloud""#, "security-officer");
    sign("disposal", "other", r#""asset:disk-7""#, "security-officer");
    for system in &SYSTEMS {
        sign(
            &format!("transfer-{}", system.region),
            "transfer",
            &format!(r#""{}""#, system.region),
            "data-protection-officer",
        );
    }
    for citation in ADDRESSABLE {
        sign(
            &format!("decision-{citation}"),
            "other",
            &format!(r#""addressable:{citation}""#),
            "security-officer",
        );
    }
    vec![Act { at: at + MINUTE, deed: Deed::Say(vec![format!("p{SECURITY}")], acts) }]
}

/// An entitlement is given.
#[expect(clippy::too_many_arguments, reason = "the members of one event")]
pub(super) fn granted(
    access: &str,
    system: &str,
    account: &str,
    principal: &str,
    role: &str,
    privileged: bool,
    by: usize,
    at: u64,
) -> Event {
    let data = format!(
        r#""object":"entitlement","action":"granted","access":"{access}","account":"{account}","principal":{principal},"executor":{},"effective_at":"{}","entitlement":{{"system":"{system}","role":"{role}","scope":"production"{}}}"#,
        who(by),
        time(at),
        if privileged { r#","privileged":true"# } else { r#","privileged":false"# },
    );
    scheduled(at, "access.changed", &format!(r#""system":"{system}""#), &data)
}
