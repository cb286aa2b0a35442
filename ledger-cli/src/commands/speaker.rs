//! Speaker: a person who says something with a key of their own.
//!
//! A service speaks for nobody, and nobody for another: both are refused before anything is signed.

use std::path::PathBuf;

use clap::Args;
use ledger_core::json::Value;
use ledger_core::key::Signer;
use ledger_core::ledger::{Ledger, Receipt};
use ledger_core::time::Timestamp;
use ledger_core::trust::Holder;
use ledger_core::vault::persons::Pseudonym;

use crate::commands::owner;
use crate::context::{Context, Folder};
use crate::failure::{Answer, Failure, Result};
use crate::keys::Key;
use crate::seen::{self, Sight};
use crate::{approval, clock, delivery, hook};

/// Who speaks, and with which key.
#[derive(Args, Clone, Debug)]
pub(crate) struct By {
    /// The person's own key, a file or agent:SHA256:… [or LEDGER_KEY]
    #[arg(long, value_name = "KEY")]
    key: Option<PathBuf>,
    /// Who speaks, the holder of the key [or LEDGER_PERSON]
    #[arg(long = "as", value_name = "ISSUER:ID")]
    person: Option<String>,
}

/// Somebody whose key this ledger knows, with the ledger open.
pub(crate) struct Speaker {
    /// The folder.
    pub(crate) folder: Folder,
    /// The ledger.
    pub(crate) ledger: Ledger,
    /// Who it is, as an event names a person.
    pub(crate) person: Value,
    /// The same person's pseudonym.
    pub(crate) who: Pseudonym,
    /// Now, by the machine's clock.
    pub(crate) now: Timestamp,
    key: Key,
    sight: Sight,
}

/// What is said.
pub(crate) struct Said<'s> {
    /// The type of the event.
    pub(crate) kind: &'s str,
    /// What it speaks of: a reference and its id.
    pub(crate) subject: (&'static str, &'s str),
    /// Its members.
    pub(crate) data: Vec<(&'static str, Value)>,
    /// Attachments, as [`attached`] has them; they lie in the folder already.
    pub(crate) attachments: Vec<Value>,
    /// What is told with the receipt: a member for machines, and how its line begins for people.
    pub(crate) told: Vec<(&'static str, &'s str, Value)>,
}

impl Speaker {
    /// The key with which they speak.
    pub(crate) fn key(&self) -> &dyn Signer {
        &self.key
    }

    /// Loads the key and opens the ledger; codes `key-service`, `person-self`.
    pub(crate) fn begin(by: &By, context: &Context) -> Result<Self> {
        let key = hook::load(by.key.as_ref())?;
        let person = approval::person(by.person.as_ref())?;
        let (folder, ledger, sight) = seen::open(context)?;
        let id = key.public().id();
        let record = ledger.registry().get(&id).ok_or_else(|| {
            Failure::refused("key-unknown", format!("key `{id}` is not registered here"))
                .hint("register it with `ledger key register --person`")
        })?;
        let who = match &record.holder {
            Holder::Person(who) => *who,
            Holder::Service(name) => {
                return Err(Failure::refused(
                    "key-service",
                    format!("key `{id}` is of the service `{name}`, which speaks for nobody"),
                )
                .hint("a person says this, with a key of their own"));
            }
        };
        let part = |name: &str| person.get(name).and_then(Value::as_text).unwrap_or_default();
        let named = owner::person(&ledger, &format!("{}:{}", part("issuer"), part("id")));
        if named.ok() != Some(who) {
            return Err(Failure::refused(
                "person-self",
                format!("`{}:{}` is not the holder of the key", part("issuer"), part("id")),
            )
            .hint("name the person as the key was registered"));
        }
        Ok(Self { folder, ledger, person, who, now: clock::now()?, key, sight })
    }

    /// Signs and records drafts that the caller made whole, all or none.
    pub(crate) fn record(&mut self, drafts: &[Value], label: &str) -> Result<Vec<Receipt>> {
        delivery::many(&mut self.ledger, &self.sight, drafts, label, &[&self.key])
            .map_err(|failure| self.folder.place(failure))
    }

    /// After the promise is out: remembers what was seen, and brings the index up.
    pub(crate) fn done(mut self) -> Result<Answer> {
        self.sight.remember(&self.folder)?;
        delivery::tidy(&self.folder, &mut self.ledger)
    }

    /// Signs and records it.
    pub(crate) fn say(mut self, said: Said<'_>, context: &mut Context) -> Result<Answer> {
        let (reference, id) = said.subject;
        let mut members = vec![
            ("actor", approval::actor(&self.person)),
            ("data", Value::object(said.data)),
            ("occurred_at", Value::text(self.now.to_string())),
            ("subject", Value::object([(reference, Value::text(id))])),
            ("type", Value::text(said.kind)),
        ];
        if !said.attachments.is_empty() {
            members.push(("attachments", Value::List(said.attachments)));
        }
        let draft = Value::object(members);
        let receipt =
            delivery::one(&mut self.ledger, &self.sight, &draft, "statement", &[&self.key]);
        let receipt = receipt.map_err(|failure| self.folder.place(failure))?;
        let more = said.told.iter().map(|(name, _, value)| (*name, value.clone())).collect();
        delivery::acknowledge_with(&[receipt], more, context)?;
        for (_, word, value) in &said.told {
            let one = std::slice::from_ref(value);
            let all = if let Value::List(items) = value { items.as_slice() } else { one };
            for item in all {
                let text = item.as_text().map_or_else(|| item.to_canonical(), str::to_owned);
                context.out.line(format!("{word:<12} {text}"))?;
            }
        }
        self.done()
    }
}

/// A file that lies in the folder, as an event names it.
pub(crate) fn attached(digest: &str, name: &str, media_type: &str, size: usize) -> Value {
    Value::object([
        ("digest", Value::text(digest)),
        ("media_type", Value::text(media_type)),
        ("name", Value::text(name)),
        ("size", Value::count(size as u64)),
    ])
}

/// Text that must say something; code `field-empty`.
pub(crate) fn filled<'t>(option: &str, text: &'t str) -> Result<&'t str> {
    if text.trim().is_empty() {
        return Err(Failure::new("field-empty", "the value is empty")
            .within(option)
            .hint("an unset variable is no value"));
    }
    Ok(text)
}
