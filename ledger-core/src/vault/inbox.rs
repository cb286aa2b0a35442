//! The inbox: disclosures on their way to the vault, for its eyes only (`spec/inbox.md`).
//!
//! An appender seals the disclosures of one commit group, and the persons it met for the first
//! time, to the vault's public key: HPKE base mode (RFC 9180), a new ephemeral key per file. So a
//! pipeline host can add to the vault and cannot read it, not even what it wrote itself.

mod item;
mod suite;

use std::str::FromStr;

use rayon::prelude::*;

use crate::encoding;
use crate::error::{Error, Result};
use crate::seal;
use crate::store::{self, Store};
use crate::vault::key::{VaultKey, VaultSecret};

pub use item::Item;

/// The folder of the inbox.
pub const FOLDER: &str = "vault/inbox";

/// Most bytes of plain text in a chunk; an item is never split.
pub const CHUNK_MAX: usize = 64 * 1024;

/// Most items in a file.
pub const ITEMS_MAX: u32 = 1 << 20;

const FORMAT: &str = "release-ledger/inbox@v1\n";
const SUFFIX: &str = ".sealed";

/// The length word's mark of the last chunk.
const LAST: u32 = 1 << 31;
/// Files up to this many bytes are opened in memory.
const SMALL: u64 = 1 << 20;
/// The longest file that is opened together with others.
const AHEAD: u64 = 64 << 10;
/// No header is longer.
const HEADER_MAX: usize = 512;
/// What ChaCha20-Poly1305 adds to the plain text.
const TAG_LEN: usize = 16;

// the longest disclosure fits into one chunk
const _: () = assert!(seal::VALUE_MAX + 1024 < CHUNK_MAX);

/// The opened content of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The index of the group's first entry.
    pub first_index: u64,
    /// Its items, in the order in which they were given.
    pub items: Vec<Item>,
}

/// Seals the items of the commit group whose first entry has `first_index`; returns the name of
/// the file (below [`FOLDER`]) and its bytes.
///
/// `random` is 32 fresh random bytes. They are mixed with all that is sealed, so that giving the
/// same ones twice by accident does not use a key twice. Codes `inbox-empty`, `inbox-count` (too
/// many), `inbox-item-size`, `vault-key-weak`, and those of [`seal::Disclosure::check`].
pub fn seal_group(
    vault: VaultKey,
    ledger: [u8; 32],
    first_index: u64,
    items: &[Item],
    random: &[u8; 32],
) -> Result<(String, Vec<u8>)> {
    let count = u32::try_from(items.len()).ok().filter(|count| *count <= ITEMS_MAX);
    let count = count.ok_or_else(|| {
        Error::refused("inbox-count", format!("more than {ITEMS_MAX} items in one group"))
    })?;
    let chunks = chunks(items)?;
    let mut mixed = blake3::Hasher::new_keyed(random);
    mixed.update(&vault.to_bytes()).update(&ledger).update(&first_index.to_be_bytes());
    for chunk in &chunks {
        mixed.update(chunk);
    }
    let mixed = *mixed.finalize().as_bytes();
    let key_material = blake3::derive_key("ledger/v1 inbox ephemeral key", &mixed);
    let name = blake3::derive_key("ledger/v1 inbox file name", &mixed);
    let name = format!(
        "{first_index:020}-{}{SUFFIX}",
        encoding::hex(name.first_chunk::<8>().unwrap_or(&[0; 8]))
    );

    let (encapsulated, mut sender) = suite::Sender::new(vault, &info(ledger), key_material)?;
    let header = Header { vault_id: vault.id(), encapsulated, first_index, count }.encode();
    let mut out = header.clone();
    let mut rest = chunks.iter();
    while let Some(chunk) = rest.next() {
        let length = u32::try_from(chunk.len() + TAG_LEN).unwrap_or(0);
        let word = if rest.len() == 0 { length | LAST } else { length }.to_be_bytes();
        out.extend_from_slice(&word);
        out.extend_from_slice(&sender.seal(chunk, &[header.as_slice(), &word].concat())?);
    }
    Ok((name, out))
}

/// Opens one file of the inbox of `ledger`.
///
/// Codes: `inbox-format`, `inbox-header`, `inbox-recipient` (sealed to another key),
/// `inbox-truncated`, `inbox-chunk`, `inbox-trailing`, `inbox-sealed` (changed bytes, or another
/// ledger's), `inbox-line`, `inbox-count`, and those of
/// [`seal::Disclosure::from_json`].
pub fn open_group(secret: &VaultSecret, ledger: [u8; 32], bytes: &[u8]) -> Result<Group> {
    let (mut reader, mut rest) = Reader::begin(secret, ledger, bytes)?;
    let mut items = Vec::new();
    while !reader.done {
        let (word, after) = rest.split_first_chunk::<4>().ok_or_else(truncated)?;
        let (length, last) = read_word(*word)?;
        let (chunk, after) = after.split_at_checked(length).ok_or_else(truncated)?;
        reader.chunk(*word, chunk, last, &mut |item| {
            items.push(item);
            Ok(())
        })?;
        rest = after;
    }
    if !rest.is_empty() {
        return Err(trailing());
    }
    reader.finish()?;
    Ok(Group { first_index: reader.header.first_index, items })
}

/// Opens small waiting files side by side; none for one that is too large for it, which
/// [`read_group`] streams. Opening is a key agreement for each file, nearly all its cost.
pub fn open_small(
    store: &dyn Store,
    secret: &VaultSecret,
    ledger: [u8; 32],
    names: &[String],
) -> Vec<Option<Result<Group>>> {
    let one = |name: &String| {
        let file = format!("{FOLDER}/{name}");
        match store.len(&file).map(Option::unwrap_or_default) {
            Ok(length) if length > AHEAD => None,
            Ok(_) => Some(
                store::read_all(store, &file)
                    .and_then(|bytes| open_group(secret, ledger, &bytes.unwrap_or_default())),
            ),
            Err(error) => Some(Err(error)),
        }
    };
    names.par_iter().map(one).collect()
}

/// Opens a waiting file and gives its items to `with`, in order, in memory for one chunk.
///
/// The file is read twice: nothing is given before all of it was found whole. Codes as
/// [`open_group`], and those of `with`.
pub fn read_group(
    store: &dyn Store,
    secret: &VaultSecret,
    ledger: [u8; 32],
    name: &str,
    with: &mut dyn FnMut(Item) -> Result<()>,
) -> Result<()> {
    let file = format!("{FOLDER}/{name}");
    let length = store.len(&file)?.unwrap_or(0);
    if length <= SMALL {
        let bytes = store::read_all(store, &file)?.unwrap_or_default();
        return open_group(secret, ledger, &bytes)?.items.into_iter().try_for_each(with);
    }
    stream_group(store, secret, ledger, (&file, length), &mut |_| Ok(()))?;
    stream_group(store, secret, ledger, (&file, length), with)
}

fn stream_group(
    store: &dyn Store,
    secret: &VaultSecret,
    ledger: [u8; 32],
    (file, length): (&str, u64),
    with: &mut dyn FnMut(Item) -> Result<()>,
) -> Result<()> {
    let start = store::read_range(store, file, 0, HEADER_MAX)?;
    let (mut reader, rest) = Reader::begin(secret, ledger, &start)?;
    let mut at = (start.len() - rest.len()) as u64;
    while !reader.done {
        let word = store::read_range(store, file, at, 4)?;
        let word = *word.first_chunk::<4>().ok_or_else(truncated)?;
        let (size, last) = read_word(word)?;
        let chunk = store::read_range(store, file, at + 4, size)?;
        if chunk.len() != size {
            return Err(truncated());
        }
        reader.chunk(word, &chunk, last, with)?;
        at += 4 + size as u64;
    }
    if at == length { reader.finish() } else { Err(trailing()) }
}

/// Puts a sealed file into the inbox, durably.
///
/// If we stop on the way, a `.tmp` file is left that no reader takes for a delivery.
pub fn deliver(store: &dyn Store, name: &str, bytes: &[u8]) -> Result<()> {
    store::replace(store, &format!("{FOLDER}/{name}"), bytes)
}

/// The names of the files waiting in the inbox, in the order of their first entries.
pub fn waiting(store: &dyn Store) -> Result<Vec<String>> {
    let mut names = store.list(FOLDER)?;
    names.retain(|name| first_index(name).is_some());
    Ok(names)
}

/// The first entry's index in the name of a file; none when it is not such a name.
pub fn first_index(name: &str) -> Option<u64> {
    let (index, random) = name.strip_suffix(SUFFIX)?.split_once('-')?;
    encoding::from_hex::<8>(random.as_bytes()).ok()?;
    number(index).filter(|_| index.len() == 20)
}

/// The text at the head of a file; part of what every chunk's seal covers.
struct Header {
    vault_id: String,
    encapsulated: [u8; 32],
    first_index: u64,
    count: u32,
}

impl Header {
    fn encode(&self) -> Vec<u8> {
        let Self { vault_id, encapsulated, first_index, count } = self;
        let encapsulated = encoding::base64(encapsulated);
        format!("{FORMAT}to {vault_id}\nkey {encapsulated}\nfirst {first_index}\nitems {count}\n\n")
            .into_bytes()
    }

    /// Reads the header, and returns what is after it.
    fn parse(bytes: &[u8]) -> Result<(Self, &[u8])> {
        let rest = bytes.strip_prefix(FORMAT.as_bytes()).ok_or_else(|| {
            Error::malformed("inbox-format", "not a file of the inbox, version 1")
        })?;
        Self::parse_lines(rest)
            .filter(|(header, rest)| bytes.strip_suffix(*rest) == Some(&header.encode()))
            .ok_or_else(|| Error::malformed("inbox-header", "the header is damaged"))
    }

    fn parse_lines(rest: &[u8]) -> Option<(Self, &[u8])> {
        let (vault_id, rest) = field(rest, "to ")?;
        let (key, rest) = field(rest, "key ")?;
        let (first_index, rest) = field(rest, "first ")?;
        let (count, rest) = field(rest, "items ")?;
        let header = Self {
            vault_id: encoding::base64url(
                &encoding::from_base64url::<32>(vault_id.as_bytes()).ok()?,
            ),
            encapsulated: encoding::from_base64(key.as_bytes()).ok()?,
            first_index: number(first_index)?,
            count: number(count).filter(|count| (1..=ITEMS_MAX).contains(count))?,
        };
        Some((header, rest.strip_prefix(b"\n")?))
    }
}

/// A file being opened, chunk by chunk.
struct Reader {
    receiver: suite::Receiver,
    header: Header,
    encoded: Vec<u8>,
    count: u32,
    done: bool,
}

impl Reader {
    fn begin<'a>(
        secret: &VaultSecret,
        ledger: [u8; 32],
        bytes: &'a [u8],
    ) -> Result<(Self, &'a [u8])> {
        let (header, rest) = Header::parse(bytes)?;
        if header.vault_id != secret.public().id() {
            let message = format!("sealed to the key `{}`", header.vault_id);
            return Err(Error::refused("inbox-recipient", message));
        }
        let receiver = suite::Receiver::new(secret, &info(ledger), &header.encapsulated)?;
        let encoded = header.encode();
        Ok((Self { receiver, header, encoded, count: 0, done: false }, rest))
    }

    fn chunk(
        &mut self,
        word: [u8; 4],
        chunk: &[u8],
        last: bool,
        with: &mut dyn FnMut(Item) -> Result<()>,
    ) -> Result<()> {
        let plain = self.receiver.open(chunk, &[self.encoded.as_slice(), &word].concat())?;
        let lines = plain
            .strip_suffix(b"\n")
            .ok_or_else(|| Error::malformed("inbox-line", "a chunk does not end with a line"))?;
        for line in lines.split(|byte| *byte == b'\n') {
            self.count = self.count.saturating_add(1);
            let number = self.count;
            with(Item::parse(line).map_err(|error| error.at(format!("item {number}")))?)?;
        }
        self.done = last;
        Ok(())
    }

    /// What must hold after the last chunk.
    fn finish(&self) -> Result<()> {
        if self.count == self.header.count {
            return Ok(());
        }
        let (found, told) = (self.count, self.header.count);
        let message = format!("{found} items where {told} are announced");
        Err(Error::malformed("inbox-count", message))
    }
}

/// Binds a file to the format, its version and the ledger.
fn info(ledger: [u8; 32]) -> Vec<u8> {
    [FORMAT.as_bytes(), &ledger].concat()
}

/// The lines of the items, whole lines in each chunk.
fn chunks(items: &[Item]) -> Result<Vec<Vec<u8>>> {
    let mut chunks: Vec<Vec<u8>> = Vec::new();
    let mut line = Vec::new();
    for item in items {
        line.clear();
        item.write(&mut line)?;
        if line.len() > CHUNK_MAX {
            let message = format!("an item of {} bytes, at most {CHUNK_MAX} fit", line.len());
            return Err(Error::refused("inbox-item-size", message));
        }
        let open = chunks.last_mut().filter(|chunk| chunk.len() + line.len() <= CHUNK_MAX);
        if let Some(chunk) = open {
            chunk.extend_from_slice(&line);
        } else {
            let mut chunk = Vec::with_capacity(CHUNK_MAX);
            chunk.extend_from_slice(&line);
            chunks.push(chunk);
        }
    }
    if chunks.is_empty() {
        return Err(Error::refused("inbox-empty", "a group without items needs no file"));
    }
    Ok(chunks)
}

/// The length of the chunk after the word, and whether it is the last.
fn read_word(word: [u8; 4]) -> Result<(usize, bool)> {
    let word = u32::from_be_bytes(word);
    usize::try_from(word & !LAST)
        .ok()
        .filter(|length| (TAG_LEN + 1..=TAG_LEN + CHUNK_MAX).contains(length))
        .map(|length| (length, word & LAST != 0))
        .ok_or_else(|| Error::malformed("inbox-chunk", "the length of a chunk is out of bounds"))
}

fn trailing() -> Error {
    Error::malformed("inbox-trailing", "bytes after the last chunk")
}

fn truncated() -> Error {
    Error::malformed("inbox-truncated", "the file ends before its last chunk")
}

/// A line that begins with `name`, without both, and the rest.
fn field<'a>(bytes: &'a [u8], name: &str) -> Option<(&'a str, &'a [u8])> {
    let rest = bytes.strip_prefix(name.as_bytes())?;
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let (value, rest) = rest.split_at_checked(end)?;
    Some((std::str::from_utf8(value).ok()?, rest.strip_prefix(b"\n")?))
}

fn number<T: FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
