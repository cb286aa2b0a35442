//! A disk that drops, tears and reorders what was not synced: what was acknowledged survives.
//!
//! The power goes at every call of short histories, and at random moments of long ones; a sync fails
//! and marks its pages clean, as Linux does. After each the folder is opened by a new process,
//! recovered, verified whole, and compared with what clients remember.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

#[path = "common/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

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
            receipts: Mutex::default(),
            signer: Mutex::default(),
            left: Mutex::default(),
            call: AtomicU64::new(0),
        }
    }

    fn cut(&self, doing: &str, name: &str) {
        let call = self.call.fetch_add(1, Ordering::SeqCst);
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
        let disk = SimulatedDisk::new();
        let (mut world, mut ledger) = World::create(Arc::new(disk.clone())).unwrap();
        let mut chain = Producer::new(key("pipeline"), 1);
        let first = vec![chain.next(&mut world, false), chain.next(&mut world, false)];
        world
            .append(&mut ledger, first)
            .unwrap()
            .into_iter()
            .for_each(|receipt| assert!(receipt.is_ok()));
        let new = key("new");
        let registration = world.register(&new, r#""service":"new""#, r#"["append:deployment.*"]"#);
        let draft = world.finished("failed");
        let by_new = world.sign(&draft, &[&new]);
        let groups = vec![
            vec![world.deployment(), chain.next(&mut world, false)],
            vec![registration, by_new, chain.next(&mut world, false)],
            vec![chain.next(&mut world, false), world.deployment(), chain.next(&mut world, true)],
        ];
        // a ledger whose making was acknowledged is durable, but for what is derived
        Self { base: disk.crash(0), groups, origin: ledger.origin().clone() }
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
    signer::publish(ledger.store(), &signed)
}

/// The short history: appends, the index, a checkpoint.
fn play(history: &History, watched: &Arc<Watched>) -> Result<()> {
    let mut ledger = Ledger::open(watched.clone())?;
    let mut receipts = Receipts::new();
    let mut memory = None;
    for (step, events) in (0..).zip(&history.groups) {
        deliver(&mut ledger, events, step, &mut receipts)?;
        (*watched.receipts.lock().unwrap()).clone_from(&receipts);
        match step {
            0 => drop(ledger.catch_up(1, 100)?),
            _ => {
                // the signer's memory is durable before anything is published
                let signed = signer::sign(&ledger, memory.as_ref(), &key("checkpoint"))?;
                memory = Some(signed.memory.clone());
                (*watched.signer.lock().unwrap()).clone_from(&memory);
                signer::publish(ledger.store(), &signed)?;
            }
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
            cut.iter_mut()
                .for_each(|cut| cut.what = format!("{}, then in recovery {}", left.what, cut.what));
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

/// What a long session should have made: events in the order of their entries.
struct Model {
    world: World,
    disk: SimulatedDisk,
    ledgers: Vec<Ledger>,
    entries: Vec<Vec<u8>>,
    receipts: Receipts,
    sent: Vec<Submission>,
    streams: Vec<Growing>,
    /// source id → original → event.
    imports: Vec<(u64, u64)>,
    memory: Option<signer::Memory>,
}

/// A stream, all events signed for it, and which of them were delivered.
struct Growing {
    producer: Producer,
    places: Vec<Position>,
    events: Vec<(Submission, bool)>,
    ended: bool,
}

impl Model {
    fn new() -> Self {
        let disk = SimulatedDisk::new();
        let (mut world, mut ledger) = World::create(Arc::new(disk.clone())).unwrap();
        let relay =
            world.register(&key("relay"), r#""service":"connector""#, r#"["relay:github"]"#);
        world.offer(&mut ledger, relay).unwrap();
        let entries = world::events_of(&ledger).unwrap();
        let second = Ledger::open(Arc::new(disk.clone())).unwrap();
        Self {
            world,
            disk,
            ledgers: vec![ledger, second],
            entries,
            receipts: Receipts::new(),
            sent: Vec::new(),
            streams: Vec::new(),
            imports: Vec::new(),
            memory: None,
        }
    }

    /// Delivers events; each must be new and come next, or be known by its first receipt.
    fn accepted(&mut self, who: usize, events: Vec<Submission>) {
        let receipts = self.world.append(&mut self.ledgers[who], events.clone()).unwrap();
        for (event, receipt) in events.into_iter().zip(receipts) {
            let receipt = receipt.unwrap();
            let seen = (receipt.index, receipt.hash);
            match self.receipts.get(&Blake3::of(&event.event)) {
                Some(first) => assert_eq!((*first, true), (seen, receipt.known)),
                None => {
                    assert_eq!((receipt.index, receipt.known), (self.entries.len() as u64, false));
                    self.entries.push(event.event.clone());
                    self.receipts.insert(Blake3::of(&event.event), seen);
                    self.sent.push(event);
                }
            }
        }
    }

    fn refused(&mut self, who: usize, event: Submission, code: &str) {
        let refused = self.world.offer(&mut self.ledgers[who], event).unwrap_err();
        assert_eq!(refused.code(), code, "{refused}");
    }

    fn reopen(&mut self) {
        let opened = (0..2).map(|_| Ledger::open(Arc::new(self.disk.clone())).unwrap());
        self.ledgers = opened.collect();
    }

    fn step(&mut self, dice: &mut Dice) -> &'static str {
        let who = usize::try_from(dice.below(2)).unwrap();
        match dice.below(13) {
            0 => self.one_shots(who, dice),
            1 | 2 => self.grow(who, dice),
            3 => self.gap(who, dice),
            4 => self.late(who, dice),
            5 => self.again(who, dice),
            6 => self.fork(who, dice),
            7 => self.import(who, dice),
            8 => {
                self.ledgers[who].catch_up(1, 64).unwrap();
                "catch up"
            }
            9 => {
                if dice.once_in(3) {
                    for file in self.disk.list("index").unwrap() {
                        self.disk.remove(&format!("index/{file}")).unwrap();
                    }
                }
                self.reopen();
                "reopen"
            }
            10 => {
                self.disk = self.disk.crash(dice.below(1 << 40));
                self.reopen();
                self.ledgers[who].recover().unwrap();
                "power cut"
            }
            11 => {
                checkpoint(
                    &{ Ledger::open(Arc::new(self.disk.clone())).unwrap() },
                    &mut self.memory,
                )
                .unwrap();
                "checkpoint"
            }
            _ => self.fail_a_sync(who, dice),
        }
    }

    fn one_shots(&mut self, who: usize, dice: &mut Dice) -> &'static str {
        let events = (0..1 + dice.below(3)).map(|_| self.world.deployment()).collect();
        self.accepted(who, events);
        "one-shots"
    }

    /// Signs the next events of a stream, and remembers them as not delivered.
    fn sign_more(&mut self, dice: &mut Dice, count: u64, may_end: bool) -> usize {
        let open: Vec<usize> =
            (0..self.streams.len()).filter(|at| !self.streams[*at].ended).collect();
        let number = if open.is_empty() || (open.len() < 4 && dice.once_in(3)) {
            let producer = Producer::new(key("pipeline"), 100 + self.streams.len() as u64);
            self.streams.push(Growing {
                producer,
                places: Vec::new(),
                events: Vec::new(),
                ended: false,
            });
            self.streams.len() - 1
        } else {
            open[usize::try_from(dice.below(open.len() as u64)).unwrap()]
        };
        let stream = &mut self.streams[number];
        for _ in 0..count {
            let is_final = may_end && !stream.ended && dice.once_in(12);
            if stream.ended {
                break;
            }
            stream.places.push(stream.producer.position.clone());
            let event = stream.producer.next(&mut self.world, is_final);
            stream.events.push((event, false));
            stream.ended = is_final;
        }
        number
    }

    fn grow(&mut self, who: usize, dice: &mut Dice) -> &'static str {
        let count = 1 + dice.below(3);
        let number = self.sign_more(dice, count, true);
        let all: Vec<Submission> = self.streams[number]
            .events
            .iter_mut()
            .filter(|(_, delivered)| !*delivered)
            .map(|(event, delivered)| {
                *delivered = true;
                event.clone()
            })
            .collect();
        self.accepted(who, all);
        "grow"
    }

    fn gap(&mut self, who: usize, dice: &mut Dice) -> &'static str {
        let number = self.sign_more(dice, 3, false);
        let Some((event, delivered)) = self.streams[number].events.last_mut() else {
            return "gap of none";
        };
        *delivered = true;
        let event = event.clone();
        self.accepted(who, vec![event]);
        "gap"
    }

    fn late(&mut self, who: usize, dice: &mut Dice) -> &'static str {
        let missing: Vec<(usize, usize)> = self
            .streams
            .iter()
            .enumerate()
            .flat_map(|(number, stream)| {
                let open =
                    stream.events.iter().enumerate().filter(|(_, (_, delivered))| !delivered);
                open.map(move |(at, _)| (number, at))
            })
            .collect();
        if missing.is_empty() {
            return "late: none";
        }
        let (number, at) = missing[usize::try_from(dice.below(missing.len() as u64)).unwrap()];
        // another event for the open place does not fit between its neighbours
        let stream = &self.streams[number];
        let follows = stream.events.get(at + 1).is_some_and(|(_, delivered)| *delivered);
        let draft = self.world.finished("aborted");
        let producer = Producer { key: key("pipeline"), position: stream.places[at].clone() };
        let other = producer.here(&mut self.world, &draft);
        if follows {
            self.refused(who, other, "stream-fork");
        }
        let (event, delivered) = &mut self.streams[number].events[at];
        *delivered = true;
        let event = event.clone();
        self.accepted(who, vec![event]);
        "late"
    }

    fn again(&mut self, who: usize, dice: &mut Dice) -> &'static str {
        if self.sent.is_empty() {
            return "again: none";
        }
        let mut pick =
            || self.sent[usize::try_from(dice.below(self.sent.len() as u64)).unwrap()].clone();
        let events = vec![pick(), pick()];
        self.accepted(who, events);
        "again"
    }

    fn fork(&mut self, who: usize, dice: &mut Dice) -> &'static str {
        let draft = self.world.finished("failed");
        let Some(stream) = self.streams.get(usize::try_from(dice.below(4)).unwrap()) else {
            return "fork: none";
        };
        let taken: Vec<usize> =
            (0..stream.events.len()).filter(|at| stream.events[*at].1).collect();
        if taken.is_empty() {
            return "fork: none";
        }
        let at = taken[usize::try_from(dice.below(taken.len() as u64)).unwrap()];
        let producer = Producer { key: key("pipeline"), position: stream.places[at].clone() };
        let after_end =
            stream.ended && stream.events.last().is_some_and(|(_, delivered)| *delivered);
        let beyond = Producer { key: key("pipeline"), position: stream.producer.position.clone() };
        let fork = producer.here(&mut self.world, &draft);
        self.refused(who, fork, "stream-fork");
        if after_end {
            let mut beyond = beyond;
            beyond.position.is_final = false;
            let event = beyond.here(&mut self.world, &draft);
            self.refused(who, event, "stream-ended");
        }
        "fork"
    }

    /// A record of the source, by its number and the version of its original.
    fn imported(&mut self, id: u64, original: u64) -> Submission {
        let mut draft = self.world.finished("succeeded");
        let Value::Object(members) = &mut draft else { unreachable!() };
        members.insert("source".to_owned(), Value::text("github"));
        members.insert("source_id".to_owned(), Value::text(format!("run-{id}")));
        members.insert("ordinal".to_owned(), Value::count(0));
        members.insert("adapter".to_owned(), Value::text("github-actions"));
        let original = ledger_core::encoding::base64(&seed("original", id * 1000 + original));
        members.insert("original".to_owned(), Value::text(original));
        self.world.sign(&draft, &[&key("relay")])
    }

    fn import(&mut self, who: usize, dice: &mut Dice) -> &'static str {
        let known = usize::try_from(dice.below(self.imports.len() as u64 + 1)).unwrap();
        let Some((index, original)) = self.imports.get(known).copied() else {
            let id = self.imports.len() as u64;
            self.imports.push((self.entries.len() as u64, 0));
            let event = self.imported(id, 0);
            self.accepted(who, vec![event]);
            return "import";
        };
        let again = self.imported(known as u64, original);
        let receipt = self.world.offer(&mut self.ledgers[who], again).unwrap();
        assert_eq!(
            (receipt.index, receipt.known),
            (index, true),
            "the same record, imported again"
        );
        let other = self.imported(known as u64, original + 1);
        self.refused(who, other, "source-conflict");
        "import again"
    }

    fn fail_a_sync(&mut self, who: usize, dice: &mut Dice) -> &'static str {
        let event = self.world.deployment();
        self.disk.fail_sync(dice.below(5));
        let outcome = self.world.append(&mut self.ledgers[who], vec![event.clone()]);
        let failed = outcome.is_err();
        if let Ok(receipts) = outcome {
            // enough syncs succeeded: the failing one is still to come, in another step
            let receipt = receipts.into_iter().next().unwrap().unwrap();
            self.entries.push(event.event.clone());
            self.receipts.insert(Blake3::of(&event.event), (receipt.index, receipt.hash));
            self.sent.push(event.clone());
        }
        // no coming sync fails
        self.disk.fail_sync(u64::MAX / 2);
        if failed {
            let other = 1 - who;
            let more = self.world.deployment();
            self.refused(other, more, "poisoned");
            let again = self.world.deployment();
            self.refused(who, again, "poisoned");
            if dice.once_in(2) {
                self.disk = self.disk.crash(dice.below(1 << 40));
                self.reopen();
            }
            self.ledgers[other].recover().unwrap();
            self.ledgers[who].recover().unwrap();
            // it may be there or not; delivered again, it is there once
            self.ledgers[who].refresh().unwrap();
            if self.ledgers[who].size() > self.entries.len() as u64 {
                let at = self.entries.len() as u64;
                let line = self.ledgers[who].line(at).unwrap();
                self.receipts.insert(Blake3::of(&event.event), (at, Blake3::of(&line)));
                self.entries.push(event.event.clone());
                self.sent.push(event.clone());
            }
            self.accepted(who, vec![event]);
            return "failed sync";
        }
        "slow sync"
    }

    fn check(&mut self) -> Finding {
        sound(self.ledgers[0].origin(), &self.disk, &self.receipts, "verify")?;
        for ledger in &mut self.ledgers {
            ledger.refresh().map_err(said("refresh"))?;
            let events = world::events_of(ledger).map_err(said("read"))?;
            if events != self.entries {
                return Err(format!(
                    "{} entries, {} expected, or others",
                    events.len(),
                    self.entries.len()
                ));
            }
        }
        Ok(())
    }
}

#[test]
fn long_sessions_of_two_processes_are_what_the_model_says() {
    for seed in seeds("sessions", 0..6) {
        let mut dice = Dice(seed);
        let mut model = Model::new();
        let mut steps = Vec::new();
        for number in 0..90 {
            let step =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| model.step(&mut dice)));
            let Ok(step) = step else { panic!("seed {seed}, step {number}, after {steps:?}") };
            steps.push(step);
            if let Err(finding) = model.check() {
                panic!("seed {seed}, step {number}: {finding}\nafter {steps:?}");
            }
        }
        println!("seed {seed}: {} entries", model.entries.len());
    }
}
