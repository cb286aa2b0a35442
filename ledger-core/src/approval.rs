//! A request for approval: what a person is asked to decide, and what the ledger said about it then
//! (`spec/approval.md`).
//!
//! It travels to where the person's key is. What the person signs is an event of its own
//! (`approval.decided`), which names the digest of this document: so nobody can say later that
//! something else was shown.

use crate::checkpoint::Origin;
use crate::error::{Error, Result};
use crate::event::{is_digest, is_id};
use crate::hash::Sha256;
use crate::json::{self, Value};
use crate::time::Timestamp;

/// The document's `format`.
const FORMAT: &str = "release-ledger/approval-request@v1";

/// Most bytes of a request.
pub const MAX_BYTES: usize = 1 << 20;
/// Most facts in a request.
pub const MAX_FACTS: usize = 1_000;
/// Most characters of a fact's sentence.
pub const MAX_TEXT: usize = 500;
/// Most entries that one fact names.
pub const MAX_ENTRIES: usize = 100;

/// What is to be decided, and what the ledger says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The ledger that the decision is for.
    pub ledger: Origin,
    /// When it was written, by the clock of the machine where the ledger is.
    pub at: Timestamp,
    /// How many entries the ledger had.
    pub size: u64,
    /// The change.
    pub change: String,
    /// The artifact's digest, `sha256:` and 64 hex digits.
    pub artifact: String,
    /// The environment.
    pub environment: String,
    /// The digest of the configuration that is approved with it, spelled as the artifact's.
    pub config: Option<String>,
    /// The service, where it is known.
    pub service: Option<String>,
    /// The `approval` of the `approval.requested` that this answers.
    pub answers: Option<String>,
    /// What the ledger says, in the order in which it is shown.
    pub facts: Vec<Fact>,
}

/// One sentence about what is to be decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is about.
    pub about: About,
    /// Whether it speaks for the approval.
    pub standing: Standing,
    /// The sentence: lower case, no full stop, no control characters.
    pub text: String,
    /// The entries that it stands on, ascending; none where nothing is recorded.
    pub entries: Vec<u64>,
}

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$of:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$of])* $variant,)+ }

        impl $name {
            /// The word in the document.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            fn read(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

words! {
    /// What a fact is about.
    About {
        /// What changed since the digest that was approved last.
        Changes = "changes",
        /// Where the artifact comes from.
        Builds = "builds",
        /// What reviewers of the change decided.
        Reviews = "reviews",
        /// Tests of the digest.
        Tests = "tests",
        /// Scans of the digest.
        Scans = "scans",
        /// Gates that judged the digest.
        Gates = "gates",
        /// Waivers that are in force.
        Waivers = "waivers",
        /// What others decided about it.
        Approvals = "approvals",
    }
}

words! {
    /// Whether a fact speaks for the approval.
    Standing {
        /// It does.
        Good = "good",
        /// It speaks against it.
        Bad = "bad",
        /// Nothing is recorded: missing evidence is never good.
        Unknown = "unknown",
        /// It is neither.
        Plain = "plain",
    }
}

impl Request {
    /// The document: canonical JSON (`spec/json.md`) and a newline.
    pub fn encode(&self) -> String {
        let facts = self.facts.iter().map(|fact| {
            Value::object([
                ("about", Value::text(fact.about.word())),
                (
                    "entries",
                    Value::List(fact.entries.iter().map(|index| Value::count(*index)).collect()),
                ),
                ("standing", Value::text(fact.standing.word())),
                ("text", Value::text(&fact.text)),
            ])
        });
        let mut members = vec![
            ("artifact", Value::text(&self.artifact)),
            ("at", Value::text(self.at.to_string())),
            ("change", Value::text(&self.change)),
            ("environment", Value::text(&self.environment)),
            ("facts", Value::List(facts.collect())),
            ("format", Value::text(FORMAT)),
            ("ledger", Value::text(self.ledger.to_string())),
            ("size", Value::count(self.size)),
        ];
        let optional =
            [("answers", &self.answers), ("config", &self.config), ("service", &self.service)];
        let optional =
            optional.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        members.extend(optional.map(|(name, value)| (name, Value::text(value))));
        Value::object(members).to_canonical() + "\n"
    }

    /// SHA-256 of the document's bytes, `sha256:` and 64 hex digits: what the decision names.
    pub fn digest(&self) -> String {
        Sha256::of(self.encode().as_bytes()).to_reference()
    }

    /// Reads a document.
    ///
    /// Codes: `approval-size` (more than [`MAX_BYTES`]), `approval-form` (not one canonical line with
    /// exactly these members), `approval-id` (no restricted id or digest where one stands),
    /// `approval-fact` (a fact beyond the limits, or with characters that move a cursor).
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > MAX_BYTES {
            return Err(Error::malformed("approval-size", "a request has at most 1 MiB"));
        }
        let request = bytes.strip_suffix(b"\n").and_then(Self::read).ok_or_else(form)?;
        request.check()?;
        // also says that the format is ours, that no other member stands there, and that every
        // value is in its one spelling
        if request.encode().as_bytes() == bytes { Ok(request) } else { Err(form()) }
    }

    fn read(line: &[u8]) -> Option<Self> {
        let value = json::read(line).ok()?;
        let text = |name: &str| value.get(name).and_then(Value::as_text);
        let owned = |name: &str| text(name).map(str::to_owned);
        let Some(Value::List(facts)) = value.get("facts") else { return None };
        Some(Self {
            ledger: Origin::parse(text("ledger")?).ok()?,
            at: Timestamp::parse(text("at")?.as_bytes()).ok()?,
            size: count(value.get("size")?)?,
            change: owned("change")?,
            artifact: owned("artifact")?,
            environment: owned("environment")?,
            config: owned("config"),
            service: owned("service"),
            answers: owned("answers"),
            facts: facts.iter().map(Fact::read).collect::<Option<_>>()?,
        })
    }

    fn check(&self) -> Result<()> {
        let ids = [Some(&self.change), Some(&self.environment)];
        let ids = ids.into_iter().chain([self.service.as_ref(), self.answers.as_ref()]).flatten();
        let digests = [Some(&self.artifact), self.config.as_ref()].into_iter().flatten();
        if !ids.clone().all(|id| is_id(id)) || !digests.clone().all(|digest| is_digest(digest)) {
            return Err(Error::malformed("approval-id", "a name or digest is not one of an event"));
        }
        if self.facts.len() > MAX_FACTS || !self.facts.iter().all(|fact| fact.is_legal(self.size)) {
            return Err(Error::malformed(
                "approval-fact",
                "a fact is too long, not plain text, or names entries out of order",
            ));
        }
        Ok(())
    }
}

impl Fact {
    fn read(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_text);
        let Some(Value::List(entries)) = value.get("entries") else { return None };
        Some(Self {
            about: About::read(text("about")?)?,
            standing: Standing::read(text("standing")?)?,
            text: text("text")?.to_owned(),
            entries: entries.iter().map(count).collect::<Option<_>>()?,
        })
    }

    /// Within the limits, shown as one line, standing on entries that the ledger had.
    fn is_legal(&self, size: u64) -> bool {
        let plain = self.text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let entries = self.entries.len() <= MAX_ENTRIES
            && self.entries.is_sorted_by(|before, after| before < after)
            && self.entries.last().is_none_or(|last| *last < size);
        plain && !self.text.is_empty() && self.text.len() <= MAX_TEXT && entries
    }
}

fn count(value: &Value) -> Option<u64> {
    match value {
        Value::Integer(number) => u64::try_from(*number).ok(),
        _ => None,
    }
}

fn form() -> Error {
    Error::malformed("approval-form", "not a request for approval in its one spelling")
        .hint("take the file as `ledger approve --request FILE` wrote it")
}
