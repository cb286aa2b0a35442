//! Request: what an authority for times is asked (RFC 3161, section 2.4.1).

use super::der::{self, BOOLEAN, INTEGER, OCTETS, OID, Reader, SEQUENCE};
use crate::error::{Error, Result};
use crate::hash::Sha256;

/// SHA-256 (RFC 5754): 2.16.840.1.101.3.4.2.1.
pub(super) const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
const NULL: &[u8] = &[0x05, 0];

/// The most bytes of a request.
const MAX_BYTES: usize = 4096;

/// A question: what time is it, for somebody who has this?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// SHA-256 of what is to be dated.
    pub imprint: Sha256,
    /// A number that nobody could guess, as its bytes; the answer must have it.
    pub nonce: Option<Vec<u8>>,
}

impl Request {
    /// Asks about this digest. `random` is 16 unpredictable bytes.
    pub fn new(imprint: Sha256, mut random: [u8; 16]) -> Self {
        // one bit less, so that the number is positive and always as long
        if let Some(first) = random.first_mut() {
            *first = *first & 0x3f | 0x40;
        }
        Self { imprint, nonce: Some(random.to_vec()) }
    }

    /// The request as it travels: version 1, the imprint, the nonce, and that the certificate is wanted.
    pub fn encode(&self) -> Vec<u8> {
        let algorithm = der::write(SEQUENCE, &[&der::write(OID, SHA256), NULL].concat());
        let imprint = [algorithm, der::write(OCTETS, &self.imprint.0)].concat();
        let nonce = self.nonce.as_ref().map(|nonce| {
            let high = nonce.first().is_none_or(|byte| *byte > 0x7f);
            let sign: &[u8] = if high { &[0] } else { &[] };
            der::write(INTEGER, &[sign, nonce].concat())
        });
        let parts = [
            der::write(INTEGER, &[1]),
            der::write(SEQUENCE, &imprint),
            nonce.unwrap_or_default(),
            der::write(BOOLEAN, &[0xff]),
        ];
        der::write(SEQUENCE, &parts.concat())
    }

    /// Reads a request, ours or that of another program. Codes `stamp-der`, `stamp-request` (another
    /// version, another algorithm than SHA-256, or one that does not ask for the certificate).
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let other = |what: &str| {
            Error::refused("stamp-request", format!("the request {what}"))
                .hint("make it with `ledger anchor request`")
        };
        if bytes.len() > MAX_BYTES {
            return Err(other("is larger than any that is made here"));
        }
        let mut fields = Reader::only(bytes, SEQUENCE)?.inner();
        if der::small(fields.take(INTEGER)?)? != 1 {
            return Err(other("is of another version"));
        }
        let imprint = imprint(fields.take(SEQUENCE)?.inner())?;
        let _policy = fields.optional(OID)?;
        let nonce = fields.optional(INTEGER)?.map(der::natural).transpose()?;
        let certificate = fields.optional(BOOLEAN)?.is_some_and(|asked| asked.value == [0xff]);
        fields.end()?;
        if !certificate {
            return Err(other("does not ask for the certificate"));
        }
        Ok(Self { imprint, nonce: nonce.map(<[u8]>::to_vec) })
    }
}

/// An imprint: the algorithm, which must be SHA-256, and the digest; code `stamp-request`.
pub(super) fn imprint(mut fields: Reader<'_>) -> Result<Sha256> {
    let mut algorithm = fields.take(SEQUENCE)?.inner();
    let name = algorithm.take(OID)?;
    let digest = fields.take(OCTETS)?;
    fields.end()?;
    let digest = <[u8; 32]>::try_from(digest.value).ok();
    digest.filter(|_| name.value == SHA256).map(Sha256).ok_or_else(|| {
        Error::refused("stamp-request", "the imprint is not one of SHA-256")
            .hint("ask with `ledger anchor request`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_read_again() {
        for random in [[0; 16], [0xff; 16], [0x80; 16]] {
            let asked = Request::new(Sha256::of(b"note"), random);
            assert_eq!(Request::parse(&asked.encode()).unwrap(), asked);
        }
        let none = Request { imprint: Sha256::of(b""), nonce: None };
        assert_eq!(Request::parse(&none.encode()).unwrap(), none);
    }
}
