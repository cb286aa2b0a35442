//! Deeds: what was done to logs elsewhere, each as a change of a copy.

use super::copy::{Copy, forget, put};
use super::{Sight, anchors};
use crate::blob;
use crate::entry::{self, Entry};
use crate::error::Result;
use crate::hash::{Blake3, Sha256};
use crate::head::{NAME as HEAD, SLOT};
use crate::json::Document;
use crate::ledger::FORMAT;
use crate::segment;
use crate::signer::CHECKPOINT;
use crate::store::memory::Memory;
use crate::store::{Store, read_all};
use crate::time::Timestamp;

/// One attack or accident.
pub(super) struct Deed {
    pub(super) name: &'static str,
    pub(super) words: &'static str,
    pub(super) sight: Sight,
    /// What it leaves; none where there is nothing to do it to.
    pub(super) does: fn(&Copy) -> Option<Done>,
}

/// What a deed leaves.
pub(super) enum Done {
    /// A folder to be verified.
    Folder(Memory),
    /// What whoever reads the thing is told, by this code.
    Seen(&'static str),
}

type Does = fn(&Copy) -> Option<Done>;

const fn plain(name: &'static str, words: &'static str, does: Does) -> Deed {
    Deed { name, words, sight: Sight::Folder, does }
}

const fn blind(name: &'static str, words: &'static str, does: Does) -> Deed {
    Deed { name, words, sight: Sight::Checkpoint, does }
}

const fn harmless(name: &'static str, words: &'static str, does: Does) -> Deed {
    Deed { name, words, sight: Sight::Notice, does }
}

/// All of them, in the order in which they are told.
pub(super) static ALL: [Deed; 31] = [
    plain("edit", "a byte of an event is changed", |copy| kept(copy, &edited(copy)?)),
    plain("edit-relink", "an event is changed and all after it linked again", |copy| {
        linked(copy, &edited(copy)?)
    }),
    plain("delete", "an entry is taken out", |copy| kept(copy, &without(copy, 1)?)),
    plain("delete-two", "two entries side by side are taken out", |copy| {
        kept(copy, &without(copy, 2)?)
    }),
    blind("delete-relink", "an entry is taken out and all after it linked again", |copy| {
        linked(copy, &without(copy, 1)?)
    }),
    plain("reorder", "two entries change places", |copy| kept(copy, &swapped(copy)?)),
    blind("reorder-relink", "two entries change places and all is linked again", |copy| {
        linked(copy, &swapped(copy)?)
    }),
    plain("duplicate", "an entry is there twice", |copy| kept(copy, &twice(copy)?)),
    plain("duplicate-relink", "an entry is there twice and all is linked again", |copy| {
        linked(copy, &twice(copy)?)
    }),
    plain("cut-tail", "the last entries are cut off, the head is made to fit", |copy| {
        copy.shorter(copy.covered.checked_sub(1).filter(|size| *size > 0)?).map(Done::Folder)
    }),
    blind(
        "cut-tail-forget",
        "the last entries are cut off, with the checkpoints",
        cut_and_forgotten,
    ),
    blind("roll-back", "an older copy of the folder stands in its place", rolled_back),
    blind(
        "lose-stream",
        "all events of one producer's stream are gone, the rest linked again",
        |copy| linked(copy, &lost(copy)?),
    ),
    plain("splice", "an event of another ledger is put in", spliced),
    plain("forge", "an entry that nobody signed is put behind the last", forged),
    plain("re-seal", "an entry's signature says that it is by a newer key", resealed),
    plain("strip", "an entry loses its signature", stripped),
    blind(
        "back-date",
        "the time of recording of an entry is moved back, all is linked again",
        |copy| {
            let line = redated(copy)?;
            linked(copy, &line)
        },
    ),
    blind("fork", "the last entry that a checkpoint covers is another one", forked),
    plain(
        "suffix",
        "everything from the middle on is signed by a key of the operator's own",
        resigned,
    ),
    harmless("append-bytes", "bytes stand behind the last entry", appended),
    plain("bytes-within", "a space stands behind an entry", |copy| {
        let mut lines = copy.lines.clone();
        let line = lines.get_mut(copy.covered / 2)?;
        line.insert(line.len() - 1, b' ');
        kept(copy, &lines)
    }),
    plain("checkpoint-edit", "the checkpoint says another root", |copy| {
        let store = copy.store.snapshot();
        let mut note = read_all(&store, CHECKPOINT).ok()??;
        let at = note.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(1)?.0 + 1;
        let byte = note.get_mut(at)?;
        *byte = if *byte == b'A' { b'B' } else { b'A' };
        put(&store, CHECKPOINT, &note)?;
        Some(Done::Folder(store))
    }),
    plain("origin", "the folder says that it is another ledger", |copy| {
        let store = copy.store.snapshot();
        let text = String::from_utf8(read_all(&store, FORMAT).ok()??).ok()?;
        let at = text.find('/')? + 1;
        let byte = text.as_bytes().get(text.rfind('"')?.checked_sub(1)?)?;
        let other = if *byte == b'0' { "1\"" } else { "0\"" };
        let end = text.rfind('"')?;
        let head = text.get(..end - 1).filter(|head| head.len() > at)?;
        put(&store, FORMAT, [head, other, "\n"].concat().as_bytes())?;
        Some(Done::Folder(store))
    }),
    plain("head-gone", "the head is gone", |copy| {
        let store = copy.store.snapshot();
        store.remove(HEAD).ok()?;
        Some(Done::Folder(store))
    }),
    plain("head-damaged", "both slots of the head are damaged", |copy| {
        let store = copy.store.snapshot();
        let mut head = read_all(&store, HEAD).ok()??;
        for slot in 0..2 {
            if let Some(byte) = head.get_mut(slot * SLOT + 100) {
                *byte ^= 1;
            }
        }
        put(&store, HEAD, &head)?;
        Some(Done::Folder(store))
    }),
    plain("segment-gone", "a file of entries is gone", |copy| {
        let store = copy.store.snapshot();
        store.remove(&segment::name(0)).ok()?;
        Some(Done::Folder(store))
    }),
    plain("attachment", "an attachment is exchanged for another", attachment),
    plain("anchor", "a token of a time is altered", |copy| {
        anchors::altered(copy).map(Done::Folder)
    }),
    plain("anchor-moved", "a token is said to be of another checkpoint", |copy| {
        anchors::moved(copy).map(Done::Folder)
    }),
    harmless("anchor-gone", "a token that an entry names is gone, and its request", |copy| {
        anchors::gone(copy).map(Done::Folder)
    }),
];

fn kept(copy: &Copy, lines: &[Vec<u8>]) -> Option<Done> {
    copy.with(lines).map(Done::Folder)
}

fn linked(copy: &Copy, lines: &[Vec<u8>]) -> Option<Done> {
    copy.relinked(lines).map(Done::Folder)
}

/// An event that stands alone in its stream, in the covered part, and of no consequence for keys: so that what
/// follows does not fall with it.
fn single(copy: &Copy) -> Option<usize> {
    let mut document = Document::default();
    let mut own = |line: &[u8]| -> Result<bool> {
        let entry = Entry::parse(&mut document, line.strip_suffix(b"\n").unwrap_or_default())?;
        let event = &entry.event;
        Ok(event.seq == 0 && event.is_final && !crate::trust::KEY_EVENTS.contains(&event.kind))
    };
    let middle = copy.covered / 2;
    let places = (middle..copy.covered).chain((1..middle).rev());
    places.into_iter().find(|at| copy.lines.get(*at).is_some_and(|line| own(line).unwrap_or(false)))
}

/// A digit of an event's own time is another one: a lawful line that says something else.
fn edited(copy: &Copy) -> Option<Vec<Vec<u8>>> {
    let mut lines = copy.lines.clone();
    let line = lines.get_mut(single(copy).unwrap_or(copy.covered / 2))?;
    let name = b"\"occurred_at\":\"";
    let at = line.windows(name.len()).position(|found| found == name)? + name.len() + 18;
    let byte = line.get_mut(at)?;
    *byte = if *byte == b'0' { b'1' } else { b'0' };
    Some(lines)
}

fn without(copy: &Copy, count: usize) -> Option<Vec<Vec<u8>>> {
    let mut lines = copy.lines.clone();
    let at = if count == 1 { single(copy)? } else { copy.covered / 2 };
    if at == 0 || at + count > lines.len() {
        return None;
    }
    lines.drain(at..at + count);
    Some(lines)
}

fn swapped(copy: &Copy) -> Option<Vec<Vec<u8>>> {
    let mut lines = copy.lines.clone();
    let at = single(copy)?;
    let other =
        if at + 1 < copy.covered { at + 1 } else { at.checked_sub(1).filter(|at| *at > 0)? };
    lines.swap(at, other);
    Some(lines)
}

fn twice(copy: &Copy) -> Option<Vec<Vec<u8>>> {
    let mut lines = copy.lines.clone();
    let at = single(copy).unwrap_or(copy.covered / 2);
    let line = lines.get(at)?.clone();
    lines.insert(at, line);
    Some(lines)
}

fn cut_and_forgotten(copy: &Copy) -> Option<Done> {
    let store = copy.shorter(copy.covered.checked_sub(1).filter(|size| *size > 0)?)?;
    forget(&store)?;
    Some(Done::Folder(store))
}

/// What was there when half of it was, before anything was signed.
fn rolled_back(copy: &Copy) -> Option<Done> {
    let store = copy.shorter((copy.covered / 2).max(1))?;
    forget(&store)?;
    Some(Done::Folder(store))
}

/// All of the smallest stream that is no key's and has more than one event, or of one event.
fn lost(copy: &Copy) -> Option<Vec<Vec<u8>>> {
    let mut document = Document::default();
    let entry = copy.lines.get(single(copy)?)?;
    let entry = Entry::parse(&mut document, entry.strip_suffix(b"\n")?).ok()?;
    let stream = format!("\"stream\":\"{}\"", entry.event.stream.name);
    let has = |line: &Vec<u8>| line.windows(stream.len()).any(|found| found == stream.as_bytes());
    Some(copy.lines.iter().filter(|line| !has(line)).cloned().collect())
}

/// The event of an entry with another text in it, lawful but signed otherwise.
fn changed(
    copy: &Copy,
    at: usize,
    change: impl FnOnce(&str) -> Option<String>,
) -> Option<Vec<Vec<u8>>> {
    let mut lines = copy.lines.clone();
    let line = lines.get_mut(at)?;
    let text = change(std::str::from_utf8(line).ok()?)?;
    *line = text.into_bytes();
    Some(lines)
}

fn spliced(copy: &Copy) -> Option<Done> {
    let foreign = Sha256::of(b"another ledger").to_base64();
    let lines = changed(copy, single(copy)?, |text| {
        let at = text.find("\"ledger\":\"")? + 10;
        Some([text.get(..at)?, &foreign, text.get(at + 44..)?].concat())
    })?;
    linked(copy, &lines)
}

fn forged(copy: &Copy) -> Option<Done> {
    let at = single(copy)?;
    let mut lines = changed(copy, at, |text| {
        let at = text.find("\"stream\":\"")? + 10;
        let end = at + text.get(at..)?.find('"')?;
        let other = if text.get(end - 1..end)? == "A" { "Q" } else { "A" };
        Some([text.get(..end - 1)?, other, text.get(end..)?].concat())
    })?;
    let line = lines.get(at)?.clone();
    lines.clone_from(&copy.lines);
    lines.push(line);
    linked(copy, &lines)
}

fn resealed(copy: &Copy) -> Option<Done> {
    let at = single(copy)?;
    let mut document = Document::default();
    let entry = Entry::parse(&mut document, copy.lines.get(at)?.strip_suffix(b"\n")?).ok()?;
    let old = entry.signatures.first()?.key.to_string();
    let newer = copy.lines.iter().rev().find_map(|line| {
        let text = std::str::from_utf8(line).ok()?;
        let at = text.find("\"signatures\":[{\"key\":\"")? + 22;
        text.get(at..at + 43).filter(|key| *key != old).map(str::to_owned)
    })?;
    let lines = changed(copy, at, |text| Some(text.replace(&old, &newer)))?;
    linked(copy, &lines)
}

fn stripped(copy: &Copy) -> Option<Done> {
    let lines = changed(copy, single(copy)?, |text| {
        let at = text.find("\"signatures\":[")? + 14;
        Some([text.get(..at)?, "]}\n"].concat())
    })?;
    kept(copy, &lines)
}

/// Another time of recording, a second before the entry before it would have it.
fn redated(copy: &Copy) -> Option<Vec<Vec<u8>>> {
    at_time(copy, single(copy)?)
}

fn at_time(copy: &Copy, at: usize) -> Option<Vec<Vec<u8>>> {
    let mut document = Document::default();
    let line = copy.lines.get(at)?;
    let entry = Entry::parse(&mut document, line.strip_suffix(b"\n")?).ok()?;
    let earlier = Timestamp::from_micros(entry.recorded_at.micros().checked_sub(1_000_000)?)?;
    let persons: Vec<_> = entry.persons.iter().map(|(at, who)| ((*at).to_owned(), *who)).collect();
    let own = (&entry.chain, entry.event.bytes(), entry.index);
    let line = entry::line(own.0, own.1, own.2, &persons, earlier, &entry.signatures);
    let mut lines = copy.lines.clone();
    *lines.get_mut(at)? = [line.as_bytes(), b"\n"].concat();
    Some(lines)
}

fn forked(copy: &Copy) -> Option<Done> {
    let lines = at_time(copy, copy.covered.checked_sub(1).filter(|at| *at > 0)?)?;
    linked(copy, &lines)
}

/// Signatures that are somebody's, but not of the keys that the events name.
fn resigned(copy: &Copy) -> Option<Done> {
    let mut lines = copy.lines.clone();
    let middle = copy.covered / 2;
    for line in lines.iter_mut().skip(middle) {
        let text = String::from_utf8(line.clone()).ok()?;
        let mut rest = text.as_str();
        let mut again = String::new();
        while let Some(at) = rest.find("\"sig\":\"") {
            let (before, after) = rest.split_at_checked(at + 7)?;
            let other = Blake3::of(after.as_bytes()).0;
            again.push_str(before);
            again.push_str(&crate::encoding::base64(&[other, other].concat()));
            rest = after.get(88..)?;
        }
        again.push_str(rest);
        *line = again.into_bytes();
    }
    linked(copy, &lines)
}

fn appended(copy: &Copy) -> Option<Done> {
    let store = copy.store.snapshot();
    let last = segment::name(*segment::list(&store).ok()?.last()?);
    let mut bytes = read_all(&store, &last).ok()??;
    bytes.extend_from_slice(b"{}\n");
    put(&store, &last, &bytes)?;
    Some(Done::Folder(store))
}

/// Whoever reads an attachment holds it against the digest in its event.
fn attachment(copy: &Copy) -> Option<Done> {
    let store = copy.store.snapshot();
    let names = store.list(blob::FOLDER).ok()?;
    let name = names.first()?;
    let file = format!("{}/{name}", blob::FOLDER);
    let digest = crate::encoding::from_hex(name.as_bytes()).ok().map(Sha256)?;
    put(&store, &file, b"another")?;
    blob::get(&store, digest).err().map(|error| Done::Seen(error.code()))
}
