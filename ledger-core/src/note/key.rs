//! Verifier keys: who may have signed a note, as one line of text.

use std::fmt;

use ed25519_dalek::{Signature, VerifyingKey};

use super::line::{SignatureLine, check_name};
use crate::cosignature::Cosignature;
use crate::encoding;
use crate::error::{Error, Result};
use crate::hash::Sha256;

/// What a key signs, by the type byte that the note format assigns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    /// 0x01: Ed25519 over the text of the note.
    Ed25519,
    /// 0x04: Ed25519 over a time and a checkpoint, made by a witness.
    Cosignature,
}

impl KeyType {
    /// The byte before the public key in ids and texts.
    pub fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::Cosignature => 0x04,
        }
    }
}

/// A name, a type and a public key: `<name>+<8 hex digits>+<base64>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    kind: KeyType,
    key: VerifyingKey,
}

impl VerifierKey {
    /// Codes: `note-name`; `vkey-weak` for a public key under which a signature may hold that
    /// nobody made, or whose point has a second spelling.
    pub fn new(name: &str, kind: KeyType, key: VerifyingKey) -> Result<Self> {
        check_name(name)?;
        let point = key.to_edwards();
        let canonical = point.compress().as_bytes() == key.as_bytes();
        if key.is_weak() || !canonical || !point.is_torsion_free() {
            return Err(Error::refused("vkey-weak", format!("the key of `{name}` is weak")));
        }
        Ok(Self { name: name.to_owned(), kind, key })
    }

    /// Reads the text of a key.
    ///
    /// Codes: `vkey-form`, `note-name`, `vkey-id` (the id is not of this name and key), `vkey-type`
    /// (a type we do not know), `vkey-length`, `vkey-point` (no point of the curve), `vkey-weak`.
    pub fn parse(text: &str) -> Result<Self> {
        let form = || {
            Error::malformed(
                "vkey-form",
                "a verifier key is a name, an id and a key, joined by `+`",
            )
        };
        let (name, rest) = text.split_once('+').ok_or_else(form)?;
        let (id, key) = rest.split_once('+').ok_or_else(form)?;
        let id = encoding::from_hex::<4>(id.as_bytes()).map_err(|_| form())?;
        let key = encoding::from_base64_any(key.as_bytes()).map_err(|_| form())?;
        let (&kind, key) = key.split_first().ok_or_else(form)?;
        check_name(name)?;
        if key_id(name, kind, key) != id {
            return Err(Error::malformed(
                "vkey-id",
                format!("the id of the key `{name}` belongs to another name or key"),
            ));
        }
        let kind = match kind {
            0x01 => KeyType::Ed25519,
            0x04 => KeyType::Cosignature,
            _ => {
                return Err(Error::malformed(
                    "vkey-type",
                    format!("the key `{name}` is of unknown type {kind:#04x}"),
                ));
            }
        };
        let key = key.try_into().map_err(|_| {
            Error::malformed("vkey-length", format!("the key `{name}` does not have 32 bytes"))
        })?;
        let key = VerifyingKey::from_bytes(key).map_err(|_| {
            Error::malformed("vkey-point", format!("the key `{name}` is not an Ed25519 key"))
        })?;
        Self::new(name, kind, key)
    }

    /// The signer's name; of a log, its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the key signs.
    pub fn kind(&self) -> KeyType {
        self.kind
    }

    /// The public key.
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The id in signature lines: the first 4 bytes of SHA-256 over name, newline, type and key.
    pub fn id(&self) -> [u8; 4] {
        key_id(&self.name, self.kind.byte(), self.key.as_bytes())
    }

    /// Whether the line claims to be by this key: name and id are the same.
    pub fn matches(&self, line: &SignatureLine) -> bool {
        line.name() == self.name && line.id() == self.id()
    }

    /// Holds when the line is this key's signature of the text; gives the time of a cosignature.
    /// Code `note-signature`.
    pub fn verify(&self, text: &str, line: &SignatureLine) -> Result<Option<u64>> {
        let untrue = || {
            Error::untrue(
                "note-signature",
                format!("the signature by `{}` does not hold for this text", self.name),
            )
        };
        if !self.matches(line) {
            return Err(untrue());
        }
        match self.kind {
            KeyType::Ed25519 => Signature::from_slice(line.signature())
                .and_then(|signature| self.key.verify_strict(text.as_bytes(), &signature))
                .map(|()| None)
                .map_err(|_| untrue()),
            KeyType::Cosignature => Cosignature::from_bytes(line.signature())
                .and_then(|cosigned| cosigned.verify(text, &self.key).map(|()| cosigned.time()))
                .map(Some)
                .map_err(|_| untrue()),
        }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![self.kind.byte()];
        key.extend_from_slice(self.key.as_bytes());
        write!(f, "{}+{}+{}", self.name, encoding::hex(&self.id()), encoding::base64(&key))
    }
}

pub(super) fn key_id(name: &str, kind: u8, key: &[u8]) -> [u8; 4] {
    let hash = Sha256::of_parts(&[name.as_bytes(), b"\n", &[kind], key]);
    hash.0.first_chunk().copied().unwrap_or_default()
}
