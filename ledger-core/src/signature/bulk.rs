//! Many signatures at once, with the verdict of one at a time.
//!
//! A valid signature satisfies S·B = R + h·A. The claims of a batch are added up under random
//! 128-bit weights z; the work on the basepoint and on each key is shared. All that remains per
//! signature is one hash, one square root, and the bits of its weight: for each bit j the sum T(j)
//! of those nonces whose weight has the bit. The T(j) serve twice. Weighted by 2^j they are the
//! left side of the equation; and the first 64 of them, each shown to be of prime order, prove
//! that no nonce hides a small-order part, which the equation alone would not see.
//!
//! The argument that this is the strict verdict, and its error, is in the spec page.

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{Identity as _, VartimeMultiscalarMul as _};
use rayon::prelude::*;
use sha2::{Digest as _, Sha512};

use super::{Check, PREFIX};
use crate::key::{PublicKey, is_torsion_free};

/// Below this many signatures one by one is as fast.
pub(super) const LEAST: usize = 96;

/// The best size of a batch: far beyond it the nonces leave the cache and nothing more is shared.
pub(super) const BEST: usize = 8192;

/// The bits of a weight: a false claim passes the equation with probability 2^-128.
const WEIGHT_BITS: u32 = 128;

/// How many of the sums are shown to be of prime order: torsion passes with probability 2^-64.
const TORSION_TESTS: usize = 64;

/// Signatures that are prepared together; their weights come from one stream.
const SPAN: usize = 64;

/// Whether the work may leave the calling thread.
#[derive(Clone, Copy, Debug)]
pub(super) enum Spread {
    /// It stays on the calling thread.
    Alone,
    /// It is spread over the cores.
    Cores,
}

impl Spread {
    pub(super) fn each<T: Send>(
        self,
        count: usize,
        work: impl Fn(usize) -> T + Sync + Send,
    ) -> Vec<T> {
        match self {
            Self::Alone => (0..count).map(work).collect(),
            Self::Cores => (0..count).into_par_iter().map(work).collect(),
        }
    }

    fn both<A: Send, B: Send>(
        self,
        one: impl FnOnce() -> A + Send,
        other: impl FnOnce() -> B + Send,
    ) -> (A, B) {
        match self {
            Self::Alone => (one(), other()),
            Self::Cores => rayon::join(one, other),
        }
    }
}

/// One signature, taken apart: S·B = R + h·A is claimed.
struct Claim {
    r: EdwardsPoint,
    s: Scalar,
    h: Scalar,
    /// Position of A among the distinct keys.
    key: usize,
}

/// A claim's weight z, and its share of both scalars.
struct Weighed {
    weight: u128,
    /// z·S.
    s: Scalar,
    /// z·h.
    h: Scalar,
}

/// Whether all claims hold. `false` says only that they are to be looked at one by one.
pub(super) fn all_hold(checks: &[Check<'_>], random: &[u8; 32], spread: Spread) -> bool {
    let keys = distinct_keys(checks);
    let spans: Vec<_> = checks.chunks(SPAN).collect();
    let prepared = spread.each(spans.len(), |i| spans.get(i).and_then(|span| prepare(span, &keys)));
    let Some(prepared) = prepared.into_iter().collect::<Option<Vec<_>>>() else {
        return false;
    };
    let seed = seed(random, checks.len(), prepared.iter().map(|(_, digest)| digest));
    let weighed = spread.each(prepared.len(), |i| {
        prepared.get(i).map_or_else(Vec::new, |(claims, _)| weigh(claims, &seed, i))
    });
    let claims: Vec<Claim> = prepared.into_iter().flat_map(|(claims, _)| claims).collect();
    let weighed: Vec<Weighed> = weighed.into_iter().flatten().collect();

    let width = digit_width(claims.len());
    let columns = usize::try_from(WEIGHT_BITS.div_ceil(width)).unwrap_or(0);
    let (sums, right) = spread.both(
        || spread.each(columns, |i| column(&claims, &weighed, i, width)),
        || right_side(&claims, &weighed, &keys),
    );
    let sums: Vec<EdwardsPoint> = sums.into_iter().flatten().collect();
    let (left, tests) = spread.both(
        || sums.iter().rev().fold(EdwardsPoint::identity(), |left, sum| left + left + sum),
        || spread.each(TORSION_TESTS, |i| sums.get(i).is_some_and(is_torsion_free)),
    );
    left == right && tests.into_iter().all(|free| free)
}

fn distinct_keys<'a>(checks: &[Check<'a>]) -> Vec<&'a PublicKey> {
    let mut keys: Vec<_> = checks.iter().map(|check| check.key).collect();
    keys.dedup();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Takes the signatures of a span apart; none if one of them is not even well formed.
fn prepare(span: &[Check<'_>], keys: &[&PublicKey]) -> Option<(Vec<Claim>, blake3::Hash)> {
    let mut hasher = blake3::Hasher::new();
    let mut claims = Vec::with_capacity(span.len());
    for check in span {
        let claim = claim(check, keys)?;
        hasher.update(check.signature);
        hasher.update(check.key.as_bytes());
        hasher.update(claim.h.as_bytes());
        claims.push(claim);
    }
    Some((claims, hasher.finalize()))
}

fn claim(check: &Check<'_>, keys: &[&PublicKey]) -> Option<Claim> {
    let (r, s) = check.signature.split_first_chunk::<32>()?;
    let s: Option<Scalar> = Scalar::from_canonical_bytes(*s.first_chunk::<32>()?).into();
    let s = s?;
    let key = keys.binary_search(&check.key).ok()?;
    let hasher = Sha512::new()
        .chain_update(r)
        .chain_update(check.key.as_bytes())
        .chain_update(PREFIX)
        .chain_update(check.message.len().to_string())
        .chain_update(" ")
        .chain_update(check.message);
    let h = Scalar::from_hash(hasher);
    Some(Claim { r: nonce(r)?, s, h, key })
}

/// Decodes R; none if it is no point, a second spelling of one, or the identity.
///
/// The second spellings are those with y >= p = 2^255 - 19, and the set sign bit on x = 0. The
/// latter has y = 1, the identity, refused here, or y = -1, of order two, left to the torsion proof.
fn nonce(bytes: &[u8; 32]) -> Option<EdwardsPoint> {
    let [first, middle @ .., last] = bytes;
    let last = last & 0x7f;
    let over = *first >= 0xed && middle.iter().all(|byte| *byte == 0xff) && last == 0x7f;
    let one = *first == 1 && middle.iter().all(|byte| *byte == 0) && last == 0;
    if over || one {
        return None;
    }
    CompressedEdwardsY(*bytes).decompress()
}

/// What the weights follow from: the caller's random bytes and every R, S, A and h.
fn seed<'a>(
    random: &[u8; 32],
    count: usize,
    spans: impl Iterator<Item = &'a blake3::Hash>,
) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("ledger/v1 signature bulk");
    hasher.update(random);
    hasher.update(&u64::try_from(count).unwrap_or(u64::MAX).to_be_bytes());
    for span in spans {
        hasher.update(span.as_bytes());
    }
    *hasher.finalize().as_bytes()
}

/// Draws the weights of one span, uniform 128-bit numbers, and applies them.
fn weigh(claims: &[Claim], seed: &[u8; 32], span: usize) -> Vec<Weighed> {
    let mut hasher = blake3::Hasher::new_keyed(seed);
    hasher.update(&u64::try_from(span).unwrap_or(u64::MAX).to_be_bytes());
    let mut output = hasher.finalize_xof();
    let mut bytes = [0; 16];
    let weigh = |claim: &Claim| {
        output.fill(&mut bytes);
        let weight = u128::from_be_bytes(bytes);
        let z = Scalar::from(weight);
        Weighed { weight, s: z * claim.s, h: z * claim.h }
    };
    claims.iter().map(weigh).collect()
}

/// The width of a column that costs the fewest additions: one per nonce and one per bucket.
fn digit_width(count: usize) -> u32 {
    (4..=10)
        .min_by_key(|width| {
            let columns = usize::try_from(WEIGHT_BITS.div_ceil(*width)).unwrap_or(usize::MAX);
            columns.saturating_mul(count.saturating_add(1 << width))
        })
        .unwrap_or(8)
}

/// The sums T(j) for the bits j of one column, lowest first.
///
/// Each nonce goes into the bucket that its weight's digit names; the buckets then fold together
/// bit by bit, from the top: the upper half is what has the bit, and joins the lower half.
fn column(claims: &[Claim], weighed: &[Weighed], index: usize, width: u32) -> Vec<EdwardsPoint> {
    let low = u32::try_from(index).unwrap_or(u32::MAX).saturating_mul(width);
    let bits = width.min(WEIGHT_BITS.saturating_sub(low));
    let mask = (1_u128 << bits) - 1;
    let mut buckets: Vec<Option<EdwardsPoint>> = vec![None; 1 << bits];
    for (claim, weighed) in claims.iter().zip(weighed) {
        let digit = usize::try_from((weighed.weight >> low) & mask).unwrap_or(0);
        // The nonces of digit 0 are in no sum; the first of a bucket needs no addition.
        if digit > 0
            && let Some(bucket) = buckets.get_mut(digit)
        {
            add(bucket, &claim.r);
        }
    }
    let mut sums = Vec::new();
    for bit in (0..bits).rev() {
        let upper = buckets.split_off(1 << bit);
        let mut sum = None;
        for (lower, upper) in buckets.iter_mut().zip(upper) {
            if let Some(upper) = upper {
                add(&mut sum, &upper);
                add(lower, &upper);
            }
        }
        sums.push(sum.unwrap_or_else(EdwardsPoint::identity));
    }
    sums.reverse();
    sums
}

fn add(sum: &mut Option<EdwardsPoint>, point: &EdwardsPoint) {
    *sum = Some(match sum {
        Some(sum) => *sum + point,
        None => *point,
    });
}

/// (sum of z·S)·B - (sum of z·h over the claims of A)·A for each key A.
fn right_side(claims: &[Claim], weighed: &[Weighed], keys: &[&PublicKey]) -> EdwardsPoint {
    let mut base = Scalar::ZERO;
    let mut scalars = vec![Scalar::ZERO; keys.len()];
    for (claim, weighed) in claims.iter().zip(weighed) {
        base += weighed.s;
        if let Some(scalar) = scalars.get_mut(claim.key) {
            *scalar -= weighed.h;
        }
    }
    scalars.push(base);
    let points = keys.iter().map(|key| key.verifying().to_edwards());
    EdwardsPoint::vartime_multiscalar_mul(scalars, points.chain([ED25519_BASEPOINT_POINT]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SigningKey;

    /// The weights must follow from all that a forger chooses, and from what he cannot foresee.
    #[test]
    fn weights_follow_from_everything() {
        let keys = [SigningKey::from_seed([1; 32]), SigningKey::from_seed([2; 32])];
        let sign = |key: &SigningKey, event: &[u8]| super::super::sign(key, event).unwrap();
        let mut seeds = Vec::new();
        let mut note = |key: &SigningKey, event: &[u8], signature: [u8; 64], random: u8| {
            let check = Check { key: key.public(), message: event, signature: &signature };
            let (_, digest) = prepare(&[check], &[key.public()]).unwrap();
            seeds.push(seed(&[random; 32], 1, [digest].iter()));
        };
        let good = sign(&keys[0], b"{}");
        let other = sign(&keys[0], b"[]");
        let mut mixed = good;
        mixed[32..].copy_from_slice(&other[32..]);
        note(&keys[0], b"{}", good, 0);
        note(&keys[0], b"{}", good, 1);
        note(&keys[0], b"{}", other, 0);
        note(&keys[0], b"{}", mixed, 0);
        note(&keys[0], b"[]", good, 0);
        note(&keys[1], b"{}", good, 0);
        seeds.sort_unstable();
        seeds.dedup();
        assert_eq!(seeds.len(), 6);
    }

    #[test]
    fn wide_batches_get_wide_columns() {
        assert_eq!([1, 100, 1000, 8192].map(digit_width), [4, 5, 8, 10]);
    }
}
