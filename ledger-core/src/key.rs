//! Keys: who signs, under which short name, and in which file the secret lies.
//!
//! A [`PublicKey`] is the 32-byte Ed25519 encoding of a point that leaves no second reading: the
//! encoding is canonical, the point has the full prime order. Its [`KeyId`] is the BLAKE3-256 of
//! those bytes. A [`SigningKey`] is a secret in memory, wiped when dropped; it is read from the
//! files that OpenSSL and OpenSSH write (`key/pem.rs`, `key/openssh.rs`).
//!
//! Out of scope: what a key may do, and since when (`trust`), and talking to an agent.
//!
//! Spec: `ledger-core/spec/key.md`.

mod file;
mod openssh;
mod pem;

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::traits::IsIdentity as _;
use ed25519_dalek::pkcs8::spki::der::zeroize::Zeroizing;
use ed25519_dalek::{Signer as _, VerifyingKey};
use std::fmt;
use std::hash::{Hash, Hasher};

pub use self::file::KEY_FILE_LIMIT;
use crate::encoding;
use crate::error::{Error, Result};

/// Reads a secret key file that is not locked: PKCS#8 PEM or OpenSSH.
///
/// Codes: `key-too-long`, `key-empty`, `key-crlf`, `key-unknown`, `key-trailing`, `key-broken`,
/// `key-mismatch`, `key-encrypted`, `key-public` (the public half), and for what is no plain
/// Ed25519 key `key-rsa`, `key-ecdsa`, `key-fido`, `key-certificate`, `key-algorithm`.
pub fn read_private(file: &[u8]) -> Result<SigningKey> {
    read(file, None)
}

/// As [`read_private`], and opens a locked OpenSSH file with the passphrase; codes beside those:
/// `key-passphrase`, `key-rounds`.
pub fn read_private_locked(file: &[u8], passphrase: &[u8]) -> Result<SigningKey> {
    read(file, Some(passphrase))
}

fn read(file: &[u8], passphrase: Option<&[u8]>) -> Result<SigningKey> {
    match file::recognise(file)? {
        (file::Kind::Pkcs8, text) => pem::read_pkcs8(text),
        (file::Kind::OpenSsh, text) => openssh::read_private(text, passphrase),
        (file::Kind::Spki | file::Kind::OpenSshLine, _) => {
            Err(Error::refused("key-public", "this is the public half of a key")
                .hint("give the file of the secret key, often the same name without `.pub`"))
        }
    }
}

/// Reads a public key file: PEM, or the line of an OpenSSH `.pub` file.
///
/// Codes as of [`read_private`] and of [`PublicKey::from_bytes`]; a secret key is refused by
/// `key-private`, so that nobody hands one out by mistake.
pub fn read_public(file: &[u8]) -> Result<PublicKey> {
    match file::recognise(file)? {
        (file::Kind::Spki, text) => pem::read_spki(text),
        (file::Kind::OpenSshLine, text) => openssh::read_line(text),
        (file::Kind::Pkcs8 | file::Kind::OpenSsh, _) => {
            Err(Error::refused("key-private", "this is a secret key")
                .hint("give its public half; a secret that was handed out must be replaced"))
        }
    }
}

/// An Ed25519 public key (RFC 8032) whose canonical encoding is of a point of prime order.
///
/// Under such a key the strict verdict and the cofactored one differ only through the signature,
/// never through the key. Equality, order and hash are those of the 32 bytes.
#[derive(Clone, Copy)]
pub struct PublicKey {
    key: VerifyingKey,
}

impl PublicKey {
    /// Reads the 32 bytes of RFC 8032, section 5.1.2.
    ///
    /// Codes: `key-encoding` (no point, or not the one canonical spelling of it), `key-weak` (a
    /// point of small order: anybody can sign for it), `key-torsion` (a small-order part beside
    /// the prime-order one: verdicts of different verifiers would differ).
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self> {
        let point = CompressedEdwardsY(*bytes).decompress().filter(|point| {
            // Decompression accepts y >= p and a set sign bit on x = 0; encoding again does not.
            point.compress().as_bytes() == bytes
        });
        let point = point.ok_or_else(|| {
            Error::malformed("key-encoding", "the public key is not a canonical Ed25519 point")
        })?;
        if point.is_small_order() {
            return Err(Error::refused("key-weak", "the public key is a point of small order")
                .hint("anybody can sign for such a key; generate a new one"));
        }
        if !is_torsion_free(&point) {
            return Err(Error::refused(
                "key-torsion",
                "the public key has a component of small order",
            )
            .hint("no honest key generator makes such a key; generate a new one"));
        }
        Ok(Self { key: VerifyingKey::from(point) })
    }

    /// Reads 44 characters of padded base64; codes `base64` and those of [`PublicKey::from_bytes`].
    pub fn from_base64(text: &[u8]) -> Result<Self> {
        Self::from_bytes(&encoding::from_base64(text)?)
    }

    /// Padded base64, 44 characters.
    pub fn to_base64(&self) -> String {
        encoding::base64(self.as_bytes())
    }

    /// The 32 bytes of the encoding.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// The key's short name: BLAKE3-256 of its 32 bytes.
    pub fn id(&self) -> KeyId {
        KeyId(*blake3::hash(self.as_bytes()).as_bytes())
    }

    /// The key as the note formats take it.
    pub fn verifying(&self) -> &VerifyingKey {
        &self.key
    }
}

/// Whether the point lies in the subgroup of prime order: L times it is the identity.
///
/// Computed as (L-1) times the point plus the point, in variable time, which is faster than the
/// group library's constant-time product; all points here are public.
pub(crate) fn is_torsion_free(point: &EdwardsPoint) -> bool {
    use curve25519_dalek::Scalar;
    let negated =
        EdwardsPoint::vartime_double_scalar_mul_basepoint(&-Scalar::ONE, point, &Scalar::ZERO);
    (negated + point).is_identity()
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for PublicKey {}

impl PartialOrd for PublicKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PublicKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl Hash for PublicKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_base64())
    }
}

/// A key's name in events: BLAKE3-256 of the public key's 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 32]);

impl KeyId {
    /// Reads 43 characters of unpadded base64url; code `key-id`.
    pub fn parse(text: &str) -> Result<Self> {
        encoding::from_base64url(text.as_bytes()).map(Self).map_err(|_| {
            let shown: String = text.chars().take(60).collect();
            Error::malformed("key-id", format!("`{}` is not a key id", shown.escape_default()))
                .hint("a key id is 43 characters of base64url; `ledger key show` prints it")
        })
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encoding::base64url(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whoever can sign for one public key: a key in memory, an agent, a device.
pub trait Signer {
    /// The key that verifies what this signer signs.
    fn public(&self) -> &PublicKey;

    /// Signs the message, as it is, by RFC 8032 Ed25519; fails only if the secret is out of reach.
    fn sign(&self, message: &[u8]) -> Result<[u8; 64]>;
}

/// A secret key in memory; its bytes are wiped when it is dropped and never shown.
#[derive(Clone)]
pub struct SigningKey {
    secret: ed25519_dalek::SigningKey,
    public: PublicKey,
}

impl SigningKey {
    /// The key as the note formats take it.
    pub fn dalek(&self) -> &ed25519_dalek::SigningKey {
        &self.secret
    }

    /// The key of a 32-byte seed (RFC 8032, section 5.1.5); the caller wipes its own copy.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let secret = ed25519_dalek::SigningKey::from_bytes(&Zeroizing::new(seed));
        // A clamped multiple of the base point: canonical, torsion-free, and never the identity.
        let public = PublicKey { key: secret.verifying_key() };
        Self { secret, public }
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs the message, as it is; deterministic.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.secret.sign(message).to_bytes()
    }

    pub(crate) fn secret(&self) -> &ed25519_dalek::SigningKey {
        &self.secret
    }
}

impl Signer for SigningKey {
    fn public(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64]> {
        Ok(SigningKey::sign(self, message))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "secret key of {}", self.public.id())
    }
}

#[cfg(test)]
#[expect(clippy::string_slice, reason = "the texts are ASCII")]
mod tests {
    use super::*;
    use curve25519_dalek::constants::EIGHT_TORSION;

    #[test]
    fn torsion_is_seen() {
        let key = SigningKey::from_seed([7; 32]);
        let point = key.public().verifying().to_edwards();
        for (index, torsion) in EIGHT_TORSION.iter().enumerate() {
            assert_eq!(is_torsion_free(&(point + torsion)), index == 0, "{index}");
            assert_eq!((point + torsion).is_torsion_free(), index == 0, "{index}");
            let outcome = PublicKey::from_bytes((point + torsion).compress().as_bytes());
            assert_eq!(outcome.err().map(|e| e.code()), (index > 0).then_some("key-torsion"));
            let outcome = PublicKey::from_bytes(torsion.compress().as_bytes());
            assert_eq!(outcome.unwrap_err().code(), "key-weak", "{index}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let key = SigningKey::from_seed([7; 32]);
        assert_eq!(format!("{key:?}"), format!("secret key of {}", key.public().id()));
    }

    #[test]
    fn key_ids_have_one_spelling() {
        let id = SigningKey::from_seed([7; 32]).public().id();
        let text = id.to_string();
        assert_eq!(text.len(), 43);
        assert_eq!(KeyId::parse(&text).unwrap(), id);
        for bad in ["", &text[..42], &format!("{text}="), &format!("{text}A")] {
            assert_eq!(KeyId::parse(bad).unwrap_err().code(), "key-id", "{bad}");
        }
    }
}
