//! Entries that change keys: registration, rotation, revocation; and the list of keys.

use std::collections::BTreeSet;

use super::Registry;
use super::record::{Ending, Holder, Reason, Record, Scope, Suspicion};
use crate::capability::Capability;
use crate::encoding;
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::hash::Sha256;
use crate::json::View;
use crate::key::{KeyId, PublicKey};
use crate::vault::persons::Pseudonym;

impl Registry {
    /// Takes in an entry that holds; only key events change anything.
    pub fn apply(&mut self, entry: &Entry<'_>) -> Result<()> {
        match entry.event.kind {
            "ledger.created" => self.begin(entry),
            "key.registered" => self.register(entry),
            "key.rotated" => self.rotate(entry),
            "key.revoked" => {
                self.revoke(entry);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Takes in only the keys that an entry brings which does not hold: they explain what was signed
    /// with them, and the fault is reported once. Nothing else of it counts.
    pub fn explain(&mut self, entry: &Entry<'_>) -> Result<()> {
        match entry.event.kind {
            "key.registered" => self.register(entry),
            "key.rotated" => self.succeed(entry),
            _ => Ok(()),
        }
    }

    fn register(&mut self, entry: &Entry<'_>) -> Result<()> {
        if let Some(public) = brought(&entry.event)?.pop()
            && self.get(&public.id()).is_none()
            && let Some(record) = registered(entry, &public)?
        {
            self.put(public.id(), record);
        }
        Ok(())
    }

    fn rotate(&mut self, entry: &Entry<'_>) -> Result<()> {
        self.succeed(entry)?;
        let successor = brought(&entry.event)?.pop().map(|key| key.id());
        if let Some((old, record)) = self.subject(&entry.event) {
            let ending = Ending { index: entry.index, reason: Reason::Superseded, successor };
            let mut record = record.clone();
            record.ended.get_or_insert(ending);
            self.put(old, record);
        }
        Ok(())
    }

    /// The successor takes over holder, capabilities and scope.
    fn succeed(&mut self, entry: &Entry<'_>) -> Result<()> {
        let Some(public) = brought(&entry.event)?.pop() else { return Ok(()) };
        let Some((_, old)) = self.subject(&entry.event) else { return Ok(()) };
        if self.get(&public.id()).is_none() {
            let (holder, can) = (old.holder.clone(), old.capabilities.clone());
            let record = Record::new(&public, holder, can, old.scope.clone(), entry.index);
            self.put(public.id(), record);
        }
        Ok(())
    }

    fn revoke(&mut self, entry: &Entry<'_>) {
        let event = &entry.event;
        let reason = event.text_at("/data/reason").and_then(Reason::parse);
        let (Some((key, record)), Some(reason)) = (self.subject(event), reason) else { return };
        let mut record = record.clone();
        record.ended.get_or_insert(Ending { index: entry.index, reason, successor: None });
        if reason == Reason::Compromised {
            // nobody knows since when: then all of it is in doubt
            let from = suspect_from(event).unwrap_or(0);
            let earlier = record.suspect.filter(|known| known.from <= from);
            record.suspect = earlier.or(Some(Suspicion { from, by: entry.index }));
        }
        self.put(key, record);
    }

    /// The registered key that the event is about.
    fn subject(&self, event: &Event<'_>) -> Option<(KeyId, &Record)> {
        let id = KeyId::parse(event.text_at("/subject/key")?).ok()?;
        Some((id, self.get(&id)?))
    }

    /// The law for a key that the event brings: never seen before, and it signs too.
    pub(super) fn brings(&self, entry: &Entry<'_>, new: &PublicKey) -> Result<()> {
        let event = &entry.event;
        let id = new.id();
        let rotates = event.kind == "key.rotated";
        let subject = event.text_at("/subject/key").and_then(|text| KeyId::parse(text).ok());
        if rotates && subject != event.signers.first().copied() {
            return Err(Error::refused(
                "key-rotation",
                "the subject is not the key that signs first: a key is rotated by itself",
            )
            .hint("to replace a key that is lost, register a new one and revoke the old one"));
        }
        if !rotates && subject != Some(id) {
            return Err(Error::refused(
                "key-registration",
                "the subject is not the id of the public key in the event",
            ));
        }
        self.twice(&id, entry.index)?;
        if event.signers.len() < 2 || !event.signers.contains(&id) {
            let what = if rotates { "succession" } else { "registration" };
            return Err(Error::refused(
                "key-own-signature",
                format!("the new key did not sign its own {what}"),
            ));
        }
        if rotates {
            if event.signers.len() > 2 {
                return Err(Error::refused(
                    "key-rotation",
                    "a rotation is signed by the old key and the new one, and nobody else",
                ));
            }
            return Ok(());
        }
        let record = registered(entry, new)?.ok_or_else(|| {
            Error::refused("person-missing", "the holder of the new key was not resolved")
        })?;
        powers(&record)
    }

    /// A public key is registered once, ever.
    pub(super) fn twice(&self, id: &KeyId, index: u64) -> Result<()> {
        match self.get(id).filter(|record| record.registered < index) {
            None => Ok(()),
            Some(record) => Err(Error::refused(
                "key-twice",
                format!("key `{id}` was registered by entry {}", record.registered),
            )
            .hint("a public key is registered once, ever; make a new key")),
        }
    }

    /// The law for a revocation: of a key that is there, once, and t administrators remain.
    pub(super) fn revocation(&self, entry: &Entry<'_>) -> Result<()> {
        let event = &entry.event;
        let refuse = |message: String| Err(Error::refused("key-revocation", message));
        let Some((id, record)) = self.subject(event).filter(|(_, r)| r.registered < entry.index)
        else {
            let named = event.text_at("/subject/key").unwrap_or_default();
            return refuse(format!("`{named}` is no key that is registered before this entry"));
        };
        let Some(reason) = event.text_at("/data/reason").and_then(Reason::parse) else {
            return refuse("the reason of the revocation is not known here".to_owned());
        };
        let from = event.root.pointer("/data/suspect_from");
        let lawful = from.is_none_or(|from| from.unsigned().is_some_and(|at| at <= entry.index));
        if !lawful || (from.is_some() && reason != Reason::Compromised) {
            return Err(Error::refused(
                "key-suspect-from",
                "`suspect_from` is the index of this entry or an earlier one, of a key that was compromised",
            ));
        }
        if let Some(ended) = record.ended.as_ref().filter(|ended| ended.index < entry.index) {
            if reason == Reason::Compromised {
                return Ok(());
            }
            return Err(Error::refused(
                "key-ended",
                format!("key `{id}` ended with entry {} already", ended.index),
            )
            .hint("what can still be said of it is that it was compromised"));
        }
        self.administrators_remain(&id, record, entry.index)
    }

    /// Without the key, t distinct persons must still hold `admin`: else nobody could change keys.
    fn administrators_remain(&self, without: &KeyId, record: &Record, index: u64) -> Result<()> {
        if !record.has(&Capability::Admin) {
            return Ok(());
        }
        let left: BTreeSet<Pseudonym> = self
            .special()
            .filter(|(id, record)| {
                id != without && record.has(&Capability::Admin) && record.stands_at(index)
            })
            .filter_map(|(_, record)| match record.holder {
                Holder::Person(person) => Some(person),
                Holder::Service(_) => None,
            })
            .collect();
        if left.len() >= self.threshold() {
            return Ok(());
        }
        Err(Error::refused(
            "key-last-admins",
            format!(
                "without key `{without}` only {} person(s) with `admin` would be left; {} are needed",
                left.len(),
                self.threshold()
            ),
        )
        .hint("register another person's key with `admin` first, or rotate this one"))
    }

    /// The law for the list of keys: it is the registry before this entry.
    pub(super) fn listing(&self, event: &Event<'_>) -> Result<()> {
        let count = |at: &str| event.root.pointer(at).and_then(|count| count.unsigned());
        let digest = |at: &str| event.text_at(at).and_then(|text| text.strip_prefix("sha256:"));
        let keys = Some(self.len() as u64);
        let holds = count("/data/size") == keys && count("/data/keys/count") == keys && {
            let list = encoding::hex(&Sha256::of(self.list().as_bytes()).0);
            let list = Some(list.as_str());
            digest("/data/digest") == list && digest("/data/keys/attachment") == list
        };
        if holds {
            return Ok(());
        }
        Err(Error::refused("key-list", "it is not the list of the keys registered before it")
            .hint("`ledger key list --record` makes and appends the list as it is"))
    }
}

/// What a new key may hold.
fn powers(record: &Record) -> Result<()> {
    let personal = record.capabilities.iter().any(Capability::is_personal);
    if personal && matches!(record.holder, Holder::Service(_)) {
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

/// The public keys that the event itself introduces: roots, a key being registered, a successor.
/// Codes as of [`PublicKey::from_base64`].
pub fn brought(event: &Event<'_>) -> Result<Vec<PublicKey>> {
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
        "key.rotated" => Ok(vec![read(event.root.pointer("/data/successor"))?]),
        _ => Ok(Vec::new()),
    }
}

fn suspect_from(event: &Event<'_>) -> Option<u64> {
    event.root.pointer("/data/suspect_from").and_then(|view| view.unsigned())
}

/// The record that a registration makes; none when its person was not resolved.
fn registered(entry: &Entry<'_>, public: &PublicKey) -> Result<Option<Record>> {
    let event = &entry.event;
    let holder = match event.text_at("/data/service") {
        Some(service) => Holder::Service(service.to_owned()),
        None => match entry.person("/data/holder") {
            Some(person) => Holder::Person(person),
            None => return Ok(None),
        },
    };
    let list = |pointer: &str| -> Result<Vec<String>> {
        let items = event.root.pointer(pointer).into_iter().flat_map(|list| list.items());
        // an item that is left out would widen the scope: refuse it
        let text =
            |item: View<'_>| item.plain().map(str::to_owned).ok_or_else(|| not_text(pointer));
        items.map(text).collect()
    };
    let capabilities: Result<Vec<_>> =
        list("/data/capabilities")?.iter().map(|text| Capability::parse(text)).collect();
    let scope = Scope {
        services: list("/data/scope/services")?,
        environments: list("/data/scope/environments")?,
    };
    Ok(Some(Record::new(public, holder, capabilities?, scope, entry.index)))
}

fn not_text(pointer: &str) -> Error {
    Error::refused("key-registration", "an item is not a plain string").at(pointer)
}
