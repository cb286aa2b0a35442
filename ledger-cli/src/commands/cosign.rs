//! `ledger cosign`

use std::path::PathBuf;

use clap::Args;
use ledger_core::capability::Capability;
use ledger_core::dsse::Envelope;
use ledger_core::event::Event;
use ledger_core::json::{self, Document, Value};
use ledger_core::key::{KeyId, PublicKey};
use ledger_core::schema;
use ledger_core::seal::{self, Scope};
use ledger_core::trust;

use crate::collect;
use crate::consent::{self, Question};
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::{files, keys};

/// Show an envelope that must be signed by several, and add a signature
///
/// Everything that is signed is shown first, in plain words: the type, the subject, every field with
/// its sealed values opened, what capabilities mean, and who has signed. Without a key that is all. An
/// envelope whose sealed values are not beside it is not signed: nobody signs what they cannot read.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger cosign ci.dsse --key bob.pem")]
pub(crate) struct Cosign {
    /// The envelope; the signature is added to it
    file: PathBuf,
    /// Key that signs, a file or agent:SHA256:…
    #[arg(long, value_name = "KEY")]
    key: Option<PathBuf>,
    /// Sign without being asked; needed where nobody can be asked
    #[arg(long, requires = "key")]
    yes: bool,
}

/// Shows, asks, signs.
pub(crate) fn run(args: &Cosign, context: &mut Context) -> Result<Answer> {
    let place = |failure: Failure| failure.within(files::shown(&args.file));
    let bytes = files::read(&args.file)?;
    let mut envelope = Envelope::parse(&bytes).map_err(|error| place(error.into()))?;
    let key = args.key.as_deref().map(keys::load).transpose()?;
    let lines = describe(&envelope, context).map_err(place)?;
    for line in &lines {
        context.out.line(line)?;
    }
    let Some(key) = key else {
        return collect::state(&envelope, &args.file, context);
    };
    context.out.flush()?;
    if !args.yes {
        consent::ask(&Question {
            text: "sign this?".to_owned(),
            unasked: "cosign-unasked",
            declined: "cosign-declined",
            hint: "read what is shown without --key, then say --yes",
        })?;
    }
    envelope.sign(&key).map_err(|error| place(error.into()))?;
    files::replace(&args.file, envelope.encode().as_bytes(), 0o600, true)?;
    collect::state(&envelope, &args.file, context)
}

/// What the envelope says, line by line; refused if a part cannot be read or a signature is false.
fn describe(envelope: &Envelope, context: &Context) -> Result<Vec<String>> {
    let mut document = Document::default();
    let event = Event::parse(&mut document, &envelope.event)?;
    let opened = open(envelope, &event)?;
    let meaning = schema::find(event.kind).map_or("", |known| known.meaning);
    let registered = context.ledger_path().ok().and_then(|_| context.open().ok());
    let brought = trust::brought(&event)?;
    let public = |id: &KeyId| -> Option<PublicKey> {
        let known = registered.as_ref().and_then(|(_, ledger)| ledger.registry().public(id));
        known.or_else(|| brought.iter().find(|key| key.id() == *id)).copied()
    };
    let unknown = envelope.verify(public)?;
    let mut lines = vec![
        format!("event        {}: {meaning}", event.kind),
        format!("occurred at  {}", event.occurred_at),
    ];
    if let Some(ledger) = event.ledger {
        lines.push(format!("ledger       {}", ledger_core::encoding::hex(&ledger)));
    }
    for name in ["actor", "subject", "data", "attachments"] {
        flat(name, opened.get(name), &mut lines);
    }
    for id in &event.signers {
        let signed = envelope.signatures.iter().any(|signature| signature.key == *id);
        let state = match (signed, unknown.contains(id)) {
            (false, _) => "not yet",
            (true, false) => "signed, and the signature holds",
            (true, true) => "signed; the key is not known here, so the door will check it",
        };
        lines.push(format!("signer       {id}  {state}"));
    }
    Ok(lines)
}

/// The event with its sealed values opened.
fn open(envelope: &Envelope, event: &Event<'_>) -> Result<Value> {
    let scope = match event.ledger {
        Some(ledger) => Scope::Ledger(ledger),
        None => {
            return Err(Failure::new("dsse-ledger", "entry 0 is signed by `ledger init` alone"));
        }
    };
    let mut value = Value::from(event.root);
    for position in schema::check(event)? {
        let at = &position.pointer;
        let sealed = event.root.pointer(at).map(|view| seal::from_json(view.raw())).transpose()?;
        let found = envelope.disclosures.iter().find(|given| Some(given.commitment) == sealed);
        let (Some(found), Some(sealed)) = (found, sealed) else {
            return Err(Failure::new("dsse-sealed", "a sealed value is not beside the envelope")
                .within(at.clone())
                .hint(
                    "nobody signs what they cannot read: take the file that `ledger sign` wrote",
                ));
        };
        let plain = found.open(sealed, scope, event.stream.name, event.seq, at)?;
        put(&mut value, at, json::read(plain)?);
    }
    Ok(value)
}

/// Puts a value at a pointer that is there.
fn put(value: &mut Value, pointer: &str, new: Value) {
    let mut at = value;
    for step in pointer.split('/').skip(1) {
        let next = match at {
            Value::Object(members) => members.get_mut(step),
            Value::List(items) => step.parse().ok().and_then(|n: usize| items.get_mut(n)),
            _ => None,
        };
        let Some(next) = next else { return };
        at = next;
    }
    *at = new;
}

/// One line for each plain value, under its pointer.
fn flat(at: &str, value: Option<&Value>, lines: &mut Vec<String>) {
    match value {
        None => {}
        Some(Value::Object(members)) => {
            for (name, value) in members {
                flat(&format!("{at}/{name}"), Some(value), lines);
            }
        }
        Some(Value::List(items)) => {
            for (number, value) in items.iter().enumerate() {
                flat(&format!("{at}/{number}"), Some(value), lines);
            }
        }
        Some(value) => {
            let text = value.as_text().map_or_else(|| value.to_canonical(), shown);
            let means = value.as_text().filter(|_| at.starts_with("data/capabilities/"));
            let means = means.and_then(|text| Capability::parse(text).ok()).map(|c| c.meaning());
            let means = means.map_or_else(String::new, |means| format!("  ({means})"));
            lines.push(format!("  {at:<30} {text}{means}"));
        }
    }
}

/// A text without anything that would move the cursor.
fn shown(text: &str) -> String {
    text.chars()
        .flat_map(|char| {
            let escaped = char.is_control() || matches!(char, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            let plain = (!escaped).then_some(char);
            let code = escaped.then(|| char.escape_unicode());
            plain.into_iter().chain(code.into_iter().flatten())
        })
        .collect()
}
