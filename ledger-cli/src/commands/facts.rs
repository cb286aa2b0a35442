//! `ledger facts`

use clap::{Args, ValueEnum};
use ledger_core::check::span;
use ledger_core::fact::dossier::{Dossier, Line, Thing};
use ledger_core::time::Timestamp;

use crate::asked;
use crate::commands::owner;
use crate::context::Context;
use crate::failure::{Answer, Result};
use crate::output::Out;

/// An entry that was recorded this much later than it happened is pointed out.
const LATE: u64 = 5 * 60 * 1_000_000;
/// Characters of a pseudonym that are shown; all of them stand in the JSON.
const NAME: usize = 10;

/// Show everything the ledger has about one thing, as a timeline
///
/// Follows what entries name: from a change to its artifacts, from these to their deployments, from these
/// to their incidents. Each line says what its entry says, and by whom; in the end stands what is missing.
/// Persons are pseudonyms: `ledger person reveal` names them, on record.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger facts deployment d-118")]
pub(crate) struct Facts {
    /// What kind of thing
    #[arg(value_name = "KIND")]
    kind: Kind,
    /// Its id; a digest sha256:HEX for an artifact, a pseudonym or ISSUER:ID for a person
    #[arg(value_name = "ID")]
    id: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Deployment,
    Change,
    Artifact,
    Person,
}

/// Shows it.
pub(crate) fn run(args: &Facts, context: &mut Context) -> Result<Answer> {
    let (_, ledger) = context.open()?;
    let thing = match args.kind {
        Kind::Deployment => asked::thing("deployment", &args.id)?,
        Kind::Change => asked::thing("change", &args.id)?,
        Kind::Artifact => asked::thing("artifact", &args.id)?,
        Kind::Person => Thing::Person(owner::person(&ledger, &args.id)?),
    };
    let dossier = Dossier::of(&ledger, thing)?;
    context.out.document(&dossier.to_json())?;
    print(&dossier, &mut context.out)?;
    Ok(Answer::Yes)
}

fn print(dossier: &Dossier, out: &mut Out) -> Result<()> {
    let (word, id) = (dossier.thing.word(), dossier.thing.id());
    out.line(format!("{word} {id}: {} of {} entries\n", dossier.lines.len(), dossier.size))?;
    // in the order in which things happened, whenever they were recorded
    let mut lines: Vec<&Line> = dossier.lines.iter().collect();
    lines.sort_by_key(|line| (line.at.occurred, line.at.index));
    let kind = lines.iter().map(|line| line.kind.len()).max().unwrap_or(0);
    let index = dossier.size.to_string().len().max(5);
    out.line(format!(
        "{:<20}  {:>index$}  {:<NAME$}  {:<kind$}  says",
        "when", "entry", "who", "type"
    ))?;
    for line in lines {
        let who = line.by().map(|who| who.to_string());
        let who = who.as_deref().and_then(|who| who.get(..NAME)).unwrap_or("-");
        let (when, entry) = (second(line.at.occurred), line.at.index);
        let says = says(line);
        out.line(format!(
            "{when:<20}  {entry:>index$}  {who:<NAME$}  {:<kind$}  {says}",
            line.kind
        ))?;
    }
    for (title, texts) in [("missing", &dossier.missing), ("not looked at", &dossier.beyond)] {
        if !texts.is_empty() {
            out.line(format!("\n{title}"))?;
        }
        for text in texts {
            out.line(format!("  {text}"))?;
        }
    }
    Ok(())
}

/// What it says, and what is to be known about that.
fn says(line: &Line) -> String {
    let mut text = line.words.clone();
    if line.at.relayed {
        text.push_str("  (imported)");
    }
    if line.at.lag() > LATE {
        text.extend(["  (recorded ", &span(line.at.lag()), " later)"]);
    }
    if let Some(doubt) = &line.doubt {
        text.extend(["  ▲ no evidence: ", &doubt.why, " [", doubt.code, "]"]);
    }
    text
}

/// A time to the second.
fn second(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(..19).map_or_else(String::new, |second| format!("{second}Z"))
}
