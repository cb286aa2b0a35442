//! `ledger review decide`

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use clap::Args;
use ledger_core::json::Value;
use ledger_core::review::ruling::{Bench, Draft, Ruled, Ruling};
use ledger_core::schema::review::CertifyDecision;
use ledger_core::time::Timestamp;

use super::room::{self, Limits, MOST};
use super::session;
use crate::approval;
use crate::commands::speaker::{By, Speaker};
use crate::consent::{self, Question};
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::import::Table;
use crate::{files, frozen};

/// Decide on the items of a review that wait for you, with your own key
///
/// In a terminal one after the other; from a file many at once: CSV with the columns `item`, `decision`
/// (`certify`, `revoke`, `modify`) and `comment`. A comment is owed for what is taken away, for privileged
/// access that stays, and against what was suggested. All are signed, or none. What was decided the same
/// before is left as it is.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger review decide uar-2026-q4 --from decisions.csv --as hr:1042 --key ada.pem"
)]
pub(crate) struct Decide {
    /// The review
    campaign: String,
    /// File of decisions, CSV; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "item")]
    from: Option<PathBuf>,
    /// One item
    #[arg(long, value_name = "ID", requires = "decision")]
    item: Option<String>,
    /// What is decided about it
    #[arg(long, value_name = "WORD", requires = "item", value_parser = decision)]
    decision: Option<CertifyDecision>,
    /// Why
    #[arg(long, value_name = "TEXT", requires = "item")]
    comment: Option<String>,
    /// Do not ask; needed where nobody can be asked
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    by: By,
}

fn decision(text: &str) -> std::result::Result<CertifyDecision, String> {
    CertifyDecision::parse(text).ok_or_else(|| "`certify`, `revoke` or `modify`".to_owned())
}

/// Reads or asks, rules on each, and signs.
pub(super) fn run(args: &Decide, context: &mut Context) -> Result<Answer> {
    let campaign = room::id("CAMPAIGN", &args.campaign)?;
    let speaker = Speaker::begin(&args.by, context)?;
    let room = args.limits.room(&speaker.ledger)?;
    let blobs = room.blobs();
    let desk = room.desk(&blobs);
    let standing = frozen::standing(&desk, campaign, &speaker.ledger)?;
    let mut bench =
        Bench::of(&desk, &standing, speaker.who).map_err(|error| Failure::by_law(&error))?;
    let drafts = match (&args.from, &args.item, args.decision) {
        (Some(file), ..) => read(file, room.now)?,
        (None, Some(item), Some(decision)) => {
            let comment = args.comment.clone();
            vec![Draft { item: item.clone(), decision, comment, at: room.now }]
        }
        _ if std::io::stdin().is_terminal() => {
            let ruled = session::ask(&standing, &mut bench)?;
            return sign(campaign, ruled, 0, speaker, context);
        }
        _ => {
            return Err(Failure::new("decide-unasked", "nobody can be asked what is decided")
                .hint("give --from FILE, or --item and --decision"));
        }
    };
    let (ruled, known) = rule(&mut bench, drafts, room.now)?;
    agreed(&ruled, args.yes, context)?;
    sign(campaign, ruled, known, speaker, context)
}

/// Rules on all of them: one that does not count keeps the others out.
pub(super) fn rule(
    bench: &mut Bench<'_, '_>,
    drafts: Vec<Draft>,
    now: Timestamp,
) -> Result<(Vec<Ruled>, u64)> {
    let (mut ruled, mut known) = (Vec::new(), 0);
    let mut twice = std::collections::BTreeSet::new();
    for draft in drafts {
        if !twice.insert(draft.item.clone()) {
            return Err(Failure::new(
                "decide-twice",
                format!("item `{}` stands twice", draft.item),
            ));
        }
        match bench.rule(draft, now).map_err(|error| Failure::by_law(&error))? {
            Ruling::Counts(one) => ruled.push(one),
            Ruling::Known => known += 1,
        }
    }
    Ok((ruled, known))
}

fn read(file: &Path, now: Timestamp) -> Result<Vec<Draft>> {
    let place = |failure: Failure| failure.within(files::shown(file));
    let bytes = files::read_input(file)?;
    let table =
        Table::read(&bytes).map_err(|reason| place(Failure::new(reason.code, reason.message)))?;
    for name in ["item", "decision"] {
        if !table.has(name) {
            let message = format!("the file has no column `{name}`");
            return Err(place(Failure::new("decide-column", message))
                .hint("its columns are item, decision and comment"));
        }
    }
    let mut drafts = Vec::new();
    for (number, row) in table.rows.iter().enumerate() {
        let cell = |name: &str| table.cell(row, name).map(str::to_owned);
        let wrong =
            |message: String| place(Failure::new("decide-row", message).in_line(number + 2));
        let item = cell("item").ok_or_else(|| wrong("no item is named".to_owned()))?;
        // what is not decided yet stays open
        let Some(word) = cell("decision") else { continue };
        let decision = CertifyDecision::parse(&word)
            .ok_or_else(|| wrong(format!("`{word}` is no decision")))?;
        drafts.push(Draft { item, decision, comment: cell("comment"), at: now });
    }
    if drafts.is_empty() {
        return Err(place(Failure::new("decide-empty", "the file decides nothing")));
    }
    Ok(drafts)
}

/// Shows what is to be signed and asks whether it may be, unless that was said before; codes
/// `decide-unasked`, `decide-declined`.
pub(super) fn agreed(ruled: &[Ruled], yes: bool, context: &mut Context) -> Result<()> {
    if yes || ruled.is_empty() {
        return Ok(());
    }
    show(ruled, context)?;
    consent::ask(&Question {
        text: format!("sign {} decisions?", ruled.len()),
        unasked: "decide-unasked",
        declined: "decide-declined",
        hint: "read what is decided, then say --yes",
    })
}

fn show(ruled: &[Ruled], context: &mut Context) -> Result<()> {
    let count =
        |word: CertifyDecision| ruled.iter().filter(|one| one.draft.decision == word).count();
    context.out.line(format!(
        "{} certify, {} revoke, {} modify; {} against what was suggested",
        count(CertifyDecision::Certify),
        count(CertifyDecision::Revoke),
        count(CertifyDecision::Modify),
        ruled.iter().filter(|one| one.is_override).count()
    ))?;
    context.out.flush()
}

/// Signs what was ruled on, as few events as it takes.
pub(super) fn sign(
    campaign: &str,
    mut ruled: Vec<Ruled>,
    known: u64,
    mut speaker: Speaker,
    context: &mut Context,
) -> Result<Answer> {
    ruled.sort_by_key(|one| one.stage);
    let mut drafts = Vec::new();
    for stage in ruled.chunk_by(|a, b| a.stage == b.stage) {
        for some in stage.chunks(MOST) {
            drafts.push(event(campaign, some, &speaker));
        }
    }
    let more = vec![("decided", Value::count(ruled.len() as u64)), ("known", Value::count(known))];
    let receipts =
        if drafts.is_empty() { Vec::new() } else { speaker.record(&drafts, "review")? };
    room::told(&receipts, more, context)?;
    context.out.line(format!("{} decided, {known} were decided so before", ruled.len()))?;
    speaker.done()
}

fn event(campaign: &str, some: &[Ruled], speaker: &Speaker) -> Value {
    let item = |one: &Ruled| {
        let draft = &one.draft;
        let mut members = vec![
            ("decided_at", Value::text(draft.at.to_string())),
            ("decision", Value::text(draft.decision.as_str())),
            ("item", Value::text(&draft.item)),
            ("override", Value::Bool(one.is_override)),
            ("recommendation", Value::text(one.recommendation.as_str())),
        ];
        members.extend(draft.comment.as_ref().map(|text| ("comment", Value::text(text))));
        Value::object(members)
    };
    let data = vec![
        ("items", Value::List(some.iter().map(item).collect())),
        ("reviewer", speaker.person.clone()),
        ("stage", Value::count(some.first().map_or(1, |one| one.stage))),
    ];
    let actor = approval::actor(&speaker.person);
    // not before the last of its decisions
    let at = some.iter().map(|one| one.draft.at).fold(speaker.now, Timestamp::max);
    room::draft("campaign.decided", campaign, &actor, at, data)
}
