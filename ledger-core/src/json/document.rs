//! A canonical text and the flat list of its values: one pass, no copies, refused if not canonical.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::{MAX_DEPTH, MAX_INTEGER};
use crate::error::{Error, Result};

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// An integer.
    Integer,
    /// A string.
    Text,
    /// An array.
    List,
    /// An object.
    Object,
}

/// Which member names are legal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// `[a-z0-9_]+` everywhere.
    Plain,
    /// The same, but JSON pointers in the top-level member `persons` (an entry's line).
    Entry,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    kind: Kind,
    start: u32,
    end: u32,
    /// Index of the node after this one and all below it.
    next: u32,
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
        self.nodes.clear();
        let string = std::str::from_utf8(text).map_err(|error| {
            Error::malformed("json-utf8", "the bytes are not UTF-8")
                .at(format!("byte {}", error.valid_up_to()))
        })?;
        if u32::try_from(text.len()).is_err() {
            return Err(Error::malformed("json-length", "the text is longer than 4 GiB"));
        }
        let (stops, legal) = (&*STOPS, &*NAMES);
        let mut scan = Scan { text, at: 0, nodes: &mut self.nodes, names, stops, legal };
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
        Ok(View { text: string, nodes: &self.nodes, at: 0 })
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
        self.nodes.push(Node { kind, start, end: start, next: 0 });
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
            let plain =
                rest.iter().position(|&byte| self.stops.get(usize::from(byte)) == Some(&true));
            self.at += plain.unwrap_or(rest.len());
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
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
            let persons = self.names == Names::Entry
                && depth == 0
                && self.text.get(name.0..name.1) == Some(b"persons");
            self.value(depth + 1, persons)?;
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

/// One value of a [`Document`], and through it all below it.
#[derive(Clone, Copy)]
pub struct View<'a> {
    text: &'a str,
    nodes: &'a [Node],
    at: usize,
}

impl std::fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.raw_text())
    }
}

impl<'a> View<'a> {
    fn node(&self) -> Option<Node> {
        self.nodes.get(self.at).copied()
    }

    /// What the value is.
    pub fn kind(&self) -> Kind {
        self.node().map_or(Kind::Bool, |node| node.kind)
    }

    /// The canonical bytes of the value itself, as they stand in the text.
    pub fn raw(&self) -> &'a [u8] {
        self.raw_text().as_bytes()
    }

    /// Like [`View::raw`], as text.
    pub fn raw_text(&self) -> &'a str {
        self.node()
            .and_then(|node| self.text.get(node.start as usize..node.end as usize))
            .unwrap_or_default()
    }

    /// The string, unescaped; none for another kind.
    pub fn text(&self) -> Option<Cow<'a, str>> {
        let inner = self.inner()?;
        if inner.contains('\\') {
            Some(Cow::Owned(unescape(inner)))
        } else {
            Some(Cow::Borrowed(inner))
        }
    }

    /// The string if it holds no escape: restricted strings never do.
    pub fn plain(&self) -> Option<&'a str> {
        self.inner().filter(|inner| !inner.contains('\\'))
    }

    fn inner(&self) -> Option<&'a str> {
        if self.kind() != Kind::Text {
            return None;
        }
        let raw = self.raw_text();
        raw.strip_prefix('"')?.strip_suffix('"')
    }

    /// The integer; none for another kind.
    pub fn integer(&self) -> Option<i64> {
        if self.kind() == Kind::Integer { self.raw_text().parse().ok() } else { None }
    }

    /// The integer if it is not negative.
    pub fn unsigned(&self) -> Option<u64> {
        self.integer().and_then(|value| u64::try_from(value).ok())
    }

    /// The truth value; none for another kind.
    pub fn boolean(&self) -> Option<bool> {
        (self.kind() == Kind::Bool).then(|| self.raw() == b"true")
    }

    /// The members of an object in order; nothing for another kind.
    pub fn members(&self) -> Members<'a> {
        Members(self.children(Kind::Object))
    }

    /// The items of an array in order; nothing for another kind.
    pub fn items(&self) -> Items<'a> {
        self.children(Kind::List)
    }

    /// The member of that name.
    pub fn get(&self, name: &str) -> Option<View<'a>> {
        self.members().find_map(|(found, value)| (found == name).then_some(value))
    }

    /// The value at a JSON pointer (RFC 6901) below this one; names here never need `~` escapes.
    pub fn pointer(&self, pointer: &str) -> Option<View<'a>> {
        if pointer.is_empty() {
            return Some(*self);
        }
        pointer.strip_prefix('/')?.split('/').try_fold(*self, |value, step| match value.kind() {
            Kind::Object => value.get(step),
            Kind::List => {
                let position: usize = step.parse().ok()?;
                (position.to_string() == step).then(|| value.items().nth(position)).flatten()
            }
            _ => None,
        })
    }

    fn children(&self, kind: Kind) -> Items<'a> {
        let end = match self.node() {
            Some(node) if node.kind == kind => node.next as usize,
            _ => 0,
        };
        Items { text: self.text, nodes: self.nodes, at: self.at + 1, end }
    }
}

/// Items of an array, in order.
#[derive(Clone, Debug)]
pub struct Items<'a> {
    text: &'a str,
    nodes: &'a [Node],
    at: usize,
    end: usize,
}

impl<'a> Iterator for Items<'a> {
    type Item = View<'a>;

    fn next(&mut self) -> Option<View<'a>> {
        if self.at >= self.end {
            return None;
        }
        let view = View { text: self.text, nodes: self.nodes, at: self.at };
        self.at = view.node()?.next as usize;
        Some(view)
    }
}

/// Members of an object, in order.
#[derive(Clone, Debug)]
pub struct Members<'a>(Items<'a>);

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, View<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let name = self.0.next()?;
        Some((name.inner()?, self.0.next()?))
    }
}

fn unescape(inner: &str) -> String {
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(char) = chars.next() {
        if char != '\\' {
            text.push(char);
            continue;
        }
        match chars.next() {
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('u') => {
                let hex: String = chars.by_ref().take(4).collect();
                text.extend(u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32));
            }
            Some(other) => text.push(other),
            None => {}
        }
    }
    text
}
