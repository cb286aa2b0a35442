//! The log at size: durable append, open, verify, proof and look-up, each beside the machine's ceiling.

#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a bench prints its figures, as rates"
)]
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use ledger_core::error::{Error, Result};
use ledger_core::index::Kind;
use ledger_core::ledger::{Admitted, Ledger, Submission};
use ledger_core::signature::{self, Check, Mode};
use ledger_core::signer;
use ledger_core::store::dir::Dir;
use ledger_core::store::{Lock, Store};
use ledger_core::tree;
use ledger_core::tree_files::TreeFiles;
use ledger_core::verify::{Options, verify};

use crate::workload::{self, KEYS, Positions, seed};

/// Events of one commit.
const GROUP: usize = 1000;
/// Groups that the door checks at a time.
const DOOR: usize = 8;
/// Groups that may wait between door and commit.
const QUEUE: usize = 16;
/// Entries that become one run of the index.
const INDEXED: usize = 65_536;
/// How often 16,384 signatures are checked for the ceiling: some four seconds.
const PASSES: u64 = 40;
/// Events made at a time, outside the clock.
const CHUNK: u64 = 200_000;

/// A store that counts its syncs.
struct Counting {
    inner: Dir,
    syncs: Arc<AtomicU64>,
}

impl Store for Counting {
    fn len(&self, name: &str) -> Result<Option<u64>> {
        self.inner.len(name)
    }
    fn read(&self, name: &str, offset: u64, buf: &mut [u8]) -> Result<usize> {
        self.inner.read(name, offset, buf)
    }
    fn write(&self, name: &str, offset: u64, bytes: &[u8]) -> Result<()> {
        self.inner.write(name, offset, bytes)
    }
    fn sync(&self, name: &str) -> Result<()> {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        self.inner.sync(name)
    }
    fn sync_dir(&self, dir: &str) -> Result<()> {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        self.inner.sync_dir(dir)
    }
    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.inner.rename(from, to)
    }
    fn remove(&self, name: &str) -> Result<()> {
        self.inner.remove(name)
    }
    fn list(&self, dir: &str) -> Result<Vec<String>> {
        self.inner.list(dir)
    }
    fn seal(&self, name: &str) -> Result<()> {
        self.inner.seal(name)
    }
    fn lock(&self, name: &str) -> Result<Box<dyn Lock>> {
        self.inner.lock(name)
    }
}

/// `ledger-bench log N DIR`: builds a ledger of N entries in the new folder and measures it.
pub(crate) fn run(count: u64, dir: &str) -> Result<()> {
    crate::ceiling::machine();
    let ceiling = ceiling();
    println!("ceiling: {ceiling:.0} signature checks/s on all cores, strict verdict in bulk");
    let syncs = Arc::new(AtomicU64::new(0));
    let inner = Dir::create(dir, Duration::from_secs(5))?;
    let store: Arc<dyn Store> = Arc::new(Counting { inner, syncs: Arc::clone(&syncs) });
    let (mut ledger, hash) = workload::ledger(Arc::clone(&store))?;
    append(&mut ledger, hash, count, &syncs, ceiling)?;
    let signed = signer::sign(&ledger, None, &workload::checkpoint_key())?;
    signer::publish(&store, &signed)?;
    drop(ledger);
    measure(Path::new(dir), ceiling)
}

/// `ledger-bench read DIR`: measures a ledger that is there already.
pub(crate) fn read(dir: &str) -> Result<()> {
    crate::ceiling::machine();
    let ceiling = ceiling();
    println!("ceiling: {ceiling:.0} signature checks/s on all cores, strict verdict in bulk");
    measure(Path::new(dir), ceiling)
}

fn ceiling() -> f64 {
    let mut positions = Positions::new();
    let events = workload::events([7; 32], &mut positions, 0, 16_384);
    let keys: Vec<_> = (0..KEYS).map(workload::key).collect();
    let checks: Vec<Check<'_>> = events
        .iter()
        .enumerate()
        .filter_map(|(number, event)| {
            let key = keys.get(number % keys.len())?;
            Some(Check {
                key: key.public(),
                message: &event.event,
                signature: event.signatures.first()?,
            })
        })
        .collect();
    // for as long as the others are measured, not the best of some passes: all have the same disturbers
    let start = Instant::now();
    for pass in 0..PASSES {
        let failed = signature::verify_all(&checks, seed("ceiling", pass), Mode::Bulk);
        assert!(failed.is_empty(), "the workload's signatures hold");
    }
    (PASSES * checks.len() as u64) as f64 / start.elapsed().as_secs_f64()
}

fn append(
    ledger: &mut Ledger,
    hash: [u8; 32],
    count: u64,
    syncs: &AtomicU64,
    ceiling: f64,
) -> Result<()> {
    let mut positions = Positions::new();
    let (mut done, mut spent, mut event_bytes, mut cpu) = (0, Duration::ZERO, 0, Duration::ZERO);
    let before = syncs.load(Ordering::Relaxed);
    while done < count {
        let wanted = CHUNK.min(count - done).next_multiple_of(KEYS);
        let events = workload::events(hash, &mut positions, done, wanted);
        event_bytes += events.iter().map(|event| event.event.len() as u64).sum::<u64>();
        let made = events.len() as u64;
        let (start, busy) = (Instant::now(), cpu_time());
        pipeline(ledger, events)?;
        spent += start.elapsed();
        cpu += cpu_time().saturating_sub(busy);
        done += made;
    }
    let rate = done as f64 / spent.as_secs_f64();
    let bytes = line_bytes(ledger)?;
    let syncs = syncs.load(Ordering::Relaxed) - before;
    println!(
        "append: {done} events in groups of {GROUP}: {rate:.0} events/s durable, {:.0} % of the ceiling; {:.1} µs of processor time an event; {syncs} syncs; {} bytes an event, {bytes} a line",
        rate / ceiling * 100.0,
        cpu.as_secs_f64() * 1e6 / done as f64,
        event_bytes / done,
    );
    Ok(())
}

/// `ledger-bench parts DIR`: what the door and the commit cost, one after the other.
pub(crate) fn parts(dir: &str) -> Result<()> {
    crate::ceiling::machine();
    let store: Arc<dyn Store> = Arc::new(Dir::create(dir, Duration::from_secs(5))?);
    let (mut ledger, hash) = workload::ledger(store)?;
    let mut positions = Positions::new();
    let events = workload::events(hash, &mut positions, 0, 64_000);
    let door = ledger.door();
    let start = Instant::now();
    let admitted: Vec<Admitted> = door
        .admit(events, seed("door", 0), Mode::Bulk)
        .into_iter()
        .filter_map(Result::ok)
        .collect();
    let micros = |start: Instant| start.elapsed().as_secs_f64() * 1e6 / 64_000.0;
    println!("door: {:.1} µs an event, wall, all cores", micros(start));
    let start = Instant::now();
    for (step, group) in (ledger.size()..).step_by(GROUP).zip(admitted.chunks(GROUP)) {
        for receipt in ledger.append(group, workload::group(step))? {
            receipt?;
        }
    }
    println!("commit: {:.1} µs an event, wall, with its syncs", micros(start));
    let start = Instant::now();
    ledger.catch_up(1, 1 << 20)?;
    println!("index: {:.1} µs an event, wall", micros(start));
    Ok(())
}

/// Mean length of the newest lines.
fn line_bytes(ledger: &Ledger) -> Result<u64> {
    let newest = ledger.size().saturating_sub(100)..ledger.size();
    let lengths: Result<Vec<u64>> =
        newest.map(|index| Ok(ledger.line(index)?.len() as u64)).collect();
    Ok(lengths?.iter().sum::<u64>() / 100)
}

/// Lets the commit go first: it is the one thing that cannot be done by several threads. Best effort.
fn give_way() {
    let _ = rustix::process::nice(10);
}

/// The door checks the next groups on all cores while the group before is being written.
fn pipeline(ledger: &mut Ledger, events: Vec<Submission>) -> Result<()> {
    let door = ledger.door();
    let checking = rayon::ThreadPoolBuilder::new()
        .start_handler(|_| give_way())
        .build()
        .map_err(|error| Error::unavailable("threads", format!("cannot start threads: {error}")))?;
    let (sender, receiver) = sync_channel::<Vec<Admitted>>(QUEUE);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            give_way();
            let mut events = events.into_iter().peekable();
            let mut step = 0;
            while events.peek().is_some() {
                step += 1;
                let batch: Vec<Submission> = events.by_ref().take(GROUP * DOOR).collect();
                let admit = || door.admit(batch, seed("door", step), Mode::Bulk);
                let mut admitted = checking.install(admit).into_iter();
                loop {
                    let group: Vec<Admitted> =
                        admitted.by_ref().take(GROUP).filter_map(Result::ok).collect();
                    if group.is_empty() || sender.send(group).is_err() {
                        break;
                    }
                }
            }
        });
        let mut step = ledger.size();
        let mut index: Option<ScopedJoinHandle<'_, Result<()>>> = None;
        for group in receiver {
            step += group.len() as u64;
            for receipt in ledger.append(&group, workload::group(step))? {
                receipt?;
            }
            // the index is written beside the log, as the server does it
            if let Some(done) = index.take_if(|index| index.is_finished()) {
                done.join().unwrap_or(Ok(()))?;
                ledger.take_over()?;
            }
            if index.is_none() {
                let handover = ledger.hand_over(INDEXED)?;
                index = handover.map(|handover| {
                    scope.spawn(move || {
                        give_way();
                        handover.write(1 << 20)
                    })
                });
            }
        }
        if let Some(last) = index {
            last.join().unwrap_or(Ok(()))?;
            ledger.take_over()?;
        }
        Ok(())
    })
}

fn measure(dir: &Path, ceiling: f64) -> Result<()> {
    let open = || Dir::open(dir, Duration::from_secs(5)).map(|dir| Arc::new(dir) as Arc<dyn Store>);
    let (ledger, took) = best(5, || Ledger::open(open()?))?;
    println!("open for append at {} entries: {:.2} ms", ledger.size(), millis(took));
    let (found, took) = best(5, || ledger.find(Kind::Subject, "service:service-77", 1000))?;
    println!("look-up of one subject: {} entries in {:.2} ms", found.len(), millis(took));
    let (_, took) = best(1, || TreeFiles::open(&ledger, None))?;
    println!("tree files brought up: {:.0} ms", millis(took));
    let index = ledger.size() / 3;
    let (proof, took) = best(5, || {
        let files = TreeFiles::open(&ledger, None)?;
        tree::inclusion_proof(ledger.size(), index, &files)
    })?;
    println!("inclusion proof of entry {index}: {} hashes in {:.2} ms", proof.len(), millis(took));
    let origin = ledger.origin().clone();
    let size = ledger.size();
    drop(ledger);
    let scratch = std::env::temp_dir().join(format!("ledger-bench-{}", std::process::id()));
    let scratch_store = Dir::create(&scratch, Duration::from_secs(1))?;
    let store = open()?;
    let options = Options {
        pinned: Some(&origin),
        scratch: Some(&scratch_store),
        ..Options::new(seed("verify", size))
    };
    let busy = cpu_time();
    let (report, took) = best(1, || verify(&*store, &options))?;
    let cpu = cpu_time().saturating_sub(busy);
    let rate = size as f64 / took.as_secs_f64();
    println!(
        "verify: {:?}, {} faults, {size} entries in {:.1} s: {rate:.0} entries/s, {:.0} % of the ceiling; {:.1} µs of processor time an entry; peak memory of the process {} MB",
        report.verdict,
        report.faults.len(),
        took.as_secs_f64(),
        rate / ceiling * 100.0,
        cpu.as_secs_f64() * 1e6 / size as f64,
        peak_megabytes(),
    );
    drop(std::fs::remove_dir_all(&scratch));
    Ok(())
}

fn best<T>(times: usize, mut run: impl FnMut() -> Result<T>) -> Result<(T, Duration)> {
    let start = Instant::now();
    let mut value = run()?;
    let mut shortest = start.elapsed();
    for _ in 1..times {
        let start = Instant::now();
        value = run()?;
        shortest = shortest.min(start.elapsed());
    }
    Ok((value, shortest))
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// What this process has used of all cores so far, in steps of 10 ms.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2);
    Duration::from_millis(ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>() * 10)
}

fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()).unwrap_or(0)
        / 1024
}
