//! `ledger demo`

mod company;
mod daily;
mod declared;
mod findings;
mod keys;
mod mishaps;
mod planted;
mod play;
mod quarter;
mod release;
mod review;
mod small;
mod stage;
mod told;

pub(crate) use stage::{Ended, Perform};

use std::path::{Path, PathBuf};

use clap::Args;
use ledger_core::segment;
use ledger_core::store::dir::Dir;

use crate::context::{Context, PATIENCE};
use crate::failure::{Answer, Failure, Result};
use crate::{environment, files, random};

/// Tell a company's quarter, with everything in it that can go wrong, and show what is found
///
/// A fictional company with 12 services and 40 people: its pipelines, importers, reviewers and keys write a
/// ledger in a new folder, with violations planted in it. Then its access is reviewed, the quarter is
/// evaluated and reported, an evidence package is built and verified, attacks are tried on it, and one
/// byte of a copy is flipped. Keys, times and salts come from a fixed seed: the history is the same each
/// time, and its keys guard nothing.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger demo acme")]
pub(crate) struct Demo {
    /// New folder for the demonstration; without it one below the system's temporary folder
    dir: Option<PathBuf>,
    /// About how many events the quarter has
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(3_000..=100_000))]
    events: u64,
    /// Only a release history of 64 events, in a second
    #[arg(long, conflicts_with = "events")]
    small: bool,
}

/// Tells the quarter, or the small history.
pub(crate) fn run(args: &Demo, perform: Perform, context: &mut Context) -> Result<Answer> {
    let dir = new_folder(args)?;
    if args.small {
        small::run(&dir, context)
    } else {
        play::run(&dir, args.events, perform, context)
    }
}

fn new_folder(args: &Demo) -> Result<PathBuf> {
    let dir = if let Some(dir) = &args.dir {
        dir.clone()
    } else {
        let name = ledger_core::encoding::hex(&random::bytes::<4>()?);
        environment::temporary().join(format!("ledger-demo-{name}"))
    };
    let shown = dir.display().to_string();
    match std::fs::read_dir(&dir).map(Iterator::count) {
        Ok(0) => {}
        Ok(_) => {
            return Err(Failure::new("folder-taken", "the folder is not empty")
                .within(shown)
                .hint("name a new folder; nothing was changed"));
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Dir::create(&dir, PATIENCE).map_err(|error| Failure::from(error).within(shown))?;
        }
        Err(error) => {
            return Err(
                Failure::new("io", format!("cannot read the folder: {error}")).within(shown)
            );
        }
    }
    files::absolute(&dir)
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    let fail = |error: std::io::Error| {
        Failure::new("io", format!("cannot copy `{}`: {error}", from.display()))
    };
    std::fs::create_dir_all(to).map_err(fail)?;
    for entry in std::fs::read_dir(from).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let target = to.join(entry.file_name());
        if entry.file_type().map_err(fail)?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target).map_err(fail)?;
        }
    }
    Ok(())
}

/// Changes one hex digit of the digest that an approval was given for.
fn flip(copy: &Path) -> Result<String> {
    let file = copy.join(segment::name(0));
    let mut bytes = files::read(&file)?;
    let wanted = b"\"for\":{\"artifact\":\"sha256:";
    let fail = || Failure::new("demo", "there is no approval to tamper with");
    let at = bytes.windows(wanted.len()).position(|window| window == wanted).ok_or_else(fail)?;
    let at = at + wanted.len();
    let byte = bytes.get_mut(at).ok_or_else(fail)?;
    let before = *byte;
    *byte = if before == b'a' { b'b' } else { b'a' };
    let told = format!(
        "`{}` became `{}` in the digest that an approval was given for",
        char::from(before),
        char::from(*byte)
    );
    files::replace(&file, &bytes, 0o644, false)?;
    Ok(told)
}
