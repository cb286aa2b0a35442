//! The server as its clients see it: single events, batches and tiles, each over its own connections.
//! The program is the `ledger` beside this one; client and server share the machine.

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
use ledger_core::ledger::Submission;
use ledger_core::producer::Position;
use ledger_core::seal::Disclosure;
use ledger_core::store::Store;
use ledger_core::store::dir::Dir;

use crate::{ceiling, workload};

/// Connections that send single events, or ask for tiles.
const CONNECTIONS: u64 = 64;
/// Connections that send batches, and how many events each has.
const BATCHING: u64 = 8;
const BATCH: u64 = 100;
/// Events of one stream.
const RUN: u64 = 20;

/// A running server.
struct Server {
    child: Child,
    address: String,
    token: String,
    genesis: [u8; 32],
}

/// What one connection did: how long each answer took, and how many events were in it.
type Done = Result<Vec<(Duration, u64)>>;

/// `ledger-bench serve SECONDS DIR`: makes a ledger in `DIR`, serves it, and sends for so long each.
pub(crate) fn run(seconds: u64, dir: &str) -> Result<()> {
    ceiling::machine();
    let server = Server::start(Path::new(dir))?;
    let span = Duration::from_secs(seconds);
    let single = |number| server.send(number, 1, span);
    row("single events", CONNECTIONS, span, &all(CONNECTIONS, single)?);
    let batches = |number| server.send(number + 1000, BATCH, span);
    row("batches of 100", BATCHING, span, &all(BATCHING, batches)?);
    let tiles = |_| server.ask("/tile/0/000", span);
    row("tile reads", CONNECTIONS, span, &all(CONNECTIONS, tiles)?);
    println!("server: {} MB at most", server.megabytes());
    Ok(())
}

/// Runs so many connections at a time.
fn all(count: u64, one: impl Fn(u64) -> Done + Sync) -> Result<Vec<(Duration, u64)>> {
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

fn row(what: &str, connections: u64, span: Duration, done: &[(Duration, u64)]) {
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
    fn start(dir: &Path) -> Result<Self> {
        let ledger = dir.join("ledger");
        let store: Arc<dyn Store> = Arc::new(Dir::create(&ledger, Duration::from_secs(5))?);
        let (opened, genesis) = workload::ledger(store)?;
        drop(opened);
        let key = dir.join("checkpoint.pem");
        let signer = workload::checkpoint_key();
        let pem = signer.to_pem()?;
        std::fs::write(&key, pem.as_bytes()).map_err(|error| failed(&key, &error))?;
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&key, mode).map_err(|error| failed(&key, &error))?;
        let own = std::env::current_exe().map_err(|error| failed(dir, &error))?;
        let program = own.with_file_name("ledger");
        let call = |args: &[&str]| {
            let mut command = Command::new(&program);
            command.args(args).env("LEDGER_DIR", &ledger).env("LEDGER_STATE", dir.join("state"));
            command
        };
        let scopes = ["--scope", "append", "--scope", "read"];
        let made = call(&[&["token", "new", "--for", "bench"], &scopes[..]].concat()).output();
        let made = made.map_err(|error| failed(&program, &error))?;
        let token = String::from_utf8_lossy(&made.stdout).trim().to_owned();
        let mut serve = call(&["serve", "--listen", "127.0.0.1:0", "--checkpoint-key"]);
        let mut child = serve
            .arg(&key)
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| failed(&program, &error))?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            let read = BufReader::new(out).read_line(&mut line);
            read.map_err(|error| failed(&program, &error))?;
        }
        let address = line.trim().strip_prefix("listening http://").unwrap_or_default().to_owned();
        Ok(Self { child, address, token, genesis })
    }

    /// Sends events, so many in each request, until the time is over.
    fn send(&self, number: u64, batch: u64, span: Duration) -> Done {
        let signer = workload::key(number % workload::KEYS);
        let mut pen = Pen { signer, number, sequence: number << 22, at: None };
        let mut line = self.connect()?;
        let (mut done, begun) = (Vec::new(), Instant::now());
        while begun.elapsed() < span {
            let events: String = (0..batch).map(|_| pen.next(self.genesis)).collect();
            let request = self.request("POST", "/v1/events", &events);
            let sent = Instant::now();
            let status = exchange(&mut line, &request)?;
            if status != 201 {
                return Err(lost(&format!("the server answered {status}")));
            }
            done.push((sent.elapsed(), batch));
        }
        Ok(done)
    }

    /// Asks for the same thing until the time is over.
    fn ask(&self, path: &str, span: Duration) -> Done {
        let request = self.request("GET", path, "");
        let mut line = self.connect()?;
        let (mut done, begun) = (Vec::new(), Instant::now());
        while begun.elapsed() < span {
            let sent = Instant::now();
            let status = exchange(&mut line, &request)?;
            if status != 200 {
                return Err(lost(&format!("the server answered {status}")));
            }
            done.push((sent.elapsed(), 1));
        }
        Ok(done)
    }

    fn connect(&self) -> Result<TcpStream> {
        let stream = TcpStream::connect(&self.address);
        let stream = stream.map_err(|error| lost(&error.to_string()))?;
        stream.set_nodelay(true).map_err(|error| lost(&error.to_string()))?;
        Ok(stream)
    }

    fn request(&self, method: &str, path: &str, body: &str) -> Vec<u8> {
        format!(
            "{method} {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\ncontent-type: application/jsonl\r\ncontent-length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        )
        .into_bytes()
    }

    /// The most memory that the server had.
    fn megabytes(&self) -> u64 {
        let status = PathBuf::from(format!("/proc/{}/status", self.child.id()));
        let text = std::fs::read_to_string(status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kib.unwrap_or_default() / 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Signs one event after the other, in streams of twenty.
struct Pen {
    signer: SigningKey,
    number: u64,
    sequence: u64,
    at: Option<Position>,
}

impl Pen {
    /// The next event, as a line of a body.
    fn next(&mut self, genesis: [u8; 32]) -> String {
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
fn exchange(line: &mut TcpStream, request: &[u8]) -> Result<u16> {
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

fn lost(why: &str) -> Error {
    Error::unavailable("bench", why.to_owned())
}

fn failed(path: &Path, error: &std::io::Error) -> Error {
    lost(&format!("`{}`: {error}", path.display()))
}
