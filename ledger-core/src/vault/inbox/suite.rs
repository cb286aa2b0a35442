//! The one HPKE suite of the inbox: RFC 9180 base mode with DHKEM(X25519, HKDF-SHA256),
//! HKDF-SHA256 and ChaCha20-Poly1305.

use std::convert::Infallible;

use hpke::aead::{AeadCtxR, AeadCtxS, ChaCha20Poly1305};
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable as _, Kem, OpModeR, OpModeS, Serializable as _};

use crate::error::{Error, Result};
use crate::vault::key::{VaultKey, VaultSecret};

/// Seals chunks, one after the other.
pub(super) struct Sender(AeadCtxS<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>);

impl Sender {
    /// The encapsulated key and the sender; the ephemeral key is DeriveKeyPair(`key_material`).
    pub(super) fn new(
        vault: VaultKey,
        info: &[u8],
        key_material: [u8; 32],
    ) -> Result<([u8; 32], Self)> {
        let weak = |_| Error::refused("vault-key-weak", "nothing can be sealed to the vault's key");
        let public = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(&vault.to_bytes());
        let (encapsulated, context) = hpke::setup_sender_with_rng::<_, _, X25519HkdfSha256>(
            &OpModeS::Base,
            &public.map_err(weak)?,
            info,
            &mut Material::new(key_material),
        )
        .map_err(weak)?;
        Ok((encapsulated.to_bytes().into(), Self(context)))
    }

    pub(super) fn seal(&mut self, plain: &[u8], associated: &[u8]) -> Result<Vec<u8>> {
        self.0
            .seal(plain, associated)
            .map_err(|_| Error::refused("inbox-chunk", "a chunk cannot be sealed"))
    }
}

/// Opens chunks, one after the other.
pub(super) struct Receiver(AeadCtxR<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>);

impl Receiver {
    pub(super) fn new(secret: &VaultSecret, info: &[u8], encapsulated: &[u8; 32]) -> Result<Self> {
        <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(encapsulated)
            .and_then(|key| hpke::setup_receiver(&OpModeR::Base, secret.as_hpke(), &key, info))
            .map(Self)
            .map_err(|_| not_sealed())
    }

    pub(super) fn open(&mut self, sealed: &[u8], associated: &[u8]) -> Result<Vec<u8>> {
        self.0.open(sealed, associated).map_err(|_| not_sealed())
    }
}

fn not_sealed() -> Error {
    Error::untrue("inbox-sealed", "the seal does not hold")
        .hint("the bytes were changed, or they belong to another ledger")
}

/// Gives HPKE the key material that the caller brought; anything it asks for beyond those 32 bytes
/// is expanded from them.
struct Material {
    given: std::array::IntoIter<u8, 32>,
    expanded: blake3::OutputReader,
}

impl Material {
    fn new(key_material: [u8; 32]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("ledger/v1 inbox further key material");
        hasher.update(&key_material);
        Self { given: key_material.into_iter(), expanded: hasher.finalize_xof() }
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    fn fill(&mut self, out: &mut [u8]) {
        self.expanded.fill(out);
        for (byte, given) in out.iter_mut().zip(self.given.by_ref()) {
            *byte = given;
        }
    }
}

impl TryRng for Material {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> std::result::Result<u32, Infallible> {
        Ok(u32::from_le_bytes(self.bytes()))
    }

    fn try_next_u64(&mut self) -> std::result::Result<u64, Infallible> {
        Ok(u64::from_le_bytes(self.bytes()))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> std::result::Result<(), Infallible> {
        self.fill(out);
        Ok(())
    }
}

impl TryCryptoRng for Material {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::{from_hex, hex};

    /// RFC 9180 appendix A.2.1, encryptions 0 and 1.
    #[test]
    fn agrees_with_the_rfc() {
        let recipient = b"1ac01f181fdf9f352797655161c58b75c656a6cc2716dcb66372da835542e1df";
        let ephemeral = b"909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b";
        let info = b"Ode on a Grecian Urn";
        let plain = b"Beauty is truth, truth beauty";
        let secret = VaultSecret::generate(&from_hex(recipient).unwrap());
        assert_eq!(
            hex(&secret.public().to_bytes()),
            "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a"
        );
        let (encapsulated, mut sender) =
            Sender::new(secret.public(), info, from_hex(ephemeral).unwrap()).unwrap();
        assert_eq!(
            hex(&encapsulated),
            "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a"
        );
        let first = sender.seal(plain, b"Count-0").unwrap();
        assert_eq!(
            hex(&first),
            "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db\
             21993c62ce81883d2dd1b51a28"
        );
        let second = sender.seal(plain, b"Count-1").unwrap();
        let mut receiver = Receiver::new(&secret, info, &encapsulated).unwrap();
        assert_eq!(receiver.open(&first, b"Count-0").unwrap(), plain);
        assert_eq!(receiver.open(&second, b"Count-1").unwrap(), plain);
    }
}
