//! Every source against its pairs in `fixtures/import/SOURCE/`: `NAME.json` (or `.xml`, `.http`, …) is
//! a file as it comes, `NAME.events` what its records become, `NAME.given` what the caller adds.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use ledger_core::json::Value;
use ledger_core::time::Timestamp;

use super::split::Splitter;
use super::{Given, Record, SOURCES, Source, events};

fn all(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn after(source: &Source, file: &Path, given: &Given) -> String {
    let mut out = String::new();
    let received = Timestamp::parse(b"2026-08-01T00:00:00.000000Z").unwrap();
    for piece in Splitter::new(File::open(file).unwrap(), source.framing) {
        let record = Record {
            bytes: &piece.bytes,
            header: piece.header.as_deref().unwrap_or_default(),
            received,
            given,
        };
        let read = match piece.broken {
            Some(reason) => Err(reason),
            None => events(source, &record),
        };
        match read {
            Err(reason) => writeln!(out, "quarantined {}", reason.code).unwrap(),
            Ok(events) => {
                for event in events {
                    let id = if event.personal { "(keyed digest)" } else { &event.source_id };
                    let value = Value::Object(event.value).to_canonical();
                    writeln!(out, "{id} {} {value}", event.ordinal).unwrap();
                    if let Some(attached) = event.attached {
                        out.push_str(&attached.lines());
                    }
                }
            }
        }
    }
    out
}

/// With `LEDGER_BLESS` set, what records become is written anew, to be read by a person.
#[test]
fn files_become_the_events_of_their_pairs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/import");
    let mut wrong = String::new();
    let mut pairs = BTreeSet::new();
    for folder in all(&root) {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let Some(source) = SOURCES.iter().find(|source| source.name == name) else { continue };
        pairs.insert(source.name);
        for file in all(&folder) {
            let extension = file.extension().unwrap_or_default();
            if ["events", "given", "mapping"].iter().any(|other| extension == *other) {
                continue;
            }
            let given = fs::read_to_string(file.with_extension("given")).unwrap_or_default();
            let given = Given::parse(&given.lines().map(str::to_owned).collect::<Vec<_>>());
            let mut given = given.unwrap();
            if let Some(mapping) = given.get("mapping").map(str::to_owned) {
                let mapping = fs::read_to_string(folder.join(mapping)).unwrap();
                given = given.with("mapping", mapping);
            }
            let found = after(source, &file, &given);
            let place = file.with_extension("events");
            if std::env::var_os("LEDGER_BLESS").is_some() {
                fs::write(&place, &found).unwrap();
            }
            if fs::read_to_string(&place).unwrap_or_default() != found {
                write!(wrong, "{}\n{found}", place.display()).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    for source in SOURCES {
        assert!(pairs.contains(source.name), "no pair for `{}`", source.name);
    }
}

/// Whatever stands in a record, it is mapped or refused, and never ends the program.
#[test]
fn damaged_records_are_mapped_or_refused() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/import");
    let received = Timestamp::from_micros(1).unwrap();
    let given = Given::default();
    for source in SOURCES {
        let mut records: Vec<Vec<u8>> = [
            &b"{}"[..],
            b"[]",
            b"7",
            b"null",
            b"\xff",
            b"",
            b"<a/>",
            b"[1,null,{}]",
            b"{\"action\":\"a.b\"}",
            b"POST / HTTP/1.1",
            b"POST / HTTP/1.1\r\n\r\n{}",
            b"{\"issue\":{\"key\":7},\"event\":[],\"pullRequest\":{}}",
        ]
        .map(<[u8]>::to_vec)
        .to_vec();
        if let Ok(folder) = fs::read_dir(root.join(source.name)) {
            for file in folder {
                let bytes = fs::read(file.unwrap().path()).unwrap();
                // cut short, and with each kind of value where another one is awaited
                records.extend((1..40).map(|part| bytes[..bytes.len() * part / 40].to_vec()));
                let text = String::from_utf8_lossy(&bytes).into_owned();
                for (from, to) in
                    [(":{", ":[{"), (":\"", ":7,\"x\":\""), ("[", "{\"a\":["), ("{", "[")]
                {
                    records.push(text.replace(from, to).into_bytes());
                }
                records.push(text.replace('"', "").into_bytes());
                let odd = text.replace("\":\"", "\":null,\"x\":\"").replace("name\"", "nom\"");
                records.push(odd.into_bytes());
            }
        }
        for bytes in records {
            if let Ok(found) =
                events(source, &Record { bytes: &bytes, header: b"", received, given: &given })
            {
                assert!(!found.is_empty(), "{}", source.name);
            }
        }
    }
}
