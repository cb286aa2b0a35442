//! `ledger evidence build`

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::Args;
use ledger_core::control::{Fiscal, Layer};
use ledger_core::evidence::build::{self, views};
use ledger_core::evidence::contents::{CALENDAR, overlay};
use ledger_core::evidence::manifest::{Claim, Drawn};
use ledger_core::evidence::{self, ITEMS, Outcome};
use ledger_core::json::Value;
use ledger_core::verify::Verdict;

use super::gather::{Asked, Gathered, gather};
use super::level::Level;
use super::made::{Made, untrue};
use super::population::{self, Wanted};
use super::review;
use crate::approval;
use crate::commands::drill;
use crate::commands::owner::{Owner, Where};
use crate::commands::speaker::{By, Said, Speaker, filled};
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::output::talk;
use crate::{files, published, random};

/// Build an evidence package of a sample, or of the whole population
///
/// One zip: the entries of the items that were drawn, each with a proof against the newest checkpoint, key
/// events, the report, and a page that verifies all of it in a browser; or all entries, from which the
/// report is made once more. The same ledger, report and sample make the same bytes. That it was handed
/// out, to whom and why, is recorded before the file stands under its name.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger evidence build --report q3 --sample smp-4c1b --recipient firm:auditor-7 --purpose annual-audit --basis contract --as hr:1042 --key ada.pem --to q3-evidence.zip"
)]
pub(crate) struct Build {
    /// Folder of the report, as `ledger report quarter` made it
    #[arg(long, value_name = "DIR")]
    report: PathBuf,
    /// The sample, as it was committed
    #[arg(long, value_name = "ID", required_unless_present = "population")]
    sample: Option<String>,
    /// All entries, in the place of a sample: the whole report is re-performed from them
    #[arg(long, conflicts_with_all = ["sample", "draws", "brief"])]
    population: bool,
    /// Folder of the report of an access review, as `ledger review report` made it; may be repeated
    #[arg(long = "review", value_name = "DIR")]
    reviews: Vec<PathBuf>,
    /// Which draw of it; may be repeated, for a sample of more than 100 items
    #[arg(long = "draw", value_name = "N", value_delimiter = ',', default_value = "1")]
    draws: Vec<u64>,
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
    /// Of the report only its document, page, workbook and summary: the rest shows nothing more
    #[arg(long)]
    brief: bool,
    /// Overlay of one's own that the report was made with; may be repeated, in the report's order
    #[arg(long, value_name = "FILE")]
    controls: Vec<PathBuf>,
    /// Calendar that the report was made with
    #[arg(long, value_name = "FILE")]
    calendar: Option<PathBuf>,
    /// What a drill of this ledger said, as `ledger drill --to` wrote it, goes in as well
    #[arg(long, value_name = "FILE")]
    drill: Option<PathBuf>,
    /// What the vault can open of the entries goes in as far as the level allows: for `auditor` texts that are bound to
    /// nobody, for `internal` names as well, for `regulator` nothing
    #[arg(long, conflicts_with = "population")]
    disclose: bool,
    #[command(flatten)]
    at: Where,
    /// New file for the package
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    #[command(flatten)]
    by: By,
}

impl Build {
    fn asked<'a>(&'a self, draws: &'a [u64]) -> Asked<'a> {
        let sample = self.sample.as_deref().unwrap_or_default();
        Asked { folder: &self.report, brief: self.brief, sample, draws }
    }

    fn whole(&self) -> Wanted<'_> {
        let (report, reviews) = (&*self.report, &*self.reviews);
        Wanted { report, reviews, level: self.level, to: &self.to }
    }

    /// The files that the report was made with, each read as what it is.
    fn given(&self) -> Result<BTreeMap<String, Vec<u8>>> {
        let mut given = BTreeMap::new();
        let text = |file: &PathBuf| -> Result<String> {
            String::from_utf8(files::read(file)?).map_err(|_| {
                Failure::new("control-file", "the file is not UTF-8").within(files::shown(file))
            })
        };
        for (number, file) in (1..).zip(&self.controls) {
            let text = text(file)?;
            Layer::read(&files::shown(file), &text)?;
            given.insert(overlay(number), text.into_bytes());
        }
        if let Some(file) = &self.calendar {
            let text = text(file)?;
            Fiscal::read(&files::shown(file), &text)?;
            given.insert(CALENDAR.to_owned(), text.into_bytes());
        }
        Ok(given)
    }

    /// The draws, ascending, each once.
    fn draws(&self) -> Vec<u64> {
        let draws: BTreeSet<u64> = self.draws.iter().copied().collect();
        draws.into_iter().collect()
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
    let owner = if args.disclose { Some(taken_in(&args.at, context)?) } else { None };
    let speaker = Speaker::begin(&args.by, context)?;
    let drill = args.drill.as_deref().map(|file| drill::read(file, &speaker)).transpose()?;
    let given = args.given()?;
    let (made, outcome) = if args.population {
        let more = build::more(drill, &given);
        population::make(&args.whole(), more, &speaker)?
    } else {
        let mut gathered = gather(&args.asked(&args.draws()), &speaker)?;
        gathered.parts.drill = drill;
        gathered.parts.controls = given;
        gathered.parts.reviews = review::members(&args.reviews, &speaker.ledger)?;
        let (zip, outcome) = package(args, gathered, owner.as_ref(), &speaker)?;
        (Made::Held(zip), outcome)
    };
    let digest = made.digest();
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
            ("kind", Value::text(if args.population { "population" } else { "sample" })),
            ("level", Value::text(args.level.word())),
            ("purpose", Value::text(purpose)),
            ("recipient", recipient),
        ],
        attachments: Vec::new(),
        told: vec![
            ("package", "package", Value::text(&package)),
            ("digest", "digest", Value::text(&digest)),
            ("bytes", "bytes", Value::count(made.length())),
        ],
    };
    // recorded first: should the file not be there, the record says more than happened, never less,
    // and the same command makes the same bytes again
    let answer = speaker.say(said, context)?;
    made.put(&args.to)?;
    Ok(answer)
}

/// The vault, with all that waits for it taken in.
fn taken_in(at: &Where, context: &Context) -> Result<Owner> {
    let mut owner = at.open(context)?;
    owner.vault.absorb(&mut owner.ledger, random::bytes()?, &mut |_, _| {})?;
    Ok(owner)
}

/// The zip, and what verification says of it: a package that does not hold is never handed out.
fn package(
    args: &Build,
    mut gathered: Gathered,
    owner: Option<&Owner>,
    speaker: &Speaker,
) -> Result<(Vec<u8>, Outcome)> {
    let claim = Claim {
        origin: speaker.ledger.origin().to_string(),
        size: gathered.checkpoint.size(),
        root: *gathered.checkpoint.root(),
        report: gathered.digest,
        level: args.level.word().to_owned(),
        drawn: Some(Drawn {
            control: gathered.control.clone(),
            sample: args.sample.clone().unwrap_or_default(),
            draws: args.draws(),
        }),
        packed: None,
        tool: format!("ledger {}", env!("CARGO_PKG_VERSION")),
    };
    let size = gathered.checkpoint.size();
    let policy = published::own_policy(&speaker.ledger, &gathered.parts.checkpoint, size)?;
    loop {
        if let Some(owner) = owner {
            gathered.disclose(&owner.vault, args.level)?;
        }
        let members = gathered.parts.members(claim.clone(), &[speaker.key()])?;
        let outcome = evidence::verify(views(&members), &policy);
        let fault = outcome.layers.iter().find(|layer| layer.verdict == Verdict::DoesNotHold);
        let Some(layer) = fault else {
            return Ok((build::zip(members, claim, &[speaker.key()])?, outcome));
        };
        // a test may have looked at more than it cites: more of what belongs to the items goes in
        if layer.name == ITEMS && gathered.widen(speaker)? {
            continue;
        }
        return Err(untrue(layer));
    }
}
