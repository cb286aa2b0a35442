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
