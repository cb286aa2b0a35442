//! Sealed values: what an event says about a person, without saying it (`spec/seal.md`).
//!
//! An event holds `{"sealed":"<commitment>"}` in the place of a name or a text. The commitment is a
//! BLAKE3 hash over the place, a random salt and the value. Salt and value travel beside the event
//! as its [`Disclosure`], which can be destroyed: the event, its signatures and every proof stay as
//! they are. The place (ledger, stream, seq, pointer) is part of the hash, so that an opening shown
//! for one place says nothing about another.

use std::fmt;

use crate::encoding;
use crate::error::{Error, Result};
use crate::hash::Blake3;
use crate::json::{Document, Names};

/// The key-derivation context of a commitment; it names the format and its version.
pub const CONTEXT: &str = "ledger/v1 seal";

/// The longest value that can be sealed, in bytes of its canonical JSON: that of a whole event.
pub const VALUE_MAX: usize = 32 * 1024;

const SEALED_OPEN: &[u8] = b"{\"sealed\":\"";
const SEALED_CLOSE: &[u8] = b"\"}";
const COMMITMENT: &[u8] = b"{\"commitment\":\"";
const SALT: &[u8] = b"\",\"salt\":\"";
const VALUE: &[u8] = b"\",\"value\":";
const CLOSE: &[u8] = b"}";

/// Padded base64 of 32 bytes is this long.
const BASE64_32: usize = 44;

/// Which ledger a commitment belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Any event but the first: SHA-256 of entry 0's event bytes.
    Ledger([u8; 32]),
    /// The event `ledger.created`, and only that one: it cannot hold its own hash, so its nonce
    /// stands for the ledger to be.
    Genesis {
        /// The 32 bytes of its member `nonce`.
        nonce: [u8; 32],
    },
}

/// The commitment to `value` at one place: `ledger`, `stream` and `seq` of the event, and the JSON
/// pointer of the sealed object within it.
///
/// `stream` is the text of the event's member `stream`; `value` is canonical JSON. Source: design,
/// "Sealed value"; BLAKE3 `derive_key` mode.
pub fn commit(
    scope: Scope,
    stream: &str,
    seq: u64,
    pointer: &str,
    salt: &[u8; 32],
    value: &[u8],
) -> Blake3 {
    let mut input = Input(blake3::Hasher::new_derive_key(CONTEXT));
    match scope {
        Scope::Ledger(ledger) => input.part(&ledger),
        Scope::Genesis { nonce } => {
            input.part(b"");
            input.part(&nonce);
        }
    }
    input.part(stream.as_bytes());
    input.number(seq);
    input.part(pointer.as_bytes());
    input.part(salt);
    input.part(value);
    Blake3(*input.0.finalize().as_bytes())
}

/// The object that stands in the event: `{"sealed":"<44 characters of base64>"}`.
pub fn to_json(commitment: Blake3) -> String {
    format!("{{\"sealed\":\"{}\"}}", commitment.to_base64())
}

/// Reads the object that stands in the event; code `seal-object`.
pub fn from_json(json: &[u8]) -> Result<Blake3> {
    json.strip_prefix(SEALED_OPEN)
        .and_then(|rest| rest.strip_suffix(SEALED_CLOSE))
        .and_then(|text| Blake3::from_base64(text).ok())
        .ok_or_else(|| Error::malformed("seal-object", "not a sealed object"))
}

/// What opens one commitment: its salt and its value.
///
/// Its text is canonical JSON on one line: `{"commitment":"…","salt":"…","value":…}`.
#[derive(Clone, PartialEq, Eq)]
pub struct Disclosure {
    /// What it opens; disclosures are kept and found by this.
    pub commitment: Blake3,
    /// 32 random bytes that hide a guessable value.
    pub salt: [u8; 32],
    /// Canonical JSON.
    pub value: Vec<u8>,
}

impl Disclosure {
    /// Seals `value` at a place; see [`commit`]. Codes `seal-value`, `seal-size`.
    pub fn seal(
        scope: Scope,
        stream: &str,
        seq: u64,
        pointer: &str,
        salt: [u8; 32],
        value: &[u8],
    ) -> Result<Self> {
        check_value(value)?;
        let commitment = commit(scope, stream, seq, pointer, &salt, value);
        Ok(Self { commitment, salt, value: value.to_vec() })
    }

    /// The value, if this opens `commitment` at the place; code `seal-unopened` if it does not.
    ///
    /// Both must hold: the disclosure names this commitment, and salt and value hash to it here.
    pub fn open(
        &self,
        commitment: Blake3,
        scope: Scope,
        stream: &str,
        seq: u64,
        pointer: &str,
    ) -> Result<&[u8]> {
        let found = commit(scope, stream, seq, pointer, &self.salt, &self.value);
        if self.commitment == commitment && found == commitment {
            return Ok(&self.value);
        }
        Err(Error::untrue("seal-unopened", "the disclosure does not open the sealed value here")
            .at(pointer))
    }

    /// [`Disclosure::open`] as a question.
    pub fn opens(
        &self,
        commitment: Blake3,
        scope: Scope,
        stream: &str,
        seq: u64,
        pointer: &str,
    ) -> bool {
        self.open(commitment, scope, stream, seq, pointer).is_ok()
    }

    /// What must hold before a disclosure is written and after it is read: a canonical value of
    /// bounded length. Codes `seal-value`, `seal-size`.
    pub fn check(&self) -> Result<()> {
        check_value(&self.value)
    }

    /// One line of canonical JSON, without a newline.
    pub fn to_json(&self) -> Vec<u8> {
        let mut line = Vec::with_capacity(self.json_len());
        self.write_json(&mut line);
        line
    }

    /// Appends the line to `out`.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(COMMITMENT);
        out.extend_from_slice(self.commitment.to_base64().as_bytes());
        out.extend_from_slice(SALT);
        out.extend_from_slice(encoding::base64(&self.salt).as_bytes());
        out.extend_from_slice(VALUE);
        out.extend_from_slice(&self.value);
        out.extend_from_slice(CLOSE);
    }

    /// The length of the line in bytes.
    pub fn json_len(&self) -> usize {
        let framing = COMMITMENT.len() + SALT.len() + VALUE.len() + CLOSE.len();
        framing + 2 * BASE64_32 + self.value.len()
    }

    /// Reads one line without its newline. Codes `seal-disclosure`, `seal-commitment`,
    /// `seal-salt`, `seal-value`, `seal-size`.
    pub fn from_json(line: &[u8]) -> Result<Self> {
        let framing =
            || Error::malformed("seal-disclosure", "not the one spelling of a disclosure");
        let (commitment, rest) = field(line, COMMITMENT).ok_or_else(framing)?;
        let (salt, rest) = field(rest, SALT).ok_or_else(framing)?;
        let value = rest.strip_prefix(VALUE).and_then(|rest| rest.strip_suffix(CLOSE));
        let value = value.ok_or_else(framing)?;
        check_value(value)?;
        let commitment = Blake3::from_base64(commitment)
            .map_err(|_| Error::malformed("seal-commitment", "the commitment is not base64"))?;
        let salt = encoding::from_base64(salt)
            .map_err(|_| Error::malformed("seal-salt", "the salt is not base64 of 32 bytes"))?;
        Ok(Self { commitment, salt, value: value.to_vec() })
    }
}

/// Shows the commitment only: salt and value are what must not leak.
impl fmt::Debug for Disclosure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disclosure").field("commitment", &self.commitment).finish_non_exhaustive()
    }
}

/// What every value must satisfy before it is sealed and after it is read.
fn check_value(value: &[u8]) -> Result<()> {
    if value.len() > VALUE_MAX {
        let message =
            format!("the value has {} bytes, at most {VALUE_MAX} can be sealed", value.len());
        return Err(Error::malformed("seal-size", message));
    }
    Document::default().parse(value, Names::Plain).map(drop).map_err(|error| {
        let message = format!("the value is not canonical JSON: {}", error.message());
        Error::malformed("seal-value", message)
    })
}

/// 44 characters after `before`, and the rest.
fn field<'a>(bytes: &'a [u8], before: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    bytes.strip_prefix(before)?.split_at_checked(BASE64_32)
}

/// Bytes as they go into the hash; every part is preceded by its length, so that no two lists of
/// parts are the same bytes.
struct Input(blake3::Hasher);

impl Input {
    fn part(&mut self, bytes: &[u8]) {
        // a slice is shorter than 2^63 bytes on every machine there is
        self.number(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        self.0.update(bytes);
    }

    fn number(&mut self, number: u64) {
        self.0.update(&number.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HERE: Scope = Scope::Ledger([7; 32]);

    fn sample() -> Disclosure {
        Disclosure::seal(HERE, "key/label/random", 3, "/actor/id", [9; 32], b"{\"id\":\"1\"}")
            .unwrap()
    }

    #[test]
    fn opens_here_and_nowhere_else() {
        let it = sample();
        let c = it.commitment;
        assert!(it.opens(c, HERE, "key/label/random", 3, "/actor/id"));
        assert!(!it.opens(c, Scope::Ledger([8; 32]), "key/label/random", 3, "/actor/id"));
        assert!(!it.opens(
            c,
            Scope::Genesis { nonce: [7; 32] },
            "key/label/random",
            3,
            "/actor/id"
        ));
        assert!(!it.opens(c, HERE, "key/label/randon", 3, "/actor/id"));
        assert!(!it.opens(c, HERE, "key/label/random", 4, "/actor/id"));
        assert!(!it.opens(c, HERE, "key/label/random", 3, "/data/by"));
        assert!(!it.opens(Blake3([0; 32]), HERE, "key/label/random", 3, "/actor/id"));
        let renamed = Disclosure { commitment: Blake3([0; 32]), ..it.clone() };
        assert!(!renamed.opens(c, HERE, "key/label/random", 3, "/actor/id"));
    }

    #[test]
    fn says_nothing_in_debug() {
        let text = format!("{:?}", sample());
        assert!(text.contains(&sample().commitment.to_base64()) && !text.contains("id"), "{text}");
    }

    #[test]
    fn refuses_values_out_of_bounds() {
        let seal = |value: &[u8]| Disclosure::seal(HERE, "s", 0, "/p", [0; 32], value);
        let text = |length| format!("\"{}\"", "a".repeat(length - 2));
        assert!(seal(text(VALUE_MAX).as_bytes()).is_ok());
        assert_eq!(seal(text(VALUE_MAX + 1).as_bytes()).unwrap_err().code(), "seal-size");
        assert_eq!(seal(b"").unwrap_err().code(), "seal-value");
        for value in ["\"a\nb\"", "1,\"more\":2", "{\"b\":1,\"a\":2}", " 1", "1.0"] {
            assert_eq!(seal(value.as_bytes()).unwrap_err().code(), "seal-value", "{value}");
        }
    }

    proptest! {
        #[test]
        fn one_spelling(salt: [u8; 32], text in "[a-z:,]{1,40}", cut in 0usize..300, other: u8) {
            let value = format!("{{\"id\":\"{text}\"}}");
            let it = Disclosure::seal(HERE, "s", 0, "/p", salt, value.as_bytes()).unwrap();
            let line = it.to_json();
            prop_assert_eq!(line.len(), it.json_len());
            prop_assert_eq!(&Disclosure::from_json(&line).unwrap(), &it);
            let mut changed = line.clone();
            let at = cut % changed.len();
            changed[at] = other;
            if let Ok(read) = Disclosure::from_json(&changed) {
                prop_assert_eq!(read.to_json(), changed);
            }
        }

        /// The same bytes cut differently between the parts are different commitments.
        #[test]
        fn no_two_places_share_a_commitment(a in "[ab]{0,3}", b in "[ab]{0,3}", c in "[ab]{0,3}", d in "[ab]{0,3}") {
            let (salt, one) = ([1; 32], b"1");
            let first = commit(HERE, &a, 0, &b, &salt, one);
            let second = commit(HERE, &c, 0, &d, &salt, one);
            prop_assert_eq!(first == second, (&a, &b) == (&c, &d));
        }

        #[test]
        fn object_has_one_spelling(hash: [u8; 32]) {
            let text = to_json(Blake3(hash));
            prop_assert_eq!(from_json(text.as_bytes()).unwrap(), Blake3(hash));
            prop_assert_eq!(from_json(format!("{text} ").as_bytes()).unwrap_err().code(), "seal-object");
        }
    }
}
