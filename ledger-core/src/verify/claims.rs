//! What an entry says that is judged by more than the entry: a fork by its evidence, a key that is not
//! known by those that come later.

use super::fault::{Class, Fault, Notice, Unknown};
use super::folder::{MAX_FAULTS, Run};
use super::window::Summary;
use crate::blob;
use crate::checkpoint::Origin;
use crate::error::Error;
use crate::fork::Claim;

impl Run<'_> {
    /// The evidence of a forked stream. Without its bytes nothing is claimed: they may be elsewhere.
    pub(super) fn fork(&mut self, index: u64, claim: &Claim) {
        let ledger = Origin::parse(&self.origin).map(|origin| origin.genesis().0).ok();
        let outcome = match blob::get(self.store, claim.conflicting) {
            Ok(Some(bytes)) => claim.evidence(&bytes, ledger, &self.registry).map(drop),
            Err(error) if error.kind() == crate::error::Kind::Untrue => Err(error),
            Ok(None) | Err(_) => {
                let stream = &claim.stream;
                let message = format!(
                    "entry {index} says that stream `{stream}` forked at {}, and the other event is not in `blobs/`: it shows nothing",
                    claim.seq
                );
                self.notices.push(Notice { code: "fork-unproven", message });
                return;
            }
        };
        if let Err(error) = outcome {
            self.fault(Some(index), Class::Link, &error);
        }
    }

    /// Keeps, once for each key, what is asked again when all keys are known.
    pub(super) fn remember_unknown(&mut self, summary: &Summary, error: &Error) {
        let known = self.unknown.iter().any(|unknown| unknown.message == error.message());
        if !known && self.unknown.len() < MAX_FAULTS {
            let signers = summary.signatures.iter().map(|signature| signature.key).collect();
            let message = error.message().to_owned();
            self.unknown.push(Unknown { index: summary.index, signers, message });
        }
    }

    /// What was refused for a key that is not registered: it is early where a later entry registers it.
    pub(super) fn hindsight(&mut self) {
        for Unknown { index, signers, message } in std::mem::take(&mut self.unknown) {
            let same =
                |fault: &&mut Fault| fault.index == Some(index) && fault.code == "key-unknown";
            if let Some(early) = self.registry.early(index, &signers, &message)
                && let Some(fault) = self.faults.iter_mut().find(same)
            {
                (fault.code, fault.message) = (early.code(), early.to_string());
            }
        }
    }
}
