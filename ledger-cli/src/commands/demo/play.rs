//! Play: the quarter from its first key to the last word on it.

use std::path::Path;

use super::company::{BEGINS, COMPLIANCE, DAY, DAYS, HOUR, MINUTE, QUARTER, number};
use super::daily::COLUMNS;
use super::findings::{Findings, expected};
use super::keys;
use super::quarter;
use super::stage::{Perform, Stage};
use super::told::{self, Told};
use super::{copy_folder, flip};
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::files;

/// The limits that the company sets itself.
const OVERLAY: &str = r#"id = "company"
title = "The company's own limits"
version = "1"
kind = "company"
valid_from = "2026-01-01"

[[set]]
parameter = "T04.trusted_builders"
value = ["build-farm"]
basis = "company-policy"

[[set]]
parameter = "T07.required"
value = ["unit-tests"]
basis = "company-policy"
"#;
/// Its sample for the auditor.
const SAMPLE: &str = "smp-2026-q3";

/// Plays all of it.
pub(super) fn run(
    dir: &Path,
    events: u64,
    perform: Perform,
    context: &mut Context,
) -> Result<Answer> {
    let mut stage = Stage::new(dir, BEGINS, perform)?;
    stage.write("imports/access.json", COLUMNS.as_bytes())?;
    stage.write("company.toml", OVERLAY.as_bytes())?;
    let lines = keys::lines(&stage.word("ledger"), |file| stage.word(&format!("keys/{file}.pem")));
    for (turn, line) in (0..).zip(&lines) {
        Stage::stand(BEGINS + turn * MINUTE / 6)?;
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        stage.done(&line)?;
    }
    let count = quarter::releases(events);
    stage.play(quarter::acts(count))?;
    stage.play(quarter::afterwards(count))?;
    let told = last_words(&mut stage)?;
    stage.write("transcript.txt", stage.transcript().as_bytes())?;
    let planted = expected(count);
    told::print(&told, &planted, &mut context.out)?;
    if told.found.all_matched(&planted) && told.verified && told.tampered {
        return Ok(Answer::Yes);
    }
    Err(Failure::refused("demo", "the demonstration did not say what it should have said"))
}

/// What is said of the quarter when it is over.
fn last_words(stage: &mut Stage) -> Result<Told> {
    Stage::stand(QUARTER + (DAYS + 15) * DAY + HOUR)?;
    cover(stage)?;
    let overlay = stage.word("company.toml");
    let policy = stage.word("auditor.policy");
    let asked = ["--period", "2026-Q3", "--overlay", &overlay, "--policy", &policy];
    let out = stage.word("evaluation.json");
    stage.ends(&[&["evaluate"], &asked[..], &["--out", &out]].concat(), &[0, 1, 2])?;
    let found = Findings::of(&files::read(&stage.path("evaluation.json"))?)?;
    let report = stage.word("report");
    stage.ends(&[&["report", "quarter"], &asked[..], &["--out", &report]].concat(), &[0, 1, 2])?;
    let handed = hand_over(stage, &report, &overlay)?;
    let package = stage.word("evidence.zip");
    let checked = stage.ends(&["verify", &package, "--policy", &policy], &[0, 1, 2])?;
    let drill = stage.word("drill.json");
    let drilled = stage
        .ends(&["drill", "--to", &drill, "--package", &package, "--policy", &policy], &[0, 1, 2])?;
    let intact = stage.ends(&["verify", "--policy", &policy], &[0, 1, 2])?;
    let copy = stage.path("tampered");
    copy_folder(&stage.path("ledger"), &copy)?;
    let flipped = flip(&copy)?;
    let tampered = stage.elsewhere("tampered", &["verify", "--policy", &policy]);
    Ok(Told {
        dir: stage.dir.display().to_string(),
        found,
        handed,
        package: (checked.status, checked.printed),
        drill: (drilled.status, drilled.printed),
        intact: intact.printed,
        verified: intact.status == 0 && checked.status == 0,
        flipped,
        tampered: tampered.status == 1,
        broken: tampered.printed,
    })
}

/// A checkpoint over all that was recorded, cosigned by a witness; and whom an auditor trusts.
fn cover(stage: &mut Stage) -> Result<()> {
    let (signer, witness) = (stage.word("keys/signer.pem"), stage.word("keys/witness.pem"));
    let name = "witness.example/w1";
    stage.done(&["checkpoint", "--key", &signer])?;
    stage.done(&["witness", "--key", &witness, "--name", name])?;
    let origin = files::read(&stage.path("ledger/ledger.toml"))?;
    let origin = String::from_utf8_lossy(&origin).into_owned();
    let origin = origin.lines().find_map(|line| line.strip_prefix("origin = ")).unwrap_or_default();
    let origin = origin.trim_matches('"').to_owned();
    let log = stage.done(&["key", "show", &signer, "--name", &origin])?;
    let cosigner = stage.done(&["key", "show", &witness, "--name", name, "--witness"])?;
    let last =
        |printed: &str| printed.split_whitespace().next_back().unwrap_or_default().to_owned();
    let policy = format!("log {}\nwitness w1 {}\nquorum w1\n", last(&log), last(&cosigner));
    stage.write("auditor.policy", policy.as_bytes())
}

/// A sample is drawn, the report signed, and both handed to the auditor; what the package says of itself.
fn hand_over(stage: &mut Stage, report: &str, overlay: &str) -> Result<String> {
    let (name, key) =
        (format!("hr:{}", number(COMPLIANCE)), stage.word(&format!("keys/p{COMPLIANCE}.pem")));
    let by = ["--as", &name, "--key", &key];
    let of = ["--from", "2026-07-01", "--to", "2026-09-30", "--overlay", overlay];
    let commit = ["sample", "commit", "--control", "SOX-CM-01", "--sample", SAMPLE];
    stage.done(&[&commit[..], &of, &by].concat())?;
    let draw = [
        "sample",
        "draw",
        SAMPLE,
        "--seed",
        "4a6f1c0e9b2d7735",
        "--seed-from",
        "external-auditor",
        "--size",
        "25",
    ];
    stage.done(&[&draw[..], &of, &by].concat())?;
    let document = format!("{report}/report.json");
    stage.done(
        &[&["sign-off", &document, "--role", "compliance-officer", "--yes"], &by[..]].concat(),
    )?;
    stage.done(&["key", "list", "--record", by[2], by[3]])?;
    cover(stage)?;
    let package = stage.word("evidence.zip");
    let build = [
        "evidence",
        "build",
        "--report",
        report,
        "--sample",
        SAMPLE,
        "--controls",
        overlay,
        "--recipient",
        "firm:auditor-7",
        "--purpose",
        "annual-audit",
        "--basis",
        "contract",
        "--to",
        &package,
    ];
    stage.done(&[&build[..], &by].concat())
}
