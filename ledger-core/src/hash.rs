//! The two hash families of the log, kept apart by type.
//!
//! [`Blake3`] makes the chain, key ids, event hashes and commitments; [`Sha256`] (FIPS 180-4) makes
//! the RFC 6962 tree and everything the C2SP formats name. Neither can be used for the other.

use sha2::Digest as _;
use std::fmt;

use crate::encoding;
use crate::error::Result;

macro_rules! digest {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub [u8; 32]);

        impl $name {
            /// Padded base64, 44 characters.
            pub fn to_base64(self) -> String {
                encoding::base64(&self.0)
            }

            /// Reads 44 characters of padded base64; code `base64`.
            pub fn from_base64(text: &[u8]) -> Result<Self> {
                encoding::from_base64(text).map(Self)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&encoding::base64(&self.0))
            }
        }
    };
}

digest! {
    /// A BLAKE3-256 hash.
    Blake3
}
digest! {
    /// A SHA-256 hash.
    Sha256
}

impl Blake3 {
    /// Hashes the bytes, plainly (no key, no context).
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }
}

/// How a reference to a digest begins.
const REFERENCE: &str = "sha256:";

impl Sha256 {
    /// How an event names it: `sha256:` and 64 hex digits.
    pub fn to_reference(self) -> String {
        format!("{REFERENCE}{}", encoding::hex(&self.0))
    }

    /// Reads what [`Sha256::to_reference`] writes; none of anything else.
    pub fn from_reference(text: &str) -> Option<Self> {
        encoding::from_hex(text.strip_prefix(REFERENCE)?.as_bytes()).ok().map(Self)
    }

    /// Hashes the bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Hashes the parts one after the other, as if joined.
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut hasher = sha2::Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }
}

/// SHA-256 of bytes that come one after the other.
#[derive(Clone, Debug, Default)]
pub struct Sha256Writer(sha2::Sha256);

impl Sha256Writer {
    /// Takes in more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all of them.
    pub fn finish(self) -> Sha256 {
        Sha256(self.0.finalize().into())
    }
}
