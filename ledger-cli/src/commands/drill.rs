//! `ledger drill`

use std::path::{Path, PathBuf};

use clap::Args;
use ledger_core::drill::{self, Outside, PackageTrial, Said, Sight, Trial, word};
use ledger_core::json::{self, Value};
use ledger_core::verify::Verdict;

use crate::commands::speaker::Speaker;
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::output::{Out, talk};
use crate::{files, published, random, verified};

/// How the document of a drill begins.
const FORMAT: &str = "ledger/drill/v1";

/// Try every known attack on a copy of the ledger, and say what sees it
///
/// All of it happens in memory: nothing in the folder changes. Each attack is shown twice: as the folder
/// alone tells it, and with the newest checkpoint as somebody else kept it. What the operator of the
/// folder makes fit together again, nobody sees without such a checkpoint. Status 0: all is seen. 1:
/// something is not. 2: there is no checkpoint.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger drill --to drill.json")]
pub(crate) struct Drill {
    /// An evidence package to be tried as well
    #[arg(long, value_name = "FILE", requires = "policy")]
    package: Option<PathBuf>,
    /// Whom its reader trusts
    #[arg(long, value_name = "FILE", requires = "package")]
    policy: Option<PathBuf>,
    /// New folder for the altered packages, each a zip: for another reader of packages to be asked
    #[arg(long, value_name = "DIR", requires = "package")]
    altered: Option<PathBuf>,
    /// New file for the table, which `ledger evidence build --drill` puts into a package
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

/// Copies, tries, tells.
pub(crate) fn run(args: &Drill, context: &mut Context) -> Result<Answer> {
    let (folder, ledger) = context.open()?;
    let newest = match published::newest(&folder) {
        Ok((note, checkpoint)) => {
            let policy = published::own_policy(&ledger, &note, checkpoint.size())?;
            Some((note, policy))
        }
        Err(failure) if failure.code() == "checkpoint-none" => {
            talk(format!("note: {}: what it is needed for cannot be told", failure.message()));
            None
        }
        Err(failure) => return Err(failure),
    };
    let outside = newest.as_ref().map(|(note, policy)| Outside { note: note.clone(), policy });
    let trials = drill::drill(&*folder.store, outside.as_ref(), random::bytes()?)?;
    let packages = match (&args.package, &args.policy) {
        (Some(file), Some(policy)) => {
            let policy = verified::read_policy(policy)?;
            drill::package(&files::read(file)?, &policy)
                .map_err(|error| Failure::from(error).within(files::shown(file)))?
        }
        _ => Vec::new(),
    };
    if let Some(folder) = &args.altered {
        files::make_folder(folder)?;
        for trial in &packages {
            if let Some(zip) = &trial.altered {
                files::create(&folder.join(format!("{}.zip", trial.name)), zip, 0o644)?;
            }
        }
    }
    let told = value(&ledger.origin().to_string(), ledger.size(), &trials, &packages);
    if let Some(file) = &args.to {
        files::create(file, format!("{}\n", told.to_canonical()).as_bytes(), 0o644)?;
    }
    if context.out.json() {
        context.out.document(&told)?;
    } else {
        print(&trials, &packages, &mut context.out)?;
    }
    let caught = trials.iter().map(Trial::caught).chain(packages.iter().map(PackageTrial::caught));
    let missed = caught.clone().any(|caught| caught == Some(false));
    let open = outside.is_none();
    Ok(if missed {
        Answer::No
    } else if open {
        Answer::CannotTell
    } else {
        Answer::Yes
    })
}

/// A drill of this ledger, as it was written; codes `drill-form`, `drill-ledger`.
pub(super) fn read(file: &Path, speaker: &Speaker) -> Result<Vec<u8>> {
    let bytes = files::read(file)?;
    let place = |failure: Failure| failure.within(files::shown(file));
    let wrong = || place(Failure::new("drill-form", "this is no table of a drill"));
    let text = bytes.strip_suffix(b"\n").ok_or_else(wrong)?;
    let value = json::read_document(text).map_err(|error| place(error.into()))?;
    let word = |name: &str| value.get(name).and_then(Value::as_text);
    if word("format") != Some(FORMAT) || value.to_canonical().as_bytes() != text {
        return Err(wrong());
    }
    if word("origin") != Some(&speaker.ledger.origin().to_string()) {
        return Err(place(Failure::refused("drill-ledger", "the drill was of another ledger")));
    }
    Ok(bytes)
}

fn value(origin: &str, size: u64, trials: &[Trial], packages: &[PackageTrial]) -> Value {
    let mut members = vec![
        ("format", Value::text(FORMAT)),
        ("origin", Value::text(origin)),
        ("size", Value::count(size)),
        ("tool", Value::text(format!("ledger {}", env!("CARGO_PKG_VERSION")))),
        ("trials", Value::List(trials.iter().map(Trial::value).collect())),
    ];
    if !packages.is_empty() {
        members.push(("package", Value::List(packages.iter().map(PackageTrial::value).collect())));
    }
    Value::object(members)
}

fn print(trials: &[Trial], packages: &[PackageTrial], out: &mut Out) -> Result<()> {
    out.line(format!("{:<18} {:<15} {:<15}", "", "the folder", "with a checkpoint"))?;
    for trial in trials {
        let Some(alone) = &trial.alone else {
            out.line(format!("{:<18} nothing here to try it on", trial.name))?;
            continue;
        };
        let held = trial.held.as_ref().map_or("", |held| word(held.verdict));
        let sees = trial.held.as_ref().filter(|_| trial.sight == Sight::Checkpoint);
        let codes = sees.unwrap_or(alone).codes.join(" ");
        let line =
            format!("{:<18} {:<15} {held:<15} {}", trial.name, word(alone.verdict), trial.deed);
        out.line(line.trim_end())?;
        out.line(format!("{:<18} {}{codes}", "", missed(trial.caught())))?;
    }
    if !packages.is_empty() {
        out.line("")?;
        out.line(format!("{:<18} {:<15} {}", "", "the package", "layers that see it"))?;
    }
    for trial in packages {
        let Some(Said { verdict, codes }) = &trial.said else {
            out.line(format!("{:<18} nothing here to try it on", trial.name))?;
            continue;
        };
        out.line(format!("{:<18} {:<15} {}", trial.name, word(*verdict), trial.deed))?;
        out.line(format!("{:<18} {}{}", "", missed(trial.caught()), codes.join(" ")))?;
    }
    out.line("")?;
    let blind = trials.iter().filter(|trial| {
        trial.alone.as_ref().is_some_and(|alone| {
            trial.sight == Sight::Checkpoint && alone.verdict != Verdict::DoesNotHold
        })
    });
    out.line(format!(
        "{} of these nobody sees from the folder alone: keep checkpoints where the operator cannot reach them",
        blind.count()
    ))
}

fn missed(caught: Option<bool>) -> &'static str {
    match caught {
        Some(true) => "",
        Some(false) => "NOT SEEN ",
        None => "cannot be told without a checkpoint ",
    }
}
