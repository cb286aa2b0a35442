//! `ledger record`

use std::path::PathBuf;

use clap::Args;
use ledger_core::json::Value;
use ledger_core::ledger::Submission;

use crate::attachments::Attachment;
use crate::awaited::Wanted;
use crate::context::Context;
use crate::drafts::{self, Draft};
use crate::failure::{Answer, Failure, Result};
use crate::hook::ci::Pipeline;
use crate::hook::fields::{Typed, find, put};
use crate::hook::{Hook, Next, Options, Told};
use crate::output::talk;
use crate::{clock, delivery, keys};

/// Record an event from a pipeline: one line, and it never breaks a deployment
///
/// Signs the event, writes it durably to the spool in `.ledger`, and delivers it. If the ledger is away
/// the event waits, with status 0 and a line on standard error. The run, the commit and who set it going
/// are taken from a list of variables of GitHub Actions, GitLab CI, Jenkins, Azure Pipelines and Bitbucket,
/// else from `.git`. The events of one job are one stream; `ledger close` ends it.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger record deployment.finished --deployment d-118 --service payments --environment production --outcome succeeded",
    subcommand_value_name = "TYPE",
    subcommand_help_heading = "Types",
    override_usage = "ledger record [OPTIONS] TYPE [--FIELD VALUE]...\n       ledger record [OPTIONS] --from FILE"
)]
pub(crate) struct Record {
    #[command(flatten)]
    options: Options,
    /// Record the events of this file instead, as `ledger append` takes them; `-` is standard input
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// A further subject reference, like `change=PAY-42`
    #[arg(long, global = true, value_name = "NAME=ID")]
    subject: Vec<String>,
    /// Who acted; else the pipeline, on behalf of whoever set it going
    #[arg(long, global = true, value_name = "ISSUER:ID")]
    actor: Option<String>,
    /// What acted: `human`, `service`, `bot`, `system`, `unknown`
    #[arg(long, global = true, value_name = "KIND", default_value = "service")]
    actor_kind: String,
    /// When it happened, like 2026-09-30T23:59:59.000000Z; else now
    #[arg(long, global = true, value_name = "TIME")]
    occurred_at: Option<String>,
    /// Attach this file; it waits beside the spool while the ledger is away
    #[arg(long, global = true, value_name = "FILE")]
    attach: Vec<PathBuf>,
    /// As --attach, encrypted first: it names persons
    #[arg(long, global = true, value_name = "FILE")]
    attach_private: Vec<PathBuf>,
    #[command(flatten)]
    wanted: Wanted,
    /// Print the bytes that would be signed, and where each value came from; fail as the real run would
    #[arg(long, global = true)]
    dry_run: bool,
    #[command(subcommand)]
    typed: Option<Typed>,
}

/// Records.
pub(crate) fn run(args: &Record, context: &mut Context) -> Result<Answer> {
    let mut pipeline = None;
    let mut drafts = match (&args.typed, &args.from) {
        (Some(typed), None) => {
            let found = pipeline.insert(crate::hook::look()?);
            vec![draft(args, typed, found)?]
        }
        (None, Some(file)) => drafts::read_all(std::slice::from_ref(file), clock::now()?, false)?,
        (Some(_), Some(_)) => {
            return Err(Failure::new("usage", "a type and --from exclude each other")
                .hint("give fields of a type, or a file of whole events"));
        }
        (None, None) => {
            return Err(Failure::new("usage", "nothing to record: no type is named")
                .hint("`ledger events` lists the types; --from FILE records whole events"));
        }
    };
    let proof = args.wanted.file(drafts.len())?;
    let mut hook = Hook::begin(&args.options, context)?;
    let attachments = attach(args, &hook, &mut drafts)?;
    let next = Next::Drafts(&drafts);
    if args.dry_run {
        let events = hook.rehearse(&next)?;
        return show(&events, pipeline.as_ref().unwrap_or(&hook.pipeline), context);
    }
    hook.keep(&attachments, &next)?;
    let mut receipt = None;
    let told = hook.record(&next, |receipts| {
        receipt = receipts.first().copied();
        delivery::acknowledge(receipts, context)
    })?;
    // who waits for a proof is not content with the spool
    let answer = tell(told, hook.require_ack || proof.is_some(), context)?;
    if let (Some(file), Some(receipt)) = (proof, receipt) {
        args.wanted.write(&file, receipt, |receipt| hook.prove(receipt))?;
    }
    Ok(answer)
}

/// The files of the call, named by its event.
fn attach(args: &Record, hook: &Hook, drafts: &mut [Draft]) -> Result<Vec<Attachment>> {
    let plain = args.attach.iter().map(|file| (file, false));
    let files: Vec<_> = plain.chain(args.attach_private.iter().map(|file| (file, true))).collect();
    let mut attachments = Vec::with_capacity(files.len());
    for (file, private) in &files {
        attachments.push(hook.attachment(file, *private)?);
    }
    let named = || attachments.iter().map(|attachment| attachment.reference.clone());
    match drafts {
        _ if files.is_empty() => {}
        [draft] => {
            let members = draft.value.members_mut();
            let list = members.and_then(|members| {
                members.or_insert_with("attachments", || Value::List(Vec::new()))
            });
            if let Some(Value::List(items)) = list {
                items.extend(named());
            }
        }
        _ => {
            let count = drafts.len();
            let message = format!("files are attached to one event, not to {count}");
            return Err(Failure::new("usage", message)
                .hint("record the events one by one, or name the files with `ledger attach`"));
        }
    }
    Ok(attachments)
}

/// Says where an event is that is not in the ledger; its status is 0, or 6.
pub(crate) fn tell(told: Told, require_ack: bool, context: &mut Context) -> Result<Answer> {
    let failure = match told {
        Told::Recorded => return Ok(Answer::Yes),
        Told::Spooled(failure) => failure,
    };
    if failure.status() == 1 {
        talk("note: the event is safe in the spool");
        return Err(failure.exit(4));
    }
    context.out.object([("receipts", Value::List(Vec::new())), ("spooled", Value::Bool(true))])?;
    talk(format!("note: the event is safe in the spool, not in the ledger yet: {failure}"));
    Ok(if require_ack { Answer::Spooled } else { Answer::Yes })
}

/// The event from the options, completed from what the pipeline says.
fn draft(args: &Record, typed: &Typed, pipeline: &Pipeline) -> Result<Draft> {
    let mut draft = typed.draft()?;
    for reference in &args.subject {
        match reference.split_once('=') {
            Some((name, id)) if !name.is_empty() && !id.trim().is_empty() => {
                put(&mut draft, &format!("/subject/{name}"), Value::text(id));
            }
            _ => {
                return Err(Failure::new("field-value", format!("`{reference}` is not NAME=ID"))
                    .within("--subject")
                    .hint("an unset variable is no value: give one, or leave the option out"));
            }
        }
    }
    let at = match &args.occurred_at {
        Some(at) if at.is_empty() => {
            return Err(Failure::new("field-empty", "the value is empty")
                .within("--occurred-at")
                .hint("give a time, or leave the option out"));
        }
        Some(at) => at.clone(),
        None => clock::now()?.to_string(),
    };
    put(&mut draft, "/occurred_at", Value::text(at));
    fill(&mut draft, typed, pipeline);
    if typed.kind.actor {
        put(&mut draft, "/actor", actor(args, pipeline)?);
    }
    typed.complete(&draft)?;
    Ok(Draft { file: format!("`{}`", typed.kind.name), line: None, value: draft })
}

/// The fields that a pipeline can answer, where they were not given.
fn fill(draft: &mut Value, typed: &Typed, pipeline: &Pipeline) {
    let has = |name: &str| typed.kind.data.iter().any(|field| field.name == name);
    if let Some(run) = pipeline.run_id() {
        put(draft, "/subject/run", Value::text(&run.value));
        if has("run") {
            put(draft, "/data/run", Value::text(&run.value));
        }
    }
    if let Some(attempt) = pipeline.attempt.as_ref().and_then(|found| found.value.parse().ok())
        && has("attempt")
    {
        put(draft, "/data/attempt", Value::count(attempt));
    }
    if let Some(person) = pipeline.initiator()
        && has("initiator")
    {
        put(draft, "/data/initiator", person);
    }
    if let Some(commit) = &pipeline.commit
        && has("ref")
        && find(draft, "/data/ref").is_none()
    {
        put(draft, "/data/ref/kind", Value::text("commit"));
        put(draft, "/data/ref/value", Value::text(&commit.value));
    }
}

fn actor(args: &Record, pipeline: &Pipeline) -> Result<Value> {
    if let Some(actor) = &args.actor {
        let identity = keys::identity(actor).map_err(|failure| failure.within("--actor"))?;
        return Ok(Value::object([("id", identity), ("kind", Value::text(&args.actor_kind))]));
    }
    pipeline.actor().ok_or_else(|| {
        Failure::new("actor-unknown", "nothing says who acted")
            .hint("give --actor ISSUER:ID; in a pipeline its own variables say it")
    })
}

/// The exact bytes, and the origin of each value of the pipeline.
fn show(events: &[Submission], pipeline: &Pipeline, context: &mut Context) -> Result<Answer> {
    let text = |event: &Submission| String::from_utf8_lossy(&event.event).into_owned();
    let found = pipeline.all();
    context.out.object([
        (
            "context",
            Value::List(
                found
                    .iter()
                    .map(|(name, found)| {
                        Value::object([
                            ("name", Value::text(*name)),
                            ("origin", Value::text(found.origin)),
                            ("value", Value::text(&found.value)),
                        ])
                    })
                    .collect(),
            ),
        ),
        ("dry_run", Value::Bool(true)),
        ("events", Value::List(events.iter().map(|event| Value::text(text(event))).collect())),
    ])?;
    for event in events {
        context.out.line(text(event))?;
    }
    for (name, found) in found {
        talk(format!("note: {name} `{}` from {}", found.value, found.origin));
    }
    talk("note: nothing was recorded");
    Ok(Answer::Yes)
}
