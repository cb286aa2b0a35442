//! The text spellings of bytes (RFC 4648), each with exactly one accepted form.
//!
//! Hashes, public keys, signatures, salts, nonces, sealed commitments: padded base64. Key ids and
//! stream randoms: base64url without padding. Digests: lower-case hex. Pseudonyms: lower-case
//! base32 without padding. Non-zero trailing bits, wrong padding and other alphabets are refused.

use data_encoding::{BASE64, BASE64URL_NOPAD, Encoding, HEXLOWER, Specification};
use std::sync::LazyLock;

use crate::error::{Error, Result};

static BASE32LOWER: LazyLock<Option<Encoding>> = LazyLock::new(|| {
    let mut spec = Specification::new();
    spec.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
    spec.encoding().ok()
});

/// Standard padded base64.
pub fn base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// Appends standard padded base64.
pub fn push_base64(bytes: &[u8], text: &mut String) {
    BASE64.encode_append(bytes, text);
}

/// Appends base64url without padding.
pub fn push_base64url(bytes: &[u8], text: &mut String) {
    BASE64URL_NOPAD.encode_append(bytes, text);
}

/// Reads standard padded base64 of exactly `N` bytes; code `base64`.
pub fn from_base64<const N: usize>(text: &[u8]) -> Result<[u8; N]> {
    exact(&BASE64, text, "base64")
}

/// Reads standard padded base64 of any length; code `base64`.
pub fn from_base64_any(text: &[u8]) -> Result<Vec<u8>> {
    BASE64.decode(text).ok().filter(|_| !in_pieces(text)).ok_or_else(|| wrong("base64"))
}

/// Base64url without padding.
pub fn base64url(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// Reads unpadded base64url of exactly `N` bytes; code `base64url`.
pub fn from_base64url<const N: usize>(text: &[u8]) -> Result<[u8; N]> {
    exact(&BASE64URL_NOPAD, text, "base64url")
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// Reads lower-case hex of exactly `N` bytes; code `hex`.
pub fn from_hex<const N: usize>(text: &[u8]) -> Result<[u8; N]> {
    exact(&HEXLOWER, text, "hex")
}

/// Lower-case unpadded base32: 26 characters for the 16 bytes of a pseudonym.
pub fn base32(bytes: &[u8]) -> String {
    BASE32LOWER.as_ref().map_or_else(String::new, |encoding| encoding.encode(bytes))
}

/// Reads lower-case unpadded base32 of exactly `N` bytes; code `base32`.
pub fn from_base32<const N: usize>(text: &[u8]) -> Result<[u8; N]> {
    match BASE32LOWER.as_ref() {
        Some(encoding) => exact(encoding, text, "base32"),
        None => Err(wrong("base32")),
    }
}

/// Decodes into place: an entry holds a dozen of these, and millions are read.
fn exact<const N: usize>(encoding: &Encoding, text: &[u8], code: &'static str) -> Result<[u8; N]> {
    // base64 rounds up to whole quanta, so the room is a little larger than the value
    let mut room = [0; 72];
    let needed = encoding.decode_len(text.len()).map_err(|_| wrong(code))?;
    let buffer = room.get_mut(..needed).ok_or_else(|| wrong(code))?;
    let count = encoding.decode_mut(text, buffer).map_err(|_| wrong(code))?;
    if in_pieces(text) {
        return Err(wrong(code));
    }
    buffer.get(..count).and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| wrong(code))
}

/// Whether padding stands before the end: the decoder takes padded pieces one after the other, which
/// would be a second spelling.
fn in_pieces(text: &[u8]) -> bool {
    let body = text.split_last_chunk::<2>().map_or(&[][..], |(body, _)| body);
    memchr::memchr(b'=', body).is_some()
}

fn wrong(code: &'static str) -> Error {
    Error::malformed(code, format!("not the {code} spelling of a value of this length"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_each() {
        assert_eq!(base64(b"\xff\xfe"), "//4=");
        assert_eq!(from_base64::<2>(b"//4=").unwrap(), *b"\xff\xfe");
        for bad in ["//4", "//5=", "__4=", " //4=", "//4=\n", ""] {
            assert_eq!(from_base64::<2>(bad.as_bytes()).unwrap_err().code(), "base64", "{bad}");
        }
        for pieces in ["AA==AA==", "AAA=AAAA", "AA==AAAA"] {
            assert_eq!(
                from_base64_any(pieces.as_bytes()).unwrap_err().code(),
                "base64",
                "{pieces}"
            );
            assert!(from_base64::<2>(pieces.as_bytes()).is_err(), "{pieces}");
            assert!(from_base64::<4>(pieces.as_bytes()).is_err(), "{pieces}");
            assert!(from_base64::<5>(pieces.as_bytes()).is_err(), "{pieces}");
        }
        assert_eq!(from_base64url::<2>(b"__4").unwrap(), *b"\xff\xfe");
        assert!(from_base64url::<2>(b"__5").is_err());
        assert!(from_base64url::<2>(b"__4=").is_err());
        assert_eq!(base32(&[0xff; 16]).len(), 26);
        assert_eq!(from_base32::<16>(base32(&[0xff; 16]).as_bytes()).unwrap(), [0xff; 16]);
        assert!(from_base32::<16>(base32(&[0x11; 16]).to_uppercase().as_bytes()).is_err());
        assert!(from_hex::<1>(b"FF").is_err());
    }
}
