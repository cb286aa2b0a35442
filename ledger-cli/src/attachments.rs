//! Attachments on their way: kept in the state, durably, until an event that names them is in the
//! ledger. Private ones are encrypted first; their key travels to the vault with that very event.
//!
//! ```text
//! <state>/<genesis hash>/attachments/<hex of the digest>       the bytes, as the ledger will have them
//! <state>/<genesis hash>/attachments/<hex of the digest>.key   what opens them, of a private one
//! ```

use std::path::{Path, PathBuf};

use ledger_core::blob;
use ledger_core::checkpoint::Origin;
use ledger_core::encoding::{base64, from_base64, hex};
use ledger_core::event::is_id;
use ledger_core::hash::Sha256;
use ledger_core::json::{self, Value};
use ledger_core::ledger::Submission;
use ledger_core::store::Store;
use ledger_core::vault::attachment;
use ledger_core::vault::cipher::DataKey;
use ledger_core::vault::inbox::Item;

use crate::failure::{Failure, Result};
use crate::state::State;
use crate::{files, random};

/// Most bytes that wait in the state of one ledger.
const MAX_WAITING: u64 = 1 << 30;

/// Media types by the ending of a file's name.
const MEDIA_TYPES: &[(&str, &str)] = &[
    ("csv", "text/csv"),
    ("gz", "application/gzip"),
    ("html", "text/html"),
    ("json", "application/json"),
    ("jsonl", "application/jsonl"),
    ("md", "text/markdown"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("sarif", "application/sarif+json"),
    ("tar", "application/x-tar"),
    ("txt", "text/plain"),
    ("xml", "application/xml"),
    ("zip", "application/zip"),
];

/// A file made ready to be attached.
pub(crate) struct Attachment {
    /// What an event says of it: a member of `attachments`.
    pub(crate) reference: Value,
    digest: Sha256,
    bytes: Vec<u8>,
    key: Option<DataKey>,
}

/// What came to the ledger beside events, or goes with them.
#[derive(Default)]
pub(crate) struct Brought {
    /// For the vault.
    pub(crate) items: Vec<Item>,
    files: Vec<PathBuf>,
}

impl Attachment {
    /// Reads a file; a private one is encrypted under a key of its own. `name` and `media` say what
    /// the file's own name does not.
    pub(crate) fn read(
        path: &Path,
        private: bool,
        name: Option<&str>,
        media: Option<&str>,
        origin: &Origin,
    ) -> Result<Self> {
        let plain = files::read_input(path)?;
        if plain.is_empty() {
            return Err(Failure::new(
                "attachment-empty",
                "an attachment without bytes says nothing",
            )
            .within(files::shown(path))
            .hint("attach the file once it is written"));
        }
        let name = label("--name", name, path.file_name().and_then(|name| name.to_str()), "file")?;
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let known = MEDIA_TYPES.iter().find(|(known, _)| *known == ending).map(|(_, media)| *media);
        let media = label("--media-type", media, known, "application/octet-stream")?;
        let (digest, bytes, key) = if private {
            let sealed = attachment::seal(origin.genesis().0, &plain, &random::bytes()?)?;
            (sealed.digest, sealed.bytes, Some(sealed.key))
        } else {
            (Sha256::of(&plain), plain, None)
        };
        let mut members = vec![
            ("digest", Value::text(digest.to_reference())),
            ("media_type", Value::text(media)),
            ("name", Value::text(name)),
            ("size", Value::count(bytes.len() as u64)),
        ];
        members.extend(private.then_some(("private", Value::Bool(true))));
        Ok(Self { reference: Value::object(members), digest, bytes, key })
    }

    /// Keeps it until an event that names it is delivered. If we stop in here, a file is left that
    /// no event names.
    pub(crate) fn keep(&self, state: &State, origin: &Origin) -> Result<()> {
        room_for(state, origin, self.bytes.len() as u64)?;
        let name = file(origin, self.digest);
        state.make_folder_of(&name)?;
        files::replace(&state.path(&name), &self.bytes, 0o600, true)?;
        self.keep_key(state, origin)
    }

    /// Puts it where the ledger has it. The key of a private one waits for the event.
    pub(crate) fn put(&self, state: &State, origin: &Origin, store: &dyn Store) -> Result<()> {
        self.keep_key(state, origin)?;
        // if we stop after this, a file is left that no entry names
        blob::put(store, &self.bytes)?;
        Ok(())
    }

    fn keep_key(&self, state: &State, origin: &Origin) -> Result<()> {
        let Some(key) = &self.key else { return Ok(()) };
        let name = format!("{}.key", file(origin, self.digest));
        state.make_folder_of(&name)?;
        let line = base64(&key.to_bytes()) + "\n";
        files::replace(&state.path(&name), line.as_bytes(), 0o600, true)
    }
}

/// Puts what waits here and is named by these events where the ledger has it, before they are
/// delivered. Its files stay until [`Brought::delivered`].
pub(crate) fn bring(
    state: &State,
    origin: &Origin,
    store: &dyn Store,
    events: &[Submission],
) -> Result<Brought> {
    carry(state, origin, events, |_, bytes| Ok(blob::put(store, bytes).map(drop)?))
}

/// As [`bring`], to wherever `put` takes each.
pub(crate) fn carry(
    state: &State,
    origin: &Origin,
    events: &[Submission],
    mut put: impl FnMut(Sha256, &[u8]) -> Result<()>,
) -> Result<Brought> {
    let mut brought = Brought::default();
    if !state.path(&folder(origin)).is_dir() {
        return Ok(brought);
    }
    for digest in events.iter().flat_map(|event| named(&event.event)) {
        let path = state.path(&file(origin, digest));
        if let Some(bytes) = files::read_if_there(&path)? {
            if Sha256::of(&bytes) != digest {
                return Err(Failure::new("attachment-digest", "the attachment was changed here")
                    .within(path.display().to_string())
                    .hint("attach the original file again"));
            }
            put(digest, &bytes)?;
            brought.files.push(path);
        }
        let path = state.path(&format!("{}.key", file(origin, digest)));
        if let Some(line) = files::read_if_there(&path)? {
            let line = line.strip_suffix(b"\n").unwrap_or(&line);
            let key = DataKey::from_bytes(from_base64(line)?);
            brought.items.push(Item::Attachment { digest, key });
            brought.files.push(path);
        }
    }
    Ok(brought)
}

impl Brought {
    /// The events are in the ledger: nothing waits here any more. If we stop in here, files are left
    /// that are put there once more when they are named again.
    pub(crate) fn delivered(&self) -> Result<()> {
        self.files.iter().try_for_each(|path| files::remove(path))
    }
}

/// The attachments that an event names.
fn named(event: &[u8]) -> Vec<Sha256> {
    // most events name none, and their bytes need not be read twice
    const MEMBER: &[u8] = b"\"attachments\":";
    if !event.windows(MEMBER.len()).any(|window| window == MEMBER) {
        return Vec::new();
    }
    let Ok(Some(Value::List(items))) =
        json::read(event).map(|event| event.get("attachments").cloned())
    else {
        return Vec::new();
    };
    let digest = |item: &Value| Sha256::from_reference(item.get("digest")?.as_text()?);
    items.iter().filter_map(digest).collect()
}

/// What was given, if it is a restricted id; else what the file says, else what always holds.
fn label(option: &str, given: Option<&str>, found: Option<&str>, other: &str) -> Result<String> {
    match given {
        Some(text) if !is_id(text) => {
            Err(Failure::new("field-value", format!("`{text}` is no restricted id"))
                .within(option.to_owned())
                .hint("letters, digits and `.`, `_`, `:`, `/`, `+`, `#`, `-`"))
        }
        Some(text) => Ok(text.to_owned()),
        None => Ok(found.filter(|text| is_id(text)).unwrap_or(other).to_owned()),
    }
}

fn room_for(state: &State, origin: &Origin, more: u64) -> Result<()> {
    let path = state.path(&folder(origin));
    let there = std::fs::read_dir(&path).into_iter().flatten().flatten();
    let used: u64 = there.filter_map(|file| file.metadata().ok()).map(|found| found.len()).sum();
    if used.saturating_add(more) <= MAX_WAITING {
        return Ok(());
    }
    Err(Failure::new("spool-full", "more than 1 GiB of attachments wait")
        .within(path.display().to_string())
        .hint("reach the ledger with `ledger flush`; then nothing waits"))
}

fn folder(origin: &Origin) -> String {
    State::of(origin, "attachments")
}

fn file(origin: &Origin, digest: Sha256) -> String {
    format!("{}/{}", folder(origin), hex(&digest.0))
}
