//! Every parser, as one function over bytes: it says whether it accepts, and asserts that what it accepts
//! is written again as the same bytes. Shared by the fuzz smoke test and the fuzz targets.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    dead_code,
    reason = "each of the two uses its part"
)]

use ledger_core::approval::Request;
use ledger_core::capability::Capability;
use ledger_core::checkpoint::{Checkpoint, Origin};
use ledger_core::dsse::Envelope;
use ledger_core::entry::{self, Entry};
use ledger_core::event::Event;
use ledger_core::hash::Sha256;
use ledger_core::head::Head;
use ledger_core::json::{Document, Names, Value, read};
use ledger_core::key::{KeyId, PublicKey, read_private, read_public};
use ledger_core::note::{Note, VerifierKey};
use ledger_core::policy::Policy;
use ledger_core::proof::Proof;
use ledger_core::range::RangeProof;
use ledger_core::review::form::Form;
use ledger_core::schema;
use ledger_core::seal::{self, Disclosure};
use ledger_core::signer;
use ledger_core::spool::Spool;
use ledger_core::store::Store as _;
use ledger_core::store::memory::Memory;
use ledger_core::tile::{TilePath, decode_bundle, encode_bundle};
use ledger_core::time::Timestamp;
use ledger_core::tree::Frontier;
use ledger_core::trust::{self, Registry};
use ledger_core::vault::inbox;
use ledger_core::vault::key::{VaultKey, VaultSecret};
use ledger_core::vault::persons::{DELTA, INDEX, Key, Persons};
use ledger_core::verify::{Options, verify};

/// Takes bytes; true when it accepts them.
pub type Parser = fn(&[u8]) -> bool;

/// Name, parser, and the folder of vectors that are its seeds.
pub const PARSERS: &[(&str, Parser, &str)] = &[
    ("json_document", json_document, "json"),
    ("json_line", json_line, "json"),
    ("json_any", json_any, "json"),
    ("event", event, "event"),
    ("entry", entry_line, "entry"),
    ("log", log, "trust"),
    ("folder", folder, "verify"),
    ("head_slot", head_slot, "head"),
    ("head_file", head_file, "head"),
    ("format", format, "store"),
    ("note", note, "note"),
    ("vkey", vkey, "note"),
    ("checkpoint", checkpoint, "checkpoint"),
    ("proof", proof, "proof"),
    ("range", range, "range"),
    ("policy", policy, "policy"),
    ("tile_path", tile_path, "tile"),
    ("bundle", bundle, "tile"),
    ("disclosure", disclosure, "seal"),
    ("inbox_file", inbox_file, "inbox"),
    ("persons_index", persons_index, "persons"),
    ("persons_delta", persons_delta, "persons"),
    ("key_file", key_file, "key"),
    ("small", small, "key"),
    ("envelope", envelope, "dsse"),
    ("keys", keys, "trust"),
    ("signer_memory", signer_memory, "signer"),
    ("archive", archive, "note"),
    ("spool", spool, "spool"),
    ("approval", approval, "approval"),
    ("review_form", review_form, "review"),
];

/// Runs the parser of that name.
pub fn run(name: &str, bytes: &[u8]) {
    let (_, parser, _) =
        PARSERS.iter().find(|(known, _, _)| *known == name).expect("a parser of that name");
    parser(bytes);
}

/// Seeds that are no vectors: files under the keys that the parsers here hold.
pub fn made(name: &str) -> Vec<Vec<u8>> {
    let store = Memory::new();
    let file = |name| ledger_core::store::read_all(&store, name).unwrap().unwrap();
    match name {
        "inbox_file" => {
            let person = |id: &str| inbox::Item::Person {
                issuer: "hr".to_owned(),
                id: id.to_owned(),
                pseudonym: ledger_core::vault::persons::Pseudonym([9; 16]),
            };
            let key = VaultSecret::generate(&[1; 32]).public();
            vec![
                inbox::seal_group(key, [7; 32], 3, &[person("1"), person("2")], &[3; 32])
                    .unwrap()
                    .1,
            ]
        }
        "keys" => {
            let list = r#"{"capabilities":["append:*"],"ended":9,"key":"bqqswcK7uoEb2h1vyPyiBY6K8FULkiRFBGbKK5juEj8","public_key":"FRSni+LI1Tws70Cs9hF4Hd1ebX3R7R+LkE/dSiasekI=","reason":"compromised","registered":1,"reported":9,"scope":{"services":["pay*"]},"service":"ci","suspect_from":4}"#;
            let id = trust::list::parse(list.as_bytes()).unwrap().0;
            let facts = trust::directory::Facts { covered: 10, ..Default::default() };
            let lines = [(id, list.as_bytes(), true)];
            let directory = trust::directory::Directory::new(facts, lines.into_iter());
            vec![list.as_bytes().to_vec(), directory.encode()]
        }
        "persons_index" | "persons_delta" => {
            let mut persons = Persons::create(&store, Key([5; 32])).unwrap();
            for number in 0..3 {
                persons.assign(&store, "hr", &number.to_string(), [number; 16]).unwrap();
            }
            persons.flush(&store).unwrap();
            if name == "persons_delta" {
                return vec![file(DELTA)];
            }
            persons.compact(&store).unwrap();
            vec![file(INDEX)]
        }
        _ => Vec::new(),
    }
}

fn same(written: &[u8], read: &[u8]) -> bool {
    assert_eq!(
        String::from_utf8_lossy(written),
        String::from_utf8_lossy(read),
        "written otherwise than read"
    );
    assert_eq!(written, read, "written otherwise than read");
    true
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn canonical(bytes: &[u8], names: Names) -> bool {
    let mut document = Document::default();
    let Ok(view) = document.parse(bytes, names) else { return false };
    same(view.raw(), bytes) && same(Value::from(view).to_canonical().as_bytes(), bytes)
}

fn json_document(bytes: &[u8]) -> bool {
    canonical(bytes, Names::Plain)
}

fn json_line(bytes: &[u8]) -> bool {
    canonical(bytes, Names::Entry)
}

fn json_any(bytes: &[u8]) -> bool {
    let Ok(value) = read(bytes) else { return false };
    let written = value.to_canonical();
    assert_eq!(read(written.as_bytes()).unwrap(), value);
    canonical(written.as_bytes(), Names::Plain)
}

fn event(bytes: &[u8]) -> bool {
    let mut document = Document::default();
    let Ok(event) = Event::parse(&mut document, bytes) else { return false };
    let _ = (schema::check(&event), event.claim(), event.hash());
    same(event.bytes(), bytes)
}

fn entry_line(bytes: &[u8]) -> bool {
    let mut document = Document::default();
    let Ok(entry) = Entry::parse(&mut document, bytes) else { return false };
    let persons: Vec<_> = entry.persons.iter().map(|(at, who)| ((*at).to_owned(), *who)).collect();
    let event = entry.event.bytes();
    let line = entry::line(
        &entry.chain,
        event,
        entry.index,
        &persons,
        entry.recorded_at,
        &entry.signatures,
    );
    same(line.as_bytes(), bytes)
}

/// Authority is judged and applied whatever the lines say.
fn log(bytes: &[u8]) -> bool {
    let mut registry = Registry::default();
    let mut lawful = true;
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    for line in body.split(|byte| *byte == b'\n').take(20) {
        let mut document = Document::default();
        let Ok(entry) = Entry::parse(&mut document, line) else { return false };
        lawful &= registry.judge(&entry).is_ok();
        let _ = (
            registry.signer_keys(&entry.event),
            registry.apply(&entry),
            registry.checkpoint_keys(entry.index),
        );
    }
    lawful
}

/// A whole folder is verified, whatever its only segment holds.
fn folder(bytes: &[u8]) -> bool {
    const ORIGIN: &str =
        "example/releases/42a93a91e97acee52d5101a752ae79b1cab2ef8eeffda68783c6ea23e6e6bf69";
    let store = Memory::new();
    let put = |name: &str, bytes: &[u8]| store.write(name, 0, bytes).unwrap();
    put("ledger.toml", format!("format = \"ledger/v1\"\norigin = \"{ORIGIN}\"\n").as_bytes());
    put("entries/00000000000000000000.jsonl", bytes);
    put("checkpoints.log", bytes);
    let origin = Origin::parse(ORIGIN).unwrap();
    let options = Options {
        pinned: Some(&origin),
        older: &[bytes.to_vec()],
        mode: ledger_core::signature::Mode::OneByOne,
        ..Options::new([1; 32])
    };
    let report = verify(&store, &options).unwrap();
    // there is no head, and the older checkpoint is a log
    assert!(!report.faults.is_empty());
    report.faults.len() < 4
}

fn envelope(bytes: &[u8]) -> bool {
    let Ok(envelope) = Envelope::parse(bytes) else { return false };
    let _ = (envelope.missing(), envelope.verify(|_| None));
    same(envelope.encode().as_bytes(), bytes)
}

/// A line of the list of keys, or a directory of them.
fn keys(bytes: &[u8]) -> bool {
    if let Ok((id, record)) = trust::list::parse(bytes) {
        return same(trust::list::line(&id, &record).as_bytes(), bytes);
    }
    let Some(directory) = trust::directory::Directory::parse(bytes.to_vec()) else { return false };
    let registry = Registry::from_directory(directory);
    let _ = (registry.keys(), registry.list(), registry.suspects(), registry.checkpoint_keys(7));
    registry.len() < 100
}

fn head_slot(bytes: &[u8]) -> bool {
    Head::from_slot(bytes).is_ok_and(|head| same(&head.to_slot(), bytes))
}

fn head_file(bytes: &[u8]) -> bool {
    let store = Memory::new();
    store.write("head", 0, bytes).unwrap();
    match Head::read(&store) {
        Ok(Some(read)) => {
            assert!(Frontier::from_parts(read.head.size, read.head.frontier.clone()).is_ok());
            read.head.write_both(&store).unwrap();
            true
        }
        _ => false,
    }
}

fn format(bytes: &[u8]) -> bool {
    let store = Memory::new();
    store.write("ledger.toml", 0, bytes).unwrap();
    let Ok(origin) = ledger_core::ledger::read_format(&store) else { return false };
    same(format!("format = \"ledger/v1\"\norigin = \"{origin}\"\n").as_bytes(), bytes)
}

fn note(bytes: &[u8]) -> bool {
    Note::parse(bytes).is_ok_and(|note| same(&note.encode(), bytes))
}

fn vkey(bytes: &[u8]) -> bool {
    let Some(key) = text(bytes).and_then(|text| VerifierKey::parse(text).ok()) else {
        return false;
    };
    same(key.to_string().as_bytes(), bytes)
}

fn checkpoint(bytes: &[u8]) -> bool {
    let Some(read) = text(bytes).and_then(|text| Checkpoint::parse(text).ok()) else {
        return false;
    };
    same(read.encode().as_bytes(), bytes)
}

fn proof(bytes: &[u8]) -> bool {
    let Ok(proof) = Proof::parse(bytes) else { return false };
    let _ = any_policy().map(|policy| proof.verify(&Sha256::of(bytes), &policy));
    same(&proof.encode(), bytes)
}

fn range(bytes: &[u8]) -> bool {
    RangeProof::parse(bytes).is_ok_and(|proof| same(&proof.encode(), bytes))
}

fn any_policy() -> Option<Policy> {
    let key = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    Policy::of_log(VerifierKey::parse(key).ok()?).ok()
}

/// A policy may have comments and spaces; what is written has none, and means the same.
fn policy(bytes: &[u8]) -> bool {
    let Ok(policy) = Policy::parse(bytes) else { return false };
    let written = policy.encode();
    let again = Policy::parse(&written).map(|policy| policy.encode());
    same(&again.unwrap(), &written)
}

fn tile_path(bytes: &[u8]) -> bool {
    let Some(path) = text(bytes).and_then(|text| TilePath::parse(text).ok()) else { return false };
    same(path.to_string().as_bytes(), bytes)
}

fn bundle(bytes: &[u8]) -> bool {
    let mut accepted = false;
    for count in [0, 1, 2, 3, 256, 257] {
        if let Ok(entries) = decode_bundle(bytes, count) {
            accepted |= same(&encode_bundle(&entries).unwrap(), bytes);
        }
    }
    accepted
}

fn disclosure(bytes: &[u8]) -> bool {
    let sealed =
        seal::from_json(bytes).is_ok_and(|sealed| same(seal::to_json(sealed).as_bytes(), bytes));
    sealed
        || Disclosure::from_json(bytes).is_ok_and(|disclosure| same(&disclosure.to_json(), bytes))
}

fn inbox_file(bytes: &[u8]) -> bool {
    inbox::open_group(&VaultSecret::generate(&[1; 32]), [7; 32], bytes).is_ok()
}

/// The index under an empty delta, and the delta under an empty index.
fn persons_files(name: &str, bytes: &[u8]) -> bool {
    let store = Memory::new();
    Persons::create(&store, Key([5; 32])).unwrap();
    if name == INDEX {
        // the delta that goes with an index of the second generation
        Persons::open(&store).unwrap().unwrap().compact(&store).unwrap();
    }
    store.remove(name).unwrap();
    store.write(name, 0, bytes).unwrap();
    let Ok(Some(mut persons)) = Persons::open(&store) else { return false };
    let _ = persons.records(&store);
    let Ok(assigned) = persons.assign(&store, "issuer", "id", [3; 16]) else { return false };
    if persons.flush(&store).is_ok() {
        let mut again = Persons::open(&store).unwrap().unwrap();
        assert_eq!(again.resolve(&store, "issuer", "id").unwrap(), Some(assigned));
    }
    true
}

fn persons_index(bytes: &[u8]) -> bool {
    persons_files(INDEX, bytes)
}

fn persons_delta(bytes: &[u8]) -> bool {
    persons_files(DELTA, bytes)
}

fn key_file(bytes: &[u8]) -> bool {
    read_private(bytes).is_ok() || read_public(bytes).is_ok()
}

/// Values of one line, each with one spelling.
fn small(bytes: &[u8]) -> bool {
    let text = text(bytes).unwrap_or_default();
    let spelled = [
        Timestamp::parse(bytes).ok().map(|it| it.to_string()),
        KeyId::parse(text).ok().map(|it| it.to_string()),
        Capability::parse(text).ok().map(|it| it.to_string()),
        Origin::parse(text).ok().map(|it| it.to_string()),
        PublicKey::from_base64(bytes).ok().map(|it| it.to_base64()),
        VaultKey::parse(bytes).ok().map(|it| it.to_string()),
    ];
    spelled.into_iter().flatten().fold(false, |_, spelled| same(spelled.as_bytes(), bytes))
}

fn signer_memory(bytes: &[u8]) -> bool {
    let Some(memory) = text(bytes).and_then(|text| signer::Memory::parse(text).ok()) else {
        return false;
    };
    same(memory.encode().as_bytes(), bytes)
}

/// A form is read from whatever a browser saved: what it says is written and read again the same.
fn review_form(bytes: &[u8]) -> bool {
    let Ok(form) = Form::parse(bytes) else { return false };
    let text = form.to_json().to_canonical();
    assert_eq!(Form::parse(text.as_bytes()).unwrap(), form);
    true
}

fn archive(bytes: &[u8]) -> bool {
    let (notes, rest) = signer::archived(bytes);
    let joined: Vec<u8> = notes
        .iter()
        .flat_map(|note| [note, &b"\n\n"[..]].concat())
        .chain(rest.iter().copied())
        .collect();
    same(&joined, bytes) && !notes.is_empty()
}

fn spool(bytes: &[u8]) -> bool {
    let ledger = Origin::parse(SPOOLED).unwrap();
    // what is whole in a damaged file is a spool that is read again, of the stream that is told
    let salvaged = Spool::salvage(bytes, &ledger);
    for run in &salvaged.spools {
        let text = run.encode().unwrap();
        assert_eq!(Spool::parse(text.as_bytes()).unwrap(), *run);
        assert_eq!(Some(run.stream()), salvaged.stream);
    }
    let Ok(spool) = Spool::parse(bytes) else { return false };
    let whole = bytes.iter().rposition(|&byte| byte == b'\n').unwrap() + 1;
    assert_eq!(spool.encode().unwrap().as_bytes(), &bytes[..whole]);
    true
}

/// The ledger of the vectors.
const SPOOLED: &str =
    "example.com/demo/9dd1f45666332692e21616af61fa3d62c5391d0742d26cdfbf16118893b97e08";

fn approval(bytes: &[u8]) -> bool {
    let Ok(request) = Request::parse(bytes) else { return false };
    assert_eq!(request.encode().as_bytes(), bytes);
    true
}
