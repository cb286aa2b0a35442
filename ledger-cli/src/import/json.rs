//! Foreign JSON, read as it is: any number, any text, null, whatever names; but no name twice.
//!
//! A record is evidence, so the reader is lenient where nothing is lost and strict where two readers
//! could understand two things: a name given twice, nesting without end, bytes that are not UTF-8.

use std::borrow::Cow;

use super::Reason;

/// Deepest nesting that is read; sources stay below 20.
pub(crate) const MAX_DEPTH: usize = 64;

/// A value of a record. Numbers stay as they are spelled: 2^64 and 1e400 are legal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Json<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it stands there.
    Number(&'a str),
    /// A string.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Json<'a>>),
    /// An object, in its order.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// What is asked of a member that is not there.
pub(crate) const NULL: &Json<'static> = &Json::Null;

/// Reads one value and nothing behind it.
///
/// Codes `json-utf8`, `json-syntax`, `json-depth`, `json-duplicate`.
pub(crate) fn read(bytes: &[u8]) -> Result<Json<'_>, Reason> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Reason::new("json-utf8", "the record is not UTF-8"))?;
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.space();
    if reader.at < text.len() { Err(reader.wrong()) } else { Ok(value) }
}

impl<'a> Json<'a> {
    /// The member of that name, or null.
    pub(crate) fn get(&self, name: &str) -> &Json<'a> {
        match self {
            Self::Object(members) => {
                members.iter().find(|(found, _)| found == name).map_or(NULL, |(_, value)| value)
            }
            _ => NULL,
        }
    }

    /// The member at a path of names with dots between.
    pub(crate) fn at(&self, path: &str) -> &Json<'a> {
        path.split('.').fold(self, |value, name| value.get(name))
    }

    /// Whether something is there.
    pub(crate) fn is_some(&self) -> bool {
        *self != Json::Null
    }

    /// The string, if it is one and not empty.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// A string or a number as text: ids come as both.
    pub(crate) fn id(&self) -> Option<&str> {
        match self {
            Self::Number(text) => Some(text),
            other => other.text(),
        }
    }

    /// An integer from 0.
    pub(crate) fn count(&self) -> Option<u64> {
        self.id()?.parse().ok()
    }

    /// A truth value, also as the words of sources that know strings only.
    pub(crate) fn truth(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::Text(text) if text == "true" => Some(true),
            Self::Text(text) if text == "false" => Some(false),
            _ => None,
        }
    }

    /// The items of an array; none of anything else.
    pub(crate) fn items(&self) -> &[Json<'a>] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// The members of an object; none of anything else.
    pub(crate) fn members(&self) -> &[(Cow<'a, str>, Json<'a>)] {
        match self {
            Self::Object(members) => members,
            _ => &[],
        }
    }

    /// One spelling of the value, to take a digest of: members by name, no white space.
    pub(crate) fn to_text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(text) => out.push_str(text),
            Self::Text(text) => ledger_core::json::quote(text, out),
            Self::List(items) => {
                out.push('[');
                for (position, item) in items.iter().enumerate() {
                    if position > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                let mut sorted: Vec<_> = members.iter().collect();
                sorted.sort_by(|one, other| one.0.cmp(&other.0));
                out.push('{');
                for (position, (name, value)) in sorted.into_iter().enumerate() {
                    if position > 0 {
                        out.push(',');
                    }
                    ledger_core::json::quote(name, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn wrong(&self) -> Reason {
        let what = match self.peek() {
            Some(_) => "the record is not JSON",
            None => "the record ends early",
        };
        Reason::new("json-syntax", format!("{what}, at byte {}", self.at))
    }

    fn take(&mut self, byte: u8) -> Result<(), Reason> {
        if self.peek() != Some(byte) {
            return Err(self.wrong());
        }
        self.at += 1;
        Ok(())
    }

    fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    fn value(&mut self, depth: usize) -> Result<Json<'a>, Reason> {
        self.space();
        if depth > MAX_DEPTH {
            let message = format!("values are nested more than {MAX_DEPTH} deep");
            return Err(Reason::new("json-depth", message));
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => Ok(Json::Text(self.string()?)),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.wrong()),
        }
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Json<'a>, Reason> {
        if self.slice(self.at, self.at + word.len()) != word {
            return Err(self.wrong());
        }
        self.at += word.len();
        Ok(value)
    }

    fn number(&mut self) -> Result<Json<'a>, Reason> {
        let from = self.at;
        while self
            .peek()
            .is_some_and(|byte| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'))
        {
            self.at += 1;
        }
        let text = self.slice(from, self.at);
        // its grammar is that of a float; its size is nobody's business here
        if text.parse::<f64>().is_err() || !text.ends_with(|last: char| last.is_ascii_digit()) {
            self.at = from;
            return Err(self.wrong());
        }
        Ok(Json::Number(text))
    }

    fn list(&mut self, depth: usize) -> Result<Json<'a>, Reason> {
        self.take(b'[')?;
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            if self.peek() == Some(b',') {
                self.at += 1;
                continue;
            }
            self.take(b']')?;
            return Ok(Json::List(items));
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json<'a>, Reason> {
        self.take(b'{')?;
        let mut members: Vec<(Cow<'a, str>, Json<'a>)> = Vec::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(members));
        }
        loop {
            self.space();
            let name = self.string()?;
            self.space();
            self.take(b':')?;
            let value = self.value(depth + 1)?;
            members.push((name, value));
            self.space();
            if self.peek() == Some(b',') {
                self.at += 1;
                continue;
            }
            self.take(b'}')?;
            return match twice(&members) {
                Some(name) => Err(Reason::new(
                    "json-duplicate",
                    format!("the name `{}` is given twice", name.escape_debug()),
                )),
                None => Ok(Json::Object(members)),
            };
        }
    }

    /// A string; control characters that should be escaped are taken as they are.
    fn string(&mut self) -> Result<Cow<'a, str>, Reason> {
        self.take(b'"')?;
        let from = self.at;
        let mut owned: Option<String> = None;
        let mut plain = from;
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            let Some(step) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')) else {
                self.at = self.text.len();
                return Err(self.wrong());
            };
            self.at += step;
            let run = self.slice(plain, self.at);
            if self.peek() == Some(b'"') {
                self.at += 1;
                return Ok(match owned {
                    None => Cow::Borrowed(run),
                    Some(mut text) => {
                        text.push_str(run);
                        Cow::Owned(text)
                    }
                });
            }
            let text = owned.get_or_insert_default();
            text.push_str(run);
            self.at += 1;
            let char = self.escape()?;
            text.push(char);
            plain = self.at;
        }
    }

    fn escape(&mut self) -> Result<char, Reason> {
        let char = match self.peek() {
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'u') => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err(self.wrong()),
        };
        self.at += 1;
        Ok(char)
    }

    /// The character of one escape, or of a pair; half a pair is U+FFFD, as in any decoder.
    fn unicode(&mut self) -> Result<char, Reason> {
        let first = self.hex()?;
        if (0xd800..0xdc00).contains(&first) && self.slice(self.at, self.at + 2) == "\\u" {
            let back = self.at;
            self.at += 2;
            let second = self.hex()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = back;
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&mut self) -> Result<u32, Reason> {
        let digits = self.slice(self.at, self.at + 4);
        let hex = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        match u32::from_str_radix(digits, 16) {
            Ok(code) if hex => {
                self.at += 4;
                Ok(code)
            }
            _ => Err(self.wrong()),
        }
    }
}

fn twice<'m>(members: &'m [(Cow<'_, str>, Json<'_>)]) -> Option<&'m str> {
    if members.len() < 16 {
        let mut rest = members;
        while let [(name, _), after @ ..] = rest {
            if after.iter().any(|(other, _)| other == name) {
                return Some(name);
            }
            rest = after;
        }
        return None;
    }
    let mut names: Vec<&str> = members.iter().map(|(name, _)| &**name).collect();
    names.sort_unstable();
    names.windows(2).find(|pair| pair.first() == pair.last()).and_then(|pair| pair.first().copied())
}

/// Base64 of either alphabet, padded or not.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut text: String = text.trim().replace('-', "+").replace('_', "/");
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    ledger_core::encoding::from_base64_any(text.as_bytes()).ok()
}

#[cfg(test)]
mod tests;
