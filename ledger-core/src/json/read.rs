//! JSON as people and programs write it (RFC 8259), into the restricted domain or not at all.

use std::collections::BTreeMap;

use super::{MAX_DEPTH, MAX_INTEGER, Object, Value};
use crate::error::{Error, Result};

/// Reads one JSON text: white space, any member order and any escapes are fine; values outside the
/// domain are not. Nothing is rounded, dropped or guessed.
///
/// Codes: those of [`super::Document::parse`], and `json-bom`, `json-surrogate`. The place is line
/// and column (both from 1, columns in bytes).
pub fn read(text: &[u8]) -> Result<Value> {
    read_with(text, false)
}

/// As [`read`], for a document of this library that is no event: a member's name may also be an id, like
/// `T01.max_lag` or `SOX-CM-01`.
pub fn read_document(text: &[u8]) -> Result<Value> {
    read_with(text, true)
}

fn read_with(text: &[u8], ids: bool) -> Result<Value> {
    if text.starts_with(b"\xef\xbb\xbf") {
        return Err(Error::malformed("json-bom", "the text begins with a byte order mark")
            .hint("save it as UTF-8 without a byte order mark"));
    }
    std::str::from_utf8(text).map_err(|error| {
        place(text, error.valid_up_to(), "json-utf8", "the bytes are not UTF-8")
    })?;
    let mut reader = Reader { text, at: 0, ids };
    reader.space();
    if reader.peek().is_none() {
        return Err(reader.wrong("json-empty", "there is no value"));
    }
    let value = reader.value(0)?;
    reader.space();
    if reader.at < text.len() {
        return Err(reader.wrong("json-trailing", "something follows the value"));
    }
    Ok(value)
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    /// Whether a member's name may be any printable ASCII.
    ids: bool,
}

fn place(text: &[u8], at: usize, code: &'static str, message: &str) -> Error {
    let before = text.get(..at).unwrap_or(text);
    let line = before.split(|&byte| byte == b'\n').count();
    let column = before.rsplit(|&byte| byte == b'\n').next().unwrap_or_default().len() + 1;
    Error::malformed(code, message).at(format!("line {line}, column {column}"))
}

impl Reader<'_> {
    fn wrong(&self, code: &'static str, message: &str) -> Error {
        place(self.text, self.at, code, message)
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value> {
        if depth >= MAX_DEPTH && matches!(self.peek(), Some(b'{' | b'[')) {
            return Err(self.wrong("json-depth", "objects and arrays are nested too deep"));
        }
        match self.peek() {
            Some(b'"') => self.string().map(Value::Text),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'-' | b'0'..=b'9') => self.integer(),
            Some(b't') => self.literal("true", Value::Bool(true)),
            Some(b'f') => self.literal("false", Value::Bool(false)),
            Some(b'n') => Err(self
                .wrong("json-null", "null is not a value here")
                .hint("leave a member out when it has no value")),
            Some(b'N' | b'I') => {
                Err(self.wrong("json-float", "only whole numbers are numbers here"))
            }
            Some(_) => Err(self.wrong("json-syntax", "this does not begin a value")),
            None => Err(self.wrong("json-syntax", "the text ends where a value should be")),
        }
    }

    fn literal(&mut self, word: &str, value: Value) -> Result<Value> {
        if !self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            return Err(self.wrong("json-syntax", "this does not begin a value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn integer(&mut self) -> Result<Value> {
        let first = self.at;
        let negative = self.peek() == Some(b'-');
        self.at += usize::from(negative);
        let digits = self.at;
        let mut value: i64 = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            value = value.saturating_mul(10).saturating_add(i64::from(digit - b'0'));
            self.at += 1;
        }
        let length = self.at - digits;
        if matches!(self.peek(), Some(b'.' | b'e' | b'E')) {
            self.at = first;
            return Err(self
                .wrong("json-float", "only whole numbers are numbers here")
                .hint("write a decimal as a string, like \"0.5\""));
        }
        if length == 0 {
            return Err(self.wrong("json-syntax", "a digit should follow the minus sign"));
        }
        if (self.text.get(digits) == Some(&b'0') && length > 1) || (negative && value == 0) {
            self.at = first;
            return Err(
                self.wrong("json-integer", "an integer has no leading zero and no minus zero")
            );
        }
        if value > MAX_INTEGER {
            self.at = first;
            return Err(self
                .wrong("json-range", "an integer beyond 2^53-1 is not exact everywhere")
                .hint("write it as a string"));
        }
        Ok(Value::Integer(if negative { -value } else { value }))
    }

    fn string(&mut self) -> Result<String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let plain = rest.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20);
            let (run, _) = rest.split_at_checked(plain.unwrap_or(rest.len())).unwrap_or_default();
            out.push_str(std::str::from_utf8(run).unwrap_or_default());
            self.at += run.len();
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                Some(_) => {
                    return Err(self.wrong("json-control", "a control character must be escaped"));
                }
                None => return Err(self.wrong("json-syntax", "the string does not end")),
            }
        }
    }

    fn escape(&mut self) -> Result<char> {
        let char = match self.text.get(self.at + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err(self.wrong("json-escape", "this escape is not known")),
        };
        self.at += 2;
        Ok(char)
    }

    fn unicode(&mut self) -> Result<char> {
        let first = self.unit(self.at)?;
        let (code, length) = if (0xd800..0xdc00).contains(&first) {
            match self.unit(self.at + 6) {
                Ok(second @ 0xdc00..0xe000) => {
                    (0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00), 12)
                }
                _ => return Err(self.wrong("json-surrogate", "half of a surrogate pair")),
            }
        } else {
            (first, 6)
        };
        let char = char::from_u32(code)
            .ok_or_else(|| self.wrong("json-surrogate", "half of a surrogate pair"))?;
        self.at += length;
        Ok(char)
    }

    fn unit(&self, at: usize) -> Result<u32> {
        match self.text.get(at..at + 6) {
            Some([b'\\', b'u', digits @ ..]) if digits.iter().all(u8::is_ascii_hexdigit) => {
                let digits = std::str::from_utf8(digits).unwrap_or_default();
                u32::from_str_radix(digits, 16)
                    .map_err(|_| self.wrong("json-escape", "this escape is not known"))
            }
            _ => Err(self.wrong("json-escape", "four hex digits should follow `\\u`")),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::List(items));
        }
        loop {
            self.space();
            items.push(self.value(depth + 1)?);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return Err(self.wrong("json-syntax", "`,` or `]` should follow")),
            }
        }
        self.at += 1;
        Ok(Value::List(items))
    }

    fn object(&mut self, depth: usize) -> Result<Value> {
        self.at += 1;
        let mut members = BTreeMap::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Object(Object::new()));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.wrong("json-syntax", "a member name in quotes should follow"));
            }
            let start = self.at;
            let name = self.string()?;
            let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
            let legal =
                |byte: u8| plain(byte) || self.ids && (byte == b' ' || byte.is_ascii_graphic());
            if name.is_empty() || !name.bytes().all(legal) {
                self.at = start;
                return Err(self.wrong("json-name", "a member name has only a-z, 0-9 and _"));
            }
            if members.contains_key(&name) {
                self.at = start;
                return Err(self.wrong("json-duplicate", &format!("member `{name}` occurs twice")));
            }
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.wrong("json-syntax", "`:` should follow the member name"));
            }
            self.at += 1;
            self.space();
            let value = self.value(depth + 1)?;
            members.insert(name, value);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return Err(self.wrong("json-syntax", "`,` or `}` should follow")),
            }
        }
        self.at += 1;
        Ok(Value::object(members))
    }
}
