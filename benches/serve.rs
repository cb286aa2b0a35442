//! The server as its clients see it: single events, batches and tiles, each over its own connections.
//! The program is the `ledger` beside this one; client and server share the machine. What it needs over
//! time, and what a kill leaves, is in `load`.

#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a bench prints, and its figures are no money"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger_core::encoding::base64;
use ledger_core::error::{Error, Result};
use ledger_core::key::SigningKey;
use ledger_core::ledger::{Ledger, Submission};
use ledger_core::producer::Position;
use ledger_core::seal::Disclosure;
use ledger_core::store::Store;
use ledger_core::store::dir::Dir;
use rayon::prelude::*;

use crate::{ceiling, workload};

/// Connections that send single events, or ask for tiles.
pub(crate) const CONNECTIONS: u64 = 64;
/// Connections that send batches, and how many events each has.
const BATCHING: u64 = 32;
const BATCH: u64 = 100;
/// Events of one stream.
const RUN: u64 = 20;
/// Events that are signed before the clock starts, for each second: more than can be taken.
const SINGLES: u64 = 12_000;
const BATCHED: u64 = 50_000;
/// Entries of a full tile.
const WIDTH: u64 = 256;
/// Different tiles that are asked for, at most: the first thousand need no folders in their names.
const TILES: u64 = 1000;

/// A running server.
pub(crate) struct Server {
    child: Child,
    ledger: PathBuf,
    state: PathBuf,
    key: PathBuf,
    address: String,
    token: String,
    pub(crate) genesis: [u8; 32],
}

/// What one connection did: how long each answer took, and how many events were in it.
type Done = Result<Vec<(Duration, u64)>>;

/// `ledger-bench serve SECONDS DIR`: makes a ledger in `DIR`, serves it, and sends for so long each.
pub(crate) fn run(seconds: u64, dir: &str) -> Result<()> {
    ceiling::machine();
    let server = Server::start(Path::new(dir))?;
    let span = Duration::from_secs(seconds);
    server.appended("single events", (0, CONNECTIONS), 1, span)?;
    server.appended("batches of 100", (CONNECTIONS, BATCHING), BATCH, span)?;
    let full = (server.size()? / WIDTH).clamp(1, TILES);
    let tiles = |_| server.ask("/tile/0/", full, span);
    row("tile reads", CONNECTIONS, span, &all(CONNECTIONS, tiles)?);
    let bundles = |_| server.ask("/tile/entries/", full, span);
    row("reads of bundles, 256 entries each", CONNECTIONS, span, &all(CONNECTIONS, bundles)?);
    println!("server: {} MB at most", server.memory("VmHWM:"));
    Ok(())
}

/// Runs so many connections at a time.
pub(crate) fn all<T: Send>(
    count: u64,
    one: impl Fn(u64) -> Result<Vec<T>> + Sync,
) -> Result<Vec<T>> {
    let one = &one;
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..count).map(|number| scope.spawn(move || one(number))).collect();
        let mut all = Vec::new();
        for thread in running {
            all.extend(thread.join().unwrap_or_else(|_| Err(lost("a connection ended")))?);
        }
        Ok(all)
    })
}

pub(crate) fn row(what: &str, connections: u64, span: Duration, done: &[(Duration, u64)]) {
    let mut times: Vec<Duration> = done.iter().map(|(took, _)| *took).collect();
    times.sort_unstable();
    let at = |share: usize| {
        let place = (times.len() * share / 1000).min(times.len().saturating_sub(1));
        times.get(place).copied().unwrap_or_default().as_secs_f64() * 1000.0
    };
    let units: u64 = done.iter().map(|(_, units)| *units).sum();
    println!(
        "{what}, {connections} connections: {:.0}/s ({} requests), {:.1} ms median, {:.1} p99, {:.1} most",
        units as f64 / span.as_secs_f64(),
        times.len(),
        at(500),
        at(990),
        at(1000),
    );
}

impl Server {
    /// Makes a ledger in the folder, and serves it.
    pub(crate) fn start(dir: &Path) -> Result<Self> {
        let ledger = dir.join("ledger");
        let store: Arc<dyn Store> = Arc::new(Dir::create(&ledger, Duration::from_secs(5))?);
        let (opened, genesis) = workload::ledger(store)?;
        drop(opened);
        let key = dir.join("checkpoint.pem");
        write_key(&key)?;
        let state = dir.join("state");
        let scopes = ["--scope", "append", "--scope", "read"];
        let token = [&["token", "new", "--for", "bench"], &scopes[..]].concat();
        let made = call(&ledger, &state, &token)?.output();
        let made = made.map_err(|error| failed(&ledger, &error))?;
        let token = String::from_utf8_lossy(&made.stdout).trim().to_owned();
        let (child, address) = launch(&ledger, &state, &key)?;
        Ok(Self { child, ledger, state, key, address, token, genesis })
    }

    /// Ends it at once, wherever it is; what its clients ask fails from now on.
    pub(crate) fn kill(&self) -> Result<()> {
        let id = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        let id = id.ok_or_else(|| lost("the server has no id"))?;
        rustix::process::kill_process(id, rustix::process::Signal::KILL)
            .map_err(|error| lost(&error.to_string()))
    }

    /// Starts it again on the same folder, once it has ended.
    pub(crate) fn again(&mut self) -> Result<()> {
        self.child.wait().map_err(|error| failed(&self.ledger, &error))?;
        (self.child, self.address) = launch(&self.ledger, &self.state, &self.key)?;
        Ok(())
    }

    /// Where the ledger is.
    pub(crate) fn ledger(&self) -> &Path {
        &self.ledger
    }

    fn size(&self) -> Result<u64> {
        let store: Arc<dyn Store> = Arc::new(Dir::open(&self.ledger, Duration::from_secs(5))?);
        Ok(Ledger::open(store)?.size())
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// How many files it has open, connections among them.
    pub(crate) fn files(&self) -> Result<usize> {
        let folder = PathBuf::from(format!("/proc/{}/fd", self.child.id()));
        Ok(std::fs::read_dir(&folder).map_err(|error| failed(&folder, &error))?.count())
    }

    /// Sends events over connections from one on, so many in each request, until the time is over. All
    /// are signed before: what signs them stands on other machines.
    fn appended(
        &self,
        what: &str,
        (from, count): (u64, u64),
        batch: u64,
        span: Duration,
    ) -> Result<()> {
        let signed: Vec<Vec<Vec<u8>>> = (from..from + count)
            .into_par_iter()
            .map(|number| self.signed(number, batch, count, span))
            .collect();
        let send = |number: u64| {
            let place = usize::try_from(number).unwrap_or(usize::MAX);
            self.send(signed.get(place).map_or(&[], Vec::as_slice), batch, span)
        };
        row(what, count, span, &all(count, send)?);
        Ok(())
    }

    /// Requests of one of so many connections, for longer than that time.
    pub(crate) fn signed(
        &self,
        number: u64,
        batch: u64,
        connections: u64,
        span: Duration,
    ) -> Vec<Vec<u8>> {
        let rate = if batch == 1 { SINGLES } else { BATCHED };
        let count = rate * span.as_secs().max(1) / (connections * batch);
        let mut pen = Pen::new(number);
        let one = |_| {
            let events: String = (0..batch).map(|_| pen.next(self.genesis)).collect();
            self.request("POST", "/v1/events", &events)
        };
        (0..count).map(one).collect()
    }

    /// Sends requests until the time is over; code `bench` where they do not last so long.
    pub(crate) fn send(&self, requests: &[Vec<u8>], batch: u64, span: Duration) -> Done {
        let mut line = self.connect()?;
        let (mut done, begun) = (Vec::new(), Instant::now());
        for request in requests {
            let sent = Instant::now();
            let status = exchange(&mut line, request)?;
            if status != 201 {
                return Err(lost(&format!("the server answered {status}")));
            }
            done.push((sent.elapsed(), batch));
            if begun.elapsed() >= span {
                return Ok(done);
            }
        }
        Err(lost("the server takes more events than were signed"))
    }

    /// Asks for tile after tile until the time is over.
    fn ask(&self, kind: &str, full: u64, span: Duration) -> Done {
        let mut line = self.connect()?;
        let (mut done, begun) = (Vec::new(), Instant::now());
        for tile in (0..full).cycle() {
            if begun.elapsed() >= span {
                break;
            }
            let request = self.request("GET", &format!("{kind}{tile:03}"), "");
            let sent = Instant::now();
            let status = exchange(&mut line, &request)?;
            if status != 200 {
                return Err(lost(&format!("the server answered {status}")));
            }
            done.push((sent.elapsed(), 1));
        }
        Ok(done)
    }

    /// A connection that is kept.
    pub(crate) fn connect(&self) -> Result<TcpStream> {
        connect(&self.address)
    }

    pub(crate) fn request(&self, method: &str, path: &str, body: &str) -> Vec<u8> {
        format!(
            "{method} {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\ncontent-type: application/jsonl\r\ncontent-length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        )
        .into_bytes()
    }

    /// What the server has of memory, in MB: `VmHWM:` at most so far, `VmRSS:` now.
    pub(crate) fn memory(&self, word: &str) -> u64 {
        let status = PathBuf::from(format!("/proc/{}/status", self.child.id()));
        let text = std::fs::read_to_string(status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(word));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        // a server that is gone is not one that needs nothing
        kib.map_or(u64::MAX, |kib| kib / 1024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection to a server.
pub(crate) fn connect(address: &str) -> Result<TcpStream> {
    let stream = TcpStream::connect(address).map_err(|error| lost(&error.to_string()))?;
    stream.set_nodelay(true).map_err(|error| lost(&error.to_string()))?;
    Ok(stream)
}

/// The key that signs checkpoints, in a file of its own.
pub(crate) fn write_key(file: &Path) -> Result<()> {
    let key = workload::checkpoint_key();
    let pem = key.to_pem()?;
    std::fs::write(file, pem.as_bytes()).map_err(|error| failed(file, &error))?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(file, mode).map_err(|error| failed(file, &error))
}

/// The program beside this one, with a ledger and a state.
pub(crate) fn call(ledger: &Path, state: &Path, args: &[&str]) -> Result<Command> {
    let own = std::env::current_exe().map_err(|error| failed(ledger, &error))?;
    let mut command = Command::new(own.with_file_name("ledger"));
    command.args(args).env("LEDGER_DIR", ledger).env("LEDGER_STATE", state);
    Ok(command)
}

/// A server that listens, and where.
pub(crate) fn launch(ledger: &Path, state: &Path, key: &Path) -> Result<(Child, String)> {
    let mut serve = call(ledger, state, &["serve", "--listen", "127.0.0.1:0", "--checkpoint-key"])?;
    let mut child =
        serve.arg(key).stdout(Stdio::piped()).spawn().map_err(|error| failed(ledger, &error))?;
    let mut line = String::new();
    if let Some(out) = child.stdout.take() {
        let read = BufReader::new(out).read_line(&mut line);
        read.map_err(|error| failed(ledger, &error))?;
    }
    let address = line.trim().strip_prefix("listening http://");
    let address = address.ok_or_else(|| lost("the server did not start"))?.to_owned();
    Ok((child, address))
}

/// Signs one event after the other, in streams of twenty.
pub(crate) struct Pen {
    signer: SigningKey,
    number: u64,
    sequence: u64,
    at: Option<Position>,
}

impl Pen {
    /// The pen of a connection.
    pub(crate) fn new(number: u64) -> Self {
        let signer = workload::key(number % workload::KEYS);
        Self { signer, number, sequence: number << 22, at: None }
    }

    /// The id of the deployment that was written last.
    pub(crate) fn last(&self) -> String {
        format!("d-{}-{}", self.number % workload::KEYS, self.sequence - 1)
    }

    /// The next event, as a line of a body.
    pub(crate) fn next(&mut self, genesis: [u8; 32]) -> String {
        let fresh = || {
            let random = workload::seed("bench of the server", self.sequence);
            Position::first("deploy", *workload::first16(&random))
        };
        let mut position = self.at.take().unwrap_or_else(fresh);
        position.is_final = position.seq == RUN - 1;
        let number = self.number % workload::KEYS;
        let event = workload::event(genesis, &self.signer, &position, number, self.sequence);
        self.sequence += 1;
        self.at = (!position.is_final).then(|| position.after(&event.event));
        line(&self.signer, &event)
    }
}

fn line(signer: &SigningKey, event: &Submission) -> String {
    let disclosures: Vec<String> = event
        .disclosures
        .iter()
        .map(|one: &Disclosure| String::from_utf8_lossy(&one.to_json()).into_owned())
        .collect();
    let signature = event.signatures.first().map(|sig| base64(sig)).unwrap_or_default();
    format!(
        "{{\"disclosures\":[{}],\"event\":{},\"signatures\":[{{\"key\":\"{}\",\"sig\":\"{signature}\"}}]}}\n",
        disclosures.join(","),
        String::from_utf8_lossy(&event.event),
        signer.public().id(),
    )
}

/// Sends a request and reads its whole answer; the status.
pub(crate) fn exchange(line: &mut TcpStream, request: &[u8]) -> Result<u16> {
    let fail = |error: std::io::Error| lost(&error.to_string());
    line.write_all(request).map_err(fail)?;
    let (mut all, mut piece) = (Vec::new(), vec![0; 65536]);
    loop {
        let count = line.read(&mut piece).map_err(fail)?;
        if count == 0 {
            return Err(lost("the server closed the connection"));
        }
        all.extend_from_slice(piece.get(..count).unwrap_or_default());
        let Some(end) = all.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(all.get(..end).unwrap_or_default()).to_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        let length: usize = length.and_then(|text| text.trim().parse().ok()).unwrap_or_default();
        if all.len() >= end + 4 + length {
            let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
            return Ok(status.unwrap_or_default());
        }
    }
}

pub(crate) fn lost(why: &str) -> Error {
    Error::unavailable("bench", why.to_owned())
}

pub(crate) fn failed(path: &Path, error: &std::io::Error) -> Error {
    lost(&format!("`{}`: {error}", path.display()))
}
