//! The power goes while a group goes from a full segment into a new one.

use super::*;

#[test]
fn power_cut_at_every_call_of_a_rolled_segment_loses_nothing_acknowledged() {
    let history = History::of(history::almost_full);
    let size = world::head_of(&history.base).size;
    let group = &history.groups[0];
    let whole = Arc::new(Watched::new(history.base.crash(0), Vec::new()));
    append(&whole, group).unwrap();
    let calls = whole.call.load(Ordering::SeqCst);
    let segments = ledger_core::segment::list(&whole.disk).unwrap();
    assert!(segments.len() == 2 && segments[1] > size, "in both: {segments:?}, {size}");
    let seeds = seeds("power cut in a roll", 0..3);
    println!("{calls} calls of a group in two segments");
    assert!(calls > 10, "{calls}");
    // a disk is 64 MiB: each is judged when it is made, and forgotten
    let found: Vec<String> = (0..=calls)
        .into_par_iter()
        .flat_map_iter(|call| seeds.iter().map(move |seed| (call, *seed)))
        .filter_map(|(call, seed)| {
            cut_at(&history, call, seed)
                .err()
                .map(|finding| format!("seed {seed}, call {call}: {finding}"))
        })
        .collect();
    assert!(found.is_empty(), "{} lost:\n{}", found.len(), found.join("\n"));
}

fn append(watched: &Arc<Watched>, group: &[Submission]) -> Result<()> {
    let mut receipts = Receipts::new();
    deliver(&mut Ledger::open(watched.clone())?, group, 0, &mut receipts)?;
    *watched.receipts.lock().unwrap() = receipts;
    Ok(())
}

/// The power goes just before a call, or after the last one; the next process delivers again.
fn cut_at(history: &History, call: u64, seed: u64) -> Finding {
    let group = &history.groups[0];
    let watched = Arc::new(Watched::cut_once(history.base.crash(0), call, seed));
    append(&watched, group).map_err(said("append"))?;
    watched.cut("end", "");
    let left = watched.left.lock().unwrap().pop().ok_or("the power never went")?;
    drop(watched);
    let size = world::head_of(&history.base).size;
    let mut receipts = left.receipts.clone();
    let mut ledger = Ledger::open(Arc::new(left.disk.clone())).map_err(said("open"))?;
    ledger.recover().map_err(said("recover"))?;
    deliver(&mut ledger, group, 1, &mut receipts).map_err(said("again"))?;
    let lines = size..ledger.size();
    if lines.clone().count() != group.len() {
        return Err(format!("{}: {} entries of {}", left.what, lines.count(), group.len()));
    }
    for (index, event) in lines.zip(group) {
        let there = ledger.entry(index, |entry| entry.event.bytes() == event.event);
        if !there.map_err(said("read"))? {
            return Err(format!("{}: entry {index} is another", left.what));
        }
    }
    sound(&history.origin, &left.disk, &receipts, &left.what)
}
