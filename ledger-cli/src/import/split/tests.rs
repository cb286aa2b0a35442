//! Records cut out of files, and what is none.

use super::*;

const JSON: Framing = Framing::Json(&["Records"]);

/// Gives one byte at a time, and fails at the end if it is told to.
struct Slow<'a>(&'a [u8], bool);

impl Read for Slow<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        match self.0.split_first() {
            Some((first, rest)) => {
                out[0] = *first;
                self.0 = rest;
                Ok(1)
            }
            None if self.1 => Err(ErrorKind::UnexpectedEof.into()),
            None => Ok(0),
        }
    }
}

fn pieces(text: &str, framing: Framing) -> Vec<(String, &'static str)> {
    let cut: Vec<Piece> = Splitter::new(text.as_bytes(), framing).collect();
    assert_eq!(cut, Splitter::new(Slow(text.as_bytes(), false), framing).collect::<Vec<_>>());
    for piece in &cut {
        let at = usize::try_from(piece.offset).unwrap();
        assert_eq!(piece.bytes, text.as_bytes()[at..at + piece.bytes.len()], "{text}");
    }
    cut.into_iter()
        .map(|piece| {
            (String::from_utf8(piece.bytes).unwrap(), piece.broken.map_or("", |reason| reason.code))
        })
        .collect()
}

fn good(text: &str, records: &[&str]) {
    let found = pieces(text, JSON);
    let expected: Vec<_> = records.iter().map(|record| ((*record).to_owned(), "")).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn records_however_they_are_strung_together() {
    good("", &[]);
    good("[]", &[]);
    good("{\"Records\":[]}", &[]);
    good("\u{feff}{\"a\":1}\n", &["{\"a\":1}"]);
    good("{\"a\":1}\n{\"b\":2}\r\n", &["{\"a\":1}", "{\"b\":2}"]);
    good("{\"a\":1}{\"b\":2}", &["{\"a\":1}", "{\"b\":2}"]);
    good("[{\"a\":[{}]},\n {\"b\":\"]}\\\"\"}]", &["{\"a\":[{}]}", "{\"b\":\"]}\\\"\"}"]);
    good("{\"x\":{\"Records\":[1]},\"Records\":[{\"a\":1},{}],\"y\":[2]}", &["{\"a\":1}", "{}"]);
    good(
        "{\n\"a\":\n{\n},\n\"b\":[\n{\n},\n{}]}\n{}",
        &["{\n\"a\":\n{\n},\n\"b\":[\n{\n},\n{}]}", "{}"],
    );
    good("\x1e{}\n\x1e{}", &["{}", "{}"]);
    good("POST / HTTP/1.1\r\n\r\n{}", &["POST / HTTP/1.1\r\n\r\n{}"]);
    assert_eq!(pieces("<a/>\n{}", Framing::Whole), [("<a/>\n{}".to_owned(), "")]);
}

#[test]
fn what_is_no_record_is_told_and_the_rest_goes_on() {
    for (text, expected) in [
        ("{\"a\":1\n{\"b\":2}\n", &[("{\"a\":1\n", "json-truncated"), ("{\"b\":2}", "")][..]),
        ("{\"a\":\"b\n{\"b\":2}", &[("{\"a\":\"b\n", "json-truncated"), ("{\"b\":2}", "")]),
        ("{\"a\":1,\n{\"b\":2}", &[("{\"a\":1,\n", "json-truncated"), ("{\"b\":2}", "")]),
        ("nonsense\n{}\n7", &[("nonsense", "json-syntax"), ("{}", ""), ("7", "json-syntax")]),
        ("}{}", &[("}{}", "json-none")]),
        ("[1,{},x]", &[("1", "json-syntax"), ("{}", ""), ("x", "json-syntax")]),
        ("[{}", &[("{}", ""), ("", "json-truncated")]),
        ("{\"Records\":[{}]", &[("{}", ""), ("", "json-truncated")]),
        ("{\"Records\":[{\"a\"", &[("{\"a\"", "json-truncated")]),
    ] {
        let expected: Vec<_> =
            expected.iter().map(|(bytes, code)| ((*bytes).to_owned(), *code)).collect();
        assert_eq!(pieces(text, JSON), expected, "{text}");
    }
}

/// A file in another language is one piece, whatever stands in its lines.
#[test]
fn a_file_that_is_no_json_is_one_piece() {
    for text in [
        "Tests:\n  - Log:\n      {\n        \"a\": 1\n      }\n",
        "# a rule\nname: x\n{\"a\":1}\n",
        "<a>\n<b/>\n</a>\n",
        "id,name\n1,{}\n",
        "7",
        "\u{feff}no\nrecord\n",
    ] {
        let body = text.trim_start_matches('\u{feff}').to_owned();
        assert_eq!(pieces(text, JSON), [(body, "json-none")], "{text}");
    }
    // the first line of a log may be cut: its rest is one of records
    let cut = "\"b\":2}\n\n{\"a\":1}";
    assert_eq!(pieces(cut, JSON)[1], ("{\"a\":1}".to_owned(), ""));
    let table = Framing::Rows(&["id", "name"]);
    assert_eq!(pieces("id,name\n1,x\n2,y\n", table).len(), 2);
    assert_eq!(
        pieces("id,nom\n1,x\n2,y\n", table),
        [("id,nom\n1,x\n2,y\n".to_owned(), "csv-columns")]
    );
}

#[test]
fn a_file_that_cannot_be_read_on_says_so() {
    for text in ["{}\n", "{}\n{\"a\"", "[{}"] {
        let cut: Vec<Piece> = Splitter::new(Slow(text.as_bytes(), true), JSON).collect();
        assert_eq!(cut[0].broken, None);
        let broken: Vec<_> = cut.iter().filter_map(|piece| piece.broken.as_ref()).collect();
        assert_eq!(broken.len(), 1, "{text}");
        assert_eq!(broken[0].code, "gzip-truncated");
    }
}

#[test]
fn a_record_that_is_too_long_is_passed_over() {
    let long = format!("{{\"a\":\"{}\"}}\n{{}}", "x".repeat(MAX_RECORD));
    let cut: Vec<Piece> = Splitter::new(long.as_bytes(), JSON).collect();
    assert_eq!(cut.len(), 2);
    assert_eq!(cut[0].broken.as_ref().unwrap().code, "record-large");
    assert_eq!(cut[1].bytes, b"{}");
}
