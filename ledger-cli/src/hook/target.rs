//! Where events are delivered to: a folder, or a server.

pub(crate) mod remote;

use ledger_core::blob;
use ledger_core::checkpoint::Origin;
use ledger_core::key::Signer;
use ledger_core::ledger::{Ledger, Receipt, Submission};

use crate::attachments::{self, Brought};
use crate::context::{Context, Folder};
use crate::delivery::{self, recovery};
use crate::failure::{Failure, Result};
use crate::output::talk;
use crate::published;
use crate::seen::{self, Sight};

/// What became of one event.
pub(crate) type Outcome = std::result::Result<Receipt, Failure>;

/// Takes signed events to a ledger.
pub(crate) trait Delivery {
    /// Delivers the events in order, all or none of them; inside, the receipts or why the first was
    /// refused. The outer failure means that nobody knows what became of them: the same bytes are
    /// delivered again, and kept once.
    fn together(
        &mut self,
        events: Vec<Submission>,
        signers: &[&dyn Signer],
    ) -> Result<std::result::Result<Vec<Receipt>, Failure>>;

    /// Delivers the events in order, each for itself. The outer failure is as of
    /// [`Delivery::together`].
    fn each(&mut self, events: Vec<Submission>) -> Result<Vec<Outcome>>;

    /// What the real delivery would say, without delivering.
    fn rehearse(
        &mut self,
        events: Vec<Submission>,
    ) -> Result<Vec<std::result::Result<(), Failure>>>;

    /// Puts bytes that events will name where the ledger has them, durably.
    fn put(&mut self, bytes: &[u8]) -> Result<()>;

    /// The proof of an entry, as of now; codes `checkpoint-none`, `checkpoint-behind` when it is too early.
    fn prove(&mut self, receipt: Receipt) -> Result<Vec<u8>>;

    /// What the events' producer has seen of the ledger.
    fn sight(&self) -> &Sight;

    /// The ledger's origin.
    fn origin(&self) -> &Origin;

    /// After the promise is out: what may be done without breaking it.
    fn settle(&mut self, signers: &[&dyn Signer]);
}

/// A ledger's folder.
pub(crate) struct ToFolder {
    folder: Folder,
    ledger: Ledger,
    sight: Sight,
}

/// Opens what `--to` or `--ledger` names.
pub(crate) fn open(context: &Context) -> Result<Box<dyn Delivery>> {
    if let Some(address) = context.server()? {
        return Ok(Box::new(remote::open(&address, context)?));
    }
    let (folder, ledger, sight) = seen::open(context)?;
    Ok(Box::new(ToFolder { folder, ledger, sight }))
}

impl ToFolder {
    /// Puts the attachments that wait here for these events where the ledger has them.
    fn bring(&self, events: &[Submission]) -> Result<Brought> {
        let Folder { state, origin, store, .. } = &self.folder;
        attachments::bring(state, origin, &**store, events)
            .map_err(|failure| self.folder.place(failure))
    }
}

/// What is in the ledger need not wait any longer.
fn forget(brought: &Brought) {
    if let Err(failure) = brought.delivered() {
        talk(format!("note: what was attached is in the ledger, and still lies here: {failure}"));
    }
}

impl Delivery for ToFolder {
    fn together(
        &mut self,
        events: Vec<Submission>,
        signers: &[&dyn Signer],
    ) -> Result<std::result::Result<Vec<Receipt>, Failure>> {
        let brought = self.bring(&events)?;
        let items = &brought.items;
        match delivery::keeping(&mut self.ledger, &self.sight, signers, events, items) {
            Ok(receipts) => {
                forget(&brought);
                Ok(Ok(receipts))
            }
            Err((Some(_), refused)) => Ok(Err(refused)),
            Err((None, failure)) => Err(self.folder.place(failure)),
        }
    }

    fn each(&mut self, events: Vec<Submission>) -> Result<Vec<Outcome>> {
        let brought = self.bring(&events)?;
        let said = delivery::each(&mut self.ledger, events, &brought.items, false);
        let said = said.map_err(|failure| self.folder.place(failure))?;
        if said.iter().all(std::result::Result::is_ok) {
            forget(&brought);
        }
        Ok(said.into_iter().map(|one| one.map_err(|refusal| refusal.failure())).collect())
    }

    fn rehearse(
        &mut self,
        events: Vec<Submission>,
    ) -> Result<Vec<std::result::Result<(), Failure>>> {
        let said = delivery::rehearse(&mut self.ledger, events);
        said.map_err(|failure| self.folder.place(failure))
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        let stored = blob::put(&*self.folder.store, bytes).map(drop);
        stored.map_err(|error| self.folder.place(error.into()))
    }

    fn prove(&mut self, receipt: Receipt) -> Result<Vec<u8>> {
        published::prove(&self.folder, receipt)
    }

    fn sight(&self) -> &Sight {
        &self.sight
    }

    fn origin(&self) -> &Origin {
        self.ledger.origin()
    }

    fn settle(&mut self, signers: &[&dyn Signer]) {
        let note = |what: &str, failure: Failure| talk(format!("note: {what}: {failure}"));
        let recorded = recovery::record_all(&self.folder, &mut self.ledger, &self.sight, signers);
        if let Err(failure) = recorded {
            note("what recovery did waits to be recorded", failure);
        }
        if let Err(failure) = self.sight.remember(&self.folder) {
            note("the checkpoint was not remembered", failure);
        }
        if let Err(failure) = delivery::tidy(&self.folder, &mut self.ledger) {
            note("the receipt was not remembered", failure);
        }
    }
}
