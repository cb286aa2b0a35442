//! The lines of the group being committed, as they will stand in the segment: one text, used again.

use std::ops::Range;

/// Room that is kept from group to group, in bytes.
const KEPT: usize = 8 << 20;

/// Whole lines, each with its newline.
#[derive(Debug, Default)]
pub(super) struct Staged {
    text: String,
    /// Where each line ends, behind its newline.
    ends: Vec<usize>,
}

impl Staged {
    /// Adds the line that `write` appends to the text; without its newline.
    pub(super) fn push(&mut self, write: impl FnOnce(&mut String)) {
        write(&mut self.text);
        self.text.push('\n');
        self.ends.push(self.text.len());
    }

    /// Adds a line that was read. Lines are UTF-8; of another nothing is kept but its place.
    pub(super) fn push_line(&mut self, line: &[u8]) {
        self.push(|text| text.push_str(std::str::from_utf8(line).unwrap_or_default()));
    }

    /// The length of all lines in bytes.
    pub(super) fn end(&self) -> usize {
        self.text.len()
    }

    /// Takes the last line back.
    pub(super) fn pop(&mut self) {
        self.ends.pop();
        self.text.truncate(self.ends.last().copied().unwrap_or(0));
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// A line, without its newline.
    pub(super) fn line(&self, at: usize) -> Option<&[u8]> {
        let bytes = self.text.as_bytes().get(self.range(at)?)?;
        bytes.strip_suffix(b"\n")
    }

    /// Where a line stands in [`Staged::bytes`], with its newline.
    pub(super) fn range(&self, at: usize) -> Option<Range<usize>> {
        let end = *self.ends.get(at)?;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        Some(start.unwrap_or(0)..end)
    }

    /// The bytes of some lines, one after the other.
    pub(super) fn bytes(&self, range: Range<usize>) -> &[u8] {
        self.text.as_bytes().get(range).unwrap_or_default()
    }

    pub(super) fn clear(&mut self) {
        self.ends.clear();
        self.text.clear();
        self.text.shrink_to(KEPT);
    }
}
