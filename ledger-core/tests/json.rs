//! Canonical JSON: what is written is read, and only that; the reader of loose JSON agrees with another one.
#![allow(clippy::unwrap_used, reason = "helpers of tests stop at the first surprise")]

use ledger_core::json::{Document, MAX_INTEGER, Names, Value, read};
use proptest::prelude::*;

/// Values of the domain, up to a few levels.
fn values() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        3 => any::<String>(),
        1 => proptest::collection::vec(prop_oneof![0_u32..0x80, Just(0x2028), Just(0x1f600)], 0..12).prop_map(|codes| {
            codes.into_iter().filter_map(char::from_u32).collect::<String>()
        }),
    ];
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        (-MAX_INTEGER..=MAX_INTEGER).prop_map(Value::Integer),
        prop_oneof![Just(0), Just(MAX_INTEGER), Just(-MAX_INTEGER), -10_i64..10]
            .prop_map(Value::Integer),
        text.prop_map(Value::Text),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::List),
            proptest::collection::btree_map("[a-z0-9_]{1,6}", inner, 0..6).prop_map(Value::object),
        ]
    })
}

/// The value as another library writes it, with white space.
fn pretty(text: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    serde_json::to_string_pretty(&value).unwrap()
}

/// Every character as an escape, surrogates and all.
fn escaped(text: &str) -> String {
    let units = text.encode_utf16().map(|unit| format!("\\u{unit:04X}"));
    format!("\"{}\"", units.collect::<String>())
}

fn canonical(text: &[u8]) -> Option<Value> {
    let mut document = Document::default();
    document.parse(text, Names::Plain).ok().map(Value::from)
}

proptest! {
    #[test]
    fn what_is_written_is_read_by_both_readers(value in values()) {
        let text = value.to_canonical();
        let strict = canonical(text.as_bytes());
        prop_assert_eq!(strict.as_ref(), Some(&value));
        prop_assert_eq!(&read(text.as_bytes()).unwrap(), &value);
    }

    /// A second implementation understands the canonical text as the same value.
    #[test]
    fn another_library_reads_the_same(value in values()) {
        let text = value.to_canonical();
        let theirs: serde_json::Value = serde_json::from_str(&text).unwrap();
        // its objects are sorted by name too, and it escapes as RFC 8785 does
        prop_assert_eq!(serde_json::to_string(&theirs).unwrap(), text);
    }

    #[test]
    fn white_space_and_escapes_change_nothing(value in values(), plain: String) {
        let text = value.to_canonical();
        let loose = pretty(&text);
        prop_assert_eq!(&read(loose.as_bytes()).unwrap(), &value);
        // the canonical reader takes it only where there was nothing to space out
        prop_assert_eq!(canonical(loose.as_bytes()).is_some(), loose == text);
        prop_assert_eq!(read(escaped(&plain).as_bytes()).unwrap(), Value::Text(plain));
    }

    #[test]
    fn what_is_accepted_is_written_the_same(value in values(), edits in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..4)) {
        let mut bytes = value.to_canonical().into_bytes();
        for (at, byte) in edits {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        if let Some(value) = canonical(&bytes) {
            prop_assert_eq!(value.to_canonical().into_bytes(), bytes);
        }
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, text in "[\\[\\]{}\",:0-9a-z\\\\ -]{0,40}") {
        for input in [bytes.as_slice(), text.as_bytes()] {
            let strict = canonical(input);
            let loose = read(input).ok();
            // what the strict reader takes, the loose one takes for the same
            prop_assert!(strict.is_none() || strict == loose);
        }
    }
}

#[test]
fn views_find_by_name_and_pointer() {
    let text = br#"{"a":[{"b":"x"},-7,true],"c":"q\"\u0001","d":{"e":0}}"#;
    let mut document = Document::default();
    let view = document.parse(text, Names::Plain).unwrap();
    assert_eq!(view.pointer("").unwrap().raw(), text);
    assert_eq!(view.pointer("/a/0/b").unwrap().plain(), Some("x"));
    assert_eq!(view.pointer("/a/1").unwrap().integer(), Some(-7));
    assert_eq!(view.pointer("/a/1").unwrap().unsigned(), None);
    assert_eq!(view.pointer("/a/2").unwrap().boolean(), Some(true));
    assert_eq!(view.get("c").unwrap().text().unwrap(), "q\"\u{1}");
    assert_eq!(view.get("c").unwrap().plain(), None, "an escape is no plain text");
    assert_eq!(view.pointer("/d/e").unwrap().unsigned(), Some(0));
    for nowhere in [
        "a",
        "/",
        "/a/",
        "/a/3",
        "/a/00",
        "/a/+0",
        "/a/-1",
        "/a/0/b/c",
        "/b",
        "/a/18446744073709551616",
    ] {
        assert!(view.pointer(nowhere).is_none(), "{nowhere}");
    }
    assert_eq!(view.members().count(), 3);
    assert_eq!(view.items().count(), 0, "an object has no items");
    assert_eq!(view.get("a").unwrap().items().count(), 3);
}

#[test]
fn a_refusal_says_where() {
    let mut document = Document::default();
    let error = document.parse(b"{\"a\":1,\"a\":2}", Names::Plain).unwrap_err();
    assert_eq!(error.place(), Some("byte 11"));
    let error = read(b"{\n  \"a\": 1,\n  \"b\": 0.5\n}").unwrap_err();
    assert_eq!((error.code(), error.place()), ("json-float", Some("line 3, column 8")));
}
