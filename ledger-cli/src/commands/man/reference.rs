//! The reference of all commands, made from what they say of themselves.

use std::fmt::Write as _;

use clap::{Arg, ArgAction, Command};

const HEAD: &str = "# Reference

Every command with its arguments and options, as `ledger COMMAND --help` has them. This page is made by
`ledger man --reference`, and a test holds it against the program. What belongs together, what is kept where and
how a command ends is in [commands.md](commands.md), what is printed in [output.md](output.md).

Every command takes ";

/// The page; `program` is built.
pub(crate) fn text(program: &Command) -> String {
    let mut out = HEAD.to_owned();
    let shared: Vec<String> =
        own(program).map(|arg| format!("`{}` ({})", spelling(arg), help(arg))).collect();
    out.push_str(&shared.join(", "));
    out.push_str(".\n");
    section(program, &mut out);
    out
}

fn section(command: &Command, out: &mut String) {
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        // the types of events are listed by `ledger events`, and each has its own help
        if inner.has_subcommands() && inner.get_name() != "record" {
            section(inner, out);
        } else {
            leaf(inner, out);
        }
    }
}

fn leaf(command: &Command, out: &mut String) {
    let mut command = command.clone();
    let usage = command.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    let name = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
    let about = command.get_long_about().or(command.get_about());
    let about = about.map(ToString::to_string).unwrap_or_default();
    // a string takes whatever is written to it
    let _ = write!(out, "\n## {name}\n\n{}\n\n```sh\n{usage}\n```\n", about.trim_end());
    let rows: Vec<String> = own(&command)
        .filter(|arg| !arg.is_global_set())
        .map(|arg| format!("| `{}` | {} |\n", spelling(arg).replace('|', "\\|"), help(arg)))
        .collect();
    if !rows.is_empty() {
        out.push_str("\n| argument | meaning |\n| --- | --- |\n");
        out.push_str(&rows.concat());
    }
    if let Some(after) = command.get_after_help() {
        let _ = write!(out, "\n{}\n", example(&after.to_string()));
    }
}

/// The arguments that are the command's own, in the order of its help.
fn own(command: &Command) -> impl Iterator<Item = &Arg> {
    let arguments = command.get_arguments();
    arguments
        .filter(|arg| !arg.is_hide_set() && !matches!(arg.get_id().as_str(), "help" | "version"))
}

/// How an argument is typed.
fn spelling(arg: &Arg) -> String {
    let values: Vec<String> =
        arg.get_value_names().unwrap_or_default().iter().map(ToString::to_string).collect();
    let takes = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    let values = if takes { values.join(" ") } else { String::new() };
    let more = if matches!(arg.get_action(), ArgAction::Append) { "…" } else { "" };
    match arg.get_long() {
        Some(long) if values.is_empty() => format!("--{long}"),
        Some(long) => format!("--{long} {values}{more}"),
        None => format!("{values}{more}"),
    }
}

/// What an argument means, on one line.
fn help(arg: &Arg) -> String {
    let text = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let choices: Vec<String> =
        arg.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
    let takes = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    if takes && !choices.is_empty() {
        let _ = write!(words, "; one of {}", choices.join(", "));
    }
    let defaults: Vec<String> =
        arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    if takes && !defaults.is_empty() {
        let _ = write!(words, "; by default `{}`", defaults.join(" "));
    }
    words.replace('|', "\\|")
}

/// Lines that begin with `Example:` as code, others as they are.
fn example(text: &str) -> String {
    let lines = text.lines().map(|line| match line.trim().strip_prefix("Example: ") {
        Some(command) => format!("```sh\n{}\n```", command.trim()),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}
