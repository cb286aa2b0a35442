//! `ledger man` and `ledger completions`

mod reference;

use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_complete::Shell;
use ledger_core::json::Value;

use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::files;

pub(crate) use reference::text;

/// Print the manual page of the program, or of one command
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger man key register | man -l -\n\
         Example: ledger man --to ~/.local/share/man/man1")]
pub(crate) struct Man {
    /// Command, and subcommand
    command: Vec<String>,
    /// Write the pages of all commands into a folder
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    to: Option<PathBuf>,
    /// Print the reference of all commands in Markdown, which is `docs/reference.md`
    #[arg(long, conflicts_with_all = ["command", "to"])]
    reference: bool,
}

/// Print a script that completes the command line in a shell
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger completions bash > /etc/bash_completion.d/ledger")]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

/// Prints a manual page in roff, or all of them where they belong.
pub(crate) fn man(args: &Man, program: Command, context: &mut Context) -> Result<Answer> {
    let mut command = program;
    command.build();
    if args.reference {
        context.out.bytes(text(&command).as_bytes())?;
        return Ok(Answer::Yes);
    }
    if let Some(folder) = &args.to {
        return pages(command, folder, context);
    }
    for name in &args.command {
        command = command.find_subcommand(name).cloned().ok_or_else(|| {
            Failure::new("command", format!("there is no command `{name}`"))
                .hint("`ledger --help` lists the commands")
        })?;
    }
    context.out.bytes(&page(command)?)?;
    Ok(Answer::Yes)
}

/// Writes `ledger.1`, `ledger-init.1`, …; a page that stands there is replaced.
fn pages(program: Command, folder: &Path, context: &mut Context) -> Result<Answer> {
    let mut written = 0;
    let mut open = vec![program];
    while let Some(command) = open.pop() {
        let subcommands = command.get_subcommands().filter(|inner| inner.get_name() != "help");
        open.extend(subcommands.cloned());
        let name = command.get_display_name().unwrap_or(command.get_name());
        let file = folder.join(format!("{name}.1"));
        files::replace(&file, &page(command)?, 0o644, false)?;
        written += 1;
    }
    context.out.object([("written", Value::count(written))])?;
    context.out.line(format!("{written} pages in {}", folder.display()))?;
    Ok(Answer::Yes)
}

fn page(command: Command) -> Result<Vec<u8>> {
    let mut page = Vec::new();
    let rendered = clap_mangen::Man::new(command).render(&mut page);
    rendered.map_err(|error| Failure::new("io", format!("cannot make the page: {error}")))?;
    Ok(page)
}

/// Prints the script.
pub(crate) fn completions(
    args: &Completions,
    mut program: Command,
    context: &mut Context,
) -> Result<Answer> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program, "ledger", &mut script);
    context.out.bytes(&script)?;
    Ok(Answer::Yes)
}
