//! The vault's texts: what opens the log's sealed values, each under the keys of the persons it is
//! about (`spec/texts.md`).
//!
//! One file holds the disclosures of 16,384 entries, in frames. A name is bound to its person; a
//! text to all persons of its entry, so that it is gone when one of them is erased. A frame opens
//! only with the keys of *all* persons it is bound to.

use crate::error::{Error, Result};
use crate::hash::Blake3;
use crate::seal::Disclosure;

use super::cipher::DataKey;
use super::persons::Pseudonym;

/// The folder of the files, in the vault's own.
pub const FOLDER: &str = "texts";
/// Entries whose disclosures share a file.
pub const ENTRIES: u64 = 16_384;

const FORMAT: &str = "release-ledger/texts@v1 ";
const SUFFIX: &str = ".sealed";
/// Commitment, entry, time, count of persons.
const HEAD: usize = 32 + 8 + 8 + 2;
/// Longest frame: pointer and value are shorter than an event each.
const FRAME_MAX: usize = HEAD + 256 * 16 + 2 * 64 * 1024;

/// What stands before the cipher text of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// What the frame opens.
    pub commitment: Blake3,
    /// The entry that holds it.
    pub entry: u64,
    /// When that was recorded, in microseconds.
    pub time: u64,
    /// The persons it is bound to, ascending; none when the entry has none.
    pub persons: Vec<Pseudonym>,
}

/// One frame as it stands in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What can be read without a key.
    pub head: Head,
    /// The whole frame, with its length.
    pub bytes: &'a [u8],
    sealed: &'a [u8],
}

/// A disclosure and where it stands in the event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The JSON pointer within the event.
    pub pointer: String,
    /// What opens the commitment.
    pub disclosure: Disclosure,
}

/// The file's name: which entries, and how often it was written anew.
pub fn file(number: u64, generation: u64) -> String {
    format!("{FOLDER}/{number:020}-{generation:020}{SUFFIX}")
}

/// The number and generation in a name below [`FOLDER`].
pub fn from_name(name: &str) -> Option<(u64, u64)> {
    let (number, generation) = name.strip_suffix(SUFFIX)?.split_once('-')?;
    let number = (number.parse().ok()?, generation.parse().ok()?);
    (file(number.0, number.1).strip_prefix("texts/") == Some(name)).then_some(number)
}

/// The line at the beginning of file `number`.
pub fn header(number: u64) -> Vec<u8> {
    format!("{FORMAT}{number:020}\n").into_bytes()
}

/// The key of a frame: from the keys of all its persons in their order, or from the file's own.
pub fn key(keys: &[DataKey], commitment: Blake3) -> DataKey {
    let (first, rest) = keys.split_first().map_or((&DataKey([0; 32]), keys), |split| split);
    let mut parts: Vec<&[u8]> = rest.iter().map(|key| key.0.as_slice()).collect();
    parts.push(&commitment.0);
    DataKey::derive("ledger/v1 text key", &first.0, &parts)
}

/// Appends a frame to `out`. Codes `texts-frame` (too long).
pub fn write(head: &Head, key: &DataKey, text: &Text, out: &mut Vec<u8>) -> Result<()> {
    let long = |_| Error::refused("texts-frame", "a text is too long for the vault");
    let clear = clear(head)?;
    let pointer = text.pointer.as_bytes();
    let length = u16::try_from(pointer.len()).map_err(long)?;
    let value = &text.disclosure.value;
    let plain = [&length.to_be_bytes(), pointer, &text.disclosure.salt, value].concat();
    let sealed = key.seal_at(&nonce(&clear), &clear, &plain)?;
    let length = u32::try_from(clear.len() + sealed.len()).map_err(long)?;
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&clear);
    out.extend_from_slice(&sealed);
    Ok(())
}

/// The frames of a file's bytes. Codes `texts-format`, `texts-frame`.
pub fn read(number: u64, bytes: &[u8]) -> Result<Vec<Frame<'_>>> {
    let mut rest = bytes.strip_prefix(header(number).as_slice()).ok_or_else(|| {
        Error::malformed("texts-format", "not a file of texts, version 1, of these entries")
    })?;
    let mut frames = Vec::new();
    while !rest.is_empty() {
        let (frame, after) = frame(rest).ok_or_else(|| {
            Error::malformed("texts-frame", format!("frame {} is damaged", frames.len()))
        })?;
        frames.push(frame);
        rest = after;
    }
    Ok(frames)
}

impl Frame<'_> {
    /// Opens the frame; code `texts-sealed` (changed, moved, or of other keys), `texts-frame`.
    pub fn open(&self, key: &DataKey) -> Result<Text> {
        let clear = clear(&self.head)?;
        let plain = key.open_at(&nonce(&clear), &clear, self.sealed).map_err(|_| {
            Error::untrue("texts-sealed", "a text does not open with the keys of its persons")
        })?;
        split(&plain, self.head.commitment)
            .ok_or_else(|| Error::malformed("texts-frame", "a text is not well formed"))
    }
}

fn split(plain: &[u8], commitment: Blake3) -> Option<Text> {
    let (length, rest) = plain.split_first_chunk::<2>()?;
    let (pointer, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    let (salt, value) = rest.split_first_chunk::<32>()?;
    let pointer = std::str::from_utf8(pointer).ok()?.to_owned();
    let disclosure = Disclosure { commitment, salt: *salt, value: value.to_vec() };
    Some(Text { pointer, disclosure })
}

fn frame(bytes: &[u8]) -> Option<(Frame<'_>, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (inside, after) = rest.split_at_checked(length).filter(|_| length <= FRAME_MAX)?;
    let (whole, _) = bytes.split_at_checked(length + 4)?;
    let (commitment, rest) = inside.split_first_chunk()?;
    let (entry, rest) = rest.split_first_chunk()?;
    let (time, rest) = rest.split_first_chunk()?;
    let (count, rest) = rest.split_first_chunk()?;
    let (persons, sealed) = rest.split_at_checked(usize::from(u16::from_be_bytes(*count)) * 16)?;
    let persons: Vec<Pseudonym> = persons
        .chunks_exact(16)
        .filter_map(|bytes| bytes.first_chunk().copied().map(Pseudonym))
        .collect();
    let head = Head {
        commitment: Blake3(*commitment),
        entry: u64::from_be_bytes(*entry),
        time: u64::from_be_bytes(*time),
        persons,
    };
    head.persons.is_sorted_by(|a, b| a < b).then_some((Frame { head, bytes: whole, sealed }, after))
}

/// The readable part, which the seal covers.
fn clear(head: &Head) -> Result<Vec<u8>> {
    let count = u16::try_from(head.persons.len())
        .map_err(|_| Error::refused("texts-frame", "too many persons for one text"))?;
    let mut out = Vec::with_capacity(HEAD + head.persons.len() * 16);
    out.extend_from_slice(&head.commitment.0);
    out.extend_from_slice(&head.entry.to_be_bytes());
    out.extend_from_slice(&head.time.to_be_bytes());
    out.extend_from_slice(&count.to_be_bytes());
    for person in &head.persons {
        out.extend_from_slice(&person.0);
    }
    Ok(out)
}

/// A key is for one commitment only, and a commitment for one text; the nonce adds the place.
fn nonce(clear: &[u8]) -> [u8; 24] {
    let hash = blake3::derive_key("ledger/v1 text nonce", clear);
    hash.first_chunk::<24>().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (Head, Text) {
        let commitment = Blake3([3; 32]);
        let persons = vec![Pseudonym([1; 16]), Pseudonym([2; 16])];
        let disclosure = Disclosure { commitment, salt: [4; 32], value: b"\"why\"".to_vec() };
        let head = Head { commitment, entry: 9, time: 8, persons };
        (head, Text { pointer: "/data/reason".to_owned(), disclosure })
    }

    #[test]
    fn a_text_needs_the_keys_of_all_its_persons() {
        let (head, text) = sample();
        let (one, two) = (DataKey([1; 32]), DataKey([2; 32]));
        let mut bytes = header(0);
        write(&head, &key(&[one, two], head.commitment), &text, &mut bytes).unwrap();
        let frames = read(0, &bytes).unwrap();
        assert_eq!((frames.len(), &frames[0].head), (1, &head));
        assert_eq!(frames[0].open(&key(&[one, two], head.commitment)).unwrap(), text);
        for keys in [&[one][..], &[two], &[two, one], &[]] {
            let error = frames[0].open(&key(keys, head.commitment)).unwrap_err();
            assert_eq!(error.code(), "texts-sealed");
        }
    }

    #[test]
    fn damage_is_seen_wherever_it_is() {
        let (head, text) = sample();
        let opener = key(&[DataKey([1; 32])], head.commitment);
        let mut bytes = header(0);
        write(&head, &opener, &text, &mut bytes).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let opened = read(0, &changed).and_then(|frames| {
                frames.first().map_or_else(|| Err(Error::refused("none", "")), |f| f.open(&opener))
            });
            assert!(opened.is_err(), "byte {at}");
        }
    }
}
