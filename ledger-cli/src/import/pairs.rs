//! Every source against its pairs in `fixtures/import/<source>/`: `<case>.before.*` is a file as it
//! comes, `<case>.after.jsonl` what its records become, `<case>.given` what the caller adds.

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
    let received = Timestamp::parse(b"2026-07-02T00:00:00.000000Z").unwrap();
    for piece in Splitter::new(File::open(file).unwrap(), source.framing) {
        let record = Record { bytes: &piece.bytes, received, given };
        let read = match piece.broken {
            Some(reason) => Err(reason),
            None => events(source, &record),
        };
        match read {
            Err(reason) => writeln!(out, "{{\"quarantined\":\"{}\"}}", reason.code).unwrap(),
            Ok(events) => {
                for event in events {
                    let mut value = event.value;
                    value.insert("ordinal".to_owned(), Value::count(event.ordinal));
                    value.insert("source_id".to_owned(), Value::text(event.source_id));
                    writeln!(out, "{}", Value::Object(value).to_canonical()).unwrap();
                }
            }
        }
    }
    out
}

#[test]
fn files_become_the_events_of_their_pairs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/import");
    let mut pairs = 0;
    let mut wrong = String::new();
    for folder in all(&root).into_iter().filter(|path| path.is_dir()) {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let Some(source) = SOURCES.iter().find(|source| source.name == name) else { continue };
        for file in all(&folder) {
            let path = file.to_string_lossy().into_owned();
            let Some((case, _)) = path.split_once(".before.") else { continue };
            let given = fs::read_to_string(format!("{case}.given")).unwrap_or_default();
            let given = Given::parse(&given.lines().map(str::to_owned).collect::<Vec<_>>());
            let found = after(source, &file, &given.unwrap());
            let place = format!("{case}.after.jsonl");
            // a new pair is written out, to be read by a person before it is kept
            if std::env::var_os("LEDGER_NEW_PAIRS").is_some() && !Path::new(&place).exists() {
                fs::write(&place, &found).unwrap();
            }
            if fs::read_to_string(&place).unwrap_or_default() != found {
                write!(wrong, "{place}\n{found}").unwrap();
            }
            pairs += 1;
        }
    }
    assert!(pairs > 0 && wrong.is_empty(), "{wrong}");
}
