//! From a stream of bytes to its records: one JSON value after another, however they are strung
//! together, in memory for one record.
//!
//! Lines, an array, documents one after the other, or an object that wraps the array (`Records`,
//! `items`): each record is cut out by its brackets alone, so its bytes stay untouched. What does not
//! close is cut where the next record begins, and told with its reason.

mod scan;

use std::io::{ErrorKind, Read};
use std::sync::Arc;

use super::Reason;
use super::csv::Table;
use scan::{End, Scan};

/// The longest record in bytes; a longer one is passed over and told.
pub(crate) const MAX_RECORD: usize = 25 * 1024 * 1024;
const BLOCK: usize = 256 * 1024;

/// The bytes without the byte order mark that some programs put before UTF-8: it means nothing.
pub(crate) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// How the records of a source lie in its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// JSON values; an object with one of these members, an array, is only their wrapper.
    Json(&'static [&'static str]),
    /// The whole file is one record.
    Whole,
    /// Rows of a table behind its header, with commas between the cells; quoted cells may hold line
    /// ends. It has these columns.
    Rows(&'static [&'static str]),
}

/// A piece of a file: a record, or what is none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Where it begins in the (unpacked) file.
    pub(crate) offset: u64,
    /// Its bytes, untouched.
    pub(crate) bytes: Vec<u8>,
    /// The header of its table, if it is a row of one.
    pub(crate) header: Option<Arc<[u8]>>,
    /// Why it is no record, if it is none.
    pub(crate) broken: Option<Reason>,
}

/// Cuts a stream into pieces.
pub(crate) struct Splitter<R> {
    input: R,
    framing: Framing,
    buffer: Vec<u8>,
    /// What of the buffer was given out.
    used: usize,
    /// Where the buffer begins in the file.
    base: u64,
    ended: bool,
    failed: Option<Reason>,
    /// Whether records are items of an array, and whether that stands in an object.
    list: Option<bool>,
    begun: bool,
    header: Option<Arc<[u8]>>,
}

impl<R: Read> Splitter<R> {
    pub(crate) fn new(input: R, framing: Framing) -> Self {
        Self {
            input,
            framing,
            buffer: Vec::new(),
            used: 0,
            base: 0,
            ended: false,
            failed: None,
            list: None,
            begun: false,
            header: None,
        }
    }

    /// The byte so far behind what was given out; reads on if need be.
    fn byte(&mut self, ahead: usize) -> Option<u8> {
        while self.used + ahead >= self.buffer.len() {
            if !self.fill() {
                return None;
            }
        }
        self.buffer.get(self.used + ahead).copied()
    }

    fn fill(&mut self) -> bool {
        if self.ended {
            return false;
        }
        if self.used > BLOCK {
            self.buffer.drain(..self.used);
            self.base += self.used as u64;
            self.used = 0;
        }
        let length = self.buffer.len();
        self.buffer.resize(length + BLOCK, 0);
        let room = self.buffer.get_mut(length..).unwrap_or_default();
        let read = loop {
            match self.input.read(room) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let count = read.as_ref().copied().unwrap_or(0);
        self.buffer.truncate(length + count);
        if let Err(error) = &read {
            let code = if error.kind() == ErrorKind::UnexpectedEof {
                "gzip-truncated"
            } else {
                "input-damaged"
            };
            self.failed = Some(Reason::new(code, format!("the file cannot be read on: {error}")));
        }
        self.ended = count == 0;
        !self.ended
    }

    fn cut(&mut self, length: usize, broken: Option<Reason>) -> Piece {
        let offset = self.base + self.used as u64;
        let bytes = self.buffer.get(self.used..self.used + length).unwrap_or_default().to_vec();
        self.used += length;
        Piece { offset, bytes, header: self.header.clone(), broken }
    }

    /// What stands at the beginning of the file decides whether it is a request with its headers.
    fn is_request(&mut self) -> bool {
        self.byte(8);
        let start = self.buffer.get(self.used..).unwrap_or_default();
        [&b"POST "[..], b"PUT ", b"HTTP/", b"GET "].iter().any(|word| start.starts_with(word))
    }

    /// Whether the file, or the line after a first one that is cut or a comment, begins a JSON value
    /// that holds others. A file in another language is not one of records, whatever its lines hold.
    fn is_json(&mut self) -> bool {
        let mut ahead = 0;
        while self.byte(ahead).is_some_and(|byte| byte.is_ascii_whitespace()) {
            ahead += 1;
        }
        if matches!(self.byte(ahead), None | Some(b'{' | b'[' | 0x1e)) {
            return true;
        }
        while let Some(byte) = self.byte(ahead).filter(|byte| *byte != b'\n') {
            // no text has such a byte: this is an archive or a program
            if byte == 0 || ahead > MAX_RECORD {
                return false;
            }
            ahead += 1;
        }
        while matches!(self.byte(ahead), Some(b'\r' | b'\n')) {
            ahead += 1;
        }
        matches!(self.byte(ahead), Some(b'{' | b'['))
    }

    /// A file that has no records: one piece, with its reason.
    fn foreign(&mut self, code: &'static str, message: &str) -> Piece {
        self.framing = Framing::Whole;
        let mut piece = self.whole();
        piece.broken.get_or_insert_with(|| Reason::new(code, message));
        piece
    }

    fn whole(&mut self) -> Piece {
        let mut length = 0;
        while self.byte(length).is_some() {
            length = self.buffer.len() - self.used;
            if length > MAX_RECORD {
                return self.long(length);
            }
        }
        let broken = self.failed.take();
        self.cut(length, broken)
    }

    /// Gives out the head of what is too long; the rest of the value is passed over.
    fn long(&mut self, length: usize) -> Piece {
        let message = format!("the record is longer than {} MiB", MAX_RECORD >> 20);
        let mut piece = self.cut(length, Some(Reason::new("record-large", message)));
        piece.bytes.truncate(BLOCK);
        piece
    }

    fn skip_space(&mut self) {
        while let Some(byte) = self.byte(0) {
            let between =
                byte.is_ascii_whitespace() || byte == 0x1e || (byte == b',' && self.list.is_some());
            if !between {
                return;
            }
            self.used += 1;
        }
    }

    fn record(&mut self) -> Option<Piece> {
        loop {
            self.skip_space();
            match (self.byte(0)?, self.list) {
                (b']', Some(wrapped)) => {
                    self.used += 1;
                    self.list = None;
                    if wrapped {
                        self.leave();
                    }
                }
                (b'[', None) => {
                    self.used += 1;
                    self.list = Some(false);
                }
                (b'{' | b'[', _) => {
                    if let Some(piece) = self.value() {
                        return Some(piece);
                    }
                }
                _ => return Some(self.stray()),
            }
        }
    }

    /// The next row that is not empty, with its line end.
    fn row(&mut self) -> Option<Piece> {
        while matches!(self.byte(0)?, b'\r' | b'\n') {
            self.used += 1;
        }
        let (mut length, mut quoted) = (0, false);
        while let Some(byte) = self.byte(length) {
            length += 1;
            match byte {
                b'"' => quoted = !quoted,
                b'\n' if !quoted => break,
                _ if length > MAX_RECORD => return Some(self.long(length)),
                _ => {}
            }
        }
        // a row that the file breaks off in is no row
        let broken =
            if self.ended && self.byte(length).is_none() { self.failed.take() } else { None };
        Some(self.cut(length, broken))
    }

    /// A scalar or rubbish: up to the end of the line, or of the item.
    fn stray(&mut self) -> Piece {
        let mut length = 0;
        while let Some(byte) = self.byte(length) {
            if byte == b'\n' || (self.list.is_some() && matches!(byte, b',' | b']')) {
                break;
            }
            length += 1;
            if length > MAX_RECORD {
                return self.long(length);
            }
        }
        // an item that begins with a bracket that closes nothing would be nothing
        let length = length.max(1);
        self.cut(length, Some(Reason::new("json-syntax", "no JSON object begins here")))
    }

    /// The value that begins here; none when it was the wrapper of the records that follow.
    fn value(&mut self) -> Option<Piece> {
        let mut scan = Scan::new(self.framing, self.list.is_none());
        let mut length = 0;
        let end = loop {
            if self.byte(length).is_none() {
                break End::Input;
            }
            let (taken, end) = scan.run(self.buffer.get(self.used + length..).unwrap_or_default());
            length += taken;
            if length > MAX_RECORD {
                break End::Long;
            }
            if let Some(end) = end {
                break end;
            }
        };
        let open = || Reason::new("json-truncated", "the record does not close");
        match end {
            End::Whole => Some(self.cut(length + 1, None)),
            End::Wrapped => {
                self.used += length + 1;
                self.list = Some(true);
                None
            }
            End::Next => Some(self.cut(length, Some(open()))),
            End::Input => {
                let broken = self.failed.take().unwrap_or_else(open);
                self.list = None;
                Some(self.cut(length, Some(broken)))
            }
            End::Long => {
                let piece = self.long(length);
                while let Some(byte) = self.byte(0) {
                    let end = scan.step(byte);
                    if matches!(end, Some(End::Next)) {
                        break;
                    }
                    self.used += 1;
                    if end.is_some() {
                        break;
                    }
                }
                Some(piece)
            }
        }
    }

    /// Passes over what of the wrapper stands behind its array.
    fn leave(&mut self) {
        let mut scan = Scan::new(Framing::Json(&[]), true);
        scan.step(b'{');
        while let Some(byte) = self.byte(0) {
            self.used += 1;
            if matches!(scan.step(byte), Some(End::Whole)) {
                return;
            }
        }
        self.failed.get_or_insert_with(|| {
            Reason::new("json-truncated", "the object around the records does not close")
        });
    }
}

impl<R: Read> Iterator for Splitter<R> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        if !self.begun {
            self.begun = true;
            self.byte(3);
            self.used = self.buffer.len() - without_mark(&self.buffer).len();
            self.byte(0)?;
            if let Framing::Rows(columns) = self.framing {
                let header = self.row()?;
                if let Some(missing) = missing(&header.bytes, columns) {
                    let message = format!("the table has no column `{missing}`");
                    self.used -= header.bytes.len();
                    return Some(self.foreign("csv-columns", &message));
                }
                self.header = Some(header.bytes.into());
            } else if self.framing == Framing::Whole || self.is_request() {
                return Some(self.whole());
            } else if !self.is_json() {
                return Some(self.foreign("json-none", "the file is no JSON: no object begins it"));
            }
        }
        if self.framing == Framing::Whole {
            return self.failed.take().map(|broken| self.cut(0, Some(broken)));
        }
        if matches!(self.framing, Framing::Rows(_)) {
            return self
                .row()
                .or_else(|| self.failed.take().map(|broken| self.cut(0, Some(broken))));
        }
        if let Some(piece) = self.record() {
            return Some(piece);
        }
        if self.list.take().is_some() {
            self.failed.get_or_insert_with(|| {
                Reason::new("json-truncated", "the array of the records does not close")
            });
        }
        self.failed.take().map(|broken| self.cut(0, Some(broken)))
    }
}

/// The first of the columns that the header does not have.
fn missing(header: &[u8], columns: &[&'static str]) -> Option<&'static str> {
    let table = Table::read(header);
    let has = |name: &&&str| table.as_ref().is_ok_and(|table| table.has(name));
    columns.iter().find(|name| !has(name)).copied()
}

#[cfg(test)]
mod tests;
