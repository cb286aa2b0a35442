//! The laws of the persons' two files: nothing flushed is lost, nobody gets two pseudonyms.

use std::collections::BTreeMap;

use ledger_core::error::Result;
use ledger_core::store::Store as _;
use ledger_core::store::dir::Dir;
use ledger_core::vault::persons::{DELTA, INDEX, Key, Persons, Pseudonym};
use proptest::prelude::*;

use crate::common::{Vector, vectors};
use crate::files::Files;

const KEY: Key = Key([5; 32]);
const ISSUER: &str = "https://id.example.com";

fn id(number: u32) -> String {
    format!("person-{number}")
}

fn random(number: u32) -> [u8; 16] {
    blake3::hash(&number.to_be_bytes()).as_bytes()[..16].try_into().unwrap()
}

fn assign(persons: &mut Persons, files: &Files, numbers: std::ops::Range<u32>) {
    for number in numbers {
        persons.assign(files, ISSUER, &id(number), random(number)).unwrap();
    }
}

/// A ledger's persons with `indexed` of them in the index, and appends of these sizes after them.
fn with(indexed: u32, appends: &[u32]) -> (Files, Persons) {
    let files = Files::default();
    let mut persons = Persons::create(&files, KEY).unwrap();
    assign(&mut persons, &files, 0..indexed);
    persons.flush(&files).unwrap();
    persons.compact(&files).unwrap();
    let mut next = indexed;
    for size in appends {
        assign(&mut persons, &files, next..next + size);
        persons.flush(&files).unwrap();
        next += size;
    }
    (files, persons)
}

fn opened(files: &Files) -> Persons {
    Persons::open(files).unwrap().unwrap()
}

fn code(files: &Files) -> &'static str {
    match Persons::open(files) {
        Ok(_) => "accept",
        Err(error) => error.code(),
    }
}

#[test]
fn all_vectors() {
    for case in vectors("persons") {
        case.check(outcome(&case).err().map(|error| error.code()));
    }
}

fn outcome(case: &Vector) -> Result<()> {
    let files = Files::default();
    let other = if case.header("file") == "persons.idx" { "persons.delta" } else { "persons.idx" };
    let bytes = ledger_core::encoding::from_base64_any(case.header(other).as_bytes()).unwrap();
    files.put(&format!("vault/{other}"), &bytes);
    files.put(&format!("vault/{}", case.header("file")), &case.bytes);
    let mut persons = Persons::open(&files)?.unwrap();
    persons.records(&files)?;
    for (name, id) in &case.header {
        let Some(number) = name.strip_prefix("id-") else { continue };
        let found = persons.resolve(&files, case.header("issuer"), id)?;
        let found = found.map_or_else(|| "none".to_owned(), |found| found.to_string());
        assert_eq!(found, case.header(&format!("pseudonym-{number}")), "{}", case.name);
    }
    assert_eq!(persons.torn().to_string(), case.header("torn"), "{}", case.name);
    Ok(())
}

#[test]
fn none_where_the_vault_lives_elsewhere() {
    assert!(Persons::open(&Files::default()).unwrap().is_none());
}

#[test]
fn created_once() {
    let (files, _) = with(1, &[]);
    assert_eq!(Persons::create(&files, KEY).unwrap_err().code(), "persons-exists");
    let (files, _) = with(0, &[1]);
    files.remove(INDEX).unwrap();
    assert_eq!(Persons::create(&files, KEY).unwrap_err().code(), "persons-exists");
}

#[test]
fn everybody_is_found_and_nobody_else() {
    for indexed in [0, 1, 84, 85, 86, 170, 1_000, 5_000] {
        let (files, _) = with(indexed, &[3]);
        let mut persons = opened(&files);
        for number in 0..indexed + 3 {
            let found = persons.resolve(&files, ISSUER, &id(number)).unwrap();
            assert_eq!(found, Some(Pseudonym(random(number))), "{number} of {indexed}");
        }
        for number in indexed + 3..indexed + 200 {
            assert_eq!(persons.resolve(&files, ISSUER, &id(number)).unwrap(), None);
        }
        assert_eq!(persons.records(&files).unwrap().len(), indexed as usize + 3);
    }
}

#[test]
fn a_second_process_sees_what_the_first_flushed() {
    let (files, mut first) = with(100, &[2]);
    let mut second = opened(&files);
    assign(&mut first, &files, 102..105);
    first.flush(&files).unwrap();
    assert_eq!(second.resolve(&files, ISSUER, &id(103)).unwrap(), None);
    // without a refresh the second may not write
    second.assign(&files, ISSUER, &id(103), [0; 16]).unwrap();
    assert_eq!(second.flush(&files).unwrap_err().code(), "persons-stale");
    second.refresh(&files).unwrap();
    assert_eq!(second.pending(), 0);
    let found = second.assign(&files, ISSUER, &id(103), [0; 16]).unwrap();
    assert_eq!(found, Pseudonym(random(103)));
}

#[test]
fn a_rewrite_is_noticed_by_who_reads_on() {
    let (files, mut owner) = with(300, &[2]);
    let mut reader = opened(&files);
    owner.rewrite(&files, |_, name| (name != Pseudonym(random(7))).then_some(name)).unwrap();
    assert_eq!(reader.resolve(&files, ISSUER, &id(8)).unwrap_err().code(), "persons-stale");
    reader.refresh(&files).unwrap();
    assert_eq!(reader.resolve(&files, ISSUER, &id(7)).unwrap(), None);
    assert_eq!(reader.resolve(&files, ISSUER, &id(8)).unwrap(), Some(Pseudonym(random(8))));
    let gone = KEY.identity(ISSUER, &id(7));
    for name in [INDEX, DELTA] {
        let bytes = files.bytes(name);
        assert!(!bytes.windows(32).any(|window| window == gone.0), "{name}");
    }
}

/// Two processes on one folder, each with its own open files.
#[test]
fn a_rewrite_is_noticed_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let patience = std::time::Duration::ZERO;
    let one = Dir::create(folder.path(), patience).unwrap();
    let two = Dir::open(folder.path(), patience).unwrap();
    let mut first = Persons::create(&one, KEY).unwrap();
    let mut second = Persons::open(&two).unwrap().unwrap();
    for round in 0..4 {
        let (me, other) = (id(round), id(100 + round));
        first.refresh(&one).unwrap();
        first.assign(&one, ISSUER, &me, random(round)).unwrap();
        first.flush(&one).unwrap();
        if round % 2 == 1 {
            first.compact(&one).unwrap();
        }
        second.assign(&two, ISSUER, &me, [0; 16]).unwrap();
        assert_eq!(second.flush(&two).unwrap_err().code(), "persons-stale");
        second.refresh(&two).unwrap();
        let found = second.assign(&two, ISSUER, &me, [0; 16]).unwrap();
        assert_eq!(found, Pseudonym(random(round)));
        second.assign(&two, ISSUER, &other, random(100 + round)).unwrap();
        second.flush(&two).unwrap();
    }
    first.refresh(&one).unwrap();
    assert_eq!(first.records(&one).unwrap().len(), 8);
}

/// Stops a rewrite that erases one person at every operation, with every part of a write done: the
/// person is there as before or gone for good, and everybody else is there.
#[test]
fn a_rewrite_may_stop_anywhere() {
    let erased = Pseudonym(random(101));
    for stop in 0..14 {
        for part in [0, 1, 200, 5_000] {
            let (files, mut owner) = with(100, &[3]);
            files.stop_after(stop, part);
            let done = owner.rewrite(&files, |_, name| (name != erased).then_some(name)).is_ok();
            files.go_on();
            let mut persons = opened(&files);
            let before = persons.generation() == owner_generation();
            for number in 0..103 {
                let found = persons.resolve(&files, ISSUER, &id(number)).unwrap();
                let expected = number != 101 || before;
                assert_eq!(found.is_some(), expected, "{number} after {stop}, {part}");
            }
            assert!(!(done && (before || persons.has_void_delta())));
            // the next append makes it whole
            assign(&mut persons, &files, 200..201);
            persons.flush(&files).unwrap();
            let mut persons = opened(&files);
            assert!(!persons.has_void_delta());
            assert!(persons.resolve(&files, ISSUER, &id(200)).unwrap().is_some());
            assert_eq!(persons.resolve(&files, ISSUER, &id(101)).unwrap().is_some(), before);
        }
    }
}

/// `with` rewrites once after creation.
fn owner_generation() -> u64 {
    2
}

/// A rewrite that stopped between its two renames leaves a void delta: who has not noticed may not
/// append to it, the persons would be lost.
#[test]
fn nobody_appends_to_a_void_delta() {
    let (files, mut owner) = with(10, &[2]);
    let mut writer = opened(&files);
    writer.assign(&files, ISSUER, &id(50), random(50)).unwrap();
    files.stop_after(5, 0);
    assert!(owner.compact(&files).is_err());
    files.go_on();
    assert!(opened(&files).has_void_delta());
    assert_eq!(writer.flush(&files).unwrap_err().code(), "persons-stale");
}

/// The same process goes on after an append that failed half way: nothing of it is believed twice.
#[test]
fn an_append_may_stop_anywhere() {
    for stop in 0..3 {
        for part in [0, 1, 63, 64, 70, 128, 150] {
            let (files, mut persons) = with(3, &[2]);
            assign(&mut persons, &files, 10..13);
            files.stop_after(stop, part);
            let done = persons.flush(&files).is_ok();
            files.go_on();
            persons.refresh(&files).unwrap();
            // another random value: who was written keeps the first pseudonym
            for number in 10..13 {
                let found = persons.assign(&files, ISSUER, &id(number), [7; 16]).unwrap();
                assert!(!done || found == Pseudonym(random(number)));
            }
            persons.flush(&files).unwrap();
            let mut reopened = opened(&files);
            assert_eq!((reopened.torn(), reopened.records(&files).unwrap().len()), (0, 8));
            for number in 10..13 {
                let resolved = reopened.resolve(&files, ISSUER, &id(number)).unwrap();
                assert_eq!(resolved, persons.resolve(&files, ISSUER, &id(number)).unwrap());
            }
        }
    }
}

#[test]
fn creation_may_stop_anywhere() {
    for stop in 0..11 {
        let files = Files::default();
        files.stop_after(stop, 10);
        let done = Persons::create(&files, KEY).is_ok();
        files.go_on();
        if let Some(persons) = Persons::open(&files).unwrap() {
            assert_eq!(persons.key(), KEY);
        } else {
            assert!(!done);
            Persons::create(&files, KEY).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A crash leaves any mixture of the old and the new bytes of the last append: what was flushed
    /// before is there, the torn tail is reported, and the next writer gets rid of it.
    #[test]
    fn a_torn_append_is_ignored(
        earlier in 0u32..4,
        last in 1u32..5,
        length in 0usize..400,
        holes in prop::collection::vec((0usize..320, 1usize..90), 0..4),
    ) {
        let (files, _) = with(10, &[earlier]);
        let synced = files.bytes(DELTA).len();
        let mut writer = opened(&files);
        assign(&mut writer, &files, 50..50 + last);
        writer.flush(&files).unwrap();
        let mut bytes = files.bytes(DELTA);
        bytes.truncate(synced + length);
        for (at, size) in holes {
            for byte in bytes.iter_mut().skip(synced + at).take(size) {
                *byte = 0;
            }
        }
        files.put(DELTA, &bytes);
        let mut persons = opened(&files);
        for number in 0..10 + earlier {
            prop_assert!(persons.resolve(&files, ISSUER, &id(number)).unwrap().is_some());
        }
        let whole = (bytes.len() as u64 - persons.torn() - synced as u64) / 64;
        assign(&mut persons, &files, 90..92);
        persons.flush(&files).unwrap();
        let persons = opened(&files);
        prop_assert_eq!(persons.torn(), 0);
        prop_assert_eq!(persons.records(&files).unwrap().len() as u64, u64::from(12 + earlier) + whole);
    }

    /// Any change to bytes that were there before the last append is refused or found when read,
    /// never answered with another pseudonym.
    #[test]
    fn damage_is_never_an_answer(in_delta: bool, at in 0usize..10_000, bit in 0u8..8, cut: bool) {
        let (files, _) = with(200, &[2, 3, 1]);
        let name = if in_delta { DELTA } else { INDEX };
        let mut bytes = files.bytes(name);
        let end = if in_delta { bytes.len() - 64 } else { bytes.len() };
        let at = at % end;
        if cut && !in_delta { bytes.truncate(at) } else { bytes[at] ^= 1 << bit }
        files.put(name, &bytes);
        let Ok(persons) = Persons::open(&files) else { return Ok(()) };
        let mut persons = persons.unwrap();
        prop_assert!(!in_delta, "damage in the delta was not seen");
        prop_assert_eq!(persons.records(&files).unwrap_err().code(), "persons-block");
        for number in 0..206 {
            if let Ok(found) = persons.resolve(&files, ISSUER, &id(number)) {
                prop_assert_eq!(found, Some(Pseudonym(random(number))));
            }
        }
    }

    /// Against a map: assignments, flushes, rewrites, crashes of a process, two processes.
    #[test]
    fn like_a_map(steps in prop::collection::vec((0u8..6, 0u32..40, 0usize..2), 1..60)) {
        let files = Files::default();
        Persons::create(&files, KEY).unwrap();
        let mut open = [opened(&files), opened(&files)];
        let mut model: BTreeMap<u32, Pseudonym> = BTreeMap::new();
        for (count, (step, number, who)) in steps.into_iter().enumerate() {
            let persons = &mut open[who];
            match step {
                0..=2 => {
                    persons.refresh(&files).unwrap();
                    let fresh = random(1_000 + u32::try_from(count).unwrap());
                    let got = persons.assign(&files, ISSUER, &id(number), fresh).unwrap();
                    persons.flush(&files).unwrap();
                    prop_assert_eq!(got, *model.entry(number).or_insert(Pseudonym(fresh)));
                }
                3 => persons.compact(&files).unwrap(),
                4 => {
                    let gone = model.remove(&number);
                    persons.rewrite(&files, |_, name| (Some(name) != gone).then_some(name)).unwrap();
                }
                _ => *persons = opened(&files),
            }
        }
        let mut persons = opened(&files);
        for number in 0..40 {
            let found = persons.resolve(&files, ISSUER, &id(number)).unwrap();
            prop_assert_eq!(found, model.get(&number).copied());
        }
    }
}

#[test]
fn the_files_belong_together() {
    let (files, _) = with(3, &[1]);
    let other = Files::default();
    Persons::create(&other, Key([6; 32])).unwrap();
    files.put(DELTA, &other.bytes(DELTA));
    assert_eq!(code(&files), "persons-delta-header");
    files.remove(DELTA).unwrap();
    assert_eq!(code(&files), "persons-delta-missing");
}

#[test]
fn one_identity_has_one_pseudonym() {
    // the same appends under two histories, joined: what two writers without a lock would make
    let (one, mut first) = with(0, &[]);
    let two = one.snapshot();
    first.assign(&one, ISSUER, "x", [1; 16]).unwrap();
    first.flush(&one).unwrap();
    let mut second = opened(&two);
    second.assign(&two, ISSUER, "y", [0; 16]).unwrap();
    second.flush(&two).unwrap();
    second.assign(&two, ISSUER, "x", [2; 16]).unwrap();
    second.flush(&two).unwrap();
    let (one, two) = (one.bytes(DELTA), two.bytes(DELTA));
    let files = Files::default();
    Persons::create(&files, KEY).unwrap();
    let mut persons = opened(&files);
    persons.compact(&files).unwrap();
    files.put(DELTA, &[&one[..], &two[one.len()..]].concat());
    assert_eq!(code(&files), "persons-conflict");
}
