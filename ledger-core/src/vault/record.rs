//! The records of the vault's database (`spec/vault.md`): bincode, encrypted, never exported.
//!
//! bincode accepts more spellings than it writes, which is why nothing of it is hashed or signed.
//! Here a value counts only if its cipher opens, all bytes are used and the version is known.

use bincode::{Decode, Encode};

use super::cipher::DataKey;
use super::persons::Pseudonym;
use crate::error::{Error, Result};
use crate::hash::Sha256;

/// The version byte before every record.
const VERSION: u8 = 1;
/// Longest record in bytes.
const LIMIT: usize = 16 * 1024 * 1024;

/// A name under which a source knows somebody.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Known {
    /// Who names the person.
    pub issuer: String,
    /// The name it gives.
    pub id: String,
    /// What the person is called there, if it was said.
    pub name: Option<String>,
    /// The address, if it was said.
    pub email: Option<String>,
}

/// What the vault has of a person.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct Person {
    pub(crate) key: [u8; 32],
    /// All names that were disclosed, in order.
    pub known: Vec<Known>,
    /// The numbers of the files in which texts are bound to the person, in order.
    pub(crate) files: Vec<u64>,
    /// The entry since which the record is only kept, not used (GDPR Art 18).
    pub restricted_by: Option<u64>,
}

/// Names somebody, so it shows nobody.
impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person").field("known", &self.known.len()).finish_non_exhaustive()
    }
}

/// Says that a person was erased: nothing bound to the pseudonym is taken in again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Erased {
    /// The entry that erased the person.
    pub entry: u64,
}

/// One file of texts.
#[derive(Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Texts {
    /// How often it was written anew, from 1; part of its name.
    pub(crate) generation: u64,
    /// How many of its bytes count.
    pub(crate) length: u64,
    /// Encrypts what no person is bound to.
    pub(crate) key: [u8; 32],
}

/// A private attachment.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Attached {
    /// Opens the file in the ledger's folder; none once it was destroyed.
    pub(crate) key: Option<[u8; 32]>,
    /// Opens the copy without the names of the erased, if one was left.
    pub(crate) copy: Option<[u8; 32]>,
    /// The first entry that names it.
    pub(crate) entry: u64,
    /// When that was recorded, in microseconds.
    pub(crate) time: u64,
    /// The entries that erased it or persons in it.
    pub(crate) erased_by: Vec<u64>,
}

/// The first record: what database this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Mark {
    /// The ledger it belongs to.
    pub(crate) ledger: [u8; 32],
    /// How many batches were written, ever.
    pub(crate) commits: u64,
}

/// Where a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    Mark,
    Person(Pseudonym),
    Erased(Pseudonym),
    Texts(u64),
    Attached(Sha256),
    /// An entry of the log that was carried out here.
    Done(u64),
}

impl At {
    pub(crate) const PERSONS: &'static [u8] = b"p";
    pub(crate) const ERASED: &'static [u8] = b"e";
    pub(crate) const TEXTS: &'static [u8] = b"t";
    pub(crate) const ATTACHED: &'static [u8] = b"a";

    /// The key of the record: a letter, then what it is about.
    pub(crate) fn key(self) -> Vec<u8> {
        match self {
            Self::Mark => b"m".to_vec(),
            Self::Person(name) => [Self::PERSONS, &name.0].concat(),
            Self::Erased(name) => [Self::ERASED, &name.0].concat(),
            Self::Texts(number) => [Self::TEXTS, &number.to_be_bytes()].concat(),
            Self::Done(entry) => [b"d".as_slice(), &entry.to_be_bytes()].concat(),
            Self::Attached(digest) => [Self::ATTACHED, &digest.0].concat(),
        }
    }
}

/// Spells and encrypts a record, bound to its key.
pub(crate) fn seal(root: &DataKey, key: &[u8], record: &impl Encode) -> Result<Vec<u8>> {
    let wrong = |_| Error::refused("vault-record", "a record cannot be written");
    let mut bytes = vec![VERSION];
    bytes.append(&mut bincode::encode_to_vec(record, config()).map_err(wrong)?);
    if bytes.len() > LIMIT {
        return Err(Error::refused("vault-record", "a record grew too long"));
    }
    root.seal(key, &bytes)
}

/// Opens and reads a record; code `vault-record` when it is damaged, moved, or of another key.
pub(crate) fn open<T: Decode<()>>(root: &DataKey, key: &[u8], sealed: &[u8]) -> Result<T> {
    let damaged = || {
        Error::unavailable("vault-record", "a record of the vault is damaged")
            .hint("restore the vault from a backup")
    };
    let bytes = root.open(key, sealed).map_err(|_| damaged())?;
    let (version, rest) = bytes.split_first().ok_or_else(damaged)?;
    if *version != VERSION {
        return Err(Error::unavailable("vault-version", "a record is of another version"));
    }
    let (record, used) = bincode::decode_from_slice(rest, config()).map_err(|_| damaged())?;
    if used == rest.len() { Ok(record) } else { Err(damaged()) }
}

fn config() -> impl bincode::config::Config {
    bincode::config::standard().with_limit::<LIMIT>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_counts_in_its_place_only() {
        let root = DataKey::from_bytes([5; 32]);
        let (one, two) =
            (At::Erased(Pseudonym([1; 16])).key(), At::Erased(Pseudonym([2; 16])).key());
        let sealed = seal(&root, &one, &Erased { entry: 7 }).unwrap();
        assert_eq!(open::<Erased>(&root, &one, &sealed).unwrap(), Erased { entry: 7 });
        assert_eq!(open::<Erased>(&root, &two, &sealed).unwrap_err().code(), "vault-record");
        let other = DataKey::from_bytes([6; 32]);
        assert_eq!(open::<Erased>(&other, &one, &sealed).unwrap_err().code(), "vault-record");
    }

    #[test]
    fn trailing_bytes_and_other_versions_are_refused() {
        let root = DataKey::from_bytes([5; 32]);
        let long = root.seal(b"e", &[VERSION, 7, 0]).unwrap();
        assert_eq!(open::<Erased>(&root, b"e", &long).unwrap_err().code(), "vault-record");
        let newer = root.seal(b"e", &[VERSION + 1, 7]).unwrap();
        assert_eq!(open::<Erased>(&root, b"e", &newer).unwrap_err().code(), "vault-version");
    }
}
