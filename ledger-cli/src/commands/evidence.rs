//! `ledger evidence`

mod build;
mod gather;
mod level;
mod made;
mod population;
mod review;

use clap::{Args, Subcommand};
use ledger_core::evidence;

use crate::context::Context;
use crate::failure::{Answer, Result};
use crate::files;
use std::path::PathBuf;

/// Hand out evidence: one file that an auditor opens and checks without this ledger
#[derive(Subcommand, Debug)]
pub(crate) enum Evidence {
    Build(Box<build::Build>),
    Page(Page),
}

/// Write the page that verifies packages in a browser
///
/// It is in every package too; this one comes from elsewhere.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger evidence page --to verify.html")]
pub(crate) struct Page {
    /// New file; without it the page goes to standard output
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

/// Does what the subcommand says.
pub(crate) fn run(args: &Evidence, context: &mut Context) -> Result<Answer> {
    match args {
        Evidence::Build(args) => build::run(args, context),
        Evidence::Page(args) => page(args, context),
    }
}

fn page(args: &Page, context: &mut Context) -> Result<Answer> {
    let page = evidence::page();
    match &args.to {
        Some(file) => files::create(file, page.as_bytes(), 0o644)?,
        None => context.out.bytes(page.as_bytes())?,
    }
    Ok(Answer::Yes)
}
