//! A small seeded ledger world: roots, a pipeline key, an approver, and their events.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    unreachable_pub,
    dead_code,
    missing_docs,
    missing_debug_implementations,
    reason = "shared by several test programs, none of which uses all of it"
)]

use std::sync::Arc;

use ledger_core::encoding::base64;
use ledger_core::error::Result;
use ledger_core::json::{Value, read};
use ledger_core::key::{Signer, SigningKey};
use ledger_core::ledger::{Beginning, Group, Ledger, Receipt, Submission, create, origin};
use ledger_core::producer::{Position, sign};
use ledger_core::signature::Mode;
use ledger_core::store::Store;
use ledger_core::time::Timestamp;
use ledger_core::vault::key::VaultSecret;
use ledger_core::vault::persons::Key;

/// 2026-07-01T00:00:00Z.
pub const START: u64 = 1_782_864_000_000_000;

pub struct World {
    pub roots: Vec<SigningKey>,
    pub pipeline: SigningKey,
    pub approver: SigningKey,
    pub checkpoint: SigningKey,
    pub ledger_hash: [u8; 32],
    pub counter: u64,
}

pub fn seed(name: &str, number: u64) -> [u8; 32] {
    *blake3::Hasher::new_derive_key("release-ledger test")
        .update(name.as_bytes())
        .update(&number.to_be_bytes())
        .finalize()
        .as_bytes()
}

pub fn key(name: &str) -> SigningKey {
    SigningKey::from_seed(seed(name, 0))
}

pub fn value(text: &str) -> Value {
    read(text.as_bytes()).unwrap()
}

pub fn time(step: u64) -> Timestamp {
    Timestamp::from_micros(START + step * 1_000_000).unwrap()
}

pub fn group(step: u64) -> Group {
    Group { now: time(step), random: seed("group", step), all_or_nothing: false }
}

/// The signed `ledger.created` of a ledger with the given roots.
pub fn genesis(name: &str, roots: &[SigningKey]) -> Submission {
    let list: Vec<Value> = roots
        .iter()
        .enumerate()
        .map(|(number, root)| {
            Value::object([
                ("person", value(&format!(r#"{{"issuer":"hr","id":"root-{number}"}}"#))),
                ("public_key", Value::text(root.public().to_base64())),
            ])
        })
        .collect();
    let draft = Value::object([
        ("type", Value::text("ledger.created")),
        ("occurred_at", Value::text(time(0).to_string())),
        (
            "data",
            Value::object([
                ("name", Value::text(name)),
                ("nonce", Value::text(base64(&seed("nonce", 0)))),
                ("roots", Value::List(list)),
                ("threshold", Value::count(2)),
            ]),
        ),
    ]);
    let signers: Vec<&dyn Signer> = roots.iter().map(|root| root as &dyn Signer).collect();
    sign(&draft, None, &Position::one_shot("roots", [0; 16]), &signers, seed("salts", 0)).unwrap()
}

impl World {
    /// Creates a ledger and registers a pipeline, an approver and a checkpoint key: 4 entries.
    pub fn create(store: Arc<dyn Store>) -> Result<(Self, Ledger)> {
        let roots = vec![key("root a"), key("root b")];
        let first = genesis("example/releases", &roots);
        let ledger_hash = origin(&first.event)?.genesis().0;
        let new = Beginning {
            persons_key: Key(seed("persons", 0)),
            vault_key: VaultSecret::generate(&seed("vault", 0)).public(),
            group: group(0),
        };
        let mut ledger = create(store, first, new)?;
        let mut world = Self {
            roots,
            pipeline: key("pipeline"),
            approver: key("approver"),
            checkpoint: key("checkpoint"),
            ledger_hash,
            counter: 1,
        };
        let registrations = vec![
            world.register(&key("pipeline"), r#""service":"ci""#, r#"["append:*"]"#),
            world.register(
                &key("approver"),
                r#""holder":{"issuer":"hr","id":"17"}"#,
                r#"["approve"]"#,
            ),
            world.register(&key("checkpoint"), r#""service":"signer""#, r#"["checkpoint"]"#),
        ];
        for receipt in world.append(&mut ledger, registrations)? {
            receipt?;
        }
        Ok((world, ledger))
    }

    pub fn next(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// A signed `key.registered`.
    pub fn register(&mut self, new: &SigningKey, holder: &str, capabilities: &str) -> Submission {
        let step = self.next();
        let draft = value(&format!(
            r#"{{"type":"key.registered","occurred_at":"{}","subject":{{"key":"{}"}},
                "data":{{"public_key":"{}","capabilities":{capabilities},{holder}}}}}"#,
            time(step),
            new.public().id(),
            new.public().to_base64(),
        ));
        let [first, second] = [key("root a"), key("root b")];
        self.sign(&draft, &[&first, &second, new])
    }

    /// Signs a draft as a stream of its own.
    pub fn sign(&mut self, draft: &Value, signers: &[&dyn Signer]) -> Submission {
        let step = self.next();
        let random = *seed("stream", step).first_chunk().unwrap();
        let position = Position::one_shot("test", random);
        sign(draft, Some(self.ledger_hash), &position, signers, seed("salts", step)).unwrap()
    }

    /// A draft of a finished deployment.
    pub fn finished(&mut self, outcome: &str) -> Value {
        let step = self.next();
        value(&format!(
            r#"{{"type":"deployment.finished","occurred_at":"{}",
                "actor":{{"kind":"service","id":{{"issuer":"ci","id":"runner-{}"}}}},
                "subject":{{"deployment":"d-{step}","service":"payments","environment":"production"}},
                "data":{{"outcome":"{outcome}"}}}}"#,
            time(step),
            step % 5,
        ))
    }

    /// A signed finished deployment by the pipeline, a stream of its own.
    pub fn deployment(&mut self) -> Submission {
        let draft = self.finished("succeeded");
        let pipeline = key("pipeline");
        self.sign(&draft, &[&pipeline])
    }

    /// Passes the door and appends.
    pub fn append(
        &mut self,
        ledger: &mut Ledger,
        events: Vec<Submission>,
    ) -> Result<Vec<Result<Receipt>>> {
        let step = self.next();
        let door = ledger.door();
        let mut admitted = Vec::new();
        for outcome in door.admit(events, seed("bulk", step), Mode::OneByOne) {
            admitted.push(outcome?);
        }
        ledger.append(&admitted, group(step))
    }
}

// What the tests of survival share: numbers from seeds, streams, planting, and looking at it all.

/// A small generator of seeded numbers (splitmix64, Steele et al. 2014).
pub struct Dice(pub u64);

impl Dice {
    /// A number below `limit`, which is not 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

/// The seeds of a test: those it always runs with, `SEEDS` times as many, or the one that `SEED` names. Printed, so that a failure can be had again.
#[expect(clippy::disallowed_methods, reason = "a test that failed is run again with its seed")]
pub fn seeds(test: &str, usual: std::ops::Range<u64>) -> Vec<u64> {
    let number = |name| std::env::var(name).ok().and_then(|number| number.parse::<u64>().ok());
    let all = usual.start..usual.end.saturating_mul(number("SEEDS").unwrap_or(1));
    let seeds = number("SEED").map_or_else(|| all.collect(), |seed| vec![seed]);
    println!("{test}: seeds {seeds:?}; one of them again with SEED=n");
    seeds
}

/// The verdict on a folder, held against its pin and what clients remember.
pub fn verified(
    store: &dyn Store,
    pinned: &ledger_core::checkpoint::Origin,
    receipts: &[(u64, ledger_core::hash::Blake3)],
) -> Result<ledger_core::verify::Report> {
    let options = ledger_core::verify::Options {
        pinned: Some(pinned),
        receipts,
        ..ledger_core::verify::Options::new(seed("verify", 1))
    };
    ledger_core::verify::verify(store, &options)
}

/// The bytes of all events up to the head, in order.
pub fn events_of(ledger: &Ledger) -> Result<Vec<Vec<u8>>> {
    (0..ledger.size())
        .map(|index| ledger.entry(index, |entry| entry.event.bytes().to_vec()))
        .collect()
}

/// A stream of several events by one key.
pub struct Producer {
    pub key: SigningKey,
    pub position: Position,
}

impl Producer {
    pub fn new(key: SigningKey, number: u64) -> Self {
        Self {
            key,
            position: Position::first("test", *seed("producer", number).first_chunk().unwrap()),
        }
    }

    /// Signs the next event of the stream.
    pub fn next(&mut self, world: &mut World, is_final: bool) -> Submission {
        let draft = world.finished("succeeded");
        self.next_of(world, &draft, is_final)
    }

    pub fn next_of(&mut self, world: &mut World, draft: &Value, is_final: bool) -> Submission {
        self.position.is_final = is_final;
        let signed = self.here(world, draft);
        self.position = self.position.after(&signed.event);
        signed
    }

    /// Signs an event for the stream's present place, and stays there.
    pub fn here(&self, world: &mut World, draft: &Value) -> Submission {
        let salts = seed("salts", world.next());
        sign(draft, Some(world.ledger_hash), &self.position, &[&self.key], salts).unwrap()
    }
}

impl World {
    /// Passes the door and appends one event: its receipt, or why it was refused.
    pub fn offer(&mut self, ledger: &mut Ledger, event: Submission) -> Result<Receipt> {
        self.append(ledger, vec![event])?.remove(0)
    }
}

/// The head as the file says.
pub fn head_of(store: &dyn Store) -> ledger_core::head::Head {
    ledger_core::head::Head::read(store).unwrap().unwrap().head
}

/// Writes a line after the last one and a head that covers it, as an operator of the folder could.
pub fn plant_line(store: &dyn Store, line: &[u8]) {
    let head = head_of(store);
    let file = ledger_core::segment::name(head.segment);
    store.write(&file, head.offset, &[line, b"\n"].concat()).unwrap();
    let mut tree = ledger_core::tree::Frontier::from_parts(head.size, head.frontier).unwrap();
    tree.push(ledger_core::tree::leaf_hash(line)).unwrap();
    let planted = ledger_core::head::Head {
        counter: head.counter + 1,
        size: head.size + 1,
        offset: head.offset + line.len() as u64 + 1,
        last: ledger_core::hash::Blake3::of(line),
        frontier: tree.hashes().to_vec(),
        segment: head.segment,
    };
    planted.write(store).unwrap();
}

/// Plants an event with these pseudonyms and signatures at the end, its chain value right. Gives its
/// index.
pub fn plant(
    store: &dyn Store,
    event: &[u8],
    persons: &[(String, ledger_core::vault::persons::Pseudonym)],
    signatures: &[ledger_core::entry::Signature],
) -> u64 {
    let head = head_of(store);
    let now = time(10_000 + head.size).to_string();
    let line = ledger_core::entry::line(&head.last, event, head.size, persons, &now, signatures);
    plant_line(store, line.as_bytes());
    head.size
}

/// The signatures of these keys over the event, as an entry has them.
pub fn signatures(event: &[u8], signers: &[&SigningKey]) -> Vec<ledger_core::entry::Signature> {
    let one = |key: &&SigningKey| ledger_core::entry::Signature {
        key: key.public().id(),
        bytes: ledger_core::signature::sign(*key, event).unwrap(),
    };
    signers.iter().map(one).collect()
}
