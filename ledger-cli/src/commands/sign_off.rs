//! `ledger sign-off`

use std::path::PathBuf;

use clap::Args;
use ledger_core::encoding::hex;
use ledger_core::fact::{Facts, Read};
use ledger_core::hash::Sha256;
use ledger_core::index::Kind;
use ledger_core::json::Value;
use ledger_core::report::Made;
use ledger_core::{blob, event};

use crate::commands::speaker::{By, Said, Speaker, attached, filled};
use crate::consent::{self, Question};
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::files;
use crate::output::talk;

/// Sign a statement about a report, by its digest
///
/// Shows the statement and the digest of the report, asks, and signs with the person's own key
/// (`sign_off`). The report itself is not changed. Without --statement the words are those of the
/// role, and lie with the ledger; a statement of one's own is kept by whoever wrote it.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger sign-off q3/report.json --role control_owner --as hr:1042 --key ada.pem"
)]
pub(crate) struct SignOff {
    /// The report, `report.json` as it was made
    report: PathBuf,
    /// In which role, like `control_owner`
    #[arg(long, value_name = "ID")]
    role: String,
    /// File of the statement, UTF-8
    #[arg(long, value_name = "FILE")]
    statement: Option<PathBuf>,
    /// Do not ask; needed where nobody can be asked
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    by: By,
}

/// Signs.
pub(crate) fn run(args: &SignOff, context: &mut Context) -> Result<Answer> {
    let role = filled("--role", &args.role)?;
    if !event::is_id(role) {
        return Err(Failure::new("field-value", format!("`{role}` names no role"))
            .within("--role")
            .hint("like control_owner, system_owner or compliance_officer"));
    }
    let made = Made::read(&files::read(&args.report)?)
        .map_err(|error| Failure::from(error).within(files::shown(&args.report)))?;
    let digest = made.digest.to_reference();
    let statement = statement(args, &digest)?;
    let speaker = Speaker::begin(&args.by, context)?;
    let issued = issued(&speaker, &digest)?;
    let out = &mut context.out;
    out.line(format!("report       {}", args.report.display()))?;
    out.line(format!("digest       {digest}"))?;
    out.line(format!("issued       {issued}"))?;
    out.line(format!("role         {role}"))?;
    for (number, line) in statement.lines().enumerate() {
        out.line(format!("{:<12} {line}", if number == 0 { "statement" } else { "" }))?;
    }
    out.flush()?;
    if !args.yes {
        consent::ask(&Question {
            text: "sign this statement?".to_owned(),
            unasked: "sign-off-unasked",
            declined: "sign-off-declined",
            hint: "read the statement, then say --yes",
        })?;
    }
    let mut attachments = Vec::new();
    let text_digest = Sha256::of(statement.as_bytes()).to_reference();
    if args.statement.is_none() {
        // if we stop after this, a file is left that no entry names
        let digest = blob::put(&**speaker.ledger.store(), statement.as_bytes())?;
        attachments.push(attached(&digest, "statement.txt", "text/plain", statement.len()));
    } else {
        talk("note: keep the statement: the ledger has its digest only");
    }
    let parts = [digest.as_str(), &text_digest, role, &speaker.who.to_string()].join("\n");
    let name: String = hex(&Sha256::of(parts.as_bytes()).0).chars().take(20).collect();
    let said = Said {
        kind: "attestation.signed",
        subject: ("statement", &format!("st-{name}")),
        data: vec![
            ("digest", Value::text(&digest)),
            ("of", Value::text("report")),
            ("role", Value::text(role)),
            ("signer", speaker.person.clone()),
            ("text_digest", Value::text(text_digest)),
        ],
        attachments,
        told: Vec::new(),
    };
    speaker.say(said, context)
}

/// What is signed: the words of the file, or those of the role.
fn statement(args: &SignOff, digest: &str) -> Result<String> {
    let Some(file) = &args.statement else {
        return Ok(format!(
            "In the role {} I have read the report with the digest {digest}. To my knowledge it says what the \
             evidence in the ledger says for its period and scope, and the exceptions, limits and open points \
             that I know of stand in it.\n",
            args.role
        ));
    };
    let text = String::from_utf8(files::read(file)?)
        .map_err(|_| Failure::new("text", "it is not UTF-8").within(files::shown(file)))?;
    filled("--statement", &text).map(str::to_owned)
}

/// Whether an entry says that this report was issued, and whether a newer one takes its place.
fn issued(speaker: &Speaker, digest: &str) -> Result<String> {
    let ledger = &speaker.ledger;
    let mut indexes: Vec<u64> = ledger
        .find(Kind::Type, "report.issued", usize::MAX)?
        .iter()
        .map(|found| found.index)
        .collect();
    indexes.sort_unstable();
    let read = indexes.into_iter().map(|index| ledger.entry(index, Read::of));
    let facts = Facts::from_read(read.collect::<std::result::Result<Vec<_>, _>>()?);
    let all = facts.report_issued.all();
    let Some(known) = all.iter().rev().find(|row| row.digest.to_reference() == digest) else {
        return Ok("no entry says that it was issued".to_owned());
    };
    let id = known.subject.get(ledger_core::schema::words::Reference::Report);
    let newer = all
        .iter()
        .find(|row| row.at.index > known.at.index && row.supersedes.as_ref() == id && id.is_some());
    if let Some(newer) = newer {
        let message = format!("entry {} put another report in its place", newer.at.index);
        return Err(Failure::refused("report-superseded", message).hint("sign the newer one"));
    }
    Ok(format!("by entry {}", known.at.index))
}
