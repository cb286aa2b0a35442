//! The container: a zip with one spelling.
//!
//! Members stand in the order of their names, with one fixed time, no extra fields, no comments and no
//! attributes: a zip is read only if it is byte for byte what is written for its members. So nothing can
//! hide between them, and unpacking gives what was checked. A member is stored, or deflated (RFC 1951)
//! where that is smaller. Deflate has many spellings: the one that was signed counts, so whoever signs
//! binds it ([`Binding`]), in the one member that is never deflated.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::crc::crc32;
use super::deflate;
pub use super::names::{MAX_NAME, check_names};
use crate::error::{Error, Result};
use crate::hash::{Sha256, Sha256Writer};

/// The most members: what the format counts without its extension for large files.
pub const MAX_MEMBERS: usize = 65_534;
/// The most bytes of a whole package: offsets have 32 bits, and all of them are used honestly.
pub const MAX_BYTES: u64 = 0xffff_0000;
/// The most bytes of all members together, once they are inflated, where they are held in memory.
pub const MAX_INFLATED: u64 = 1 << 30;
/// The member that says how the others are packed: it is always stored.
pub const BINDING: &str = "manifest.json";

const LOCAL: [u8; 4] = *b"PK\x03\x04";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const END: [u8; 4] = *b"PK\x05\x06";
const LOCAL_LENGTH: usize = 30;

/// Members by name, in the order in which they stand.
pub type Members<'a> = BTreeMap<String, &'a [u8]>;

/// Where a zip is read from, piece by piece.
pub trait Source {
    /// How many bytes there are.
    fn length(&self) -> u64;

    /// As many bytes from a place on; whoever asks has held it against the length.
    fn read(&self, at: u64, length: usize) -> Result<Cow<'_, [u8]>>;
}

impl Source for &[u8] {
    fn length(&self) -> u64 {
        self.len() as u64
    }

    fn read(&self, at: u64, length: usize) -> Result<Cow<'_, [u8]>> {
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let bytes = self.get(at..at.saturating_add(length));
        bytes.map(Cow::Borrowed).ok_or_else(|| form(at as u64))
    }
}

/// A zip that was read.
#[derive(Debug)]
pub struct Opened {
    members: BTreeMap<String, Vec<u8>>,
    /// What [`walk`] gave.
    pub packed: Option<Sha256>,
}

impl Opened {
    /// The members as they are once they are inflated.
    pub fn views(&self) -> Members<'_> {
        self.members.iter().map(|(name, bytes)| (name.clone(), bytes.as_slice())).collect()
    }
}

/// What a zip says of a member.
#[derive(Clone, Debug)]
struct Head {
    name: String,
    deflated: bool,
    /// CRC-32 of the member.
    sum: u32,
    /// Its bytes in the zip.
    packed: usize,
    /// Its bytes once it is inflated.
    size: usize,
}

/// A member as it stands in a zip.
#[derive(Debug)]
pub struct Record<'a> {
    head: Head,
    body: Cow<'a, [u8]>,
}

impl<'a> Record<'a> {
    /// As it is.
    pub fn stored(name: &str, bytes: &'a [u8]) -> Self {
        let (sum, size) = (crc32(bytes), bytes.len());
        let head = Head { name: name.to_owned(), deflated: false, sum, packed: size, size };
        Self { head, body: Cow::Borrowed(bytes) }
    }

    /// Deflated, where that is smaller.
    pub fn smaller(name: &str, bytes: &'a [u8]) -> Self {
        let own = Self::stored(name, bytes);
        match deflate::pack(bytes) {
            None => own,
            Some(body) => Self {
                head: Head { deflated: true, packed: body.len(), ..own.head },
                body: Cow::Owned(body),
            },
        }
    }
}

/// A zip that is being written, member by member.
#[derive(Debug, Default)]
pub struct Writer {
    heads: Vec<(Head, u64)>,
    at: u64,
}

impl Writer {
    /// The bytes of the next member, whose name comes after that of the last; code `zip-large`.
    pub fn next(&mut self, record: &Record<'_>) -> Result<Vec<u8>> {
        let mut bytes = local(&record.head);
        bytes.extend_from_slice(&record.body);
        self.heads.push((record.head.clone(), self.at));
        self.at += bytes.len() as u64;
        if self.at > MAX_BYTES || self.heads.len() > MAX_MEMBERS {
            return Err(large());
        }
        Ok(bytes)
    }

    /// What stands behind the last member; codes of [`check_names`], `zip-large`.
    pub fn finish(self) -> Result<Vec<u8>> {
        check_names(self.heads.iter().map(|(head, _)| head.name.as_str()))?;
        let mut directory = Vec::new();
        for (head, at) in &self.heads {
            directory.extend(central(head, *at));
        }
        if self.at + directory.len() as u64 > MAX_BYTES {
            return Err(large());
        }
        let end = end(self.heads.len(), directory.len(), self.at);
        directory.extend(end);
        Ok(directory)
    }
}

/// How members are packed, as it is bound: all records but that of [`BINDING`], in their order.
#[derive(Debug, Default)]
pub struct Binding {
    digest: Sha256Writer,
    deflated: bool,
}

impl Binding {
    /// Takes in the next record.
    pub fn update(&mut self, record: &Record<'_>) {
        if record.head.name != BINDING {
            self.digest.update(&local(&record.head));
            self.digest.update(&record.body);
            self.deflated |= record.head.deflated;
        }
    }

    /// SHA-256 of them; none where no member is deflated, because then there is one spelling only.
    pub fn finish(self) -> Option<Sha256> {
        self.deflated.then(|| self.digest.finish())
    }
}

/// The one zip of these members, all stored; codes `zip-name`, `zip-case`, `zip-large`.
pub fn encode(members: &Members<'_>) -> Result<Vec<u8>> {
    join(members.iter().map(|(name, bytes)| Record::stored(name, bytes)))
}

/// The zip of these records, which come in the order of their names; codes as for [`encode`].
pub fn join<'a>(records: impl IntoIterator<Item = Record<'a>>) -> Result<Vec<u8>> {
    let mut writer = Writer::default();
    let mut zip = Vec::new();
    for record in records {
        zip.extend(writer.next(&record)?);
    }
    zip.extend(writer.finish()?);
    Ok(zip)
}

/// Reads a zip into memory; codes of [`walk`], which takes [`MAX_INFLATED`].
pub fn decode(zip: &[u8]) -> Result<Opened> {
    let mut members = BTreeMap::new();
    let packed = walk(&zip, MAX_INFLATED, &mut |name, bytes| {
        members.insert(name.to_owned(), bytes);
        Ok(())
    })?;
    Ok(Opened { members, packed })
}

/// Reads a zip member by member: gives each with its name, and in the end how they are packed, where that could have
/// been done otherwise.
///
/// Codes: `zip-large` (or more than `limit` bytes of members), `zip-form` (from here on it is not what is written
/// for its members), `zip-order` (a name below the one before it, or the same again), `zip-deflate` (what is
/// deflated does not give as many bytes as it says), `zip-sum` (the bytes of a member are not those that its sum is
/// of), those of [`check_names`], and those of `each`.
pub fn walk(
    zip: &dyn Source,
    limit: u64,
    each: &mut dyn FnMut(&str, Vec<u8>) -> Result<()>,
) -> Result<Option<Sha256>> {
    let mut binding = Binding::default();
    let mut total = 0_u64;
    let (heads, at) = heads(zip, &mut |head| {
        total += head.size as u64;
        if total > limit { Err(large()) } else { Ok(()) }
    })?;
    check_names(heads.iter().map(|(head, _)| head.name.as_str()))?;
    let mut directory = Vec::new();
    for (head, at) in &heads {
        directory.extend(central(head, *at));
    }
    let end = end(heads.len(), directory.len(), at);
    directory.extend(end);
    let rest = zip.length().saturating_sub(at);
    if heads.is_empty()
        || rest != directory.len() as u64
        || *zip.read(at, directory.len())? != *directory
    {
        return Err(form(at));
    }
    for (head, at) in heads {
        let body = zip.read(at + (LOCAL_LENGTH + head.name.len()) as u64, head.packed)?;
        let record = Record { head, body };
        binding.update(&record);
        let bytes = inflated(&record).map_err(|error| error.at(record.head.name.clone()))?;
        each(&record.head.name, bytes)?;
    }
    Ok(binding.finish())
}

/// The names of a zip's members, as far as it is one; nothing is inflated. Codes as for [`walk`].
pub fn names(zip: &dyn Source) -> Result<Vec<String>> {
    let (heads, _) = heads(zip, &mut |_| Ok(()))?;
    Ok(heads.into_iter().map(|(head, _)| head.name).collect())
}

/// What stands before each member, with its place, and where the last one ends.
fn heads(
    zip: &dyn Source,
    each: &mut dyn FnMut(&Head) -> Result<()>,
) -> Result<(Vec<(Head, u64)>, u64)> {
    if zip.length() > MAX_BYTES {
        return Err(large());
    }
    let mut heads: Vec<(Head, u64)> = Vec::new();
    let mut at = 0;
    while at + 4 <= zip.length() && *zip.read(at, 4)? == LOCAL {
        let head = head(zip, at)?;
        if heads.last().is_some_and(|(last, _)| last.name >= head.name) {
            return Err(Error::malformed(
                "zip-order",
                "a name does not come after the one before it",
            )
            .at(head.name));
        }
        if heads.len() == MAX_MEMBERS {
            return Err(large());
        }
        each(&head)?;
        let next = at + (LOCAL_LENGTH + head.name.len() + head.packed) as u64;
        heads.push((head, at));
        at = next;
    }
    Ok((heads, at))
}

/// The member of a record, held against its sum.
fn inflated(record: &Record<'_>) -> Result<Vec<u8>> {
    let bytes = if record.head.deflated {
        deflate::unpack(&record.body, record.head.size)?
    } else {
        record.body.to_vec()
    };
    if crc32(&bytes) == record.head.sum {
        return Ok(bytes);
    }
    Err(Error::untrue("zip-sum", "the member is damaged"))
}

/// What stands at an offset before a member, if it is what would be written there.
fn head(zip: &dyn Source, at: u64) -> Result<Head> {
    let room = zip.length() - at;
    if room < LOCAL_LENGTH as u64 {
        return Err(form(at));
    }
    let header = zip.read(at, LOCAL_LENGTH)?;
    let u32_at = |offset: usize| {
        let bytes = header.get(offset..offset + 4).and_then(|four| four.first_chunk::<4>());
        bytes.map_or(0, |four| u32::from_le_bytes(*four))
    };
    let small = |offset: usize| usize::try_from(u32_at(offset)).map_err(|_| form(at));
    let length = usize::from(header.get(26).copied().unwrap_or_default());
    let packed = small(18)?;
    if (LOCAL_LENGTH + length) as u64 + packed as u64 > room {
        return Err(form(at));
    }
    let own = zip.read(at, LOCAL_LENGTH + length)?;
    let name = own.get(LOCAL_LENGTH..).and_then(|name| std::str::from_utf8(name).ok());
    let name = name.ok_or_else(|| form(at))?.to_owned();
    let deflated = header.get(8) == Some(&8) && name != BINDING;
    let head = Head { name, deflated, sum: u32_at(14), packed, size: small(22)? };
    let whole = if deflated { deflate::honest(packed, head.size) } else { packed == head.size };
    if whole && *own == *local(&head) { Ok(head) } else { Err(form(at)) }
}

/// Version 1.0 for what is stored and 2.0 for what is deflated, no flags, midnight of 1 January 1980.
fn fixed(head: &Head) -> [u8; 10] {
    if head.deflated {
        [20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0]
    } else {
        [10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0]
    }
}

fn local(head: &Head) -> Vec<u8> {
    [
        &LOCAL[..],
        &fixed(head),
        &head.sum.to_le_bytes(),
        &size(head.packed as u64),
        &size(head.size as u64),
        &short(head.name.len()),
        &[0; 2],
        head.name.as_bytes(),
    ]
    .concat()
}

fn central(head: &Head, at: u64) -> Vec<u8> {
    // made by its version on a system without permissions: nothing can be a link or a program
    let fixed = fixed(head);
    let parts: [&[u8]; 10] = [
        &CENTRAL,
        fixed.get(..2).unwrap_or_default(),
        &fixed,
        &head.sum.to_le_bytes(),
        &size(head.packed as u64),
        &size(head.size as u64),
        &short(head.name.len()),
        &[0; 12],
        &size(at),
        head.name.as_bytes(),
    ];
    parts.concat()
}

fn end(members: usize, directory: usize, at: u64) -> Vec<u8> {
    let count = short(members);
    [&END[..], &[0; 4], &count, &count, &size(directory as u64), &size(at), &[0; 2]].concat()
}

/// Four bytes, the lowest first; whoever calls has held the whole against [`MAX_BYTES`].
fn size(number: u64) -> [u8; 4] {
    u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes()
}

fn short(number: usize) -> [u8; 2] {
    u16::try_from(number).unwrap_or(u16::MAX).to_le_bytes()
}

fn form(at: u64) -> Error {
    Error::malformed(
        "zip-form",
        format!("from byte {at} on this is not the one zip of its members"),
    )
}

fn large() -> Error {
    Error::malformed(
        "zip-large",
        format!(
            "a package has at most {MAX_BYTES} bytes and {MAX_MEMBERS} members, and a limit once it is inflated"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members() -> Members<'static> {
        [("README.txt", &b"read"[..]), ("entries/1", b""), ("entries/2", b"two")]
            .map(|(name, bytes)| (name.to_owned(), bytes))
            .into()
    }

    #[test]
    fn what_is_written_is_read() {
        let zip = encode(&members()).unwrap();
        let opened = decode(&zip).unwrap();
        assert_eq!((opened.views(), opened.packed), (members(), None));
    }

    /// Records as small as they can be, and how they are bound.
    fn smaller<'a>(members: &'a Members<'a>) -> (Vec<u8>, Option<Sha256>) {
        let mut binding = Binding::default();
        let records = members.iter().map(|(name, bytes)| {
            let bound = name == BINDING;
            if bound { Record::stored(name, bytes) } else { Record::smaller(name, bytes) }
        });
        let records: Vec<_> = records.inspect(|record| binding.update(record)).collect();
        (join(records).unwrap(), binding.finish())
    }

    #[test]
    fn what_is_deflated_is_bound() {
        let long = "long ".repeat(40);
        let mut members = members();
        members.insert("long".to_owned(), long.as_bytes());
        members.insert(BINDING.to_owned(), long.as_bytes());
        let (zip, packed) = smaller(&members);
        assert!(zip.len() < encode(&members).unwrap().len());
        let opened = decode(&zip).unwrap();
        assert_eq!((opened.views(), opened.packed), (members.clone(), packed));
        assert!(opened.packed.is_some());
        assert_eq!(names(&&zip[..]).unwrap().len(), members.len());
        for at in 0..zip.len() {
            let mut other = zip.clone();
            other[at] ^= 1;
            // another spelling that is read has another digest
            if let Ok(read) = decode(&other) {
                assert!(read.views() == members && read.packed != opened.packed, "{at}");
            }
        }
    }

    #[test]
    fn nothing_grows_beyond_what_it_says() {
        let zeros = vec![0; 4096];
        let code = |size: usize, body: &[u8]| {
            let (name, sum, packed) = ("a".to_owned(), crc32(&zeros), body.len());
            let head = Head { name, deflated: true, sum, packed, size };
            let zip = join([Record { head, body: body.into() }]).unwrap();
            decode(&zip).err().map_or("", |error| error.code())
        };
        let body = miniz_oxide::deflate::compress_to_vec(&zeros, 6);
        assert_eq!(code(4096, &body), "");
        assert_eq!(code(4095, &body), "zip-deflate");
        assert_eq!(code(4097, &body), "zip-deflate");
        assert_eq!(code(4096, &[&body[..], b"x"].concat()), "zip-deflate");
        assert_eq!(code(4096, &body[..body.len() - 1]), "zip-deflate");
        assert_eq!(code(1 << 20, &body), "zip-form");
        let long = vec![0; 1 << 20];
        // the writer makes nothing that the reader refuses
        for zeros in [zeros, long] {
            let members: Members<'_> = [("a".to_owned(), &zeros[..])].into();
            assert_eq!(decode(&smaller(&members).0).unwrap().views(), members);
            let counted = walk(&&smaller(&members).0[..], 100, &mut |_, _| Ok(()));
            assert_eq!(counted.unwrap_err().code(), "zip-large");
        }
    }

    #[test]
    fn no_other_spelling_is_read() {
        let zip = encode(&members()).unwrap();
        for at in 0..zip.len() {
            for bit in 0..8 {
                let mut other = zip.clone();
                other[at] ^= 1 << bit;
                // another name is another zip, if it is one; nothing else can differ
                let read = decode(&other);
                assert!(read.is_err(), "{at}");
            }
            assert!(decode(&zip[..at]).is_err());
        }
        assert!(decode(&[&zip[..], b"\n"].concat()).is_err());
        assert!(decode(&[b"\n", &zip[..]].concat()).is_err());
    }
}
