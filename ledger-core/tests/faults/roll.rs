//! A failing store while a group goes from a full segment into a new one.

use super::*;

#[test]
fn every_failing_call_of_a_rolled_segment_is_survived() {
    let base = Memory::new();
    let Script { groups, origin } = history::almost_full(Arc::new(base.clone()));
    let group = &groups[0];
    let size = world::head_of(&base).size;
    let deliver = |ledger: &mut Ledger| Client::default().deliver(ledger, group, 0);
    let counting = Arc::new(Faulty::new(Arc::new(base.snapshot())));
    let mut ledger = Ledger::open(counting.clone()).unwrap();
    let opening = counting.calls();
    deliver(&mut ledger).unwrap();
    let calls = counting.calls();
    let segments = segment::list(&*counting).unwrap();
    assert!(
        segments.len() == 2 && segments[1] > size,
        "the group lies in both: {segments:?}, {size}"
    );
    assert_eq!(verified(&*counting, &origin, &[]).unwrap().verdict, Verdict::Holds);
    println!("calls {opening} to {calls} of a group in two segments; no seed: every one of them");
    let found: Vec<String> = (opening..calls)
        .into_par_iter()
        .filter_map(|at| {
            let outcome = if at % 2 == 0 { Outcome::Lost } else { Outcome::Done };
            let fault = Fault { at, outcome, cause: Cause::Io, lasting: at % 3 == 0 };
            roll(&base, group, fault).err().map(|finding| format!("{fault:?}\n    {finding}"))
        })
        .collect();
    assert!(found.is_empty(), "{} of {}:\n{}", found.len(), calls - opening, found.join("\n"));
}

/// One failure while a group goes into two segments; then the next process.
fn roll(base: &Memory, group: &[Submission], fault: Fault) -> Finding {
    let store = base.snapshot();
    let size = world::head_of(&store).size;
    let faulty = Arc::new(Faulty::failing(Arc::new(store.clone()), fault));
    let mut client = Client::default();
    let mut ledger = Ledger::open(faulty).map_err(said("open"))?;
    let outcome = client.deliver(&mut ledger, group, 0);
    drop(ledger);
    let mut opened = Ledger::open(Arc::new(store.clone())).map_err(said("open again"))?;
    opened.recover().map_err(said("recover"))?;
    client.deliver(&mut opened, group, 1).map_err(said("again"))?;
    let lines = size..opened.size();
    if lines.clone().count() != group.len() {
        return Err(format!("{} entries of {} after {outcome:?}", lines.count(), group.len()));
    }
    for (index, event) in lines.zip(group) {
        let there = opened.entry(index, |entry| entry.event.bytes() == event.event);
        if !there.map_err(said("read"))? {
            return Err(format!("entry {index} is another after {outcome:?}"));
        }
    }
    let more = Ledger::open(Arc::new(store)).map_err(said("third opening"))?;
    if more.size() == opened.size() { Ok(()) } else { Err("another size".to_owned()) }
}
