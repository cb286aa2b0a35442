//! Forks and conflicts are refused, and kept: the signed event that lost is evidence.

use ledger_core::event::Event;
use ledger_core::index::Kind;
use ledger_core::json::{Document, Value};
use ledger_core::key::Signer;
use ledger_core::ledger::{Ledger, Receipt, Submission};

use super::{Job, Refusal};
use crate::clock;
use crate::failure::{Failure, Result};
use crate::seen::Sight;
use crate::submission;

/// How many conflicting originals of one record are kept as events of their own.
const MAX_CONFLICTS: u64 = 100;

/// The failure to report; a fork or a conflict is recorded first, if there is a key to sign with.
pub(super) fn keep(
    ledger: &mut Ledger,
    event: &Submission,
    refusal: &Refusal,
    job: &Job<'_>,
) -> Result<Failure> {
    let failure = refusal.failure();
    let Some(first) = job.signers.first() else { return Ok(failure) };
    let kept = match refusal.error.code() {
        "stream-fork" => fork(ledger, event, job.sight, *first)?,
        "source-conflict" => conflict(ledger, event, job.sight, *first)?,
        _ => return Ok(failure),
    };
    let (what, kept) = kept;
    Ok(failure.instead(match kept {
        Kept::New(receipt) => {
            format!("the conflicting event is kept: `{what}`, entry {}", receipt.index)
        }
        Kept::Before(index) => format!("it is known already: `{what}`, entry {index}"),
    }))
}

enum Kept {
    New(Receipt),
    Before(u64),
}

/// `stream.forked`, once for each stream, place and key that records it.
fn fork(
    ledger: &mut Ledger,
    submission: &Submission,
    sight: &Sight,
    signer: &dyn Signer,
) -> Result<(&'static str, Kept)> {
    let mut document = Document::default();
    let event = Event::parse(&mut document, &submission.event)?;
    let (stream, seq) = (event.stream.name, event.seq);
    // the log keeps each conflicting event once; a producer that forks by mistake signs a new one
    // with each try, so from one key one is enough. What another key recorded does not silence us
    for posting in ledger.find(Kind::Subject, &format!("stream:{stream}"), usize::MAX)? {
        let ours = ledger.entry(posting.index, |entry| {
            let place = entry.event.root.pointer("/data/seq").and_then(|seq| seq.unsigned());
            let owner = entry.event.stream.owner;
            entry.event.kind == "stream.forked"
                && place == Some(seq)
                && owner == signer.public().id()
        })?;
        if ours {
            return Ok(("stream.forked", Kept::Before(posting.index)));
        }
    }
    let postings = ledger.find(Kind::Stream, stream, usize::MAX)?;
    let first = postings.iter().find(|posting| posting.order == seq);
    let first = first.or_else(|| postings.iter().min_by_key(|posting| posting.order.abs_diff(seq)));
    let blob = blob(ledger, submission)?;
    let draft = Value::object([
        ("type", Value::text("stream.forked")),
        ("occurred_at", Value::text(clock::now()?.to_string())),
        ("subject", Value::object([("stream", Value::text(stream))])),
        (
            "data",
            Value::object([
                ("conflicting", Value::text(&blob.digest)),
                ("first_index", Value::count(first.map_or(0, |posting| posting.index))),
                ("seq", Value::count(seq)),
            ]),
        ),
        ("attachments", blob.attachments()),
    ]);
    super::one(ledger, sight, &draft, "fork", &[signer])
        .map(|receipt| ("stream.forked", Kept::New(receipt)))
}

/// `source.conflicted`: another original of a record that was imported before. It carries the
/// record's own identity and original, so the same conflict is recorded once.
fn conflict(
    ledger: &mut Ledger,
    submission: &Submission,
    sight: &Sight,
    signer: &dyn Signer,
) -> Result<(&'static str, Kept)> {
    let event = ledger_core::json::read(&submission.event)?;
    let mut document = Document::default();
    let parsed = Event::parse(&mut document, &submission.event)?;
    let claim = parsed.claim().map(|(name, _)| name).unwrap_or_default();
    let first = ledger.find(Kind::Source, &claim, 1)?;
    let blob = blob(ledger, submission)?;
    let member = |name: &str| event.get(name).cloned().unwrap_or(Value::Bool(true));
    for ordinal in 0..MAX_CONFLICTS {
        let draft = Value::object([
            ("type", Value::text("source.conflicted")),
            ("occurred_at", Value::text(clock::now()?.to_string())),
            ("source", member("source")),
            ("source_id", member("source_id")),
            ("ordinal", Value::count(ordinal)),
            ("original", member("original")),
            ("adapter", member("adapter")),
            ("subject", Value::object([("source", member("source"))])),
            (
                "data",
                Value::object([
                    ("first_index", Value::count(first.first().map_or(0, |posting| posting.index))),
                    ("source_id", member("source_id")),
                ]),
            ),
            ("attachments", blob.attachments()),
        ]);
        match super::one(ledger, sight, &draft, "conflict", &[signer]) {
            Ok(receipt) if receipt.known => {
                return Ok(("source.conflicted", Kept::Before(receipt.index)));
            }
            Ok(receipt) => return Ok(("source.conflicted", Kept::New(receipt))),
            Err(failure) if failure.code() == "source-conflict" => {}
            Err(failure) => return Err(failure),
        }
    }
    Err(Failure::refused("source-conflicts", "too many originals of one record conflict"))
}

/// The conflicting event as an attachment: signed, and without what it seals.
struct Blob {
    digest: String,
    size: u64,
}

impl Blob {
    fn attachments(&self) -> Value {
        Value::List(vec![Value::object([
            ("digest", Value::text(&self.digest)),
            ("media_type", Value::text("application/json")),
            ("name", Value::text("conflicting-event.json")),
            ("size", Value::count(self.size)),
        ])])
    }
}

/// Stores the event, durably, before an entry refers to it.
fn blob(ledger: &Ledger, submission: &Submission) -> Result<Blob> {
    let bytes = submission::encode(submission, false)?.into_bytes();
    let digest = ledger_core::blob::put(&**ledger.store(), &bytes)?;
    Ok(Blob { digest, size: bytes.len() as u64 })
}
