//! Signatures that nearly hold: made with the secret in hand, refused all the same.

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION};
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::hazmat::ExpandedSecretKey;
use proptest::prelude::*;
use sha2::{Digest as _, Sha512};

use super::bulk::{Spread, all_hold};
use super::*;
use crate::key::SigningKey;

/// The group order L, little-endian (RFC 8032, section 5.1).
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

struct Signed {
    key: SigningKey,
    event: Vec<u8>,
    signature: [u8; 64],
}

impl Signed {
    fn good(number: u32) -> Self {
        let key = secret(number);
        let event = format!("{{\"number\":{number}}}").into_bytes();
        let signature = sign(&key, &event).unwrap();
        Self { key, event, signature }
    }

    fn check(&self) -> Check<'_> {
        Check { key: self.key.public(), message: &self.event, signature: &self.signature }
    }

    /// A signature whose nonce is `r`·B with `torsion` added and is spelt `spelling`, if given;
    /// the cofactored equation holds for it whatever the torsion.
    fn with_nonce(
        number: u32,
        r: Scalar,
        torsion: EdwardsPoint,
        spelling: Option<[u8; 32]>,
    ) -> Self {
        let mut signed = Self::good(number);
        let spelling = spelling.unwrap_or((r * B + torsion).compress().to_bytes());
        let hasher = Sha512::new()
            .chain_update(spelling)
            .chain_update(signed.key.public().as_bytes())
            .chain_update(pae(&signed.event));
        let secret = ExpandedSecretKey::from(&seed(number)).scalar;
        let s = r + Scalar::from_hash(hasher) * secret;
        signed.signature[..32].copy_from_slice(&spelling);
        signed.signature[32..].copy_from_slice(s.as_bytes());
        signed
    }
}

fn seed(number: u32) -> [u8; 32] {
    [u8::try_from(number % 5).unwrap(); 32]
}

fn secret(number: u32) -> SigningKey {
    SigningKey::from_seed(seed(number))
}

fn scalar(number: u32) -> Scalar {
    Scalar::hash_from_bytes::<Sha512>(&number.to_be_bytes())
}

/// Every kind of near miss, varied by `number`.
fn near_misses(number: u32) -> Vec<(&'static str, Signed)> {
    let r = scalar(number);
    let mut all = Vec::new();
    for torsion in &EIGHT_TORSION[1..] {
        all.push(("torsioned nonce", Signed::with_nonce(number, r, *torsion, None)));
    }
    for torsion in EIGHT_TORSION {
        all.push(("small-order nonce", Signed::with_nonce(number, Scalar::ZERO, torsion, None)));
    }
    for spelling in second_spellings() {
        let signed = Signed::with_nonce(number, Scalar::ZERO, EIGHT_TORSION[0], Some(spelling));
        all.push(("second spelling of the nonce", signed));
    }
    let mut edit = |what, edit: &dyn Fn(&mut Signed)| {
        let mut signed = Signed::good(number);
        edit(&mut signed);
        all.push((what, signed));
    };
    edit("S + L", &|signed| {
        let mut carry = 0;
        for (byte, order) in signed.signature[32..].iter_mut().zip(ORDER) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            *byte = u8::try_from(sum & 0xff).unwrap();
            carry = sum >> 8;
        }
    });
    edit("S = 0", &|signed| signed.signature[32..].fill(0));
    edit("S = L", &|signed| signed.signature[32..].copy_from_slice(&ORDER));
    edit("all zero", &|signed| signed.signature.fill(0));
    edit("wrong message", &|signed| signed.event.push(b' '));
    edit("wrong key", &|signed| signed.key = secret(number + 1));
    edit("signature of another event", &|signed| {
        signed.signature = Signed::good(number + 5).signature;
    });
    edit("signature on the bare event", &|signed| {
        signed.signature = signed.key.sign(&signed.event);
    });
    edit("one bit", &|signed| {
        let bit = usize::try_from(number * 7 % 512).unwrap();
        signed.signature[bit / 8] ^= 1 << (bit % 8);
    });
    all
}

/// Spellings of points that decode but are not canonical: y + p, and the sign of x = 0.
fn second_spellings() -> Vec<[u8; 32]> {
    let mut all = Vec::new();
    for y in 0..19 {
        for sign in [0x7f, 0xff] {
            let mut spelling = [0xff; 32];
            spelling[0] = 0xed + y;
            spelling[31] = sign;
            all.push(spelling);
        }
    }
    let mut one = EIGHT_TORSION[0].compress().to_bytes();
    one[31] |= 0x80;
    let mut minus_one = EIGHT_TORSION[4].compress().to_bytes();
    minus_one[31] |= 0x80;
    all.extend([one, minus_one]);
    all
}

/// A batch with the bad ones among good ones.
fn among_good(bad: &[&Signed], good: u32, place: usize) -> bool {
    let good: Vec<_> = (0..good).map(Signed::good).collect();
    let mut checks: Vec<_> = good.iter().map(Signed::check).collect();
    for signed in bad {
        checks.insert(place % (checks.len() + 1), signed.check());
    }
    all_hold(&checks, &[9; 32], Spread::Alone)
}

#[test]
fn prefix_is_the_encoding() {
    let expected = format!("DSSEv1 {} {PAYLOAD_TYPE} 2 {{}}", PAYLOAD_TYPE.len());
    assert_eq!(pae(b"{}"), expected.as_bytes());
}

#[test]
fn good_batches_hold_at_every_size() {
    let good: Vec<_> = (0..300).map(Signed::good).collect();
    let checks: Vec<_> = good.iter().map(Signed::check).collect();
    for size in [0, 1, 2, 63, 64, 65, 129, 300] {
        for spread in [Spread::Alone, Spread::Cores] {
            assert!(all_hold(&checks[..size], &[9; 32], spread), "{size} {spread:?}");
        }
    }
}

#[test]
fn near_misses_fall_in_both_modes() {
    let mut seen = 0;
    for number in 0..40 {
        let place = usize::try_from(number).unwrap();
        let cases = near_misses(number);
        seen += cases.len();
        Spread::Cores.each(cases.len(), |i| {
            let (what, signed) = &cases[i];
            assert!(!holds(&signed.check()), "{what} {number} one by one");
            assert!(!among_good(&[signed], 3, place), "{what} {number} in bulk");
        });
    }
    assert!(seen > 2_000, "{seen}");
}

/// Torsion that adds up to nothing, and errors in S that do: plain sums would not see them.
#[test]
fn cancelling_pairs_fall() {
    let all: Vec<_> =
        (0..8).flat_map(|torsion| (0..12).map(move |number| (torsion, number))).collect();
    Spread::Cores.each(all.len(), |i| {
        let (torsion, number) = all[i];
        let mut one = Signed::with_nonce(number, scalar(number), EIGHT_TORSION[torsion], None);
        let mut other =
            Signed::with_nonce(number + 5, scalar(number + 5), -EIGHT_TORSION[torsion], None);
        if torsion == 0 {
            assert!(among_good(&[&one, &other], 5, 3));
            shift(&mut one.signature, scalar(99));
            shift(&mut other.signature, -scalar(99));
        }
        assert!(!holds(&one.check()) && !holds(&other.check()));
        assert!(!among_good(&[&one, &other], 5, 3), "{torsion} {number}");
    });
}

fn shift(signature: &mut [u8; 64], by: Scalar) {
    let s = Scalar::from_bytes_mod_order(*signature.last_chunk::<32>().unwrap());
    signature[32..].copy_from_slice((s + by).as_bytes());
}

/// One order-two component is the hardest to see: each test misses it with probability 1/2.
#[test]
fn every_claim_may_carry_the_torsion() {
    let torsioned: Vec<_> =
        (0..200).map(|n| Signed::with_nonce(n, scalar(n), EIGHT_TORSION[4], None)).collect();
    for count in [1, 2, 3, 64, 200] {
        let checks: Vec<_> = torsioned[..count].iter().map(Signed::check).collect();
        assert!(!all_hold(&checks, &[9; 32], Spread::Cores), "{count}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Both modes name the same positions, and they are those that `verify_strict` refuses.
    #[test]
    fn modes_agree(
        size in 90_usize..260,
        bad in prop::collection::vec((any::<usize>(), any::<usize>()), 0..6),
        number in 0_u32..1000,
        random in any::<[u8; 32]>(),
    ) {
        let mut all: Vec<_> = (0..u32::try_from(size).unwrap()).map(Signed::good).collect();
        for (place, kind) in bad {
            let mut cases = near_misses(number);
            let kind = kind % cases.len();
            all[place % size] = cases.swap_remove(kind).1;
        }
        let strict: Vec<_> = (0..size).filter(|i| !strict(&all[*i])).collect();
        let checks: Vec<_> = all.iter().map(Signed::check).collect();
        prop_assert_eq!(&verify_all(&checks, random, Mode::OneByOne), &strict);
        prop_assert_eq!(&verify_all(&checks, random, Mode::Bulk), &strict);
        prop_assert_eq!(&verify_all_here(&checks, random), &strict);
    }
}

fn strict(signed: &Signed) -> bool {
    let key = ed25519_dalek::VerifyingKey::from_bytes(signed.key.public().as_bytes()).unwrap();
    let signature = ed25519_dalek::Signature::from_bytes(&signed.signature);
    key.verify_strict(&pae(&signed.event), &signature).is_ok()
}
