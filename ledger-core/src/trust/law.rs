//! The law of link for keys: who may say what, at which place in the log.

use std::collections::BTreeSet;

use super::record::{Holder, Reason, Record};
use super::{Registry, change, genesis};
use crate::capability::Capability;
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::event::{Event, SCHEMA};
use crate::key::KeyId;
use crate::schema::{self, Need};
use crate::vault::persons::Pseudonym;

impl Registry {
    /// The law of link for keys: may these signers say this, here? Codes `key-*`, `person-*`,
    /// `genesis`, `ledger-other`; the verdict on a key at the entry's own place is one of `key-unknown`,
    /// `key-early` (registered later), `key-revoked`, `key-rotated`, `key-compromised`,
    /// `key-capability` and `key-scope`.
    pub fn judge(&self, entry: &Entry<'_>) -> Result<()> {
        let event = &entry.event;
        if entry.index == 0 || event.kind == "ledger.created" {
            return genesis::genesis(entry);
        }
        if event.ledger != self.ledger {
            return Err(Error::refused("ledger-other", "the event was signed for another ledger"));
        }
        let new = change::brought(event)?.pop();
        let new_id = new.map(|key| key.id());
        let known = schema::find(event.kind);
        let need = known.map_or(Need::Append, |known| known.need);
        let mut first = None;
        for id in &event.signers {
            if Some(*id) != new_id {
                let record = self.standing(id, entry.index)?;
                first = first.or(Some((id, record)));
            } else if first.is_none() {
                return Err(self.twice(id, entry.index).err().unwrap_or_else(|| unknown(id)));
            }
        }
        let (id, first) = first.ok_or_else(|| unknown(&event.stream.owner))?;
        self.allowed(event, need, id, first)?;
        if let Some(new) = new {
            self.brings(entry, &new)?;
        }
        match event.kind {
            "key.revoked" => self.revocation(entry)?,
            "key.listed" => self.listing(event)?,
            _ => {}
        }
        // what a pointer means is said by a schema that is known; of another, nothing is concluded
        let own = known.filter(|_| event.schema == SCHEMA).and_then(|known| known.own);
        match (own, &event.source) {
            (Some(own), None) => self_signed(entry, own, first),
            _ => Ok(()),
        }
    }

    /// Of entry `index`, refused with `key-unknown` and this message: `key-early` if the key that it
    /// means is registered by a later entry, as far as is known now.
    pub fn early(&self, index: u64, signers: &[KeyId], message: &str) -> Option<Error> {
        let meant = signers.iter().find(|id| unknown(id).message() == message)?;
        // a key that this very entry brings is not registered later
        self.get(meant).filter(|record| record.registered > index)?;
        self.standing(meant, index).err().filter(|error| error.code() == "key-early")
    }

    /// The key's record, if it may sign entry `index`.
    fn standing(&self, id: &KeyId, index: u64) -> Result<&Record> {
        let record = self.get(id).ok_or_else(|| unknown(id))?;
        if record.registered >= index {
            return Err(Error::refused(
                "key-early",
                format!("key `{id}` is registered only by entry {}", record.registered),
            )
            .hint("a key signs from the entry after its registration on"));
        }
        if let Some(ended) = record.ended.as_ref().filter(|ended| ended.index < index) {
            let at = ended.index;
            return Err(match (ended.reason, &ended.successor) {
                (_, Some(successor)) => Error::refused(
                    "key-rotated",
                    format!("entry {at} put `{successor}` in the place of key `{id}`"),
                )
                .hint("sign with the successor, in a new stream"),
                (Reason::Compromised, None) => Error::refused(
                    "key-compromised",
                    format!("key `{id}` was reported compromised by entry {at}"),
                )
                .hint("whoever signs with it now may not be its holder"),
                (reason, None) => Error::refused(
                    "key-revoked",
                    format!("key `{id}` was revoked by entry {at}: {}", reason.word()),
                ),
            });
        }
        if record.capabilities.iter().any(Capability::stands_alone) {
            return Err(Error::refused(
                "key-capability",
                format!("key `{id}` signs checkpoints or cosignatures only, never events"),
            ));
        }
        Ok(record)
    }

    /// What the first signer must be able to do, and where.
    fn allowed(&self, event: &Event<'_>, need: Need, id: &KeyId, first: &Record) -> Result<()> {
        let any = |fits: &dyn Fn(&Capability) -> bool| first.capabilities.iter().any(fits);
        if let Some(source) = &event.source {
            if !matches!(need, Need::Append | Need::Approve | Need::Review | Need::SignOff) {
                return Err(Error::refused(
                    "key-relay",
                    format!("`{}` is never imported: it speaks for this ledger itself", event.kind),
                ));
            }
            if !any(&|c| c.relays(source.source)) {
                return Err(lacks(event, first, &format!("relay:{}", source.source)));
            }
            return scoped(event, id, first);
        }
        let gate = event.text_at("/data/gate").unwrap_or_default();
        let has = match need {
            Need::Any => return Ok(()),
            Need::Admin => return self.enough(event, first, &Capability::Admin),
            Need::Policy => return self.enough(event, first, &Capability::Policy),
            Need::Genesis => return Err(lacks(event, first, "the first place in a ledger")),
            Need::Append => any(&|c| c.appends(event.kind)),
            Need::Exact => any(&|c| c.spells(event.kind)),
            Need::Gate => any(&|c| c.judges(gate)),
            Need::Approve => first.has(&Capability::Approve),
            Need::Review => first.has(&Capability::Review),
            Need::SignOff => first.has(&Capability::SignOff),
        };
        if has {
            return scoped(event, id, first);
        }
        Err(match need {
            Need::Approve => lacks(event, first, "approve"),
            Need::Review => lacks(event, first, "review"),
            Need::SignOff => lacks(event, first, "sign_off"),
            Need::Gate => lacks(event, first, &format!("gate:{gate}")),
            _ => lacks(event, first, &format!("append:{}", event.kind)),
        })
    }

    /// t distinct persons, each by a key that holds the capability; the first signer among them.
    fn enough(&self, event: &Event<'_>, first: &Record, capability: &Capability) -> Result<()> {
        if !first.has(capability) {
            return Err(lacks(event, first, &capability.to_string()));
        }
        let persons: BTreeSet<Pseudonym> = event
            .signers
            .iter()
            .filter_map(|id| self.get(id))
            .filter(|record| record.has(capability))
            .filter_map(|record| match record.holder {
                Holder::Person(person) => Some(person),
                Holder::Service(_) => None,
            })
            .collect();
        if persons.len() >= self.threshold() {
            return Ok(());
        }
        let mut message = format!(
            "`{}` needs {} persons with `{capability}`; {} signed",
            event.kind,
            self.threshold(),
            persons.len()
        );
        if event.kind == "key.registered" {
            message.push_str("; no key registers another alone, least of all a stronger one");
        }
        Err(Error::refused("key-threshold", message)
            .hint("`ledger sign` makes a file that the others sign with `ledger cosign`"))
    }
}

/// The person of a decision is the holder of the key that signed it.
fn self_signed(entry: &Entry<'_>, own: &str, first: &Record) -> Result<()> {
    let holds = match &first.holder {
        Holder::Person(holder) => entry.person(own) == Some(*holder),
        // a service speaks for nobody, unless it relays a source
        Holder::Service(_) => false,
    };
    if holds {
        return Ok(());
    }
    Err(Error::refused(
        "person-self",
        format!("the person at `{own}` is not the holder of the signing key"),
    )
    .hint("a person's decision counts only when that person's own key signed it"))
}

pub(super) fn unknown(id: &KeyId) -> Error {
    Error::refused("key-unknown", format!("key `{id}` is not registered before this entry"))
        .hint("register it with `ledger key register`")
}

fn lacks(event: &Event<'_>, first: &Record, capability: &str) -> Error {
    let (key, kind) = (event.stream.owner, event.kind);
    let whose = match &first.holder {
        Holder::Person(_) => String::new(),
        Holder::Service(service) => format!(" of service `{service}`"),
    };
    let personal = matches!(capability, "approve" | "review" | "sign_off");
    let message = match kind {
        "key.registered" => format!(
            "key `{key}`{whose} lacks `{capability}`: it registers no key, which could be stronger than itself"
        ),
        _ if personal && !whose.is_empty() => format!(
            "key `{key}`{whose} lacks `{capability}`: it cannot record `{kind}` in a person's name"
        ),
        _ => format!("key `{key}`{whose} lacks `{capability}` for `{kind}`"),
    };
    Error::refused("key-capability", message)
}

fn scoped(event: &Event<'_>, id: &KeyId, first: &Record) -> Result<()> {
    if first.scope.covers(event) {
        return Ok(());
    }
    Err(Error::refused(
        "key-scope",
        format!("key `{id}` may not append for this service or environment"),
    ))
}
