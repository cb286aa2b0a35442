//! PKCS#8 and SubjectPublicKeyInfo in PEM: what `openssl pkey` reads and writes (RFC 8410).

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::spki::{DecodePublicKey as _, SubjectPublicKeyInfoRef};
use ed25519_dalek::pkcs8::{
    EncodePrivateKey as _, EncodePublicKey as _, KeypairBytes, ObjectIdentifier, PrivateKeyInfoRef,
    PublicKeyBytes, SecretDocument,
};
use std::ops::Deref;

use super::{PublicKey, SigningKey, file};
use crate::error::{Error, Result};

impl SigningKey {
    /// PKCS#8 version 1 in PEM. Version 2, with the public key inside, OpenSSL 3.0 cannot read.
    ///
    /// The text is wiped when dropped. Code `key-write`.
    pub fn to_pem(&self) -> Result<impl Deref<Target = String>> {
        let bytes = KeypairBytes { secret_key: self.secret().to_bytes(), public_key: None };
        bytes.to_pkcs8_pem(LineEnding::LF).map_err(|_| unwritten())
    }
}

impl PublicKey {
    /// SubjectPublicKeyInfo in PEM. Code `key-write`.
    pub fn to_pem(&self) -> Result<String> {
        PublicKeyBytes(*self.as_bytes()).to_public_key_pem(LineEnding::LF).map_err(|_| unwritten())
    }
}

fn unwritten() -> Error {
    Error::unavailable("key-write", "the key cannot be written as PEM")
}

/// Reads PKCS#8 of either version; the public key of version 2 must be the secret's.
pub(super) fn read_pkcs8(text: &str) -> Result<SigningKey> {
    let (_, document) =
        SecretDocument::from_pem(text).map_err(|_| file::broken("its PEM cannot be read"))?;
    let info = PrivateKeyInfoRef::try_from(document.as_bytes())
        .map_err(|_| file::broken("it is not PKCS#8"))?;
    demand_ed25519(info.algorithm.oid)?;
    let bytes =
        KeypairBytes::try_from(info).map_err(|_| file::broken("it holds no Ed25519 secret"))?;
    let key = SigningKey::from_seed(bytes.secret_key);
    match &bytes.public_key {
        Some(public) if public.as_ref() != key.public().as_bytes() => Err(file::mismatch()),
        _ => Ok(key),
    }
}

/// Reads SubjectPublicKeyInfo.
pub(super) fn read_spki(text: &str) -> Result<PublicKey> {
    let (_, document) =
        SecretDocument::from_pem(text).map_err(|_| file::broken("its PEM cannot be read"))?;
    let info = SubjectPublicKeyInfoRef::try_from(document.as_bytes())
        .map_err(|_| file::broken("it is not a SubjectPublicKeyInfo"))?;
    demand_ed25519(info.algorithm.oid)?;
    let bytes = PublicKeyBytes::from_public_key_der(document.as_bytes())
        .map_err(|_| file::broken("it holds no Ed25519 key"))?;
    PublicKey::from_bytes(bytes.as_ref())
}

/// Object identifiers: RFC 8410 for the Edwards curves, RFC 3279 and RFC 5480 for the older ones.
fn demand_ed25519(oid: ObjectIdentifier) -> Result<()> {
    match oid.to_string().as_str() {
        "1.3.101.112" => Ok(()),
        "1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.10" => Err(file::algorithm("ssh-rsa")),
        "1.2.840.10045.2.1" => Err(file::algorithm("ecdsa")),
        _ => Err(file::algorithm("")),
    }
}
