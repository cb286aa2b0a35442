//! A server that runs while it is held, and a client that is as plain as it can be.
#![allow(
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::large_stack_arrays,
    clippy::format_push_string,
    clippy::unused_self,
    clippy::cast_possible_truncation,
    clippy::type_complexity,
    reason = "each test uses its part; a test stops at the first surprise"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::common::{Ended, World};

/// A running server; ended when it is dropped.
pub struct Machine {
    child: Child,
    /// `http://127.0.0.1:PORT`
    pub url: String,
    /// `127.0.0.1:PORT`
    pub address: String,
    tokens: Box<dyn Fn(&[&str]) -> String + Send + Sync>,
}

/// An answer; status 0 when there was none.
#[derive(Debug)]
pub struct Said {
    pub status: u16,
    pub head: String,
    pub body: String,
    pub bytes: Vec<u8>,
}

impl Said {
    /// The code of a refusal.
    pub fn code(&self) -> String {
        let found = self.body.split("\"code\":\"").nth(1);
        found.and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned()
    }
}

impl Machine {
    /// Starts it on a free port, with these options besides.
    pub fn start(world: &World, options: &[&str]) -> Self {
        Self::run(world, world.command(&[&["serve", "--listen", "127.0.0.1:0"], options].concat()))
    }

    /// Starts the server that a command is.
    pub fn run(world: &World, mut command: Command) -> Self {
        let log = std::fs::File::create(world.path("server.log")).unwrap();
        command.stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said = || String::from_utf8(world.read("server.log")).unwrap();
        let url = line.trim().strip_prefix("listening ").unwrap_or_else(|| panic!("{}", said()));
        let address = url.split("//").nth(1).unwrap().to_owned();
        let make = |args: &[&str]| world.command(args);
        let (program, folder) = (make(&[]).get_program().to_owned(), world.path("."));
        let tokens = move |scopes: &[&str]| {
            let mut command = Command::new(&program);
            command.current_dir(&folder).env_clear();
            command.env("LEDGER_DIR", "d/ledger").env("LEDGER_STATE", "d/state");
            command.args(["token", "new", "--for", "test"]);
            for scope in scopes {
                command.args(["--scope", scope]);
            }
            Ended::from(command.output().unwrap()).good().trim().to_owned()
        };
        Self { child, url: url.to_owned(), address, tokens: Box::new(tokens) }
    }

    /// A fresh token, as the header has it; known to the server after a second.
    pub fn token(&self, scopes: &[&str]) -> String {
        let token = (self.tokens)(scopes);
        std::thread::sleep(Duration::from_millis(1100));
        format!("Bearer {token}")
    }

    /// One request on a connection of its own.
    pub fn send(&self, method: &str, path: &str, fields: &[(&str, &str)], body: &[u8]) -> Said {
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n");
        for (name, value) in fields {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        ask(&self.address, &[request.as_bytes(), body].concat())
    }

    /// Runs the program as a pipeline on a machine without the folder.
    pub fn hook(&self, world: &World, args: &[&str], token: Option<&str>) -> Ended {
        let mut command = world.command(args);
        command.env("LEDGER_STATE", "far").env_remove("LEDGER_DIR");
        if let Some(token) = token {
            command.env("LEDGER_TOKEN", token.trim_start_matches("Bearer "));
        }
        Ended::from(command.output().unwrap())
    }

    /// What it said on standard error.
    pub fn log(&self, world: &World) -> String {
        String::from_utf8(world.read("server.log")).unwrap()
    }

    /// Ends it as a service manager does; its status.
    pub fn end(&mut self) -> i32 {
        self.signal("-TERM");
        self.child.wait().unwrap().code().unwrap_or(-1)
    }

    /// Ends it at once, wherever it is.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Lets no file of it grow beyond so many bytes, as a full disk does; or lifts that.
    pub fn limit(&self, bytes: Option<u64>) {
        let size = bytes.map_or("unlimited".to_owned(), |bytes| bytes.to_string());
        let args = [format!("--pid={}", self.child.id()), format!("--fsize={size}:unlimited")];
        assert!(Command::new("prlimit").args(args).status().unwrap().success());
    }

    /// The most memory that it had, in MB.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        number(line.trim()) / 1024
    }

    fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        Command::new("kill").args([signal, &id]).status().unwrap();
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends bytes, and reads what comes until the other end closes or nothing more comes.
pub fn ask(address: &str, bytes: &[u8]) -> Said {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // a server that refuses early closes its end
    let _ = stream.write_all(bytes);
    let mut all = Vec::new();
    let mut piece = [0; 65536];
    while let Ok(count) = stream.read(&mut piece) {
        all.extend_from_slice(&piece[..count]);
        if count == 0 || whole(&all) {
            break;
        }
    }
    let text = String::from_utf8_lossy(&all);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
    let begin = all.windows(4).position(|four| four == b"\r\n\r\n").map_or(all.len(), |at| at + 4);
    let bytes = all[begin..].to_vec();
    Said { status, head: head.to_lowercase(), body: body.to_owned(), bytes }
}

fn whole(bytes: &[u8]) -> bool {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length = head.split("content-length: ").nth(1).map(number);
    length.is_some_and(|length| (bytes.len() - end - 4) as u64 >= length)
}

/// The number at the beginning of a text.
pub fn number(text: &str) -> u64 {
    text.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
}

/// What gzip makes of it.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut child =
        Command::new("gzip").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let bytes = bytes.to_vec();
    let writer = std::thread::spawn(move || input.write_all(&bytes).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output.stdout
}

/// The bytes of standard base64.
pub fn from_base64(text: &str) -> Vec<u8> {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut held, mut bytes) = (0_u32, 0, Vec::new());
    for letter in text.chars().filter(|letter| *letter != '=') {
        bits = bits << 6 | LETTERS.find(letter).unwrap() as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}

/// A connection that is kept.
pub struct Line {
    stream: TcpStream,
}

impl Line {
    pub fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream }
    }

    /// Posts JSON; the status, or none when the other end went away.
    pub fn post(&mut self, path: &str, token: &str, body: &str) -> Option<u16> {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: test\r\nauthorization: {token}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(request.as_bytes()).ok()?;
        let (mut all, mut piece) = (Vec::new(), [0; 65536]);
        while !whole(&all) {
            match self.stream.read(&mut piece) {
                Ok(count) if count > 0 => all.extend_from_slice(&piece[..count]),
                _ => return None,
            }
        }
        String::from_utf8_lossy(&all).split(' ').nth(1)?.parse().ok()
    }
}

/// HMAC-SHA256 in hex, as another program makes it.
pub fn hmac(secret: &str, body: &[u8]) -> String {
    let mut child = Command::new("openssl")
        .args(["dgst", "-sha256", "-mac", "HMAC", "-macopt"])
        .arg(format!("key:{secret}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(body).unwrap();
    let said = child.wait_with_output().unwrap();
    String::from_utf8(said.stdout).unwrap().trim().rsplit(' ').next().unwrap().to_owned()
}
