//! Importing: records of other systems, read by the pure functions of `import`, on their way into the
//! ledger. The command line brings them in files, the server as they arrive.

mod batch;
mod desk;
pub(crate) mod flow;
pub(crate) mod input;
mod list;

use ledger_core::json::Value;
use ledger_core::key::SigningKey;
use ledger_core::ledger::Ledger;

use batch::Batches;
use flow::{Counts, Job};

use crate::failure::{Failure, Result};
use crate::import;
use crate::seen::Sight;

/// How many records became what. `read` is the sum of the four after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Records.
    pub(crate) read: u64,
    /// Became events.
    pub(crate) recorded: u64,
    /// Were imported before.
    pub(crate) duplicate: u64,
    /// Are kept as they came.
    pub(crate) unmapped: u64,
    /// Could not be read.
    pub(crate) quarantined: u64,
    /// Of those recorded: another record was known under the id.
    pub(crate) conflicted: u64,
    /// Entries that were appended.
    pub(crate) entries: u64,
}

/// Imports what a job reads, durably.
pub(crate) fn run(
    job: &Job<'_>,
    signer: &SigningKey,
    (ledger, sight): (&mut Ledger, &Sight),
    summary: &mut Summary,
) -> Result<()> {
    // an input without a single record needs no vault
    match vault_of(ledger) {
        Ok(persons) => {
            let source = job.source;
            Batches { source, signer, sight, ledger, persons }.run(job, summary)
        }
        Err(failure) => job.read(|_| Err(failure.clone())).map(|counts| summary.take(counts)),
    }
}

/// Whether a record became nothing but what keeps it as it came.
pub(crate) fn is_unmapped(events: &[import::Event]) -> bool {
    events.iter().all(|event| event.kind == "external.recorded")
}

impl Summary {
    /// Adds what another run did.
    pub(crate) fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.recorded += other.recorded;
        self.duplicate += other.duplicate;
        self.unmapped += other.unmapped;
        self.quarantined += other.quarantined;
        self.conflicted += other.conflicted;
        self.entries += other.entries;
    }

    /// What the reading end counted.
    pub(crate) fn take(&mut self, counts: Counts) {
        self.read += counts.read;
        self.quarantined += counts.quarantined;
    }

    /// All of it, for machines.
    pub(crate) fn value(&self) -> Value {
        Value::object([
            ("conflicted", Value::count(self.conflicted)),
            ("duplicate", Value::count(self.duplicate)),
            ("entries", Value::count(self.entries)),
            ("quarantined", Value::count(self.quarantined)),
            ("read", Value::count(self.read)),
            ("recorded", Value::count(self.recorded)),
            ("unmapped", Value::count(self.unmapped)),
        ])
    }

    /// All of it in a line.
    pub(crate) fn line(&self) -> String {
        let Self { read, recorded, duplicate, unmapped, quarantined, .. } = self;
        let conflicted = match self.conflicted {
            0 => String::new(),
            count => format!("; {count} of those recorded conflict with an earlier record"),
        };
        format!(
            "{read} read: {recorded} recorded, {duplicate} duplicate, {unmapped} unmapped, {quarantined} quarantined{conflicted}"
        )
    }
}

/// A ledger that cannot keep originals takes no imports.
fn refuse_without_vault(what: &str) -> Failure {
    Failure::refused("import-vault", format!("the ledger has no {what} to keep originals for"))
        .hint("restore the vault's files with `ledger vault restore`; nothing was appended")
}

/// The persons' key and the vault's, without which no original can be cited.
fn vault_of(ledger: &Ledger) -> Result<ledger_core::vault::persons::Key> {
    use ledger_core::vault::{key, persons::Persons};
    let store = &**ledger.store();
    if store.len(key::FILE)?.is_none() {
        return Err(refuse_without_vault("vault"));
    }
    let persons = Persons::open(store)?.ok_or_else(|| refuse_without_vault("index of persons"))?;
    Ok(persons.key())
}
