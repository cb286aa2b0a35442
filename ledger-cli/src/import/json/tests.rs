//! What is read and what is refused.

use super::*;

#[test]
fn what_foreign_records_hold_is_read_as_it_is() {
    let text = r#"{"a":18446744073709551617,"b":-1.50e-3,"c":null,"":[true,{"x y":"é\u00e9\ud83d\ude00\ud800"}]}"#;
    let value = read(text.as_bytes()).unwrap();
    assert_eq!(value.get("a").id(), Some("18446744073709551617"));
    assert_eq!(value.get("a").count(), None);
    assert_eq!(value.get("b"), &Json::Number("-1.50e-3"));
    assert!(!value.get("c").is_some() && !value.at("c.d.e").is_some());
    assert_eq!(value.get("").items()[1].get("x y").text(), Some("éé😀\u{fffd}"));
    assert_eq!(read(b"{\"a\":\"b\x01\tc\"}").unwrap().get("a").text(), Some("b\u{1}\tc"));
    let one = read(br#"{"b":1.0,"a":[ ]}"#).unwrap().to_text();
    assert_eq!(one, r#"{"a":[],"b":1.0}"#);
}

#[test]
fn what_could_be_understood_in_two_ways_is_refused() {
    let nested = [b"[".repeat(1000), b"]".repeat(1000)].concat();
    let many: String = (0..40).map(|n| ["\"k", &(n % 39).to_string(), "\":1,"].concat()).collect();
    let many = format!("{{{}}}", many.trim_end_matches(','));
    for (text, code) in [
        (&b"{\"a\":1,\"\\u0061\":2}"[..], "json-duplicate"),
        (many.as_bytes(), "json-duplicate"),
        (&nested, "json-depth"),
        (b"{\"a\":\"\xff\"}", "json-utf8"),
        (b"", "json-syntax"),
        (b"{\"a\":1", "json-syntax"),
        (b"{\"a\":\"b", "json-syntax"),
        (b"{\"a\":1}{", "json-syntax"),
        (b"{\"a\":1.}", "json-syntax"),
        (b"{\"a\":\"\\u00g0\"}", "json-syntax"),
        (b"nul", "json-syntax"),
    ] {
        assert_eq!(read(text).unwrap_err().code, code, "{:?}", String::from_utf8_lossy(text));
    }
}
