//! `ledger risk`

use clap::{Args, Subcommand};
use ledger_core::control::Catalogue;
use ledger_core::encoding::hex;
use ledger_core::exception::{Acceptance, Life, may_accept};
use ledger_core::hash::Sha256;
use ledger_core::json::Value;
use ledger_core::schema::words::{Risk as Level, Severity};

use crate::approval;
use crate::commands::exception::{About, Over, facts};
use crate::commands::owner;
use crate::commands::speaker::{By, Said, Speaker, filled};
use crate::consent::{self, Question};
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::keys;
use crate::output::talk;

/// Accept the risk of an exception, for a time
#[derive(Subcommand, Debug)]
pub(crate) enum Risk {
    Accept(Accept),
}

/// Accept the risk of an exception until a time
///
/// Shows what is accepted, asks, and signs with the person's own key (`approve`). An evaluation counts it
/// where the level covers the exception and whoever accepts is surely another person than who answers
/// for it; a risk of severity high or critical also needs a role that may. What is accepted stays a
/// finding: it is shown as waived.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger risk accept x-41d2c7a9e0b35f6841d2c7a9e0b35f68 --level medium --until P90D --answers hr:2203 --compensating SOX-CM-03 --reason 'the vendor fixes it in August' --as hr:1042 --key ada.pem"
)]
pub(crate) struct Accept {
    /// The exception
    exception: String,
    /// How much is accepted: `low`, `medium`, `high`, `critical`
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    level: Level,
    /// Until when: a time, or a duration from now on; a year at most
    #[arg(long, value_name = "TIME")]
    until: String,
    /// Who answers for it
    #[arg(long, value_name = "ISSUER:ID")]
    answers: String,
    /// A control that stands in; once for each
    #[arg(long, value_name = "CONTROL", required = true)]
    compensating: Vec<String>,
    /// Why, in words; sealed
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Do not ask; needed where nobody can be asked
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    over: Over,
    #[command(flatten)]
    by: By,
}

fn level(text: &str) -> std::result::Result<Level, String> {
    Level::parse(text).ok_or_else(|| "`low`, `medium`, `high` or `critical`".to_owned())
}

/// Does what the subcommand says.
pub(crate) fn run(args: &Risk, context: &mut Context) -> Result<Answer> {
    let Risk::Accept(args) = args;
    let until = approval::moment("--until", &args.until)?;
    let person = keys::identity(&args.answers).map_err(|failure| failure.within("--answers"))?;
    let reason = filled("--reason", &args.reason)?;
    let catalogue = Catalogue::shipped()?;
    if let Some(id) = args.compensating.iter().find(|id| catalogue.control(id).is_none()) {
        return Err(Failure::new("control", format!("there is no control `{id}`"))
            .within("--compensating")
            .hint("`ledger controls list` has all of them"));
    }
    let speaker = Speaker::begin(&args.by, context)?;
    let facts = facts(&speaker.ledger, Some(&args.exception))?;
    let about = About::of(&args.exception, &args.over, &facts, context)?;
    let wanted = Acceptance {
        approver: speaker.who,
        person: owner::person(&speaker.ledger, &args.answers).ok(),
        level: args.level,
        grade: about.severity,
        until,
    };
    let life = Life::of(&facts, &args.exception);
    may_accept(&wanted, life.as_ref(), &facts, speaker.now)
        .map_err(|error| Failure::by_law(&error))?;
    if matches!(about.severity, Severity::Sev1 | Severity::Sev2) {
        talk(
            "note: this counts only in a role that may accept it, as `person.changed` says at this time",
        );
    }
    show(args, &about, &until.to_string(), context)?;
    if !args.yes {
        consent::ask(&Question {
            text: format!("accept the risk of `{}`?", args.exception),
            unasked: "risk-unasked",
            declined: "risk-declined",
            hint: "read what is shown, then say --yes",
        })?;
    }
    let parts = [args.exception.clone(), speaker.who.to_string(), speaker.now.to_string()];
    let digest = hex(&Sha256::of(parts.join("\n").as_bytes()).0);
    let id = format!("risk-{}", digest.chars().take(20).collect::<String>());
    let controls = args.compensating.iter().map(Value::text).collect();
    let said = Said {
        kind: "risk.accepted",
        subject: ("risk", &id),
        data: vec![
            ("approver", speaker.person.clone()),
            ("controls", Value::List(controls)),
            ("exception", Value::text(&args.exception)),
            ("expires_at", Value::text(until.to_string())),
            ("level", Value::text(args.level.as_str())),
            ("person", person),
            ("reason", Value::text(reason)),
        ],
        attachments: Vec::new(),
        told: Vec::new(),
    };
    speaker.say(said, context)
}

/// All that is accepted, line by line; nothing with `--json`.
fn show(args: &Accept, about: &About, until: &str, context: &mut Context) -> Result<()> {
    let out = &mut context.out;
    for (name, text) in [
        ("accept", args.exception.as_str()),
        ("severity", about.severity.as_str()),
        ("level", args.level.as_str()),
        ("until", until),
        ("answers", &args.answers),
        ("stands in", &args.compensating.join(", ")),
        ("reason", &args.reason),
    ] {
        out.line(format!("{name:<12} {text}"))?;
    }
    out.flush()
}
