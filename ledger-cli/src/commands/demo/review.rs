//! Review: who may do what is asked about, decided, taken away, and looked at again.

use std::fmt::Write as _;

use ledger_core::review::form::Form;

use super::company::{COMPLIANCE, DAY, HOUR, MINUTE, QUARTER, SYSTEMS, number, owner, who};
use super::declared::SOURCES;
use super::mishaps::{LEAVER, MOVER};
use super::stage::{Act, Deed, Stage, says, scheduled, time};
use crate::failure::{Failure, Result};
use crate::files;

/// The review of the quarter.
pub(super) const CAMPAIGN: &str = "uar-2026-q3";
/// The day of the listing that is asked about, from 0: a Monday.
pub(super) const LISTED: u64 = 82;

fn day(day: u64, hour: u64) -> u64 {
    QUARTER + day * DAY + hour * HOUR
}

fn step(at: u64, step: fn(&mut Stage) -> Result<()>) -> Act {
    Act { at, deed: Deed::Step(step) }
}

/// All of it.
pub(super) fn acts() -> Vec<Act> {
    let at = day(LISTED, 9);
    let (source, population) = SOURCES[0];
    let people = format!(
        r#""population":"{population}","from":"{}","to":"{}","extracted_at":"{}","query":"everybody","source_count":40,"matched":40,"missing":0,"extra":0,"different":0,"extractor":{}"#,
        time(day(LISTED - 20, 0)),
        time(at),
        time(at),
        who(COMPLIANCE),
    );
    let mut acts = vec![
        says(COMPLIANCE, at, "source.reconciled", &format!(r#""source":"{source}""#), &people),
        step(day(LISTED, 10), open),
        step(day(LISTED + 1, 10), decide),
        step(day(LISTED + 8, 10), close),
        step(day(LISTED + 9, 22), verify),
    ];
    for (person, system, admin) in [(MOVER, "care", 17), (LEAVER, "shop", 16)] {
        let at = day(LISTED + 1, 15);
        let role = super::company::role(person).map_or("", |(role, _)| role);
        let data = format!(
            r#""object":"entitlement","action":"revoked","principal":{},"executor":{},"account":"u{}","effective_at":"{}","entitlement":{{"system":"{system}","role":"{role}","scope":"production","privileged":{}}}"#,
            who(person),
            who(admin),
            number(person),
            time(at),
            false,
        );
        let gone = scheduled(at, "access.changed", &format!(r#""system":"{system}""#), &data);
        acts.push(Act { at: at + MINUTE, deed: Deed::Say(vec!["scheduler".into()], vec![gone]) });
    }
    acts
}

/// A second list of each system agrees with the listing; then all of it is frozen and given out.
fn open(stage: &mut Stage) -> Result<()> {
    let (scribe, actor) = (stage.word("keys/scheduler.pem"), format!("hr:{}", number(COMPLIANCE)));
    let date: String = time(day(LISTED, 0)).chars().take(10).collect();
    for system in &SYSTEMS {
        let list = stage.word(&format!("imports/access-{}-{date}.csv", system.name));
        let source = format!("{}-console", system.name);
        stage.done(&[
            "review",
            "reconcile",
            system.name,
            &list,
            "--id",
            "Login",
            "--source",
            &source,
            "--query",
            "users-page",
            "--extractor",
            &actor,
            "--actor",
            &actor,
            "--key",
            &scribe,
        ])?;
    }
    let asked = [1, owner(0), owner(1), owner(2), owner(3)]
        .map(|person| format!("hr:{}\n", number(person)));
    stage.write("reviewers.txt", asked.concat().as_bytes())?;
    let reviewers = stage.word("reviewers.txt");
    let systems = SYSTEMS.map(|system| system.name).join(",");
    stage.ends(
        &[
            "review",
            "open",
            CAMPAIGN,
            "--systems",
            &systems,
            "--period",
            "2026-Q3",
            "--due",
            "P7D",
            "--owner",
            &actor,
            "--reviewers",
            &reviewers,
            "--actor",
            &actor,
            "--key",
            &scribe,
        ],
        &[0, 1],
    )?;
    Ok(())
}

/// Each reviewer decides on their own items.
fn decide(stage: &mut Stage) -> Result<()> {
    for person in [1, owner(0), owner(1), owner(2), owner(3)] {
        let (name, key) =
            (format!("hr:{}", number(person)), stage.word(&format!("keys/p{person}.pem")));
        let form = stage.word(&format!("review-{}.json", number(person)));
        if stage
            .ends(&["review", "export", CAMPAIGN, "--to", &form, "--reviewer", &name], &[0, 2])?
            .status
            != 0
        {
            continue;
        }
        let form =
            Form::parse(&files::read(std::path::Path::new(&form))?).map_err(Failure::from)?;
        let column = |name: &str| form.columns.iter().position(|column| column == name);
        let mut rows = "item,decision,comment\n".to_owned();
        for row in &form.rows {
            let cell = |name: &str| {
                column(name).and_then(|at| row.cells.get(at)).map_or("", String::as_str)
            };
            // who moved reports to the owner of another system, who takes the old access away
            let moved = cell("system") == SYSTEMS[2].name && person == owner(0);
            let gone = moved || cell("hints").contains("left");
            let decision = if gone { "revoke" } else { "certify" };
            let _ = writeln!(rows, "{},{decision},looked at with the team", row.item);
        }
        stage.write("decisions.csv", rows.as_bytes())?;
        let from = stage.word("decisions.csv");
        stage.done(&[
            "review", "decide", CAMPAIGN, "--from", &from, "--yes", "--as", &name, "--key", &key,
        ])?;
    }
    Ok(())
}

fn close(stage: &mut Stage) -> Result<()> {
    let (scribe, actor) = (stage.word("keys/scheduler.pem"), format!("hr:{}", number(COMPLIANCE)));
    stage.done(&[
        "review",
        "close",
        CAMPAIGN,
        "--default-action",
        "revoke",
        "--actor",
        &actor,
        "--key",
        &scribe,
    ])?;
    Ok(())
}

/// A later listing shows what is gone, and what is not.
fn verify(stage: &mut Stage) -> Result<()> {
    let (scribe, actor) = (stage.word("keys/scheduler.pem"), format!("hr:{}", number(COMPLIANCE)));
    stage.ends(&["review", "verify", CAMPAIGN, "--actor", &actor, "--key", &scribe], &[0, 1])?;
    Ok(())
}
