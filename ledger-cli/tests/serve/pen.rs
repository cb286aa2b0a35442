//! Signs events by the thousand, as pipelines would, each for itself.
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

use std::sync::Arc;

use ledger_core::checkpoint::Origin;
use ledger_core::encoding::base64;
use ledger_core::json::{self, Value};
use ledger_core::key::{self, KeyId, SigningKey};
use ledger_core::producer::{self, Position};
use ledger_core::seal::Disclosure;

use crate::common::{PIPELINE, World, event};

/// The pipeline's key, and the ledger that it signs for.
#[derive(Clone)]
pub struct Pen {
    key: Arc<SigningKey>,
    genesis: [u8; 32],
}

impl Pen {
    pub fn new(world: &World) -> Self {
        let format = String::from_utf8(world.read("d/ledger/ledger.toml")).unwrap();
        let origin = format.lines().find(|line| line.starts_with("origin")).unwrap();
        let origin = Origin::parse(origin.split('"').nth(1).unwrap()).unwrap();
        let key = key::read_private(&world.read(PIPELINE)).unwrap();
        Self { key: Arc::new(key), genesis: origin.genesis().0 }
    }

    /// A signed event about the deployment of this id, as one line of a body.
    pub fn line(&self, id: &str) -> String {
        self.forked(id, id)
    }

    /// The same place of the same stream as that of `id`, about another deployment.
    pub fn forked(&self, id: &str, about: &str) -> String {
        let draft = event("payments").replace("d-1", about);
        let draft = json::read(draft.as_bytes()).unwrap();
        let seed = |word: &str| {
            blake3::derive_key("tests of the server", format!("{word} {id}").as_bytes())
        };
        let random: [u8; 16] = seed("stream")[..16].try_into().unwrap();
        let position = Position::one_shot("test", random);
        let signed =
            producer::sign(&draft, Some(self.genesis), &position, &[&*self.key], seed("salt"));
        let signed = signed.unwrap();
        let key: KeyId = self.key.public().id();
        let signatures: Vec<String> = signed
            .signatures
            .iter()
            .map(|sig| format!(r#"{{"key":"{key}","sig":"{}"}}"#, base64(sig)))
            .collect();
        let disclosures: Vec<String> = signed
            .disclosures
            .iter()
            .map(|one: &Disclosure| String::from_utf8(one.to_json()).unwrap())
            .collect();
        let line = format!(
            r#"{{"disclosures":[{}],"event":{},"signatures":[{}]}}"#,
            disclosures.join(","),
            String::from_utf8(signed.event).unwrap(),
            signatures.join(",")
        );
        assert!(matches!(json::read(line.as_bytes()), Ok(Value::Object(_))));
        line
    }
}
