//! Many keys: how long a registry takes to open, from the derived directory and without it.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger_core::entry::Entry;
use ledger_core::error::Result;
use ledger_core::json::Document;
use ledger_core::ledger::Ledger;
use ledger_core::signature::Mode;
use ledger_core::store::Store;
use ledger_core::store::dir::Dir;
use ledger_core::trust::directory::NAME;

use crate::workload::{self, Positions, seed};

/// Keys registered in one commit.
const GROUP: u64 = 1000;
/// Ordinary entries after the keys, if the call does not say.
pub(crate) const AROUND: u64 = 100_000;

/// `ledger-bench keys N DIR [AROUND]`: a ledger with N registered keys, and entries around them.
pub(crate) fn run(count: u64, dir: &str, around: u64) -> Result<()> {
    crate::ceiling::machine();
    let store: Arc<dyn Store> = Arc::new(Dir::create(dir, Duration::from_secs(5))?);
    let (mut ledger, hash) = workload::ledger(Arc::clone(&store))?;
    let start = Instant::now();
    for first in (0..count).step_by(1000) {
        let numbers = first..count.min(first + GROUP);
        let events =
            numbers.map(|number| workload::registration(hash, number)).collect::<Result<_>>()?;
        append(&mut ledger, events, first)?;
        ledger.catch_up(4000, 1 << 20)?;
    }
    println!(
        "{count} keys registered in {:.1} s, signing them included",
        start.elapsed().as_secs_f64()
    );
    let mut positions = Positions::new();
    for step in 0..around / 10_000 {
        let events = workload::events(hash, &mut positions, step * 10_000, 10_000);
        append(&mut ledger, events, count + step)?;
        ledger.catch_up(4000, 1 << 20)?;
    }
    ledger.catch_up(1, 1 << 20)?;
    drop(ledger);
    store.remove(NAME)?;
    let millis = |start: Instant| start.elapsed().as_secs_f64() * 1000.0;
    let start = Instant::now();
    let ledger = Ledger::open(Arc::clone(&store))?;
    let (keys, size) = (ledger.registry().len(), ledger.size());
    println!("open without the directory: {:.0} ms; {keys} keys, {size} entries", millis(start));
    let mut shortest = f64::MAX;
    for _ in 0..10 {
        let start = Instant::now();
        let ledger = Ledger::open(Arc::clone(&store))?;
        shortest = shortest.min(millis(start));
        assert_eq!(ledger.registry().len(), keys, "the same keys");
    }
    let bytes = store.len(NAME)?.unwrap_or(0);
    println!("open with it ({bytes} bytes): {shortest:.1} ms, best of 10");
    judging(&ledger)?;
    let start = Instant::now();
    let text = ledger.registry().list();
    println!("the list of all keys: {} bytes in {:.0} ms", text.len(), millis(start));
    Ok(())
}

/// What the law of keys costs an ordinary entry; it is asked twice on the way in.
#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn judging(ledger: &Ledger) -> Result<()> {
    let lines: Result<Vec<Vec<u8>>> =
        (ledger.size() - 1000..ledger.size()).map(|index| ledger.line(index)).collect();
    let lines = lines?;
    let mut documents: Vec<Document> = lines.iter().map(|_| Document::default()).collect();
    let entries: Result<Vec<Entry<'_>>> = documents
        .iter_mut()
        .zip(&lines)
        .map(|(document, line)| Entry::parse(document, line))
        .collect();
    let entries = entries?;
    let mut shortest = f64::MAX;
    for _ in 0..20 {
        let start = Instant::now();
        entries.iter().try_for_each(|entry| ledger.registry().judge(entry))?;
        shortest = shortest.min(start.elapsed().as_secs_f64() * 1e6 / entries.len() as f64);
    }
    println!("the law of keys: {shortest:.2} µs an entry, best of 20 times 1000");
    Ok(())
}

fn append(
    ledger: &mut Ledger,
    events: Vec<ledger_core::ledger::Submission>,
    step: u64,
) -> Result<()> {
    let admitted: Result<Vec<_>> =
        ledger.door().admit(events, seed("bulk", step), Mode::Bulk).into_iter().collect();
    for receipt in ledger.append(&admitted?, workload::group(step))? {
        receipt?;
    }
    Ok(())
}
