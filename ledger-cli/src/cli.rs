//! The command line: what can be typed, and how a process ends.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::commands::{
    anchor, append, approve, attach, break_glass, can_deploy, checkpoint, close, consistency,
    controls, cosign, delegate, demo, doctor, drill, evaluate, events, evidence, exception, facts,
    flush, gate, import, init, key, log, man, person, prove, ratify, reconcile, record, recover,
    reject, report, retention, review, revoke, risk, sample, schema, serve, show, sign, sign_off,
    status, tiles, token, vault, verify, walkthrough, witness,
};
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::output::{self, talk};
use crate::tool;

/// An append-only, hash-chained, signed ledger of software releases
#[derive(Parser, Debug)]
#[command(name = "ledger", version, long_version = tool::LONG, propagate_version = true, after_help = STATUS)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const STATUS: &str = "Exit status: 0 done, or it holds; 1 refused by the ledger's laws, or it does \
not hold; 2 bad input, or it cannot be told; of the hook also 3 no key, 4 refused by the ledger, 5 neither \
delivered nor spooled, 6 spooled only.\n\
Environment: LEDGER_DIR, LEDGER_KEY, LEDGER_ORIGIN and LEDGER_STATE stand for --ledger, --key, --origin and --state; \
LEDGER_PERSON stands for --as; LEDGER_KEY_PASSPHRASE_FILE names the file of a locked key's passphrase.";

#[derive(Args, Debug)]
struct Global {
    /// Folder of the ledger [or LEDGER_DIR]
    #[arg(long, global = true, value_name = "DIR")]
    ledger: Option<PathBuf>,
    /// Folder of what is remembered outside ledgers [or LEDGER_STATE; else ~/.local/state/ledger]
    #[arg(long, global = true, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand, Debug)]
enum Command {
    Init(init::Init),
    #[command(subcommand)]
    Key(key::Key),
    Sign(sign::Sign),
    Cosign(cosign::Cosign),
    Append(append::Append),
    Record(record::Record),
    Close(close::Close),
    Flush(flush::Flush),
    Status(status::Status),
    Attach(attach::Attach),
    Approve(approve::Approve),
    Reject(reject::Reject),
    Revoke(revoke::Revoke),
    Ratify(ratify::Ratify),
    Delegate(delegate::Delegate),
    BreakGlass(break_glass::BreakGlass),
    Import(import::Import),
    Reconcile(reconcile::Reconcile),
    Events(events::Events),
    Schema(schema::Schema),
    Recover(recover::Recover),
    Log(log::Log),
    Show(show::Show),
    Checkpoint(checkpoint::Checkpoint),
    Witness(witness::Witness),
    #[command(subcommand)]
    Anchor(anchor::Anchor),
    Prove(prove::Prove),
    Consistency(consistency::Consistency),
    Verify(verify::Verify),
    Tiles(tiles::Tiles),
    #[command(subcommand)]
    Person(person::Person),
    #[command(subcommand)]
    Vault(vault::Vault),
    #[command(subcommand)]
    Retention(retention::Retention),
    #[command(subcommand)]
    Controls(controls::Controls),
    Evaluate(evaluate::Evaluate),
    #[command(subcommand)]
    Gate(gate::Gate),
    CanDeploy(can_deploy::CanDeploy),
    Facts(facts::Facts),
    #[command(subcommand)]
    Report(report::Report),
    #[command(subcommand)]
    Exception(exception::Exception),
    #[command(subcommand)]
    Review(review::Review),
    #[command(subcommand)]
    Risk(risk::Risk),
    #[command(subcommand)]
    Sample(sample::Sample),
    #[command(subcommand)]
    Evidence(evidence::Evidence),
    #[command(subcommand)]
    Walkthrough(walkthrough::Walkthrough),
    SignOff(sign_off::SignOff),
    Serve(serve::Serve),
    #[command(subcommand)]
    Token(token::TokenCommand),
    Demo(demo::Demo),
    Drill(drill::Drill),
    Doctor(doctor::Doctor),
    Completions(man::Completions),
    Man(man::Man),
}

/// Parses, runs, and says how it ended.
pub(crate) fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let json = cli.global.json;
    let mut context = Context::new(json, cli.global.ledger, cli.global.state);
    let answer = dispatch(&cli.command, &mut context);
    let answer = answer.and_then(|answer| context.out.flush().map(|()| answer));
    ExitCode::from(match answer {
        Ok(answer) => answer.status(),
        Err(failure) => {
            // what was found before it went wrong is still data
            let _ = context.out.flush();
            output::report(&failure, json);
            failure.status()
        }
    })
}

/// Runs a command line in this process, as [`run`] would have; what it prints is kept.
fn perform(words: &[String]) -> demo::Ended {
    let name = std::iter::once("ledger");
    let cli = match Cli::try_parse_from(name.chain(words.iter().map(String::as_str))) {
        Ok(cli) => cli,
        Err(error) => {
            return demo::Ended {
                status: 2,
                printed: String::new(),
                said: told(&error).to_string(),
            };
        }
    };
    let mut context = Context::within(cli.global.json, cli.global.ledger, cli.global.state);
    let answer = dispatch(&cli.command, &mut context);
    let status = answer.map_or_else(
        |failure| {
            output::report(&failure, false);
            failure.status()
        },
        Answer::status,
    );
    let (printed, said) = context.out.both();
    demo::Ended { status, printed, said }
}

fn dispatch(command: &Command, context: &mut Context) -> Result<Answer> {
    match command {
        Command::Init(args) => init::run(args, context),
        Command::Key(args) => key::run(args, context),
        Command::Sign(args) => sign::run(args, context),
        Command::Cosign(args) => cosign::run(args, context),
        Command::Append(args) => append::run(args, context),
        Command::Record(args) => record::run(args, context),
        Command::Close(args) => close::run(args, context),
        Command::Flush(args) => flush::run(args, context),
        Command::Status(args) => status::run(args, context),
        Command::Attach(args) => attach::run(args, context),
        Command::Approve(args) => approve::run(args, context),
        Command::Reject(args) => reject::run(args, context),
        Command::Revoke(args) => revoke::run(args, context),
        Command::Ratify(args) => ratify::run(args, context),
        Command::Delegate(args) => delegate::run(args, context),
        Command::BreakGlass(args) => break_glass::run(args, context),
        Command::Import(args) => import::run(args, context),
        Command::Reconcile(args) => reconcile::run(args, context),
        Command::Events(args) => events::run(args, context),
        Command::Schema(args) => schema::run(args, context),
        Command::Recover(args) => recover::run(args, context),
        Command::Log(args) => log::run(args, context),
        Command::Show(args) => show::run(args, context),
        Command::Checkpoint(args) => checkpoint::run(args, context),
        Command::Witness(args) => witness::run(args, context),
        Command::Anchor(args) => anchor::run(args, context),
        Command::Prove(args) => prove::run(args, context),
        Command::Consistency(args) => consistency::run(args, context),
        Command::Verify(args) => verify::run(args, context),
        Command::Tiles(args) => tiles::run(args, context),
        Command::Person(args) => person::run(args, context),
        Command::Vault(args) => vault::run(args, context),
        Command::Retention(args) => retention::run(args, context),
        Command::Controls(args) => controls::run(args, context),
        Command::Evaluate(args) => evaluate::run(args, context),
        Command::Gate(args) => gate::run(args, context),
        Command::CanDeploy(args) => can_deploy::run(args, context),
        Command::Facts(args) => facts::run(args, context),
        Command::Report(args) => report::run(args, context),
        Command::Exception(args) => exception::run(args, context),
        Command::Review(args) => review::run(args, context),
        Command::Risk(args) => risk::run(args, context),
        Command::Sample(args) => sample::run(args, context),
        Command::Evidence(args) => evidence::run(args, context),
        Command::Walkthrough(args) => walkthrough::run(args, context),
        Command::SignOff(args) => sign_off::run(args, context),
        Command::Serve(args) => serve::run(args, context),
        Command::Token(args) => token::run(args, context),
        Command::Demo(args) => demo::run(args, perform, context),
        Command::Drill(args) => drill::run(args, context),
        Command::Doctor(args) => doctor::run(args, context),
        Command::Completions(args) => man::completions(args, Cli::command(), context),
        Command::Man(args) => man::man(args, Cli::command(), context),
    }
}

/// Help and version are data; anything else is a mistake, told as all mistakes are.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let mut out = output::Out::new(false);
        let shown = out.bytes(error.to_string().as_bytes()).and_then(|()| out.flush());
        return ExitCode::from(if shown.is_ok() { 0 } else { 2 });
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        talk("error: no command was given");
        talk("hint: `ledger --help` lists the commands");
        return ExitCode::from(2);
    }
    output::report(&told(error), false);
    ExitCode::from(2)
}

/// One line of what is wrong, from what the parser says over several.
fn told(error: &clap::Error) -> Failure {
    let text = error.to_string();
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default().trim_start_matches("error: ");
    let rest: Vec<&str> = lines
        .take_while(|line| !line.is_empty())
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let mut message = first.trim_end_matches(':').replace('\'', "`");
    if !rest.is_empty() {
        message = format!("{message}: {}", rest.join(", ").replace('\'', "`"));
    }
    // what the standard library says about numbers, in our words
    for words in [
        "invalid digit found in string",
        "cannot parse integer from empty string",
        "number too large to fit in target type",
    ] {
        message = message.replace(words, "a whole number from 0 to 18446744073709551615");
    }
    let tip = text.lines().find_map(|line| line.trim().strip_prefix("tip: "));
    let usage = match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => usage.to_string(),
        _ => String::new(),
    };
    let usage = usage.lines().next().unwrap_or_default().replacen("Usage: ", "usage: ", 1);
    let hint = tip.map_or(usage, |tip| tip.replace('\'', "`"));
    let failure = Failure::new("usage", message);
    if hint.is_empty() { failure.hint("see `ledger --help`") } else { failure.hint(hint) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program() -> clap::Command {
        let mut program = Cli::command();
        program.build();
        program
    }

    /// The commands that do something, each with all its words.
    fn leaves(command: &clap::Command) -> Vec<clap::Command> {
        let inner = command.get_subcommands().filter(|inner| inner.get_name() != "help");
        inner
            .flat_map(
                |inner| {
                    if inner.has_subcommands() { leaves(inner) } else { vec![inner.clone()] }
                },
            )
            .collect()
    }

    fn page(name: &str) -> String {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn the_parser_is_sound() {
        Cli::command().debug_assert();
        assert!(leaves(&program()).len() > 80);
    }

    /// In the help of each command stands the command itself, as somebody would type it.
    #[test]
    fn every_command_has_an_example() {
        let mut without = Vec::new();
        for mut command in leaves(&program()) {
            let name = command.get_bin_name().unwrap().to_owned();
            let help = command.render_long_help().to_string();
            let (about, usage) = help.split_once("Usage: ").unwrap();
            let after = usage.split_once("Example: ").map_or("", |(_, after)| after);
            let name = name.split(" record ").next().unwrap().to_owned();
            let typed = |text: &str| {
                let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
                words.contains(&name) || (name == "ledger" && words.contains("ledger events"))
            };
            if !typed(about) && !typed(after) {
                without.push(name);
            }
        }
        assert!(without.is_empty(), "no example: {}", without.join(", "));
    }

    /// `ledger man --reference > docs/reference.md` makes it anew.
    #[test]
    fn the_reference_is_current() {
        let now = man::text(&program());
        assert!(now == page("reference.md"), "run `ledger man --reference > docs/reference.md`");
    }

    /// The table of contents of `docs/commands.md` leaves no command out.
    #[test]
    fn the_table_names_every_command() {
        let text = page("commands.md");
        let output = page("output.md");
        let mut missing = Vec::new();
        for command in leaves(&program()) {
            let words: Vec<String> =
                command.get_bin_name().unwrap().split(' ').skip(1).map(str::to_owned).collect();
            // each type of event goes with its command
            let words = if words[0] == "record" { vec![words[0].clone()] } else { words };
            let (first, last) = (words.first().unwrap(), words.last().unwrap());
            let rows = text.lines().filter(|line| line.starts_with("| `"));
            let named = |row: &str| {
                let cell = row.split(" | ").next().unwrap_or_default();
                let words: Vec<&str> =
                    cell.split(|c: char| !(c.is_alphanumeric() || c == '-')).collect();
                words.contains(&first.as_str()) && words.contains(&last.as_str())
            };
            if !rows.clone().any(named) {
                missing.push(words.join(" "));
            }
            if !output.contains(&format!("`{first}")) && !output.contains(&format!(" {last}`")) {
                missing.push(format!("{} (output)", words.join(" ")));
            }
        }
        assert!(missing.is_empty(), "not in the pages: {}", missing.join(", "));
    }
}
