//! The quarter: what happens in the company from its first day in the ledger to the end of the quarter.

use super::company::{
    BEGINS, COMPLIANCE, DAY, DAYS, HOUR, MINUTE, QUARTER, SYSTEMS, access_admin, owner,
    release_manager, who, works,
};
use super::declared::{self, SOURCES, granted};
use super::planted::{self, Fault};
use super::release::{EVENTS, Release};
use super::stage::{Act, Deed, says, scheduled, time};
use super::{daily, mishaps, review};

/// About as many events are there beside releases.
const BESIDE: u64 = 1_700;

/// How many releases make about so many events.
pub(super) fn releases(events: u64) -> u64 {
    events.saturating_sub(BESIDE) / EVENTS
}

/// All of it, in no order.
pub(super) fn acts(count: u64) -> Vec<Act> {
    let mut acts = declared::acts();
    acts.extend(baseline().iter().flat_map(Release::acts));
    let all = of_quarter(count);
    acts.extend(all.iter().flat_map(Release::acts));
    for release in &all {
        acts.extend(around(release));
    }
    for day in 0..DAYS {
        acts.extend(daily::acts(day, &all));
    }
    acts.extend(mishaps::acts());
    acts.extend(daily::duties());
    acts.extend(review::acts());
    acts
}

/// What runs before the quarter: each service once.
fn baseline() -> Vec<Release> {
    let at = |number: u64| QUARTER - 8 * DAY + 8 * HOUR + number * 5 * MINUTE;
    (0..12).map(|number| Release { number, at: at(number), fault: None }).collect()
}

/// The releases of the quarter, spread over its days of work.
pub(super) fn of_quarter(count: u64) -> Vec<Release> {
    let days: Vec<u64> = (0..DAYS).filter(|day| works(*day)).collect();
    let faults = u64::try_from(planted::RELEASES.len()).unwrap_or(0);
    let place = |turn: u64| (turn + 1) * count / (faults + 2);
    let mut all = Vec::new();
    for turn in 0..count {
        let span = days.len() as u64 * 8 * 60;
        let minutes = turn * span / count;
        let day = days.get(usize::try_from(minutes / 480).unwrap_or(0)).copied().unwrap_or(0);
        let at = QUARTER + day * DAY + 8 * HOUR + minutes % 480 * MINUTE;
        let fault = (0..faults).find(|known| place(*known) == turn);
        let fault = fault.and_then(|known| planted::RELEASES.get(usize::try_from(known).ok()?));
        all.push(Release { number: 12 + turn, at, fault: fault.map(|wrong| wrong.fault) });
    }
    all
}

/// What a fault needs around its release.
fn around(release: &Release) -> Vec<Act> {
    let incident = format!(r#""incident":"inc-{}""#, release.number);
    let told = |minute: u64, state: &str| {
        let data = format!(
            r#""state":"{state}","class":"operational","severity":"sev2","services":["{}"]"#,
            release.service()
        );
        let at = release.minute(minute);
        Act {
            at: at + 1_000_000,
            deed: Deed::Say(
                vec!["scheduler".into()],
                vec![scheduled(at, "incident.changed", &incident, &data)],
            ),
        }
    };
    let mut acts = Vec::new();
    match release.fault {
        Some(Fault::NeverRatified | Fault::RatifiedLate) => {
            acts.extend([
                told(13, "triggered"),
                told(20, "acknowledged"),
                told(60, "mitigated"),
                told(90, "resolved"),
            ]);
            let data = r#""document":"doc-pir","blameless":true,"causes":[{"class":"capacity","text":"too little room"}],"actions":["act-1"]"#;
            acts.push(says(
                owner(release.system()),
                release.at + 3 * DAY,
                "postmortem.published",
                &incident,
                data,
            ));
        }
        Some(Fault::WaiverExpired) => {
            let lead = release_manager(release.system(), release.number / 12 + 1);
            let data = format!(
                r#""gate":"unit-tests","environment":"production","requester":{},"approver":{},"reason":"a flaky suite","valid_from":"{}","expires_at":"{}""#,
                who(release.author()),
                who(lead),
                time(release.minute(14)),
                time(release.minute(35)),
            );
            let about = format!(r#""artifact":"{}""#, release.artifact());
            acts.push(says(lead, release.minute(14), "gate.waived", &about, &data));
        }
        Some(Fault::InFreeze) => {
            let system = SYSTEMS.get(release.system()).map_or("", |system| system.name);
            let data = format!(
                r#""action":"declared","version":"1","window":{{"start":"{}","end":"{}","tz":"UTC"}},"scope":{{"systems":["{system}"],"environments":["production"]}},"authority":{}"#,
                time(release.minute(35)),
                time(release.minute(47)),
                who(1),
            );
            acts.push(says(
                1,
                release.at - 2 * DAY,
                "freeze.changed",
                r#""freeze":"close-of-books""#,
                &data,
            ));
        }
        Some(Fault::SecondAccount) => acts.extend(second_account(release)),
        _ => {}
    }
    acts
}

/// An account of the author's that looks like somebody else's, and may release.
fn second_account(release: &Release) -> [Act; 2] {
    let system = SYSTEMS.get(release.system()).map_or("", |system| system.name);
    let account = r#"{"issuer":"corp","id":"svc-release"}"#;
    let data = format!(
        r#""action":"linked","identities":[{},{account}],"basis":"hr-record""#,
        who(release.author())
    );
    let linked = Act {
        at: BEGINS + 4 * HOUR,
        deed: Deed::Say(
            vec!["scheduler".into()],
            vec![scheduled(BEGINS + 4 * HOUR, "identity.linked", "", &data)],
        ),
    };
    let grant = granted(
        "acc-second",
        system,
        "svc-release",
        account,
        "release-manager",
        true,
        access_admin(release.system()),
        BEGINS + 4 * HOUR,
    );
    let granted =
        Act { at: BEGINS + 4 * HOUR, deed: Deed::Say(vec!["scheduler".into()], vec![grant]) };
    [linked, granted]
}

/// What follows the quarter: its sources are counted. The platform holds a deployment that the ledger
/// never saw.
pub(super) fn afterwards(releases: u64) -> Vec<Act> {
    let ends = QUARTER + DAYS * DAY;
    let at = ends + DAY + 9 * HOUR;
    let count = |(source, population): (&str, &str)| {
        let missing = u64::from(source == "ci");
        let matched = if source == "ci" { releases } else { 400 };
        let data = format!(
            r#""population":"{population}","from":"{}","to":"{}","extracted_at":"{}","query":"all-of-the-quarter","source_count":{},"matched":{matched},"missing":{missing},"extra":0,"different":0,"extractor":{}"#,
            time(QUARTER),
            time(ends),
            time(at),
            matched + missing,
            who(COMPLIANCE),
        );
        says(COMPLIANCE, at, "source.reconciled", &format!(r#""source":"{source}""#), &data)
    };
    SOURCES.into_iter().map(count).collect()
}
