//! Absorb: what appenders left in the inbox becomes the vault's, once.
//!
//! A file of the inbox says nothing about the log, so each disclosure is held against the entries:
//! only what opens a commitment there is kept, bound to the persons that the entry names. A file is
//! removed after all it held is durable, so stopping anywhere means doing some of it again.

use std::borrow::Cow;

use crate::error::{Error, Kind, Result};
use crate::json::{Document, Names};
use crate::ledger::Ledger;
use crate::seal::Disclosure;
use crate::store;
use crate::vault::inbox::{self, Item};
use crate::vault::record::{At, Attached, Known};
use crate::vault::texts::{Head, Text};

use super::positions::Window;
use super::shelf::Shelf;
use super::{REASON, SET_ASIDE, Vault, removed};

/// Texts that wait before they are committed.
const BATCH: usize = 16_384;
/// Files that wait to be removed.
const FILES: usize = 4_096;
/// Files that are opened together.
const AHEAD: usize = 256;

/// What was taken in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Absorbed {
    /// Files of the inbox that are done.
    pub files: u64,
    /// Disclosures that were new.
    pub disclosures: u64,
    /// Disclosures and keys that were there already.
    pub known: u64,
    /// Keys of private attachments that were new.
    pub attachments: u64,
    /// What no entry refers to: its group was never written.
    pub orphaned: u64,
    /// What was dropped because a person it is bound to was erased.
    pub erased: u64,
    /// What names a commitment of the log and does not open it.
    pub unopened: u64,
    /// Files left for the next time: their group may still be on its way.
    pub waiting: u64,
    /// Files that could not be taken in.
    pub set_aside: Vec<Refused>,
}

/// A file that could not be taken in, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its name.
    pub name: String,
    /// The stable name of the reason.
    pub code: &'static str,
    /// The reason.
    pub message: String,
}

impl Vault {
    /// Takes in everything that waits; `random` is 32 fresh random bytes, `progress` hears after
    /// each step how many of the files are done.
    ///
    /// A damaged file is set aside with its reason, and the rest goes on. Only what could not be
    /// reached is an error.
    pub fn absorb(
        &mut self,
        ledger: &mut Ledger,
        random: [u8; 32],
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Absorbed> {
        let names = inbox::waiting(&**ledger.store())?;
        // after the list: the group of a listed file that begins before the head is written or never
        ledger.refresh()?;
        let ledger = &*ledger;
        let mut window = Window::new(ledger);
        let mut shelf = Shelf::new(random);
        let mut done = Absorbed::default();
        let mut finished = Vec::new();
        let all = names.len() as u64;
        let mut batches = names.chunks(AHEAD);
        let secret = self.secret.clone();
        let (store, hash) = (&**ledger.store(), self.ledger);
        let open = |names| inbox::open_small(store, &secret, hash, names);
        let mut batch = batches.next().map(|names| (names, open(names)));
        while let Some((names, opened)) = batch {
            // the next files are opened while these are taken in, in their order
            let (next, taken) = rayon::join(
                || batches.next().map(|names| (names, open(names))),
                || {
                    let mut group = Group {
                        vault: self,
                        window: &mut window,
                        shelf: &mut shelf,
                        done: &mut done,
                    };
                    group.files(ledger, names, opened, &mut finished)
                },
            );
            taken?;
            batch = next;
            if shelf.waiting() >= BATCH || finished.len() >= FILES || batch.is_none() {
                self.finish(ledger, &mut shelf, &mut finished, &mut done)?;
                progress(done.files + done.waiting + done.set_aside.len() as u64, all);
            }
        }
        Ok(done)
    }

    /// Commits, then removes the files that are in.
    fn finish(
        &mut self,
        ledger: &Ledger,
        shelf: &mut Shelf,
        finished: &mut Vec<&str>,
        done: &mut Absorbed,
    ) -> Result<()> {
        shelf.commit(self)?;
        if finished.is_empty() {
            return Ok(());
        }
        done.files += finished.len() as u64;
        // if we stop in here, some files are taken in a second time and found to be known
        for name in finished.drain(..) {
            ledger.store().remove(&format!("{}/{name}", inbox::FOLDER))?;
        }
        ledger.store().sync_dir(inbox::FOLDER)
    }

    /// Moves a file out of the inbox, with the reason beside it. Of one that is older than an erasure
    /// only the reason is kept: it may name who was erased, and nobody can tell.
    fn set_aside(&self, ledger: &Ledger, name: &str, error: &Error) -> Result<()> {
        let file = format!("{}/{name}", inbox::FOLDER);
        let bytes = store::read_all(&**ledger.store(), &file)?.unwrap_or_default();
        let mut reason = format!("{}: {error}\n", error.code());
        let begin = inbox::first_index(name).unwrap_or(0);
        let erasures = ledger.find(crate::index::Kind::Type, "person.erased", usize::MAX)?;
        // if we stop in here, the file is still in the inbox and is set aside again
        match erasures.iter().map(|found| found.index).filter(|entry| *entry >= begin).max() {
            Some(entry) => reason.push_str(&removed(entry)),
            None => store::replace(&*self.home.files, &format!("{SET_ASIDE}/{name}"), &bytes)?,
        }
        let reason_name = format!("{SET_ASIDE}/{name}{REASON}");
        store::replace(&*self.home.files, &reason_name, reason.as_bytes())?;
        ledger.store().remove(&file)?;
        ledger.store().sync_dir(inbox::FOLDER)
    }
}

/// One file on its way in.
struct Group<'g, 'w> {
    vault: &'g mut Vault,
    window: &'g mut Window<'w>,
    shelf: &'g mut Shelf,
    done: &'g mut Absorbed,
}

impl Group<'_, '_> {
    /// Takes in some files; those that are done are in `finished`.
    fn files<'n>(
        &mut self,
        ledger: &Ledger,
        names: &'n [String],
        opened: Vec<Option<Result<inbox::Group>>>,
        finished: &mut Vec<&'n str>,
    ) -> Result<()> {
        for (name, opened) in names.iter().zip(opened) {
            let begin = inbox::first_index(name).unwrap_or(u64::MAX);
            if begin >= ledger.size() {
                self.done.waiting += 1;
                continue;
            }
            self.window.begin_at(begin)?;
            match self.read(ledger, name, opened) {
                Ok(()) => finished.push(name),
                Err(error) if error.kind() == Kind::Unavailable => return Err(error),
                Err(error) => {
                    self.vault.set_aside(ledger, name, &error)?;
                    self.done.set_aside.push(Refused {
                        name: name.clone(),
                        code: error.code(),
                        message: error.message().to_owned(),
                    });
                }
            }
        }
        Ok(())
    }

    fn read(
        &mut self,
        ledger: &Ledger,
        name: &str,
        opened: Option<Result<inbox::Group>>,
    ) -> Result<()> {
        if let Some(group) = opened {
            return group?.items.into_iter().try_for_each(|item| self.take(item));
        }
        let (secret, hash) = (self.vault.secret.clone(), self.vault.ledger);
        let store = &**ledger.store();
        inbox::read_group(store, &secret, hash, name, &mut |item| self.take(item))
    }

    fn take(&mut self, item: Item) -> Result<()> {
        match item {
            Item::Disclosure(disclosure) => self.disclosure(disclosure)?,
            Item::Attachment { digest, key } => {
                let Some((entry, time)) = self.window.attachment(digest)? else {
                    self.done.orphaned += 1;
                    return Ok(());
                };
                if self.vault.attached(digest)?.is_some() {
                    self.done.known += 1;
                    return Ok(());
                }
                let (copy, erased_by) = (None, Vec::new());
                let key = Some(key.to_bytes());
                let record = Attached { key, copy, entry, time, erased_by };
                self.vault.put(&mut self.shelf.batch, At::Attached(digest), &record)?;
                self.done.attachments += 1;
            }
            // the disclosure of the same identity says it too, and is held against the log
            Item::Person { .. } => {}
        }
        if self.shelf.waiting() >= BATCH { self.shelf.commit(self.vault) } else { Ok(()) }
    }

    fn disclosure(&mut self, disclosure: Disclosure) -> Result<()> {
        let commitment = disclosure.commitment;
        let Some(spot) = self.window.find(commitment)? else {
            self.done.orphaned += 1;
            return Ok(());
        };
        if !spot.is_opened_by(commitment, &disclosure) {
            self.done.unopened += 1;
            return Ok(());
        }
        let persons = spot.bound();
        if self.shelf.any_erased(self.vault, &persons)? {
            self.done.erased += 1;
            return Ok(());
        }
        if let Some(person) = spot.person()
            && let Some(known) = known(&disclosure.value)
        {
            self.shelf.learn(self.vault, person, known)?;
        }
        let (entry, time) = (spot.at.entry, spot.at.time);
        let head = Head { commitment, entry, time, persons };
        let text = Text { pointer: spot.pointer, disclosure };
        if self.shelf.add(self.vault, &head, &text)? {
            self.done.disclosures += 1;
        } else {
            self.done.known += 1;
        }
        Ok(())
    }
}

/// The identity in a disclosed value, if it is one.
pub(super) fn known(value: &[u8]) -> Option<Known> {
    let mut document = Document::default();
    let view = document.parse(value, Names::Plain).ok()?;
    let text = |name: &str| view.get(name).and_then(|v| v.text()).map(Cow::into_owned);
    Some(Known {
        issuer: text("issuer")?,
        id: text("id")?,
        name: text("name"),
        email: text("email"),
    })
}
