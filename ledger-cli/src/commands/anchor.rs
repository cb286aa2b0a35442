//! `ledger anchor`

mod add;
mod list;
mod missed;
mod request;

pub(crate) use list::value;

use std::path::Path;

use clap::Subcommand;
use ledger_core::anchor::Roots;
use ledger_core::signer::{self, ARCHIVE};
use ledger_core::store;

use crate::context::{Context, Folder};
use crate::failure::{Answer, Failure, Result};
use crate::files;

/// What others' clocks say of the ledger: tokens of authorities for times, and cosignatures
#[derive(Subcommand, Debug)]
pub(crate) enum Anchor {
    Request(request::Request),
    Add(add::Add),
    List(list::List),
    Missed(missed::Missed),
}

/// Asks, takes in, lists, or says that none came.
pub(crate) fn run(command: &Anchor, context: &mut Context) -> Result<Answer> {
    match command {
        Anchor::Request(args) => request::run(args, context),
        Anchor::Add(args) => add::run(args, context),
        Anchor::List(args) => list::run(args, context),
        Anchor::Missed(args) => missed::run(args, context),
    }
}

/// Reads the roots of a reader: who certifies authorities for times.
pub(crate) fn read_roots(file: &Path) -> Result<Roots> {
    Roots::parse(&files::read(file)?)
        .map_err(|error| Failure::from(error).within(files::shown(file)))
}

/// The published notes, the newest first.
fn archived(folder: &Folder) -> Result<Vec<Vec<u8>>> {
    let archive = store::read_all(&*folder.store, ARCHIVE)?.unwrap_or_default();
    let (notes, _) = signer::archived(&archive);
    Ok(notes.into_iter().rev().map(<[u8]>::to_vec).collect())
}
