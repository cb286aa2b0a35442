//! A stream that goes on from call to call, its state kept in a file of the producer.
//!
//! The first line of the file says where the stream stands. While events are on their way they stand
//! below it, signed: if we stop before we know whether they arrived, the next call delivers the very
//! same bytes first, so a crash makes neither a fork nor a gap nor a second copy.

use std::path::{Path, PathBuf};

use ledger_core::encoding;
use ledger_core::hash::{Blake3, Sha256};
use ledger_core::json::{self, Value};
use ledger_core::ledger::{Ledger, Receipt, Submission};
use ledger_core::producer::Position;

use super::Job;
use crate::failure::{Failure, Result};
use crate::output::talk;
use crate::state::Guard;
use crate::{delivery, files, random, submission};

const FORMAT: &str = "release-ledger/stream@v1";

/// The file's content.
struct Stream {
    position: Position,
    owner: String,
    /// Digest of the input that `pending` was made from.
    input: Option<String>,
    pending: Vec<Submission>,
}

/// A delivery that the caller has not seen acknowledged yet.
pub(super) struct Delivered {
    stream: Stream,
    file: PathBuf,
    _guard: Guard,
}

impl Delivered {
    /// The receipts are out: the stream moves on. Killed before this, the next call finds the events
    /// pending and gets the same receipts for them.
    pub(super) fn acknowledged(mut self) -> Result<()> {
        self.stream.advance(&self.file)
    }
}

/// Appends the drafts of the job to the stream in `file`.
pub(super) fn append(
    job: &Job<'_>,
    file: &Path,
    ledger: &mut Ledger,
) -> Result<(Vec<Receipt>, Option<Delivered>)> {
    let guard = Guard::beside(file)?;
    let mut stream = match files::read_if_there(file)? {
        Some(bytes) => Stream::parse(&bytes)
            .ok_or_else(|| {
                Failure::new("stream-file", "this is not the state of a stream")
                    .hint("restore it from a copy; or name a new file, which begins a new stream")
            })
            .map_err(|failure| failure.within(files::shown(file)))?,
        None => Stream::new(job)?,
    };
    let owner = job.signers.first().map(|first| first.public().id().to_string());
    if owner.as_ref() != Some(&stream.owner) {
        return Err(Failure::new("stream-owner", "the stream belongs to another key")
            .within(files::shown(file))
            .hint(format!("give the key `{}` first", stream.owner)));
    }
    let input = digest(job);
    let again = stream.input.as_ref() == Some(&input);
    if !stream.pending.is_empty() && !again {
        let receipts = stream.deliver(job, file, ledger, false)?;
        stream.advance(file)?;
        talk(format!("note: {} events of an earlier call were delivered first", receipts.len()));
    }
    let fresh = stream.pending.is_empty();
    if fresh {
        stream.sign(job, ledger)?;
        stream.input = Some(input);
    }
    let receipts = stream.deliver(job, file, ledger, fresh)?;
    Ok((receipts, Some(Delivered { stream, file: file.to_owned(), _guard: guard })))
}

/// What the call was given, so that a repeated call is known as such.
fn digest(job: &Job<'_>) -> String {
    let drafts: String = job.drafts.iter().map(|draft| draft.value.to_canonical() + "\n").collect();
    encoding::hex(&Sha256::of(drafts.as_bytes()).0)
}

impl Stream {
    fn new(job: &Job<'_>) -> Result<Self> {
        let owner = job.signers.first().map(|first| first.public().id().to_string());
        let position = Position::first(&job.args.label, random::bytes()?);
        let owner = owner.unwrap_or_default();
        Ok(Self { position, owner, input: None, pending: Vec::new() })
    }

    /// Signs the drafts, one after the other.
    fn sign(&mut self, job: &Job<'_>, ledger: &Ledger) -> Result<()> {
        let mut position = self.position.clone();
        for (number, draft) in (1..).zip(job.drafts) {
            position.is_final = job.args.ends && number == job.drafts.len();
            let event = delivery::sign(
                ledger.origin(),
                &job.sight.named(&draft.value),
                &position,
                job.signers,
            )
            .map_err(|failure| draft.place(failure))?;
            position = position.after(&event.event);
            self.pending.push(event);
        }
        Ok(())
    }

    /// Writes down what is pending, and appends it. `fresh` events were never delivered before.
    fn deliver(
        &mut self,
        job: &Job<'_>,
        file: &Path,
        ledger: &mut Ledger,
        fresh: bool,
    ) -> Result<Vec<Receipt>> {
        let before = files::read_if_there(file)?;
        files::replace(file, self.encode()?.as_bytes(), 0o600, true)?;
        let delivered = job.deliver(ledger, self.pending.clone());
        if let Err(failure) = &delivered {
            // refused, or turned away before anything was written: the place in the stream is free
            // again. Otherwise nobody knows, and the next call delivers the same bytes
            let turned_away = fresh && matches!(failure.code(), "busy" | "poisoned");
            if !failure.unavailable() || turned_away {
                self.pending.clear();
                match before {
                    Some(_) => files::replace(file, self.encode()?.as_bytes(), 0o600, true)?,
                    None => files::remove(file)?,
                }
            }
        }
        delivered
    }

    /// Moves on behind what was delivered.
    fn advance(&mut self, file: &Path) -> Result<()> {
        for event in std::mem::take(&mut self.pending) {
            self.position = self.position.after(&event.event);
        }
        files::replace(file, self.encode()?.as_bytes(), 0o600, true)
    }

    fn encode(&self) -> Result<String> {
        let mut members = vec![
            ("format", Value::text(FORMAT)),
            ("label", Value::text(&self.position.label)),
            ("owner", Value::text(&self.owner)),
            ("random", Value::text(encoding::base64url(&self.position.random))),
            ("seq", Value::count(self.position.seq)),
        ];
        members.extend(self.position.prev.map(|prev| ("prev", Value::text(prev.to_base64()))));
        if !self.pending.is_empty() {
            members.extend(self.input.iter().map(|input| ("input", Value::text(input))));
        }
        let mut text = Value::object(members).to_canonical() + "\n";
        for event in &self.pending {
            text.push_str(&submission::encode(event, true)?);
            text.push('\n');
        }
        Ok(text)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
        let mut lines = text.split('\n');
        let head = json::read(lines.next()?.as_bytes()).ok()?;
        let member = |name| head.get(name).and_then(Value::as_text);
        let Some(Value::Integer(seq)) = head.get("seq") else { return None };
        if member("format") != Some(FORMAT) {
            return None;
        }
        let pending = lines.map(|line| {
            json::read(line.as_bytes()).ok().and_then(|value| submission::decode(&value).ok())
        });
        let prev = match member("prev") {
            Some(prev) => Some(Blake3::from_base64(prev.as_bytes()).ok()?),
            None => None,
        };
        let position = Position {
            label: member("label")?.to_owned(),
            random: encoding::from_base64url(member("random")?.as_bytes()).ok()?,
            seq: u64::try_from(*seq).ok()?,
            prev,
            is_final: false,
        };
        Some(Self {
            position,
            owner: member("owner")?.to_owned(),
            input: member("input").map(str::to_owned),
            pending: pending.collect::<Option<Vec<_>>>()?,
        })
    }
}
