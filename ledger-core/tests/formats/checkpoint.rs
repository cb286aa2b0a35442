//! Checkpoints, origins and cosignatures.

use ledger_core::checkpoint::{Checkpoint, Origin};
use ledger_core::cosignature::{Cosignature, MAX_TIME, message};
use ledger_core::error::Error;
use ledger_core::hash::Sha256;
use ledger_core::note::{self, VerifierKey, open};
use ledger_core::tree;
use proptest::prelude::*;

use crate::common::vectors;
use crate::known::{
    LOG_BODY, LOG_KEY, LOG_LINE, LOG_PROOF_7_15, LOG_WORDS, WITNESS_KEY, WITNESS_LINE,
    WITNESS_SECRET, WITNESS_TIME, cosigned, key, secret,
};

#[test]
fn checkpoint_vectors() {
    for vector in vectors("checkpoint") {
        let text = std::str::from_utf8(&vector.bytes).unwrap();
        let outcome = Checkpoint::parse(text).and_then(|checkpoint| {
            assert_eq!(checkpoint.encode(), text, "{}", vector.name);
            vector
                .header
                .get("origin")
                .map_or(Ok(()), |_| Origin::parse(checkpoint.origin()).map(drop))
        });
        vector.check(outcome.as_ref().err().map(Error::code));
    }
}

#[test]
fn cosignature_vectors() {
    for vector in vectors("cosignature") {
        let key = VerifierKey::parse(vector.header("vkey"));
        let outcome = key.and_then(|key| {
            let opened = open(&vector.bytes, &[key])?;
            let time = opened.verified.first().and_then(|verified| verified.time);
            assert_eq!(time.unwrap().to_string(), vector.header("time"), "{}", vector.name);
            Ok(())
        });
        vector.check(outcome.as_ref().err().map(Error::code));
    }
}

/// The published log: roots, the signature, and the proof from 7 to 15 entries.
#[test]
fn published_log() {
    let leaves: Vec<_> =
        LOG_WORDS.split(' ').map(|word| tree::leaf_hash(word.as_bytes())).collect();
    let levels: tree::Levels = leaves.iter().copied().collect();
    let root = |size| tree::root(size, &levels).unwrap();
    assert_eq!(root(1).to_base64(), "0Nc2CrefWKseHj/mStd+LqC8B+NrX0btIiPt2SmN+ek=");
    assert_eq!(root(7).to_base64(), "IrSXADBqJ7EQoUODSDKROySgNveeL6CFhik2w/+fS7U=");

    let opened = open(format!("{LOG_BODY}\n{LOG_LINE}").as_bytes(), &[key(LOG_KEY)]).unwrap();
    let checkpoint = Checkpoint::parse(&opened.text).unwrap();
    assert_eq!((checkpoint.size(), *checkpoint.root()), (15, root(15)));
    assert_eq!(checkpoint.origin(), key(LOG_KEY).name());
    assert_eq!(Checkpoint::new(checkpoint.origin(), 15, root(15)).unwrap(), checkpoint);

    let proof = LOG_PROOF_7_15.map(|hash| Sha256::from_base64(hash.as_bytes()).unwrap());
    assert_eq!(tree::consistency_proof(7, 15, &levels).unwrap(), proof);
    tree::verify_consistency(7, 15, &root(7), &root(15), &proof).unwrap();
}

/// W1: the bytes that a witness signs, and its line, to the byte.
#[test]
fn cosignature_to_the_byte() {
    let expected = format!("cosignature/v1\ntime {WITNESS_TIME}\n{LOG_BODY}");
    assert_eq!(message(LOG_BODY, WITNESS_TIME).unwrap(), expected.as_bytes());
    let (name, witness) = secret(WITNESS_SECRET).unwrap();
    let checkpoint = Checkpoint::parse(LOG_BODY).unwrap();
    let line = note::cosign(&checkpoint, WITNESS_TIME, &name, &witness).unwrap();
    assert_eq!(format!("{line}\n"), WITNESS_LINE);

    let opened = open(cosigned().as_bytes(), &[key(LOG_KEY), key(WITNESS_KEY)]).unwrap();
    let times: Vec<_> = opened.verified.iter().map(|verified| verified.time).collect();
    assert_eq!(times, [None, Some(WITNESS_TIME)]);
}

/// W2: the first and the last time there is, and the one after.
#[test]
fn cosignature_times() {
    let (name, witness) = secret(WITNESS_SECRET).unwrap();
    let checkpoint = Checkpoint::parse(LOG_BODY).unwrap();
    for time in [0, 1, MAX_TIME] {
        let cosignature = Cosignature::sign(&checkpoint, time, &witness).unwrap();
        let read = Cosignature::from_bytes(&cosignature.to_bytes()).unwrap();
        assert_eq!((read, read.time()), (cosignature, time));
        read.verify(LOG_BODY, &witness.verifying_key()).unwrap();
        let other = read.verify(&format!("{LOG_BODY}extension\n"), &witness.verifying_key());
        assert_eq!(other.unwrap_err().code(), "cosignature-untrue");
    }
    let code = |time| note::cosign(&checkpoint, time, &name, &witness).unwrap_err().code();
    assert_eq!(code(MAX_TIME + 1), "cosignature-time");
    assert_eq!(code(u64::MAX), "cosignature-time");
    let mut bytes = [0; 72];
    bytes[0] = 0x80;
    assert_eq!(Cosignature::from_bytes(&bytes).unwrap_err().code(), "cosignature-time");
    for length in [0, 8, 71, 73] {
        let refused = Cosignature::from_bytes(&vec![0; length]).unwrap_err();
        assert_eq!(refused.code(), "cosignature-length");
    }
}

#[test]
fn origins() {
    let genesis = Sha256::of(b"entry 0");
    for name in ["acme", "acme.example/releases", "a", "a-1/b.c", &"a".repeat(100)] {
        let origin = Origin::new(name, &genesis).unwrap();
        let read = Origin::parse(&origin.to_string()).unwrap();
        assert_eq!((read.name(), read.genesis()), (name, genesis));
    }
    for name in ["", "Acme", "a b", "a_b", "a+b", "ä", &"a".repeat(101)] {
        assert_eq!(Origin::new(name, &genesis).unwrap_err().code(), "origin-name", "{name}");
    }
    let hex = "a".repeat(64);
    for text in [
        "acme",
        "acme/",
        &hex,
        &format!("acme/{}", hex.to_uppercase()),
        &format!("acme/{hex}a"),
        &format!("acme/{hex}/"),
    ] {
        assert_eq!(Origin::parse(text).unwrap_err().code(), "origin-form", "{text}");
    }
    assert_eq!(Origin::parse(&format!("/{hex}")).unwrap_err().code(), "origin-name");
    assert_eq!(Origin::parse("example.com/log/testdata").unwrap_err().code(), "origin-form");
}

proptest! {
    /// C1 to C4 backwards: whatever can be made comes back, and whatever is read has one spelling.
    #[test]
    fn one_spelling(origin in "[!-~é ]{1,40}", size in any::<u64>(), bytes in any::<[u8; 32]>(), at in any::<prop::sample::Index>(), byte in 0_u8..0x7f) {
        prop_assume!(size > 0);
        let checkpoint = Checkpoint::new(&origin, size, Sha256(bytes)).unwrap();
        let text = checkpoint.encode();
        prop_assert_eq!(&Checkpoint::parse(&text).unwrap(), &checkpoint);
        let mut near = text.into_bytes();
        let at = at.index(near.len());
        near[at] = byte;
        if let Ok(near) = String::from_utf8(near)
            && let Ok(read) = Checkpoint::parse(&near)
        {
            prop_assert_eq!(read.encode(), near);
        }
    }
}
