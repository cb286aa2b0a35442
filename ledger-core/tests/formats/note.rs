//! Notes: published examples, Go's cases, and what must be refused.

use data_encoding::{BASE64, HEXLOWER};
use ledger_core::error::Error;
use ledger_core::hash::Sha256;
use ledger_core::note::{
    KeyType, MAX_BYTES, MAX_SIGNATURES, Note, SignatureLine, VerifierKey, open, sign,
};
use proptest::prelude::*;

use crate::common::vectors;
use crate::known::{
    ENOCH, ENOCH_LINE, EXAMPLE_KEY, EXAMPLE_NOTE, PETER, PETER_LINE, PETER_SECRET, SUMDB_KEY,
    SUMDB_NOTE, TEXT, WITNESS_2_KEY, WITNESS_KEY, WITNESS_SECRET, key, secret,
};

fn code(bytes: &[u8], keys: &[VerifierKey]) -> &'static str {
    open(bytes, keys).map_or_else(|error| error.code(), |_| "accept")
}

#[test]
fn note_vectors() {
    for vector in vectors("note") {
        let keys: Result<Vec<_>, _> =
            vector.header("vkey").split(' ').map(VerifierKey::parse).collect();
        let outcome = keys.and_then(|keys| open(&vector.bytes, &keys));
        vector.check(outcome.as_ref().err().map(Error::code));
    }
}

/// S1 and S2: key ids, and signatures to the byte.
#[test]
fn published_notes() {
    for (known, note) in [(EXAMPLE_KEY, EXAMPLE_NOTE), (SUMDB_KEY, SUMDB_NOTE)] {
        let opened = open(note.as_bytes(), &[key(known)]).unwrap();
        assert_eq!((opened.verified.len(), opened.unknown), (1, 0));
        assert!(note.starts_with(&opened.text));
        assert_eq!(Note::parse(note.as_bytes()).unwrap().encode(), note.as_bytes());
    }
    let both = format!("{TEXT}\n{PETER_LINE}{ENOCH_LINE}");
    assert_eq!(open(both.as_bytes(), &[key(ENOCH), key(PETER)]).unwrap().verified.len(), 2);
    assert_eq!(open(both.as_bytes(), &[key(ENOCH)]).unwrap().unknown, 1);

    let (name, signing) = secret(PETER_SECRET).unwrap();
    let line = sign(TEXT, &name, &signing).unwrap();
    assert_eq!(format!("{line}\n"), PETER_LINE);
    for text in [EXAMPLE_KEY, PETER, ENOCH, SUMDB_KEY, WITNESS_KEY, WITNESS_2_KEY] {
        assert_eq!(key(text).to_string(), text);
    }
    assert_eq!(key(WITNESS_2_KEY).kind(), KeyType::Cosignature);
}

/// Every proper substring of a key, and every byte made one larger, is refused.
#[test]
fn spoiled_keys() {
    for text in [EXAMPLE_KEY, PETER, WITNESS_KEY] {
        for (from, to) in (0..=text.len()).flat_map(|to| (0..=to).map(move |from| (from, to))) {
            if to - from < text.len() {
                assert!(VerifierKey::parse(&text[from..to]).is_err(), "{}", &text[from..to]);
            }
        }
        for at in 0..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] += 1;
            let text = String::from_utf8(bytes).unwrap();
            assert!(VerifierKey::parse(&text).is_err(), "{text}");
        }
        assert!(VerifierKey::parse(&format!("{text}\n")).is_err());
        assert!(VerifierKey::parse(&text.to_uppercase()).is_err());
    }
    for text in [PETER_SECRET, WITNESS_SECRET] {
        for end in 0..text.len() {
            assert!(secret(&text[..end]).is_none());
        }
        for at in 0..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] += 1;
            assert!(secret(std::str::from_utf8(&bytes).unwrap()).is_none());
        }
    }
    let parse = |text: &str| VerifierKey::parse(text).unwrap_err().code();
    // Go's case of a key that is too long also ends in stray bits, which we refuse first.
    let stray = "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==";
    assert_eq!(parse(stray), "vkey-form");
    for length in [0, 31, 33] {
        let blob = [&[1_u8][..], &vec![7; length]].concat();
        let id = Sha256::of_parts(&[b"name\n", &blob]);
        let text = format!("name+{}+{}", HEXLOWER.encode(&id.0[..4]), BASE64.encode(&blob));
        assert_eq!(parse(&text), "vkey-length");
    }
    let unknown = "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    assert_eq!(parse(unknown), "vkey-type");
}

/// S5, S8, and the cases of Go's TestOpen.
#[test]
fn go_cases() {
    let (peter, enoch) = (key(PETER), key(ENOCH));
    let keys = [peter.clone(), enoch.clone()];
    let wrong = PETER_LINE.replacen("x08go/ZJ", "x08go/ZK", 1);
    let cases = [
        (format!("{TEXT}\n{PETER_LINE}{ENOCH_LINE}"), "accept"),
        (format!("{TEXT}\n{PETER_LINE}{PETER_LINE}"), "accept"),
        // the first line of a key counts, so a spoiled second one is not looked at
        (format!("{TEXT}\n{PETER_LINE}{wrong}"), "accept"),
        (format!("{TEXT}\n{wrong}{PETER_LINE}"), "note-signature"),
        (format!("{TEXT}\n{ENOCH_LINE}{wrong}"), "note-signature"),
        (TEXT.to_owned(), "note-split"),
        (format!("{TEXT}\n"), "note-no-signature"),
        (format!("{TEXT}{PETER_LINE}"), "note-split"),
        (format!("{TEXT}\n{}", PETER_LINE.trim_end()), "note-newline"),
        (format!("\x01{TEXT}\n{PETER_LINE}"), "note-control"),
        (format!("{TEXT}\n{PETER_LINE}— Bad Name x08go/ZJkuBS9UG=\n"), "note-line"),
        (format!("{TEXT}\n{PETER_LINE}Unexpected line.\n"), "note-line"),
        (format!("{TEXT}\n{PETER_LINE}\n"), "note-no-signature"),
        (format!("{TEXT}\n{}", PETER_LINE.replace("nAM=", "AAAAnAM=")), "note-signature"),
        (format!("x{TEXT}\n{PETER_LINE}"), "note-signature"),
    ];
    for (note, expected) in cases {
        assert_eq!(code(note.as_bytes(), &keys), expected, "{note:?}");
    }
    let latin = [b"\xff", format!("{TEXT}\n{PETER_LINE}").as_bytes()].concat();
    assert_eq!(code(&latin, &keys), "note-utf8");
    let signed = format!("{TEXT}\n{PETER_LINE}");
    assert_eq!(code(signed.as_bytes(), &[]), "note-unknown");
    assert_eq!(code(signed.as_bytes(), &[enoch]), "note-unknown");
    assert_eq!(code(signed.as_bytes(), &[peter.clone(), peter]), "note-ambiguous");
}

/// S4: a line that shares only the name, or only the id, is somebody else's.
#[test]
fn half_a_match_is_none() {
    let peter = key(PETER);
    let right = SignatureLine::parse(PETER_LINE.trim_end()).unwrap();
    let other_name = SignatureLine::new("PeterN", right.id(), b"bad").unwrap();
    let other_id = SignatureLine::new("PeterNeumann", [0; 4], b"bad").unwrap();
    let note = Note::new(TEXT, vec![other_name, right, other_id]).unwrap();
    let opened = open(&note.encode(), &[peter]).unwrap();
    assert_eq!((opened.verified.len(), opened.unknown), (1, 2));
}

/// S6: sixteen signatures and more are fine, and there is an end.
#[test]
fn how_many_signatures() {
    let peter = [key(PETER)];
    let others = |count: usize| -> String {
        let line = |n| SignatureLine::new(&format!("key{n}"), [7; 4], b"signature").unwrap();
        (0..count).map(|n| format!("{}\n", line(n))).collect()
    };
    for count in [16, 50, MAX_SIGNATURES - 1] {
        let note = format!("{TEXT}\n{}{PETER_LINE}", others(count));
        assert_eq!(open(note.as_bytes(), &peter).unwrap().unknown, count);
    }
    let note = format!("{TEXT}\n{PETER_LINE}{}", others(MAX_SIGNATURES));
    assert_eq!(code(note.as_bytes(), &peter), "note-signatures");
    let note = format!("{TEXT}\n{}", PETER_LINE.repeat(MAX_SIGNATURES + 1));
    assert_eq!(code(note.as_bytes(), &peter), "note-signatures");

    let (name, signing) = secret(PETER_SECRET).unwrap();
    let text = |length: usize| format!("{}\n", "a".repeat(length - 1));
    let fits = text(MAX_BYTES - 1 - PETER_LINE.len());
    let line = sign(&fits, &name, &signing).unwrap();
    let note = Note::new(&fits, vec![line.clone()]).unwrap().encode();
    assert_eq!(note.len(), MAX_BYTES);
    assert_eq!(code(&note, &peter), "accept");
    let larger = text(MAX_BYTES - PETER_LINE.len());
    assert_eq!(sign(&larger, &name, &signing).unwrap_err().code(), "note-large");
    assert_eq!(code(format!("{larger}\n{line}\n").as_bytes(), &peter), "note-large");
}

#[test]
fn weak_keys_are_refused() {
    // The neutral element, a point of order 8, and the second spelling of the neutral element.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let order_8: [u8; 32] = HEXLOWER
        .decode(b"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
        .unwrap()
        .try_into()
        .unwrap();
    let mut second = [0xff; 32];
    (second[0], second[31]) = (0xee, 0x7f);
    // A good point moved by one of order 8: no weak key, but with torsion.
    let point = |bytes: [u8; 32]| {
        curve25519_dalek::edwards::CompressedEdwardsY(bytes).decompress().unwrap()
    };
    let moved = (point(key(PETER).key().to_bytes()) + point(order_8)).compress().to_bytes();
    for bytes in [neutral, order_8, second, moved] {
        let Ok(point) = ed25519_dalek::VerifyingKey::from_bytes(&bytes) else { continue };
        for kind in [KeyType::Ed25519, KeyType::Cosignature] {
            assert_eq!(VerifierKey::new("weak", kind, point).unwrap_err().code(), "vkey-weak");
        }
    }
}

#[test]
fn texts_that_cannot_be_signed() {
    let (name, signing) = secret(PETER_SECRET).unwrap();
    for text in ["", "no newline", "a tab\t\n", "\r\n", "\0\n"] {
        assert_eq!(sign(text, &name, &signing).unwrap_err().code(), "note-text", "{text:?}");
    }
    for name in ["", "a b", "a+b", "a\u{a0}b", "a\u{2003}b", "a\nb", &"a".repeat(256)] {
        assert_eq!(sign("text\n", name, &signing).unwrap_err().code(), "note-name", "{name:?}");
    }
}

/// The text of a note, with empty lines and what looks like signatures.
fn texts() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just(String::new()),
        Just(PETER_LINE.trim_end().to_owned()),
        Just("— ".to_owned()),
        "[ -~äé—]{0,20}",
    ];
    prop::collection::vec(line, 1..6).prop_map(|lines| lines.join("\n") + "\n")
}

proptest! {
    /// S3 and S9: whatever the text, and among random lines of unknown keys in any order, the one
    /// signature is found; the note comes back to the byte.
    #[test]
    fn signed_notes_open(
        text in texts(),
        grease in prop::collection::vec(("[!-*,-~é]{1,20}", any::<[u8; 4]>(), prop::collection::vec(any::<u8>(), 1..90)), 0..20),
        place in any::<prop::sample::Index>(),
    ) {
        let (name, signing) = secret(PETER_SECRET).unwrap();
        let mut lines: Vec<_> = grease
            .iter()
            .map(|(name, id, bytes)| SignatureLine::new(name, *id, bytes).unwrap())
            .collect();
        lines.insert(place.index(lines.len() + 1), sign(&text, &name, &signing).unwrap());
        let note = Note::new(&text, lines).unwrap();
        let bytes = note.encode();
        prop_assert_eq!(&Note::parse(&bytes).unwrap(), &note);
        let opened = open(&bytes, &[key(ENOCH), key(PETER)]).unwrap();
        prop_assert_eq!(opened.text, text);
        prop_assert_eq!(opened.verified.len(), 1);
        prop_assert_eq!(opened.verified[0].key, 1);
    }

    /// Any bytes are refused or have one spelling.
    #[test]
    fn one_spelling(bytes in prop::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut near = format!("{TEXT}\n{PETER_LINE}{ENOCH_LINE}").into_bytes();
        let at = at.index(near.len());
        near[at] = byte;
        for bytes in [bytes, near] {
            if let Ok(note) = Note::parse(&bytes) {
                prop_assert_eq!(note.encode(), bytes);
            }
        }
    }

    /// No byte of a signed note can be changed without notice, except in what is not signed for us:
    /// the name and id of a line, which make it another key's.
    #[test]
    fn changes_are_noticed(at in 0..TEXT.len(), byte in any::<u8>()) {
        let mut note = format!("{TEXT}\n{PETER_LINE}").into_bytes();
        prop_assume!(note[at] != byte);
        note[at] = byte;
        prop_assert!(open(&note, &[key(PETER)]).is_err());
    }
}
