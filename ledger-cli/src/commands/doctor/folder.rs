//! The ledger's folder: its format, head, lock and what recovery would find.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;
use std::time::Duration;

use ledger_core::head::{Head, Read};
use ledger_core::ledger::{self, LOCK, Ledger};
use ledger_core::segment;

use super::around::DAY;
use super::closed::Closed;
use super::finding::{Finding, Standing};
use crate::clock;
use crate::context::{Context, Folder, folder_at};
use crate::failure::{Failure, Result};
use crate::state::State;

/// How often a lock that is held is asked for again, and after which time: an append holds it for
/// milliseconds.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(200);
/// A clock that is this many seconds before the newest entry is one that lags, not one that is wrong.
const SKEW: u64 = 5;

/// The folder, and the ledger in it where it opens.
pub(super) struct Looked {
    /// The folder, which cannot be written through this value.
    pub(super) folder: Folder,
    /// The ledger, or why it does not open.
    pub(super) opened: std::result::Result<(), Failure>,
    /// The ledger, if it opened.
    pub(super) ledger: Option<Ledger>,
}

/// Looks whether there is a ledger at all.
pub(super) fn open(context: &Context, state: State) -> std::result::Result<Looked, Box<Finding>> {
    let folder = context.ledger_path().and_then(|path| folder_at(&path, state));
    let folder = folder.map_err(|failure| Box::new(closed(&failure)))?;
    let folder = Folder { store: Arc::new(Closed(Arc::clone(&folder.store))), ..folder };
    let (opened, ledger) = match folder.open() {
        Ok(ledger) => (Ok(()), Some(ledger)),
        Err(failure) => (Err(failure), None),
    };
    Ok(Looked { folder, opened, ledger })
}

/// A folder that is named and not there is a fault, however it is called elsewhere.
fn closed(failure: &Failure) -> Finding {
    let finding = Finding::of("ledger", failure);
    match failure.code() {
        "ledger-none" | "ledger-newer" => finding.at(Standing::Fail),
        _ => finding,
    }
}

/// The checks of the folder.
pub(super) fn look(looked: &Looked) -> Vec<Finding> {
    let folder = &looked.folder;
    let mut found = vec![match &looked.opened {
        Ok(()) => Finding::ok("ledger", format!("{}, `{}`", folder.shown(), folder.origin)),
        Err(failure) => Finding::of("ledger", failure).command("ledger verify"),
    }];
    found.extend(head(folder));
    found.push(lock(folder));
    found.extend(recovery(looked));
    found.extend(looked.ledger.as_ref().map(newest));
    found
}

fn head(folder: &Folder) -> Vec<Finding> {
    let read = match Head::read(&*folder.store) {
        Ok(Some(read)) => read,
        Ok(None) => {
            return vec![Finding::fail("head", "the ledger has no head").hint(
                "restore `head` from a copy; without it nobody knows what was acknowledged",
            )];
        }
        Err(error) => return vec![Finding::of("head", &error.into())],
    };
    let mut found = vec![match read.damaged {
        None => Finding::ok("head", format!("{} entries, both slots whole", read.head.size)),
        Some(slot) => Finding::fail("head", format!("slot {slot} is damaged or was torn"))
            .hint("the other slot holds; recovery writes this one anew")
            .command("ledger recover"),
    }];
    match past(folder, &read) {
        Ok(None) => {}
        Ok(Some(finding)) => found.push(finding),
        Err(failure) => found.push(Finding::of("recovery", &failure)),
    }
    found
}

/// What lies past the head, where nothing was acknowledged, or is missing before it.
fn past(folder: &Folder, read: &Read) -> Result<Option<Finding>> {
    let head = &read.head;
    let there = folder.store.len(&segment::name(head.segment))?.unwrap_or(0);
    let later = segment::list(&*folder.store)?.last().is_some_and(|&last| last > head.segment);
    if there < head.offset {
        let missing = head.offset - there;
        let said = format!("{missing} acknowledged bytes are missing from the open segment");
        return Ok(Some(Finding::fail("recovery", said).hint(
            "keep the folder as it is, and restore the entries from a copy; nothing mends this here",
        )));
    }
    if there == head.offset && !later {
        return Ok(None);
    }
    let said =
        format!("{} bytes lie past the head: they were never acknowledged", there - head.offset);
    let finding = Finding::warn("recovery", said)
        .hint("somebody appends just now, or was stopped: the next append keeps what is lawful");
    Ok(Some(finding.command("ledger recover")))
}

fn recovery(looked: &Looked) -> Vec<Finding> {
    let store = &*looked.folder.store;
    let mut found = Vec::new();
    match ledger::is_poisoned(store) {
        Ok(true) => found.push(
            Finding::fail("recovery", "a sync failed: nothing more is appended")
                .hint("look after the disk first; then what was acknowledged is read back and checked")
                .command("ledger recover"),
        ),
        Ok(false) => {}
        Err(error) => found.push(Finding::of("recovery", &error.into())),
    }
    match looked.ledger.as_ref().map(Ledger::unrecorded).transpose() {
        Ok(Some(open)) if !open.is_empty() => found.push(
            Finding::warn("recovery", format!("{} recoveries are not recorded yet", open.len()))
                .hint("the next append records them"),
        ),
        Ok(_) => {}
        Err(error) => found.push(Finding::of("recovery", &error.into())),
    }
    if found.is_empty() {
        found.push(Finding::ok("recovery", "nothing to mend"));
    }
    found
}

/// The clock against the newest entry: a writer whose clock went back shows in every later verdict.
fn newest(ledger: &Ledger) -> Finding {
    let Some(last) = ledger.size().checked_sub(1) else {
        return Finding::warn("entries", "there is no entry");
    };
    let at = match ledger.entry(last, |entry| entry.recorded_at) {
        Ok(at) => at,
        Err(error) => return Finding::of("entries", &error.into()).command("ledger verify"),
    };
    match clock::now() {
        Ok(now) if now.seconds().saturating_add(SKEW) < at.seconds() => {
            let behind = at.seconds() - now.seconds();
            let said = format!("the newest entry is of {at}: this clock is {behind} s behind it");
            let finding = if behind < DAY { Finding::warn } else { Finding::fail };
            finding("entries", said)
                .hint("set the clock; an entry that is dated before its predecessor is a finding")
        }
        _ => Finding::ok("entries", format!("the newest, {last}, was recorded {at}")),
    }
}

/// Whether somebody writes, and who.
fn lock(folder: &Folder) -> Finding {
    let path = folder.path.join(LOCK);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Finding::ok("lock", "free; nobody has appended here yet");
        }
        Err(error) => return Finding::unknown("lock", format!("cannot be looked at: {error}")),
    };
    for _ in 0..TRIES {
        match file.try_lock() {
            // it is let go at once, with the handle
            Ok(()) => return Finding::ok("lock", "free"),
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            Err(TryLockError::Error(error)) => {
                return Finding::unknown("lock", format!("cannot be asked for: {error}")).hint(
                    "on this file system locks may not hold: keep the ledger on a local one",
                );
            }
        }
    }
    let holder = holder(&file).unwrap_or_else(|| "another process".to_owned());
    Finding::warn("lock", format!("held for over a second by {holder}"))
        .hint("commands wait up to 10 s for it; ending that process loses nothing it acknowledged")
}

/// Who holds it, as Linux tells: `/proc/locks` names the process for each inode.
fn holder(file: &File) -> Option<String> {
    let inode = file.metadata().ok()?.ino();
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let pid = locks.lines().find_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let (kind, _, _) = (words.next()?, words.next()?, words.next()?);
        let (pid, at) = (words.next()?, words.next()?);
        let same = kind == "FLOCK" && at.rsplit(':').next()?.parse() == Ok(inode);
        same.then(|| pid.to_owned())
    })?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    Some(match name.trim_end() {
        "" => format!("process {pid}"),
        name => format!("process {pid} (`{name}`)"),
    })
}
