//! `ledger sample draw`

use clap::{Args, ValueEnum};
use ledger_core::fact::{Facts, Read};
use ledger_core::hash::Sha256;
use ledger_core::index::Kind;
use ledger_core::json::Value;
use ledger_core::ledger::Ledger;
use ledger_core::sample::{Committed, Drawn, MAX, Population, Seed};
use ledger_core::schema::words::Reference;
use ledger_core::tree;

use super::population::Of;
use crate::commands::speaker::{By, Said, Speaker, filled};
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::hashes;
use crate::output::talk;

/// Draw from a population that was committed
///
/// The population is made again from the entries below the committed checkpoint, with the same period,
/// cut-off and overlays, and must be the committed one. Then the smallest SHA-256(seed ‖ 0x00 ‖ id) are
/// selected. A second draw is another entry.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger sample draw smp-4c1b --from 2026-07-01 --to 2026-09-30 --seed 4a6f1c0e9b2d7735 --seed-from external-auditor --size 25 --as hr:1042 --key ada.pem"
)]
pub(crate) struct Draw {
    /// The sample, as it was committed
    sample: String,
    /// What makes it random: 16 to 128 lower-case hex digits, given after the commitment
    #[arg(long, value_name = "HEX")]
    seed: String,
    /// Who gave the seed, like `external-auditor`
    #[arg(long, value_name = "ID")]
    seed_from: String,
    /// How many items; at most 100 in one draw
    #[arg(long, value_name = "N")]
    size: Option<usize>,
    /// How they are chosen
    #[arg(long, value_name = "METHOD", default_value = "random")]
    method: Method,
    /// An item that is chosen by name, with --method targeted; once for each
    #[arg(long = "item", value_name = "ID", conflicts_with = "size")]
    items: Vec<String>,
    /// How many items are kept in reserve, for those that cannot be tested
    #[arg(long, value_name = "N", default_value_t = 0)]
    reserve: usize,
    #[command(flatten)]
    of: Of,
    #[command(flatten)]
    by: By,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Method {
    /// The smallest ranks
    Random,
    /// Items that are named: never projected to the population
    Targeted,
    /// The whole population
    All,
}

impl Method {
    fn word(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Targeted => "targeted",
            Self::All => "all",
        }
    }
}

pub(super) fn run(args: &Draw, context: &mut Context) -> Result<Answer> {
    let seed = Seed::parse(&args.seed).map_err(|error| Failure::from(error).within("--seed"))?;
    let from = filled("--seed-from", &args.seed_from)?;
    if args.method == Method::Random && args.size.is_none() {
        return Err(
            Failure::new("usage", "how many items are drawn is not said").hint("give --size N")
        );
    }
    if (args.method == Method::Targeted) == args.items.is_empty() {
        return Err(Failure::new("usage", "--item and --method targeted go together")
            .hint("name the items, or let the seed choose"));
    }
    let speaker = Speaker::begin(&args.by, context)?;
    let none = || {
        Failure::new("sample-none", format!("no entry committed `{}`", args.sample))
            .hint("`ledger sample commit` fixes the population first")
    };
    let (_, control, committed) = commitment(&speaker.ledger, &args.sample)?.ok_or_else(none)?;
    let by_law = |error| Failure::by_law(&error);
    let size = speaker.ledger.size();
    let root = root(&speaker.ledger, &committed)?;
    committed.continued(size, root).map_err(by_law)?;
    let population = args.of.population(&control, committed.size, context)?;
    committed.holds(&population).map_err(by_law)?;
    let drawn = choose(args, &population, &seed)?;
    let earlier = about(&speaker.ledger, &args.sample)?;
    let earlier = earlier.sample_drawn.of(Reference::Sample, &args.sample);
    let mut draw = 1;
    for row in earlier {
        if row.seed.as_str() == args.seed {
            let message = format!("entry {} drew with this seed", row.at.index);
            return Err(Failure::refused("sample-seed-used", message)
                .hint("the same seed draws the same items: another draw needs another seed"));
        }
        draw = draw.max(row.draw + 1);
    }
    if drawn.selected.len() as u64 == population.rows() {
        talk("note: the whole population is selected");
    }
    let list = |ids: &[String]| Value::List(ids.iter().map(Value::text).collect());
    let size = args.size.unwrap_or(drawn.selected.len());
    let said = Said {
        kind: "sample.drawn",
        subject: ("sample", &args.sample),
        data: vec![
            ("draw", Value::count(draw)),
            ("method", Value::text(args.method.word())),
            ("replacements", list(&drawn.replacements)),
            ("seed", Value::text(seed.to_string())),
            ("seed_from", Value::text(from)),
            ("selected", list(&drawn.selected)),
            ("size", Value::count(size as u64)),
        ],
        attachments: Vec::new(),
        told: vec![
            ("selected", "selected", list(&drawn.selected)),
            ("replacements", "in reserve", list(&drawn.replacements)),
        ],
    };
    speaker.say(said, context)
}

/// What is drawn; codes `sample-size`, `sample-item`.
fn choose(args: &Draw, population: &Population, seed: &Seed) -> Result<Drawn> {
    let size = match args.method {
        Method::Random => args.size.unwrap_or_default(),
        Method::All => usize::try_from(population.rows()).unwrap_or(usize::MAX),
        Method::Targeted => {
            if let Some(id) = args.items.iter().find(|id| !population.has(id)) {
                return Err(Failure::new(
                    "sample-item",
                    format!("`{id}` is not in the population"),
                )
                .within("--item"));
            }
            let named = Population::new(args.items.iter().cloned())?;
            return Ok(named.draw(seed, MAX, 0)?);
        }
    };
    Ok(population.draw(seed, size, args.reserve)?)
}

/// The root over the committed entries; none if the ledger has fewer.
fn root(ledger: &Ledger, committed: &Committed) -> Result<Option<Sha256>> {
    if committed.size > ledger.size() {
        return Ok(None);
    }
    let hashes = hashes::of(ledger, None)?;
    Ok(Some(tree::root(committed.size, &hashes)?))
}

/// The commitment of a sample: its entry, the control, and what was fixed.
pub(super) fn commitment(
    ledger: &Ledger,
    sample: &str,
) -> Result<Option<(u64, String, Committed)>> {
    let facts = about(ledger, sample)?;
    // the first counts: nothing is fixed anew under the same name
    let first = facts.sample_committed.of(Reference::Sample, sample).next();
    Ok(first.map(|row| {
        let committed = Committed {
            rows: row.population.rows,
            digest: row.population.digest,
            size: row.checkpoint.size,
            root: Sha256(row.checkpoint.root),
        };
        (row.at.index, row.control.to_string(), committed)
    }))
}

/// What entries say of a sample.
fn about(ledger: &Ledger, sample: &str) -> Result<Facts> {
    let found = ledger.find(Kind::Subject, &format!("sample:{sample}"), usize::MAX)?;
    let mut indexes: Vec<u64> = found.iter().map(|found| found.index).collect();
    indexes.sort_unstable();
    let read = indexes.into_iter().map(|index| ledger.entry(index, Read::of));
    Ok(Facts::from_read(read.collect::<std::result::Result<Vec<_>, _>>()?))
}
