//! The index answers as a sorted set of postings would, through merges, crashes and damage.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests stop at the first surprise"
)]
#![allow(
    clippy::large_stack_arrays,
    clippy::cloned_ref_to_slice_refs,
    clippy::needless_pass_by_value,
    reason = "plain stories read better than thrifty ones"
)]

use ledger_core::error::Result;
use ledger_core::hash::Blake3;
use ledger_core::index::{
    Batch, FOLDER, Index, Key, Kind, ORDER_END, Posting, Writer, examine, is_damage, key,
};
use ledger_core::store::faulty::{Cause, Fault, Faulty, Outcome};
use ledger_core::store::memory::Memory;
use ledger_core::store::simulated::SimulatedDisk;
use ledger_core::store::{Store, read_all};
use proptest::prelude::*;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;

#[allow(unreachable_pub, reason = "shared by the integration tests, each a crate of its own")]
mod common;

/// The hash that stands for the line of an entry.
fn line(index: u64) -> Blake3 {
    Blake3::of(&index.to_be_bytes())
}

/// The `chain` of an entry.
fn chain(index: u64) -> Blake3 {
    index.checked_sub(1).map_or_else(|| Blake3::of(b"origin"), line)
}

/// Segments hold ten entries each.
fn place(index: u64) -> (u64, u64) {
    (index / 10 * 10, index % 10 * 300)
}

/// A small world of values, a few of them in every kind that filters know and that they do not.
fn value(choice: u64) -> Key {
    let kind = [Kind::Type, Kind::Subject, Kind::Person, Kind::Stream, Kind::Source, Kind::Final];
    key(kind[usize::try_from(choice % 6).unwrap()], &format!("value {}", choice / 6))
}

/// What the entries say, in the order they are written.
#[derive(Clone, Debug, Default)]
struct Model {
    entries: Vec<Vec<(Key, u64)>>,
}

impl Model {
    /// Entries of a seeded kind: a few postings each over `values` values.
    fn seeded(entries: u64, values: u64, seed: u64) -> Self {
        let hash = |text: String| {
            u64::from_be_bytes(Blake3::of(text.as_bytes()).0[..8].try_into().unwrap())
        };
        let entry = |index: u64| {
            let roll = |what: u64| hash(format!("{seed} {index} {what}"));
            let mut postings = vec![(key(Kind::Time, ""), 1_000_000 + index)];
            postings.extend(
                (0..roll(0) % 4).map(|n| (value(roll(10 + n) % values), roll(20 + n) % 50)),
            );
            postings
        };
        Self { entries: (0..entries).map(entry).collect() }
    }

    fn end(&self) -> u64 {
        self.entries.len() as u64
    }

    fn postings(&self, key: Key, below: u64) -> BTreeSet<(u64, u64)> {
        let entries = (0_u64..below).zip(&self.entries);
        entries
            .flat_map(|(index, said)| said.iter().map(move |(k, order)| (*k, *order, index)))
            .filter(|(k, ..)| *k == key)
            .map(|(_, order, index)| (order, index))
            .collect()
    }

    fn batch(&self, first: u64, end: u64) -> Batch {
        let mut batch = Batch::new(first, chain(first));
        for index in first..end {
            let (segment, offset) = place(index);
            batch.entry(segment, offset, line(index)).unwrap();
            for (key, order) in &self.entries[usize::try_from(index).unwrap()] {
                batch.post(*key, *order).unwrap();
            }
        }
        batch
    }

    fn keys(&self) -> BTreeSet<Key> {
        self.entries.iter().flatten().map(|(key, _)| *key).collect()
    }

    /// Writes runs that end at these entries.
    fn write(&self, store: &Arc<dyn Store>, ends: impl IntoIterator<Item = u64>) {
        let writer = Writer::open(Arc::clone(store)).unwrap();
        let mut first = Index::open(Arc::clone(store)).unwrap().covered().0;
        for end in ends {
            writer.write(self.batch(first, end)).unwrap();
            first = end;
        }
    }

    /// Every answer of the index is the model's, or the code of a refusal that is allowed.
    fn compare(&self, index: &Index, damage: bool) -> Result<()> {
        let (covered, last) = index.covered();
        assert_eq!(last, covered.checked_sub(1).map(line));
        for at in (0..covered).chain([covered, u64::MAX]) {
            let expected = (at < covered).then(|| place(at));
            tolerate(index.locate(at), damage, |found| assert_eq!(found, expected))?;
        }
        for key in self.keys() {
            let all = self.postings(key, covered);
            let plain = |found: Vec<Posting>| {
                found.iter().map(|posting| (posting.order, posting.index)).collect::<Vec<_>>()
            };
            let every = |found| assert_eq!(plain(found), all.iter().copied().collect::<Vec<_>>());
            tolerate(index.lookup(key, 0..ORDER_END, usize::MAX), damage, every)?;
            tolerate(index.last(key), damage, |found| {
                assert_eq!(found.map(|p| (p.order, p.index)), all.last().copied());
            })?;
            for first in [0, 7, covered] {
                let mut late: Vec<u64> =
                    all.iter().map(|(_, index)| *index).filter(|index| *index >= first).collect();
                late.sort_unstable();
                tolerate(index.since(key, first), damage, |mut found| {
                    found.sort_unstable();
                    assert_eq!(found, late, "since {first}");
                })?;
            }
            tolerate(index.might_contain(key), damage, |found| assert!(found || all.is_empty()))?;
            for order in [0, 7, 20, 49, 1_000_003] {
                let some: Vec<_> = all.range((order, 0)..(order + 5, 0)).copied().take(3).collect();
                let here = index.lookup(key, order..order + 5, 3);
                tolerate(here, damage, |found| assert_eq!(plain(found), some))?;
                let count = all.range((order, 0)..(order + 5, 0)).count() as u64;
                let here = index.count(key, order..order + 5);
                tolerate(here, damage, |found| assert_eq!(found, count))?;
                let exact = all.range((order, 0)..(order + 1, 0)).next().copied();
                tolerate(index.exact(key, order), damage, |found| {
                    assert_eq!(found.map(|p| (p.order, p.index)), exact);
                })?;
                let below = all.range(..(order, 0)).next_back().copied();
                tolerate(index.last_below(key, order), damage, |found| {
                    assert_eq!(found.map(|p| (p.order, p.index)), below);
                })?;
            }
        }
        Ok(())
    }
}

/// Checks an answer; where there is damage, saying so is an answer too.
fn tolerate<T>(answer: Result<T>, damage: bool, check: impl FnOnce(T)) -> Result<()> {
    match answer {
        Err(error) if damage && is_damage(&error) => Ok(()),
        answer => answer.map(check),
    }
}

fn memory() -> Arc<dyn Store> {
    Arc::new(Memory::new())
}

fn open(store: &Arc<dyn Store>) -> Index {
    Index::open(Arc::clone(store)).unwrap()
}

fn merge_all(store: &Arc<dyn Store>, limit: u64) -> usize {
    let writer = Writer::open(Arc::clone(store)).unwrap();
    std::iter::from_fn(|| writer.merge_step(limit).unwrap().then_some(())).count()
}

fn runs(store: &Arc<dyn Store>) -> Vec<String> {
    let files = store.list(FOLDER).unwrap();
    files.into_iter().filter(|file| file != "lock").collect()
}

#[test]
fn vectors() {
    for case in common::vectors("index") {
        let store = Memory::new();
        let name = format!("{FOLDER}/{}", case.header("run"));
        store.write(&name, 0, &case.bytes).unwrap();
        let error = examine(&store, &name).err();
        assert!(error.as_ref().is_none_or(is_damage));
        case.check(error.as_ref().map(ledger_core::error::Error::code));
    }
}

#[test]
fn format_is_set_in_stone() {
    let line = |index: u64| Blake3::of(format!("line {index}").as_bytes());
    let mut batch = Batch::new(4711, line(4710));
    let entries = [
        (4711, 4700, 9120, "deployment.started"),
        (4712, 4700, 10001, "deployment.finished"),
        (4713, 4713, 0, "approval.given"),
    ];
    for (index, segment, offset, event) in entries {
        let at = 1_790_812_799_000_000 + index;
        batch.entry(segment, offset, line(index)).unwrap();
        batch.post(key(Kind::Time, ""), at).unwrap();
        batch.post(key(Kind::Type, event), at).unwrap();
        batch.post(key(Kind::Subject, "service:payments"), at).unwrap();
        batch.post(key(Kind::Stream, "stream of a pipeline"), index - 4711).unwrap();
    }
    batch.post(key(Kind::Source, "source identity"), 0).unwrap();
    let store = memory();
    Writer::open(Arc::clone(&store)).unwrap().write(batch).unwrap();
    let cases = common::vectors("index");
    let case = cases.iter().find(|case| case.name == "three-entries").unwrap();
    assert_eq!(runs(&store), [case.header("run")]);
    assert!(contents(&store)[0].1 == case.bytes);
}

#[test]
fn nothing_is_an_index_too() {
    let index = open(&memory());
    assert_eq!(index.covered(), (0, None));
    assert_eq!(index.lookup(value(0), 0..ORDER_END, 9).unwrap(), []);
    assert_eq!(index.last(value(3)).unwrap(), None);
    assert!(!index.might_contain(value(3)).unwrap());
    assert_eq!(index.locate(0).unwrap(), None);
    assert_eq!(index.check().unwrap(), Vec::<String>::new());
}

#[test]
fn entries_without_postings_have_places() {
    let store = memory();
    let model = Model { entries: vec![Vec::new(); 30] };
    model.write(&store, [1, 15, 30]);
    model.compare(&open(&store), false).unwrap();
    assert_eq!(open(&store).check().unwrap(), Vec::<String>::new());
    let refused = Writer::open(store).unwrap().write(Batch::new(30, line(29)));
    assert_eq!(refused.unwrap_err().code(), "index-batch");
}

#[test]
fn many_blocks_buckets_and_filter_lines() {
    // 5,000 entries, 3,000 values: some 50 posting blocks, 256 buckets, 20 filter lines
    let model = Model::seeded(5_000, 3_000, 1);
    let store = memory();
    model.write(&store, (0..20).map(|n| (n + 1) * 250));
    let index = open(&store);
    model.compare(&index, false).unwrap();
    assert!(merge_all(&store, u64::MAX) > 0);
    assert_eq!(runs(&store).len(), 1);
    let merged = open(&store);
    assert_eq!(merged.check().unwrap(), Vec::<String>::new());
    model.compare(&merged, false).unwrap();
    // the index that was opened before the merge finds the same in the merged run
    model.compare(&index, false).unwrap();

    let direct = memory();
    model.write(&direct, [5_000]);
    let name = format!("{FOLDER}/{}", runs(&store)[0]);
    assert!(read_all(store.as_ref(), &name).unwrap() == read_all(direct.as_ref(), &name).unwrap());
}

#[test]
fn fan_out_table_of_several_blocks() {
    // 65,536 postings make 1,024 buckets: three blocks of the table
    let mut model = Model::seeded(40, 1, 1);
    for (number, postings) in (0..).zip(&mut model.entries) {
        postings.extend((0..1_700).map(|n| (key(Kind::Stream, &format!("{number} {n}")), n)));
    }
    let store = memory();
    model.write(&store, [40]);
    let index = open(&store);
    assert_eq!(index.check().unwrap(), Vec::<String>::new());
    for number in 0..40 {
        for n in 0..1_700 {
            let found = index.lookup(key(Kind::Stream, &format!("{number} {n}")), 0..ORDER_END, 2);
            let found: Vec<_> = found.unwrap().iter().map(|p| (p.order, p.index)).collect();
            assert_eq!(found, [(n, number)]);
        }
    }
    let foreign =
        |n: &u32| index.might_contain(key(Kind::Stream, &format!("foreign {n}"))).unwrap();
    let passed = (0..10_000).filter(foreign).count();
    assert!(passed < 300, "{passed} of 10,000 foreign keys pass the filter");
}

#[test]
fn pages_follow_each_other() {
    let model = Model::seeded(300, 6, 2);
    let store = memory();
    model.write(&store, [100, 200, 300]);
    let index = open(&store);
    for key in model.keys() {
        let mut found = Vec::new();
        let mut from = (0, 0);
        loop {
            let page = index.page(key, from..(ORDER_END, 0), 7).unwrap();
            let Some(last) = page.last() else { break };
            from = (last.order, last.index + 1);
            found.extend(page.iter().map(|p| (p.order, p.index)));
        }
        assert_eq!(found, model.postings(key, 300).into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn small_merges_stay_small() {
    let model = Model::seeded(400, 9, 3);
    let store = memory();
    model.write(&store, (1..=400).filter(|end| end % 4 == 0));
    assert_eq!(merge_all(&store, 31), 0);
    assert!(merge_all(&store, 40) > 0);
    assert!(open(&store).spans().iter().all(|span| span.entries() <= 40));
    model.compare(&open(&store), false).unwrap();
    merge_all(&store, u64::MAX);
    assert!(open(&store).spans().len() < 8);
}

#[test]
fn reader_is_told_when_its_index_is_gone() {
    let model = Model::seeded(100, 9, 4);
    let store = memory();
    model.write(&store, [50, 100]);
    let index = open(&store);
    let writer = Writer::open(Arc::clone(&store)).unwrap();
    writer.delete().unwrap();
    assert_eq!(runs(&store), Vec::<String>::new());
    assert_eq!(index.lookup(value(0), 0..9, 9).unwrap_err().code(), "index-stale");
    writer.write(model.batch(0, 70)).unwrap();
    assert_eq!(index.last(key(Kind::Time, "")).unwrap_err().code(), "index-stale");
    writer.write(model.batch(70, 100)).unwrap();
    model.compare(&index, false).unwrap();
}

#[test]
fn reader_goes_on_beside_a_merge() {
    let model = Model::seeded(100, 9, 4);
    let store = memory();
    model.write(&store, (1..=8).map(|n| n * 5));
    let index = open(&store);
    model.write(&store, [60, 100]);
    assert_eq!(merge_all(&store, 40), 1);
    model.compare(&index, false).unwrap();
    assert_eq!(index.covered().0, 40);
    assert_eq!(merge_all(&store, u64::MAX), 0);
}

#[test]
fn reader_goes_on_beside_a_merge_that_reaches_further() {
    let model = Model::seeded(100, 9, 4);
    let store = memory();
    model.write(&store, (1..=8).map(|n| n * 5));
    let index = open(&store);
    model.write(&store, (9..=20).map(|n| n * 5));
    while merge_all(&store, u64::MAX) > 0 {}
    assert_eq!(open(&store).spans().len(), 1, "one run covers all");
    model.compare(&index, false).unwrap();
    assert_eq!(index.covered().0, 40);
}

#[test]
fn unfinished_run_is_written_anew() {
    let model = Model::seeded(20, 9, 4);
    let store = memory();
    let temporary = format!("{FOLDER}/{:020}-{:020}.run.tmp", 0, 20);
    store.write(&temporary, 0, &[7; 100_000]).unwrap();
    model.write(&store, [20]);
    assert_eq!(open(&store).check().unwrap(), Vec::<String>::new());
}

#[test]
fn run_of_another_history_is_set_aside() {
    let model = Model::seeded(100, 9, 5);
    let store = memory();
    let writer = Writer::open(Arc::clone(&store)).unwrap();
    writer.write(model.batch(0, 40)).unwrap();
    let mut foreign = Batch::new(40, Blake3::of(b"other"));
    foreign.entry(40, 0, line(40)).unwrap();
    foreign.post(value(0), 3).unwrap();
    let span = writer.write(foreign).unwrap();
    let index = open(&store);
    assert_eq!(index.covered(), (40, Some(line(39))));
    assert_eq!(index.bad().len(), 1);
    assert_eq!(index.check().unwrap(), index.bad());
    assert_eq!(span.entries(), 1);
    assert_eq!(writer.tidy().unwrap(), 1);
    assert_eq!(open(&store).bad().len(), 0);
    model.compare(&open(&store), false).unwrap();
}

#[test]
fn one_writer_at_a_time() {
    let store = memory();
    let writer = Writer::open(Arc::clone(&store)).unwrap();
    assert_eq!(Writer::open(Arc::clone(&store)).unwrap_err().code(), "busy");
    drop(writer);
    Writer::open(store).unwrap();
}

/// A copy of the store's index, with one byte of one file changed.
fn flipped(files: &[(String, Vec<u8>)], file: usize, at: usize, mask: u8) -> Arc<dyn Store> {
    let store = memory();
    for (number, (name, bytes)) in files.iter().enumerate() {
        store.write(name, 0, bytes).unwrap();
        if number == file {
            store.write(name, at as u64, &[bytes[at] ^ mask]).unwrap();
        }
    }
    store
}

fn contents(store: &Arc<dyn Store>) -> Vec<(String, Vec<u8>)> {
    let names = runs(store).into_iter().map(|file| format!("{FOLDER}/{file}"));
    names.map(|name| (name.clone(), read_all(store.as_ref(), &name).unwrap().unwrap())).collect()
}

#[test]
fn every_flipped_byte_is_found_and_none_gives_a_wrong_answer() {
    let model = Model::seeded(24, 12, 6);
    let store = memory();
    model.write(&store, [12, 24]);
    let files = contents(&store);
    (0..files[1].1.len()).into_par_iter().for_each(|at| {
        let store = flipped(&files, 1, at, 1 << (at % 8));
        let index = open(&store);
        assert_eq!(index.check().unwrap(), [files[1].0.clone()], "byte {at}");
        // what a question sees of damage depends on the block, so a few bytes of each will do
        if at < 128 || at % 97 == 0 {
            model.compare(&index, true).unwrap();
        }
    });
}

#[test]
fn every_truncation_is_found() {
    let model = Model::seeded(24, 12, 7);
    let store = memory();
    model.write(&store, [24]);
    let (name, bytes) = contents(&store).remove(0);
    for length in (0..bytes.len()).step_by(64).chain([bytes.len() - 1, bytes.len() + 1]) {
        let store = memory();
        let content: Vec<_> = bytes.iter().copied().chain([0]).take(length).collect();
        store.write(&name, 0, &content).unwrap();
        let index = open(&store);
        assert_eq!(index.check().unwrap(), [name.clone()], "{length} bytes");
        model.compare(&index, true).unwrap();
    }
}

#[test]
fn misplaced_block_is_found() {
    let model = Model::seeded(600, 50, 8);
    let store = memory();
    model.write(&store, [600]);
    let (name, bytes) = contents(&store).remove(0);
    let blocks = bytes.len() / 4096;
    for from in 0..blocks {
        let store = memory();
        store.write(&name, 0, &bytes).unwrap();
        store
            .write(&name, ((from + 1) % blocks * 4096) as u64, &bytes[from * 4096..][..4096])
            .unwrap();
        assert_eq!(open(&store).check().unwrap(), [name.clone()], "block {from}");
        model.compare(&open(&store), true).unwrap();
    }
}

/// Writes two more runs, merges all, tidies.
fn work(model: &Model, store: Arc<dyn Store>) -> Result<()> {
    let writer = Writer::open(Arc::clone(&store))?;
    let covered = Index::open(Arc::clone(&store))?.covered().0;
    if covered < model.end() {
        writer.write(model.batch(covered, model.end()))?;
    }
    while writer.merge_step(u64::MAX)? {}
    writer.tidy()?;
    Ok(())
}

fn prepared(model: &Model) -> SimulatedDisk {
    let disk = SimulatedDisk::new();
    let store: Arc<dyn Store> = Arc::new(disk.clone());
    model.write(&store, (1..=8).map(|n| n * 5));
    assert!(disk.is_durable());
    disk
}

#[test]
fn every_failing_call_leaves_a_right_index() {
    let model = Model::seeded(45, 12, 9);
    let counting = Arc::new(Faulty::new(Arc::new(prepared(&model))));
    work(&model, Arc::clone(&counting) as Arc<dyn Store>).unwrap();
    let calls = counting.calls();
    assert!(calls > 50, "{calls} calls");
    for at in 0..calls {
        for outcome in [Outcome::Lost, Outcome::Done, Outcome::Half] {
            for (cause, lasting) in [(Cause::Io, false), (Cause::Full, true)] {
                let disk = prepared(&model);
                let fault = Fault { at, outcome, cause, lasting };
                let store = Faulty::failing(Arc::new(disk.clone()), fault);
                let code = work(&model, Arc::new(store)).unwrap_err().code();
                assert!(["io", "no-space", "sync"].contains(&code), "{fault:?}: {code}");
                let store: Arc<dyn Store> = Arc::new(disk);
                let index = open(&store);
                assert!(index.covered().0 >= 40, "{fault:?}");
                assert_eq!(index.check().unwrap(), Vec::<String>::new(), "{fault:?}");
                model.compare(&index, false).unwrap();
                work(&model, Arc::clone(&store)).unwrap();
                model.compare(&open(&store), false).unwrap();
                assert_eq!(open(&store).covered().0, 45);
                assert_eq!(runs(&store).len(), 1, "{fault:?}: {:?}", runs(&store));
            }
        }
    }
}

#[test]
fn every_power_cut_leaves_a_right_index() {
    let model = Model::seeded(45, 12, 10);
    let counting = Arc::new(Faulty::new(Arc::new(prepared(&model))));
    work(&model, Arc::clone(&counting) as Arc<dyn Store>).unwrap();
    for at in 0..counting.calls() {
        let disk = prepared(&model);
        let fault = Fault { at, outcome: Outcome::Half, cause: Cause::Io, lasting: true };
        work(&model, Arc::new(Faulty::failing(Arc::new(disk.clone()), fault))).unwrap_err();
        for seed in 0..10 {
            let store: Arc<dyn Store> = Arc::new(disk.crash(seed));
            let index = open(&store);
            assert!(index.covered().0 >= 40, "{at} {seed}");
            assert_eq!(index.check().unwrap(), Vec::<String>::new(), "{at} {seed}");
            model.compare(&index, false).unwrap();
            work(&model, Arc::clone(&store)).unwrap();
            assert_eq!(open(&store).covered().0, 45);
            assert_eq!(runs(&store).len(), 1, "{at} {seed}: {:?}", runs(&store));
        }
    }
}

#[test]
fn failed_sync_leaves_a_right_index() {
    let model = Model::seeded(45, 12, 11);
    for sync in 0..4 {
        let disk = prepared(&model);
        disk.fail_sync(sync);
        assert_eq!(work(&model, Arc::new(disk.clone())).unwrap_err().code(), "sync");
        // going on is safe here: the bytes that were not synced are never used, but written again
        work(&model, Arc::new(disk.clone())).unwrap();
        for seed in 0..50 {
            let store: Arc<dyn Store> = Arc::new(disk.crash(seed));
            let index = open(&store);
            assert_eq!(index.check().unwrap(), Vec::<String>::new(), "{sync} {seed}");
            model.compare(&index, false).unwrap();
            work(&model, Arc::clone(&store)).unwrap();
            model.compare(&open(&store), false).unwrap();
            assert_eq!(open(&store).covered().0, 45);
        }
    }
}

#[test]
fn readers_and_a_merging_writer_get_along() {
    let temp = tempfile::tempdir().unwrap();
    let folder = || -> Arc<dyn Store> {
        let patience = std::time::Duration::from_mins(1);
        Arc::new(ledger_core::store::dir::Dir::create(temp.path(), patience).unwrap())
    };
    let model = Model::seeded(400, 12, 12);
    let store = folder();
    model.write(&store, (1..=20).map(|n| n * 5));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..40 {
                    // a store of its own: what is removed is really gone
                    let index = Index::open_with_cache(folder(), 0).unwrap();
                    model.compare(&index, false).unwrap();
                    assert!(index.covered().0 >= 100);
                }
            });
        }
        scope.spawn(|| {
            for end in (105..=400).step_by(5) {
                let writer = Writer::open(folder()).unwrap();
                let covered = open(&store).covered().0;
                writer.write(model.batch(covered, end)).unwrap();
                while writer.merge_step(u64::MAX).unwrap() {}
            }
        });
    });
    model.compare(&open(&store), false).unwrap();
    assert_eq!(open(&store).covered().0, 400);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn answers_as_a_sorted_set_would(
        entries in prop::collection::vec(prop::collection::vec((0_u64..30, 0_u64..60), 0..5), 1..120),
        cuts in prop::collection::btree_set(1_u64..120, 0..30),
        merges in 0_usize..4,
        limit in prop::sample::select(vec![20, 60, u64::MAX]),
    ) {
        let say = |said: Vec<(u64, u64)>| said.into_iter().map(|(v, order)| (value(v), order)).collect();
        let model = Model { entries: entries.into_iter().map(say).collect() };
        let store = memory();
        let end = model.end();
        let ends = cuts.into_iter().filter(|cut| *cut < end).chain([end]);
        model.write(&store, ends);
        let writer = Writer::open(Arc::clone(&store)).unwrap();
        for _ in 0..merges {
            writer.merge_step(limit).unwrap();
        }
        let index = open(&store);
        prop_assert_eq!(index.covered().0, end);
        model.compare(&index, false).unwrap();
        prop_assert_eq!(index.check().unwrap(), Vec::<String>::new());
        while writer.merge_step(u64::MAX).unwrap() {}
        model.compare(&open(&store), false).unwrap();
        model.compare(&index, false).unwrap();
        writer.delete().unwrap();
        writer.write(model.batch(0, end)).unwrap();
        let rebuilt = contents(&store);
        for (first, cut) in [(0, end / 2), (end / 2, end)] {
            if first < cut {
                writer.write(model.batch(first, cut)).unwrap();
            }
        }
        prop_assert_eq!(open(&store).spans().len(), 1);
        let whole = writer.tidy().unwrap();
        prop_assert_eq!(whole, if end > 1 { 2 } else { 0 });
        prop_assert_eq!(contents(&store), rebuilt);
    }
}
