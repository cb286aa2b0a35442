//! Policies, and the proofs that are judged by them.

use std::path::Path;

use ed25519_dalek::SigningKey;
use ledger_core::checkpoint::Checkpoint;
use ledger_core::error::Error;
use ledger_core::hash::Sha256;
use ledger_core::note::{self, KeyType, Note, VerifierKey};
use ledger_core::policy::{MAX_ITEMS, Policy};
use ledger_core::proof::Proof;
use ledger_core::range::RangeProof;
use ledger_core::tree::{self, Levels, Span};
use proptest::prelude::*;

use crate::common::vectors;
use crate::known::{
    LOG_BODY, LOG_KEY, LOG_LINE, LOG_PROOF_7_15, LOG_WORDS, WITNESS_KEY, WITNESS_TIME, cosigned,
    key,
};
use crate::naive;

/// The log of the vectors, with the word of its witness.
fn policy() -> Policy {
    Policy::parse(format!("log {LOG_KEY}\nwitness w1 {WITNESS_KEY}\nquorum w1\n").as_bytes())
        .unwrap()
}

fn levels() -> Levels {
    LOG_WORDS.split(' ').map(|word| tree::leaf_hash(word.as_bytes())).collect()
}

/// W6: each policy is held against one checkpoint, which W0, W1 and W2 have cosigned.
#[test]
fn policy_vectors() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/policy/checkpoint.note");
    let note = std::fs::read(file).unwrap();
    for vector in vectors("policy") {
        let outcome = Policy::parse(&vector.bytes).and_then(|policy| {
            let again = Policy::parse(&policy.encode()).unwrap();
            assert_eq!(again, policy, "{}", vector.name);
            policy.check(&note)
        });
        vector.check(outcome.as_ref().err().map(Error::code));
    }
}

#[test]
fn proof_vectors() {
    for vector in vectors("proof") {
        let outcome = Proof::parse(&vector.bytes).and_then(|proof| {
            assert_eq!(proof.encode(), vector.bytes, "{}", vector.name);
            proof.verify(&tree::leaf_hash(vector.header("entry").as_bytes()), &policy())
        });
        vector.check(outcome.as_ref().err().map(Error::code));
    }
}

#[test]
fn range_vectors() {
    for vector in vectors("range") {
        let mut leaves = Span::at(vector.header("first").parse().unwrap());
        for entry in vector.header("entries").split(' ') {
            leaves.push(tree::leaf_hash(entry.as_bytes())).unwrap();
        }
        let outcome = RangeProof::parse(&vector.bytes).and_then(|proof| {
            assert_eq!(proof.encode(), vector.bytes, "{}", vector.name);
            proof.verify(&leaves, &policy())
        });
        vector.check(outcome.as_ref().err().map(Error::code));
    }
}

/// The published proof of entry 6, from its parts and from its text.
#[test]
fn published_proof() {
    let path = tree::inclusion_proof(15, 6, &levels()).unwrap();
    let published = &LOG_PROOF_7_15[1..];
    assert_eq!(path.iter().map(|hash| hash.to_base64()).collect::<Vec<_>>(), published);
    let proof = Proof::new(6, path, cosigned().as_bytes()).unwrap();
    let text =
        format!("c2sp.org/tlog-proof@v1\nindex 6\n{}\n\n{}", published.join("\n"), cosigned());
    assert_eq!(proof.encode(), text.as_bytes());
    let satisfied = proof.verify(&tree::leaf_hash(b"seven"), &policy()).unwrap();
    assert_eq!(satisfied.checkpoint.encode(), LOG_BODY);
    assert_eq!(satisfied.log, key(LOG_KEY));
    assert_eq!(satisfied.cosigned.len(), 1);
    assert_eq!(satisfied.cosigned[0].time, WITNESS_TIME);
    assert_eq!(satisfied.cosigned[0].witness, "w1");

    // B1: extra data travels along and changes no verdict.
    let extra = proof.clone().with_extra(b"\0anything").unwrap();
    let read = Proof::parse(&extra.encode()).unwrap();
    assert_eq!(read.unauthenticated_extra(), Some(&b"\0anything"[..]));
    read.verify(&tree::leaf_hash(b"seven"), &policy()).unwrap();
    assert_eq!(proof.with_extra(b"").unwrap_err().code(), "proof-extra");
}

/// B3: of several wrongs the first in the order of the steps is named.
#[test]
fn order_of_steps() {
    let (leaf, wrong) = (tree::leaf_hash(b"seven"), tree::leaf_hash(b"eleven"));
    let path = tree::inclusion_proof(15, 6, &levels()).unwrap();
    let code = |note: &str, leaf| {
        let proof = Proof::new(6, path.clone(), note.as_bytes()).unwrap();
        proof.verify(leaf, &policy()).map_or_else(|error| error.code(), |_| "accept")
    };
    let alone = format!("{LOG_BODY}\n{LOG_LINE}");
    assert_eq!(code(&cosigned(), &leaf), "accept");
    assert_eq!(code(&cosigned(), &wrong), "tree-root");
    assert_eq!(code(&alone, &wrong), "policy-quorum-unmet");
    assert_eq!(code(&alone.replacen("15", "16", 1), &wrong), "note-signature");
    let other = format!("{LOG_BODY}\n— somebody AAAAAAAA\n");
    assert_eq!(code(&other, &wrong), "note-unknown");
}

#[test]
fn policies_without_a_file() {
    let policy = Policy::of_log(key(LOG_KEY)).unwrap();
    let satisfied = policy.check(cosigned().as_bytes()).unwrap();
    assert_eq!((satisfied.cosigned.len(), satisfied.unknown), (0, 1));
    assert!(!policy.wants_witnesses());
    assert_eq!(policy.encode(), format!("log {LOG_KEY}\nquorum none\n").as_bytes());
    let again = policy.with_log(key(LOG_KEY)).unwrap_err();
    assert_eq!(again.code(), "policy-duplicate-key");
    assert_eq!(Policy::of_log(key(WITNESS_KEY)).unwrap_err().code(), "policy-key-type");
}

/// B4: a trusted log speaks for its own origin only, also where both logs are trusted.
#[test]
fn logs_do_not_speak_for_each_other() {
    let signer = |seed| SigningKey::from_bytes(&[seed; 32]);
    let verifier = |seed, name| {
        VerifierKey::new(name, KeyType::Ed25519, signer(seed).verifying_key()).unwrap()
    };
    let both = Policy::of_log(verifier(1, "one.example"))
        .and_then(|policy| policy.with_log(verifier(2, "two.example")))
        .unwrap();
    let leaf = tree::leaf_hash(b"seven");
    for (seed, name, expected) in [
        (1, "one.example", "accept"),
        (2, "two.example", "policy-log"),
        (2, "one.example", "note-unknown"),
    ] {
        let body = Checkpoint::new("one.example", 1, leaf).unwrap().encode();
        let line = note::sign(&body, name, &signer(seed)).unwrap();
        let note = Note::new(&body, vec![line]).unwrap().encode();
        let outcome = Proof::new(0, Vec::new(), &note).unwrap().verify(&leaf, &both);
        assert_eq!(outcome.map_or_else(|error| error.code(), |_| "accept"), expected);
    }
}

#[test]
fn limits() {
    let groups: String =
        (0..=MAX_ITEMS).map(|n| format!("witness w{n} {}\n", witness(n).1)).collect();
    let error = Policy::parse(format!("{groups}quorum none\n").as_bytes()).unwrap_err();
    assert_eq!((error.code(), error.place()), ("policy-limit", Some("line 1025")));
    let large = vec![b'\n'; ledger_core::policy::MAX_BYTES + 1];
    assert_eq!(Policy::parse(&large).unwrap_err().code(), "policy-large");
}

fn witness(number: usize) -> (SigningKey, VerifierKey) {
    let signing = SigningKey::from_bytes(&Sha256::of(format!("witness {number}").as_bytes()).0);
    let name = format!("w{number}.example");
    let verifier = VerifierKey::new(&name, KeyType::Cosignature, signing.verifying_key()).unwrap();
    (signing, verifier)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The quorum of two groups is what counting says, whoever cosigned.
    #[test]
    fn quorums_count(signed in prop::collection::vec(any::<bool>(), 8), a in 1_usize..=5, b in 1_usize..=3, both in any::<bool>()) {
        let mut text = format!("log {LOG_KEY}\n");
        for number in 0..8 {
            text += &format!("witness W{number} {}\n", witness(number).1);
        }
        text += &format!("group A {a} W0 W1 W2 W3 W4\ngroup B {b} W5 W6 W7\n");
        text += &format!("group Q {} A B\nquorum Q\n", if both { "all" } else { "any" });
        let checkpoint = Checkpoint::parse(LOG_BODY).unwrap();
        let mut note = Note::parse(format!("{LOG_BODY}\n{LOG_LINE}").as_bytes()).unwrap();
        for (number, _) in signed.iter().enumerate().filter(|(_, signed)| **signed) {
            let (key, verifier) = witness(number);
            note = note.with(note::cosign(&checkpoint, 7, verifier.name(), &key).unwrap()).unwrap();
        }
        let yes = |range: std::ops::Range<usize>| signed[range].iter().filter(|it| **it).count();
        let (in_a, in_b) = (yes(0..5) >= a, yes(5..8) >= b);
        let expected = if both { in_a && in_b } else { in_a || in_b };
        let outcome = Policy::parse(text.as_bytes()).unwrap().check(&note.encode());
        prop_assert_eq!(outcome.is_ok(), expected);
    }

    /// Every entry and every stretch of a log is proven by its text, and by no other's.
    #[test]
    fn texts_prove(size in 1_u64..200, ends in any::<[prop::sample::Index; 3]>()) {
        let leaves = naive::leaves(size);
        let levels: Levels = leaves.iter().copied().collect();
        let signing = SigningKey::from_bytes(&[7; 32]);
        let log = VerifierKey::new("log.example", KeyType::Ed25519, signing.verifying_key()).unwrap();
        let checkpoint = Checkpoint::new("log.example", size, tree::root(size, &levels).unwrap()).unwrap();
        let line = note::sign(&checkpoint.encode(), "log.example", &signing).unwrap();
        let note = Note::new(&checkpoint.encode(), vec![line]).unwrap().encode();
        let policy = Policy::of_log(log).unwrap();
        let [index, begin, length] = ends;
        let index = index.index(leaves.len());
        let begin = begin.index(leaves.len());
        let end = begin + 1 + length.index(leaves.len() - begin);

        let path = tree::inclusion_proof(size, index as u64, &levels).unwrap();
        let text = Proof::new(index as u64, path, &note).unwrap().encode();
        let proof = Proof::parse(&text).unwrap();
        prop_assert!(proof.verify(&leaves[index], &policy).is_ok());
        let other = &leaves[(index + 1) % leaves.len()];
        prop_assert_eq!(proof.verify(other, &policy).is_ok(), size == 1);

        let place = begin as u64..end as u64;
        let beside = tree::range_proof(&place, size, &levels).unwrap();
        let text = RangeProof::new(place, beside, &note).unwrap().encode();
        let mut span = Span::at(begin as u64);
        leaves[begin..end].iter().for_each(|leaf| span.push(*leaf).unwrap());
        prop_assert!(RangeProof::parse(&text).unwrap().verify(&span, &policy).is_ok());
    }

    /// Whatever bytes are put in the place of one, a proof is refused or has one spelling.
    #[test]
    fn one_spelling(at in any::<prop::sample::Index>(), bytes in prop::collection::vec(any::<u8>(), 0..3)) {
        let path = tree::inclusion_proof(15, 6, &levels()).unwrap();
        let proof = Proof::new(6, path, cosigned().as_bytes()).unwrap().with_extra(b"extra").unwrap();
        let beside = tree::range_proof(&(3..9), 15, &levels()).unwrap();
        let range = RangeProof::new(3..9, beside, cosigned().as_bytes()).unwrap();
        let spoil = |mut text: Vec<u8>| {
            let at = at.index(text.len());
            text.splice(at..=at, bytes.iter().copied());
            text
        };
        let text = spoil(proof.encode());
        if let Ok(read) = Proof::parse(&text) {
            prop_assert_eq!(read.encode(), text);
        }
        let text = spoil(range.encode());
        if let Ok(read) = RangeProof::parse(&text) {
            prop_assert_eq!(read.encode(), text);
        }
        let file = spoil(policy().encode());
        if let Ok(read) = Policy::parse(&file) {
            prop_assert_eq!(Policy::parse(&read.encode()).unwrap(), read);
        }
    }
}
