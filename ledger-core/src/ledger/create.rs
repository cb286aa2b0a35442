//! How a ledger comes into being, and how a folder says that it is one.

use std::sync::Arc;

use super::{Door, FORMAT, Group, LOCK, Ledger, Staged, Submission, Tail};
use crate::chain::End;
use crate::checkpoint::Origin;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::hash::Sha256;
use crate::head::Head;
use crate::index::Index;
use crate::json::Document;
use crate::segment;
use crate::signature::Mode;
use crate::store::{self, Store};
use crate::trust::Registry;
use crate::vault::key::{self, VaultKey};
use crate::vault::persons::{Key, Persons};

/// What a new ledger is made of, beside its first event.
#[derive(Clone, Copy, Debug)]
pub struct Beginning {
    /// 32 random bytes: the key of `persons.idx`.
    pub persons_key: Key,
    /// The public key of the vault.
    pub vault_key: VaultKey,
    /// The clock and fresh randomness of the first commit.
    pub group: Group,
}

/// Makes a ledger in an empty store from its `ledger.created` event.
///
/// `ledger.toml` is written last: if we stop before it, the folder is no ledger yet and can be
/// deleted. Codes `ledger-exists`, `genesis`, and those of [`Door::admit`].
pub fn create(store: Arc<dyn Store>, genesis: Submission, new: Beginning) -> Result<Ledger> {
    let mut taken = !store.list(segment::DIR)?.is_empty();
    for name in [FORMAT, crate::head::NAME, LOCK, key::FILE] {
        taken |= store.len(name)?.is_some();
    }
    if taken {
        return Err(Error::refused("ledger-exists", "there is a ledger here already")
            .hint("a ledger is made in a new folder; nothing here was changed"));
    }
    let origin = origin(&genesis.event)?;
    let door = Door { registry: Arc::new(Registry::default()), genesis: None };
    let admitted = door
        .admit(vec![genesis], new.group.random, Mode::OneByOne)
        .into_iter()
        .collect::<Result<Vec<_>>>()?;
    store::replace(&*store, LOCK, b"")?;
    store::replace(&*store, key::FILE, new.vault_key.to_string().as_bytes())?;
    let persons = Persons::create(&*store, new.persons_key)?;
    let start = Head {
        counter: 0,
        size: 0,
        segment: 0,
        offset: 0,
        last: End::empty(&origin.to_string()).last,
        frontier: Vec::new(),
    };
    start.write_both(&*store)?;
    let head = Head::read(&*store)?.map_or(start, |read| read.head);
    let mut ledger = Ledger {
        index: Index::open(Arc::clone(&store))?,
        registry: Arc::new(Registry::default()),
        tail: Tail::new(0),
        staged: Staged::default(),
        head,
        damaged_slot: None,
        persons: Some(persons),
        vault_key: Some(new.vault_key),
        stopped: false,
        synced_delta: None,
        origin,
        store,
    };
    let group = Group { all_or_nothing: true, ..new.group };
    ledger.append(&admitted, group)?.into_iter().collect::<Result<Vec<_>>>()?;
    let format = format_text(&ledger.origin);
    store::replace(&*ledger.store, FORMAT, format.as_bytes())?;
    Ok(ledger)
}

/// The origin that a `ledger.created` event gives to its ledger: its name and its own hash.
pub fn origin(event: &[u8]) -> Result<Origin> {
    let mut document = Document::default();
    let parsed = Event::parse(&mut document, event)?;
    Origin::new(parsed.text_at("/data/name").unwrap_or_default(), &Sha256::of(event))
}

fn format_text(origin: &Origin) -> String {
    format!("format = \"ledger/v1\"\norigin = \"{origin}\"\n")
}

/// Reads `ledger.toml`. Codes `ledger-none`, `ledger-format`, `ledger-newer`.
pub fn read_format(store: &dyn Store) -> Result<Origin> {
    let Some(bytes) = store::read_all(store, FORMAT)? else {
        return Err(Error::unavailable("ledger-none", "there is no ledger here")
            .hint("make one with `ledger init`, or name the folder with --ledger"));
    };
    let text = String::from_utf8_lossy(&bytes);
    let format = text.lines().next().unwrap_or_default();
    let version =
        format.strip_prefix("format = \"ledger/v").and_then(|rest| rest.strip_suffix('"'));
    let number = version.and_then(|version| {
        version.parse::<u32>().ok().filter(|number| number.to_string() == version)
    });
    if number.is_some_and(|number| number > 1) {
        return Err(Error::unavailable("ledger-newer", format!("the folder says `{format}`"))
            .hint("it was made by a newer version of this program; nothing was changed"));
    }
    let origin =
        text.lines().nth(1).and_then(|line| line.strip_prefix("origin = \"")?.strip_suffix('"'));
    let origin = origin.and_then(|origin| Origin::parse(origin).ok());
    origin.filter(|origin| format_text(origin) == text).ok_or_else(|| {
        Error::malformed("ledger-format", format!("`{FORMAT}` is not what `ledger init` wrote"))
            .hint("two lines stand there: format and origin; restore it from a copy")
    })
}

/// Reads the vault's public key; none when the file is missing.
pub(super) fn read_vault_key(store: &dyn Store) -> Result<Option<VaultKey>> {
    let bytes = store::read_all(store, key::FILE)?;
    bytes.map(|bytes| VaultKey::parse(&bytes)).transpose()
}
