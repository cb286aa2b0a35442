//! The sequencer: the one thread that appends. What arrives while it writes becomes the next group, so
//! that many requests share one sync; each is answered when its events are durable, never before. The
//! porter before it checks the signatures of the next group meanwhile.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ledger_core::key::{Signer, SigningKey};
use ledger_core::ledger::Ledger;
use ledger_core::signer::{self, CHECKPOINT, Memory, Signed};
use ledger_core::store;
use tokio::sync::{oneshot, watch};

use super::connector::Connector;
use super::metrics::Metrics;
use super::newest::{self, Newest};
use super::porter::{self, Lookup, Queue, Work};
use crate::clock::Steps;
use crate::context::Folder;
use crate::delivery::group::{Admission, Said, commit};
use crate::delivery::{self, recovery};
use crate::failure::{Failure, Result};
use crate::files;
use crate::importing::Summary;
use crate::keys::Key;
use crate::output;
use crate::seen::Sight;

/// How often the sequencer looks after what is not an event: checkpoints of others, its own, the index.
const TICK: Duration = Duration::from_millis(800);
/// After so many of them it looks for what was kept and could not be imported.
const LEFT_OVER: u64 = 64;
/// The index takes in so many entries at a time, beside the log.
const INDEXED: usize = 4096;
/// Runs of the index with fewer entries than this are merged.
const MERGE_BELOW: u64 = 65_536;

/// What the sequencer stands on.
pub(super) struct Desk {
    pub(super) folder: Arc<Folder>,
    pub(super) connectors: Arc<Vec<Arc<Connector>>>,
    pub(super) ledger: Ledger,
    /// Signs what shows forks, conflicts and recoveries.
    pub(super) key: Option<Key>,
    /// Signs checkpoints.
    pub(super) signer: Option<SigningKey>,
    pub(super) metrics: Arc<Metrics>,
}

struct Sequencer {
    desk: Desk,
    /// Where the porter looks up keys.
    lookup: Lookup,
    /// What was signed last; none before the first.
    memory: Option<Memory>,
    publish: Option<Publisher>,
    newest: watch::Sender<Newest>,
    index: Option<JoinHandle<ledger_core::error::Result<()>>>,
    /// Whether the ledger must be opened again before it can be used.
    broken: bool,
    told: Option<String>,
    ticks: u64,
    clock: Steps,
}

/// The thread that publishes, and the way to it.
struct Publisher {
    way: SyncSender<Signed>,
    running: JoinHandle<()>,
}

/// Starts the sequencer; it ends when every [`Queue`] is dropped, after what waits is written.
pub(super) fn start(desk: Desk) -> Result<(Queue, watch::Receiver<Newest>, JoinHandle<()>)> {
    let lookup = Lookup::of(&desk.ledger);
    let note = store::read_all(&*desk.folder.store, CHECKPOINT)?.map(Arc::new);
    let (newest, watched) = watch::channel(note);
    let memory = match &desk.signer {
        Some(_) => desk.folder.state.signed(&desk.folder.origin)?,
        None => None,
    };
    let publish = desk.signer.as_ref().map(|_| publisher(&desk.folder, newest.clone()));
    let mut sequencer = Sequencer {
        desk,
        lookup: lookup.clone(),
        memory,
        publish,
        newest,
        index: None,
        broken: false,
        told: None,
        ticks: 0,
        clock: Steps::begin()?,
    };
    let (queue, work) = porter::start(lookup)?;
    let thread = std::thread::Builder::new().name("sequencer".to_owned());
    let running =
        thread.spawn(move || sequencer.run(&work)).map_err(|error| porter::threads(&error))?;
    Ok((queue, watched, running))
}

/// The thread that remembers and publishes what was signed, in this order, while events go on.
fn publisher(folder: &Folder, newest: watch::Sender<Newest>) -> Publisher {
    let (way, receiver) = sync_channel::<Signed>(1);
    let (store, state) = (Arc::clone(&folder.store), folder.state.clone());
    let origin = folder.origin.clone();
    let running = std::thread::spawn(move || {
        for signed in receiver {
            // if we stop after this, the next start signs a tree that continues it
            let kept = state.keep_signed(&origin, &signed.memory);
            let published =
                kept.and_then(|()| signer::publish(&store, &signed).map_err(Failure::from));
            match published {
                Ok(note) => newest::show(&newest, &Arc::new(note)),
                Err(failure) => output::note(&output::described(&failure)),
            }
        }
    });
    Publisher { way, running }
}

impl Sequencer {
    fn run(&mut self, work: &Receiver<Work>) {
        let mut tick = Instant::now();
        self.left_over();
        loop {
            match work.recv_timeout(TICK.saturating_sub(tick.elapsed())) {
                Ok(Work::Events(admission, replies)) => self.group(admission, replies),
                Ok(Work::Import(connector, file, reply)) => {
                    let done = self.import(&connector, &file);
                    drop(reply.send(done));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if tick.elapsed() >= TICK {
                self.tick();
                tick = Instant::now();
            }
        }
        self.end();
    }

    /// What was accepted is written: the last checkpoint, and what still runs beside the log.
    fn end(&mut self) {
        self.tick();
        let behind = match (&self.memory, &self.publish) {
            (Some(memory), Some(_)) => memory.size < self.desk.ledger.size(),
            _ => false,
        };
        if behind && let Err(failure) = self.sign(true) {
            super::journal::say("sequencer", &failure.to_string());
        }
        if let Some(Publisher { way, running }) = self.publish.take() {
            drop(way);
            drop(running.join());
        }
        if let Some(index) = self.index.take() {
            drop(index.join());
        }
    }

    /// Imports a request that was kept, and lets go of it.
    fn import(&mut self, connector: &Connector, file: &Path) -> Result<Summary> {
        // what waited in the queue may have been found among what was left over
        if !file.exists() {
            return Ok(Summary::default());
        }
        self.usable()?;
        let desk = &mut self.desk;
        let done = connector.import(file, &mut desk.ledger);
        self.broken |= done.as_ref().is_err_and(|failure| failure.code() != "busy");
        if done.is_ok() {
            // if we stop before this, it is imported once more, and all of it is known
            files::remove(file)?;
        }
        self.desk.metrics.stands(self.desk.ledger.size());
        self.index();
        done
    }

    /// Imports what was kept and could not be imported.
    fn left_over(&mut self) {
        let connectors = Arc::clone(&self.desk.connectors);
        for connector in connectors.iter() {
            for file in connector.kept(&self.desk.folder) {
                if let Err(failure) = self.import(connector, &file) {
                    super::journal::say("import", &failure.to_string());
                    return;
                }
            }
        }
    }

    /// Writes a group and answers each of its deliveries.
    fn group(&mut self, admission: Result<Admission>, replies: Vec<oneshot::Sender<Said>>) {
        let begun = Instant::now();
        let said = match self.usable().and(admission) {
            Ok(admission) => {
                let signers: Vec<&dyn Signer> =
                    self.desk.key.iter().map(|key| key as &dyn Signer).collect();
                commit(&mut self.desk.ledger, admission, &Sight::default(), &signers)
            }
            Err(failure) => replies.iter().map(|_| Err(failure.clone())).collect(),
        };
        let failed = said.iter().find_map(|said| said.as_ref().err().cloned());
        self.broken |= failed.as_ref().is_some_and(|failure| failure.code() != "busy");
        self.desk.metrics.group(begun.elapsed(), &said, self.desk.ledger.size());
        for (reply, said) in replies.into_iter().zip(said) {
            // who no longer listens delivers again, and gets this receipt then
            drop(reply.send(said));
        }
        self.report(failed.map(|failure| failure.to_string()));
        self.index();
    }

    /// After a failure the ledger is opened anew: what was wrong may have been mended meanwhile.
    fn usable(&mut self) -> Result<()> {
        if self.broken {
            let folder = self.desk.folder.afresh()?;
            self.desk.ledger = folder.open()?;
            self.desk.folder = Arc::new(folder);
            self.broken = false;
        }
        Ok(())
    }

    /// Says once what is wrong, and once that it is right again.
    fn report(&mut self, failed: Option<String>) {
        if self.told != failed {
            let word = failed.as_deref().unwrap_or("the ledger takes events again").to_owned();
            super::journal::say("sequencer", &word);
            self.told = failed;
        }
    }

    /// What is done from time to time, whether events arrive or not.
    fn tick(&mut self) {
        self.ticks += 1;
        if self.ticks.is_multiple_of(LEFT_OVER) {
            self.left_over();
        }
        if let Ok(Some(step)) = self.clock.step() {
            super::journal::say("clock", &step);
        }
        let done = self.look_after();
        self.broken |= done.is_err();
        self.report(done.err().map(|failure| failure.to_string()));
        self.index();
    }

    fn look_after(&mut self) -> Result<()> {
        self.usable()?;
        let desk = &mut self.desk;
        desk.ledger.refresh()?;
        if let Some(key) = &desk.key {
            recovery::record_all(&desk.folder, &mut desk.ledger, &Sight::default(), &[key])?;
        }
        delivery::remember(&desk.folder, &desk.ledger)?;
        desk.metrics.stands(desk.ledger.size());
        // others sign too: what they publish is shown, whatever becomes of our own
        let before = self.newest.borrow().clone();
        let stored = store::read_all(&*self.desk.folder.store, CHECKPOINT)?;
        newest::show_stored(&self.newest, &before, stored)?;
        self.sign(false)
    }

    /// Signs what is new, unless the checkpoint before is still being published and nobody waits for that.
    fn sign(&mut self, wait: bool) -> Result<()> {
        let (Some(key), Some(publish)) = (&self.desk.signer, &self.publish) else { return Ok(()) };
        if self.memory.as_ref().is_some_and(|memory| memory.size == self.desk.ledger.size()) {
            return Ok(());
        }
        let signed = signer::sign(&self.desk.ledger, self.memory.as_ref(), key)
            .map_err(|error| Failure::by_law(&error))?;
        let memory = signed.memory.clone();
        let sent = if wait {
            publish.way.send(signed).is_ok()
        } else {
            publish.way.try_send(signed).is_ok()
        };
        if sent {
            self.memory = Some(memory);
        }
        Ok(())
    }

    /// The porter and the index take in what is new, beside the log.
    fn index(&mut self) {
        self.lookup.knows(&self.desk.ledger);
        if let Some(done) = self.index.take_if(|index| index.is_finished()) {
            let written = done.join().unwrap_or(Ok(()));
            let taken = self.desk.ledger.take_over();
            if let Err(error) = written.and(taken) {
                super::journal::say("index", &error.to_string());
            }
        }
        if self.index.is_none()
            && let Ok(Some(handover)) = self.desk.ledger.hand_over(INDEXED)
        {
            self.index = Some(std::thread::spawn(move || handover.write(MERGE_BELOW)));
        }
    }
}
