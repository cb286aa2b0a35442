//! Events as people and programs write them: one JSON object in a file, or one on each line.
//!
//! White space, member order and escapes are free, CRLF line ends too: the bytes that are signed are
//! made from the value, in its one canonical spelling.

use std::path::PathBuf;

use ledger_core::json::{self, Value};
use ledger_core::time::Timestamp;

use crate::failure::{Failure, Result};
use crate::{files, submission};

/// How far in the future an event may lie by this machine's clock: a day, for clocks and zones.
const MAX_AHEAD: u64 = 24 * 3600 * 1_000_000;

/// One value and where it came from.
#[derive(Debug)]
pub(crate) struct Draft {
    /// The file, as it is called in messages.
    pub(crate) file: String,
    /// The line, if the file is one of lines.
    pub(crate) line: Option<usize>,
    /// What stands there.
    pub(crate) value: Value,
}

impl Draft {
    /// Puts the place of this draft before that of a failure.
    pub(crate) fn place(&self, failure: Failure) -> Failure {
        let failure = match self.line {
            Some(line) => failure.in_line(line),
            None => failure,
        };
        spelled(failure).within(self.file.clone())
    }
}

/// What is wrong with an event has a hint, if only where events are described.
fn spelled(failure: Failure) -> Failure {
    if failure.status() == 1 || failure.unavailable() {
        return failure;
    }
    failure.hint("`docs/commands.md` says how events are written; nothing was appended")
}

/// All events of the files, in order; standard input for `-` or when no file is named.
///
/// With `signed` an envelope that was collected from its signers is taken as well.
pub(crate) fn read_all(files: &[PathBuf], now: Timestamp, signed: bool) -> Result<Vec<Draft>> {
    let stdin = [PathBuf::from(files::STDIN)];
    let files = if files.is_empty() { &stdin } else { files };
    let mut drafts = Vec::new();
    for file in files {
        drafts.append(&mut read(&files::read_input(file)?, files::shown(file), now, signed)?);
    }
    Ok(drafts)
}

/// As [`read_all`], of bytes that were read; `name` is what they are called in messages.
pub(crate) fn read(bytes: &[u8], name: String, now: Timestamp, signed: bool) -> Result<Vec<Draft>> {
    let envelope = if signed { submission::from_envelope(bytes) } else { None };
    let drafts = match envelope {
        Some(value) => {
            let value = value.map_err(|failure| failure.within(name.clone()))?;
            vec![Draft { file: name, line: None, value }]
        }
        None => split(bytes, name)?,
    };
    for draft in &drafts {
        not_ahead(&draft.value, now).map_err(|failure| draft.place(failure))?;
    }
    Ok(drafts)
}

fn split(bytes: &[u8], name: String) -> Result<Vec<Draft>> {
    if bytes.trim_ascii().is_empty() {
        return Err(Failure::new("input-empty", "there is no event: the input is empty")
            .within(name)
            .hint("give one event as a JSON object, or one on each line"));
    }
    let first = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let whole = json::read(bytes);
    match whole {
        Ok(value) => Ok(vec![one(value, name, None)?]),
        Err(error) if error.code() == "json-trailing" && json::read(first).is_ok() => {
            lines(bytes, &name)
        }
        Err(error) => Err(spelled(error.into()).within(name)),
    }
}

fn lines(bytes: &[u8], name: &str) -> Result<Vec<Draft>> {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let mut drafts = Vec::new();
    for (number, line) in (1..).zip(bytes.split(|&byte| byte == b'\n')) {
        let value = json::read(line).map_err(|error| {
            let failure = if error.code() == "json-empty" {
                Failure::new("json-empty", "the line is empty")
                    .hint("one event stands on each line")
            } else {
                Failure::from(error)
            };
            spelled(failure).in_line(number).within(name)
        })?;
        drafts.push(one(value, name.to_owned(), Some(number))?);
    }
    Ok(drafts)
}

fn one(value: Value, file: String, line: Option<usize>) -> Result<Draft> {
    let draft = Draft { file, line, value };
    if matches!(draft.value, Value::Object(_)) {
        return Ok(draft);
    }
    let failure = Failure::new("draft-object", "an event is a JSON object")
        .hint("give one event as a JSON object, or one on each line");
    Err(draft.place(failure))
}

/// A time that the machine's clock has not reached is a mistake, or a clock to be set.
fn not_ahead(value: &Value, now: Timestamp) -> Result<()> {
    let event = value.get("event").unwrap_or(value);
    let text = event.get("occurred_at").and_then(Value::as_text).unwrap_or_default();
    match Timestamp::parse(text.as_bytes()) {
        Ok(at) if at.micros() > now.micros().saturating_add(MAX_AHEAD) => Err(Failure::new(
            "time-ahead",
            format!("`{text}` is more than a day ahead of the clock"),
        )
        .within("/occurred_at")
        .hint(format!("the clock of this machine says {now}"))),
        _ => Ok(()),
    }
}
