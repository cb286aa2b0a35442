//! What compromised keys signed: found in a second pass, because the report comes after the entries.

use memchr::memmem::Finder;

use super::anchor::{Held, Satisfied};
use super::fault::{Notice, Suspect};
use super::folder::Run;
use crate::entry::Entry;
use crate::json::Document;
use crate::key::KeyId;
use crate::segment::{self, Blocks, Place};

/// More entries of one key than this are counted, not listed.
const MAX_LISTED: usize = 1000;

/// What is under checkpoints that hold.
#[derive(Debug, Default)]
pub(super) struct Covered {
    /// The largest size.
    pub(super) size: u64,
    /// How many of the archive.
    pub(super) checkpoints: u64,
    /// A checkpoint from outside that is no anchor, because its key is in doubt.
    pub(super) doubt: Option<String>,
}

impl Run<'_> {
    /// The entries in doubt, by key. Nothing is read when no key was reported.
    pub(super) fn suspects(&mut self, end: Option<Place>) -> Vec<Suspect> {
        let (entries, checkpoints) = (Vec::new(), Vec::new());
        let suspect = |(key, suspicion)| Suspect {
            key,
            suspicion,
            count: 0,
            entries: entries.clone(),
            checkpoints: checkpoints.clone(),
        };
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

    /// What checkpoints cover that hold. One whose every signer is in doubt at its size covers nothing
    /// and is no anchor: whoever has the key can sign it, and show it to somebody.
    pub(super) fn covered(
        &mut self,
        suspects: &mut [Suspect],
        policy: Option<Satisfied>,
    ) -> Covered {
        let mut covered = Covered::default();
        let (mut doubtful, mut anchors) = (None, Vec::new());
        for Held { size, signers, outside } in std::mem::take(&mut self.held) {
            let doubt = |key: &KeyId| Some((*key, self.registry.get(key)?.suspicion_at(size)?));
            let doubts: Option<Vec<_>> = signers.iter().map(doubt).collect();
            let Some((key, suspicion)) = doubts.and_then(|doubts| doubts.first().copied()) else {
                covered.size = covered.size.max(size);
                match outside {
                    Some(what) => anchors.push(format!("{what}, at {size} entries")),
                    None => covered.checkpoints += 1,
                }
                continue;
            };
            let whose = outside.as_deref().unwrap_or("a published checkpoint");
            let message = format!(
                "{whose} of {size} entries is suspect: its key `{key}` was reported compromised by entry {}, from entry {} on",
                suspicion.by, suspicion.from
            );
            if let Some(suspect) = suspects.iter_mut().find(|suspect| suspect.key == key)
                && suspect.checkpoints.len() < MAX_LISTED
            {
                suspect.checkpoints.push(size);
                self.notices.push(Notice { code: "checkpoint-suspect", message: message.clone() });
            }
            if policy.as_ref().is_some_and(|policy| policy.size == size && policy.witnesses == 0) {
                doubtful = Some(message.clone());
            }
            if outside.is_some() {
                covered.doubt.get_or_insert(message);
            }
        }
        match (policy, doubtful) {
            (Some(_), Some(message)) => drop(covered.doubt.get_or_insert(message)),
            (Some(policy), None) => anchors.push(policy.what),
            (None, _) => {}
        }
        anchors.append(&mut self.anchors);
        self.anchors = anchors;
        covered
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
