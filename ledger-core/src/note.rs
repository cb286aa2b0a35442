//! Signed notes: text with the signatures of one or more keys (C2SP `signed-note`).
//!
//! ```text
//! This is an example message.
//!
//! — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
//! ```
//!
//! The text means nothing until [`open`] has found a signature on it by a key that the caller
//! trusts. A note can carry signatures of keys that we do not know, so keys rotate and witnesses
//! join without breaking old readers. Specification: `spec/note.md`.

mod key;
mod line;

pub use key::{KeyType, VerifierKey};
pub use line::{MAX_NAME, SignatureLine};

use ed25519_dalek::{Signer as _, SigningKey};

use crate::checkpoint::Checkpoint;
use crate::cosignature::Cosignature;
use crate::error::{Error, Result};

/// The most bytes of a note.
pub const MAX_BYTES: usize = 1_000_000;

/// The most signature lines of a note.
pub const MAX_SIGNATURES: usize = 100;

/// A text and its signature lines; whether they hold is not known yet.
///
/// One legal spelling: what is parsed encodes to the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<SignatureLine>,
}

impl Note {
    /// Codes: `note-text` (no final newline, or a control character), `note-no-signature`,
    /// `note-signatures` (over 100), `note-large`.
    pub fn new(text: &str, signatures: Vec<SignatureLine>) -> Result<Self> {
        if !text.ends_with('\n') || has_control(text) {
            return Err(Error::malformed(
                "note-text",
                "the text of a note ends with a newline and has no other control characters",
            ));
        }
        if signatures.is_empty() {
            return Err(Error::malformed("note-no-signature", "a note has at least one signature"));
        }
        if signatures.len() > MAX_SIGNATURES {
            return Err(too_many());
        }
        let note = Self { text: text.to_owned(), signatures };
        if note.encode().len() > MAX_BYTES {
            return Err(too_large());
        }
        Ok(note)
    }

    /// Reads a note.
    ///
    /// Codes: `note-large`, `note-utf8`, `note-control`, `note-split` (no empty line), `note-newline`
    /// (no newline at the end), `note-no-signature`, `note-signatures`, `note-line`, `note-name`.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > MAX_BYTES {
            return Err(too_large());
        }
        let note = std::str::from_utf8(bytes)
            .map_err(|_| Error::malformed("note-utf8", "the note is not UTF-8"))?;
        if has_control(note) {
            return Err(Error::malformed(
                "note-control",
                "the note holds a control character other than newline",
            ));
        }
        // The last empty line: the text may hold empty lines of its own.
        let (text, lines) = note
            .rfind("\n\n")
            .and_then(|at| Some((note.get(..=at)?, note.get(at + 2..)?)))
            .ok_or_else(|| {
                Error::malformed("note-split", "no empty line parts the text from its signatures")
            })?;
        if lines.is_empty() {
            return Err(Error::malformed("note-no-signature", "a note has at least one signature"));
        }
        let lines = lines.strip_suffix('\n').ok_or_else(|| {
            Error::malformed("note-newline", "the note does not end with a newline")
        })?;
        if lines.split('\n').nth(MAX_SIGNATURES).is_some() {
            return Err(too_many());
        }
        let signatures = lines.split('\n').map(SignatureLine::parse).collect::<Result<_>>()?;
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// The bytes of the note.
    pub fn encode(&self) -> Vec<u8> {
        let mut note = format!("{}\n", self.text);
        for line in &self.signatures {
            note.push_str(&line.to_string());
            note.push('\n');
        }
        note.into_bytes()
    }

    /// The text with its final newline. Do not act on it before [`open`].
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines in their order.
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// The same note with one more line, unless it has it already; codes as [`Note::new`].
    pub fn with(mut self, line: SignatureLine) -> Result<Self> {
        if !self.signatures.contains(&line) {
            self.signatures.push(line);
        }
        Self::new(&self.text, self.signatures)
    }
}

/// A note whose text at least one of the keys has signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The signed text with its final newline.
    pub text: String,
    /// The signatures that hold, one per key, in the order of the lines.
    pub verified: Vec<Verified>,
    /// How many different lines are by keys that were not asked for.
    pub unknown: usize,
}

/// One signature that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Place of the key in the list that was given to [`open`].
    pub key: usize,
    /// When a witness cosigned, in seconds since 1970; none for other signatures.
    pub time: Option<u64>,
}

/// Reads a note and judges its signatures by the given keys.
///
/// Lines by other keys are ignored, also those that share a name or an id with a given key; of
/// several lines by one key the first counts. One line of a given key that does not hold refuses the
/// whole note. Codes: those of [`Note::parse`], `note-signature` (a line does not hold),
/// `note-unknown` (no line is by a given key), `note-ambiguous` (two given keys share name and id).
pub fn open(bytes: &[u8], keys: &[VerifierKey]) -> Result<Opened> {
    open_note(&Note::parse(bytes)?, keys)
}

/// As [`open`], for a note that was read already.
pub fn open_note(note: &Note, keys: &[VerifierKey]) -> Result<Opened> {
    let mut verified: Vec<Verified> = Vec::new();
    let mut unknown: Vec<&SignatureLine> = Vec::new();
    for line in &note.signatures {
        let mut known = keys.iter().enumerate().filter(|(_, key)| key.matches(line));
        let Some((at, key)) = known.next() else {
            if !unknown.contains(&line) {
                unknown.push(line);
            }
            continue;
        };
        if known.next().is_some() {
            return Err(Error::refused(
                "note-ambiguous",
                format!("two of the known keys are called `{}` with the same id", key.name()),
            ));
        }
        if verified.iter().all(|before| before.key != at) {
            verified.push(Verified { key: at, time: key.verify(&note.text, line)? });
        }
    }
    if verified.is_empty() {
        return Err(Error::untrue("note-unknown", "the note is not signed by a known key"));
    }
    Ok(Opened { text: note.text.clone(), verified, unknown: unknown.len() })
}

/// Signs the text of a note as `name` with an Ed25519 key (type 0x01); codes `note-text`,
/// `note-name`.
pub fn sign(text: &str, name: &str, key: &SigningKey) -> Result<SignatureLine> {
    let verifier = VerifierKey::new(name, KeyType::Ed25519, key.verifying_key())?;
    let line = SignatureLine::new(name, verifier.id(), &key.sign(text.as_bytes()).to_bytes())?;
    Note::new(text, vec![line.clone()])?;
    Ok(line)
}

/// Cosigns a checkpoint as the witness `name` at `time`, in seconds since 1970 (type 0x04); codes
/// `note-name`, `cosignature-time`.
pub fn cosign(
    checkpoint: &Checkpoint,
    time: u64,
    name: &str,
    key: &SigningKey,
) -> Result<SignatureLine> {
    let verifier = VerifierKey::new(name, KeyType::Cosignature, key.verifying_key())?;
    let cosignature = Cosignature::sign(checkpoint, time, key)?;
    SignatureLine::new(name, verifier.id(), &cosignature.to_bytes())
}

fn has_control(text: &str) -> bool {
    text.bytes().any(|byte| byte < 0x20 && byte != b'\n')
}

fn too_many() -> Error {
    Error::malformed("note-signatures", format!("a note has at most {MAX_SIGNATURES} signatures"))
}

fn too_large() -> Error {
    Error::malformed("note-large", format!("a note has at most {MAX_BYTES} bytes"))
}
