//! `ledger man` and `ledger completions`

use clap::{Args, Command};
use clap_complete::Shell;

use crate::context::Context;
use crate::failure::{Answer, Failure, Result};

/// Print the manual page of the program, or of one command
#[derive(Args, Debug)]
pub(crate) struct Man {
    /// Command, and subcommand
    command: Vec<String>,
}

/// Print a script that completes the command line in a shell
#[derive(Args, Debug)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

/// Prints a manual page in roff.
pub(crate) fn man(args: &Man, program: Command, context: &mut Context) -> Result<Answer> {
    let mut command = program;
    command.build();
    for name in &args.command {
        command = command.find_subcommand(name).cloned().ok_or_else(|| {
            Failure::new("command", format!("there is no command `{name}`"))
                .hint("`ledger --help` lists the commands")
        })?;
    }
    let mut page = Vec::new();
    let rendered = clap_mangen::Man::new(command).render(&mut page);
    rendered.map_err(|error| Failure::new("io", format!("cannot make the page: {error}")))?;
    context.out.bytes(&page)?;
    Ok(Answer::Yes)
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
