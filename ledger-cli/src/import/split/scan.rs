//! The end of one JSON value, by its brackets alone.

use super::Framing;

/// What a scan found at its end.
pub(super) enum End {
    /// The value is whole.
    Whole,
    /// The array of a wrapper begins here.
    Wrapped,
    /// The next record begins here, and this one never closed.
    Next,
    /// The input ends within the value.
    Input,
    /// It is longer than a record may be.
    Long,
}

/// Follows the brackets of one value, byte by byte.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact about what was read")]
pub(super) struct Scan {
    wraps: &'static [&'static str],
    /// Whether a line that begins with a brace may be another record.
    top: bool,
    stack: Vec<u8>,
    string: bool,
    escape: bool,
    /// The last byte outside of strings that is no white space.
    last: u8,
    line_begins: bool,
    /// The name that is read at the first level, if wrappers are looked for.
    name: Vec<u8>,
    naming: bool,
    lost: bool,
}

impl Scan {
    pub(super) fn new(framing: Framing, top: bool) -> Self {
        let wraps = match framing {
            Framing::Json(wraps) if top => wraps,
            _ => &[],
        };
        Self {
            wraps,
            top,
            stack: Vec::new(),
            string: false,
            escape: false,
            last: 0,
            line_begins: false,
            name: Vec::new(),
            naming: false,
            lost: false,
        }
    }

    /// Takes bytes until the value ends, or all; how many, and how it ended.
    pub(super) fn run(&mut self, bytes: &[u8]) -> (usize, Option<End>) {
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            if self.string && !self.escape && !self.naming && !self.line_begins {
                // nothing else counts within a text
                let rest = bytes.get(at..).unwrap_or_default();
                let plain = memchr::memchr3(b'"', b'\\', b'\n', rest).unwrap_or(rest.len());
                if plain > 0 {
                    at += plain;
                    continue;
                }
            }
            if let Some(end) = self.step(*byte) {
                return (at, Some(end));
            }
            at += 1;
        }
        (at, None)
    }

    /// Takes one byte; tells where the value ends.
    pub(super) fn step(&mut self, byte: u8) -> Option<End> {
        let begins = std::mem::replace(&mut self.line_begins, byte == b'\n');
        if begins && byte == b'{' && self.top && !self.stack.is_empty() && !self.may_nest() {
            return Some(End::Next);
        }
        if self.string {
            self.within_string(byte);
            return None;
        }
        match byte {
            b'"' => {
                self.string = true;
                self.naming = self.stack.len() == 1
                    && !self.wraps.is_empty()
                    && matches!(self.last, b'{' | b',');
                if self.naming {
                    self.name.clear();
                }
                self.last = byte;
            }
            b'{' | b'[' => {
                let wrapped = byte == b'['
                    && self.last == b':'
                    && self.stack.len() == 1
                    && self.wraps.iter().any(|wrap| wrap.as_bytes() == self.name);
                if wrapped {
                    return Some(End::Wrapped);
                }
                self.stack.push(byte);
                self.last = byte;
            }
            b'}' | b']' => {
                let open = self.stack.pop();
                self.lost |= open != Some(if byte == b'}' { b'{' } else { b'[' });
                self.last = byte;
                if self.stack.is_empty() {
                    return Some(End::Whole);
                }
            }
            byte if byte.is_ascii_whitespace() => {}
            other => self.last = other,
        }
        None
    }

    fn within_string(&mut self, byte: u8) {
        if self.escape {
            self.escape = false;
        } else if byte == b'\\' {
            self.escape = true;
        } else if byte == b'"' {
            self.string = false;
            return;
        }
        if self.naming && self.name.len() < 64 {
            self.name.push(byte);
        }
    }

    /// Whether an object may stand here, by what stands before it.
    fn may_nest(&self) -> bool {
        !self.string
            && !self.lost
            && match self.last {
                b':' | b'[' => true,
                b',' => self.stack.last() == Some(&b'['),
                _ => false,
            }
    }
}
