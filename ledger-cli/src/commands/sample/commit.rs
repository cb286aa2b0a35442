//! `ledger sample commit`

use clap::Args;
use ledger_core::encoding::{base64, hex};
use ledger_core::hash::Sha256;
use ledger_core::json::Value;

use super::population::Of;
use crate::commands::speaker::{By, Said, Speaker};
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::{hashes, published};

/// Fix the population of a control, before anybody knows the seed
///
/// The population is what the test of the control was run over, of the entries below the newest
/// checkpoint. How many, the digest of their list and the checkpoint are recorded.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger sample commit --control SOX-CM-01 --from 2026-07-01 --to 2026-09-30 --as hr:1042 --key ada.pem"
)]
pub(crate) struct Commit {
    /// The control
    #[arg(long, value_name = "CONTROL")]
    control: String,
    /// The name of the sample [default: made from control, population and checkpoint]
    #[arg(long, value_name = "ID")]
    sample: Option<String>,
    #[command(flatten)]
    of: Of,
    #[command(flatten)]
    by: By,
}

pub(super) fn run(args: &Commit, context: &mut Context) -> Result<Answer> {
    let speaker = Speaker::begin(&args.by, context)?;
    let (_, checkpoint) = published::newest(&speaker.folder)?;
    let (size, root) = (checkpoint.size(), *checkpoint.root());
    if size > speaker.ledger.size() {
        let message = format!("the newest checkpoint is of {size} entries, the ledger has fewer");
        return Err(Failure::refused("sample-below", message).hint("run `ledger verify`"));
    }
    // a checkpoint that is not of these entries fixes nothing
    hashes::of(&speaker.ledger, Some((size, &root))).map_err(|error| Failure::by_law(&error))?;
    let population = args.of.population(&args.control, size, context)?;
    let digest = population.digest();
    let sample = args.sample.clone().unwrap_or_else(|| {
        let parts = [args.control.clone(), digest.to_reference(), root.to_base64()];
        let name = hex(&Sha256::of(parts.join("\n").as_bytes()).0);
        format!("smp-{}", name.chars().take(20).collect::<String>())
    });
    if let Some(entry) = super::draw::commitment(&speaker.ledger, &sample)?.map(|found| found.0) {
        return Err(Failure::refused(
            "sample-known",
            format!("entry {entry} committed `{sample}`"),
        )
        .hint("draw from it, or give another --sample"));
    }
    let said = Said {
        kind: "sample.committed",
        subject: ("sample", &sample),
        data: vec![
            (
                "checkpoint",
                Value::object([
                    ("root", Value::text(base64(&root.0))),
                    ("size", Value::count(size)),
                ]),
            ),
            ("control", Value::text(&args.control)),
            (
                "population",
                Value::object([
                    ("digest", Value::text(digest.to_reference())),
                    ("rows", Value::count(population.rows())),
                ]),
            ),
        ],
        attachments: Vec::new(),
        told: vec![
            ("sample", "sample", Value::text(&sample)),
            ("rows", "items", Value::count(population.rows())),
            ("digest", "digest", Value::text(digest.to_reference())),
        ],
    };
    speaker.say(said, context)
}
