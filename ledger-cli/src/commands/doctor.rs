//! `ledger doctor`

mod around;
mod closed;
mod disk;
mod finding;
mod folder;
mod key;
mod memory;
mod vault;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use ledger_core::json::Value;

use crate::commands::owner::Where;
use crate::context::Context;
use crate::failure::{Answer, Result};
use crate::output::Out;

use finding::{Finding, Standing};

/// How long a server is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Look whether this machine, its keys, its memory and the ledger are in order
///
/// One line for each check: `ok`, `warn`, `fail`, or `unknown` where it could not look; where something
/// can be done, the command that does it. Nothing in the ledger is written, and no event is read for
/// what it says: whether the log is true is for `ledger verify`. Status 0: nothing fails. 1: something
/// does. 2: nothing fails, and something could not be looked at.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger doctor --ledger /srv/ledger --key ci.pem")]
pub(crate) struct Doctor {
    /// Key to look at, a file; may be repeated [or LEDGER_KEY]
    #[arg(long = "key", value_name = "FILE")]
    keys: Vec<PathBuf>,
    #[command(flatten)]
    vault: Where,
}

/// Looks at everything, and says what it found.
pub(crate) fn run(args: &Doctor, context: &mut Context) -> Result<Answer> {
    context.hurry(PATIENCE);
    let found = examine(args, context);
    let out = &mut context.out;
    print(&found, out)?;
    let has = |standing| found.iter().any(|finding| finding.standing == standing);
    Ok(if has(Standing::Fail) {
        Answer::No
    } else if has(Standing::Unknown) {
        Answer::CannotTell
    } else {
        Answer::Yes
    })
}

/// All checks, in the order in which one depends on the other.
fn examine(args: &Doctor, context: &Context) -> Vec<Finding> {
    let mut found = around::tool();
    found.extend(around::variables());
    found.extend(around::clock());
    let state = match context.state() {
        Ok(state) => state,
        Err(failure) => {
            found.push(Finding::of("state", &failure));
            return found;
        }
    };
    found.extend(disk::state(&state));
    found.extend(around::spool(&state));
    let keys = key::Keys::named(&args.keys);
    match context.server() {
        Err(failure) => found.push(
            Finding::unknown("ledger", failure.to_string())
                .hint(failure.advice().unwrap_or("name the ledger's folder with --ledger")),
        ),
        Ok(Some(address)) => found.push(around::server(&address, context)),
        Ok(None) => match folder::open(context, state) {
            Err(finding) => found.push(*finding),
            Ok(looked) => {
                found.extend(folder::look(&looked));
                found.extend(memory::look(&looked));
                found.extend(vault::look(&looked, &args.vault));
                found.extend(disk::ledger(&looked.folder));
                found.extend(keys.look(looked.ledger.as_ref()));
                return found;
            }
        },
    }
    found.extend(keys.look(None));
    found
}

fn print(found: &[Finding], out: &mut Out) -> Result<()> {
    let checks = found.iter().map(Finding::value).collect();
    out.object([("checks", Value::List(checks)), ("format", Value::text("ledger/doctor/v1"))])?;
    for finding in found {
        finding.lines().into_iter().try_for_each(|line| out.line(line))?;
    }
    let count = |standing| found.iter().filter(|finding| finding.standing == standing).count();
    let told = [Standing::Fail, Standing::Unknown, Standing::Warn, Standing::Ok]
        .into_iter()
        .filter(|standing| count(*standing) > 0)
        .map(|standing| format!("{} {}", count(standing), standing.word()));
    out.line("")?;
    out.line(told.collect::<Vec<_>>().join(", "))
}
