//! Verify: is it true? Every line, link, signature and root of a folder, believed from nobody.
//!
//! Spec page: `spec/verify.md`. The log is streamed in windows: lines are parsed and hashed on all
//! cores, joined in order, and their signatures checked in bulk with the strict verdict. Derived
//! state is not read. Memory stays flat: what must be unique is sorted segment by segment, spilled
//! to scratch and merged. The verdict is one of three, and a fault is reported once, not with all
//! that follows from it.

mod anchor;
mod claims;
mod dated;
mod fault;
mod finish;
mod folder;
mod seen;
mod spill;
mod suspect;
mod window;

pub use dated::{Dated, dated};
pub use fault::{Class, Fault, Notice, Report, Setback, Suspect, Verdict, Witnessed};

use crate::anchor::Roots;
use crate::checkpoint::Origin;
use crate::error::Result;
use crate::hash::Blake3;
use crate::policy::Policy;
use crate::signature::Mode;
use crate::store::Store;

/// What the caller knows from outside the folder, and how to work.
pub struct Options<'a> {
    /// The auditor's policy: which log key and witnesses to believe.
    pub policy: Option<&'a Policy>,
    /// The origin that was stored outside the folder when the ledger was made or first trusted.
    pub pinned: Option<&'a Origin>,
    /// The auditor's roots of authorities for times; without them no token dates anything.
    pub roots: Option<&'a Roots>,
    /// Checkpoints kept from earlier, as signed notes.
    pub older: &'a [Vec<u8>],
    /// Receipts that producers remember: index and hash of the entry's line.
    pub receipts: &'a [(u64, Blake3)],
    /// How signatures are checked; the verdict is the same.
    pub mode: Mode,
    /// 32 unpredictable bytes for the bulk check.
    pub random: [u8; 32],
    /// Where sorted runs are spilled; none keeps them in memory.
    pub scratch: Option<&'a dyn Store>,
    /// Told (entries done, entries in all) from time to time.
    pub progress: Option<&'a (dyn Fn(u64, u64) + Sync)>,
}

impl Options<'_> {
    /// Nothing is known from outside, all is checked in bulk and in memory, and nobody is told.
    /// `random`: 32 unpredictable bytes.
    pub fn new(random: [u8; 32]) -> Self {
        Self {
            policy: None,
            pinned: None,
            roots: None,
            older: &[],
            receipts: &[],
            mode: Mode::Bulk,
            random,
            scratch: None,
            progress: None,
        }
    }
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("pinned", &self.pinned)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

/// Verifies a whole folder. An error means that it could not even be begun (no ledger, unreadable);
/// everything found wrong is in the report.
pub fn verify(store: &dyn Store, options: &Options<'_>) -> Result<Report> {
    folder::verify(store, options)
}
