//! How a file that is followed looked: whether it has changed since.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What a file looked like: its length, and when it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) length: u64,
    pub(super) seconds: i64,
    pub(super) nanoseconds: i64,
}

impl Look {
    /// As it looks now; none when it is not there.
    pub(super) fn at(path: &Path) -> Option<Self> {
        let data = fs::metadata(path).ok()?;
        let (seconds, nanoseconds) = (data.mtime(), data.mtime_nsec());
        Some(Self { length: data.len(), seconds, nanoseconds })
    }

    /// As it is remembered.
    pub(super) fn text(self) -> String {
        format!("{} {}.{:09}", self.length, self.seconds, self.nanoseconds)
    }
}
