//! What compromised keys signed: found in a second pass, because the report comes after the entries.

use memchr::memmem::Finder;

use super::fault::Suspect;
use super::folder::Run;
use crate::entry::Entry;
use crate::json::Document;
use crate::segment::{self, Blocks, Place};

/// More entries of one key than this are counted, not listed.
const MAX_LISTED: usize = 1000;

impl Run<'_> {
    /// The entries in doubt, by key. Nothing is read when no key was reported.
    pub(super) fn suspects(&mut self, end: Option<Place>) -> Vec<Suspect> {
        let suspect = |(key, suspicion)| Suspect { key, suspicion, count: 0, entries: Vec::new() };
        let mut found: Vec<Suspect> = self.registry.suspects().into_iter().map(suspect).collect();
        let first = found.iter().map(|suspect| suspect.suspicion.from).min();
        if let Some(first) = first
            && let Err(error) = self.look(&mut found, first, end)
        {
            // lines that are damaged are at fault already; a disk that cannot be read is said here
            self.doubts.push(format!("what compromised keys signed could not be read: {error}"));
        }
        found
    }

    fn look(
        &self,
        found: &mut [Suspect],
        first: u64,
        end: Option<Place>,
    ) -> crate::error::Result<()> {
        let names: Vec<String> = found.iter().map(|suspect| suspect.key.to_string()).collect();
        let finders: Vec<Finder<'_>> = names.iter().map(Finder::new).collect();
        let segments = segment::list(self.store)?;
        let segment = segments.into_iter().rfind(|begin| *begin <= first).unwrap_or(0);
        let mut blocks = Blocks::new(self.store, Place { segment, offset: 0 }, end)?;
        let mut document = Document::default();
        while let Some(block) = blocks.next_block()? {
            for range in &block.lines {
                let line = block.line(range);
                if !finders.iter().any(|finder| finder.find(line).is_some()) {
                    continue;
                }
                let Ok(entry) = Entry::parse(&mut document, line) else { continue };
                for suspect in found.iter_mut() {
                    let doubtful = entry.index >= suspect.suspicion.from
                        && entry.event.signers.contains(&suspect.key);
                    if doubtful {
                        suspect.count += 1;
                        if suspect.entries.len() < MAX_LISTED {
                            suspect.entries.push(entry.index);
                        }
                    }
                }
            }
        }
        Ok(())
    }
}
