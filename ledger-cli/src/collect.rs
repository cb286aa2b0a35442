//! Events that more than one must sign: appended at once when all keys are here, or written as an
//! envelope that goes from one to the next.

use std::path::{Path, PathBuf};

use clap::Args;
use ledger_core::dsse::Envelope;
use ledger_core::json::Value;
use ledger_core::key::{KeyId, Signer};
use ledger_core::producer::{self, Position};

use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::keys::{self, Key};
use crate::{delivery, files, random, seen};

/// Who else signs, and where the envelope goes.
#[derive(Args, Debug)]
pub(crate) struct Others {
    /// Key of somebody who signs later with `ledger cosign`: its id or the file of its public half;
    /// once for each
    #[arg(long = "signer", value_name = "KEY", requires = "to")]
    signers: Vec<String>,
    /// Write the signed event to this new file instead of appending it
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

/// Everybody who signs, in order.
pub(crate) struct Signers {
    order: Vec<KeyId>,
    here: Vec<Key>,
}

impl Others {
    /// Nobody but those with a key here or a place of their own; the envelope goes to this file.
    pub(crate) fn to_file(to: Option<PathBuf>) -> Self {
        Self { signers: Vec::new(), to }
    }

    /// Those with a key here, then the others.
    pub(crate) fn with(&self, here: Vec<Key>) -> Result<Signers> {
        let mut order: Vec<KeyId> = here.iter().map(|key| key.public().id()).collect();
        for name in &self.signers {
            order.push(keys::named(name)?);
        }
        Ok(Signers { order, here })
    }

    /// The envelope's file, if one is wanted.
    pub(crate) fn to(&self) -> Option<&Path> {
        self.to.as_deref()
    }

    /// Signs the draft with the keys that are here; appends it if that is all, or writes the envelope.
    pub(crate) fn finish(
        &self,
        draft: &Value,
        signers: &Signers,
        context: &mut Context,
    ) -> Result<Answer> {
        if let Some(to) = self.to() {
            let (folder, ledger, sight) = seen::open(context)?;
            let genesis = ledger.origin().genesis().0;
            write(&sight.named(draft), "keys", genesis, signers, to, context)?;
            sight.remember(&folder)?;
            return Ok(Answer::Yes);
        }
        if signers.here.len() < signers.order.len() {
            return Err(Failure::new("signers", "a key that must sign is not here")
                .hint("give its file, or --to FILE to have it signed elsewhere"));
        }
        let (folder, mut ledger, sight) = seen::open(context)?;
        let receipt = delivery::one(&mut ledger, &sight, draft, "keys", &signers.in_order());
        let receipt = receipt.map_err(|failure| {
            folder.place(failure).hint("`ledger key --help` says what is given, and who signs")
        })?;
        delivery::settle(receipt, (&folder, &mut ledger, &sight), context)
    }
}

impl Signers {
    /// One key that is here, and nobody else.
    pub(crate) fn only(key: Key) -> Self {
        Self { order: vec![key.public().id()], here: vec![key] }
    }

    /// Adds a key that is here, or one that signs elsewhere.
    pub(crate) fn add(&mut self, id: KeyId, key: Option<Key>) {
        self.order.push(id);
        self.here.extend(key);
    }

    fn in_order(&self) -> Vec<&dyn Signer> {
        let of = |id: &KeyId| self.here.iter().find(|key| key.public().id() == *id);
        self.order.iter().filter_map(of).map(|key| key as &dyn Signer).collect()
    }
}

/// Completes, seals and signs the draft for a ledger, and writes the envelope to a new file.
pub(crate) fn write(
    draft: &Value,
    label: &str,
    ledger: [u8; 32],
    signers: &Signers,
    to: &Path,
    context: &mut Context,
) -> Result<Answer> {
    let position = Position::one_shot(label, random::bytes()?);
    let (event, disclosures) =
        producer::prepare(draft, Some(ledger), &position, &signers.order, random::bytes()?)?;
    let mut envelope = Envelope { event, signatures: Vec::new(), disclosures };
    for signer in signers.in_order() {
        envelope.sign(signer)?;
    }
    // it names persons: readable by its owner only
    files::create(to, envelope.encode().as_bytes(), 0o600)?;
    state(&envelope, to, context)
}

/// Says where the envelope is and who has yet to sign.
pub(crate) fn state(envelope: &Envelope, file: &Path, context: &mut Context) -> Result<Answer> {
    let missing = envelope.missing()?;
    let ids =
        |ids: &[KeyId]| Value::List(ids.iter().map(|id| Value::text(id.to_string())).collect());
    let signed: Vec<KeyId> = envelope.signatures.iter().map(|signature| signature.key).collect();
    context.out.object([
        ("file", Value::text(file.display().to_string())),
        ("missing", ids(&missing)),
        ("signed", ids(&signed)),
    ])?;
    for id in &signed {
        context.out.line(format!("signed by    {id}"))?;
    }
    for id in &missing {
        context.out.line(format!("missing      {id}"))?;
    }
    let next = if missing.is_empty() { "append --signed" } else { "cosign" };
    context.out.line(format!("next         ledger {next} {}", file.display()))?;
    Ok(Answer::Yes)
}
