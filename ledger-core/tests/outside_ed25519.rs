//! The Ed25519 edge cases of C2SP's CCTV (`ed25519vectors.json`), read from the folder that
//! `LEDGER_VECTORS` names.
//!
//! Each vector carries flags that say what is odd about it. The signatures all satisfy the
//! cofactored equation. We must refuse whatever is odd, in the key or in the nonce, and beyond our
//! rules for keys we must say what `verify_strict` says.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use ledger_core::encoding::from_hex;
use ledger_core::key::PublicKey;
use ledger_core::signature::verify_raw;
use std::collections::BTreeMap;
use std::path::PathBuf;

#[test]
#[ignore = "reads the folder that LEDGER_VECTORS names"]
#[expect(
    clippy::disallowed_methods,
    reason = "the folder of outside vectors is named from outside"
)]
fn edge_cases_of_cctv() {
    let folder = std::env::var("LEDGER_VECTORS").expect("LEDGER_VECTORS names a folder");
    let path = PathBuf::from(folder).join("ed25519vectors.json");
    let content =
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let vectors: Vec<serde_json::Value> = serde_json::from_slice(&content).unwrap();
    let mut counts = BTreeMap::<&str, usize>::new();
    for vector in &vectors {
        let number = &vector["number"];
        let key: [u8; 32] = from_hex(text(vector, "key").as_bytes()).unwrap();
        let signature: [u8; 64] = from_hex(text(vector, "sig").as_bytes()).unwrap();
        let message = text(vector, "msg").as_bytes();
        let flags: Vec<&str> =
            vector["flags"].as_array().into_iter().flatten().map(|f| f.as_str().unwrap()).collect();

        let strict = strict(&key, message, &signature);
        let admitted = PublicKey::from_bytes(&key);
        let ours = match &admitted {
            Ok(key) => verify_raw(key, message, &signature).err().map(|error| error.code()),
            Err(error) => Some(error.code()),
        };
        *counts.entry(ours.unwrap_or("accept")).or_default() += 1;

        let expected = expected(&flags);
        match expected {
            Some(code) => assert_eq!(ours, Some(code), "{number} {flags:?}"),
            None => assert_eq!(ours, None, "{number} {flags:?}"),
        }
        assert_eq!(ours.is_none(), strict && admitted.is_ok(), "{number} {flags:?}");
    }
    println!("{} vectors: {counts:?}", vectors.len());
    assert!(vectors.len() > 900, "{}", vectors.len());
    assert_eq!(counts.len(), 5, "every refusal and the acceptance occur");
}

/// The code that the flags call for. `low_order_component_*` is set where a point has a component
/// of small order beside one of large order, or is of small order itself.
fn expected(flags: &[&str]) -> Option<&'static str> {
    let has = |flag| flags.contains(&flag);
    if has("non_canonical_A") {
        Some("key-encoding")
    } else if has("low_order_A") {
        Some("key-weak")
    } else if has("low_order_component_A") {
        Some("key-torsion")
    } else if flags.is_empty() {
        None
    } else {
        Some("signature-false")
    }
}

fn strict(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    let signature = ed25519_dalek::Signature::from_bytes(signature);
    ed25519_dalek::VerifyingKey::from_bytes(key)
        .is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
}

fn text<'a>(vector: &'a serde_json::Value, name: &str) -> &'a str {
    vector[name].as_str().unwrap()
}
