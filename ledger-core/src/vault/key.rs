//! The vault's key pair: X25519 as RFC 9180 section 7.1 uses it (`spec/inbox.md`).
//!
//! The public key stands in the ledger's folder as `ledger.vaultkey`; whoever appends seals to it.
//! The secret key stays with the vault's owner. Both are files of one line.

use curve25519_dalek::montgomery::MontgomeryPoint;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem, Serializable as _};
use std::fmt;

use crate::encoding;
use crate::error::{Error, Result};
use crate::hash::Blake3;
use crate::vault::cipher::DataKey;

/// The file of the public key in a ledger's folder.
pub const FILE: &str = "ledger.vaultkey";

const PUBLIC: &str = "release-ledger/vault-key@v1 ";
const SECRET: &str = "release-ledger/vault-secret@v1 ";

/// The public key to which disclosures are sealed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VaultKey([u8; 32]);

impl VaultKey {
    /// Takes the 32 bytes of RFC 7748 section 5.
    ///
    /// Code `vault-key` when they are not the one spelling of a coordinate; `vault-key-weak` when
    /// the point has a small order, so that everybody could read what is sealed to it.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self> {
        if !is_reduced(&bytes) {
            return Err(Error::malformed("vault-key", "the vault's key is not reduced"));
        }
        // a clamped scalar is a multiple of 8, the cofactor: a small order ends in zero
        if MontgomeryPoint(bytes).mul_clamped([1; 32]) == MontgomeryPoint([0; 32]) {
            return Err(Error::refused("vault-key-weak", "the vault's key has a small order"));
        }
        Ok(Self(bytes))
    }

    /// The 32 bytes.
    pub fn to_bytes(self) -> [u8; 32] {
        self.0
    }

    /// Base64url of its BLAKE3, 43 characters, like every key id.
    pub fn id(self) -> String {
        encoding::base64url(&Blake3::of(&self.0).0)
    }

    /// Reads the line of `ledger.vaultkey`, with its newline. Codes as [`VaultKey::from_bytes`].
    pub fn parse(text: &[u8]) -> Result<Self> {
        let bytes = line(text, PUBLIC)
            .ok_or_else(|| Error::malformed("vault-key", "not the line of a vault's key"))?;
        Self::from_bytes(bytes)
    }
}

/// The line of `ledger.vaultkey`, with its newline.
impl fmt::Display for VaultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{PUBLIC}{}", encoding::base64(&self.0))
    }
}

impl fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VaultKey({})", self.id())
    }
}

/// The secret key that opens the inbox; its memory is wiped when it is dropped.
#[derive(Clone)]
pub struct VaultSecret {
    key: <X25519HkdfSha256 as Kem>::PrivateKey,
    /// Kept: deriving it costs as much as half of opening a file of the inbox.
    public: VaultKey,
}

impl VaultSecret {
    /// The key of 32 random bytes, by DeriveKeyPair of RFC 9180 section 7.1.3.
    pub fn generate(seed: &[u8; 32]) -> Self {
        Self::new(X25519HkdfSha256::derive_keypair(seed).0)
    }

    fn new(key: <X25519HkdfSha256 as Kem>::PrivateKey) -> Self {
        let public = VaultKey(X25519HkdfSha256::sk_to_pk(&key).to_bytes().into());
        Self { key, public }
    }

    /// The public key that belongs to it.
    pub fn public(&self) -> VaultKey {
        self.public
    }

    /// Reads the line of a secret key file, with its newline; code `vault-secret`.
    ///
    /// The one spelling of a scalar is the clamped one (RFC 7748 section 5).
    pub fn parse(text: &[u8]) -> Result<Self> {
        let bytes: Option<[u8; 32]> = line(text, SECRET);
        bytes
            .and_then(|bytes| {
                let key = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(&bytes).ok()?;
                (key.to_bytes().as_slice() == bytes).then(|| Self::new(key))
            })
            .ok_or_else(|| Error::malformed("vault-secret", "not the line of a vault's secret key"))
    }

    /// The line of a secret key file, with its newline; it opens everything in the inbox.
    pub fn to_line(&self) -> String {
        format!("{SECRET}{}\n", encoding::base64(&self.key.to_bytes()))
    }

    /// The key under which the vault encrypts its records; it belongs to this secret alone.
    pub(crate) fn root(&self) -> DataKey {
        DataKey::derive("ledger/v1 vault root", &self.key.to_bytes().into(), &[])
    }

    pub(super) fn as_hpke(&self) -> &<X25519HkdfSha256 as Kem>::PrivateKey {
        &self.key
    }
}

/// Shows which key it is, not the key.
impl fmt::Debug for VaultSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VaultSecret({})", self.public().id())
    }
}

fn line(text: &[u8], prefix: &str) -> Option<[u8; 32]> {
    let text = text.strip_prefix(prefix.as_bytes())?.strip_suffix(b"\n")?;
    encoding::from_base64(text).ok()
}

/// Whether the little-endian number is below 2^255 - 19.
fn is_reduced(bytes: &[u8; 32]) -> bool {
    let [lowest, middle @ .., highest] = bytes;
    match highest {
        0..=0x7e => true,
        0x7f => *lowest < 0xed || middle.iter().any(|byte| *byte != 0xff),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lines_have_one_spelling(seed: [u8; 32], at in 0usize..80, other in "[ -~\n]") {
            let secret = VaultSecret::generate(&seed);
            let public = secret.public().to_string();
            prop_assert_eq!(VaultKey::parse(public.as_bytes()).unwrap(), secret.public());
            let line = secret.to_line();
            prop_assert_eq!(VaultSecret::parse(line.as_bytes()).unwrap().to_line(), line.clone());
            for mut text in [public, line] {
                let at = at % text.len();
                text.replace_range(at..=at, &other);
                if let Ok(key) = VaultKey::parse(text.as_bytes()) {
                    prop_assert_eq!(key.to_string(), text);
                } else if let Ok(key) = VaultSecret::parse(text.as_bytes()) {
                    prop_assert_eq!(key.to_line(), text);
                }
            }
        }
    }

    #[test]
    fn refuses_small_orders() {
        let mut one = [0; 32];
        one[0] = 1;
        let minus_one = {
            let mut p = [0xff; 32];
            (p[0], p[31]) = (0xec, 0x7f);
            p
        };
        let eight = "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800";
        let eight = encoding::from_hex(eight.as_bytes()).unwrap();
        for weak in [[0; 32], one, minus_one, eight] {
            assert_eq!(VaultKey::from_bytes(weak).unwrap_err().code(), "vault-key-weak");
        }
    }

    #[test]
    fn refuses_second_spellings() {
        let mut nine = [0; 32];
        nine[0] = 9;
        assert!(VaultKey::from_bytes(nine).is_ok());
        nine[31] = 0x80;
        assert_eq!(VaultKey::from_bytes(nine).unwrap_err().code(), "vault-key");
        let mut nine_and_p = [0xff; 32];
        (nine_and_p[0], nine_and_p[31]) = (0xed + 9, 0x7f);
        assert_eq!(VaultKey::from_bytes(nine_and_p).unwrap_err().code(), "vault-key");
    }
}
