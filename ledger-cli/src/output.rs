//! Output: stdout is data, stderr is talk. The one module that prints.
//!
//! With `--json` each command prints one canonical JSON object (`log` one per line); the shapes are
//! in `docs/output.md`. A *result* names the program that says it; a *document*, which is read back or
//! whose digest counts, is printed as it is. A reader that closes the pipe ends the output, not the command.

use std::io::{self, BufWriter, ErrorKind, Stdout, Write};
use std::sync::{Mutex, PoisonError};

use ledger_core::json::{Lazy, Value};

use crate::failure::{Failure, Result};
use crate::tool;

/// Where a command writes its data.
pub(crate) struct Out {
    json: bool,
    to: To,
    closed: bool,
}

enum To {
    Stdout(BufWriter<Stdout>),
    /// Nobody yet: it is kept for the caller.
    Kept(Vec<u8>),
}

impl Write for To {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(to) => to.write(bytes),
            Self::Kept(to) => to.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(to) => to.flush(),
            Self::Kept(_) => Ok(()),
        }
    }
}

/// What is said beside the data while somebody listens to a command of its own process.
static HEARD: Mutex<Option<String>> = Mutex::new(None);

impl Out {
    /// Standard output, for people or for machines.
    pub(crate) fn new(json: bool) -> Self {
        let to = To::Stdout(BufWriter::with_capacity(1 << 16, io::stdout()));
        Self { json, to, closed: false }
    }

    /// For a command that another one runs: what it prints is kept, and what it says is overheard.
    pub(crate) fn kept(json: bool) -> Self {
        *heard() = Some(String::new());
        Self { json, to: To::Kept(Vec::new()), closed: false }
    }

    /// What was printed, and what was said beside it; both empty if none of it was kept.
    pub(crate) fn both(self) -> (String, String) {
        let said = heard().take().unwrap_or_default();
        match self.to {
            To::Kept(bytes) => (String::from_utf8_lossy(&bytes).into_owned(), said),
            To::Stdout(_) => (String::new(), said),
        }
    }

    /// Whether machines read it.
    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// Whether nobody reads any more.
    pub(crate) fn closed(&self) -> bool {
        self.closed
    }

    /// A line for people; nothing with `--json`.
    pub(crate) fn line(&mut self, line: impl AsRef<str>) -> Result<()> {
        if self.json { Ok(()) } else { self.put(&[line.as_ref().as_bytes(), b"\n"]) }
    }

    /// A result for machines, with the program that says it; nothing without `--json`.
    pub(crate) fn object<const N: usize>(
        &mut self,
        members: [(&'static str, Value); N],
    ) -> Result<()> {
        self.value(&Value::object(members))
    }

    /// As [`Out::object`], of a value.
    pub(crate) fn value(&mut self, value: &Value) -> Result<()> {
        if !self.json {
            return Ok(());
        }
        let mut said = value.clone();
        if let Value::Object(members) = &mut said {
            members.or_insert_with("tool", tool::value);
        }
        self.document(&said)
    }

    /// A document for machines, as it is; nothing without `--json`.
    pub(crate) fn document(&mut self, value: &Value) -> Result<()> {
        if self.json { self.put(&[value.to_canonical().as_bytes(), b"\n"]) } else { Ok(()) }
    }

    /// A large document for machines, written as it is made; nothing without `--json`.
    pub(crate) fn lazy(&mut self, value: Lazy<'_>) -> Result<()> {
        if !self.json {
            return Ok(());
        }
        value.write(&mut |piece: &str| self.put(&[piece.as_bytes()]))?;
        self.put(&[b"\n"])
    }

    /// Bytes as they are, for both.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.put(&[bytes])
    }

    /// Hands over what is buffered.
    pub(crate) fn flush(&mut self) -> Result<()> {
        let flushed = self.to.flush();
        self.settle(flushed)
    }

    fn put(&mut self, parts: &[&[u8]]) -> Result<()> {
        if self.closed {
            return Ok(());
        }
        let written = parts.iter().try_for_each(|part| self.to.write_all(part));
        self.settle(written)
    }

    fn settle(&mut self, written: io::Result<()>) -> Result<()> {
        match written {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            Err(error) => Err(Failure::new("stdout", format!("cannot write the output: {error}"))),
            Ok(()) => Ok(()),
        }
    }
}

/// A word to people beside the data.
pub(crate) fn talk(line: impl AsRef<str>) {
    say(&format!("ledger: {}", line.as_ref()));
}

fn heard() -> std::sync::MutexGuard<'static, Option<String>> {
    HEARD.lock().unwrap_or_else(PoisonError::into_inner)
}

fn say(line: &str) {
    if let Some(heard) = heard().as_mut() {
        heard.push_str(line);
        heard.push('\n');
        return;
    }
    // nobody can be told that nobody can be told
    let _ = writeln!(io::stderr(), "{line}");
}

/// The two lines of a failure; with `--json` one object.
pub(crate) fn report(failure: &Failure, json: bool) {
    if json {
        note(&described(failure));
        return;
    }
    talk(format!("error: {failure}"));
    if let Some(hint) = failure.advice() {
        talk(format!("hint: {hint}"));
    }
}

/// A failure for machines: `{"error":{"code","hint"?,"message","place"?}}`.
pub(crate) fn described(failure: &Failure) -> Value {
    let mut members =
        vec![("code", Value::text(failure.code())), ("message", Value::text(failure.message()))];
    members.extend(failure.place().map(|place| ("place", Value::text(place))));
    members.extend(failure.advice().map(|hint| ("hint", Value::text(hint))));
    Value::object([("error", Value::object(members))])
}

/// A line for machines beside the data.
pub(crate) fn note(value: &Value) {
    say(&value.to_canonical());
}

/// A value over several lines, for people: two spaces for each level, short lists on one line.
pub(crate) fn pretty(value: &Value) -> String {
    let mut out = String::new();
    write_pretty(value, 0, &mut out);
    out
}

fn write_pretty(value: &Value, depth: usize, out: &mut String) {
    let flat = value.to_canonical();
    let (open, close, count) = match value {
        Value::Object(members) => ('{', '}', members.len()),
        Value::List(items) => ('[', ']', items.len()),
        _ => ('[', ']', 0),
    };
    if count == 0 || flat.len() <= 60 {
        out.push_str(&flat);
        return;
    }
    let mut first = true;
    let mut next = |out: &mut String| {
        out.push_str(if first { "\n" } else { ",\n" });
        first = false;
        out.push_str(&"  ".repeat(depth + 1));
    };
    out.push(open);
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                next(out);
                out.push_str(&Value::text(name).to_canonical());
                out.push_str(": ");
                write_pretty(value, depth + 1, out);
            }
        }
        Value::List(items) => {
            for value in items {
                next(out);
                write_pretty(value, depth + 1, out);
            }
        }
        _ => {}
    }
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
    out.push(close);
}
