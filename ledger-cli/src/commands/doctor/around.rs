//! What is around a ledger: the program, the environment, the clock, what waits, a server.

use std::time::UNIX_EPOCH;

use ledger_core::time::Timestamp;

use super::finding::Finding;
use crate::context::Context;
use crate::failure::Result;
use crate::hook::spool::Place;
use crate::hook::target::{Delivery as _, remote};
use crate::state::State;
use crate::{clock, environment, files, hook, tool};

/// Which program this is.
pub(super) fn tool() -> Vec<Finding> {
    vec![Finding::ok("tool", format!("ledger {}, build {}", tool::VERSION, tool::BUILD))]
}

/// Variables that are empty, or that nobody reads.
pub(super) fn variables() -> Vec<Finding> {
    let mut found = Vec::new();
    let mut read = Vec::new();
    for (name, empty) in environment::ours() {
        if !environment::OURS.contains(&name.as_str()) {
            let said = format!("`{name}` is set, and nothing reads it");
            let known = environment::OURS.join(", ");
            found.push(
                Finding::warn("variables", said).hint(format!("those that are read: {known}")),
            );
        } else if empty {
            let said = format!("`{name}` is set, but empty: commands refuse it");
            found.push(
                Finding::fail("variables", said)
                    .hint("give it a value, or unset it")
                    .command(format!("unset {name}")),
            );
        } else {
            read.push(name);
        }
    }
    if found.is_empty() {
        let said = if read.is_empty() { "none of ours is set".to_owned() } else { read.join(", ") };
        found.push(Finding::ok("variables", said));
    }
    found
}

/// Whether the clock can be right: it is not before the day on which this program was put here.
pub(super) fn clock() -> Vec<Finding> {
    let now = match clock::now() {
        Ok(now) => now,
        Err(failure) => return vec![Finding::of("clock", &failure)],
    };
    let made = std::env::current_exe().and_then(std::fs::metadata).and_then(|file| file.modified());
    let made = made.ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    vec![match made {
        Some(made) if now.seconds().saturating_add(DAY) < made.as_secs() => {
            let said = format!("{now} is before this program was made");
            Finding::fail("clock", said).hint("set the clock: the times of entries come from it")
        }
        _ => Finding::ok("clock", now.to_string()),
    }]
}

/// How far apart clocks of one day may be.
pub(super) const DAY: u64 = 86_400;

/// What waits to be delivered, in this workspace and in the state.
pub(super) fn spool(state: &State) -> Vec<Finding> {
    match waiting(state) {
        Ok(found) if found.is_empty() => vec![Finding::ok("spool", "nothing waits")],
        Ok(found) => found,
        Err(failure) => vec![Finding::of("spool", &failure)],
    }
}

fn waiting(state: &State) -> Result<Vec<Finding>> {
    let workspace = hook::look()?.workspace(&files::absolute(std::path::Path::new("."))?);
    let mut found = Vec::new();
    for place in Place::reach(&workspace, state) {
        let mut count = 0;
        let mut since: Option<Timestamp> = None;
        for name in place.names()? {
            match place.peek(&name) {
                Ok(spool) => {
                    let events = spool.into_iter().flat_map(|spool| spool.waiting);
                    for event in events {
                        count += 1;
                        since = Some(since.map_or(event.at, |first| first.min(event.at)));
                    }
                }
                Err(failure) => found.push(
                    Finding::of("spool", &failure)
                        .hint("what is whole in it is delivered, what is lost is declared")
                        .command("ledger flush"),
                ),
            }
        }
        if let Some(since) = since {
            let said = format!("{count} events wait in {} since {since}", place.shown());
            found.push(Finding::warn("spool", said).command("ledger flush"));
        }
        let left = place.left_over();
        if let Some(first) = left.first() {
            let said = format!(
                "{} files were refused or damaged, `{}` first",
                left.len(),
                first.display()
            );
            found.push(Finding::warn("spool", said).hint(
                "each is declared in the ledger; look at them, then move them to where evidence is kept",
            ));
        }
    }
    Ok(found)
}

/// Whether the server answers, and which ledger it has.
pub(super) fn server(address: &str, context: &Context) -> Finding {
    match remote::open(address, context) {
        Ok(server) => {
            Finding::ok("server", format!("{address} answers with `{}`", server.origin()))
        }
        Err(failure) => Finding::of("server", &failure)
            .hint("without it events wait in the spool; `ledger flush` delivers them later"),
    }
}
