//! The vectors of `fixtures/signature` and `fixtures/key`, and what OpenSSL makes of our files.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests stop at the first surprise"
)]

#[allow(unreachable_pub, reason = "shared by the integration tests, each a crate of its own")]
mod common;

use common::{Vector, vectors};
use ledger_core::encoding;
use ledger_core::error::Result;
use ledger_core::key::{self, KeyId, PublicKey, SigningKey};
use ledger_core::signature::{self, Check, Mode};
use proptest::prelude::*;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Outcome of one signature vector as a code.
fn verify(case: &Vector) -> Result<()> {
    let key = PublicKey::from_base64(case.header("key").as_bytes())?;
    let signature = encoding::from_base64(case.header("signature").as_bytes())?;
    match case.header("over") {
        "event" => signature::verify_one(&key, &case.bytes, &signature),
        "message" => signature::verify_raw(&key, &case.bytes, &signature),
        other => panic!("{}: over `{other}`", case.name),
    }
}

#[test]
fn signature_vectors() {
    for case in vectors("signature") {
        case.check(verify(&case).err().map(|error| error.code()));
    }
}

/// Every vector gets the same verdict alone, in a batch one by one, and in a batch in bulk.
#[test]
fn signature_vectors_in_batches() {
    let good = good(120);
    for case in vectors("signature").iter().filter(|case| case.header("over") == "event") {
        let Ok(key) = PublicKey::from_base64(case.header("key").as_bytes()) else { continue };
        let Ok(bytes) = encoding::from_base64(case.header("signature").as_bytes()) else {
            continue;
        };
        let mut checks: Vec<_> = good.iter().map(Signed::check).collect();
        checks.insert(77, Check { key: &key, message: &case.bytes, signature: &bytes });
        let expected = if case.header("expect") == "accept" { vec![] } else { vec![77] };
        for mode in [Mode::OneByOne, Mode::Bulk] {
            let failing = signature::verify_all(&checks, [1; 32], mode);
            assert_eq!(failing, expected, "{} {mode:?}", case.name);
        }
    }
}

#[test]
fn key_vectors() {
    for case in vectors("key") {
        let passphrase = case.header.get("passphrase");
        let public = match case.header("read") {
            "private" => match passphrase {
                Some(passphrase) => key::read_private_locked(&case.bytes, passphrase.as_bytes()),
                None => key::read_private(&case.bytes),
            }
            .map(|key| *key.public()),
            "public" => key::read_public(&case.bytes),
            "point" => PublicKey::from_base64(&case.bytes),
            "id" => KeyId::parse(&String::from_utf8_lossy(&case.bytes)).map(|id| {
                let key = PublicKey::from_base64(case.header("public").as_bytes()).unwrap();
                assert_eq!(key.id(), id, "{}", case.name);
                key
            }),
            other => panic!("{}: read `{other}`", case.name),
        };
        case.check(public.as_ref().err().map(ledger_core::error::Error::code));
        if let Ok(public) = public {
            assert_eq!(public.to_base64(), case.header("public"), "{}", case.name);
        }
    }
}

/// Each refusal of a file that people mix up tells them what to do.
#[test]
fn wrong_files_come_with_a_hint() {
    for case in vectors("key") {
        let error = match case.header("read") {
            "private" => key::read_private(&case.bytes).err(),
            "public" => key::read_public(&case.bytes).err(),
            _ => None,
        };
        let Some(error) = error else { continue };
        let plain = ["key-empty", "key-broken", "key-mismatch", "key-too-long", "key-encoding"];
        assert!(plain.contains(&error.code()) || error.advice().is_some(), "{}", case.name);
    }
}

#[test]
fn openssl_reads_what_we_write() {
    let key = SigningKey::from_seed([3; 32]);
    let Some(public) = openssl(&["pkey", "-pubout"], &key.to_pem().unwrap()) else {
        eprintln!("no openssl here: not tested");
        return;
    };
    assert_eq!(public, key.public().to_pem().unwrap());
    assert_eq!(openssl(&["pkey"], &key.to_pem().unwrap()).unwrap(), *key.to_pem().unwrap());
    assert_eq!(openssl(&["pkey", "-pubin"], &public).unwrap(), public);
}

/// None if there is no such program.
fn openssl(arguments: &[&str], input: &str) -> Option<String> {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "openssl {arguments:?}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// RFC 8032, section 7.1: from the secret to the signature, which is deterministic.
#[test]
fn rfc_8032_signatures() {
    for (seed, case) in [
        ("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "rfc8032-1"),
        ("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "rfc8032-2"),
        ("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "rfc8032-3"),
    ] {
        let cases = vectors("signature");
        let case = cases.iter().find(|vector| vector.name == case).unwrap();
        let key = SigningKey::from_seed(encoding::from_hex(seed.as_bytes()).unwrap());
        assert_eq!(key.public().to_base64(), case.header("key"));
        assert_eq!(encoding::base64(&key.sign(&case.bytes)), case.header("signature"));
    }
}

struct Signed {
    key: SigningKey,
    event: Vec<u8>,
    signature: [u8; 64],
}

impl Signed {
    fn check(&self) -> Check<'_> {
        Check { key: self.key.public(), message: &self.event, signature: &self.signature }
    }
}

fn good(count: u8) -> Vec<Signed> {
    (0..count)
        .map(|number| {
            let key = SigningKey::from_seed([number % 8; 32]);
            let event = format!("{{\"number\":{number}}}").into_bytes();
            let signature = signature::sign(&key, &event).unwrap();
            Signed { key, event, signature }
        })
        .collect()
}

/// Every signature by another key: each key is a term of its own.
#[test]
fn many_keys() {
    let mut all = good(200);
    for (number, signed) in (0_u8..).zip(&mut all) {
        signed.key = SigningKey::from_seed([number; 32]);
        signed.signature = signature::sign(&signed.key, &signed.event).unwrap();
    }
    all[150].event.push(b' ');
    let checks: Vec<_> = all.iter().map(Signed::check).collect();
    assert_eq!(signature::verify_all(&checks, [1; 32], Mode::Bulk), [150]);
    assert_eq!(signature::verify_all(&checks[..150], [1; 32], Mode::Bulk), [0; 0]);
}

/// More than one batch: positions count through.
#[test]
fn positions_count_through_batches() {
    let good = good(64);
    let bad = Signed { key: SigningKey::from_seed([9; 32]), event: vec![], signature: [0; 64] };
    let mut checks: Vec<_> = good.iter().cycle().take(8_300).map(Signed::check).collect();
    for place in [0, 8_299] {
        checks[place] = bad.check();
    }
    assert_eq!(signature::verify_all(&checks, [1; 32], Mode::Bulk), [0, 8_299]);
    checks[0] = good[0].check();
    assert_eq!(signature::verify_all_here(&checks, [1; 32]), [8_299]);
    assert_eq!(signature::verify_all(&[], [1; 32], Mode::Bulk), [0; 0]);
}

proptest! {
    #[test]
    fn key_files_never_panic(
        case in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<bool>(),
    ) {
        let cases = vectors("key");
        let mut bytes = cases[case.index(cases.len())].bytes.clone();
        if !bytes.is_empty() {
            let place = place.index(bytes.len());
            bytes[place] = byte;
            if cut {
                bytes.truncate(place);
            }
        }
        let _ = key::read_private(&bytes);
        let _ = key::read_public(&bytes);
        let _ = PublicKey::from_base64(&bytes);
    }

    #[test]
    fn keys_survive_their_files(seed in any::<[u8; 32]>()) {
        let key = SigningKey::from_seed(seed);
        let again = key::read_private(key.to_pem().unwrap().as_bytes()).unwrap();
        prop_assert_eq!(again.public(), key.public());
        let public = key::read_public(key.public().to_pem().unwrap().as_bytes()).unwrap();
        prop_assert_eq!(&public, key.public());
        prop_assert_eq!(PublicKey::from_bytes(public.as_bytes()).unwrap(), public);
        prop_assert_eq!(KeyId::parse(&public.id().to_string()).unwrap(), public.id());
    }
}

/// Why the rules are there: other verdicts accept what the vectors refuse.
#[test]
fn looser_verdicts_accept_forgeries() {
    let mut seen = 0;
    for case in vectors("signature") {
        let strict = match case.name.split_at_checked(8) {
            Some(("key-weak", _)) => false,
            _ if case.name.starts_with("key-torsion") => true,
            _ => continue,
        };
        let key = encoding::from_base64(case.header("key").as_bytes()).unwrap();
        let key = ed25519_dalek::VerifyingKey::from_bytes(&key).unwrap();
        let signature = encoding::from_base64(case.header("signature").as_bytes()).unwrap();
        let signature = ed25519_dalek::Signature::from_bytes(&signature);
        let message = signature::pae(&case.bytes);
        assert!(
            ed25519_dalek::Verifier::verify(&key, &message, &signature).is_ok(),
            "{}",
            case.name
        );
        assert_eq!(key.verify_strict(&message, &signature).is_ok(), strict, "{}", case.name);
        seen += 1;
    }
    assert_eq!(seen, 15);
}
