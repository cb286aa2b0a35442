//! The porter: the thread at the door. It gathers what arrives and checks forms and signatures, on all
//! cores, while the sequencer writes the group before; order and authority are judged there.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use ledger_core::ledger::{Door, Ledger};
use tokio::sync::oneshot;

use super::connector::Connector;
use crate::delivery::group::{Admission, Part, Said};
use crate::failure::{Failure, Result};
use crate::importing::Summary;

/// The most deliveries that wait.
const QUEUE: usize = 4096;
/// The most events of one group; one delivery may be larger.
const GROUP: usize = 4096;

/// What is to be appended, and where the answer goes.
pub(super) enum Job {
    /// Signed events.
    Events(Part, oneshot::Sender<Said>),
    /// A request of another system that was kept, by the connector's place: its events are made by the
    /// sequencer.
    Import(Arc<Connector>, PathBuf, oneshot::Sender<Result<Summary>>),
}

/// What the porter hands to the sequencer.
pub(super) enum Work {
    /// A group of deliveries behind the door, with an answer for each.
    Events(Result<Admission>, Vec<oneshot::Sender<Said>>),
    /// An import, as it came.
    Import(Arc<Connector>, PathBuf, oneshot::Sender<Result<Summary>>),
}

/// The way to the porter.
#[derive(Clone)]
pub(super) struct Queue(SyncSender<Job>);

impl Queue {
    /// Hands a delivery over; gives it back when too many wait, or when the server ends.
    pub(super) fn offer(&self, job: Job) -> std::result::Result<(), Job> {
        self.0.try_send(job).map_err(|error| match error {
            TrySendError::Full(job) | TrySendError::Disconnected(job) => job,
        })
    }
}

/// The keys that were registered when the sequencer last said so. Who is not among them is checked
/// under the lock.
#[derive(Clone)]
pub(super) struct Lookup(Arc<Mutex<Door>>);

impl Lookup {
    /// The keys of a ledger.
    pub(super) fn of(ledger: &Ledger) -> Self {
        Self(Arc::new(Mutex::new(ledger.door())))
    }

    /// Takes over what the ledger knows now.
    pub(super) fn knows(&self, ledger: &Ledger) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = ledger.door();
    }

    fn door(&self) -> Door {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Starts the porter; it ends when every [`Queue`] is dropped, after what waits is handed over.
pub(super) fn start(lookup: Lookup) -> Result<(Queue, Receiver<Work>)> {
    let (queue, jobs) = sync_channel(QUEUE);
    // one group waits while one is written: what arrives meanwhile shares the next
    let (way, work) = sync_channel(0);
    let thread = std::thread::Builder::new().name("porter".to_owned());
    let carry = move || while carry(&jobs, &lookup, &way).is_some() {};
    thread.spawn(carry).map_err(|error| threads(&error))?;
    Ok((Queue(queue), work))
}

/// A thread that cannot be started.
pub(super) fn threads(error: &std::io::Error) -> Failure {
    Failure::new("threads", format!("cannot start a thread: {error}"))
}

/// Hands over what waits, up to a group of events or an import; none when either side has ended.
fn carry(jobs: &Receiver<Job>, lookup: &Lookup, way: &SyncSender<Work>) -> Option<()> {
    let (mut parts, mut replies, mut events) = (Vec::new(), Vec::new(), 0);
    let mut next = jobs.recv().ok();
    let import = loop {
        match next? {
            Job::Events(part, reply) => {
                events += part.events.len();
                parts.push(part);
                replies.push(reply);
            }
            Job::Import(connector, file, reply) => {
                break Some(Work::Import(connector, file, reply));
            }
        }
        if events >= GROUP {
            break None;
        }
        match jobs.try_recv() {
            Ok(job) => next = Some(job),
            Err(_) => break None,
        }
    };
    if !parts.is_empty() {
        let admission = Admission::of(&lookup.door(), parts);
        way.send(Work::Events(admission, replies)).ok()?;
    }
    if let Some(import) = import {
        way.send(import).ok()?;
    }
    Some(())
}
