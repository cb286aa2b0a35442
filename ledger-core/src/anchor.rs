//! Anchor: what somebody else's clock says of the log: cosignatures of witnesses, and tokens of
//! authorities for times (RFC 3161).
//!
//! Spec page: `spec/anchor.md`. The writer's clock says when an entry was recorded, and the writer could
//! say anything. Who dates a checkpoint says that all below it existed by then, and has no part in the
//! ledger. Tokens travel as files: a [`Request`] goes out, the answer comes back, and a [`Stamp`] is
//! what it says once its signature holds; whether a reader trusts the authority, its [`Roots`] say.

mod certificate;
mod cms;
mod der;
mod request;
mod stamp;
mod times;

pub use certificate::Roots;
pub use request::Request;
pub use stamp::Stamp;
pub use times::{Brackets, Outside, Side};

use crate::checkpoint::Checkpoint;
use crate::cosignature::Cosignature;
use crate::encoding;
use crate::error::{Error, Result};
use crate::hash::Sha256;
use crate::note::{Note, VerifierKey};
use crate::time::Timestamp;

/// The most bytes of a file among the anchors.
pub const MAX_BYTES: usize = 65_536;

/// Who dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A witness, by a cosignature.
    Witness,
    /// An authority for times, by a token.
    Token,
}

impl Kind {
    /// In a word, as events have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Witness => "witness",
            Self::Token => "rfc3161",
        }
    }
}

/// A file among the anchors, by its name: the size of the checkpoint that it is about, and which one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum File {
    /// A note with cosignatures.
    Cosigned {
        /// How many entries the checkpoint covers.
        size: u64,
    },
    /// The answer of an authority.
    Answer {
        /// How many entries the checkpoint covers.
        size: u64,
        /// The beginning of its SHA-256, hex.
        id: String,
    },
    /// What it was asked.
    Asked {
        /// How many entries the checkpoint covers.
        size: u64,
        /// That of the answer.
        id: String,
    },
}

impl File {
    /// Reads a name: `<20 digits>-<8 hex digits>`, or `<20 digits>-<16 hex digits>` with `.tsr` or `.tsq`.
    pub fn parse(name: &str) -> Option<Self> {
        let (size, rest) = name.split_once('-')?;
        let plain = size.len() == 20 && size.bytes().all(|byte| byte.is_ascii_digit());
        let size = plain.then(|| size.parse().ok()).flatten()?;
        let (id, kind) = rest.split_once('.').unwrap_or((rest, ""));
        let hex = |length| {
            id.len() == length && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        match kind {
            "" if hex(8) && rest == id => Some(Self::Cosigned { size }),
            "tsr" if hex(16) => Some(Self::Answer { size, id: id.to_owned() }),
            "tsq" if hex(16) => Some(Self::Asked { size, id: id.to_owned() }),
            _ => None,
        }
    }

    /// The name of a note that this witness cosigned.
    pub fn cosigned(size: u64, witness: [u8; 4]) -> String {
        format!("{size:020}-{}", encoding::hex(&witness))
    }

    /// The names of an answer and its request.
    pub fn token(size: u64, answer: &[u8]) -> (String, String) {
        let id = encoding::hex(&Sha256::of(answer).0);
        let id = id.get(..16).unwrap_or_default();
        (format!("{size:020}-{id}.tsr"), format!("{size:020}-{id}.tsq"))
    }

    /// The size that the name says.
    pub fn size(&self) -> u64 {
        match self {
            Self::Cosigned { size } | Self::Answer { size, .. } | Self::Asked { size, .. } => *size,
        }
    }
}

/// Somebody's word that a checkpoint existed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Where it stands: a file among the anchors, or the checkpoint.
    pub name: String,
    /// How many entries the checkpoint covers.
    pub size: u64,
    /// Who dates.
    pub kind: Kind,
    /// The witness's name, or SHA-256 of the authority's certificate, hex.
    pub by: String,
    /// The word was not given before this time.
    pub earliest: Timestamp,
    /// All below the checkpoint existed at this time.
    pub latest: Timestamp,
    /// Whether the reader trusts who dates: by a policy, or by roots. Else it dates nothing.
    pub trusted: bool,
}

/// What a token is about: the checkpoint's note as its log signed it. Cosignatures come later, and are
/// left away. Codes of notes and checkpoints, and `anchor-unsigned`.
pub fn dated(note: &[u8]) -> Result<Vec<u8>> {
    let note = Note::parse(note)?;
    let checkpoint = Checkpoint::parse(note.text())?;
    let own = note.signatures().iter().filter(|line| line.name() == checkpoint.origin());
    let own: Vec<_> = own.cloned().collect();
    if own.is_empty() {
        return Err(Error::refused("anchor-unsigned", "the log has not signed the checkpoint"));
    }
    Note::new(note.text(), own).map(|note| note.encode())
}

/// What a token says of the note; codes of [`Stamp::parse`], `stamp-imprint`, `stamp-nonce`, and of
/// [`Stamp::under`] where roots are given. An authority that no root certifies is not trusted.
pub fn token(
    (name, size): (&str, u64),
    answer: &[u8],
    asked: Option<&[u8]>,
    imprint: Sha256,
    roots: Option<&Roots>,
) -> Result<Anchor> {
    let stamp = Stamp::parse(answer)?;
    if stamp.imprint != imprint {
        let message = "the token is not of this checkpoint";
        return Err(Error::untrue("stamp-imprint", message));
    }
    if let Some(asked) = asked {
        stamp.answers(&Request::parse(asked)?)?;
    }
    let trusted = match roots.map(|roots| stamp.under(roots)) {
        None => false,
        Some(Ok(())) => true,
        Some(Err(error)) if error.kind() == crate::error::Kind::Unavailable => false,
        Some(Err(error)) => return Err(error),
    };
    Ok(Anchor {
        name: name.to_owned(),
        size,
        kind: Kind::Token,
        by: encoding::hex(&stamp.signer.0),
        earliest: stamp.earliest(),
        latest: stamp.latest(),
        trusted,
    })
}

/// What witnesses say of the checkpoint in a note. A line by one whom the reader does not name is not
/// trusted: nobody here can tell that they signed. Codes `note-signature`, `cosignature-time`.
pub fn cosignatures(
    name: &str,
    note: &Note,
    size: u64,
    witnesses: &[VerifierKey],
) -> Result<Vec<Anchor>> {
    let mut anchors = Vec::new();
    for line in note.signatures() {
        // other signatures have no time
        let Ok(said) = Cosignature::from_bytes(line.signature()) else { continue };
        let key = witnesses.iter().find(|key| key.matches(line));
        key.map(|key| key.verify(note.text(), line)).transpose()?;
        let (Some(earliest), Some(latest)) = (moment(said.time()), moment(said.time() + 1)) else {
            return Err(Error::untrue("cosignature-time", "the time is after the year 9999"));
        };
        anchors.push(Anchor {
            name: name.to_owned(),
            size,
            kind: Kind::Witness,
            by: line.name().to_owned(),
            earliest,
            // a second is all that it says
            latest,
            trusted: key.is_some(),
        });
    }
    Ok(anchors)
}

fn moment(seconds: u64) -> Option<Timestamp> {
    Timestamp::from_micros(seconds.checked_mul(1_000_000)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_spelling() {
        let (answer, asked) = File::token(21, b"answer");
        assert!(matches!(File::parse(&answer), Some(File::Answer { size: 21, .. })));
        assert!(matches!(File::parse(&asked), Some(File::Asked { size: 21, .. })));
        let name = File::cosigned(21, [1, 2, 3, 4]);
        assert_eq!(File::parse(&name), Some(File::Cosigned { size: 21 }));
        for wrong in [
            "",
            "21-01020304",
            &name.replace("01", "0A"),
            &format!("{name}."),
            &format!("{answer}x"),
        ] {
            assert_eq!(File::parse(wrong), None, "{wrong}");
        }
    }
}
