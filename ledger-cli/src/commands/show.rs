//! `ledger show`

use std::collections::BTreeMap;

use clap::Args;
use ledger_core::custody::erased_by;
use ledger_core::dsse::Envelope;
use ledger_core::entry::Entry;
use ledger_core::json::{Document, Names, Object, Value};
use ledger_core::ledger::Ledger;
use ledger_core::trust::{Holder, Judgement, KEY_EVENTS};
use ledger_core::vault::persons::Pseudonym;

use crate::context::Context;
use crate::failure::{Answer, Result};
use crate::output::pretty;

/// Show one entry
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger show last")]
pub(crate) struct Show {
    /// Index of the entry, from 0; or `last`
    #[arg(value_name = "INDEX|last", value_parser = which)]
    index: Which,
    /// Print the entry's line exactly as it stands in the log
    #[arg(long)]
    raw: bool,
    /// Print the event and its signatures as an envelope that other tools check (DSSE)
    #[arg(long, conflicts_with = "raw")]
    dsse: bool,
}

/// The entry that is asked for.
#[derive(Clone, Copy, Debug)]
enum Which {
    Index(u64),
    Last,
}

fn which(text: &str) -> std::result::Result<Which, String> {
    if text == "last" {
        return Ok(Which::Last);
    }
    text.parse().map(Which::Index).map_err(|_| "an index from 0, or `last`".to_owned())
}

/// Shows the entry.
pub(crate) fn run(args: &Show, context: &mut Context) -> Result<Answer> {
    let (_, ledger) = context.open()?;
    let index = match args.index {
        Which::Index(index) => index,
        // there is always an entry 0
        Which::Last => ledger.size().saturating_sub(1),
    };
    if args.raw {
        let mut line = ledger.line(index)?;
        line.push(b'\n');
        context.out.bytes(&line)?;
        return Ok(Answer::Yes);
    }
    if args.dsse {
        let envelope = ledger.entry(index, |entry| Envelope {
            event: entry.event.bytes().to_vec(),
            signatures: entry.signatures.clone(),
            disclosures: Vec::new(),
        })?;
        context.out.bytes(envelope.encode().as_bytes())?;
        return Ok(Answer::Yes);
    }
    // an entry that changes keys is judged by the keys before it
    let key_event = ledger.entry(index, |entry| KEY_EVENTS.contains(&entry.event.kind))?;
    let before = if key_event { Some(ledger.registry_at(index)?) } else { None };
    let registry = before.as_ref().unwrap_or(ledger.registry());
    let erased = erased_by(&ledger)?;
    let out = &mut context.out;
    ledger.entry(index, |entry| {
        // by the keys as they stood; in doubt by all that is known now
        let judged = match registry.judgement(entry) {
            Judgement::Valid => ledger.registry().doubt(entry),
            Judgement::Refused(error) if error.code() == "key-unknown" => {
                let later = ledger.registry();
                let early = later.early(index, &entry.event.signers, error.message());
                Judgement::Refused(early.unwrap_or(error))
            }
            judged => judged,
        };
        if out.json() {
            let mut members = vec![
                ("entry", value(entry)?),
                ("hash", Value::text(entry.hash().to_base64())),
                ("judgement", judgement(&judged)),
            ];
            members.extend(gone(entry, &erased).map(|gone| ("erased", gone)));
            return out.value(&Value::object(members));
        }
        for line in lines(&ledger, entry, &erased) {
            out.line(line)?;
        }
        out.line(format!("judged       {}", in_words(&judged)))?;
        out.line(format!("event        {}", pretty(&Value::from(entry.event.root))))
    })??;
    Ok(Answer::Yes)
}

/// The whole entry, as it stands in its line.
fn value(entry: &Entry<'_>) -> Result<Value> {
    let mut document = Document::default();
    Ok(document.parse(entry.line, Names::Entry).map(Value::from)?)
}

/// The persons of the entry who were erased, each with the entry that did; none when nobody was.
fn gone(entry: &Entry<'_>, erased: &BTreeMap<Pseudonym, u64>) -> Option<Value> {
    let gone: Object = entry
        .persons
        .iter()
        .filter_map(|(_, name)| Some((name.to_string(), Value::count(*erased.get(name)?))))
        .collect();
    (!gone.is_empty()).then_some(Value::Object(gone))
}

/// The verdict on its keys, for machines.
fn judgement(judged: &Judgement) -> Value {
    let text = |name: &'static str, text: &str| (name, Value::text(text));
    Value::object(match judged {
        Judgement::Valid => vec![text("verdict", "valid")],
        Judgement::Suspect(key, suspicion) => vec![
            text("key", &key.to_string()),
            ("reported", Value::count(suspicion.by)),
            ("suspect_from", Value::count(suspicion.from)),
            text("verdict", "suspect"),
        ],
        Judgement::Refused(error) => vec![
            text("code", error.code()),
            text("message", error.message()),
            text("verdict", "refused"),
        ],
    })
}

fn in_words(judged: &Judgement) -> String {
    match judged {
        Judgement::Valid => "its keys could say this, here".to_owned(),
        Judgement::Suspect(key, suspicion) => format!(
            "suspect: key {key} was reported compromised by entry {}, from entry {} on",
            suspicion.by, suspicion.from
        ),
        Judgement::Refused(error) => format!("it does not hold: {error} [{}]", error.code()),
    }
}

fn lines(ledger: &Ledger, entry: &Entry<'_>, erased: &BTreeMap<Pseudonym, u64>) -> Vec<String> {
    let event = &entry.event;
    let mut lines = vec![
        format!("entry        {}", entry.index),
        format!("hash         {}", entry.hash().to_base64()),
        format!("chain        {}", entry.chain.to_base64()),
        format!("recorded at  {}", entry.recorded_at),
        format!("type         {}", event.kind),
        format!("stream       {} at {}", event.stream.name, event.seq),
    ];
    for signature in &entry.signatures {
        let holder = ledger.registry().get(&signature.key).map(|record| match &record.holder {
            Holder::Person(person) => format!("  person {person}"),
            Holder::Service(service) => format!("  service {service}"),
        });
        lines.push(format!("signed by    {}{}", signature.key, holder.unwrap_or_default()));
    }
    for (pointer, person) in &entry.persons {
        let gone = erased.get(person).map(|entry| format!("  erased by entry {entry}"));
        lines.push(format!("person       {person}  {pointer}{}", gone.unwrap_or_default()));
    }
    lines
}
