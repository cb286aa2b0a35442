//! The real binary, in a folder of its own.
#![allow(
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "each test uses its part; a test stops at the first surprise"
)]

pub mod tsa;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

/// A temporary folder with the demonstration's ledger, keys and state.
pub struct World {
    dir: tempfile::TempDir,
}

/// How a run ended.
pub struct Ended {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl World {
    /// The ledger of `ledger demo --small`: 64 entries.
    pub fn new() -> Self {
        let world = Self { dir: tempfile::tempdir().unwrap() };
        world.run(&["demo", "--small", "d"]).good();
        world
    }

    /// A folder with nothing in it.
    pub fn empty() -> Self {
        let world = Self { dir: tempfile::tempdir().unwrap() };
        std::fs::create_dir(world.path("d")).unwrap();
        world
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// The command, not run yet; `LEDGER_DIR` and `LEDGER_STATE` are set, nothing else is.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ledger"));
        command.args(args).current_dir(self.dir.path()).env_clear().stdin(Stdio::null());
        command.env("LEDGER_DIR", "d/ledger").env("LEDGER_STATE", "d/state");
        command
    }

    pub fn run(&self, args: &[&str]) -> Ended {
        Ended::from(self.command(args).output().unwrap())
    }

    /// Runs with bytes on standard input.
    pub fn pipe(&self, args: &[&str], input: &[u8]) -> Ended {
        use std::io::Write as _;
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // a program that refuses early closes its input
        let _ = child.stdin.take().unwrap().write_all(input);
        Ended::from(child.wait_with_output().unwrap())
    }

    /// Appends with the pipeline's key.
    pub fn append(&self, args: &[&str]) -> Ended {
        self.run(&[&["append", "--key", PIPELINE], args].concat())
    }

    /// Number of entries.
    pub fn size(&self) -> usize {
        self.run(&["log"]).good().lines().count()
    }

    /// Every byte of the folder, so that a test can say that nothing was changed.
    pub fn snapshot(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        collect(&self.path("d/ledger"), &mut files);
        files.sort();
        files
    }

    /// Puts the folder back to what it was.
    pub fn restore(&self, files: &[(PathBuf, Vec<u8>)]) {
        std::fs::remove_dir_all(self.path("d/ledger")).unwrap();
        for (path, bytes) in files {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
}

pub const PIPELINE: &str = "d/keys/pipeline.pem";

fn collect(dir: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push((path.clone(), std::fs::read(&path).unwrap()));
        }
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code().expect("not killed"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ended {
    /// It went well; gives its output.
    pub fn good(self) -> String {
        assert_eq!(self.status, 0, "{}", self.stderr);
        self.stdout
    }

    /// It was refused, told as one JSON object; gives that.
    pub fn bad_json(self) -> String {
        assert!(matches!(self.status, 1 | 2), "{}{}", self.stdout, self.stderr);
        assert_eq!(self.stdout, "");
        assert!(self.stderr.lines().any(|line| line.starts_with("{\"error\"")), "{}", self.stderr);
        self.stderr
    }

    /// It was refused with this status: one line of error, at most one of hint, no data.
    pub fn bad(self, status: i32) -> String {
        assert_eq!(self.status, status, "{}{}", self.stdout, self.stderr);
        assert_eq!(self.stdout, "");
        let lines: Vec<_> =
            self.stderr.lines().filter(|line| !line.starts_with("ledger: note: ")).collect();
        assert!(lines[0].starts_with("ledger: error: "), "{}", self.stderr);
        assert!(lines.len() <= 2, "{}", self.stderr);
        assert!(lines.iter().skip(1).all(|line| line.starts_with("ledger: hint: ")), "{lines:?}");
        lines.join("\n")
    }
}

/// A finished deployment of a service, as a draft.
pub fn event(service: &str) -> String {
    format!(
        r#"{{"type":"deployment.finished","occurred_at":"2026-07-01T12:30:00.000000Z","actor":{{"kind":"service","id":{{"issuer":"ci","id":"runner-1"}}}},"subject":{{"deployment":"d-1","service":"{service}","environment":"production"}},"data":{{"outcome":"succeeded"}}}}"#
    )
}

/// The arguments that record the deployment of this id.
pub fn deployed(id: &str) -> Vec<&str> {
    vec![
        "record",
        "deployment.finished",
        "--deployment",
        id,
        "--service",
        "payments",
        "--environment",
        "production",
        "--outcome",
        "succeeded",
        "--actor",
        "ci:runner-7",
        "--key",
        PIPELINE,
    ]
}

/// How often the ledger has the deployment of this id.
pub fn times(world: &World, id: &str) -> usize {
    let listed = world.run(&["log", "--subject", "service:payments"]).good();
    let wanted = format!("deployment:{id}");
    listed.lines().filter(|line| line.split_whitespace().any(|word| word == wanted)).count()
}

/// A small generator of numbers (xorshift); the seed is printed, and `LEDGER_TEST_SEED` gives one, so
/// that a seed is all there is to repeat a run.
pub struct Random(u64);

impl Random {
    #[expect(clippy::disallowed_methods, clippy::print_stderr, reason = "a fresh seed, printed")]
    pub fn new() -> Self {
        let given = std::env::var("LEDGER_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos();
        let seed = given.unwrap_or(u64::from(now) | 1);
        eprintln!("LEDGER_TEST_SEED={seed}");
        Self(seed)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
