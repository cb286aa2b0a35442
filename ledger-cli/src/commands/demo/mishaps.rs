//! Mishaps: what goes wrong in the quarter beside its releases. `planted` says what must be found of each.

use super::company::{
    COMPLIANCE, DAY, DAYS, HOUR, MINUTE, QUARTER, SECURITY, SYSTEMS, access_admin, digest, human,
    number, owner, release_engineer, release_manager, who,
};
use super::declared::granted;
use super::stage::{Act, Deed, event, says, scheduled, time};

/// She left, and her access stayed.
pub(super) const LEAVER: usize = 30;
/// He changed his place, and nobody looked at what he may do.
pub(super) const MOVER: usize = 34;
/// She writes code, and was given the right to deploy it.
pub(super) const CONFLICT: usize = 26;
/// He may deploy, and has not for months.
pub(super) const DORMANT: usize = 38;
/// On this day, from 0, nobody reviewed log-ins.
pub(super) const UNREVIEWED: u64 = 33;
/// On this day something runs that nobody deployed.
pub(super) const SHADOW: u64 = 40;
/// From this day on the inventory is silent.
pub(super) const SILENT: std::ops::Range<u64> = 48..62;

fn day(day: u64, hour: u64) -> u64 {
    QUARTER + day * DAY + hour * HOUR
}

fn machine(at: u64, kind: &str, subject: &str, data: &str) -> Act {
    let told = scheduled(at, kind, subject, data);
    Act { at: at + MINUTE, deed: Deed::Say(vec!["scheduler".into()], vec![told]) }
}

/// All of them.
pub(super) fn acts() -> Vec<Act> {
    let mut acts = access();
    acts.extend(settings());
    acts.extend(operation());
    acts.extend(records());
    acts
}

fn person(at: u64, person: usize, event: &str, role: &str) -> Act {
    let manager = number(owner(usize::from(event != "moved")));
    let rows = format!(
        "person,event,effective_at,kind,manager,role_profile\n{},{event},{},employee,{manager},{role}\n",
        number(person),
        time(at),
    );
    Act {
        at: at + 5 * MINUTE,
        deed: Deed::Import("hr-csv", format!("{event}-{}.csv", number(person)), rows, Vec::new()),
    }
}

fn access() -> Vec<Act> {
    let mut acts =
        vec![person(day(44, 9), LEAVER, "left", ""), person(day(36, 9), MOVER, "moved", "analyst")];
    // she grants herself what she administers; and somebody is given what nobody approved
    for (turn, (access, to, approver)) in
        [("acc-900", 16, Some(16)), ("acc-901", 28, None)].into_iter().enumerate()
    {
        let at = day(20 + turn as u64, 10);
        let subject = format!(r#""access":"{access}""#);
        if let Some(approver) = approver {
            let data = format!(
                r#""approval":"{access}-a","approver":{},"decision":"granted","method":"key","role":"entitlement-owner","for":{{"entitlement":"shop:reader:production"}}"#,
                who(approver)
            );
            acts.push(says(approver, at, "approval.decided", &subject, &data));
        }
        let grant = granted(
            access,
            "shop",
            &format!("u{}", number(to)),
            &who(to),
            "reader",
            false,
            access_admin(1),
            at + HOUR,
        );
        acts.push(Act {
            at: at + HOUR + MINUTE,
            deed: Deed::Say(vec!["scheduler".into()], vec![grant]),
        });
    }
    let session = r#""session":"s-77","system":"payments""#;
    let opened = format!(
        r#""phase":"opened","kind":"elevated","principal":{},"approver":{},"reason":"a stuck settlement","ticket":"OPS-77","max_until":"{}""#,
        who(release_engineer(0)),
        who(owner(0)),
        time(day(28, 12)),
    );
    let closed = format!(
        r#""phase":"closed","kind":"elevated","principal":{},"log_digest":"{}""#,
        who(release_engineer(0)),
        digest("session", 77)
    );
    acts.push(machine(day(28, 10), "session.elevated", session, &opened));
    acts.push(machine(day(28, 11), "session.elevated", session, &closed));
    acts
}

fn settings() -> Vec<Act> {
    let changed = |at: u64, system: usize, item: &str, class: &str, changer: usize, more: &str| {
        let name = SYSTEMS.get(system).map_or("", |system| system.name);
        let data = format!(
            r#""class":"{class}","item":"{item}","action":"changed","before":"{}","after":"{}","changer":{}{more}"#,
            digest(item, 1),
            digest(item, 2),
            who(changer),
        );
        machine(at, "config.changed", &format!(r#""system":"{name}""#), &data)
    };
    let approved = |at: u64, approver: usize, change: &str| {
        let data = format!(
            r#""approval":"a-{change}","approver":{},"decision":"granted","method":"key","role":"release-manager","for":{{}}"#,
            who(approver)
        );
        says(approver, at, "approval.decided", &format!(r#""change":"{change}""#), &data)
    };
    vec![
        // as it should be: another person agreed before
        approved(day(12, 9), release_manager(0, 0), "CFG-1"),
        changed(
            day(12, 11),
            0,
            "cards-pipeline",
            "pipeline",
            owner(0),
            r#","weakened":"no","change":"CFG-1""#,
        ),
        approved(day(26, 9), release_manager(1, 0), "CFG-2"),
        changed(
            day(26, 11),
            1,
            "checkout-main",
            "branch_protection",
            release_manager(1, 0),
            r#","weakened":"no","change":"CFG-2""#,
        ),
        changed(day(54, 11), 3, "audit-trail", "logging", owner(3), r#","weakened":"no""#),
    ]
}

fn operation() -> Vec<Act> {
    let data = |slot: &str, at: u64, outcome: &str| {
        format!(
            r#""slot":"{slot}","started_at":"{}","outcome":"{outcome}","dataset":"archive""#,
            time(at)
        )
    };
    let mut acts = Vec::new();
    for (turn, outcome) in
        ["succeeded", "succeeded", "failed", "succeeded", "succeeded"].into_iter().enumerate()
    {
        for week in 0..3 {
            let at = day(1 + turn as u64 + week * 5, 3);
            let _ = week;
            let outcome = if week == 1 { outcome } else { "succeeded" };
            let slot: String = time(at).chars().take(10).collect();
            acts.push(machine(at, "backup.run", r#""system":"core""#, &data(&slot, at, outcome)));
        }
    }
    for late in 16..DAYS {
        let at = day(late, 3);
        let slot: String = time(at).chars().take(10).collect();
        acts.push(machine(at, "backup.run", r#""system":"core""#, &data(&slot, at, "succeeded")));
    }
    let incident = r#""incident":"inc-privacy""#;
    let told = |hour: u64, state: &str| {
        let data = format!(
            r#""state":"{state}","class":"privacy","severity":"sev2","aware_at":"{}","personal_data":"yes","ephi":"no","affected_count":12,"role":"controller""#,
            time(day(68, 8))
        );
        machine(day(68, hour), "incident.changed", incident, &data)
    };
    acts.extend([told(8, "triggered"), told(9, "mitigated"), told(12, "resolved")]);
    let acknowledged = format!(
        r#""state":"acknowledged","class":"privacy","severity":"sev2","aware_at":"{}","personal_data":"yes","ephi":"no","affected_count":12,"role":"controller""#,
        time(day(68, 8))
    );
    acts.push(machine(day(68, 8) + 20 * MINUTE, "incident.changed", incident, &acknowledged));
    let decided = |at: u64, step: &str, more: &str| {
        let data = format!(r#""step":"{step}","regime":"gdpr","at":"{}"{more}"#, time(at));
        says(SECURITY, at, "breach.decided", incident, &data)
    };
    acts.push(decided(
        day(69, 9),
        "assessed",
        r#","reasons":"a list was open for an hour","high_risk":"no""#,
    ));
    acts.push(decided(day(70, 9), "subjects_notified", ""));
    acts.push(decided(day(73, 9), "authority_notified", r#","document":"breach-report""#));
    let report = format!(
        r#""kind":"report","version":"1","digest":"{}","valid_from":"{}","review_due":"2027-09-01T00:00:00.000000Z","scope":["incident:inc-privacy"],"approver":{},"role":"data-protection-officer""#,
        digest("breach-report", 1),
        time(day(69, 10)),
        who(SECURITY),
    );
    acts.push(says(
        SECURITY,
        day(69, 10),
        "document.approved",
        r#""document":"breach-report""#,
        &report,
    ));
    acts
}

fn records() -> Vec<Act> {
    let mut acts = Vec::new();
    let x = |at: u64, state: &str, more: &str| {
        let data = format!(
            r#""state":"{state}","control":"SOX-CM-02","test":"T02","item":"d-3","severity":"sev2"{more}"#
        );
        says(COMPLIANCE, at, "exception.changed", r#""exception":"x-old""#, &data)
    };
    acts.push(x(day(2, 9), "raised", ""));
    let owned = format!(r#","disposition":"true_deviation","owner":{}"#, who(owner(0)));
    acts.push(x(day(4, 9), "dispositioned", &owned));
    let y = |at: u64, state: &str, more: &str| {
        let data = format!(
            r#""state":"{state}","control":"SOX-LA-07","test":"T20","item":"shop/old","severity":"sev4"{more}"#
        );
        says(COMPLIANCE, at, "exception.changed", r#""exception":"x-risk""#, &data)
    };
    acts.push(y(day(2, 10), "raised", ""));
    let accept = format!(r#","disposition":"accepted_risk","owner":{}"#, who(owner(1)));
    acts.push(y(day(3, 8), "dispositioned", &accept));
    let data = format!(
        r#""exception":"x-risk","person":{},"level":"low","expires_at":"{}","approver":{},"controls":["SOX-CM-03"]"#,
        who(owner(1)),
        time(day(50, 0)),
        who(COMPLIANCE),
    );
    acts.push(says(COMPLIANCE, day(3, 9), "risk.accepted", r#""risk":"risk-7""#, &data));
    let hold = format!(
        r#""action":"placed","systems":["shop"],"classes":["deployment"],"custodians":[],"by":{}"#,
        who(COMPLIANCE)
    );
    acts.push(says(COMPLIANCE, day(5, 9), "hold.changed", r#""hold":"hold-1""#, &hold));
    let gone = format!(
        r#""action":"deleted","approver":{},"count":7,"from":"2017-01-01T00:00:00.000000Z","to":"2018-01-01T00:00:00.000000Z","hold_check":"clear","list_digest":"{}","rule":"r-1","trigger":"recorded""#,
        who(1),
        digest("gone", 1),
    );
    acts.push(says(COMPLIANCE, day(31, 9), "retention.executed", r#""class":"deployment""#, &gone));
    let request = |at: u64, state: &str| {
        let data = format!(
            r#""kind":"erasure","regime":"gdpr","person":{},"state":"{state}","due":"{}""#,
            who(21),
            time(day(40, 0)),
        );
        says(SECURITY, at, "request.changed", r#""request":"dsr-4""#, &data)
    };
    acts.push(request(day(9, 9), "received"));
    // a token stands where the name of a run should
    let run = format!(
        r#""class":"other","item":"deploy-script","action":"changed","before":"{}","after":"{}","weakened":"no","changer":{}"#,
        digest("script", 1),
        digest("script", 2),
        who(owner(3)),
    );
    acts.push(machine(
        day(57, 11),
        "config.changed",
        r#""run":"deploy/AKIA0123456789ABCDEF","system":"core""#,
        &run,
    ));
    let late = event(
        "anchor.missed",
        day(77, 9),
        &human(COMPLIANCE),
        r#""anchor":"tsa-9""#,
        &format!(r#""due":"{}","reason_code":"service-away""#, time(day(76, 9))),
    );
    acts.push(Act {
        at: day(77, 9) + MINUTE,
        deed: Deed::Say(vec![format!("p{COMPLIANCE}")], vec![late]),
    });
    acts
}
