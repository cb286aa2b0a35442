//! `ledger evidence build`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use ledger_core::evidence::build::views;
use ledger_core::evidence::manifest::{Claim, Drawn};
use ledger_core::evidence::{self, ITEMS, Outcome, zip};
use ledger_core::hash::Sha256;
use ledger_core::json::Value;
use ledger_core::note::{KeyType, Note, VerifierKey};
use ledger_core::policy::Policy;
use ledger_core::verify::Verdict;

use super::gather::{Gathered, gather};
use crate::approval;
use crate::commands::speaker::{By, Said, Speaker, filled};
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::files;
use crate::output::talk;

/// Build an evidence package of a sample
///
/// One zip: the entries of the items that were drawn, each with a proof against the newest checkpoint, key
/// events, the report, and a page that verifies all of it in a browser. The same ledger, report and sample
/// make the same bytes. That it was handed out, to whom and why, is recorded before the file is written.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger evidence build --report q3 --sample smp-4c1b --recipient firm:auditor-7 --purpose annual-audit --basis contract --as hr:1042 --key ada.pem --to q3-evidence.zip"
)]
pub(crate) struct Build {
    /// Folder of the report, as `ledger report quarter` made it
    #[arg(long, value_name = "DIR")]
    report: PathBuf,
    /// The sample, as it was committed
    #[arg(long, value_name = "ID")]
    sample: String,
    /// Which draw of it
    #[arg(long, value_name = "N", default_value_t = 1)]
    draw: u64,
    /// Whose eyes it is for
    #[arg(long, value_name = "LEVEL", default_value = "auditor")]
    level: Level,
    /// Who receives it
    #[arg(long, value_name = "ISSUER:ID")]
    recipient: String,
    /// What for, like `annual-audit`
    #[arg(long, value_name = "ID")]
    purpose: String,
    /// On what basis, like `contract` or `gdpr:6.1.c`
    #[arg(long, value_name = "ID")]
    basis: String,
    /// The name of the package [default: made from its digest]
    #[arg(long, value_name = "ID")]
    package: Option<String>,
    /// New file for the package
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    #[command(flatten)]
    by: By,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Level {
    /// Within the company
    Internal,
    /// For an external auditor
    Auditor,
    /// For an authority
    Regulator,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Auditor => "auditor",
            Self::Regulator => "regulator",
        }
    }
}

/// Builds, records, writes.
pub(super) fn run(args: &Build, context: &mut Context) -> Result<Answer> {
    let purpose = filled("--purpose", &args.purpose)?;
    let basis = filled("--basis", &args.basis)?;
    let recipient = approval::person(Some(&args.recipient))?;
    if args.to.exists() {
        let message = format!("`{}` is there already", files::shown(&args.to));
        return Err(Failure::new("exists", message)
            .hint("nothing is overwritten: choose another name, or move the file away"));
    }
    let speaker = Speaker::begin(&args.by, context)?;
    let gathered = gather(&args.report, &args.sample, args.draw, &speaker)?;
    let (zip, outcome) = package(args, gathered, &speaker)?;
    let digest = Sha256::of(&zip).to_reference();
    let package = args.package.clone().unwrap_or_else(|| {
        let hex = digest.trim_start_matches("sha256:");
        format!("pkg-{}", hex.get(..20).unwrap_or(hex))
    });
    for layer in outcome.layers.iter().filter(|layer| layer.verdict == Verdict::CannotTell) {
        for fault in &layer.faults {
            talk(format!("note: {}: {}", layer.name, fault.message));
        }
    }
    let said = Said {
        kind: "evidence.exported",
        subject: ("package", &package),
        data: vec![
            ("basis", Value::text(basis)),
            ("digest", Value::text(&digest)),
            ("kind", Value::text("sample")),
            ("level", Value::text(args.level.word())),
            ("purpose", Value::text(purpose)),
            ("recipient", recipient),
        ],
        attachments: Vec::new(),
        told: vec![
            ("package", "package", Value::text(&package)),
            ("digest", "digest", Value::text(&digest)),
            ("bytes", "bytes", Value::count(zip.len() as u64)),
        ],
    };
    // recorded first: should the file not be written, the record says more than happened, never less,
    // and the same command makes the same bytes again
    let answer = speaker.say(said, context)?;
    files::create(&args.to, &zip, 0o644)?;
    Ok(answer)
}

/// The zip, and what verification says of it: a package that does not hold is never handed out.
fn package(args: &Build, mut gathered: Gathered, speaker: &Speaker) -> Result<(Vec<u8>, Outcome)> {
    let claim = Claim {
        origin: speaker.ledger.origin().to_string(),
        size: gathered.checkpoint.size(),
        root: *gathered.checkpoint.root(),
        report: gathered.digest,
        level: args.level.word().to_owned(),
        drawn: Drawn {
            control: gathered.control.clone(),
            sample: args.sample.clone(),
            draw: args.draw,
        },
        tool: format!("ledger {}", env!("CARGO_PKG_VERSION")),
    };
    let policy = own_policy(&gathered, speaker)?;
    loop {
        let members = gathered.parts.members(claim.clone(), &[speaker.key()])?;
        let outcome = evidence::verify(views(&members), &policy);
        let fault = outcome.layers.iter().find(|layer| layer.verdict == Verdict::DoesNotHold);
        let Some(layer) = fault else {
            return Ok((zip::encode(&views(&members))?, outcome));
        };
        // a test may have looked at more than it cites: more of what belongs to the items goes in
        if layer.name == ITEMS && gathered.widen(speaker)? {
            continue;
        }
        let told = layer.faults.first();
        let place = told.map_or("", |fault| fault.place.as_str());
        let message = told.map_or("", |fault| fault.message.as_str());
        let message = format!("the package would not hold: {message}");
        return Err(Failure::refused("evidence-untrue", message)
            .within(format!("{} {place}", layer.name).trim_end().to_owned())
            .hint(
                "nothing was recorded or written; run `ledger verify`, and make the report again",
            ));
    }
}

/// The policy of this ledger alone: the key that signed the checkpoint, if it may.
fn own_policy(gathered: &Gathered, speaker: &Speaker) -> Result<Policy> {
    let note = Note::parse(&gathered.parts.checkpoint)?;
    let origin = speaker.ledger.origin().to_string();
    for key in speaker.ledger.registry().checkpoint_keys(gathered.checkpoint.size()) {
        let key = VerifierKey::new(&origin, KeyType::Ed25519, *key.verifying())?;
        if note.signatures().iter().any(|line| key.matches(line)) {
            return Ok(Policy::of_log(key)?);
        }
    }
    Err(Failure::refused("checkpoint-key", "the newest checkpoint is by no key that may sign it")
        .hint("run `ledger verify`"))
}
