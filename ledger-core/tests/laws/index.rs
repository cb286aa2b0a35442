//! Indexes that are gone, damaged or of another history: derived, so never believed.

use super::*;

/// A ledger with an index of two runs and some entries past it.
fn indexed() -> (Memory, World, Ledger, Vec<Submission>) {
    let (store, mut world, mut ledger) = start();
    let mut chain = Producer::new(key("pipeline"), 1);
    let mut all = Vec::new();
    for round in 0..3 {
        let group =
            vec![chain.next(&mut world, false), chain.next(&mut world, false), world.deployment()];
        all.extend(group.clone());
        world
            .append(&mut ledger, group)
            .unwrap()
            .into_iter()
            .for_each(|receipt| assert!(receipt.is_ok()));
        if round < 2 {
            ledger.catch_up(1, 1).unwrap();
        }
    }
    (store, world, ledger, all)
}

#[test]
fn a_deleted_index_is_made_again_and_answers_the_same() {
    let (store, mut world, ledger, all) = indexed();
    let answers = |ledger: &Ledger| {
        let kinds = [
            (Kind::Type, "deployment.finished"),
            (Kind::Type, "key.registered"),
            (Kind::Subject, "service:payments"),
            (Kind::Time, ""),
        ];
        kinds.map(|(kind, value)| ledger.find(kind, value, 1000).unwrap())
    };
    let wanted = answers(&ledger);
    assert_eq!(wanted.each_ref().map(Vec::len), [9, 3, 9, 13]);
    let index = store.list("index").unwrap();
    assert!(!index.is_empty());
    let keep = everything(&store);
    for file in index {
        store.remove(&format!("index/{file}")).unwrap();
    }
    let mut opened = Ledger::open(Arc::new(store.clone())).unwrap();
    assert_eq!(answers(&opened), wanted);
    opened.catch_up(1, 1000).unwrap();
    assert_eq!(answers(&opened), wanted);
    for receipt in world.append(&mut opened, all).unwrap() {
        assert!(receipt.unwrap().known);
    }
    let evidence = |files: BTreeMap<String, Vec<u8>>| {
        files.into_iter().filter(|(name, _)| !name.starts_with("index/")).collect::<Vec<_>>()
    };
    assert_eq!(evidence(everything(&store)), evidence(keep), "nothing but the index was written");
}

/// The files of the index's runs.
fn runs(store: &Memory) -> Vec<String> {
    let mut files = store.list("index").unwrap();
    files.retain(|file| file.strip_suffix(".run").is_some());
    assert_eq!(files.len(), 2, "{files:?}");
    files
}

#[test]
fn a_damaged_index_never_makes_a_wrong_ledger() {
    let (store, mut world, ledger, all) = indexed();
    let mut refusals = 0;
    let mut dice = world::Dice(11);
    for file in runs(&store) {
        let name = format!("index/{file}");
        let good = read_all(&store, &name).unwrap().unwrap();
        for number in 0..40 {
            let copy = store.snapshot();
            let at = usize::try_from(dice.below(good.len() as u64)).unwrap();
            let mut bad = good.clone();
            if number % 4 == 0 {
                bad.truncate(at);
            } else {
                bad[at] ^= 1 << dice.below(8);
            }
            copy.remove(&name).unwrap();
            copy.write(&name, 0, &bad).unwrap();
            let Ok(mut opened) = Ledger::open(Arc::new(copy.clone())) else {
                refusals += 1;
                continue;
            };
            match world.append(&mut opened, all.clone()) {
                Ok(receipts) => {
                    for receipt in receipts {
                        match receipt {
                            Ok(receipt) => assert!(receipt.known, "byte {at} of {file}"),
                            Err(_) => refusals += 1,
                        }
                    }
                }
                Err(_) => refusals += 1,
            }
            let report = verified(&copy, ledger.origin(), &[]).unwrap();
            assert_eq!(
                (report.verdict, report.size),
                (Verdict::Holds, 13),
                "byte {at} of {file}: {:?}",
                report.faults
            );
        }
    }
    println!("seed 11: {refusals} refusals");
}

#[test]
fn a_damaged_index_sets_no_acknowledged_line_aside() {
    let (store, _, ledger, _) = indexed();
    let slot = ledger.head().counter % 2;
    let mut dice = world::Dice(12);
    for file in runs(&store) {
        let name = format!("index/{file}");
        let length = store.len(&name).unwrap().unwrap();
        for _ in 0..40 {
            let copy = store.snapshot();
            let at = dice.below(length);
            let mut byte = [0];
            copy.read(&name, at, &mut byte).unwrap();
            copy.write(&name, at, &[byte[0] ^ (1 << dice.below(8))]).unwrap();
            copy.write("head", slot * 4096 + 60, b"0").unwrap();
            let recovered =
                Ledger::open(Arc::new(copy.clone())).and_then(|mut opened| opened.recover());
            if let Ok(Some(mended)) = recovered {
                assert_eq!((mended.size, mended.set_aside_bytes), (13, 0), "byte {at} of {file}");
            }
        }
    }
}

#[test]
fn an_index_of_another_history_is_not_believed() {
    let (store, mut world, _, all) = indexed();
    let (other, mut world2, mut ledger2) = start();
    world2.counter = 5000;
    let events: Vec<_> = (0..9).map(|_| world2.deployment()).collect();
    world2
        .append(&mut ledger2, events)
        .unwrap()
        .into_iter()
        .for_each(|receipt| assert!(receipt.is_ok()));
    ledger2.catch_up(1, 1000).unwrap();
    for file in store.list("index").unwrap() {
        store.remove(&format!("index/{file}")).unwrap();
    }
    for file in other.list("index").unwrap() {
        let name = format!("index/{file}");
        store.write(&name, 0, &read_all(&other, &name).unwrap().unwrap()).unwrap();
    }
    let mut opened = Ledger::open(Arc::new(store.clone())).unwrap();
    assert_eq!(opened.find(Kind::Type, "deployment.finished", 100).unwrap().len(), 9);
    for receipt in world.append(&mut opened, all).unwrap() {
        assert!(receipt.unwrap().known);
    }
}

/// A store in which another process works at one moment: when the folder of the index is listed for
/// the first time after it was set.
struct Meanwhile {
    inner: Memory,
    work: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Store for Meanwhile {
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
        self.inner.sync(name)
    }
    fn sync_dir(&self, dir: &str) -> Result<()> {
        self.inner.sync_dir(dir)
    }
    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.inner.rename(from, to)
    }
    fn remove(&self, name: &str) -> Result<()> {
        self.inner.remove(name)
    }
    fn list(&self, dir: &str) -> Result<Vec<String>> {
        let work = (dir == "index").then(|| self.work.lock().unwrap().take()).flatten();
        if let Some(work) = work {
            work();
        }
        self.inner.list(dir)
    }
    fn seal(&self, name: &str) -> Result<()> {
        self.inner.seal(name)
    }
    fn lock(&self, name: &str) -> Result<Box<dyn Lock>> {
        self.inner.lock(name)
    }
}

#[test]
fn an_index_that_another_process_brought_further_is_kept_at_opening() {
    let (store, mut world, mut ledger, _) = indexed();
    let more: Vec<_> = (0..3).map(|_| world.deployment()).collect();
    let work = move || {
        world.append(&mut ledger, more).unwrap().into_iter().for_each(|said| assert!(said.is_ok()));
        ledger.catch_up(1, 1).unwrap();
    };
    let slow = Meanwhile { inner: store.clone(), work: Mutex::new(Some(Box::new(work))) };
    let opened = Ledger::open(Arc::new(slow)).unwrap();
    let (covered, _) = Index::open(Arc::new(store)).unwrap().covered();
    assert_eq!(covered, opened.size(), "neither deleted nor made anew");
    assert_eq!(opened.find(Kind::Type, "deployment.finished", 1000).unwrap().len(), 12);
}

#[test]
fn an_index_that_another_process_brought_further_is_kept_after_an_append() {
    let (store, mut world, mut one, _) = indexed();
    let mut two = Ledger::open(Arc::new(store.clone())).unwrap();
    let mut append = |ledger: &mut Ledger| {
        let event = world.deployment();
        world.append(ledger, vec![event]).unwrap().remove(0).unwrap()
    };
    append(&mut one);
    append(&mut two);
    two.catch_up(1, 1).unwrap();
    let before = store.list("index").unwrap();
    let last = two.size();
    // the first is late: what it would hand over is covered, with an entry that it has not seen
    one.catch_up(1, 1).unwrap();
    assert_eq!(store.list("index").unwrap(), before, "nothing was deleted");
    assert_eq!(Index::open(Arc::new(store)).unwrap().covered().0, last);
    assert_eq!(one.size(), last, "it has seen it now");
    append(&mut one);
}
