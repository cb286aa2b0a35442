//! One proof file, held against a policy: what an auditor does with what was handed over.

use std::path::Path;

use ledger_core::error::Error;
use ledger_core::json::Value;
use ledger_core::note;
use ledger_core::policy::{Policy, Satisfied};
use ledger_core::proof::{self, Proof};
use ledger_core::range::{self, RangeProof};
use ledger_core::tree::{self, Span};
use ledger_core::verify::Verdict;

use super::report::headline;
use super::{Verify, answer};
use crate::commands::consistency;
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::files;
use crate::published::Continuation;

/// Verifies the proof and prints the verdict.
pub(super) fn run(
    file: &Path,
    policy: &Policy,
    args: &Verify,
    context: &mut Context,
) -> Result<Answer> {
    let bytes = files::read_input(file)?;
    let place = |error: Error| Failure::from(error).within(files::shown(file));
    if bytes.starts_with(range::HEADER.as_bytes()) {
        let proof = RangeProof::parse(&bytes).map_err(place)?;
        let leaves = leaves(args, proof.entries().start)?;
        let count = leaves.count();
        let what = format!("{count} entries from {}", proof.entries().start);
        return show("RANGE", &what, proof.verify(&leaves, policy), context);
    }
    if bytes.starts_with(proof::HEADER.as_bytes()) {
        let proof = Proof::parse(&bytes).map_err(place)?;
        // a proof of `--proof` has the entry in it; whether it is that one, its hash tells
        let line = match (&args.entry, proof.unauthenticated_extra()) {
            (None, Some(line)) => line.to_vec(),
            _ => entry(args)?,
        };
        let leaf = tree::leaf_hash(line.strip_suffix(b"\n").unwrap_or(&line));
        let what = format!("entry {}", proof.index());
        return show("INCLUSION", &what, proof.verify(&leaf, policy), context);
    }
    if let Some(request) = Continuation::parse(&bytes) {
        let what = format!("of {} entries", request.old);
        return show("CONSISTENCY", &what, continues(&request, policy, args)?, context);
    }
    Err(Failure::new("proof-unknown", "this is no proof that is known here")
        .within(files::shown(file))
        .hint("`ledger prove` and `ledger consistency` make them"))
}

fn entry(args: &Verify) -> Result<Vec<u8>> {
    let file = args.entry.as_ref().ok_or_else(|| {
        Failure::new("entry-missing", "the proof says nothing without the entries it speaks of")
            .hint("give --entry FILE, with what `ledger show --raw INDEX` printed")
    })?;
    files::read_input(file)
}

fn leaves(args: &Verify, first: u64) -> Result<Span> {
    let bytes = entry(args)?;
    let lines = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let mut span = Span::at(first);
    for line in lines.split(|&byte| byte == b'\n') {
        span.push(tree::leaf_hash(line))?;
    }
    Ok(span)
}

/// Whether the newer checkpoint, which the policy accepts, continues the older one, which the same
/// log signed.
fn continues(
    request: &Continuation,
    policy: &Policy,
    args: &Verify,
) -> Result<std::result::Result<Satisfied, Error>> {
    let [file] = args.checkpoints.as_slice() else {
        return Err(Failure::new(
            "checkpoint-missing",
            "the older checkpoint is needed, and one only",
        )
        .hint("give it with --checkpoint FILE"));
    };
    let (note, old) = consistency::read_note(file)?;
    if old.size() != request.old {
        let message = format!("it covers {} entries; the proof is for {}", old.size(), request.old);
        return Err(Failure::new("checkpoint-size", message).within(files::shown(file)));
    }
    let judged = || {
        let logs: Vec<_> =
            policy.logs().filter(|log| log.name() == old.origin()).cloned().collect();
        note::open(&note, &logs)?;
        let satisfied = policy.check(&request.note)?;
        let new = &satisfied.checkpoint;
        if new.origin() != old.origin() {
            return Err(Error::untrue(
                "checkpoint-origin",
                "the checkpoints are of different logs",
            ));
        }
        let (from, to) = (old.root(), new.root());
        tree::verify_consistency(old.size(), new.size(), from, to, &request.path)?;
        Ok(satisfied)
    };
    Ok(judged())
}

fn show(
    name: &str,
    what: &str,
    outcome: std::result::Result<Satisfied, Error>,
    context: &mut Context,
) -> Result<Answer> {
    let out = &mut context.out;
    let kind = Value::text(name.to_lowercase());
    let satisfied = match outcome {
        Ok(satisfied) => satisfied,
        Err(error) => {
            out.object([
                ("code", Value::text(error.code())),
                ("holds", Value::Bool(false)),
                ("kind", kind),
                ("message", Value::text(error.message())),
            ])?;
            let verdict = Verdict::DoesNotHold;
            out.line(headline(name, verdict, &format!("{what}, {error} [{}]", error.code())))?;
            return Ok(answer(verdict));
        }
    };
    let checkpoint = &satisfied.checkpoint;
    let witnesses = satisfied.cosigned.iter().map(|cosigned| {
        Value::object([
            ("time", Value::count(cosigned.time)),
            ("witness", Value::text(&cosigned.witness)),
        ])
    });
    out.object([
        ("holds", Value::Bool(true)),
        ("kind", kind),
        ("origin", Value::text(checkpoint.origin())),
        ("root", Value::text(checkpoint.root().to_base64())),
        ("size", Value::count(checkpoint.size())),
        ("witnesses", Value::List(witnesses.collect())),
    ])?;
    out.line(headline(name, Verdict::Holds, what))?;
    out.line(format!("  {:<13} {}", "log", checkpoint.origin()))?;
    let root = checkpoint.root().to_base64();
    out.line(format!("  {:<13} {} entries, root {root}", "checkpoint", checkpoint.size()))?;
    for cosigned in &satisfied.cosigned {
        let at = ledger_core::time::Timestamp::from_micros(cosigned.time.saturating_mul(1_000_000));
        let at = at.map_or_else(|| cosigned.time.to_string(), |at| at.to_string());
        out.line(format!("  {:<13} {} at {at}", "witness", cosigned.witness))?;
    }
    Ok(Answer::Yes)
}
