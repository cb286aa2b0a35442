//! The server under what happens to servers: killed, ended, starved, shouted at.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests stop at the first surprise"
)]

mod common;
#[path = "serve/machine.rs"]
mod machine;
#[path = "serve/pen.rs"]
mod pen;

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::{World, event};
use machine::{Line, Machine};
use pen::Pen;

/// Pipelines at work: each sends its own events, one after the other, until it is told to end or nobody
/// answers any more. What was acknowledged, by id.
struct Load {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<Mutex<Vec<String>>>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Load {
    fn start(machine: &Machine, pen: &Pen, token: &str, round: u32, pipelines: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let acknowledged = Arc::new(Mutex::new(Vec::new()));
        let one = |pipeline: u32| {
            let (pen, token, address) = (pen.clone(), token.to_owned(), machine.address.clone());
            let (stop, acknowledged) = (Arc::clone(&stop), Arc::clone(&acknowledged));
            std::thread::spawn(move || {
                let mut line = Line::open(&address);
                for number in 0.. {
                    let id = format!("r{round}.p{pipeline}.n{number}");
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    match line.post("/v1/events", &token, &pen.line(&id)) {
                        Some(201) => acknowledged.lock().unwrap().push(id),
                        // a client that is refused has nothing to do with this load
                        Some(status) => assert_eq!(status, 201, "{id}"),
                        None => return,
                    }
                }
            })
        };
        let threads = (0..pipelines).map(one).collect();
        Self { stop, acknowledged, threads }
    }

    fn end(self) -> Vec<String> {
        self.stop.store(true, Ordering::SeqCst);
        for thread in self.threads {
            thread.join().unwrap();
        }
        Arc::try_unwrap(self.acknowledged).unwrap().into_inner().unwrap()
    }
}

/// How often each deployment is in the ledger.
fn counted(world: &World) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in world.run(&["log", "--json"]).good().lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        if let Some(id) = entry["subject"]["deployment"].as_str() {
            *counts.entry(id.to_owned()).or_insert(0) += 1;
        }
    }
    counts
}

fn all_are_there_once(world: &World, acknowledged: &[String]) {
    let counts = counted(world);
    for id in acknowledged {
        assert_eq!(counts.get(id), Some(&1), "{id}");
    }
    let said = world.run(&["verify"]).good();
    assert!(said.contains("INTEGRITY     holds"), "{said}");
}

#[test]
fn a_kill_under_load_loses_nothing_that_was_acknowledged() {
    let world = World::new();
    let pen = Pen::new(&world);
    let mut acknowledged = Vec::new();
    let mut token = None;
    for round in 0..3 {
        let signer = ["--checkpoint-key", "d/keys/signer.pem"];
        let mut machine = Machine::start(&world, &signer);
        let token = token.get_or_insert_with(|| machine.token(&["append"])).clone();
        let load = Load::start(&machine, &pen, &token, round, 8);
        // the command line appends to the same folder meanwhile
        for number in 0..3 {
            let id = format!("cli.r{round}.n{number}");
            world.write("one.json", event("payments").replace("d-1", &id));
            world.append(&["one.json"]).good();
            acknowledged.push(id);
        }
        std::thread::sleep(Duration::from_millis(700));
        machine.kill();
        let round = load.end();
        assert!(!round.is_empty());
        acknowledged.extend(round);
        all_are_there_once(&world, &acknowledged);
    }
    // sent once more, each gets its first receipt
    let machine = Machine::start(&world, &[]);
    let mut line = Line::open(&machine.address);
    let mut post = |id: &String| {
        assert_eq!(line.post("/v1/events", token.as_ref().unwrap(), &pen.line(id)), Some(200));
    };
    let mut again = acknowledged.iter().filter(|id| id.starts_with('r')).take(51);
    // the first takes in what was written as the server was killed, and nobody was told of
    post(again.next().unwrap());
    let before = world.size();
    again.for_each(&mut post);
    assert_eq!(world.size(), before);
    all_are_there_once(&world, &acknowledged);
}

/// Who looks again and again while others append never sees a checkpoint of fewer entries than before.
#[test]
fn a_checkpoint_is_never_followed_by_a_smaller_one() {
    let world = World::new();
    let pen = Pen::new(&world);
    let machine = Machine::start(&world, &["--checkpoint-key", "d/keys/signer.pem"]);
    let token = machine.token(&["append"]);
    let load = Load::start(&machine, &pen, &token, 0, 4);
    let (mut last, mut looks, mut steps) = (0, 0, 0);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(6) {
        let said = machine.send("GET", "/v1/checkpoint", &[("authorization", &token)], b"");
        let size = said.body.lines().nth(1).map_or(0, machine::number);
        assert!(size >= last, "{size} entries after {last}");
        (looks, steps) = (looks + 1, steps + u32::from(size > last));
        last = size;
    }
    assert!(looks > 50 && steps > 2, "{looks} looks, {steps} steps");
    assert!(!load.end().is_empty());
}

#[test]
fn told_to_end_it_answers_what_it_began() {
    let world = World::new();
    let pen = Pen::new(&world);
    let mut machine = Machine::start(&world, &["--checkpoint-key", "d/keys/signer.pem"]);
    let token = machine.token(&["append"]);
    let load = Load::start(&machine, &pen, &token, 0, 8);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(machine.end(), 0);
    let acknowledged = load.end();
    assert!(!acknowledged.is_empty());
    all_are_there_once(&world, &acknowledged);
    // what came before the end is under its last checkpoint
    let note = String::from_utf8(world.read("d/ledger/checkpoint")).unwrap();
    assert_eq!(note.lines().nth(1).unwrap(), world.size().to_string());
}

#[test]
fn slow_clients_and_halves_of_requests_hold_up_nobody() {
    let world = World::new();
    let pen = Pen::new(&world);
    let machine = Machine::start(&world, &[]);
    let token = machine.token(&["append"]);
    let mut slow = Vec::new();
    for number in 0..400 {
        let mut stream = TcpStream::connect(&machine.address).unwrap();
        let half = match number % 4 {
            0 => "POST /v1/ev".to_owned(),
            1 => format!("POST /v1/events HTTP/1.1\r\nauthorization: {token}\r\n"),
            2 => format!(
                "POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: {token}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{{"
            ),
            _ => String::new(),
        };
        stream.write_all(half.as_bytes()).unwrap();
        slow.push(stream);
    }
    // and some that speak something else
    for bytes in [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], &[0; 4096], b"\r\n\r\n\r\n"]
    {
        let mut stream = TcpStream::connect(&machine.address).unwrap();
        let _ = stream.write_all(bytes);
        slow.push(stream);
    }
    let begun = Instant::now();
    let mut line = Line::open(&machine.address);
    for number in 0..50 {
        let id = format!("slow-{number}");
        assert_eq!(line.post("/v1/events", &token, &pen.line(&id)), Some(201));
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    // they are not waited for without end
    let mut first = slow.swap_remove(0);
    first.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut rest = Vec::new();
    assert!(first.read_to_end(&mut rest).is_ok());
    assert_eq!(world.size(), 64 + 50);
}

#[test]
fn a_marked_ledger_takes_nothing_until_it_is_mended() {
    let world = World::new();
    let pen = Pen::new(&world);
    let machine = Machine::start(&world, &[]);
    let token = machine.token(&["append"]);
    let mut line = Line::open(&machine.address);
    assert_eq!(line.post("/v1/events", &token, &pen.line("before")), Some(201));
    world.write("d/ledger/poison", "a sync failed\n");
    assert_eq!(line.post("/v1/events", &token, &pen.line("during")), Some(503));
    assert_eq!(machine.send("GET", "/readyz", &[], b"").status, 503);
    assert_eq!(machine.send("GET", "/healthz", &[], b"").status, 200);
    world.run(&["recover", "--key", common::PIPELINE]).good();
    let again = line.post("/v1/events", &token, &pen.line("during"));
    assert_eq!(again, Some(201), "{}", machine.log(&world));
    assert_eq!(machine.send("GET", "/readyz", &[], b"").status, 200);
    all_are_there_once(&world, &["before".to_owned(), "during".to_owned()]);
}

#[test]
fn a_full_disk_is_no_answer_and_loses_nothing() {
    let world = World::new();
    let pen = Pen::new(&world);
    let command = world.command(&["serve", "--listen", "127.0.0.1:0"]);
    let mut shell = std::process::Command::new("sh");
    // the signal would end the process before it is told of the failed write
    shell.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
    shell.arg(command.get_program()).args(command.get_args()).current_dir(world.path("."));
    shell.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let machine = Machine::run(&world, shell);
    let token = machine.token(&["append"]);
    let mut line = Line::open(&machine.address);
    assert_eq!(line.post("/v1/events", &token, &pen.line("before")), Some(201));
    // no file grows any more, as on a disk that is full
    machine.limit(Some(60_000));
    for number in 0..5 {
        let id = format!("full-{number}");
        assert_eq!(line.post("/v1/events", &token, &pen.line(&id)), Some(503), "{id}");
    }
    assert!(!world.path("d/ledger/poison").exists());
    let said = machine.send("GET", "/v1/nothing", &[], b"");
    assert_eq!(said.status, 404);
    // an attachment that does not fit is not there either: 100,000 zeros
    let attach = || {
        let media = ("content-type", "application/octet-stream");
        let path = "/v1/attachments/sha256:9192c25b734fcbadbe32dadc28089c60db0e39f90cc20ce2e5733f57261acc0c";
        machine.send("PUT", path, &[("authorization", &token), media], &vec![0; 100_000]).status
    };
    assert_eq!(attach(), 503);
    machine.limit(None);
    assert_eq!(attach(), 201);
    let mut all = vec!["before".to_owned()];
    for number in 0..5 {
        let id = format!("full-{number}");
        let said = line.post("/v1/events", &token, &pen.line(&id));
        assert_eq!(said, Some(201), "{}", machine.log(&world));
        all.push(id);
    }
    all_are_there_once(&world, &all);
}

#[test]
fn a_folder_that_cannot_be_written_is_read() {
    let world = World::new();
    let pen = Pen::new(&world);
    let root = world.path(".").metadata().unwrap().uid() == 0;
    let mut command = world.command(&["serve", "--listen", "127.0.0.1:0"]);
    if root {
        // root writes everywhere, so somebody else has to try
        chown(world.path("d/state"), Some(65_534), Some(65_534)).unwrap();
        give(&world.path("d/state"), 65_534);
        let parent = world.path(".");
        std::fs::set_permissions(parent, std::fs::Permissions::from_mode(0o755)).unwrap();
        command.uid(65_534).gid(65_534);
    }
    let folders = ["d/ledger", "d/ledger/entries", "d/ledger/index", "d/ledger/vault"];
    for folder in folders.iter().filter(|folder| world.path(folder).is_dir()) {
        std::fs::set_permissions(world.path(folder), std::fs::Permissions::from_mode(0o555))
            .unwrap();
    }
    let machine = Machine::run(&world, command);
    let token = machine.token(&["append", "read"]);
    if root {
        give(&world.path("d/state"), 65_534);
        std::thread::sleep(Duration::from_millis(1100));
    }
    let read = machine.send("GET", "/v1/entries/3", &[("authorization", &token)], b"");
    assert_eq!(read.status, 200, "{}", machine.log(&world));
    let mut line = Line::open(&machine.address);
    assert_eq!(line.post("/v1/events", &token, &pen.line("one")), Some(503));
    assert!(machine.log(&world).contains("read-only"), "{}", machine.log(&world));
    for folder in folders.iter().filter(|folder| world.path(folder).is_dir()) {
        std::fs::set_permissions(world.path(folder), std::fs::Permissions::from_mode(0o755))
            .unwrap();
    }
    assert_eq!(world.size(), 64);
}

fn give(path: &Path, user: u32) {
    chown(path, Some(user), Some(user)).unwrap();
    if path.is_dir() {
        for file in std::fs::read_dir(path).unwrap() {
            give(&file.unwrap().path(), user);
        }
    }
}

/// The files of hashes are derived: where they are wrong within, the proof is made from the lines.
#[test]
fn a_proof_holds_whatever_the_files_of_hashes_say() {
    let world = World::new();
    let machine = Machine::start(&world, &["--checkpoint-key", "d/keys/signer.pem"]);
    let token = machine.token(&["append"]);
    let ask = |path: &str| machine.send("GET", path, &[("authorization", &token)], b"");
    let good = (ask("/v1/proof/9").body, ask("/v1/consistency/21").body);
    assert!(good.0.contains("tlog-proof") && good.1.starts_with("old 21\n"), "{good:?}");
    let mut hashes = world.read("d/ledger/tree/0");
    for byte in &mut hashes[8 * 32..24 * 32] {
        *byte ^= 1;
    }
    world.write("d/ledger/tree/0", &hashes);
    assert_eq!((ask("/v1/proof/9").body, ask("/v1/consistency/21").body), good);
    hashes.fill(0);
    world.write("d/ledger/tree/0", &hashes);
    assert_eq!((ask("/v1/proof/9").body, ask("/v1/consistency/21").body), good);
}

#[test]
fn a_fork_is_refused_and_kept() {
    let world = World::new();
    let machine = Machine::start(&world, &["--key", common::PIPELINE]);
    let token = machine.token(&["append"]);
    let pen = Pen::new(&world);
    let mut line = Line::open(&machine.address);
    let first = pen.line("fork");
    assert_eq!(line.post("/v1/events", &token, &first), Some(201));
    // the same place of the same stream, signed again with other words
    let second = pen.forked("fork", "fork-2");
    assert_eq!(line.post("/v1/events", &token, &second), Some(409));
    assert_eq!(world.run(&["log", "--type", "stream.forked"]).good().lines().count(), 1);
    assert_eq!(line.post("/v1/events", &token, &second), Some(409));
    assert_eq!(world.run(&["log", "--type", "stream.forked"]).good().lines().count(), 1);
}
