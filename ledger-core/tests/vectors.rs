//! The vectors of the waist: json, event, entry, chain, head and trust, each read as its spec page says.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests stop at the first surprise"
)]
#![allow(unreachable_pub, reason = "helpers that several tests share")]

mod common;

use std::collections::BTreeMap;

use common::{Vector, vectors};
use ledger_core::anchor::{Request, Roots, Stamp};
use ledger_core::approval;
use ledger_core::chain::{self, End, Link, Neighbours, Place};
use ledger_core::checkpoint::Origin;
use ledger_core::dsse::Envelope;
use ledger_core::entry::{self, Entry};
use ledger_core::error::{Error, Result};
use ledger_core::event::Event;
use ledger_core::evidence::manifest::Manifest;
use ledger_core::evidence::zip;
use ledger_core::hash::{Blake3, Sha256};
use ledger_core::head::Head;
use ledger_core::json::{Document, Names, Value, read};
use ledger_core::ledger::read_format;
use ledger_core::report::period;
use ledger_core::review::form::{Filled, Form};
use ledger_core::sample::{Committed, Population, Seed};
use ledger_core::schema;
use ledger_core::signature::{self, Mode};
use ledger_core::signer;
use ledger_core::spool::Spool;
use ledger_core::store::Store;
use ledger_core::store::memory::Memory;
use ledger_core::tree;
use ledger_core::trust::Registry;
use ledger_core::vault::persons::Key;
use ledger_core::verify::{Options, Verdict, verify as verify_folder};

fn judge(case: &Vector, outcome: &Result<()>) {
    case.check(outcome.as_ref().err().map(Error::code));
}

#[test]
fn spool() {
    for case in vectors("spool") {
        let read = Spool::parse(&case.bytes);
        if let Ok(spool) = &read {
            let whole = case.bytes.iter().rposition(|&byte| byte == b'\n').unwrap() + 1;
            assert_eq!(spool.encode().unwrap().as_bytes(), &case.bytes[..whole], "{}", case.name);
            assert!(Spool::salvage(&case.bytes, &spool.ledger).lost.is_empty(), "{}", case.name);
        }
        judge(&case, &read.map(drop));
    }
}

#[test]
fn anchor() {
    for case in vectors("anchor") {
        let plain = |name| ledger_core::encoding::from_base64_any(case.header(name).as_bytes());
        let roots = Roots::parse(&plain("roots").unwrap()).unwrap();
        let judged = Stamp::parse(&case.bytes).and_then(|stamp| {
            stamp.answers(&Request::parse(&plain("request").unwrap())?)?;
            stamp.under(&roots)
        });
        judge(&case, &judged);
    }
}

#[test]
fn evidence() {
    for case in vectors("evidence") {
        let count = if case.header("read") == "zip" {
            zip::decode(&case.bytes).map(|opened| opened.views().len())
        } else {
            Manifest::parse(&case.bytes).map(|manifest| manifest.statement.subjects.len())
        };
        if let Ok(count) = &count {
            assert_eq!(count.to_string(), case.header("members"), "{}", case.name);
        }
        judge(&case, &count.map(drop));
    }
}

#[test]
fn listing() {
    for case in vectors("listing") {
        let rows = ledger_core::fact::snapshot::rows(&case.bytes);
        if let Ok(rows) = &rows {
            assert_eq!(rows.len().to_string(), case.header("rows"), "{}", case.name);
        }
        judge(&case, &rows.map(drop));
    }
}

#[test]
fn report() {
    for case in vectors("report") {
        let word = std::str::from_utf8(&case.bytes).unwrap();
        let read = period::parse(word);
        if let Ok(span) = &read {
            assert_eq!(period::word(*span), word, "{}", case.name);
            assert_eq!(period::day(span.from), case.header("from"), "{}", case.name);
            assert_eq!(period::day(span.to), case.header("to"), "{}", case.name);
        }
        judge(&case, &read.map(drop));
    }
}

#[test]
fn sample() {
    for case in vectors("sample") {
        let number = |name: &str| case.header(name).parse::<u64>().unwrap();
        let digest = |name: &str| Sha256::from_reference(case.header(name)).unwrap();
        let committed = Committed {
            rows: number("rows"),
            digest: digest("digest"),
            size: number("committed"),
            root: digest("root"),
        };
        let small = |name: &str| usize::try_from(number(name)).unwrap();
        let drawn = Population::parse(&case.bytes).and_then(|population| {
            assert_eq!(population.encode().as_bytes(), case.bytes, "{}", case.name);
            committed.continued(number("entries"), Some(digest("found")))?;
            committed.holds(&population)?;
            let seed = Seed::parse(case.header("seed"))?;
            assert_eq!(seed.to_string(), case.header("seed"), "{}", case.name);
            population.draw(&seed, small("size"), small("reserve"))
        });
        if let Ok(drawn) = &drawn {
            assert_eq!(drawn.selected.join(" "), case.header("selected"), "{}", case.name);
            assert_eq!(drawn.replacements.join(" "), case.header("replacements"), "{}", case.name);
        }
        judge(&case, &drawn.map(drop));
    }
}

#[test]
fn review() {
    for case in vectors("review") {
        let bytes = |name: &str| {
            ledger_core::encoding::from_hex::<32>(case.header(name).as_bytes()).unwrap()
        };
        let key = Key(bytes("key"));
        let population = Sha256::from_reference(case.header("population")).unwrap();
        let who = case.header("reviewer").parse().unwrap();
        let filled = Form::parse(&case.bytes).and_then(|form| form.check(&key, &population, who));
        if let Ok(filled) = &filled {
            let one = |one: &Filled| format!("{} {}", one.item, one.decision.as_str());
            let decided: Vec<String> = filled.iter().map(one).collect();
            assert_eq!(decided.join(", "), case.header("decided"), "{}", case.name);
            // what is read is written again as the one canonical text of it
            let form = Form::parse(&case.bytes).unwrap();
            let text = form.to_json().to_canonical();
            assert_eq!(Form::parse(text.as_bytes()).unwrap(), form, "{}", case.name);
        }
        judge(&case, &filled.map(drop));
    }
}

#[test]
fn approval() {
    for case in vectors("approval") {
        let read = approval::Request::parse(&case.bytes);
        if let Ok(request) = &read {
            assert_eq!(request.encode().as_bytes(), case.bytes, "{}", case.name);
        }
        judge(&case, &read.map(drop));
    }
}

#[test]
fn json() {
    for case in vectors("json") {
        let mut document = Document::default();
        let names = match case.header("read") {
            "canonical" => Names::Plain,
            "line" => Names::Entry,
            "any" => {
                let value = read(&case.bytes);
                if let Ok(value) = &value {
                    assert_eq!(value.to_canonical(), case.header("canonical"), "{}", case.name);
                }
                judge(&case, &value.map(drop));
                continue;
            }
            other => panic!("{}: no reader `{other}`", case.name),
        };
        let outcome = document.parse(&case.bytes, names).map(|view| {
            assert_eq!(Value::from(view).to_canonical().as_bytes(), case.bytes, "{}", case.name);
        });
        judge(&case, &outcome);
    }
}

#[test]
fn event() {
    for case in vectors("event") {
        let mut document = Document::default();
        let outcome = Event::parse(&mut document, &case.bytes).and_then(|event| {
            match case.header("law") {
                "form" => {}
                "meaning" => drop(schema::check(&event)?),
                other => panic!("{}: no law `{other}`", case.name),
            }
            assert_eq!(event.bytes(), case.bytes, "{}", case.name);
            assert_eq!(event.hash().to_base64(), case.header("hash"), "{}", case.name);
            Ok(())
        });
        judge(&case, &outcome);
    }
}

#[test]
fn entry() {
    for case in vectors("entry") {
        let mut document = Document::default();
        let outcome = Entry::parse(&mut document, &case.bytes).map(|entry| {
            assert_eq!(entry.hash().to_base64(), case.header("hash"), "{}", case.name);
            assert_eq!(
                tree::leaf_hash(entry.line).to_base64(),
                case.header("leaf"),
                "{}",
                case.name
            );
            let persons: Vec<_> =
                entry.persons.iter().map(|(at, who)| ((*at).to_owned(), *who)).collect();
            let (chain, event) = (&entry.chain, entry.event.bytes());
            let again = entry::line(
                chain,
                event,
                entry.index,
                &persons,
                entry.recorded_at,
                &entry.signatures,
            );
            assert_eq!(again.as_bytes(), case.bytes, "{}", case.name);
        });
        judge(&case, &outcome);
    }
}

/// The lines of a vector that is a log; each ends with a newline.
fn lines(case: &Vector) -> Vec<&[u8]> {
    let body =
        case.bytes.strip_suffix(b"\n").unwrap_or_else(|| panic!("{}: no last newline", case.name));
    body.split(|byte| *byte == b'\n').collect()
}

/// Streams as somebody writes them who has never seen ours: every event by name and place.
#[derive(Default)]
struct Streams(BTreeMap<String, BTreeMap<u64, Link>>);

impl Streams {
    fn take(&mut self, entry: &Entry<'_>) -> Result<Place> {
        let link = Link::of(&entry.event, entry.event.hash(), entry.index);
        let stream = self.0.entry(entry.event.stream.name.to_owned()).or_default();
        let around = Neighbours {
            same: stream.get(&link.seq).copied(),
            before: link.seq.checked_sub(1).and_then(|seq| stream.get(&seq).copied()),
            after: stream.get(&(link.seq + 1)).copied(),
            last: stream.keys().last().copied(),
            ended: stream.values().find(|link| link.is_final).map(|link| link.seq),
        };
        let place = chain::place(&link, &around)?;
        if let Place::Same(index) = place {
            return Err(Error::refused("stream-same", format!("it is entry {index} already")));
        }
        stream.insert(link.seq, link);
        Ok(place)
    }
}

#[test]
fn chain_and_streams() {
    for case in vectors("chain") {
        let mut end = End::empty(case.header("origin"));
        let mut streams = Streams::default();
        let mut places = Vec::new();
        let outcome = lines(&case).into_iter().try_for_each(|line| {
            let mut document = Document::default();
            let entry = Entry::parse(&mut document, line)?;
            end = end.follow(&entry)?;
            if case.header("law") == "stream" {
                places.push(match streams.take(&entry)? {
                    Place::Next => "next",
                    Place::Gap => "gap",
                    Place::Late => "late",
                    Place::Same(_) => "same",
                });
            }
            Ok(())
        });
        match (outcome.is_ok(), case.header("law")) {
            (true, "chain") => {
                assert_eq!(end.last.to_base64(), case.header("last"), "{}", case.name);
            }
            // entry 0 and 1 are the ledger's own: each a stream of one event
            (true, "stream") => {
                assert_eq!(places.join(" "), case.header("places"), "{}", case.name);
            }
            (true, other) => panic!("{}: no law `{other}`", case.name),
            (false, _) => {}
        }
        judge(&case, &outcome);
    }
}

#[test]
fn head() {
    for case in vectors("head") {
        let outcome = match case.header("read") {
            "slot" => Head::from_slot(&case.bytes).map(|head| {
                assert_eq!(head.to_slot(), case.bytes, "{}", case.name);
            }),
            "file" => {
                let store = Memory::new();
                store.write("head", 0, &case.bytes).unwrap();
                Head::read(&store).map(|read| {
                    let read = read.expect("the file is there");
                    let damaged =
                        read.damaged.map_or_else(|| "none".to_owned(), |slot| slot.to_string());
                    assert_eq!(
                        read.head.counter.to_string(),
                        case.header("counter"),
                        "{}",
                        case.name
                    );
                    assert_eq!(damaged, case.header("damaged"), "{}", case.name);
                })
            }
            other => panic!("{}: nothing reads `{other}`", case.name),
        };
        judge(&case, &outcome);
    }
}

/// Form, chain, keys and signatures of every line: the whole law of link but for streams.
fn trusted(case: &Vector) -> Result<()> {
    let origin = Origin::parse(case.header("origin"))?;
    let mut end = End::empty(case.header("origin"));
    let mut registry = Registry::default();
    for line in lines(case) {
        let mut document = Document::default();
        let entry = Entry::parse(&mut document, line)?;
        end = end.follow(&entry)?;
        registry.judge(&entry)?;
        let expected = (entry.index > 0).then(|| origin.genesis().0);
        assert_eq!(entry.event.ledger, expected, "{}", case.name);
        for (key, signature) in registry.signer_keys(&entry.event)?.iter().zip(&entry.signatures) {
            signature::verify_one(key, entry.event.bytes(), &signature.bytes)?;
        }
        registry.apply(&entry)?;
    }
    Ok(())
}

#[test]
fn trust() {
    for case in vectors("trust") {
        judge(&case, &trusted(&case));
        // what stands before the refused entry is lawful: the case shows one thing
        let mut before = lines(&case);
        before.pop();
        if !before.is_empty() {
            let bytes = before.iter().flat_map(|line| [line, &b"\n"[..]].concat()).collect();
            let before = Vector { name: case.name.clone(), header: case.header.clone(), bytes };
            assert!(trusted(&before).is_ok(), "{}: an earlier entry is refused", case.name);
        }
    }
}

#[test]
fn dsse() {
    for case in vectors("dsse") {
        let outcome = Envelope::parse(&case.bytes).map(|envelope| {
            assert_eq!(envelope.encode().as_bytes(), case.bytes, "{}", case.name);
            let missing = envelope.missing().unwrap().len();
            assert_eq!(missing.to_string(), case.header("missing"), "{}", case.name);
            assert_eq!(missing == 0, envelope.submission().is_ok(), "{}", case.name);
        });
        judge(&case, &outcome);
    }
}

/// The folder that a vector of `verify` stands for: its lines in one segment, under a head that covers them all.
fn folder(case: &Vector) -> Memory {
    let store = Memory::new();
    let put = |name: &str, bytes: &[u8]| store.write(name, 0, bytes).unwrap();
    put(
        "ledger.toml",
        format!("format = \"ledger/v1\"\norigin = \"{}\"\n", case.header("origin")).as_bytes(),
    );
    put("entries/00000000000000000000.jsonl", &case.bytes);
    let body = case.bytes.strip_suffix(b"\n").unwrap_or(&case.bytes);
    let lines: Vec<&[u8]> = body.split(|byte| *byte == b'\n').collect();
    let leaves: Vec<Sha256> = lines.iter().map(|line| tree::leaf_hash(line)).collect();
    let head = Head {
        counter: 2,
        size: lines.len() as u64,
        segment: 0,
        offset: case.bytes.len() as u64,
        last: Blake3::of(lines.last().unwrap()),
        frontier: subtrees(&leaves),
    };
    head.write_both(&store).unwrap();
    let notes: Vec<Vec<u8>> = case
        .header
        .get("checkpoints")
        .into_iter()
        .flat_map(|list| list.split(' '))
        .map(|note| ledger_core::encoding::from_base64_any(note.as_bytes()).unwrap())
        .collect();
    if let Some(newest) = notes.last() {
        put("checkpoint", newest);
        put(
            "checkpoints.log",
            &notes.iter().flat_map(|note| [note, &b"\n\n"[..]].concat()).collect::<Vec<u8>>(),
        );
    }
    store
}

/// The roots of the complete subtrees, largest first, by the definition of RFC 6962.
fn subtrees(leaves: &[Sha256]) -> Vec<Sha256> {
    fn root(leaves: &[Sha256]) -> Sha256 {
        if let [leaf] = leaves {
            *leaf
        } else {
            let (left, right) = leaves.split_at(leaves.len() / 2);
            tree::node_hash(&root(left), &root(right))
        }
    }
    let mut rest = leaves;
    let mut roots = Vec::new();
    while let Some(level) = rest.len().checked_ilog2() {
        let (complete, after) = rest.split_at(1 << level);
        roots.push(root(complete));
        rest = after;
    }
    roots
}

#[test]
fn verify() {
    for case in vectors("verify") {
        let store = folder(&case);
        let origin = Origin::parse(case.header("origin")).unwrap();
        let receipts: Vec<(u64, Blake3)> = case
            .header
            .get("receipts")
            .into_iter()
            .flat_map(|list| list.split(' '))
            .map(|receipt| {
                let (index, hash) = receipt.split_once(':').unwrap();
                (index.parse().unwrap(), Blake3::from_base64(hash.as_bytes()).unwrap())
            })
            .collect();
        for mode in [Mode::Bulk, Mode::OneByOne] {
            let options = Options {
                pinned: Some(&origin),
                receipts: &receipts,
                mode,
                ..Options::new([7; 32])
            };
            let report = verify_folder(&store, &options).unwrap();
            let expected = case.header("expect");
            if report.verdict == Verdict::Holds {
                assert_eq!(expected, "accept", "{} ({})", case.name, case.header("comment"));
            } else {
                // one cause, one fault
                let codes: Vec<_> = report.faults.iter().map(|fault| fault.code).collect();
                assert_eq!(
                    vec![expected.trim_start_matches("refuse ")],
                    codes,
                    "{}: {report:?}",
                    case.name
                );
            }
        }
    }
}

#[test]
fn store() {
    for case in vectors("store") {
        let store = Memory::new();
        store.write(case.header("read"), 0, &case.bytes).unwrap();
        judge(&case, &read_format(&store).map(drop));
    }
}

#[test]
fn signer_memory() {
    for case in vectors("signer") {
        let text = String::from_utf8(case.bytes.clone()).unwrap();
        let outcome = signer::Memory::parse(&text);
        if let Ok(memory) = &outcome {
            assert_eq!(memory.encode(), text, "{}", case.name);
        }
        judge(&case, &outcome.map(drop));
    }
}
