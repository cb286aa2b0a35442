//! The end of verification: head, checkpoints beyond, what is remembered outside, and the verdict.

use super::anchor;
use super::fault::{Class, Fault, Notice, Report, Verdict, Witnessed};
use super::folder::Run;
use super::spill::Places;
use super::suspect::Covered;
use crate::error::{Error, Result};
use crate::head::{Head, Read};
use crate::ledger::is_poisoned;
use crate::segment::{self, Place};
use crate::signer::CHECKPOINT;
use crate::store;

impl Run<'_> {
    pub(super) fn finish(mut self, head: Option<&Read>) -> Result<Report> {
        if let Some(read) = head {
            let past = self.against_head(&read.head)?;
            self.maybe_past_head = self.unread || past && read.damaged.is_some();
        }
        while !self.waiting.is_empty() {
            let beyond = self.waiting.remove(0);
            let size = beyond.checkpoint.size();
            let whose = beyond.outside.as_deref().unwrap_or("a published checkpoint");
            let message = format!(
                "{whose} covers {size} entries; the log has {}: entries are missing",
                self.end.size
            );
            if self.maybe_past_head {
                self.doubts
                    .push(format!("{message}, or past the damaged head; run `ledger recover`"));
                self.next_archived()?;
                continue;
            }
            let class = if beyond.outside.is_some() { Class::Anchor } else { Class::Checkpoint };
            self.push(Fault {
                index: None,
                class,
                code: "checkpoint-beyond",
                message,
                followers: 0,
            });
            self.next_archived()?;
        }
        for (index, message) in std::mem::take(&mut self.seen).answer(self.store, &self.roots)? {
            self.fault(Some(index), Class::Checkpoint, &Error::untrue("seen-root", message));
        }
        self.hindsight();
        let newest = self.newest_checkpoint()?;
        let satisfied = anchor::policy(self.options, newest.as_deref())
            .and_then(|outcome| outcome.map_err(|fault| self.push(fault)).ok());
        self.outside();
        let places = std::mem::replace(&mut self.places, Places::new(None));
        let mut found = Vec::new();
        places.judge(&mut |fault| found.push(fault), &mut self.notices)?;
        let known: std::collections::HashSet<Option<u64>> =
            self.faults.iter().map(|f| f.index).collect();
        found.retain(|fault| !known.contains(&fault.index));
        for fault in found {
            self.push(fault);
        }
        self.remarks()?;
        let end = head.map(|read| Place { segment: read.head.segment, offset: read.head.offset });
        let mut suspects = self.suspects(end);
        let witnessed = self.options.policy.map(|_| {
            let none = Witnessed { count: 0, size: 0 };
            let said = satisfied.as_ref();
            said.map_or(none, |said| Witnessed { count: said.witnesses, size: said.size })
        });
        let covered = self.covered(&mut suspects, satisfied);
        Ok(Report { witnessed, suspects, ..self.report(covered) })
    }

    /// What the head promises must be what the lines are.
    fn against_head(&mut self, head: &Head) -> Result<bool> {
        if self.unread {
            return Ok(false);
        }
        if self.end.size != head.size {
            let message =
                format!("the head covers {} entries; {} were read", head.size, self.end.size);
            self.fault(None, Class::Store, &Error::untrue("head-size", message));
        } else if self.end.last != head.last && !self.after_fault {
            let message = format!(
                "it is not the line that the head covers: entry {} was changed",
                head.size.saturating_sub(1)
            );
            self.fault(
                head.size.checked_sub(1),
                Class::Store,
                &Error::untrue("head-last", message),
            );
        } else if head.frontier != self.tree.hashes() && self.faults.is_empty() {
            self.fault(
                None,
                Class::Store,
                &Error::untrue("head-tree", "the head's tree is not that of the lines"),
            );
        }
        let open = self.store.len(&segment::name(head.segment))?.unwrap_or(0);
        let later =
            segment::list(self.store)?.into_iter().filter(|&first| first > head.segment).count();
        let past = open > head.offset || later > 0;
        if past {
            self.notices.push(Notice {
                code: "past-head",
                message: "there are bytes past the head that nobody was promised; the next append or `ledger recover` sets them right".to_owned(),
            });
        }
        Ok(past)
    }

    /// The newest note as published, with cosignatures that came later; it must be an archived one.
    fn newest_checkpoint(&mut self) -> Result<Option<Vec<u8>>> {
        let archived = self.archive.newest.take();
        let published = store::read_all(self.store, CHECKPOINT)?;
        let (Some(note), archive) = (&published, &archived) else {
            if let Some(_note) = &archived {
                let message = format!("`{CHECKPOINT}` is missing; the archive has its newest note");
                self.notices.push(Notice { code: "checkpoint-missing", message });
            }
            return Ok(archived);
        };
        let text = |note: &[u8]| crate::note::Note::parse(note).map(|note| note.text().to_owned());
        match (text(note), archive.as_ref().map(|note| text(note))) {
            (Ok(published), Some(Ok(archived))) if published == archived => {}
            (Ok(published), Some(Ok(_))) if self.was_archived(&published) => {
                let message = format!(
                    "`{CHECKPOINT}` is older than the newest note of the archive: a signer stopped between the two"
                );
                self.notices.push(Notice { code: "checkpoint-behind", message });
            }
            (Err(error), _) => {
                self.fault(None, Class::Checkpoint, &error.at(format!("`{CHECKPOINT}`")));
            }
            _ => {
                let message = format!("`{CHECKPOINT}` is not the newest note of the archive");
                self.fault(None, Class::Checkpoint, &Error::untrue("checkpoint-newest", message));
            }
        }
        Ok(published)
    }

    /// Whether the text is that of a checkpoint of the archive, one before the newest.
    fn was_archived(&self, text: &str) -> bool {
        crate::checkpoint::Checkpoint::parse(text).is_ok_and(|checkpoint| {
            checkpoint.origin() == self.origin
                && self.roots.get(&checkpoint.size()) == Some(checkpoint.root())
        })
    }

    /// The pin, and receipts that were not reached.
    fn outside(&mut self) {
        if let Some(pinned) = self.options.pinned {
            let Ok(genesis) = self.genesis_holds() else {
                self.doubts.push("entry 0 could not be read".to_owned());
                return;
            };
            if pinned.to_string() == self.origin && genesis {
                self.anchors.push("the origin that was pinned outside the folder".to_owned());
            } else {
                let message = if pinned.to_string() == self.origin {
                    "entry 0 is not the one that the pinned origin names".to_owned()
                } else {
                    format!(
                        "the folder says `{}`, pinned is `{pinned}`: it is another ledger",
                        self.origin
                    )
                };
                self.fault(None, Class::Anchor, &Error::untrue("pin", message));
            }
        }
        let mut missing: Vec<u64> = self.receipts.iter().map(|(index, _)| *index).collect();
        missing.sort_unstable();
        for index in missing {
            if self.maybe_past_head {
                let message = format!(
                    "entry {index}, for which a producer holds a receipt, may be past the damaged head"
                );
                self.doubts.push(format!("{message}; run `ledger recover`"));
                continue;
            }
            let error =
                Error::untrue("receipt", "a producer holds a receipt for it, and it is not here");
            self.fault(Some(index), Class::Anchor, &error);
        }
        let held = self.options.receipts.len();
        if held > 0 && !self.faults.iter().any(|fault| fault.code == "receipt") {
            self.anchors.push(format!("{held} receipt(s) that producers remember"));
        }
    }

    /// Whether entry 0 is the one that the origin names.
    fn genesis_holds(&self) -> Result<bool> {
        let first = segment::name(0);
        if self.store.len(&first)?.is_none() {
            return Ok(false);
        }
        let bytes = store::read_range(self.store, &first, 0, crate::entry::MAX_LINE + 1)?;
        let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let genesis = crate::ledger::genesis_of(line);
        Ok(genesis.is_ok_and(|genesis| self.origin.ends_with(&crate::encoding::hex(&genesis.0))))
    }

    fn remarks(&mut self) -> Result<()> {
        if self.options.pinned.is_none() && self.genesis_holds().is_ok_and(|holds| !holds) {
            let error =
                Error::untrue("genesis", "the origin in `ledger.toml` does not name entry 0");
            self.fault(Some(0), Class::Link, &error);
        }
        if is_poisoned(self.store)? {
            let message = "a sync failed and was not recovered from".to_owned();
            self.notices.push(Notice { code: "poison", message: message.clone() });
            self.doubts.push(format!("{message}; run `ledger recover`"));
        }
        if self.clock_back > 0 {
            let message = format!("the writer's clock went back {} time(s)", self.clock_back);
            self.notices.push(Notice { code: "clock-back", message });
        }
        self.notices.extend(self.dated.missing(&self.attached));
        if self.brackets.after > 0 {
            let message = format!(
                "{} entries claim a time after somebody else had dated them",
                self.brackets.after
            );
            self.notices.push(Notice { code: "dated-after", message });
        }
        for file in self.store.list(crate::ledger::RECOVERED)? {
            let message = format!("recovery set bytes aside: `recovered/{file}`");
            self.notices.push(Notice { code: "recovered", message });
        }
        if self.unlisted > 0 {
            let message = format!("{} further faults are not listed", self.unlisted);
            self.notices.push(Notice { code: "unlisted", message });
        }
        Ok(())
    }

    fn report(mut self, covered: Covered) -> Report {
        self.faults.sort_by_key(|fault| (fault.index.is_none(), fault.index, fault.class));
        let reason = if self.anchors.is_empty() {
            Some(covered.doubt.unwrap_or_else(|| {
                "self-consistent only: nothing outside the folder was given to hold it against"
                    .to_owned()
            }))
        } else {
            self.doubts.first().cloned()
        };
        let verdict = match (&reason, self.faults.is_empty()) {
            (_, false) => Verdict::DoesNotHold,
            (Some(_), true) => Verdict::CannotTell,
            (None, true) => Verdict::Holds,
        };
        Report {
            verdict,
            reason: reason.filter(|_| verdict == Verdict::CannotTell),
            size: self.end.size,
            root: self.tree.root().to_base64(),
            signatures: self.signatures,
            checkpoints: covered.checkpoints,
            checkpointed: covered.size,
            uncovered: self.end.size.saturating_sub(covered.size),
            solo: self.registry.solo(),
            origin: self.origin,
            faults: self.faults,
            notices: self.notices,
            anchors: self.anchors,
            dated: self.dated.anchors,
            brackets: self.brackets,
            witnessed: None,
            setbacks: self.setbacks,
            suspects: Vec::new(),
            erased: self.erased,
        }
    }
}
