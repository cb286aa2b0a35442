//! The reading end of an import: files are cut into records and mapped on all cores, some thousands
//! of records at a time, whatever the length of the files.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::input::Input;
use crate::clock;
use crate::failure::Result;
use crate::import::split::Piece;
use crate::import::{self, Event, Given, Reason, Record, Source};

/// The most records of a batch: they share one attachment and one commit.
const MAX_RECORDS: usize = 2_048;
/// About the most bytes of it.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// What is to be read, and as what.
pub(crate) struct Job<'a> {
    pub(crate) source: &'a Source,
    pub(crate) given: &'a Given,
    pub(crate) files: &'a [PathBuf],
    /// Where to put what cannot be read; beside each file if nothing is said.
    pub(crate) aside: Option<&'a Path>,
}

/// A record that was read, and the events it becomes.
pub(crate) struct Mapped {
    pub(crate) bytes: Vec<u8>,
    pub(crate) events: Vec<Event>,
}

/// How many records were read, and how many of them were put aside.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) read: u64,
    pub(crate) quarantined: u64,
}

impl Job<'_> {
    /// Reads the files to their end and gives out what their records become; a batch is of one file.
    pub(crate) fn read(&self, mut take: impl FnMut(Vec<Mapped>) -> Result<()>) -> Result<Counts> {
        let mut counts = Counts::default();
        for file in self.files {
            let mut input = Input::open(file, self.source.framing, self.aside)?;
            loop {
                let pieces = input.some(MAX_RECORDS, MAX_BYTES);
                if pieces.is_empty() {
                    break;
                }
                let mapped = self.map(pieces, &mut input, &mut counts)?;
                if !mapped.is_empty() {
                    take(mapped)?;
                }
            }
            input.finish()?;
        }
        Ok(counts)
    }

    /// Maps pieces on all cores; those that are no records are put aside.
    fn map(
        &self,
        pieces: Vec<Piece>,
        input: &mut Input,
        counts: &mut Counts,
    ) -> Result<Vec<Mapped>> {
        let received = clock::now()?;
        let read: Vec<(Piece, std::result::Result<Vec<Event>, Reason>)> = pieces
            .into_par_iter()
            .with_min_len(16)
            .map(|mut piece| {
                let events = if let Some(reason) = piece.broken.take() {
                    Err(reason)
                } else {
                    let record = Record {
                        bytes: &piece.bytes,
                        header: piece.header.as_deref().unwrap_or_default(),
                        received,
                        given: self.given,
                    };
                    import::events(self.source, &record)
                };
                (piece, events)
            })
            .collect();
        let mut mapped = Vec::with_capacity(read.len());
        for (piece, events) in read {
            counts.read += 1;
            match events {
                Ok(events) => mapped.push(Mapped { bytes: piece.bytes, events }),
                Err(reason) => {
                    counts.quarantined += 1;
                    input.quarantine(&piece, &reason)?;
                }
            }
        }
        Ok(mapped)
    }
}
