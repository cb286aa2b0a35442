//! Daily: what machines and people do whatever is released, each night, each week, once in the quarter.

use std::fmt::Write as _;

use super::company::{
    BEGINS, COMPLIANCE, DAY, DAYS, HOUR, MINUTE, PEOPLE, QUARTER, SECURITY, SYSTEMS, access_admin,
    container, digest, number, owner, role, service, system_of, who,
};
use super::declared::SOURCES;
use super::mishaps::{self, CONFLICT, DORMANT};
use super::planted::Fault;
use super::release::Release;
use super::review;
use super::stage::{Act, Deed, says, scheduled, time};

/// Which column of a listing is what.
pub(super) const COLUMNS: &str = r#"{"account":"Login","entitlement":"Role","person":"Employee","privileged":"Root","account_type":"Type","source":"Path","granted_at":"Given","last_used":"Used","mfa":"Mfa","owner":"Owner","purpose":"Why","key_rotated_at":"Rotated","scope":"=production","enabled":"=yes","owner_issuer":"=hr"}"#;

/// What machines and people do each day, whatever is released.
pub(super) fn acts(day: u64, all: &[Release]) -> Vec<Act> {
    let midnight = QUARTER + day * DAY;
    let mut acts = Vec::new();
    let mut night = Vec::new();
    let slot = time(midnight).chars().take(10).collect::<String>();
    for system in &SYSTEMS {
        let at = midnight + 2 * HOUR;
        let data = format!(
            r#""slot":"{slot}","started_at":"{}","outcome":"succeeded","dataset":"main","bytes":73400320"#,
            time(at)
        );
        night.push(scheduled(
            at + 8 * MINUTE,
            "backup.run",
            &format!(r#""system":"{}""#, system.name),
            &data,
        ));
    }
    let data = format!(
        r#""slot":"{slot}","started_at":"{}","outcome":"succeeded""#,
        time(midnight + 2 * HOUR)
    );
    night.push(scheduled(
        midnight + 2 * HOUR + 9 * MINUTE,
        "job.run",
        r#""job":"settlement""#,
        &data,
    ));
    acts.push(Act {
        at: midnight + 2 * HOUR + 10 * MINUTE,
        deed: Deed::Say(vec!["scheduler".into()], night),
    });
    for (place, system) in SYSTEMS.iter().enumerate() {
        let at = midnight + 5 * HOUR;
        acts.push(Act {
            at: at + MINUTE,
            deed: Deed::Import(
                "runtime",
                format!("runtime-{}-{slot}.json", system.name),
                pods(place, at, all),
                vec![
                    "environment=production".into(),
                    format!("region={}", system.region),
                    format!("taken_at={}", time(at)),
                    "complete=yes".into(),
                    "collector=inventory".into(),
                    "query=all-pods".into(),
                ],
            ),
        });
    }
    if day != mishaps::UNREVIEWED {
        acts.push(activity(midnight, "login-review", "HIPAA-AD-07", &slot, midnight + 16 * HOUR));
    }
    if day % 7 == 5 {
        acts.push(activity(midnight, "log-review", "HIPAA-AD-02", &slot, midnight + 15 * HOUR));
    }
    if day % 7 == 6 || day == 0 || day == DAYS - 1 {
        acts.push(signs_of_life(day, midnight));
    }
    if day % 7 == 5 || day == DAYS - 1 {
        for place in 0..SYSTEMS.len() {
            acts.push(listing(place, midnight + 6 * HOUR));
        }
    }
    acts
}

/// Every source says that it is there, but for one that falls silent.
fn signs_of_life(day: u64, midnight: u64) -> Act {
    let from = if day == 0 { BEGINS } else { midnight.saturating_sub(7 * DAY) };
    let mut beats = Vec::new();
    let silent = |source: &str| source == "backups" && mishaps::SILENT.contains(&day);
    for (source, _) in SOURCES.into_iter().filter(|(source, _)| !silent(source)) {
        let data = format!(
            r#""from":"{}","to":"{}","events":100"#,
            time(from),
            time(midnight + 23 * HOUR)
        );
        beats.push(scheduled(
            midnight + 23 * HOUR,
            "source.heartbeat",
            &format!(r#""source":"{source}""#),
            &data,
        ));
    }
    Act { at: midnight + 23 * HOUR + MINUTE, deed: Deed::Say(vec!["scheduler".into()], beats) }
}

fn activity(midnight: u64, kind: &str, control: &str, slot: &str, at: u64) -> Act {
    let data = format!(
        r#""kind":"{kind}","control":"{control}","slot":"{slot}","due":"{}","performer":{},"inputs":["log-{slot}"],"items":40,"anomalies":0,"reviewer":{},"reviewed_at":"{}""#,
        time(midnight + 20 * HOUR),
        who(SECURITY),
        who(COMPLIANCE),
        time(at),
    );
    says(SECURITY, at, "activity.performed", &format!(r#""activity":"{kind}-{slot}""#), &data)
}

/// What the cluster says runs of a system.
fn pods(place: usize, at: u64, all: &[Release]) -> String {
    let mut items = Vec::new();
    for turn in 0..12 {
        let (system, name) = service(turn);
        if system != place {
            continue;
        }
        let ran = |release: &&Release| {
            release.service() == name
                && release.minute(45) < at
                && release.fault != Some(Fault::FailedUnreviewed)
        };
        let last = all.iter().rev().find(ran).map_or(turn, |release| release.number);
        let shadow = name == "cards" && at / DAY == QUARTER / DAY + mishaps::SHADOW;
        let last = if shadow { 999_999 } else { last };
        items.push(format!(
            r#"{{"kind":"Pod","metadata":{{"name":"{name}-1","namespace":"production","labels":{{"app":"{name}"}}}},"spec":{{"containers":[{}]}},"status":{{"phase":"Running","containerStatuses":[{{"name":"main","imageID":"docker-pullable://registry.example.com/{name}@{}","restartCount":0}}]}}}}"#,
            container(name),
            digest("artifact", last),
        ));
    }
    format!(
        r#"{{"apiVersion":"v1","kind":"List","metadata":{{"resourceVersion":""}},"items":[{}]}}"#,
        items.join(",")
    )
}

/// Who may do what on a system, as its administration lists it.
pub(super) fn listing(place: usize, at: u64) -> Act {
    let system = SYSTEMS.get(place).map_or("", |system| system.name);
    let used = time(at - DAY);
    let mut rows =
        "Login,Role,Employee,Root,Type,Path,Given,Used,Mfa,Owner,Why,Rotated\n".to_owned();
    for person in (1..=PEOPLE).filter(|person| system_of(*person) == Some(place)) {
        let Some((role, privileged)) = role(person) else { continue };
        if person == mishaps::MOVER && at > QUARTER + (review::LISTED + 1) * DAY {
            // the review took it away
            continue;
        }
        let root = if privileged { "yes" } else { "no" };
        let used = if person == DORMANT { "2026-06-20T09:00:00.000000Z" } else { &used };
        let _ = writeln!(
            rows,
            "u{0},{role},{0},{root},personal,direct,2026-06-15T10:30:00Z,{used},yes,,,",
            number(person)
        );
        if person == CONFLICT && at > QUARTER + 88 * DAY && at < QUARTER + 90 * DAY {
            let _ = writeln!(
                rows,
                "u{0},pipeline-admin,{0},yes,personal,direct,2026-09-27T10:30:00Z,{used},yes,,,",
                number(person)
            );
        }
    }
    let _ = writeln!(
        rows,
        "bot-{system},deployer,,yes,service,direct,2026-06-15T10:30:00Z,{used},yes,{},deploys,{}",
        number(owner(place)),
        time(at - 20 * DAY)
    );
    let name = format!("access-{system}-{}.csv", time(at).chars().take(10).collect::<String>());
    Act {
        at: at + MINUTE,
        deed: Deed::Import(
            "access-csv",
            name,
            rows,
            vec![
                "mapping=FOLDER/access.json".into(),
                format!("system={system}"),
                "complete=yes".into(),
                format!("taken_at={}", time(at)),
            ],
        ),
    }
}

/// What people do once in the quarter.
pub(super) fn duties() -> Vec<Act> {
    let mut acts = Vec::new();
    let midnight = QUARTER + 85 * DAY;
    for (kind, control) in
        [("sub-certification", "SOX-GV-01"), ("control-testing", "GDPR-11"), ("pentest", "GDPR-11")]
    {
        acts.push(activity(midnight, kind, control, "2026-Q3", midnight + 14 * HOUR));
    }
    let at = QUARTER + 70 * DAY + 10 * HOUR;
    for (place, system) in SYSTEMS.iter().enumerate() {
        let about = format!(r#""system":"{}""#, system.name);
        for kind in ["restore", "dr_plan", "emergency_access"] {
            let data = format!(
                r#""kind":"{kind}","outcome":"passed","performer":{},"environment":"staging","dataset":"main""#,
                who(access_admin(place)),
            );
            acts.push(says(access_admin(place), at, "drill.performed", &about, &data));
        }
    }
    acts
}
