//! DER (X.690): the one spelling of what authorities for times write. What is spelled otherwise is refused.

use crate::error::{Error, Result};

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// A context-specific element that holds others: `[n]`.
pub(super) const fn context(number: u8) -> u8 {
    0xa0 | number
}
/// A context-specific element that holds a value: `[n]`, implicit.
pub(super) const fn implicit(number: u8) -> u8 {
    0x80 | number
}

/// One element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    /// Its contents.
    pub(super) value: &'a [u8],
    /// All of it: tag, length, contents.
    pub(super) raw: &'a [u8],
}

impl<'a> Element<'a> {
    /// The elements within.
    pub(super) fn inner(self) -> Reader<'a> {
        Reader(self.value)
    }
}

/// Elements one after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The one element that these bytes are, of this tag.
    pub(super) fn only(bytes: &'a [u8], tag: u8) -> Result<Element<'a>> {
        let mut reader = Self(bytes);
        let element = reader.take(tag)?;
        reader.end()?;
        Ok(element)
    }

    /// The next element, of this tag.
    pub(super) fn take(&mut self, tag: u8) -> Result<Element<'a>> {
        let element = self.any()?;
        if element.tag == tag { Ok(element) } else { Err(wrong()) }
    }

    /// The next element, if it is of this tag.
    pub(super) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>> {
        if self.0.first() == Some(&tag) { self.take(tag).map(Some) } else { Ok(None) }
    }

    /// The next element, whatever it is.
    pub(super) fn any(&mut self) -> Result<Element<'a>> {
        let (tag, rest) = self.0.split_first().ok_or_else(wrong)?;
        // tags above 30 have further bytes; nothing that is read here has them
        if tag & 0x1f == 0x1f {
            return Err(wrong());
        }
        let (first, rest) = rest.split_first().ok_or_else(wrong)?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(*first), rest),
            0x81..=0x83 => long(rest, usize::from(first & 0x7f))?,
            _ => return Err(wrong()),
        };
        let (value, after) = rest.split_at_checked(length).ok_or_else(wrong)?;
        let raw = self.0.get(..self.0.len() - after.len()).ok_or_else(wrong)?;
        self.0 = after;
        Ok(Element { tag: *tag, value, raw })
    }

    /// All elements that are left.
    pub(super) fn all(mut self) -> Result<Vec<Element<'a>>> {
        let mut all = Vec::new();
        while !self.0.is_empty() {
            all.push(self.any()?);
        }
        Ok(all)
    }

    /// Nothing may follow.
    pub(super) fn end(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(wrong()) }
    }
}

/// A length of several bytes, in its shortest form.
fn long(rest: &[u8], count: usize) -> Result<(usize, &[u8])> {
    let (digits, rest) = rest.split_at_checked(count).ok_or_else(wrong)?;
    let length = digits.iter().fold(0, |length: usize, digit| length << 8 | usize::from(*digit));
    let shortest = length > 0x7f && digits.first() != Some(&0);
    if shortest { Ok((length, rest)) } else { Err(wrong()) }
}

/// A whole number that is not negative, in its shortest form: its bytes.
pub(super) fn natural(element: Element<'_>) -> Result<&[u8]> {
    match element.value {
        [0, rest @ ..] if rest.first().is_some_and(|byte| *byte > 0x7f) => Ok(rest),
        [0] => Ok(&[]),
        [0x01..=0x7f, ..] => Ok(element.value),
        _ => Err(wrong()),
    }
}

/// A whole number of 32 bits.
pub(super) fn small(element: Element<'_>) -> Result<u32> {
    let bytes = natural(element)?;
    if bytes.len() > 4 {
        return Err(wrong());
    }
    Ok(bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

/// An element as it is written.
pub(super) fn write(tag: u8, value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    let length = value.len().to_be_bytes();
    let digits: Vec<u8> = length.into_iter().skip_while(|digit| *digit == 0).collect();
    match digits.as_slice() {
        [] => bytes.push(0),
        [short @ 0..=0x7f] => bytes.push(*short),
        long => {
            bytes.push(0x80 | u8::try_from(long.len()).unwrap_or(0));
            bytes.extend_from_slice(long);
        }
    }
    bytes.extend_from_slice(value);
    bytes
}

pub(super) fn wrong() -> Error {
    Error::malformed("stamp-der", "it is cut, has more than it says, or is not spelled as DER")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_of_a_length() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let bytes = write(OCTETS, &vec![7; length]);
            assert_eq!(Reader::only(&bytes, OCTETS).unwrap().value.len(), length);
            assert!(Reader::only(&bytes[..bytes.len() - 1], OCTETS).is_err());
            assert!(Reader::only(&[bytes.as_slice(), &[0]].concat(), OCTETS).is_err());
        }
        let long = [OCTETS, 0x81, 1, 7];
        assert!(Reader::only(&long, OCTETS).is_err(), "a length of two bytes where one is enough");
        let indefinite = [SEQUENCE, 0x80, 0, 0];
        assert!(Reader::only(&indefinite, SEQUENCE).is_err(), "BER");
    }
}
