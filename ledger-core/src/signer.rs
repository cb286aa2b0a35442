//! Signer: the one who signs checkpoints, apart from those who append.
//!
//! Spec page: `spec/signer.md`. It holds a key with the single capability `checkpoint`, keeps the
//! last size and root it signed outside the folder, re-hashes new lines from bytes read back, and
//! refuses anything smaller or inconsistent. Every checkpoint is archived and synced before it is
//! shown to anybody.

use std::sync::Arc;

use crate::checkpoint::Checkpoint;
use crate::encoding;
use crate::error::{Error, Result};
use crate::hash::Sha256;
use crate::key::SigningKey;
use crate::ledger::Ledger;
use crate::note::{self, Note, SignatureLine};
use crate::segment::Place;
use crate::store::{self, Store};
use crate::tree::{self, Frontier};

/// The newest signed note.
pub const CHECKPOINT: &str = "checkpoint";
/// Every published note, one after the other.
pub const ARCHIVE: &str = "checkpoints.log";
/// The folder of cosignatures and time tokens.
pub const ANCHORS: &str = "anchors";
/// The lock of those who replace the newest note; appenders never take it.
pub const LOCK: &str = "checkpoint.lock";
const FORMAT: &str = "release-ledger/signer-memory@v1";
/// How much of the archive's end is read first: more than a note with a few witnesses has.
const TAIL: usize = 4096;

/// What the signer remembers outside the folder: the last tree it signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The ledger's origin.
    pub origin: String,
    /// The size it signed.
    pub size: u64,
    /// The root it signed.
    pub root: Sha256,
    /// The complete subtrees of that tree: enough to continue it without reading it again.
    pub frontier: Vec<Sha256>,
}

/// A checkpoint that was signed and not yet published.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The signed note.
    pub note: Vec<u8>,
    /// What it says.
    pub checkpoint: Checkpoint,
    /// What the signer must remember, durably, before it publishes.
    pub memory: Memory,
}

impl Memory {
    /// The text of the memory file.
    pub fn encode(&self) -> String {
        let mut text =
            format!("{FORMAT}\n{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64());
        for hash in &self.frontier {
            text.push_str(&hash.to_base64());
            text.push('\n');
        }
        text
    }

    /// Reads the memory file; code `signer-memory`.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = || {
            Error::malformed("signer-memory", "the signer's memory is not what it wrote")
                .hint("restore it from a copy; without it the signer cannot know what it signed")
        };
        let mut lines = text.lines();
        let (Some(FORMAT), Some(origin), Some(size), Some(root)) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(wrong());
        };
        let frontier: Result<Vec<Sha256>> =
            lines.map(|line| encoding::from_base64(line.as_bytes()).map(Sha256)).collect();
        let memory = Self {
            origin: origin.to_owned(),
            size: size.parse().map_err(|_| wrong())?,
            root: Sha256::from_base64(root.as_bytes()).map_err(|_| wrong())?,
            frontier: frontier.map_err(|_| wrong())?,
        };
        let tree =
            Frontier::from_parts(memory.size, memory.frontier.clone()).map_err(|_| wrong())?;
        if tree.root() != memory.root || memory.encode() != text {
            return Err(wrong());
        }
        Ok(memory)
    }
}

/// Signs the ledger as it stands, if it continues what was signed before.
///
/// `memory` is none only for the very first checkpoint of a ledger whose archive is empty. Codes
/// `signer-key` (not a registered checkpoint key), `signer-back` (smaller than what was signed),
/// `signer-fork` (another history), `signer-mismatch` (bytes read back are not what the head says),
/// `signer-lost` (no memory, but an archive).
pub fn sign(ledger: &Ledger, memory: Option<&Memory>, key: &SigningKey) -> Result<Signed> {
    let size = ledger.size();
    let origin = ledger.origin().to_string();
    if !ledger.registry().checkpoint_keys(size).contains(&key.public()) {
        return Err(Error::refused(
            "signer-key",
            format!("key `{}` is not registered to sign checkpoints here", key.public().id()),
        )
        .hint("register it with the single capability `checkpoint`"));
    }
    let start = match memory {
        Some(memory) => remembered(ledger, memory, &origin)?,
        None if ledger.store().len(ARCHIVE)?.unwrap_or(0) > 0 => {
            return Err(Error::refused(
                "signer-lost",
                "there are checkpoints, but the signer remembers none",
            )
            .hint("restore the signer's memory, or verify the archive and import its newest checkpoint"));
        }
        None => Frontier::new(),
    };
    let tree = read_back(ledger, start)?;
    let head = Frontier::from_parts(size, ledger.head().frontier.clone())?;
    if tree.root() != head.root() {
        return Err(match memory {
            Some(memory) if memory.size == size || memory.size > 0 => Error::untrue(
                "signer-fork",
                format!(
                    "the log is not a continuation of the {} entries signed before",
                    memory.size
                ),
            )
            .hint("keep both: the folder and the last checkpoint are evidence of a fork"),
            _ => Error::untrue("signer-mismatch", "lines read back do not make the head's tree"),
        });
    }
    let checkpoint = Checkpoint::new(&origin, size, tree.root())?;
    let text = checkpoint.encode();
    let line = note::sign(&text, &origin, key.dalek())?;
    let note = Note::new(&text, vec![line])?.encode();
    let memory = Memory { origin, size, root: tree.root(), frontier: tree.hashes().to_vec() };
    Ok(Signed { note, checkpoint, memory })
}

/// Archives the note, then puts it in the place of the newest; gives the note that stands there then.
/// Call it after the memory is durable.
///
/// One that witnesses have cosigned since is not replaced by the same without their lines. If we stop
/// after the archive, the next checkpoint of the same size archives nothing new and publishes it.
/// Code `busy` when others publish for too long.
pub fn publish(store: &Arc<dyn Store>, signed: &Signed) -> Result<Vec<u8>> {
    let _lock = store.lock(LOCK)?;
    if let Some(note) = cosigned(&**store, &signed.note)? {
        return Ok(note);
    }
    let note = framed(&signed.note);
    let end = archive_end(&**store, &note)?;
    if end.torn {
        // an earlier signer stopped while writing: nobody has seen that note
        let length = usize::try_from(end.whole).unwrap_or(usize::MAX);
        let whole = store::read_range(&**store, ARCHIVE, 0, length)?;
        store::replace(&**store, ARCHIVE, &[whole, note].concat())?;
    } else {
        // a note that stands there already may be in the page cache only: its bytes are written
        // again, so that the sync speaks of them
        let at = if end.same { end.whole - note.len() as u64 } else { end.whole };
        store.write(ARCHIVE, at, &note)?;
        store.sync(ARCHIVE)?;
        store.sync_dir("")?;
    }
    store::replace(&**store, CHECKPOINT, &signed.note)?;
    Ok(signed.note.clone())
}

/// Adds a cosignature to the newest note, if that is still this checkpoint; whether it was.
/// Codes `busy`, and those of a note.
pub fn attach(store: &dyn Store, checkpoint: &Checkpoint, line: &SignatureLine) -> Result<bool> {
    // signer and witness both replace the file whole: without the lock the later takes back the other
    let _lock = store.lock(LOCK)?;
    let published = store::read_all(store, CHECKPOINT)?.unwrap_or_default();
    let published = Note::parse(&published)?;
    if published.text() != checkpoint.encode() {
        return Ok(false);
    }
    let with = published.with(line.clone())?.encode();
    store::replace(store, CHECKPOINT, &with).map(|()| true)
}

/// The published note, if it is this one, with more signatures or none.
fn cosigned(store: &dyn Store, new: &[u8]) -> Result<Option<Vec<u8>>> {
    let Some(bytes) = store::read_all(store, CHECKPOINT)? else { return Ok(None) };
    let (Ok(old), Ok(new)) = (Note::parse(&bytes), Note::parse(new)) else { return Ok(None) };
    let same = old.text() == new.text()
        && new.signatures().iter().all(|line| old.signatures().contains(line));
    Ok(same.then_some(bytes))
}

/// A note in the archive is followed by two empty lines: a note ends with a signature line, and
/// has no two empty lines in a row.
fn framed(note: &[u8]) -> Vec<u8> {
    [note, b"\n\n"].concat()
}

/// How the archive ends.
struct ArchiveEnd {
    /// Bytes of its whole notes.
    whole: u64,
    /// Whether the last of them is the one that was asked for.
    same: bool,
    /// Whether something follows them.
    torn: bool,
}

/// How the archive ends, from its last bytes: it grows for ever, and is not read for each note.
fn archive_end(store: &dyn Store, note: &[u8]) -> Result<ArchiveEnd> {
    let length = store.len(ARCHIVE)?.unwrap_or(0);
    if length == 0 {
        return Ok(ArchiveEnd { whole: 0, same: false, torn: false });
    }
    let mut wanted = note.len().max(TAIL) * 2;
    loop {
        let from = length.saturating_sub(wanted as u64);
        let bytes = store::read_range(store, ARCHIVE, from, wanted)?;
        // the byte before says where a frame begins, so that it must be there too
        let frame =
            bytes.windows(4).rposition(|four| four != b"\n\n\n\n" && four.ends_with(b"\n\n\n"));
        let whole = frame.map(|at| bytes.split_at(at + 4).0);
        match whole {
            Some(whole) if from == 0 || whole.len() >= note.len() => {
                let torn = whole.len() < bytes.len();
                let (same, whole) = (whole.ends_with(note), from + whole.len() as u64);
                return Ok(ArchiveEnd { whole, same, torn });
            }
            _ if from == 0 => return Ok(ArchiveEnd { whole: 0, same: false, torn: true }),
            _ => wanted = wanted.saturating_mul(2),
        }
    }
}

/// The notes of the archive, in order; what follows the last whole one is returned beside them.
pub fn archived(bytes: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let mut notes = Vec::new();
    let mut rest = bytes;
    while let Some(end) = rest.windows(3).position(|window| window == b"\n\n\n") {
        let (note, after) = rest.split_at_checked(end + 1).unwrap_or_default();
        notes.push(note);
        rest = after.get(2..).unwrap_or_default();
    }
    (notes, rest)
}

/// The tree that was signed last, if the log still holds at least as much.
fn remembered(ledger: &Ledger, memory: &Memory, origin: &str) -> Result<Frontier> {
    if memory.origin != origin {
        return Err(Error::refused("signer-fork", "the signer remembers another ledger here"));
    }
    if memory.size > ledger.size() {
        return Err(Error::untrue(
            "signer-back",
            format!("{} entries were signed before, the log has {}", memory.size, ledger.size()),
        )
        .hint(
            "the folder was restored to an older state or cut; the missing entries are evidence",
        ));
    }
    Frontier::from_parts(memory.size, memory.frontier.clone())
}

/// Continues the tree with the lines that follow it, read from the files.
fn read_back(ledger: &Ledger, mut tree: Frontier) -> Result<Frontier> {
    let first = tree.size();
    if first >= ledger.size() {
        return Ok(tree);
    }
    let place = match first {
        0 => Place { segment: 0, offset: 0 },
        _ => ledger.place(first)?,
    };
    let mut blocks = ledger.blocks_from(place)?;
    while let Some(block) = blocks.next_block()? {
        if block.unterminated {
            return Err(Error::untrue("signer-mismatch", "a segment ends within a line"));
        }
        for range in &block.lines {
            tree.push(tree::leaf_hash(block.line(range)))?;
        }
    }
    if tree.size() != ledger.size() {
        return Err(Error::untrue("signer-mismatch", "the files do not hold what the head says"));
    }
    Ok(tree)
}
