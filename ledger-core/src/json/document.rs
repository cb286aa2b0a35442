//! A canonical text and the flat list of its values: one pass, no copies, refused if not canonical.

use std::sync::LazyLock;

use super::view::{Kind, Known, Node, View};
use super::{MAX_DEPTH, MAX_INTEGER};
use crate::error::{Error, Result};

/// Which member names are legal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// `[a-z0-9_]+` everywhere.
    Plain,
    /// The same, but JSON pointers in the top-level member `persons` (an entry's line).
    Entry,
}

/// The values of one canonical text. Its buffer can be used again for the next text.
#[derive(Debug, Default)]
pub struct Document {
    nodes: Vec<Node>,
}

impl Document {
    /// Reads `text`, which must be canonical to the last byte.
    ///
    /// Codes: `json-utf8`, `json-syntax`, `json-space`, `json-null`, `json-float`, `json-integer`,
    /// `json-range`, `json-escape`, `json-control`, `json-name`, `json-order`, `json-duplicate`,
    /// `json-depth`, `json-trailing`, `json-empty`. The place is the byte offset.
    pub fn parse<'a>(&'a mut self, text: &'a [u8], names: Names) -> Result<View<'a>> {
        self.parse_within(text, names, 0)
    }

    /// [`Document::parse`] for a text that will stand `depth` levels deep in another.
    pub fn parse_within<'a>(
        &'a mut self,
        text: &'a [u8],
        names: Names,
        depth: usize,
    ) -> Result<View<'a>> {
        self.scan(text, names, depth, None)
    }

    /// [`Document::parse`] of an entry's line whose event was read before: `event` are the bytes that
    /// [`Document::parse_within`] took at depth 1, `known` what it found. Where the very same bytes
    /// stand as the member `event`, they are not scanned again; anything else is.
    pub fn parse_line<'a>(
        &'a mut self,
        line: &'a [u8],
        event: &[u8],
        known: &Known,
    ) -> Result<View<'a>> {
        self.scan(line, Names::Entry, 0, Some((event, known)))
    }

    fn scan<'a>(
        &'a mut self,
        text: &'a [u8],
        names: Names,
        depth: usize,
        event: Option<(&[u8], &Known)>,
    ) -> Result<View<'a>> {
        self.nodes.clear();
        let string = std::str::from_utf8(text).map_err(|error| {
            Error::malformed("json-utf8", "the bytes are not UTF-8")
                .at(format!("byte {}", error.valid_up_to()))
        })?;
        if u32::try_from(text.len()).is_err() {
            return Err(Error::malformed("json-length", "the text is longer than 4 GiB"));
        }
        let (stops, legal) = (&*STOPS, &*NAMES);
        let mut scan = Scan { text, at: 0, nodes: &mut self.nodes, names, stops, legal, event };
        if text.is_empty() {
            return Err(scan.wrong("json-empty", "there is no value"));
        }
        scan.value(depth, false)?;
        if scan.at != text.len() {
            return Err(match scan.peek() {
                Some(b' ' | b'\n' | b'\r' | b'\t') => scan.space(),
                _ => scan.wrong("json-trailing", "something follows the value"),
            });
        }
        Ok(View::root(string, &self.nodes))
    }
}

/// Bytes that end a run of plain characters in a string: quote, backslash, control characters.
static STOPS: LazyLock<[bool; 256]> = LazyLock::new(|| {
    std::array::from_fn(|byte| {
        byte < 0x20 || byte == usize::from(b'"') || byte == usize::from(b'\\')
    })
});
/// Bytes of a member name.
static NAMES: LazyLock<[bool; 256]> = LazyLock::new(|| {
    std::array::from_fn(|byte| {
        u8::try_from(byte).is_ok_and(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
    })
});

struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    nodes: &'a mut Vec<Node>,
    names: Names,
    stops: &'static [bool; 256],
    legal: &'static [bool; 256],
    /// The event that was read before, if this is the line it went into.
    event: Option<(&'a [u8], &'a Known)>,
}

/// How many of the first bytes are plain characters of a string. Eight at a time, as one word:
/// strings are long (keys, hashes, signatures) and are most of a line.
fn plain_run(rest: &[u8], stops: &[bool; 256]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // the lowest high bit that is set marks the first zero byte; those above it may be false
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let mut at = 0;
    while let Some(bytes) = rest.get(at..).and_then(|left| left.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*bytes);
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let found = zeros(word ^ (ONES * 0x22)) | zeros(word ^ (ONES * 0x5c)) | control;
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let left = rest.get(at..).unwrap_or_default();
    at + left
        .iter()
        .position(|&byte| stops.get(usize::from(byte)) == Some(&true))
        .unwrap_or(left.len())
}

#[expect(clippy::cast_possible_truncation, reason = "parse refuses texts longer than u32")]
impl Scan<'_> {
    fn wrong(&self, code: &'static str, message: &str) -> Error {
        Error::malformed(code, message).at(format!("byte {}", self.at))
    }

    fn space(&self) -> Error {
        self.wrong("json-space", "white space between values is not canonical")
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn open(&mut self, kind: Kind) -> usize {
        let start = self.at as u32;
        self.nodes.push(Node { kind, escaped: false, start, end: start, next: 0 });
        self.nodes.len() - 1
    }

    fn close(&mut self, node: usize) {
        let (end, next) = (self.at as u32, self.nodes.len() as u32);
        if let Some(node) = self.nodes.get_mut(node) {
            node.end = end;
            node.next = next;
        }
    }

    fn value(&mut self, depth: usize, pointers: bool) -> Result<()> {
        if depth >= MAX_DEPTH && matches!(self.peek(), Some(b'{' | b'[')) {
            return Err(self.wrong("json-depth", "objects and arrays are nested too deep"));
        }
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{') => self.object(depth, pointers),
            Some(b'[') => self.list(depth),
            Some(b'-' | b'0'..=b'9') => self.integer(),
            Some(b't') => self.literal(b"true"),
            Some(b'f') => self.literal(b"false"),
            Some(b'n') => Err(self.wrong("json-null", "null is not a value here; leave it out")),
            Some(b' ' | b'\n' | b'\r' | b'\t') => Err(self.space()),
            Some(_) => Err(self.wrong("json-syntax", "this does not begin a value")),
            None => Err(self.wrong("json-syntax", "the text ends where a value should be")),
        }
    }

    fn literal(&mut self, word: &[u8]) -> Result<()> {
        if !self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return Err(self.wrong("json-syntax", "this does not begin a value"));
        }
        let node = self.open(Kind::Bool);
        self.at += word.len();
        self.close(node);
        Ok(())
    }

    fn integer(&mut self) -> Result<()> {
        let node = self.open(Kind::Integer);
        let negative = self.peek() == Some(b'-');
        self.at += usize::from(negative);
        let first = self.at;
        let mut value: i64 = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            value = value.saturating_mul(10).saturating_add(i64::from(digit - b'0'));
            self.at += 1;
        }
        let length = self.at - first;
        if matches!(self.peek(), Some(b'.' | b'e' | b'E')) {
            return Err(self.wrong("json-float", "only whole numbers; write decimals as strings"));
        }
        if length == 0 {
            return Err(self.wrong("json-syntax", "a digit should follow the minus sign"));
        }
        if (self.text.get(first) == Some(&b'0') && length > 1) || (negative && value == 0) {
            return Err(
                self.wrong("json-integer", "an integer has no leading zero and no minus zero")
            );
        }
        if value > MAX_INTEGER {
            return Err(self.wrong("json-range", "an integer beyond 2^53-1; write it as a string"));
        }
        self.close(node);
        Ok(())
    }

    fn string(&mut self) -> Result<()> {
        let node = self.open(Kind::Text);
        self.at += 1;
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            self.at += plain_run(rest, self.stops);
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    self.escape()?;
                    if let Some(node) = self.nodes.get_mut(node) {
                        node.escaped = true;
                    }
                }
                Some(_) => {
                    return Err(self.wrong("json-control", "a control character must be escaped"));
                }
                None => return Err(self.wrong("json-syntax", "the string does not end")),
            }
        }
        self.at += 1;
        self.close(node);
        Ok(())
    }

    /// RFC 8785, section 3.2.2.2: two-character escapes where they exist, else `\u00xx` in lower case.
    fn escape(&mut self) -> Result<()> {
        let rest = self.text.get(self.at + 1..).unwrap_or_default();
        let length = match rest {
            [b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
            [b'u', b'0', b'0', b'0', b'0'..=b'7' | b'b' | b'e' | b'f', ..]
            | [b'u', b'0', b'0', b'1', b'0'..=b'9' | b'a'..=b'f', ..] => 6,
            _ => return Err(self.wrong("json-escape", "this escape is not the canonical spelling")),
        };
        self.at += length;
        Ok(())
    }

    fn list(&mut self, depth: usize) -> Result<()> {
        let node = self.open(Kind::List);
        self.at += 1;
        if self.peek() == Some(b']') {
            self.at += 1;
            self.close(node);
            return Ok(());
        }
        loop {
            self.value(depth + 1, false)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                Some(b' ' | b'\n' | b'\r' | b'\t') => return Err(self.space()),
                _ => return Err(self.wrong("json-syntax", "`,` or `]` should follow")),
            }
        }
        self.at += 1;
        self.close(node);
        Ok(())
    }

    fn object(&mut self, depth: usize, pointers: bool) -> Result<()> {
        let node = self.open(Kind::Object);
        self.at += 1;
        if self.peek() == Some(b'}') {
            self.at += 1;
            self.close(node);
            return Ok(());
        }
        let mut last: Option<(usize, usize)> = None;
        loop {
            let name = self.name(pointers)?;
            self.ascending(last, name)?;
            last = Some(name);
            let top = self.names == Names::Entry && depth == 0;
            let named = self.text.get(name.0..name.1);
            if !(top && named == Some(b"event") && self.copied()) {
                self.value(depth + 1, top && named == Some(b"persons"))?;
            }
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                Some(b' ' | b'\n' | b'\r' | b'\t') => return Err(self.space()),
                _ => return Err(self.wrong("json-syntax", "`,` or `}` should follow")),
            }
        }
        self.at += 1;
        self.close(node);
        Ok(())
    }

    /// Takes over the values of the known event, if its very bytes stand here.
    fn copied(&mut self) -> bool {
        let Some((event, known)) = self.event else { return false };
        if event.is_empty() || !self.text.get(self.at..).is_some_and(|r| r.starts_with(event)) {
            return false;
        }
        let (bytes, nodes) = (self.at as u32, self.nodes.len() as u32);
        self.nodes.extend(known.nodes.iter().map(|node| Node {
            start: node.start + bytes,
            end: node.end + bytes,
            next: node.next + nodes,
            ..*node
        }));
        self.at += event.len();
        true
    }

    fn name(&mut self, pointers: bool) -> Result<(usize, usize)> {
        match self.peek() {
            Some(b'"') => {}
            Some(b' ' | b'\n' | b'\r' | b'\t') => return Err(self.space()),
            _ => return Err(self.wrong("json-syntax", "a member name should follow")),
        }
        let node = self.open(Kind::Text);
        self.at += 1;
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let legal = |byte: &u8| self.legal.get(usize::from(*byte)) == Some(&true);
        let length = rest
            .iter()
            .position(|byte| !(legal(byte) || pointers && *byte == b'/'))
            .unwrap_or(rest.len());
        self.at += length;
        let pointer = rest.first() == Some(&b'/');
        if self.peek() != Some(b'"') || length == 0 || pointer != pointers {
            return Err(self.wrong("json-name", "a member name has only a-z, 0-9 and _"));
        }
        self.at += 1;
        self.close(node);
        match self.peek() {
            Some(b':') => self.at += 1,
            Some(b' ' | b'\n' | b'\r' | b'\t') => return Err(self.space()),
            _ => return Err(self.wrong("json-syntax", "`:` should follow the member name")),
        }
        Ok((start, start + length))
    }

    fn ascending(&self, last: Option<(usize, usize)>, name: (usize, usize)) -> Result<()> {
        let Some(last) = last else { return Ok(()) };
        match self.text.get(last.0..last.1).cmp(&self.text.get(name.0..name.1)) {
            std::cmp::Ordering::Less => Ok(()),
            std::cmp::Ordering::Equal => {
                Err(self.wrong("json-duplicate", "a member name occurs twice"))
            }
            std::cmp::Ordering::Greater => {
                Err(self.wrong("json-order", "member names are not in ascending order"))
            }
        }
    }
}
