//! Folders that are newer, not to be written, spoilt at the head or longer than it.

use super::*;

#[test]
fn a_folder_of_a_newer_format_is_left_alone() {
    let (store, _, ledger) = start();
    let text = String::from_utf8(read_all(&store, "ledger.toml").unwrap().unwrap()).unwrap();
    for (newer, code) in [
        (text.replace("ledger/v1", "ledger/v2"), "ledger-newer"),
        (text.replace("ledger/v1", "ledger/v17").replace("origin", "origins"), "ledger-newer"),
        (text.replace("ledger/v1", "ledger/v0"), "ledger-format"),
        (text.replace("ledger/v1", "ledger/v01"), "ledger-format"),
        (text.replace("ledger/v1", "ledger/v02"), "ledger-format"),
        (text.replace("ledger/v1", "ledger/v+2"), "ledger-format"),
        (text.replace("ledger/v1", "ledger/vx"), "ledger-format"),
        (text.replace("ledger/v1", "ledger"), "ledger-format"),
        (format!("{text}more = 1\n"), "ledger-format"),
        (format!("\u{feff}{text}"), "ledger-format"),
        (text.replace('\n', "\r\n"), "ledger-format"),
        (String::new(), "ledger-format"),
    ] {
        let copy = store.snapshot();
        copy.remove("ledger.toml").unwrap();
        copy.write("ledger.toml", 0, newer.as_bytes()).unwrap();
        let before = everything(&copy);
        let opened = Ledger::open(Arc::new(copy.clone()));
        assert_eq!(opened.err().map(|error| error.code()), Some(code), "{newer}");
        let checked = verified(&copy, ledger.origin(), &[]);
        assert_eq!(checked.err().map(|error| error.code()), Some(code), "{newer}");
        assert_eq!(everything(&copy), before);
    }
}

/// A store that can be read and nothing else.
pub(super) struct ReadOnly(pub(super) Memory);

fn never<T>() -> Result<T> {
    Err(Error::unavailable("read-only", "nothing can be written here"))
}

impl Store for ReadOnly {
    fn len(&self, name: &str) -> Result<Option<u64>> {
        self.0.len(name)
    }
    fn read(&self, name: &str, offset: u64, buf: &mut [u8]) -> Result<usize> {
        self.0.read(name, offset, buf)
    }
    fn write(&self, _: &str, _: u64, _: &[u8]) -> Result<()> {
        never()
    }
    fn sync(&self, _: &str) -> Result<()> {
        never()
    }
    fn sync_dir(&self, _: &str) -> Result<()> {
        never()
    }
    fn rename(&self, _: &str, _: &str) -> Result<()> {
        never()
    }
    fn remove(&self, _: &str) -> Result<()> {
        never()
    }
    fn list(&self, dir: &str) -> Result<Vec<String>> {
        self.0.list(dir)
    }
    fn seal(&self, _: &str) -> Result<()> {
        never()
    }
    fn lock(&self, _: &str) -> Result<Box<dyn Lock>> {
        never()
    }
}

#[test]
fn a_folder_that_cannot_be_written_can_be_read() {
    let (store, mut world, mut ledger) = start();
    let events: Vec<_> = (0..4).map(|_| world.deployment()).collect();
    world
        .append(&mut ledger, events.clone())
        .unwrap()
        .into_iter()
        .for_each(|receipt| assert!(receipt.is_ok()));
    for (name, indexed, slot) in
        [("fresh", false, false), ("indexed", true, false), ("torn", true, true)]
    {
        if indexed {
            ledger.catch_up(1, 100).unwrap();
        }
        let copy = store.snapshot();
        if slot {
            let older = 1 - ledger.head().counter % 2;
            copy.write("head", older * 4096 + 9, b"?").unwrap();
        }
        let mut opened = Ledger::open(Arc::new(ReadOnly(copy))).unwrap();
        assert_eq!(opened.size(), 8, "{name}");
        assert_eq!(opened.find(Kind::Subject, "service:payments", 100).unwrap().len(), 4, "{name}");
        assert_eq!(opened.line(7).unwrap(), ledger.line(7).unwrap(), "{name}");
        let report = verified(&**opened.store(), ledger.origin(), &[]).unwrap();
        assert_eq!(
            report.verdict,
            if slot { Verdict::CannotTell } else { Verdict::Holds },
            "{name}"
        );
        let more = world.deployment();
        assert_eq!(refused(&mut world, &mut opened, more), "read-only", "{name}");
        assert_eq!(opened.recover().unwrap_err().code(), "read-only", "{name}");
    }
}

#[test]
fn a_real_folder_without_permission_to_write_can_be_read() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path().join("ledger");
    let store = Arc::new(Dir::create(&root, Duration::ZERO).unwrap());
    let (mut world, mut ledger) = World::create(store).unwrap();
    let event = world.deployment();
    world.offer(&mut ledger, event).unwrap();
    let mode = |file: u32, dir: u32| {
        let mut dirs = vec![root.clone()];
        while let Some(dir_path) = dirs.pop() {
            // open first, so that its content can be listed while modes change
            for entry in fs::read_dir(&dir_path).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    dirs.push(path);
                } else {
                    fs::set_permissions(&path, fs::Permissions::from_mode(file)).unwrap();
                }
            }
            fs::set_permissions(&dir_path, fs::Permissions::from_mode(dir)).unwrap();
        }
    };
    mode(0o444, 0o555);
    let store = Arc::new(Dir::open(&root, Duration::ZERO).unwrap());
    let before = everything(&*store);
    let mut opened = Ledger::open(store.clone()).unwrap();
    assert_eq!(opened.size(), 5);
    assert_eq!(opened.find(Kind::Type, "deployment.finished", 9).unwrap().len(), 1);
    assert_eq!(faults(&*store, &ledger), []);
    let more = world.deployment();
    assert_eq!(refused(&mut world, &mut opened, more), "read-only");
    let after: Vec<_> =
        everything(&*store).into_iter().filter(|(name, _)| name != "lock").collect();
    assert_eq!(after, before.into_iter().filter(|(name, _)| name != "lock").collect::<Vec<_>>());
    mode(0o644, 0o755);
}

#[test]
fn a_damaged_head_slot_is_reported_and_loses_nothing() {
    for newest in [false, true] {
        let (store, mut world, mut ledger) = start();
        let mut chain = Producer::new(key("pipeline"), 1);
        let mut receipts = Vec::new();
        for _ in 0..3 {
            let group = vec![
                chain.next(&mut world, false),
                chain.next(&mut world, false),
                world.deployment(),
            ];
            let given = world.append(&mut ledger, group).unwrap();
            receipts.extend(
                given.into_iter().map(|receipt| receipt.map(|r| (r.index, r.hash)).unwrap()),
            );
        }
        let slot = if newest { ledger.head().counter % 2 } else { 1 - ledger.head().counter % 2 };
        store.write("head", slot * 4096 + 60, b"0").unwrap();
        let wanted = usize::try_from(slot).unwrap();
        let mut opened = Ledger::open(Arc::new(store.clone())).unwrap();
        assert_eq!(opened.damaged_slot(), Some(wanted));
        assert_eq!(opened.size(), if newest { 10 } else { 13 });
        let report = verified(&store, ledger.origin(), &[]).unwrap();
        assert_eq!((report.verdict, report.faults.len()), (Verdict::CannotTell, 0));
        assert!(report.notices.iter().any(|notice| notice.code == "head-slot"));
        let mended = opened.recover().unwrap().unwrap();
        assert_eq!((mended.slot, mended.size, mended.set_aside_bytes), (true, 13, 0));
        assert_eq!(mended.kept, if newest { 3 } else { 0 });
        let report = verified(&store, ledger.origin(), &receipts).unwrap();
        assert_eq!(report.verdict, Verdict::Holds, "{:?}", report.faults);
        assert_eq!(Ledger::open(Arc::new(store)).unwrap().damaged_slot(), None);
    }
    // without any slot nobody knows what was acknowledged
    let (store, _, ledger) = start();
    store.write("head", 60, b"0").unwrap();
    store.write("head", 4096 + 60, b"0").unwrap();
    assert_eq!(Ledger::open(Arc::new(store.clone())).unwrap_err().code(), "head-lost");
    assert_eq!(faults(&store, &ledger), [("head-lost", None)]);
}

#[test]
fn a_head_that_fits_no_lines_is_refused_again_and_again() {
    for wrong in 0..3 {
        let (store, mut world, mut ledger) = start();
        let mut stale = Ledger::open(Arc::new(store.clone())).unwrap();
        let events = vec![world.deployment(), world.deployment()];
        world
            .append(&mut ledger, events)
            .unwrap()
            .into_iter()
            .for_each(|receipt| assert!(receipt.is_ok()));
        let mut head = ledger.head().clone();
        head.counter += 1;
        match wrong {
            0 => head.last = Blake3([1; 32]),
            1 => {
                head.size -= 1;
                head.frontier = vec![Sha256([0; 32]); head.size.count_ones() as usize];
            }
            _ => {
                head.size += 1;
                head.frontier = vec![Sha256([0; 32]); head.size.count_ones() as usize];
            }
        }
        head.write(&store).unwrap();
        let before = everything(&store);
        for attempt in 0..3 {
            let more = world.deployment();
            let outcome = world.offer(&mut stale, more);
            assert!(
                outcome.is_err(),
                "head {wrong}, attempt {attempt}: appended after a head that was refused"
            );
        }
        let same: Vec<_> = everything(&store)
            .into_iter()
            .filter(|(name, _)| name.starts_with("entries") || name == "head")
            .collect();
        assert!(same.iter().all(|(name, bytes)| before.get(name) == Some(bytes)), "head {wrong}");
        assert!(Ledger::open(Arc::new(store.clone())).is_err(), "head {wrong}");
        assert!(!faults(&store, &ledger).is_empty(), "head {wrong}");
    }
}

#[test]
fn lines_past_the_head_are_kept_if_lawful_and_set_aside_if_not() {
    let (base, mut world, mut ledger) = start();
    let mut chain = Producer::new(key("pipeline"), 1);
    let group = vec![chain.next(&mut world, false), world.deployment()];
    world
        .append(&mut ledger, group.clone())
        .unwrap()
        .into_iter()
        .for_each(|receipt| assert!(receipt.is_ok()));
    // lawful lines, made by a copy of the ledger
    let twin = base.snapshot();
    let mut other = Ledger::open(Arc::new(twin.clone())).unwrap();
    let more =
        vec![chain.next(&mut world, false), chain.next(&mut world, false), world.deployment()];
    world
        .append(&mut other, more.clone())
        .unwrap()
        .into_iter()
        .for_each(|receipt| assert!(receipt.is_ok()));
    let lines: Vec<Vec<u8>> =
        (6..9).map(|index| [other.line(index).unwrap(), b"\n".to_vec()].concat()).collect();
    let torn = lines[2][..lines[2].len() / 2].to_vec();
    let mut flipped = lines[1].clone();
    flipped[300] ^= 1;
    let cases: Vec<(&str, Vec<u8>, u64, usize)> = vec![
        ("all lawful", lines.concat(), 3, 0),
        ("torn", [&lines[0][..], &lines[1], &torn].concat(), 2, torn.len()),
        ("without its newline", lines[0][..lines[0].len() - 1].to_vec(), 0, lines[0].len() - 1),
        (
            "a bit flipped in the middle",
            [&lines[0][..], &flipped, &lines[2]].concat(),
            1,
            flipped.len() + lines[2].len(),
        ),
        ("one dropped", [&lines[1][..], &lines[2]].concat(), 0, lines[1].len() + lines[2].len()),
        ("one repeated", [&lines[0][..], &lines[0]].concat(), 1, lines[0].len()),
        ("zeros", vec![0; 700], 0, 700),
        ("a newline", b"\n".to_vec(), 0, 1),
    ];
    for (name, rest, kept, aside) in cases {
        let store = base.snapshot();
        let head = world::head_of(&store);
        store.write(&segment::name(head.segment), head.offset, &rest).unwrap();
        let report = verified(&store, ledger.origin(), &[]).unwrap();
        assert_eq!(
            report.verdict,
            Verdict::Holds,
            "{name}: nobody was promised what lies past the head"
        );
        assert!(report.notices.iter().any(|notice| notice.code == "past-head"), "{name}");
        let mut opened = Ledger::open(Arc::new(store.clone())).unwrap();
        assert_eq!(opened.size(), 6, "{name}: readers never pass the head");
        let mended = opened.recover().unwrap().unwrap();
        assert_eq!((mended.kept, mended.set_aside_bytes), (kept, aside as u64), "{name}");
        assert_eq!(faults(&store, &ledger), [], "{name}");
        let files = store.list("recovered").unwrap();
        assert_eq!(files.len(), usize::from(aside > 0), "{name}");
        if let Some(file) = files.first() {
            let bytes = read_all(&store, &format!("recovered/{file}")).unwrap().unwrap();
            assert_eq!(bytes, rest[rest.len() - aside..], "{name}");
            let digest = format!("sha256:{}", ledger_core::encoding::hex(&Sha256::of(&bytes).0));
            assert_eq!(mended.digest, digest, "{name}");
            // recorded, by any key, it is no longer open
            assert_eq!(opened.unrecorded().unwrap().len(), 1, "{name}");
            let draft = value(&format!(
                r#"{{"type":"recovery.recorded","occurred_at":"{}","data":{{"digest":"{digest}","set_aside_bytes":{aside},"size":{}}}}}"#,
                time(90),
                mended.size
            ));
            let record = world.sign(&draft, &[&key("approver")]);
            world.offer(&mut opened, record).unwrap();
            assert_eq!(opened.unrecorded().unwrap(), [], "{name}");
        }
        for event in more.iter().chain(&group) {
            world.offer(&mut opened, event.clone()).unwrap();
        }
        let wanted = 9 + u64::from(aside > 0);
        assert_eq!((opened.size(), faults(&store, &ledger)), (wanted, vec![]), "{name}");
    }
}

#[test]
fn lines_past_the_head_that_break_a_law_are_not_adopted() {
    let (base, mut world, mut ledger) = start();
    let stranger = key("stranger");
    let draft = world.finished("succeeded");
    let by_stranger = world.sign(&draft, &[&stranger]);
    let mut bad_signature = world.deployment();
    bad_signature.signatures[0][40] ^= 1;
    let foreign = sign(
        &draft,
        Some([9; 32]),
        &Position::one_shot("test", [1; 16]),
        &[&key("pipeline")],
        seed("salts", 1),
    )
    .unwrap();
    let mut chain = Producer::new(key("pipeline"), 1);
    let first = chain.next(&mut world, false);
    world.offer(&mut ledger, first).unwrap();
    let fork =
        Producer { key: key("pipeline"), position: Producer::new(key("pipeline"), 1).position };
    let fork = fork.here(&mut world, &draft);
    for (name, event, signer) in [
        ("unknown key", by_stranger, &stranger),
        ("bad signature", bad_signature, &key("pipeline")),
        ("another ledger", foreign, &key("pipeline")),
        ("fork", fork, &key("pipeline")),
    ] {
        let store = base.snapshot();
        let head = world::head_of(&store);
        let line = ledger_core::entry::line(
            &head.last,
            &event.event,
            head.size,
            &[],
            time(80).to_string(),
            &of(&event, &[signer]),
        );
        store
            .write(&segment::name(head.segment), head.offset, format!("{line}\n").as_bytes())
            .unwrap();
        let mut opened = Ledger::open(Arc::new(store.clone())).unwrap();
        let mended = opened.recover().unwrap().unwrap();
        assert_eq!((mended.kept, mended.set_aside_bytes), (0, line.len() as u64 + 1), "{name}");
        assert_eq!(faults(&store, &ledger), [], "{name}");
    }
}
