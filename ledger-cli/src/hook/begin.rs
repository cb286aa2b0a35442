//! Which key signs, and which ledger is meant: known before anything is written.

use std::path::{Path, PathBuf};

use ledger_core::checkpoint::Origin;

use super::Options;
use super::spool::{self, Place};
use super::target::Delivery;
use crate::context::Context;
use crate::environment;
use crate::failure::{Failure, Result};
use crate::keys::{self, Key};
use crate::state::State;

/// The key that signs here; what is wrong with it is status 3.
pub(crate) fn load(given: Option<&PathBuf>) -> Result<Key> {
    let path = match given {
        Some(path) => Some(path.clone()),
        None => environment::path(environment::KEY)?,
    };
    if let Some(path) = path.filter(|path| !path.to_string_lossy().starts_with("agent:")) {
        spool::private(&path)?;
    }
    keys::load_one(given).map_err(|failure| failure.exit(3))
}

/// The ledger that is meant: the one that is there, or the one that was said or known to be.
pub(super) fn origin(
    options: &Options,
    context: &Context,
    workspace: &Path,
    state: &State,
    target: &std::result::Result<Box<dyn Delivery>, Failure>,
) -> Result<Origin> {
    let said = match &options.origin {
        Some(text) => Some(text.clone()),
        None => environment::path(environment::ORIGIN)?.map(|text| text.display().to_string()),
    };
    let said = match said {
        Some(text) => Some(Origin::parse(&text).map_err(|error| {
            Failure::from(error)
                .within("--origin")
                .hint("it stands in the ledger's `ledger.toml`: a name and 64 hex digits")
        })?),
        None => None,
    };
    match (said, target) {
        (Some(said), Ok(target)) if *target.origin() != said => Err(another(target.origin())),
        (Some(said), _) => Ok(said),
        (None, Ok(target)) => {
            // a folder has its pin; of a server the workspace remembers which ledger it showed before
            let known = match context.server()? {
                Some(_) => remembered(context, workspace, state)?,
                None => None,
            };
            match known {
                Some(known) if known != *target.origin() => Err(another(target.origin())),
                _ => Ok(target.origin().clone()),
            }
        }
        (None, Err(failure)) => {
            let path = context.place()?;
            let pinned = state.pinned_at(&path)?;
            let known = remembered(context, workspace, state)?;
            pinned.or(known).ok_or_else(|| {
                Failure::new(
                    "undelivered",
                    format!(
                        "the ledger cannot be reached, and it is not known which it is: {failure}"
                    ),
                )
                .hint("give --origin, which stands in its `ledger.toml`: then the event can wait")
                .exit(5)
            })
        }
    }
}

/// Which ledger stood there when the workspace looked last.
fn remembered(context: &Context, workspace: &Path, state: &State) -> Result<Option<Origin>> {
    let path = context.place()?;
    Ok(Place::all(workspace, state).iter().find_map(|place| place.origin_at(&path)))
}

fn another(origin: &Origin) -> Failure {
    Failure::refused("origin", format!("another ledger stands here: `{origin}`")).exit(4)
}
