//! The spool of a producer: where its stream stands, and the signed events that still wait to be
//! delivered (`spec/spool.md`).
//!
//! An event is written here, durably, before it is delivered: whoever stops in between finds the
//! same bytes again, and the log keeps one event once. What it seals is encrypted to the host.

use crate::checkpoint::Origin;
use crate::encoding;
use crate::error::{Error, Result};
use crate::event::{Event, is_label};
use crate::hash::Blake3;
use crate::json::{self, Document, Value};
use crate::key::KeyId;
use crate::ledger::Submission;
use crate::producer::Position;
use crate::time::Timestamp;
use crate::vault::inbox::{self, Item};
use crate::vault::key::{VaultKey, VaultSecret};

/// The first line's `format`.
const FORMAT: &str = "release-ledger/spool@v1";

/// Most bytes of one spool.
pub const MAX_BYTES: usize = 16 << 20;

/// A stream, and what of it waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spool {
    /// The ledger that the events are for.
    pub ledger: Origin,
    /// The key that owns the stream.
    pub owner: KeyId,
    /// The stream's place before the first event that waits.
    pub position: Position,
    /// What waits, in the order of the stream.
    pub waiting: Vec<Waiting>,
}

/// A signed event that waits to be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// When it was written here, by the clock of the host.
    pub at: Timestamp,
    /// Canonical event bytes, as they were signed.
    pub event: Vec<u8>,
    /// One signature for each of its signers, in their order.
    pub signatures: Vec<[u8; 64]>,
    /// What opens its sealed values, as one file of the inbox, sealed to the host's own key.
    pub sealed: Option<Vec<u8>>,
}

/// What could still be read of a damaged spool.
#[derive(Debug)]
pub struct Salvaged {
    /// The events that are whole, in spools of their stream: those of each follow one another.
    pub spools: Vec<Spool>,
    /// The name of the stream; none where no line tells it.
    pub stream: Option<String>,
    /// Places in the stream, first and last, whose events are lost; ascending.
    pub lost: Vec<(u64, u64)>,
}

impl Waiting {
    /// Takes a signed event; its disclosures are sealed to the host. `random` are 32 fresh bytes.
    pub fn new(
        event: &Submission,
        host: VaultKey,
        ledger: [u8; 32],
        at: Timestamp,
        random: &[u8; 32],
    ) -> Result<Self> {
        let items: Vec<Item> = event.disclosures.iter().cloned().map(Item::Disclosure).collect();
        let sealed = if items.is_empty() {
            None
        } else {
            Some(inbox::seal_group(host, ledger, 0, &items, random)?.1)
        };
        Ok(Self { at, event: event.event.clone(), signatures: event.signatures.clone(), sealed })
    }

    /// The event as it is delivered, its disclosures opened with the host's key.
    ///
    /// Codes: those of [`inbox::open_group`], and `spool-sealed` for what is no disclosure.
    pub fn open(&self, host: &VaultSecret, ledger: [u8; 32]) -> Result<Submission> {
        let mut disclosures = Vec::new();
        if let Some(sealed) = &self.sealed {
            for item in inbox::open_group(host, ledger, sealed)?.items {
                let Item::Disclosure(disclosure) = item else {
                    return Err(Error::malformed("spool-sealed", "a disclosure should stand here"));
                };
                disclosures.push(disclosure);
            }
        }
        Ok(Submission {
            event: self.event.clone(),
            signatures: self.signatures.clone(),
            disclosures,
        })
    }

    /// Whether the event ends its stream.
    pub fn is_final(&self) -> bool {
        let mut document = Document::default();
        Event::parse(&mut document, &self.event).is_ok_and(|event| event.is_final)
    }

    /// The line, with its newline.
    pub fn encode(&self) -> Result<String> {
        let signatures = self.signatures.iter().map(|sig| Value::text(encoding::base64(sig)));
        let mut members = vec![
            ("at", Value::text(self.at.to_string())),
            ("event", json::read(&self.event)?),
            ("signatures", Value::List(signatures.collect())),
        ];
        members.extend(
            self.sealed.iter().map(|bytes| ("sealed", Value::text(encoding::base64(bytes)))),
        );
        Ok(Value::object(members).to_canonical() + "\n")
    }

    fn parse(line: &[u8]) -> Option<Self> {
        let value = canonical(line)?;
        let text = |name: &str| value.get(name).and_then(Value::as_text).map(str::as_bytes);
        let Some(Value::List(items)) = value.get("signatures") else { return None };
        let signatures = items.iter().map(|item| {
            item.as_text().and_then(|text| encoding::from_base64(text.as_bytes()).ok())
        });
        let sealed = match text("sealed") {
            Some(text) => Some(encoding::from_base64_any(text).ok()?),
            None => None,
        };
        let waiting = Self {
            at: Timestamp::parse(text("at")?).ok()?,
            event: value.get("event")?.to_canonical().into_bytes(),
            signatures: signatures.collect::<Option<_>>()?,
            sealed,
        };
        // what is not a member of this format would not be written again
        (waiting.encode().ok()?.trim_end().as_bytes() == line).then_some(waiting)
    }
}

impl Spool {
    /// A stream in which nothing waits.
    pub fn new(ledger: Origin, owner: KeyId, position: Position) -> Self {
        Self { ledger, owner, position, waiting: Vec::new() }
    }

    /// The place of the next event.
    pub fn next(&self) -> Position {
        self.waiting.iter().fold(self.position.clone(), |at, waiting| at.after(&waiting.event))
    }

    /// Whether nothing may follow what waits.
    pub fn ends(&self) -> bool {
        self.waiting.last().is_some_and(Waiting::is_final)
    }

    /// Forgets the first events that wait, which were delivered or refused.
    pub fn advance(&mut self, count: usize) {
        for waiting in self.waiting.drain(..count.min(self.waiting.len())) {
            self.position = self.position.after(&waiting.event);
        }
    }

    /// The whole file.
    pub fn encode(&self) -> Result<String> {
        let mut text = self.head() + "\n";
        for waiting in &self.waiting {
            text.push_str(&waiting.encode()?);
        }
        Ok(text)
    }

    /// Reads a spool. A last line without its newline was never promised, and is left out.
    ///
    /// Codes: `spool-size`, `spool-head`, `spool-line` (not a canonical line of this format),
    /// `spool-order` (not the stream's next event).
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let (mut spool, lines) = Self::begin(bytes)?;
        for (number, line) in (2..).zip(lines) {
            let at = |error: Error| error.at(format!("line {number}"));
            let waiting = Waiting::parse(line)
                .ok_or_else(|| at(Error::malformed("spool-line", "not a line of a spool")))?;
            let place = spool.place(&waiting, &spool.next());
            if place != Some(spool.next().seq) {
                return Err(at(Error::refused("spool-order", "not the next event of the stream")));
            }
            spool.waiting.push(waiting);
        }
        Ok(spool)
    }

    /// Reads what is whole in a damaged spool, and says which events are lost. A first line that
    /// cannot be read is told from the events, if they are of `ledger`.
    pub fn salvage(bytes: &[u8], ledger: &Origin) -> Salvaged {
        let mut lines = bytes.split_inclusive(|&byte| byte == b'\n');
        let head = lines.next().and_then(|line| line.strip_suffix(b"\n")).and_then(Self::read_head);
        let mut next = head.as_ref().map(|head| head.position.seq);
        let mut stream = head;
        let mut salvaged = Salvaged { spools: Vec::new(), stream: None, lost: Vec::new() };
        let mut unread = 0;
        for line in lines.filter_map(|line| line.strip_suffix(b"\n")) {
            let found = Waiting::parse(line).and_then(|waiting| {
                let begun = Self::begun_by(&waiting, ledger)?;
                let of = stream.as_ref().unwrap_or(&begun);
                let seq = of.place(&waiting, &of.position)?;
                (next.is_none_or(|next| seq >= next)).then_some((begun, waiting))
            });
            let Some((begun, waiting)) = found else {
                unread += 1;
                continue;
            };
            let seq = begun.position.seq;
            let first = next.unwrap_or_else(|| seq.saturating_sub(unread));
            if seq > first {
                salvaged.lost.push((first, seq - 1));
            }
            match salvaged.spools.last_mut() {
                Some(run) if run.next() == begun.position => run.waiting.push(waiting),
                _ => salvaged.spools.push(Self { waiting: vec![waiting], ..begun.clone() }),
            }
            (next, unread) = (Some(seq.saturating_add(1)), 0);
            stream.get_or_insert(begun);
        }
        if let Some(next) = next.filter(|_| unread > 0) {
            salvaged.lost.push((next, next.saturating_add(unread - 1)));
        }
        salvaged.stream = stream.map(|spool| spool.stream());
        salvaged
    }

    /// The stream of an event of `ledger`, at the place of that event.
    fn begun_by(waiting: &Waiting, ledger: &Origin) -> Option<Self> {
        let mut document = Document::default();
        let event = Event::parse(&mut document, &waiting.event).ok()?;
        let (_, random) = event.stream.name.rsplit_once('/')?;
        let position = Position {
            label: event.stream.label.to_owned(),
            random: encoding::from_base64url(random.as_bytes()).ok()?,
            seq: event.seq,
            prev: event.prev,
            is_final: false,
        };
        let ours = event.ledger == Some(ledger.genesis().0);
        ours.then(|| Self::new(ledger.clone(), event.stream.owner, position))
    }

    /// The seq of an event that is of this stream and ledger, and whose `prev` is that of `next`
    /// where it stands there.
    fn place(&self, waiting: &Waiting, next: &Position) -> Option<u64> {
        let mut document = Document::default();
        let event = Event::parse(&mut document, &waiting.event).ok()?;
        let prev = event.seq != next.seq || event.prev == next.prev;
        let ours = event.stream.name == self.stream()
            && event.ledger == Some(self.ledger.genesis().0)
            && waiting.signatures.len() == event.signers.len();
        (ours && prev).then_some(event.seq)
    }

    /// The name of the stream.
    pub fn stream(&self) -> String {
        let random = encoding::base64url(&self.position.random);
        format!("{}/{}/{random}", self.owner, self.position.label)
    }

    fn begin(bytes: &[u8]) -> Result<(Self, impl Iterator<Item = &[u8]>)> {
        if bytes.len() > MAX_BYTES {
            return Err(Error::refused("spool-size", "more than 16 MiB"));
        }
        let mut lines = bytes.split_inclusive(|&byte| byte == b'\n');
        let head = lines.next().and_then(|line| line.strip_suffix(b"\n")).and_then(Self::read_head);
        let spool = head.ok_or_else(|| {
            Error::malformed("spool-head", "the first line is not that of a spool")
        })?;
        Ok((spool, lines.filter_map(|line| line.strip_suffix(b"\n"))))
    }

    fn head(&self) -> String {
        let mut members = vec![
            ("format", Value::text(FORMAT)),
            ("label", Value::text(&self.position.label)),
            ("ledger", Value::text(self.ledger.to_string())),
            ("owner", Value::text(self.owner.to_string())),
            ("random", Value::text(encoding::base64url(&self.position.random))),
            ("seq", Value::count(self.position.seq)),
        ];
        members.extend(self.position.prev.map(|prev| ("prev", Value::text(prev.to_base64()))));
        Value::object(members).to_canonical()
    }

    fn read_head(line: &[u8]) -> Option<Self> {
        let value = canonical(line)?;
        let text = |name: &str| value.get(name).and_then(Value::as_text);
        let Some(Value::Integer(seq)) = value.get("seq") else { return None };
        let prev = match text("prev") {
            Some(prev) => Some(Blake3::from_base64(prev.as_bytes()).ok()?),
            None => None,
        };
        let position = Position {
            label: text("label").filter(|label| is_label(label))?.to_owned(),
            random: encoding::from_base64url(text("random")?.as_bytes()).ok()?,
            seq: u64::try_from(*seq).ok()?,
            prev,
            is_final: false,
        };
        if prev.is_some() != (position.seq > 0) {
            return None;
        }
        let ledger = Origin::parse(text("ledger")?).ok()?;
        let spool = Self::new(ledger, KeyId::parse(text("owner")?).ok()?, position);
        // also says that the format is ours, and that no other member stands there
        (spool.head().as_bytes() == line).then_some(spool)
    }
}

/// The value of a line that is in its one spelling.
fn canonical(line: &[u8]) -> Option<Value> {
    json::read(line).ok().filter(|value| value.to_canonical().as_bytes() == line)
}
