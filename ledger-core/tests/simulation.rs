//! A disk that drops, tears and reorders what was not synced: what was acknowledged survives.
//!
//! The power goes at every call of short histories, and at random moments of long ones; a sync fails
//! and marks its pages clean, as Linux does. After each the folder is opened by a new process,
//! recovered, verified whole, and compared with what clients remember.
#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "helpers of tests stop at the first surprise"
)]

#[path = "common/history.rs"]
mod history;
#[path = "simulation/roll.rs"]
mod roll;
#[path = "simulation/sessions.rs"]
mod sessions;
#[path = "common/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use history::Script;
use ledger_core::checkpoint::Origin;
use ledger_core::error::{Error, Result};
use ledger_core::hash::Blake3;
use ledger_core::json::Value;
use ledger_core::ledger::{Ledger, Receipt, Submission, is_poisoned};
use ledger_core::producer::Position;
use ledger_core::signer;
use ledger_core::store::simulated::SimulatedDisk;
use ledger_core::store::{Lock, Store};
use ledger_core::verify::Verdict;
use rayon::prelude::*;
use world::{Dice, Producer, World, key, seed, seeds, verified};

/// Event → index and hash of its line.
type Receipts = BTreeMap<Blake3, (u64, Blake3)>;

/// The disk, keeping at each changing call the disks that a power cut just before it may leave.
struct Watched {
    disk: SimulatedDisk,
    seeds: Vec<u64>,
    /// The one call that is of interest, if not every one.
    only: Option<u64>,
    receipts: Mutex<Receipts>,
    signer: Mutex<Option<signer::Memory>>,
    left: Mutex<Vec<Left>>,
    call: AtomicU64,
}

/// One disk that a power cut left, and what had been promised by then.
struct Left {
    disk: SimulatedDisk,
    receipts: Receipts,
    signer: Option<signer::Memory>,
    what: String,
}

impl Watched {
    fn new(disk: SimulatedDisk, seeds: Vec<u64>) -> Self {
        Self {
            disk,
            seeds,
            only: None,
            receipts: Mutex::default(),
            signer: Mutex::default(),
            left: Mutex::default(),
            call: AtomicU64::new(0),
        }
    }

    /// Keeps the disk of one call only.
    fn cut_once(disk: SimulatedDisk, call: u64, seed: u64) -> Self {
        Self { only: Some(call), ..Self::new(disk, vec![seed]) }
    }

    fn cut(&self, doing: &str, name: &str) {
        let call = self.call.fetch_add(1, Ordering::SeqCst);
        if self.only.is_some_and(|only| only != call) {
            return;
        }
        for seed in &self.seeds {
            let mixed = seed.wrapping_mul(1_000_003).wrapping_add(call);
            self.left.lock().unwrap().push(Left {
                disk: self.disk.crash(mixed),
                receipts: self.receipts.lock().unwrap().clone(),
                signer: self.signer.lock().unwrap().clone(),
                what: format!("seed {seed}, call {call} ({doing} `{name}`)"),
            });
        }
    }
}

impl Store for Watched {
    fn len(&self, name: &str) -> Result<Option<u64>> {
        self.disk.len(name)
    }
    fn read(&self, name: &str, offset: u64, buf: &mut [u8]) -> Result<usize> {
        self.disk.read(name, offset, buf)
    }
    fn write(&self, name: &str, offset: u64, bytes: &[u8]) -> Result<()> {
        self.cut("write", name);
        self.disk.write(name, offset, bytes)
    }
    fn sync(&self, name: &str) -> Result<()> {
        self.cut("sync", name);
        self.disk.sync(name)
    }
    fn sync_dir(&self, dir: &str) -> Result<()> {
        self.cut("sync folder", dir);
        self.disk.sync_dir(dir)
    }
    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.cut("rename", from);
        self.disk.rename(from, to)
    }
    fn remove(&self, name: &str) -> Result<()> {
        self.cut("remove", name);
        self.disk.remove(name)
    }
    fn list(&self, dir: &str) -> Result<Vec<String>> {
        self.disk.list(dir)
    }
    fn seal(&self, name: &str) -> Result<()> {
        self.disk.seal(name)
    }
    fn lock(&self, name: &str) -> Result<Box<dyn Lock>> {
        self.disk.lock(name)
    }
}

type Finding = std::result::Result<(), String>;

fn said(what: &str) -> impl Fn(Error) -> String {
    move |error| format!("{what}: {} ({error})", error.code())
}

/// A ledger whose every byte is durable, and groups of events for it.
struct History {
    base: SimulatedDisk,
    groups: Vec<Vec<Submission>>,
    origin: Origin,
}

impl History {
    fn new() -> Self {
        Self::of(history::short)
    }

    fn of(begin: impl FnOnce(Arc<dyn Store>) -> Script) -> Self {
        let disk = SimulatedDisk::new();
        let Script { groups, origin } = begin(Arc::new(disk.clone()));
        // a ledger whose making was acknowledged is durable, but for what is derived
        Self { base: disk.crash(0), groups, origin }
    }
}

fn deliver(
    ledger: &mut Ledger,
    events: &[Submission],
    step: u64,
    receipts: &mut Receipts,
) -> Result<()> {
    let admitted =
        ledger.door().admit(events.to_vec(), [1; 32], ledger_core::signature::Mode::OneByOne);
    let admitted = admitted.into_iter().collect::<Result<Vec<_>>>()?;
    let given = ledger.append(&admitted, world::group(100 + step))?;
    for (event, receipt) in events.iter().zip(given) {
        let Receipt { index, hash, known } = receipt?;
        let before = receipts.insert(Blake3::of(&event.event), (index, hash));
        if before.is_some_and(|before| before != (index, hash) || !known) {
            return Err(Error::untrue(
                "test-receipt",
                format!("{before:?} became {index} {hash:?} {known}"),
            ));
        }
    }
    Ok(())
}

fn checkpoint(ledger: &Ledger, memory: &mut Option<signer::Memory>) -> Result<()> {
    let signed = signer::sign(ledger, memory.as_ref(), &key("checkpoint"))?;
    *memory = Some(signed.memory.clone());
    signer::publish(ledger.store(), &signed).map(drop)
}

/// The short history: appends, the index, a checkpoint.
fn play(history: &History, watched: &Arc<Watched>) -> Result<()> {
    let mut ledger = Ledger::open(watched.clone())?;
    let mut receipts = Receipts::new();
    let mut memory = None;
    for (step, events) in (0..).zip(&history.groups) {
        deliver(&mut ledger, events, step, &mut receipts)?;
        (*watched.receipts.lock().unwrap()).clone_from(&receipts);
        if step == 0 {
            ledger.catch_up(1, 100)?;
        } else {
            // the signer's memory is durable before anything is published
            let signed = signer::sign(&ledger, memory.as_ref(), &key("checkpoint"))?;
            memory = Some(signed.memory.clone());
            (*watched.signer.lock().unwrap()).clone_from(&memory);
            signer::publish(ledger.store(), &signed)?;
        }
    }
    Ok(())
}

fn sound(origin: &Origin, store: &dyn Store, receipts: &Receipts, what: &str) -> Finding {
    let held: Vec<_> = receipts.values().copied().collect();
    let report = verified(store, origin, &held).map_err(said(what))?;
    if report.verdict == Verdict::Holds && report.faults.is_empty() {
        return Ok(());
    }
    Err(format!("{what}: {:?} {:?} {:?}", report.verdict, report.reason, report.faults))
}

/// A new process finds the disk, recovers it, and all is delivered again.
fn survives(history: &History, left: &Left) -> Finding {
    let disk = &left.disk;
    let mut receipts = left.receipts.clone();
    let mut memory = left.signer.clone();
    let mut ledger = Ledger::open(Arc::new(disk.clone())).map_err(said("open"))?;
    ledger.recover().map_err(said("recover"))?;
    sound(&history.origin, disk, &receipts, "recovered")?;
    for (step, events) in (50..).zip(&history.groups) {
        deliver(&mut ledger, events, step, &mut receipts).map_err(said("again"))?;
    }
    let events = world::events_of(&ledger).map_err(said("read"))?;
    let sent = history.groups.iter().map(Vec::len).sum::<usize>();
    if events.len() != 6 + sent {
        return Err(format!("{} entries, not {}", events.len(), 6 + sent));
    }
    ledger.catch_up(1, 100).map_err(said("catch up"))?;
    checkpoint(&ledger, &mut memory).map_err(said("checkpoint"))?;
    sound(&history.origin, disk, &receipts, "at the end")?;
    // and what the survivor promised survives too
    let again = disk.crash(7);
    let opened = Ledger::open(Arc::new(again.clone())).map_err(said("second cut: open"))?;
    sound(&history.origin, opened.store().as_ref(), &receipts, "second cut")
}

fn all_survive(name: &str, history: &History, left: &[Left]) {
    let found: Vec<String> = left
        .par_iter()
        .filter_map(|left| {
            survives(history, left).err().map(|finding| format!("{}\n    {finding}", left.what))
        })
        .collect();
    println!("{name}: {} disks", left.len());
    assert!(left.len() > 30, "{name}: {} disks only", left.len());
    let few: Vec<&str> = found.iter().take(12).map(String::as_str).collect();
    assert!(
        found.is_empty(),
        "{name}: {} of {} lost:\n{}",
        found.len(),
        left.len(),
        few.join("\n")
    );
}

#[test]
fn power_cut_at_every_call_of_a_history_loses_nothing_acknowledged() {
    let history = History::new();
    let watched = Arc::new(Watched::new(history.base.crash(0), seeds("power cut", 0..8)));
    play(&history, &watched).unwrap();
    watched.cut("end", "");
    all_survive("history", &history, &watched.left.lock().unwrap());
}

#[test]
fn power_cut_at_every_call_of_a_recovery_loses_nothing_acknowledged() {
    let history = History::new();
    let seeds = seeds("power cut in recovery", 0..2);
    // disks with lines past the head, torn heads and the like, from a first power cut
    let first = Arc::new(Watched::new(history.base.crash(0), seeds.clone()));
    play(&history, &first).unwrap();
    let mut disks = Vec::new();
    for left in first.left.lock().unwrap().iter() {
        let watched = Arc::new(Watched::new(left.disk.crash(0), seeds.clone()));
        (*watched.receipts.lock().unwrap()).clone_from(&left.receipts);
        (*watched.signer.lock().unwrap()).clone_from(&left.signer);
        let Ok(mut ledger) = Ledger::open(watched.clone()) else { continue };
        if ledger.recover().is_ok_and(|mended| mended.is_some()) {
            watched.cut("end", "");
            let mut cut = std::mem::take(&mut *watched.left.lock().unwrap());
            for cut in &mut cut {
                cut.what = format!("{}, then in recovery {}", left.what, cut.what);
            }
            disks.append(&mut cut);
        }
    }
    all_survive("recovery", &history, &disks);
}

#[test]
fn power_cut_at_every_call_of_a_creation_leaves_a_ledger_or_none() {
    let origin = History::new().origin;
    let watched =
        Arc::new(Watched::new(SimulatedDisk::new(), seeds("power cut in creation", 0..8)));
    let first = world::genesis("example/releases", &[key("root a"), key("root b")]);
    let new = ledger_core::ledger::Beginning {
        persons_key: ledger_core::vault::persons::Key(seed("persons", 0)),
        vault_key: ledger_core::vault::key::VaultSecret::generate(&seed("vault", 0)).public(),
        group: world::group(0),
    };
    ledger_core::ledger::create(watched.clone(), first, new).unwrap();
    let before = watched.left.lock().unwrap().len();
    watched.cut("end", "");
    let mut made = 0;
    for (number, left) in watched.left.lock().unwrap().iter().enumerate() {
        match Ledger::open(Arc::new(left.disk.clone())) {
            Ok(_) => {
                made += 1;
                sound(&origin, &left.disk, &Receipts::new(), &left.what).unwrap();
            }
            Err(error) => {
                assert_eq!(error.code(), "ledger-none", "{}", left.what);
                assert!(number < before, "an acknowledged ledger is gone: {}", left.what);
            }
        }
    }
    assert!(made > 0);
}

/// Every sync fails once, marking its pages clean; then the power goes, or recovery comes first.
#[test]
fn failed_sync_that_marks_pages_clean_loses_nothing_acknowledged() {
    let history = History::new();
    let counting = Arc::new(Watched::new(history.base.crash(0), Vec::new()));
    let before = counting.disk.syncs();
    play(&history, &counting).unwrap();
    let syncs = counting.disk.syncs() - before;
    let cuts = seeds("failed sync", 0..4);
    println!("{syncs} syncs");
    let found: Vec<String> = (0..syncs)
        .into_par_iter()
        .filter_map(|sync| {
            failed_sync(&history, sync, &cuts)
                .err()
                .map(|finding| format!("sync {sync}: {finding}"))
        })
        .collect();
    assert!(syncs > 15 && found.is_empty(), "{} lost:\n{}", found.len(), found.join("\n"));
}

fn failed_sync(history: &History, sync: u64, cuts: &[u64]) -> Finding {
    let watched = Arc::new(Watched::new(history.base.crash(0), Vec::new()));
    watched.disk.fail_sync(sync);
    let outcome = play(history, &watched);
    let Err(error) = outcome else { return Err("nobody was told".to_owned()) };
    let left = |disk: SimulatedDisk, what: String| Left {
        disk,
        receipts: watched.receipts.lock().unwrap().clone(),
        signer: watched.signer.lock().unwrap().clone(),
        what,
    };
    for cut in cuts {
        let left = left(watched.disk.crash(*cut), format!("{error}; cut {cut}"));
        survives(history, &left).map_err(|finding| format!("{}: {finding}", left.what))?;
    }
    // no power cut: another process recovers what it can only see in memory, and then the power goes
    let mut receipts = watched.receipts.lock().unwrap().clone();
    let memory = watched.signer.lock().unwrap().clone();
    let poisoned = is_poisoned(&watched.disk).map_err(said("poison"))?;
    let mut ledger = Ledger::open(Arc::new(watched.disk.clone())).map_err(said("open"))?;
    if poisoned {
        ledger.recover().map_err(said("recover"))?;
    }
    for (step, events) in (50..).zip(&history.groups) {
        deliver(&mut ledger, events, step, &mut receipts).map_err(said("after recovery"))?;
    }
    for cut in cuts {
        let what = format!("{error}; recovered ({poisoned}); cut {cut}");
        let left = Left {
            disk: watched.disk.crash(*cut),
            receipts: receipts.clone(),
            signer: memory.clone(),
            what,
        };
        survives(history, &left).map_err(|finding| format!("{}: {finding}", left.what))?;
    }
    Ok(())
}
