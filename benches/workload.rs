//! The seeded workload: eight pipelines that report deployments, ~650 bytes an event.

use std::collections::HashMap;
use std::sync::Arc;

use ledger_core::encoding::base64;
use ledger_core::error::Result;
use ledger_core::json::{Value, read};
use ledger_core::key::{Signer, SigningKey};
use ledger_core::ledger::{Beginning, Group, Ledger, Submission, create, origin};
use ledger_core::producer::{Position, sign};
use ledger_core::signature::Mode;
use ledger_core::store::Store;
use ledger_core::time::Timestamp;
use ledger_core::vault::key::VaultSecret;
use ledger_core::vault::persons::Key;
use rayon::prelude::*;

/// How many keys sign.
pub(crate) const KEYS: u64 = 8;
/// Events of one stream: a pipeline run.
const RUN: u64 = 20;
/// 2026-07-01T00:00:00Z in microseconds.
const START: u64 = 1_782_864_000_000_000;

/// Bytes from a name and a number: the same in every run.
pub(crate) fn seed(name: &str, number: u64) -> [u8; 32] {
    let mut hasher = blake3(name);
    hasher.update(&number.to_be_bytes());
    *hasher.finalize().as_bytes()
}

fn blake3(name: &str) -> blake3::Hasher {
    let mut hasher = blake3::Hasher::new_derive_key("release-ledger bench");
    hasher.update(name.as_bytes());
    hasher
}

/// The pipeline key of a number.
pub(crate) fn key(number: u64) -> SigningKey {
    SigningKey::from_seed(seed("pipeline", number))
}

/// The time of an event.
pub(crate) fn time(step: u64) -> Timestamp {
    Timestamp::from_micros(START + step * 1000)
        .unwrap_or_else(|| unreachable!("within the year 9999"))
}

/// The commit of a step.
pub(crate) fn group(step: u64) -> Group {
    Group { now: time(step), random: seed("group", step), all_or_nothing: false }
}

/// A ledger with two roots, eight pipeline keys and a checkpoint key.
pub(crate) fn ledger(store: Arc<dyn Store>) -> Result<(Ledger, [u8; 32])> {
    let roots = roots();
    let list = roots.iter().enumerate().map(|(number, root)| {
        Value::object([
            ("person", json(&format!(r#"{{"issuer":"hr","id":"{number}"}}"#))),
            ("public_key", Value::text(root.public().to_base64())),
        ])
    });
    let data = Value::object([
        ("name", Value::text("bench")),
        ("nonce", Value::text(base64(&seed("nonce", 0)))),
        ("roots", Value::List(list.collect())),
        ("threshold", Value::count(2)),
    ]);
    let draft = Value::object([
        ("type", Value::text("ledger.created")),
        ("occurred_at", Value::text(time(0).to_string())),
        ("data", data),
    ]);
    let signers: [&dyn Signer; 2] = [&roots[0], &roots[1]];
    let first =
        sign(&draft, None, &Position::one_shot("roots", [0; 16]), &signers, seed("salt", 0))?;
    let hash = origin(&first.event)?.genesis().0;
    let new = Beginning {
        persons_key: Key(seed("persons", 0)),
        vault_key: VaultSecret::generate(&seed("vault", 0)).public(),
        group: group(0),
    };
    let mut ledger = create(store, first, new)?;
    let mut keys: Vec<Submission> = Vec::new();
    for number in 0..KEYS {
        keys.push(register(hash, &roots, &key(number), "append:*", number)?);
    }
    keys.push(register(hash, &roots, &checkpoint_key(), "checkpoint", KEYS)?);
    let admitted: Result<Vec<_>> =
        ledger.door().admit(keys, seed("bulk", 0), Mode::OneByOne).into_iter().collect();
    for receipt in ledger.append(&admitted?, group(1))? {
        receipt?;
    }
    Ok((ledger, hash))
}

/// The key that signs checkpoints.
pub(crate) fn checkpoint_key() -> SigningKey {
    SigningKey::from_seed(seed("checkpoint", 0))
}

/// The registration of one of many keys.
pub(crate) fn registration(ledger: [u8; 32], number: u64) -> Result<Submission> {
    let roots = roots();
    let new = SigningKey::from_seed(seed("one of many", number));
    register(ledger, &roots, &new, "append:*", KEYS + 1 + number)
}

/// The two roots, who may do everything together.
pub(crate) fn roots() -> [SigningKey; 2] {
    [SigningKey::from_seed(seed("root", 0)), SigningKey::from_seed(seed("root", 1))]
}

/// The registration of a key by the roots, and the key: what it can do, and whose it is, as members of
/// its event.
pub(crate) fn registered(
    ledger: [u8; 32],
    number: u64,
    can: &str,
    whose: &str,
) -> Result<(SigningKey, Submission)> {
    let new = SigningKey::from_seed(seed("of a quarter", number));
    let place = KEYS + 1 + (1 << 32) + number;
    let submission = registration_of(ledger, &roots(), &new, can, whose, place)?;
    Ok((new, submission))
}

fn register(
    ledger: [u8; 32],
    roots: &[SigningKey; 2],
    new: &SigningKey,
    can: &str,
    number: u64,
) -> Result<Submission> {
    let who = format!(r#""service":"pipeline-{number}""#);
    registration_of(ledger, roots, new, &format!(r#""{can}""#), &who, number)
}

fn registration_of(
    ledger: [u8; 32],
    roots: &[SigningKey; 2],
    new: &SigningKey,
    can: &str,
    who: &str,
    number: u64,
) -> Result<Submission> {
    let draft = json(&format!(
        r#"{{"type":"key.registered","occurred_at":"{}","subject":{{"key":"{}"}},
            "data":{{"public_key":"{}","capabilities":[{can}],{who}}}}}"#,
        time(1),
        new.public().id(),
        new.public().to_base64(),
    ));
    let position = Position::one_shot("keys", *first16(&seed("key stream", number)));
    sign(&draft, Some(ledger), &position, &[&roots[0], &roots[1], new], seed("salt", number))
}

pub(crate) fn first16(bytes: &[u8; 32]) -> &[u8; 16] {
    bytes.first_chunk().unwrap_or(&[0; 16])
}

pub(crate) fn json(text: &str) -> Value {
    read(text.as_bytes()).unwrap_or(Value::Bool(false))
}

/// Where each key's stream stands.
pub(crate) type Positions = HashMap<u64, Position>;

/// The next `count` signed events, made on all cores, key by key; interleaved as pipelines would.
pub(crate) fn events(
    ledger: [u8; 32],
    positions: &mut Positions,
    first: u64,
    count: u64,
) -> Vec<Submission> {
    let per_key = count / KEYS;
    let made: Vec<(u64, Position, Vec<Submission>)> = (0..KEYS)
        .into_par_iter()
        .map(|number| {
            let signer = key(number);
            let mut at = positions.get(&number).cloned();
            let mut events = Vec::new();
            for step in 0..per_key {
                let sequence = (first / KEYS) + step;
                if sequence.is_multiple_of(RUN) || at.is_none() {
                    let random = seed("stream", number << 40 | sequence);
                    at = Some(Position::first("deploy", *first16(&random)));
                }
                let Some(mut position) = at else { unreachable!("set above") };
                position.is_final = sequence % RUN == RUN - 1;
                let event = event(ledger, &signer, &position, number, sequence);
                at = Some(position.after(&event.event));
                events.push(event);
            }
            (number, at.unwrap_or_else(|| unreachable!("set above")), events)
        })
        .collect();
    let mut columns: Vec<std::vec::IntoIter<Submission>> = Vec::new();
    for (number, position, events) in made {
        positions.insert(number, position);
        columns.push(events.into_iter());
    }
    let mut all = Vec::new();
    loop {
        let row: Vec<Submission> = columns.iter_mut().filter_map(Iterator::next).collect();
        if row.is_empty() {
            return all;
        }
        all.extend(row);
    }
}

/// One event of a pipeline, signed.
pub(crate) fn event(
    ledger: [u8; 32],
    signer: &SigningKey,
    position: &Position,
    number: u64,
    sequence: u64,
) -> Submission {
    let artifact = ledger_core::encoding::hex(&seed("artifact", sequence / 4));
    let deployment = format!("d-{number}-{sequence}");
    let text = |text: String| Value::text(text);
    let draft = Value::object([
        ("type", text("deployment.finished".to_owned())),
        ("occurred_at", text(time(sequence * KEYS + number).to_string())),
        (
            "actor",
            Value::object([
                ("kind", text("service".to_owned())),
                (
                    "id",
                    Value::object([
                        ("issuer", text("ci".to_owned())),
                        ("id", text(format!("runner-{}", sequence % 100))),
                    ]),
                ),
            ]),
        ),
        (
            "subject",
            Value::object([
                ("deployment", text(deployment)),
                ("environment", text("production".to_owned())),
                ("service", text(format!("service-{}", sequence % 5000))),
            ]),
        ),
        (
            "data",
            Value::object([
                ("artifact", text(format!("sha256:{artifact}"))),
                ("outcome", text("succeeded".to_owned())),
            ]),
        ),
    ]);
    sign(&draft, Some(ledger), position, &[signer], seed("salt", number << 40 | sequence))
        .unwrap_or_else(|error| unreachable!("the workload's event is refused: {error}"))
}
