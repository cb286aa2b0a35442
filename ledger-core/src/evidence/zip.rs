//! The container: a zip with one spelling.
//!
//! Members are stored as they are, in the order of their names, with one fixed time, no extra fields, no
//! comments and no attributes: a zip is read only if it is byte for byte what [`encode`] makes of its
//! members. So nothing can hide between them, unpacking gives what was checked, and nothing grows when it
//! is unpacked.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::error::{Error, Result};

/// The most members: what the format counts without its extension for large files.
pub const MAX_MEMBERS: usize = 65_534;
/// The most bytes of a whole package: offsets have 32 bits, and all of them are used honestly.
pub const MAX_BYTES: u64 = 0xffff_0000;
/// The most bytes of a member's name.
pub const MAX_NAME: usize = 200;

const LOCAL: [u8; 4] = *b"PK\x03\x04";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const END: [u8; 4] = *b"PK\x05\x06";
/// Version 1.0, no flags, stored, midnight of 1 January 1980.
const FIXED: [u8; 10] = [10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
const LOCAL_LENGTH: usize = 30;
const CENTRAL_LENGTH: usize = 46;

/// Members by name, in the order in which they stand.
pub type Members<'a> = BTreeMap<String, &'a [u8]>;

/// The one zip of these members; codes `zip-name`, `zip-case`, `zip-large`.
pub fn encode(members: &Members<'_>) -> Result<Vec<u8>> {
    check_names(members.keys().map(String::as_str))?;
    let own = |(name, bytes): (&String, &&[u8])| {
        (LOCAL_LENGTH + CENTRAL_LENGTH + 2 * name.len() + bytes.len()) as u64
    };
    if members.iter().map(own).sum::<u64>() > MAX_BYTES {
        return Err(large());
    }
    let mut zip = Vec::new();
    let mut directory = Vec::new();
    for (name, bytes) in members {
        let at = zip.len();
        let sum = crc32(bytes);
        zip.extend(local(name, sum, bytes.len()));
        zip.extend_from_slice(bytes);
        directory.extend(central(name, sum, bytes.len(), at));
    }
    let end = end(members.len(), directory.len(), zip.len());
    zip.extend(directory);
    zip.extend(end);
    Ok(zip)
}

/// Reads a zip that is its own canonical encoding.
///
/// Codes: `zip-large`, `zip-form` (it is not what [`encode`] makes, here or behind this place),
/// `zip-order` (a name below the one before it, or the same again), `zip-sum` (the bytes of a member are
/// not those that its sum is of), and those of [`check_names`].
pub fn decode(zip: &[u8]) -> Result<Members<'_>> {
    if zip.len() as u64 > MAX_BYTES {
        return Err(large());
    }
    let mut members = Members::new();
    let mut directory = Vec::new();
    let mut at = 0;
    while zip.get(at..at + 4) == Some(&LOCAL) {
        let member = member(zip, at)?;
        if members.last_key_value().is_some_and(|(last, _)| *last >= member.name) {
            return Err(Error::malformed(
                "zip-order",
                "a name does not come after the one before it",
            )
            .at(member.name));
        }
        if members.len() == MAX_MEMBERS {
            return Err(large());
        }
        let bytes = zip.get(member.bytes.clone()).unwrap_or_default();
        if crc32(bytes) != member.sum {
            return Err(Error::untrue("zip-sum", "the member is damaged").at(member.name));
        }
        directory.extend(central(&member.name, member.sum, bytes.len(), at));
        at = member.bytes.end;
        members.insert(member.name, bytes);
    }
    check_names(members.keys().map(String::as_str))?;
    let end = end(members.len(), directory.len(), at);
    directory.extend(end);
    if members.is_empty() || zip.get(at..) != Some(&directory[..]) {
        return Err(form(at));
    }
    Ok(members)
}

/// Refuses names that are not those of a package's members: `zip-name` (not parts of `[A-Za-z0-9._-]`
/// joined by `/`, or one that begins with a dot, or one that is a folder and a file at once), `zip-case`
/// (two that differ in case only).
pub fn check_names<'n>(names: impl Iterator<Item = &'n str>) -> Result<()> {
    let mut known: BTreeMap<String, bool> = BTreeMap::new();
    for name in names {
        let refuse = |code, message: &str| Err(Error::malformed(code, message).at(name.to_owned()));
        let part = |part: &str| {
            let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            !part.is_empty() && !part.starts_with('.') && part.bytes().all(letter)
        };
        if name.len() > MAX_NAME || !name.split('/').all(part) {
            return refuse("zip-name", "this is no name of a member");
        }
        let lower = name.to_ascii_lowercase();
        for (end, _) in lower.match_indices('/') {
            let folder = lower.get(..end).unwrap_or_default().to_owned();
            if known.insert(folder, false) == Some(true) {
                return refuse("zip-name", "a part of the name is a member");
            }
        }
        match known.insert(lower, true) {
            None => {}
            Some(false) => return refuse("zip-name", "the name is that of a folder too"),
            Some(true) => return refuse("zip-case", "two names differ in case only"),
        }
    }
    Ok(())
}

struct Member {
    name: String,
    sum: u32,
    bytes: Range<usize>,
}

/// The member at an offset, if its header is the one that would be written for it.
fn member(zip: &[u8], at: usize) -> Result<Member> {
    let header = zip.get(at..at + LOCAL_LENGTH).ok_or_else(|| form(at))?;
    let u32_at = |offset: usize| {
        let bytes = header.get(offset..offset + 4).and_then(|four| four.first_chunk::<4>());
        bytes.map_or(0, |four| u32::from_le_bytes(*four))
    };
    let name = usize::from(header.get(26).copied().unwrap_or_default());
    let start = at + LOCAL_LENGTH + name;
    let length = usize::try_from(u32_at(22)).map_err(|_| form(at))?;
    let bytes = start..start.checked_add(length).ok_or_else(|| form(at))?;
    let name = zip.get(at + LOCAL_LENGTH..start).and_then(|name| std::str::from_utf8(name).ok());
    let (name, sum) = (name.ok_or_else(|| form(at))?, u32_at(14));
    if zip.get(at..start) != Some(&local(name, sum, length)[..]) || bytes.end > zip.len() {
        return Err(form(at));
    }
    Ok(Member { name: name.to_owned(), sum, bytes })
}

fn local(name: &str, sum: u32, length: usize) -> Vec<u8> {
    [
        &LOCAL[..],
        &FIXED,
        &sum.to_le_bytes(),
        &size(length),
        &size(length),
        &short(name.len()),
        &[0; 2],
        name.as_bytes(),
    ]
    .concat()
}

fn central(name: &str, sum: u32, length: usize, at: usize) -> Vec<u8> {
    // made by version 1.0 on a system without permissions: nothing can be a link or a program
    let made = [10, 0];
    let size_of = size(length);
    let parts: [&[u8]; 10] = [
        &CENTRAL,
        &made,
        &FIXED,
        &sum.to_le_bytes(),
        &size_of,
        &size_of,
        &short(name.len()),
        &[0; 12],
        &size(at),
        name.as_bytes(),
    ];
    parts.concat()
}

fn end(members: usize, directory: usize, at: usize) -> Vec<u8> {
    let count = short(members);
    [&END[..], &[0; 4], &count, &count, &size(directory), &size(at), &[0; 2]].concat()
}

/// Four bytes, the lowest first; whoever calls has held the whole against [`MAX_BYTES`].
fn size(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes()
}

fn short(number: usize) -> [u8; 2] {
    u16::try_from(number).unwrap_or(u16::MAX).to_le_bytes()
}

fn form(at: usize) -> Error {
    Error::malformed(
        "zip-form",
        format!("from byte {at} on this is not the one zip of its members"),
    )
}

fn large() -> Error {
    Error::malformed(
        "zip-large",
        format!("a package has at most {MAX_BYTES} bytes and {MAX_MEMBERS} members"),
    )
}

/// CRC-32 as zip has it (polynomial 0xedb88320, reflected).
fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        let low = usize::from(sum.to_le_bytes()[0] ^ byte);
        sum = (sum >> 8) ^ TABLE.get(low).copied().unwrap_or_default();
    }
    !sum
}

static TABLE: [u32; 256] = table();

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "made when it is compiled; 256 numbers below 256"
)]
const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let mut sum = at as u32;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
            bit += 1;
        }
        table[at] = sum;
        at += 1;
    }
    table
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
    fn the_sum_is_that_of_zip() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn what_is_written_is_read() {
        let zip = encode(&members()).unwrap();
        assert_eq!(decode(&zip).unwrap(), members());
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

    #[test]
    fn names_lead_nowhere_else() {
        let code = |names: &[&str]| {
            check_names(names.iter().copied()).err().map_or("", |error| error.code())
        };
        for name in [
            "", "/a", "a/", "a//b", "../a", "a/..", "a/./b", ".git", "a\\b", "c:a", "a b",
            "\u{e9}", "a\0",
        ] {
            assert_eq!(code(&[name]), "zip-name", "{name}");
        }
        assert_eq!(code(&["a".repeat(201).as_str()]), "zip-name");
        assert_eq!(code(&["A", "a"]), "zip-case");
        assert_eq!(code(&["a/B", "a/b"]), "zip-case");
        assert_eq!(code(&["a", "a/b"]), "zip-name");
        assert_eq!(code(&["A/b", "a"]), "zip-name");
        assert_eq!(code(&["A/b", "a/c", "b..c"]), "");
    }
}
