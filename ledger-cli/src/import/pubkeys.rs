//! Public keys that are given to check what others signed: PEM `PUBLIC KEY` blocks (RFC 7468, RFC 5280
//! SubjectPublicKeyInfo) of Ed25519 (RFC 8410) and ECDSA P-256 with SHA-256 (FIPS 186-5).

use ledger_core::encoding;
use ledger_core::hash::Sha256;
use ring::signature::{ECDSA_P256_SHA256_ASN1, ED25519, UnparsedPublicKey};

use super::Reason;

/// What stands before the 32 bytes of an Ed25519 key.
const ED25519_HEAD: &str = "302a300506032b6570032100";
/// What stands before the 65 bytes of a point of P-256.
const P256_HEAD: &str = "3059301306072a8648ce3d020106082a8648ce3d030107034200";
const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";

/// The keys of a file.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    keys: Vec<Key>,
    /// The digest of the file, by which a verdict names its roots.
    pub(super) roots: String,
}

#[derive(Clone, Debug)]
enum Algorithm {
    Ed25519,
    P256,
}

#[derive(Clone, Debug)]
struct Key {
    algorithm: Algorithm,
    bytes: Vec<u8>,
    /// SHA-256 of the SubjectPublicKeyInfo.
    name: String,
}

impl Keys {
    /// Reads all keys of a text; one that is of no known kind is refused, and so is a text without any.
    /// Code `keys`.
    pub(super) fn read(text: &str) -> Result<Self, Reason> {
        let wrong = |what: &str| Reason::new("keys", format!("the given keys: {what}"));
        let mut keys = Vec::new();
        for block in text.split(BEGIN).skip(1) {
            let (body, _) = block.split_once(END).ok_or_else(|| wrong("a block does not end"))?;
            let body: String = body.split_ascii_whitespace().collect();
            let der = encoding::from_base64_any(body.as_bytes());
            let der = der.map_err(|_| wrong("a block is not base64"))?;
            keys.push(Key::read(&der).ok_or_else(|| wrong("one is neither Ed25519 nor P-256"))?);
        }
        if keys.is_empty() {
            return Err(wrong("there is no `PUBLIC KEY`"));
        }
        Ok(Self { keys, roots: Sha256::of(text.as_bytes()).to_reference() })
    }

    /// The name of the key under which the signature over the message holds.
    pub(super) fn holds(&self, message: &[u8], signature: &[u8]) -> Option<&str> {
        let found = self.keys.iter().find(|key| key.holds(message, signature));
        found.map(|key| key.name.as_str())
    }
}

impl Key {
    fn read(der: &[u8]) -> Option<Self> {
        let hex = encoding::hex(der);
        let (algorithm, head, length) = if hex.starts_with(ED25519_HEAD) {
            (Algorithm::Ed25519, ED25519_HEAD.len() / 2, 32)
        } else if hex.starts_with(P256_HEAD) {
            (Algorithm::P256, P256_HEAD.len() / 2, 65)
        } else {
            return None;
        };
        let bytes = der.get(head..).filter(|bytes| bytes.len() == length)?.to_vec();
        Some(Self { algorithm, bytes, name: Sha256::of(der).to_reference() })
    }

    fn holds(&self, message: &[u8], signature: &[u8]) -> bool {
        match self.algorithm {
            Algorithm::Ed25519 => {
                UnparsedPublicKey::new(&ED25519, &self.bytes).verify(message, signature)
            }
            Algorithm::P256 => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.bytes)
                .verify(message, signature),
        }
        .is_ok()
    }
}

/// What a DSSE signature is over: the pre-authentication encoding of the DSSE protocol, version 1.
pub(super) fn pae(kind: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}
