//! `ledger import`

mod trail;
mod watch;

use std::path::PathBuf;

use clap::Args;
use ledger_core::json::Value;
use ledger_core::key::SigningKey;

use crate::context::Context;
use crate::delivery::{self, recovery};
use crate::failure::{Answer, Failure, Result};
use crate::import::{self, Given, SOURCES, Source};
use crate::importing::flow::Job;
use crate::importing::{self, Summary, input, is_unmapped};
use crate::keys::Key;
use crate::output::talk;
use crate::{keys, seen};

/// Import records of other systems
///
/// Each record becomes one or more events, by the documented shape of its SOURCE; what no mapping covers
/// becomes `external.recorded`. Every event cites its untouched original, which is kept encrypted for
/// the vault, and is signed by a key with `relay:SOURCE`. A record that was imported before is a
/// duplicate; another record under its id is kept as `source.conflicted`. What cannot be read is put
/// aside with its reason, and the rest goes on; the status is then 1.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger import github deliveries/ --key relay.pem")]
pub(crate) struct Import {
    /// Source of the records; without it, the sources are listed
    source: Option<String>,
    /// Files, folders of files, or `-` for standard input; gzip is unpacked
    #[arg(value_name = "FILE|DIR")]
    files: Vec<PathBuf>,
    /// Key file that signs; it needs `relay:SOURCE`
    #[arg(long = "key", value_name = "FILE")]
    keys: Vec<PathBuf>,
    /// Put unreadable records into this file; without it `FILE.quarantine.jsonl` beside each file
    #[arg(long, value_name = "FILE")]
    quarantine: Option<PathBuf>,
    /// What records of the source do not say themselves, like `artifact=sha256:…` for a report of tests
    #[arg(long = "given", value_name = "NAME=VALUE")]
    given: Vec<String>,
    /// Folder of PEM public keys and certificates (and of `trusted_root.json`) to verify signatures with:
    /// those of attestations, and of CloudTrail's digest files over the log files that are given
    #[arg(long, value_name = "DIR")]
    roots: Option<PathBuf>,
    /// Go on watching the folder: each file is imported once it no longer grows, and again only when it
    /// changed; what was imported is remembered in it, in `.ledger-imported`
    #[arg(long, conflicts_with_all = ["dry_run"])]
    watch: bool,
    /// With --watch: look every so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 2, requires = "watch")]
    every: u64,
    /// With --watch: end when nothing new came for so many seconds
    #[arg(long, value_name = "SECONDS", requires = "watch")]
    idle: Option<u64>,
    /// Only show the events, in the clear, one on each line; nothing is appended
    #[arg(long)]
    dry_run: bool,
}

/// Imports.
pub(crate) fn run(args: &Import, context: &mut Context) -> Result<Answer> {
    let Some(name) = &args.source else { return list(context) };
    let source = import::find(name).ok_or_else(|| {
        Failure::new("import-source", format!("there is no source `{name}`"))
            .hint("`ledger import` lists the sources")
    })?;
    let mut given = given(args)?;
    if args.watch {
        return watch::run(args, source, &given, context);
    }
    let mut files = input::files(&args.files)?;
    if judges_trail(args, source) {
        given = given.beside(trail::read(&mut files)?);
    }
    let job = Job { source, given: &given, files: &files, aside: args.quarantine.as_deref() };
    if args.dry_run {
        return dry_run(&job, context);
    }
    let keys = keys::load_all(&args.keys)?;
    let summary = import(&job, &keys, context)?;
    tell(&summary, context)?;
    Ok(answer(&summary))
}

/// Whether digest files are held against the log files that come with them.
fn judges_trail(args: &Import, source: &Source) -> bool {
    args.roots.is_some() && source.name == "aws-cloudtrail"
}

/// Imports the files of a job, durably.
fn import(job: &Job<'_>, keys: &[Key], context: &mut Context) -> Result<Summary> {
    let (folder, mut ledger, sight) = seen::open(context)?;
    recovery::record_all(&folder, &mut ledger, &sight, &keys::signers(keys))?;
    let mut summary = Summary::default();
    let done = importing::run(job, first(keys)?, (&mut ledger, &sight), &mut summary);
    // what was durable before a failure stands in any case
    delivery::remember(&folder, &ledger)?;
    done.map_err(|failure| folder.place(failure))?;
    sight.remember(&folder)?;
    delivery::tidy(&folder, &mut ledger)?;
    Ok(summary)
}

/// The key that signs thousands of events on all cores: one in a file.
fn first(keys: &[Key]) -> Result<&SigningKey> {
    match keys.first() {
        Some(Key::Secret(key)) => Ok(key),
        Some(Key::Agent(_)) => Err(Failure::new("key-agent", "an agent's key is too slow here")
            .hint("give the file of the connector's key")),
        None => Err(Failure::new("key-none", "no key to sign with")),
    }
}

fn answer(summary: &Summary) -> Answer {
    if summary.quarantined > 0 { Answer::No } else { Answer::Yes }
}

fn given(args: &Import) -> Result<Given> {
    let mut given = Given::parse(&args.given).map_err(|wrong| {
        let names: Vec<&str> = import::GIVEN.iter().map(|(name, _)| *name).collect();
        Failure::new("import-given", format!("`{wrong}` gives nothing that is known"))
            .hint(format!("write NAME=VALUE, each name once, of {}", names.join(", ")))
    })?;
    // sources are pure: what stands in a file is read here
    for name in ["keys", "mapping"] {
        let Some(path) = given.get(name).map(PathBuf::from) else { continue };
        let content = std::fs::read_to_string(&path).map_err(|error| {
            Failure::new("import-given", format!("cannot read `{}`: {error}", path.display()))
                .within(name)
        })?;
        given = given.with(name, content);
    }
    match &args.roots {
        Some(folder) => Ok(given.with("roots", trail::roots(folder)?)),
        None => Ok(given),
    }
}

/// Shows what would be appended.
fn dry_run(job: &Job<'_>, context: &mut Context) -> Result<Answer> {
    let mut summary = Summary::default();
    let counts = job.read(|records| {
        for record in records {
            if is_unmapped(&record.events) {
                summary.unmapped += 1;
            } else {
                summary.recorded += 1;
            }
            for event in record.events {
                let mut value = event.value;
                if let Some(attached) = event.attached {
                    // the list is shown in the clear, as the rest of the event is
                    value.insert("attached".to_owned(), Value::text(attached.lines()));
                }
                value.insert("source".to_owned(), Value::text(job.source.name));
                value.insert("source_id".to_owned(), Value::text(event.source_id));
                value.insert("ordinal".to_owned(), Value::count(event.ordinal));
                let line = Value::Object(value);
                context.out.line(line.to_canonical())?;
                context.out.document(&line)?;
            }
        }
        Ok(())
    })?;
    summary.take(counts);
    talk(summary.line());
    Ok(answer(&summary))
}

fn list(context: &mut Context) -> Result<Answer> {
    let out = &mut context.out;
    let value = |source: &Source| {
        Value::object([("name", Value::text(source.name)), ("reads", Value::text(source.reads))])
    };
    out.object([("sources", Value::List(SOURCES.iter().map(value).collect()))])?;
    let width = SOURCES.iter().map(|source| source.name.len()).max().unwrap_or_default();
    for source in SOURCES {
        out.line(format!("{:<width$}  {}", source.name, source.reads))?;
    }
    Ok(Answer::Yes)
}

fn tell(summary: &Summary, context: &mut Context) -> Result<()> {
    let out = &mut context.out;
    out.value(&summary.value())?;
    out.line(summary.line())?;
    out.flush()
}
