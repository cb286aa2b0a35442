//! The index at the size of years: `ledger-bench index DIR [ENTRIES]`, synthetic postings.
//!
//! Ten postings an entry, in runs of 65,536 entries, then merged. Each question is asked once of a
//! freshly opened index (open + answer, file cache warm) and then many times of one that stays open.

#![expect(clippy::print_stdout, reason = "figures are for people to read")]

use ledger_core::error::Result;
use ledger_core::hash::Blake3;
use ledger_core::index::{Batch, Index, Kind, ORDER_END, Writer, key};
use ledger_core::store::Store;
use ledger_core::store::dir::Dir;
use std::sync::Arc;
use std::time::{Duration, Instant};

const BATCH: u64 = 65_536;
/// Entries in a synthetic segment: 64 MiB of lines of a kilobyte.
const SEGMENT: u64 = 65_536;

/// Runs the bench; the folder must be empty, and needs 800 bytes an entry.
pub(crate) fn run() {
    let mut arguments = std::env::args().skip(2);
    let Some(folder) = arguments.next() else {
        println!("usage: ledger-bench index DIR [ENTRIES]");
        return;
    };
    let entries = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(10_000_000);
    if let Err(error) = measure(&folder, entries) {
        println!("error: {error}");
    }
}

fn measure(folder: &str, entries: u64) -> Result<()> {
    let store: Arc<dyn Store> = Arc::new(Dir::create(folder, Duration::from_secs(1))?);
    let covered = Index::open(Arc::clone(&store))?.covered().0;
    if covered < entries {
        let writer = Writer::open(Arc::clone(&store))?;
        let start = Instant::now();
        let mut first = covered;
        while first < entries {
            let end = entries.min(first + BATCH);
            writer.write(batch(first, end)?)?;
            first = end;
        }
        println!("build {entries} entries: {:?}", start.elapsed());
        questions(folder, entries)?;
        // from here on the peak is the merge's
        let _ = std::fs::write("/proc/self/clear_refs", "5");
        let start = Instant::now();
        let mut steps = 0;
        while writer.merge_step(u64::MAX)? {
            steps += 1;
        }
        println!("merge in {steps} steps: {:?}; peak memory {}", start.elapsed(), memory("VmHWM"));
    }
    questions(folder, entries)
}

fn questions(folder: &str, entries: u64) -> Result<()> {
    type Question<'a> = (&'a str, Box<dyn Fn(&Index, u64) -> Result<usize> + 'a>);
    let before = memory("VmRSS");
    let index = open(folder)?;
    println!("{} runs; memory before {before}, open {}", index.spans().len(), memory("VmRSS"));
    drop(index);
    let (open_first, open_median) = timed(20, |_| open(folder).map(drop))?;
    println!("  open: first {open_first:?}, median {open_median:?}");
    let service = |n: u64| key(Kind::Subject, &format!("service:{}", n % 200));
    let change = |n: u64| key(Kind::Subject, &format!("change:{}", scatter(n) % (entries / 8)));
    let stream = |n: u64| key(Kind::Stream, &format!("stream {}", scatter(n) % (entries / 4)));
    let absent = |n: u64| key(Kind::Stream, &format!("new stream {n}"));
    let day = |n: u64| n * 3_600_000_000..(n + 24) * 3_600_000_000;
    let asked: Vec<Question<'_>> = vec![
        ("one change, all", Box::new(|i, n| Ok(i.lookup(change(n), 0..ORDER_END, 1000)?.len()))),
        ("one service, a day", Box::new(|i, n| Ok(i.lookup(service(n), day(n), 100_000)?.len()))),
        (
            "one service, first 1000",
            Box::new(|i, n| Ok(i.lookup(service(n), 0..ORDER_END, 1000)?.len())),
        ),
        ("one service, last", Box::new(|i, n| Ok(usize::from(i.last(service(n))?.is_some())))),
        (
            "one service, count",
            Box::new(|i, n| Ok(usize::try_from(i.count(service(n), 0..ORDER_END)?).unwrap_or(0))),
        ),
        ("known stream, last", Box::new(|i, n| Ok(usize::from(i.last(stream(n))?.is_some())))),
        ("new stream, last", Box::new(|i, n| Ok(usize::from(i.last(absent(n))?.is_some())))),
        (
            "place of an entry",
            Box::new(|i, n| Ok(usize::from(i.locate(scatter(n) % entries)?.is_some()))),
        ),
    ];
    for (what, question) in asked {
        let mut found = 0;
        let (_, fresh) = timed(20, |n| {
            found = question(&open(folder)?, n)?;
            Ok(())
        })?;
        let index = open(folder)?;
        let (_, median) = timed(2_000, |n| question(&index, 20 + n).map(drop))?;
        println!("  {what}: open and ask {fresh:?}, ask again {median:?} ({found} found)");
    }
    Ok(())
}

fn open(folder: &str) -> Result<Index> {
    // a store of its own: no open handles, as in a new process
    Index::open(Arc::new(Dir::open(folder, Duration::from_secs(1))?))
}

/// The first time, and the median of all.
fn timed(times: u64, mut what: impl FnMut(u64) -> Result<()>) -> Result<(Duration, Duration)> {
    let mut taken = Vec::new();
    for n in 0..times {
        let start = Instant::now();
        what(n)?;
        taken.push(start.elapsed());
    }
    let first = taken.first().copied().unwrap_or_default();
    taken.sort();
    Ok((first, taken.get(taken.len() / 2).copied().unwrap_or_default()))
}

fn batch(first: u64, end: u64) -> Result<Batch> {
    let line = |index: u64| Blake3::of(&index.to_be_bytes());
    let mut batch = Batch::new(first, first.checked_sub(1).map_or_else(Blake3::default, line));
    for index in first..end {
        batch.entry(index / SEGMENT * SEGMENT, index % SEGMENT * 1000, line(index))?;
        // one entry in a minute, over 19 years
        let at = index * 60_000_000;
        let roll = scatter(index);
        let mut post = |kind, value: String, order| batch.post(key(kind, &value), order);
        post(Kind::Time, String::new(), at)?;
        post(Kind::Type, format!("type.{}", roll % 80), at)?;
        post(Kind::Subject, format!("service:{}", roll % 200), at)?;
        post(Kind::Subject, format!("environment:{}", roll % 4), at)?;
        post(Kind::Subject, format!("change:{}", index / 8), at)?;
        post(Kind::Subject, format!("artifact:{}", index / 5), at)?;
        post(Kind::Subject, format!("deployment:{}", index / 3), at)?;
        post(Kind::Person, format!("person {}", roll % 3_000), at)?;
        post(Kind::Stream, format!("stream {}", index / 4), index % 4)?;
        post(Kind::Source, format!("source {index}"), 0)?;
    }
    Ok(batch)
}

fn scatter(n: u64) -> u64 {
    n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20
}

/// A line of the process's memory, from the kernel.
pub(crate) fn memory(line: &str) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let found = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
    found.map_or_else(String::new, |text| text.trim().to_owned())
}
