//! The server over time: how much memory a steady load needs, what a kill in the midst of it leaves, and
//! how long a start takes.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::collections::HashMap;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ledger_core::encoding::hex;
use ledger_core::entry::Entry;
use ledger_core::error::Result;
use ledger_core::json::Document;
use ledger_core::ledger::Ledger;
use ledger_core::signer::Memory;
use ledger_core::store::Store;
use ledger_core::store::dir::Dir;
use ledger_core::tree::Frontier;
use ledger_core::verify::{Options, Verdict, verify};

use crate::serve::{self, CONNECTIONS, Pen, Server, exchange, failed, lost, row};
use crate::{ceiling, workload};

/// The most memory that the server may have had, in MB.
const MEMORY: u64 = 200;
/// How often the server is started to be measured.
const STARTS: usize = 5;

/// What one connection was promised: the deployment, and how long it took from when it was due. Beside
/// the last one, the line that was sent.
struct Promised {
    id: String,
    took: Duration,
    line: Option<String>,
}

/// `ledger-bench load SECONDS RATE DIR`: makes a ledger in `DIR`, serves it, sends so many events a second
/// for so long, and ends the server at once while they go on. All that was acknowledged must be there
/// once, the log must hold, and the server must not have needed more than 200 MB.
pub(crate) fn run(seconds: u64, rate: u64, dir: &str) -> Result<()> {
    ceiling::machine();
    let mut server = Server::start(Path::new(dir))?;
    let span = Duration::from_secs(seconds);
    let ending = AtomicBool::new(false);
    let (promised, memory) = std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            std::thread::sleep(span);
            let memory = (server.memory("VmRSS:"), server.memory("VmHWM:"));
            // what is sent from now on may be lost, and nobody was promised it
            ending.store(true, Ordering::SeqCst);
            server.kill().map(|()| memory)
        });
        let pace = Duration::from_secs(CONNECTIONS) / u32::try_from(rate).unwrap_or(1).max(1);
        let steady = |number| send(&server, number, pace, &ending);
        let promised = serve::all(CONNECTIONS, steady);
        (promised, watching.join().unwrap_or_else(|_| Err(lost("the watch ended"))))
    });
    let (promised, (now, most)) = (promised?, memory?);
    let times: Vec<(Duration, u64)> = promised.iter().map(|one| (one.took, 1)).collect();
    row(&format!("single events at {rate}/s"), CONNECTIONS, span, &times);
    println!("server: {now} MB after {seconds} s, {most} MB at most; then it was killed");
    server.again()?;
    known(&server, &promised)?;
    there(&server, &promised)?;
    if most > MEMORY {
        return Err(lost(&format!("the server had {most} MB, more than {MEMORY}")));
    }
    Ok(())
}

/// Sends one event after the other, each when it is due, until the server is gone.
fn send(
    server: &Server,
    number: u64,
    pace: Duration,
    ending: &AtomicBool,
) -> Result<Vec<Promised>> {
    let (mut pen, mut line) = (Pen::new(number), server.connect()?);
    let mut promised: Vec<Promised> = Vec::new();
    // not all at the same moment
    let mut due = Instant::now() + pace * u32::try_from(number).unwrap_or(0) / 64;
    loop {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let event = pen.next(server.genesis);
        let request = server.request("POST", "/v1/events", &event);
        match exchange(&mut line, &request) {
            Ok(201) => {
                if let Some(before) = promised.last_mut() {
                    before.line = None;
                }
                promised.push(Promised { id: pen.last(), took: due.elapsed(), line: Some(event) });
            }
            _ if ending.load(Ordering::SeqCst) => return Ok(promised),
            Ok(status) => return Err(lost(&format!("the server answered {status}"))),
            Err(error) => return Err(error),
        }
        due += pace;
    }
}

/// The last event of each connection, sent once more, is known.
fn known(server: &Server, promised: &[Promised]) -> Result<()> {
    let mut line: TcpStream = server.connect()?;
    let last: Vec<&String> = promised.iter().filter_map(|one| one.line.as_ref()).collect();
    for event in &last {
        let status = exchange(&mut line, &server.request("POST", "/v1/events", event))?;
        if status != 200 {
            return Err(lost(&format!(
                "an event that was acknowledged was answered with {status}"
            )));
        }
    }
    println!("{} of them sent once more: each was known", last.len());
    Ok(())
}

/// Each event that was acknowledged is there once, and the log holds.
fn there(server: &Server, promised: &[Promised]) -> Result<()> {
    let store: Arc<dyn Store> = Arc::new(Dir::open(server.ledger(), Duration::from_secs(5))?);
    let ledger = Ledger::open(Arc::clone(&store))?;
    let mut counts: HashMap<String, u64> = HashMap::new();
    let (mut blocks, mut document) = (ledger.blocks()?, Document::default());
    while let Some(block) = blocks.next_block()? {
        for line in &block.lines {
            let entry = Entry::parse(&mut document, block.line(line))?;
            if let Some(id) = entry.event.text_at("/subject/deployment") {
                *counts.entry(id.to_owned()).or_default() += 1;
            }
        }
    }
    if let Some(one) = promised.iter().find(|one| counts.get(&one.id) != Some(&1)) {
        let times = counts.get(&one.id).copied().unwrap_or_default();
        return Err(lost(&format!("`{}` was acknowledged and is there {times} times", one.id)));
    }
    let origin = ledger.origin().clone();
    let options =
        Options { pinned: Some(&origin), ..Options::new(workload::seed("verify", ledger.size())) };
    let report = verify(&*store, &options)?;
    println!(
        "{} acknowledged, {} there, each once; verify: {:?}, {} faults",
        promised.len(),
        counts.len(),
        report.verdict,
        report.faults.len()
    );
    if report.verdict == Verdict::Holds {
        return Ok(());
    }
    Err(lost("the log does not hold"))
}

/// `ledger-bench start DIR`: how long the server takes to start on a ledger that is there, as `log` makes
/// them; its state is beside the folder. Its signer remembers the tree as it stands.
pub(crate) fn start(dir: &str) -> Result<()> {
    ceiling::machine();
    let (folder, state) = (PathBuf::from(dir), PathBuf::from(format!("{dir}.state")));
    let ledger = Ledger::open(Arc::new(Dir::open(&folder, Duration::from_secs(5))?))?;
    let (size, genesis) = (ledger.size(), ledger.origin().genesis().0);
    let tree = Frontier::from_parts(size, ledger.head().frontier.clone())?;
    let memory = Memory {
        origin: ledger.origin().to_string(),
        size,
        root: tree.root(),
        frontier: tree.hashes().to_vec(),
    };
    drop(ledger);
    let own = state.join(hex(&genesis));
    std::fs::create_dir_all(&own).map_err(|error| failed(&own, &error))?;
    std::fs::write(own.join("signer"), memory.encode()).map_err(|error| failed(&own, &error))?;
    let key = state.join("checkpoint.pem");
    serve::write_key(&key)?;
    let (mut listening, mut answering) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let begun = Instant::now();
        let (mut child, address) = serve::launch(&folder, &state, &key)?;
        listening.push(begun.elapsed());
        let answered = serve::connect(&address).and_then(|mut line| {
            exchange(&mut line, b"GET /readyz HTTP/1.1\r\nhost: bench\r\n\r\n")
        });
        answering.push(begun.elapsed());
        child.kill().and_then(|()| child.wait()).map_err(|error| failed(&folder, &error))?;
        let status = answered?;
        if status != 200 {
            return Err(lost(&format!("the server answered {status}")));
        }
    }
    let millis = |times: &[Duration]| {
        let best = times.iter().min().copied().unwrap_or_default();
        let most = times.iter().max().copied().unwrap_or_default();
        format!("{} ms, {} at most", best.as_millis(), most.as_millis())
    };
    println!("start on {size} entries, {STARTS} times: {} until it listens", millis(&listening));
    println!("  {} until its first answer, which reads the ledger", millis(&answering));
    Ok(())
}
