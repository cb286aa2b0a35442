//! A small seeded ledger world: roots, a pipeline key, an approver, and their events.
#![allow(unreachable_pub, dead_code, missing_docs, missing_debug_implementations, reason = "shared by several test programs, none of which uses all of it")]

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
    *blake3::Hasher::new_derive_key("release-ledger test").update(name.as_bytes()).update(&number.to_be_bytes()).finalize().as_bytes()
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
            world.register(&key("approver"), r#""holder":{"issuer":"hr","id":"17"}"#, r#"["approve"]"#),
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
