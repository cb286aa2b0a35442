//! Trust: the registry of keys, folded from the log, and the law of link for who may sign what.
//!
//! Spec page: `spec/trust.md`. Authority is judged by log position: a key signs entry *i* if it was
//! registered before *i* and not revoked before *i*. Entry 0 names the roots; they alone register
//! and revoke keys, as t distinct persons. [`Registry::judge`] is used before a write and after a
//! read, on the same entry.

use std::collections::{BTreeSet, HashMap};

use crate::capability::Capability;
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::event::{Event, MAX_SIGNERS, SCHEMA};
use crate::json::View;
use crate::key::{KeyId, PublicKey};
use crate::schema::{self, Need};
use crate::vault::persons::Pseudonym;

/// Whose key it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A person, by pseudonym.
    Person(Pseudonym),
    /// A service, by name.
    Service(String),
}

/// Which services and environments a key may append for; empty means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Services.
    pub services: Vec<String>,
    /// Environments.
    pub environments: Vec<String>,
}

/// The end of a key's authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The entry that revoked it.
    pub index: u64,
    /// `superseded`, `retired` or `compromised`.
    pub reason: String,
    /// Earliest doubtful index, if it was compromised.
    pub suspect_from: Option<u64>,
}

/// One registered key.
#[derive(Clone, Debug)]
pub struct Record {
    /// The public key.
    pub public: PublicKey,
    /// Whose it is.
    pub holder: Holder,
    /// What it may do.
    pub capabilities: Vec<Capability>,
    /// For what it may append.
    pub scope: Scope,
    /// The entry that registered it.
    pub registered: u64,
    /// The entry that revoked it, if one did.
    pub revoked: Option<Revocation>,
}

/// All keys of one ledger as the entries so far say.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    keys: HashMap<KeyId, Record>,
    threshold: usize,
    solo: bool,
    /// SHA-256 of entry 0's event bytes: what every other event must name.
    ledger: Option<[u8; 32]>,
}

impl Registry {
    /// How many distinct persons administrative events need.
    pub fn threshold(&self) -> usize {
        self.threshold
    }

    /// Whether one person alone administers this ledger; printed beside every verdict.
    pub fn solo(&self) -> bool {
        self.solo
    }

    /// The record of a key.
    pub fn get(&self, key: &KeyId) -> Option<&Record> {
        self.keys.get(key)
    }

    /// All keys, in the order of their registration.
    pub fn keys(&self) -> Vec<(&KeyId, &Record)> {
        let mut keys: Vec<_> = self.keys.iter().collect();
        keys.sort_by_key(|(id, record)| (record.registered, **id));
        keys
    }

    /// The public key with which each of the event's signatures is checked, in order.
    ///
    /// Keys that the event itself brings (roots, a key being registered) are taken from it.
    /// Codes `key-unknown`, `key-encoding`, `key-weak`, `key-torsion`.
    pub fn signer_keys(&self, event: &Event<'_>) -> Result<Vec<PublicKey>> {
        let brought = brought(event)?;
        event
            .signers
            .iter()
            .map(|id| {
                self.keys
                    .get(id)
                    .map(|record| record.public)
                    .or_else(|| brought.iter().find(|key| key.id() == *id).copied())
                    .ok_or_else(|| unknown(id))
            })
            .collect()
    }

    /// The law of link for keys: may these signers say this, here? Codes `key-*`, `person-*`.
    pub fn judge(&self, entry: &Entry<'_>) -> Result<()> {
        let event = &entry.event;
        if entry.index == 0 || event.kind == "ledger.created" {
            return genesis(entry);
        }
        if event.ledger != self.ledger {
            return Err(Error::refused("ledger-other", "the event was signed for another ledger"));
        }
        let new = brought(event)?;
        let known = schema::find(event.kind);
        let need = known.map_or(Need::Append, |known| known.need);
        for id in &event.signers {
            if !new.iter().any(|key| key.id() == *id) {
                self.standing(id, entry.index)?;
            }
        }
        let first = event.signers.first().and_then(|id| self.keys.get(id));
        let first = first.ok_or_else(|| unknown(&event.stream.owner))?;
        self.allowed(event, need, first)?;
        if event.kind == "key.registered" {
            self.registration(entry)?;
        }
        // what a pointer means is said by a schema that is known; of another, nothing is concluded
        let own = known.filter(|_| event.schema == SCHEMA).and_then(|known| known.own);
        if let (Some(own), None) = (own, &event.source) {
            let holds = match &first.holder {
                Holder::Person(holder) => entry.person(own) == Some(*holder),
                // a service speaks for nobody, unless it relays a source
                Holder::Service(_) => false,
            };
            if !holds {
                return Err(Error::refused(
                    "person-self",
                    format!("the person at `{own}` is not the holder of the signing key"),
                )
                .hint("a person's decision counts only when that person's own key signed it"));
            }
        }
        Ok(())
    }

    /// Takes in an entry that holds; only key events change anything.
    pub fn apply(&mut self, entry: &Entry<'_>) -> Result<()> {
        let event = &entry.event;
        match event.kind {
            "ledger.created" => {
                let roots = brought(event)?;
                self.ledger = Some(crate::hash::Sha256::of(event.bytes()).0);
                self.threshold = threshold(event);
                self.solo = event.root.pointer("/data/solo").is_some();
                for (position, public) in roots.into_iter().enumerate() {
                    let Some(person) = entry.person(&format!("/data/roots/{position}/person"))
                    else {
                        continue;
                    };
                    let record = Record {
                        public,
                        holder: Holder::Person(person),
                        capabilities: vec![Capability::Admin, Capability::Policy],
                        scope: Scope::default(),
                        registered: entry.index,
                        revoked: None,
                    };
                    self.keys.insert(public.id(), record);
                }
            }
            "key.registered" => {
                if let (Some(public), Some(record)) = (brought(event)?.pop(), registered(entry)?) {
                    self.keys.entry(public.id()).or_insert(record);
                }
            }
            "key.revoked" => {
                let key = event.text_at("/subject/key").and_then(|text| KeyId::parse(text).ok());
                if let Some(record) = key.and_then(|key| self.keys.get_mut(&key)) {
                    record.revoked.get_or_insert(Revocation {
                        index: entry.index,
                        reason: event.text_at("/data/reason").unwrap_or_default().to_owned(),
                        suspect_from: event
                            .root
                            .pointer("/data/suspect_from")
                            .and_then(|view| view.unsigned()),
                    });
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The registered keys that may sign checkpoints of `size` entries.
    pub fn checkpoint_keys(&self, size: u64) -> Vec<&PublicKey> {
        self.keys
            .values()
            .filter(|record| {
                record.capabilities.contains(&Capability::Checkpoint)
                    && record.registered < size
                    && record.revoked.as_ref().is_none_or(|revoked| revoked.index >= size)
            })
            .map(|record| &record.public)
            .collect()
    }

    fn standing(&self, id: &KeyId, index: u64) -> Result<()> {
        let record = self.keys.get(id).ok_or_else(|| unknown(id))?;
        match &record.revoked {
            Some(revoked) if revoked.index < index => Err(Error::refused(
                "key-revoked",
                format!("key `{id}` was revoked by entry {}", revoked.index),
            )),
            _ if record.registered >= index => Err(unknown(id)),
            _ if record.capabilities.iter().any(Capability::stands_alone) => Err(Error::refused(
                "key-capability",
                format!("key `{id}` signs checkpoints or cosignatures only, never events"),
            )),
            _ => Ok(()),
        }
    }

    fn allowed(&self, event: &Event<'_>, need: Need, first: &Record) -> Result<()> {
        if let Some(source) = &event.source {
            if !matches!(need, Need::Append | Need::Approve | Need::Review | Need::SignOff) {
                return Err(Error::refused(
                    "key-relay",
                    format!("`{}` is never imported: it speaks for this ledger itself", event.kind),
                ));
            }
            let relay = Capability::Relay(source.source.to_owned());
            if !first.capabilities.contains(&relay) {
                return Err(lacks(event, &relay.to_string()));
            }
            return scoped(event, first);
        }
        let has = |wanted: &Capability| first.capabilities.contains(wanted);
        match need {
            Need::Any => Ok(()),
            Need::Append if first.capabilities.iter().any(|c| c.appends(event.kind)) => {
                scoped(event, first)
            }
            Need::Append => Err(lacks(event, &format!("append:{}", event.kind))),
            Need::Exact => granted(event, first, &Capability::Append(event.kind.to_owned())),
            Need::Approve => granted(event, first, &Capability::Approve),
            Need::Review => granted(event, first, &Capability::Review),
            Need::SignOff => granted(event, first, &Capability::SignOff),
            Need::Gate => {
                let gate = event.text_at("/data/gate").unwrap_or_default();
                granted(event, first, &Capability::Gate(gate.to_owned()))
            }
            Need::Policy if !has(&Capability::Policy) => Err(lacks(event, "policy")),
            Need::Policy => self.enough(event, &Capability::Policy),
            Need::Admin if !has(&Capability::Admin) => Err(lacks(event, "admin")),
            Need::Admin => self.enough(event, &Capability::Admin),
            Need::Genesis => Err(lacks(event, "the first place in a ledger")),
        }
    }

    /// t distinct persons, each by a key that holds the capability.
    fn enough(&self, event: &Event<'_>, capability: &Capability) -> Result<()> {
        let persons: BTreeSet<Pseudonym> = event
            .signers
            .iter()
            .filter_map(|id| self.keys.get(id))
            .filter(|record| record.capabilities.contains(capability))
            .filter_map(|record| match record.holder {
                Holder::Person(person) => Some(person),
                Holder::Service(_) => None,
            })
            .collect();
        if persons.len() >= self.threshold {
            return Ok(());
        }
        Err(Error::refused(
            "key-threshold",
            format!(
                "`{}` needs {} persons with `{capability}`; {} signed",
                event.kind,
                self.threshold,
                persons.len()
            ),
        ))
    }

    /// The new key signs too, was never registered before, and its holder is named.
    fn registration(&self, entry: &Entry<'_>) -> Result<()> {
        let event = &entry.event;
        let Some(new) = brought(event)?.pop() else {
            return Err(Error::refused("key-registration", "the event brings no public key"));
        };
        let id = new.id();
        if event.text_at("/subject/key") != Some(id.to_string().as_str()) {
            return Err(Error::refused(
                "key-registration",
                "the subject is not the id of the public key in the event",
            ));
        }
        if let Some(record) = self.keys.get(&id)
            && record.registered < entry.index
        {
            return Err(Error::refused(
                "key-twice",
                format!("key `{id}` was registered by entry {}", record.registered),
            )
            .hint("a public key is registered once, ever; make a new key"));
        }
        if event.signers.len() < 2 || !event.signers.contains(&id) {
            return Err(Error::refused(
                "key-own-signature",
                "the new key did not sign its own registration",
            ));
        }
        let record = registered(entry)?.ok_or_else(|| {
            Error::refused("person-missing", "the holder of the new key was not resolved")
        })?;
        let personal = [Capability::Approve, Capability::Review, Capability::SignOff];
        let speaks = record.capabilities.iter().any(|capability| personal.contains(capability));
        if speaks && matches!(record.holder, Holder::Service(_)) {
            return Err(Error::refused(
                "key-service",
                "a service's key cannot approve, review or sign off: those are a person's",
            ));
        }
        let alone = record.capabilities.iter().any(Capability::stands_alone);
        if record.capabilities.is_empty() || (alone && record.capabilities.len() > 1) {
            return Err(Error::refused(
                "key-capability",
                "a key has at least one capability, and `checkpoint` and `witness` stand alone",
            ));
        }
        Ok(())
    }
}

fn unknown(id: &KeyId) -> Error {
    Error::refused("key-unknown", format!("key `{id}` is not registered before this entry"))
        .hint("register it with `ledger key register`")
}

fn lacks(event: &Event<'_>, capability: &str) -> Error {
    Error::refused(
        "key-capability",
        format!("key `{}` lacks `{capability}` for `{}`", event.stream.owner, event.kind),
    )
}

fn granted(event: &Event<'_>, first: &Record, wanted: &Capability) -> Result<()> {
    if first.capabilities.contains(wanted) {
        return scoped(event, first);
    }
    Err(lacks(event, &wanted.to_string()))
}

fn scoped(event: &Event<'_>, first: &Record) -> Result<()> {
    let within = |allowed: &[String], pointer: &str| {
        allowed.is_empty()
            || event.text_at(pointer).is_some_and(|found| allowed.iter().any(|item| item == found))
    };
    if within(&first.scope.services, "/subject/service")
        && within(&first.scope.environments, "/subject/environment")
    {
        return Ok(());
    }
    Err(Error::refused(
        "key-scope",
        format!("key `{}` may not append for this service or environment", event.stream.owner),
    ))
}

/// The public keys that the event itself introduces.
fn brought(event: &Event<'_>) -> Result<Vec<PublicKey>> {
    let read = |view: Option<View<'_>>| {
        let text = view.and_then(|view| view.plain()).unwrap_or_default();
        PublicKey::from_base64(text.as_bytes())
    };
    match event.kind {
        "ledger.created" => event
            .root
            .pointer("/data/roots")
            .into_iter()
            .flat_map(|roots| roots.items())
            .map(|root| read(root.get("public_key")))
            .collect(),
        "key.registered" => Ok(vec![read(event.root.pointer("/data/public_key"))?]),
        _ => Ok(Vec::new()),
    }
}

fn threshold(event: &Event<'_>) -> usize {
    let count = event.root.pointer("/data/threshold").and_then(|view| view.unsigned());
    count.and_then(|count| usize::try_from(count).ok()).unwrap_or(usize::MAX)
}

fn registered(entry: &Entry<'_>) -> Result<Option<Record>> {
    let event = &entry.event;
    let Some(public) = brought(event)?.pop() else { return Ok(None) };
    let holder = match event.text_at("/data/service") {
        Some(service) => Holder::Service(service.to_owned()),
        None => match entry.person("/data/holder") {
            Some(person) => Holder::Person(person),
            None => return Ok(None),
        },
    };
    let list = |pointer: &str| -> Result<Vec<&str>> {
        let items = event.root.pointer(pointer).into_iter().flat_map(|list| list.items());
        // an item that is left out would widen the scope: refuse it
        items.map(|item| item.plain().ok_or_else(|| not_text(pointer))).collect()
    };
    let owned = |pointer: &str| -> Result<Vec<String>> {
        Ok(list(pointer)?.into_iter().map(str::to_owned).collect())
    };
    Ok(Some(Record {
        public,
        holder,
        capabilities: list("/data/capabilities")?
            .into_iter()
            .map(Capability::parse)
            .collect::<Result<_>>()?,
        scope: Scope {
            services: owned("/data/scope/services")?,
            environments: owned("/data/scope/environments")?,
        },
        registered: entry.index,
        revoked: None,
    }))
}

fn not_text(pointer: &str) -> Error {
    Error::refused("key-registration", "an item is not a plain string").at(pointer)
}

/// Entry 0: signed by exactly its roots, each with a named person; t of them, at least two unless solo.
fn genesis(entry: &Entry<'_>) -> Result<()> {
    let event = &entry.event;
    let refuse = |message: &str| Err(Error::refused("genesis", message));
    if event.kind != "ledger.created" || entry.index != 0 {
        return refuse("`ledger.created` is entry 0 of a ledger, and entry 0 is nothing else");
    }
    let roots: Vec<KeyId> = brought(event)?.iter().map(PublicKey::id).collect();
    if roots.is_empty() || roots != event.signers {
        return refuse("a new ledger is signed by exactly its root keys, in their order");
    }
    let persons: BTreeSet<Pseudonym> = (0..roots.len())
        .filter_map(|position| entry.person(&format!("/data/roots/{position}/person")))
        .collect();
    let solo = event.root.pointer("/data/solo").is_some();
    let threshold = threshold(event);
    if threshold < if solo { 1 } else { 2 } || (solo && threshold != 1) {
        return refuse("the threshold is at least 2, or exactly 1 with `solo`");
    }
    let named = (0..roots.len())
        .all(|position| entry.person(&format!("/data/roots/{position}/person")).is_some());
    if !named {
        return refuse("each root belongs to a person who was disclosed");
    }
    if threshold > MAX_SIGNERS - 1 {
        return refuse(
            "the threshold is at most 7: an event has 8 signers, and a new key signs too",
        );
    }
    if persons.len() < threshold {
        return refuse("the roots belong to fewer distinct persons than the threshold");
    }
    Ok(())
}
