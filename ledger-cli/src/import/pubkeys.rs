//! Public keys that are given to check what others signed: PEM `PUBLIC KEY` blocks (RFC 7468, RFC 5280
//! SubjectPublicKeyInfo) of Ed25519 (RFC 8410), ECDSA P-256 with SHA-256 (FIPS 186-5) and RSA with
//! SHA-256 (RFC 8017, PKCS#1 v1.5), of RSA also `RSA PUBLIC KEY` blocks.

use ledger_core::encoding;
use ledger_core::hash::Sha256;
use ledger_core::pem::{self, Broken};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
};

use super::Reason;

/// What stands before the 32 bytes of an Ed25519 key.
const ED25519_HEAD: &str = "302a300506032b6570032100";
/// What stands before the 65 bytes of a point of P-256.
const P256_HEAD: &str = "3059301306072a8648ce3d020106082a8648ce3d030107034200";
/// What stands in an RSA key before its bit string.
const RSA_OID: &str = "300d06092a864886f70d010101050003";
const LABELS: &[&str] = &["PUBLIC KEY", "RSA PUBLIC KEY"];

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
    Rsa,
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
        for (label, der) in blocks(text)? {
            if LABELS.contains(&label) {
                let key = Key::read(label, &der);
                keys.push(key.ok_or_else(|| wrong("one is neither Ed25519 nor P-256 nor RSA"))?);
            }
        }
        if keys.is_empty() {
            return Err(wrong("there is no `PUBLIC KEY`"));
        }
        Ok(Self { keys, roots: Sha256::of(text.as_bytes()).to_reference() })
    }

    /// Whether the key of that name is among them.
    pub(super) fn has(&self, name: &str) -> bool {
        self.keys.iter().any(|key| key.name == name)
    }

    /// The name of the key under which the signature over the message holds.
    pub(super) fn holds(&self, message: &[u8], signature: &[u8]) -> Option<&str> {
        let found = self.keys.iter().find(|key| key.holds(message, signature));
        found.map(|key| key.name.as_str())
    }
}

impl Key {
    fn read(label: &str, der: &[u8]) -> Option<Self> {
        let hex = encoding::hex(der);
        let name = Sha256::of(der).to_reference();
        if label == "RSA PUBLIC KEY" {
            return Some(Self { algorithm: Algorithm::Rsa, bytes: der.to_vec(), name });
        }
        let (algorithm, head, length) = if hex.starts_with(ED25519_HEAD) {
            (Algorithm::Ed25519, ED25519_HEAD.len() / 2, 32)
        } else if hex.starts_with(P256_HEAD) {
            (Algorithm::P256, P256_HEAD.len() / 2, 65)
        } else {
            // a sequence with a length of two bytes, the algorithm, a bit string with such a length
            let rest = hex.strip_prefix("3082").and_then(|rest| rest.get(4..));
            rest.filter(|rest| rest.starts_with(RSA_OID) && rest.get(32..34) == Some("82"))?;
            (Algorithm::Rsa, 24, der.len().checked_sub(24)?)
        };
        let bytes = der.get(head..).filter(|bytes| bytes.len() == length)?.to_vec();
        Some(Self { algorithm, bytes, name })
    }

    fn holds(&self, message: &[u8], signature: &[u8]) -> bool {
        match self.algorithm {
            Algorithm::Ed25519 => {
                UnparsedPublicKey::new(&ED25519, &self.bytes).verify(message, signature)
            }
            Algorithm::Rsa => UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.bytes)
                .verify(message, signature),
            Algorithm::P256 => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.bytes)
                .verify(message, signature),
        }
        .is_ok()
    }
}

/// The blocks of a PEM text, each with its label. Code `keys`.
pub(super) fn blocks(text: &str) -> Result<Vec<(&str, Vec<u8>)>, Reason> {
    let wrong = |what: &str| Reason::new("keys", format!("the given keys: {what}"));
    let all =
        pem::blocks(text).map(|block| block.and_then(|block| Ok((block.label, block.der()?))));
    all.collect::<Result<_, Broken>>().map_err(|broken| {
        wrong(match broken {
            Broken::Cut => "a block is cut",
            Broken::Endless => "a block does not end",
            Broken::Encoding => "a block is not base64",
        })
    })
}

/// What a DSSE signature is over: the pre-authentication encoding of the DSSE protocol, version 1.
pub(super) fn pae(kind: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}
