//! Stamp: the answer of an authority for times, and the token in it (RFC 3161, section 2.4.2).

use super::certificate::Roots;
use super::cms;
use super::der::{self, BOOLEAN, INTEGER, OID, Reader, SEQUENCE, TIME};
use super::request::{self, Request};
use crate::encoding;
use crate::error::{Error, Result};
use crate::hash::Sha256;
use crate::time::Timestamp;

/// A token whose own signature holds; whether its authority is trusted is for [`Stamp::under`] to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// SHA-256 of what was dated.
    pub imprint: Sha256,
    /// The number of the request, as its bytes.
    pub nonce: Option<Vec<u8>>,
    /// When, as the token says.
    pub at: Timestamp,
    /// How far off that may be, in microseconds: what the authority says of itself.
    pub accuracy: u64,
    /// What the last digit that was written stands for, in microseconds: the time may be cut there.
    pub resolution: u64,
    /// The serial number of the token, hex.
    pub serial: String,
    /// SHA-256 of the certificate of who dated it.
    pub signer: Sha256,
    certificate: Vec<u8>,
    others: Vec<Vec<u8>>,
}

impl Stamp {
    /// Reads an answer: granted, whole, and signed by the certificate in it, which is for dating.
    ///
    /// Codes `stamp-large`, `stamp-der`, `stamp-rejected`, `stamp-form`, `stamp-signers`,
    /// `stamp-attributes`, `stamp-certificate`, `stamp-usage`, `stamp-algorithm`, `stamp-signature`,
    /// `stamp-request`, `stamp-time`.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > super::MAX_BYTES {
            let message = format!("an answer has at most {} bytes", super::MAX_BYTES);
            return Err(Error::malformed("stamp-large", message));
        }
        let mut outer = Reader::only(bytes, SEQUENCE)?.inner();
        let mut status = outer.take(SEQUENCE)?.inner();
        let status = der::small(status.take(INTEGER)?)?;
        if status > 1 {
            let message = format!("the authority refused it, with status {status}");
            return Err(Error::refused("stamp-rejected", message)
                .hint("`openssl ts -reply -in FILE -text` shows why"));
        }
        let token = outer.take(SEQUENCE)?;
        outer.end()?;
        let opened = cms::open(token)?;
        let info = Info::read(opened.content)?;
        Ok(Self {
            imprint: info.imprint,
            nonce: info.nonce,
            at: info.at,
            accuracy: info.accuracy,
            resolution: info.resolution,
            serial: info.serial,
            signer: Sha256::of(opened.signer),
            certificate: opened.signer.to_vec(),
            others: opened.others.into_iter().map(<[u8]>::to_vec).collect(),
        })
    }

    /// Whether it answers this request; codes `stamp-imprint`, `stamp-nonce`.
    pub fn answers(&self, request: &Request) -> Result<()> {
        if self.imprint != request.imprint {
            return Err(Error::untrue(
                "stamp-imprint",
                "the token is of something else than was asked",
            ));
        }
        if self.nonce != request.nonce {
            return Err(Error::untrue("stamp-nonce", "the token answers another request"));
        }
        Ok(())
    }

    /// Whether a root certifies who dated it, at that time; codes `stamp-root` (cannot be told),
    /// `stamp-expired`, `stamp-chain`.
    pub fn under(&self, roots: &Roots) -> Result<()> {
        roots.hold(&self.certificate, &self.others, self.at)
    }

    /// What was dated existed at this time, by the authority's clock.
    pub fn latest(&self) -> Timestamp {
        let micros = self.at.micros().saturating_add(self.accuracy).saturating_add(self.resolution);
        Timestamp::from_micros(micros).unwrap_or(self.at)
    }

    /// The token was not given before this time.
    pub fn earliest(&self) -> Timestamp {
        Timestamp::from_micros(self.at.micros().saturating_sub(self.accuracy)).unwrap_or(self.at)
    }
}

/// The fields of a `TSTInfo` that are used here.
struct Info {
    imprint: Sha256,
    nonce: Option<Vec<u8>>,
    at: Timestamp,
    accuracy: u64,
    resolution: u64,
    serial: String,
}

impl Info {
    fn read(content: &[u8]) -> Result<Self> {
        let mut fields = Reader::only(content, SEQUENCE)?.inner();
        if der::small(fields.take(INTEGER)?)? != 1 {
            return Err(Error::refused("stamp-form", "the token is of another version"));
        }
        fields.take(OID)?;
        let imprint = request::imprint(fields.take(SEQUENCE)?.inner())?;
        let serial = encoding::hex(fields.take(INTEGER)?.value);
        let (at, resolution) = time(fields.take(TIME)?.value)?;
        let accuracy = fields.optional(SEQUENCE)?;
        let accuracy = accuracy.map_or(Ok(0), |element| accuracy_of(element.inner()))?;
        fields.optional(BOOLEAN)?;
        let nonce = fields.optional(INTEGER)?.map(der::natural).transpose()?;
        fields.optional(der::context(0))?;
        fields.optional(der::context(1))?;
        fields.end()?;
        let nonce = nonce.map(<[u8]>::to_vec);
        Ok(Self { imprint, nonce, at, accuracy, resolution, serial })
    }
}

/// Seconds, milliseconds and microseconds together, in microseconds.
fn accuracy_of(mut parts: Reader<'_>) -> Result<u64> {
    let mut micros = 0;
    for (tag, unit) in [(INTEGER, 1_000_000), (der::implicit(0), 1_000), (der::implicit(1), 1)] {
        if let Some(part) = parts.optional(tag)? {
            micros += u64::from(der::small(part)?) * unit;
        }
    }
    parts.end()?;
    Ok(micros)
}

/// `YYYYMMDDHHMMSS[.f…]Z`, and what its last digit stands for; code `stamp-time`.
fn time(text: &[u8]) -> Result<(Timestamp, u64)> {
    let wrong = || Error::malformed("stamp-time", "the time is not one of UTC with seconds");
    let text = std::str::from_utf8(text).ok().and_then(|text| text.strip_suffix('Z'));
    let text = text.ok_or_else(wrong)?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    // DER has no point without digits, and no zero at the end
    let spelled = !text.ends_with(['.', '0']) || !text.contains('.');
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !spelled || whole.len() != 14 || fraction.len() > 12 || !digits(whole) || !digits(fraction) {
        return Err(wrong());
    }
    let part = |range| whole.get(range).unwrap_or_default();
    let micros = format!("{fraction:0<6}");
    let micros = micros.get(..6).unwrap_or_default();
    let text = format!(
        "{}-{}-{}T{}:{}:{}.{micros}Z",
        part(0..4),
        part(4..6),
        part(6..8),
        part(8..10),
        part(10..12),
        part(12..14)
    );
    let at = Timestamp::parse(text.as_bytes()).map_err(|_| wrong())?;
    let resolution = match fraction.len() {
        digits @ 0..=5 => 10_u64.pow(6 - u32::try_from(digits).unwrap_or(0)),
        _ => 1,
    };
    Ok((at, resolution))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_one_spelling() {
        let read = |text: &str| time(text.as_bytes()).map(|(at, step)| (at.to_string(), step));
        assert_eq!(
            read("20261123201500Z").unwrap(),
            ("2026-11-23T20:15:00.000000Z".to_owned(), 1_000_000)
        );
        assert_eq!(
            read("20261123201500.25Z").unwrap(),
            ("2026-11-23T20:15:00.250000Z".to_owned(), 10_000)
        );
        assert_eq!(read("20261123201500.1234567Z").unwrap().1, 1);
        for wrong in [
            "20261123201500",
            "202611232015Z",
            "20261123201500.Z",
            "20261123201500.10Z",
            "20261323201500Z",
            "20261123201560Z",
            "20261123201500+0100",
            "2026112320150éZ",
        ] {
            assert_eq!(read(wrong).unwrap_err().code(), "stamp-time", "{wrong}");
        }
    }
}
