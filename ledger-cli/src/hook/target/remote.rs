//! A ledger behind a server (`docs/server.md`): the same promises as a folder's, or none.

use ledger_core::approval::Request;
use ledger_core::checkpoint::Origin;
use ledger_core::encoding::{base64, hex};
use ledger_core::hash::{Blake3, Sha256};
use ledger_core::json::{self, Document, Names, Value};
use ledger_core::key::Signer;
use ledger_core::ledger::{Receipt, Submission};
use ledger_core::proof::Proof;
use ledger_core::tree;
use ledger_core::vault::inbox::Item;

use super::{Delivery, Outcome, forget};
use crate::attachments;
use crate::context::Context;
use crate::failure::{Failure, Result};
use crate::output::talk;
use crate::published::{self, Continuation};
use crate::seen::{self, Sight};
use crate::state::State;
use crate::submission;
use crate::web::{self, Answer, Web};

/// The most events of one request, where each stands for itself.
const EVENTS: usize = 500;
const LINES: &str = "application/jsonl";
const BYTES: &str = "application/octet-stream";

/// A server's ledger.
pub(crate) struct ToServer {
    web: Web,
    state: State,
    origin: Origin,
    sight: Sight,
    newest: Option<Receipt>,
}

/// Asks the server which ledger it has; codes `server-*`, `token*`, `rollback`, `checkpoint-fork`.
pub(crate) fn open(address: &str, context: &Context) -> Result<ToServer> {
    let mut web = Web::new(address, context.patience())?;
    let stands = said(&mut web, "/v1/ledger")?;
    let stands = json::read(&stands).map_err(|_| strange(address))?;
    let text = |name: &str| stands.get(name).and_then(Value::as_text);
    let origin = text("origin").and_then(|text| Origin::parse(text).ok());
    let origin = origin.ok_or_else(|| strange(address))?;
    let state = context.state()?;
    let note = text("checkpoint").map(|note| note.as_bytes().to_vec());
    let sight = seen::from_afar(&state, &origin, note.clone(), |old| {
        let found = said(&mut web, &format!("/v1/consistency/{old}"))?;
        let found = Continuation::parse(&found).filter(|found| found.old == old);
        let found = found.ok_or_else(|| strange(address))?;
        // a checkpoint that was signed in between is as good, when the next call looks again
        if note.as_ref() == Some(&found.note) {
            Ok(found.path)
        } else {
            Err(Failure::unreachable("server-answer", "the checkpoint changed meanwhile"))
        }
    });
    let sight = match sight {
        Err(failure) if failure.unavailable() && failure.code() == "server-answer" => {
            talk(format!("note: events do not speak of the server's checkpoint: {failure}"));
            Sight::default()
        }
        sight => sight?,
    };
    Ok(ToServer { web, state, origin, sight, newest: None })
}

/// What is to be decided about a change, as the server has it.
pub(crate) fn request(
    address: &str,
    change: &str,
    asked: &[(&str, &str)],
    context: &Context,
) -> Result<Request> {
    let mut web = Web::new(address, context.patience())?;
    let query: Vec<String> =
        asked.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let path = format!("/v1/approval-request/{}?{}", encoded(change), query.join("&"));
    Request::parse(&said(&mut web, &path)?).map_err(|_| strange(address))
}

/// What was approved by an approval of this id, if the server's ledger has it.
pub(crate) fn approved(
    address: &str,
    change: &str,
    approval: &str,
    context: &Context,
) -> Result<Option<Value>> {
    let mut web = Web::new(address, context.patience())?;
    let asked = format!(
        "/v1/query?type=approval.decided&subject={}&limit=1000",
        encoded(&format!("change:{change}"))
    );
    let (mut from, mut decisions) = (String::new(), Vec::new());
    loop {
        let page = said(&mut web, &format!("{asked}{from}"))?;
        let page = json::read(&page).map_err(|_| strange(address))?;
        let Some(Value::List(entries)) = page.get("entries") else { return Err(strange(address)) };
        for entry in entries {
            let Some(Value::Integer(index)) = entry.get("index") else {
                return Err(strange(address));
            };
            decisions.push(*index);
        }
        match page.get("next") {
            Some(Value::Integer(next)) => from = format!("&from={next}"),
            _ => break,
        }
    }
    // the newest decision under an id counts
    for index in decisions.into_iter().rev() {
        let line = said(&mut web, &format!("/v1/entries/{index}"))?;
        let mut document = Document::default();
        let line = document.parse(line.trim_ascii_end(), Names::Entry);
        let line = line.map_err(|_| strange(address))?;
        let data = line.pointer("/event/data").ok_or_else(|| strange(address))?;
        if data.get("approval").and_then(|id| id.plain()) == Some(approval) {
            return Ok(data.get("for").map(Value::from));
        }
    }
    Ok(None)
}

/// The bytes of a good answer.
fn said(web: &mut Web, path: &str) -> Result<Vec<u8>> {
    let answer = web.get(path)?;
    if answer.status == 200 { Ok(answer.bytes) } else { Err(web.refused(&answer)) }
}

/// A value in an address (RFC 3986, section 2.1).
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&hex(&[byte]).to_ascii_uppercase());
        }
    }
    out
}

impl ToServer {
    /// Sends events; the whole answer, whatever it says.
    fn send(&mut self, query: &str, events: &[Submission], items: &[Item]) -> Result<Answer> {
        let mut body = String::new();
        for item in items {
            if let Item::Attachment { digest, key } = item {
                let line = Value::object([
                    ("attachment", Value::text(digest.to_reference())),
                    ("key", Value::text(base64(&key.to_bytes()))),
                ]);
                body.push_str(&line.to_canonical());
                body.push('\n');
            }
        }
        for event in events {
            body.push_str(&submission::encode(event, true)?);
            body.push('\n');
        }
        let path = format!("/v1/events{query}");
        let answer = self.web.bring("POST", &path, LINES, body.as_bytes())?;
        if matches!(answer.status, 200 | 201) {
            self.web.renew();
        }
        Ok(answer)
    }

    /// Takes attachments that wait here to the server, before the events that name them.
    fn carry(&mut self, events: &[Submission]) -> Result<attachments::Brought> {
        let (state, origin) = (self.state.clone(), self.origin.clone());
        attachments::carry(&state, &origin, events, |digest, bytes| self.upload(digest, bytes))
    }

    fn upload(&mut self, digest: Sha256, bytes: &[u8]) -> Result<()> {
        let path = format!("/v1/attachments/{}", digest.to_reference());
        let answer = self.web.bring("PUT", &path, BYTES, bytes)?;
        if answer.status == 201 {
            self.web.renew();
            return Ok(());
        }
        Err(self.web.refused(&answer))
    }

    /// The results of events that each stand for themselves.
    fn results(&self, answer: &Answer, count: usize) -> Result<Vec<Value>> {
        if answer.status != 200 {
            return Err(self.web.refused(answer));
        }
        let said = json::read(&answer.bytes).ok();
        match said.as_ref().and_then(|said| said.get("results")) {
            Some(Value::List(results)) if results.len() == count => Ok(results.clone()),
            _ => Err(unheard()),
        }
    }

    fn keep(&mut self, receipt: Receipt) {
        if self.newest.is_none_or(|newest| newest.index < receipt.index) {
            self.newest = Some(receipt);
        }
    }
}

impl Delivery for ToServer {
    fn together(
        &mut self,
        events: Vec<Submission>,
        _signers: &[&dyn Signer],
    ) -> Result<std::result::Result<Vec<Receipt>, Failure>> {
        let brought = self.carry(&events)?;
        let answer = self.send("", &events, &brought.items)?;
        if !matches!(answer.status, 200 | 201) {
            let failure = self.web.refused(&answer);
            // only what the ledger says of the events themselves frees their place in the stream
            let about_events = matches!(answer.status, 403 | 409 | 413 | 422);
            let other = failure.unavailable() || failure.code().starts_with("token");
            return if about_events && !other { Ok(Err(failure)) } else { Err(failure) };
        }
        let said = json::read(&answer.bytes).ok();
        let Some(Value::List(list)) = said.as_ref().and_then(|said| said.get("receipts")) else {
            return Err(unheard());
        };
        let receipts: Option<Vec<Receipt>> = list.iter().map(receipt).collect();
        let receipts = receipts.filter(|found| found.len() == events.len()).ok_or_else(unheard)?;
        for receipt in &receipts {
            self.keep(*receipt);
        }
        forget(&brought);
        Ok(Ok(receipts))
    }

    fn each(&mut self, events: Vec<Submission>) -> Result<Vec<Outcome>> {
        let mut outcomes = Vec::with_capacity(events.len());
        for events in events.chunks(EVENTS) {
            let brought = self.carry(events)?;
            let answer = self.send("?each=1", events, &brought.items)?;
            let results = self.results(&answer, events.len())?;
            let mut all = true;
            for result in &results {
                let outcome = outcome(result).ok_or_else(unheard)?;
                all &= outcome.is_ok();
                if let Ok(receipt) = &outcome {
                    self.keep(*receipt);
                }
                outcomes.push(outcome);
            }
            if all {
                forget(&brought);
            }
        }
        Ok(outcomes)
    }

    fn rehearse(
        &mut self,
        events: Vec<Submission>,
    ) -> Result<Vec<std::result::Result<(), Failure>>> {
        let answer = self.send("?dry_run=1", &events, &[])?;
        let results = self.results(&answer, events.len())?;
        let told = |result: &Value| match result.get("error") {
            None => Ok(()),
            Some(_) => Err(refusal(result).unwrap_or_else(unheard)),
        };
        Ok(results.iter().map(told).collect())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.upload(Sha256::of(bytes), bytes)
    }

    fn prove(&mut self, receipt: Receipt) -> Result<Vec<u8>> {
        self.web.renew();
        let proof = said(&mut self.web, &format!("/v1/proof/{}?wait=3", receipt.index))?;
        holds(&proof, receipt, &self.origin)?;
        Ok(proof)
    }

    fn sight(&self) -> &Sight {
        &self.sight
    }

    fn origin(&self) -> &Origin {
        &self.origin
    }

    fn settle(&mut self, _signers: &[&dyn Signer]) {
        let newest = self
            .newest
            .map_or(Ok(()), |newest| self.state.remember(&self.origin, newest.index, newest.hash));
        let remembered = newest.and_then(|()| self.sight.remember_in(&self.state, &self.origin));
        if let Err(failure) = remembered {
            talk(format!("note: what was seen is not remembered: {failure}"));
        }
    }
}

/// `{"hash","index","known","state"}`
fn receipt(value: &Value) -> Option<Receipt> {
    let (Some(Value::Integer(index)), Some(Value::Bool(known))) =
        (value.get("index"), value.get("known"))
    else {
        return None;
    };
    let hash = Blake3::from_base64(value.get("hash")?.as_text()?.as_bytes()).ok()?;
    Some(Receipt { index: u64::try_from(*index).ok()?, hash, known: *known })
}

/// `{"receipt":{…}}`, or `{"error":{…},"status":…}`
fn outcome(result: &Value) -> Option<Outcome> {
    match result.get("receipt") {
        Some(value) => receipt(value).map(Ok),
        None => refusal(result).map(Err),
    }
}

fn refusal(result: &Value) -> Option<Failure> {
    let Some(Value::Integer(status)) = result.get("status") else { return None };
    let failure = web::told(u16::try_from(*status).ok()?, result.get("error")?);
    // what is not about the event is no answer about it
    (!failure.unavailable()).then_some(failure)
}

/// The proof is of the very entry that the receipt promises.
fn holds(proof: &[u8], receipt: Receipt, origin: &Origin) -> Result<()> {
    let proof = Proof::parse(proof)?;
    let line = proof.unauthenticated_extra().unwrap_or_default();
    let checkpoint = published::stated(proof.checkpoint())?;
    let (size, leaf) = (checkpoint.size(), tree::leaf_hash(line));
    let inside =
        tree::verify_inclusion(receipt.index, size, &leaf, proof.path(), checkpoint.root());
    let same = proof.index() == receipt.index && Blake3::of(line) == receipt.hash;
    if same && inside.is_ok() && checkpoint.origin() == origin.to_string() {
        return Ok(());
    }
    Err(Failure::refused("rollback", "the server's proof is not of the entry that it promised"))
}

fn unheard() -> Failure {
    Failure::unreachable("server-answer", "the server's answer cannot be read")
}

fn strange(address: &str) -> Failure {
    Failure::unreachable("server-answer", format!("`{address}` does not answer as a ledger does"))
}
