//! A person's two spellings: the pseudonym in the log, and the keyed hash in the files.

use std::fmt;
use std::str::FromStr;

use crate::encoding;
use crate::error::{Error, Result};
use crate::hash::Blake3;

/// Stands for a person in the log: 128 random bits, 26 characters of lower-case base32.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pseudonym(pub [u8; 16]);

impl FromStr for Pseudonym {
    type Err = Error;

    /// Reads the one spelling; code `persons-pseudonym`.
    fn from_str(text: &str) -> Result<Self> {
        encoding::from_base32(text.as_bytes()).map(Self).map_err(|_| {
            Error::malformed("persons-pseudonym", "a pseudonym is 26 characters of base32")
        })
    }
}

impl fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&encoding::base32(&self.0))
    }
}

impl fmt::Debug for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The key of a ledger's persons: who has it can test a guess at an identity.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key(pub [u8; 32]);

impl Key {
    /// The hash under which an identity is filed: keyed BLAKE3 over lp(issuer) lp(id), where lp is
    /// the length as u64be before the bytes.
    pub fn identity(&self, issuer: &str, id: &str) -> Blake3 {
        self.parts(&[issuer.as_bytes(), id.as_bytes()])
    }

    /// The member `original` of an imported event: keyed BLAKE3 of the source's record as it was.
    pub fn original(&self, record: &[u8]) -> Blake3 {
        Blake3(*blake3::keyed_hash(&self.0, record).as_bytes())
    }

    /// What replaces a source id that names a person: keyed BLAKE3 over lp("source") lp(source)
    /// lp(id). Three parts, so it is never the hash of an identity.
    pub fn source_digest(&self, source: &str, id: &str) -> Blake3 {
        self.parts(&[b"source", source.as_bytes(), id.as_bytes()])
    }

    fn parts(&self, parts: &[&[u8]]) -> Blake3 {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        for part in parts {
            // a slice is shorter than 2^63 bytes on every machine there is
            hasher.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hasher.update(part);
        }
        Blake3(*hasher.finalize().as_bytes())
    }
}

/// Shows nothing of the key.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_pseudonym_has_one_spelling(bytes: [u8; 16], at in 0usize..26, other in "[ -~]") {
            let text = Pseudonym(bytes).to_string();
            prop_assert_eq!(text.parse::<Pseudonym>().unwrap(), Pseudonym(bytes));
            let mut changed = text.clone();
            changed.replace_range(at..=at, &other);
            match changed.parse::<Pseudonym>() {
                Ok(read) => prop_assert_eq!(read.to_string(), changed),
                Err(error) => prop_assert_eq!(error.code(), "persons-pseudonym"),
            }
        }

        /// Moving a byte over the border between issuer and id makes another identity.
        #[test]
        fn borders_count(issuer in "[ab]{0,3}", id in "[ab]{0,3}", other in "[ab]{0,3}", more in "[ab]{0,3}") {
            let key = Key([3; 32]);
            let same = key.identity(&issuer, &id) == key.identity(&other, &more);
            prop_assert_eq!(same, (&issuer, &id) == (&other, &more));
            prop_assert_ne!(key.source_digest(&issuer, &id), key.identity(&issuer, &id));
        }
    }

    #[test]
    fn another_key_is_another_hash() {
        let (one, two) = (Key([1; 32]), Key([2; 32]));
        assert_ne!(one.identity("a", "b"), two.identity("a", "b"));
        assert_ne!(one.original(b"{}"), two.original(b"{}"));
        assert!(!format!("{one:?}").contains('1'));
    }
}
