//! The manifest: what a package holds and claims, signed by whoever handed it out.
//!
//! A DSSE envelope (v1.0.2) around an in-toto statement (v1): the members of the package with their
//! SHA-256 are its subjects, the claim is its predicate. Both have one spelling.

use crate::encoding;
use crate::entry::{self, Signature};
use crate::error::{Error, Result};
use crate::hash::Sha256;
use crate::json::{Document, Kind, Names, Value, View};
use crate::key::{PublicKey, Signer};
use crate::signature;

/// What a statement is in an envelope.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// What is claimed, and by which page.
pub const PREDICATE_TYPE: &str = "urn:release-ledger:evidence:v1";
/// The kind of statement.
const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// A package of the items of a sample.
const SAMPLE: &str = "sample";
/// A package of all there is.
const POPULATION: &str = "population";
/// The most signatures.
const MAX_SIGNATURES: usize = 8;

/// The draws whose items a package shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// The control.
    pub control: String,
    /// The sample, as it was committed.
    pub sample: String,
    /// Which draws of it, from 1, ascending: one event names 100 items at most, so a larger sample has several.
    pub draws: Vec<u64>,
}

impl Drawn {
    /// The draws as people read them, like `draw 1` or `draws 1, 2`.
    pub fn words(&self) -> String {
        let all: Vec<String> = self.draws.iter().map(u64::to_string).collect();
        format!("draw{} {}", if all.len() > 1 { "s" } else { "" }, all.join(", "))
    }

    fn value(&self) -> Value {
        let own = match self.draws[..] {
            [draw] => ("draw", Value::count(draw)),
            _ => ("draws", Value::List(self.draws.iter().copied().map(Value::count).collect())),
        };
        Value::object([
            ("control", Value::text(&self.control)),
            own,
            ("id", Value::text(&self.sample)),
        ])
    }

    fn read(predicate: View<'_>) -> Option<Self> {
        let sample = predicate.get("sample")?;
        let draws = match (sample.get("draw"), sample.get("draws")) {
            (Some(one), None) => vec![one.unsigned()?],
            (None, Some(all)) => all.items().map(|one| one.unsigned()).collect::<Option<_>>()?,
            _ => return None,
        };
        let ascending = draws.is_sorted_by(|one, other| one < other) && !draws.is_empty();
        let (control, id) = (member(sample, &["control"])?, member(sample, &["id"])?);
        ascending.then_some(Self { control, sample: id, draws })
    }
}

/// What a package claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The ledger.
    pub origin: String,
    /// How many entries the checkpoint is over that all proofs lead to.
    pub size: u64,
    /// Its root.
    pub root: Sha256,
    /// SHA-256 of the report's document.
    pub report: Sha256,
    /// Whose eyes it is for: `internal`, `auditor`, `regulator`.
    pub level: String,
    /// How the others are packed in a zip of deflated members ([`super::zip::Binding`]).
    pub packed: Option<Sha256>,
    /// The items; none in a package of the whole population.
    pub drawn: Option<Drawn>,
    /// The name and version of the program that made it.
    pub tool: String,
}

impl Claim {
    /// What kind of package it is of.
    pub fn kind(&self) -> &'static str {
        if self.drawn.is_some() { SAMPLE } else { POPULATION }
    }
}

/// A statement: the claim, and every other member with its digest, in the order of their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What is claimed.
    pub claim: Claim,
    /// Name and SHA-256.
    pub subjects: Vec<(String, Sha256)>,
}

/// A statement with its signatures.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// What is stated.
    pub statement: Statement,
    /// The bytes that are signed.
    payload: Vec<u8>,
    signatures: Vec<Signature>,
}

impl Statement {
    /// The canonical text.
    pub fn encode(&self) -> String {
        let claim = &self.claim;
        let text = |text: &str| Value::text(text);
        let checkpoint = Value::object([
            ("root", text(&claim.root.to_base64())),
            ("size", Value::count(claim.size)),
        ]);
        let mut predicate = vec![
            ("checkpoint", checkpoint),
            ("kind", text(claim.kind())),
            ("level", text(&claim.level)),
            ("origin", text(&claim.origin)),
            ("report", text(&claim.report.to_reference())),
            ("tool", text(&claim.tool)),
        ];
        predicate.extend(claim.drawn.as_ref().map(|drawn| ("sample", drawn.value())));
        predicate.extend(claim.packed.map(|packed| ("packed", Value::text(packed.to_reference()))));
        let predicate = Value::object(predicate);
        let subject = |(name, digest): &(String, Sha256)| {
            let hex = Value::text(encoding::hex(&digest.0));
            Value::object([
                ("digest", Value::object([("sha256", hex)])),
                ("name", Value::text(name)),
            ])
        };
        let subjects = Value::List(self.subjects.iter().map(subject).collect());
        format!(
            "{{\"_type\":\"{STATEMENT}\",\"predicate\":{},{}\"subject\":{}}}",
            predicate.to_canonical(),
            predicate_type(),
            subjects.to_canonical()
        )
    }

    /// Reads the one spelling; codes `evidence-statement`, `evidence-kind`, and those of JSON.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong =
            || Error::malformed("evidence-statement", "this is no statement about a package");
        // the one name that is not of our grammar is taken out; no text can hold an unescaped quote
        let (before, after) = text.split_once(&predicate_type()).ok_or_else(wrong)?;
        let rest = [before, after].concat();
        let mut document = Document::default();
        let root = document.parse(rest.as_bytes(), Names::Plain)?;
        let predicate = root.get("predicate").ok_or_else(wrong)?;
        let word = |name: &str| member(predicate, &[name]);
        let drawn = match (word("kind").ok_or_else(wrong)?.as_str(), predicate.get("sample")) {
            (SAMPLE, _) => Some(Drawn::read(predicate).ok_or_else(wrong)?),
            (POPULATION, None) => None,
            _ => {
                let message = "this version knows packages of a sample and of a population";
                return Err(Error::refused("evidence-kind", message));
            }
        };
        let number = |path: &[&str]| reach(predicate, path).and_then(|view| view.unsigned());
        let root_text = member(predicate, &["checkpoint", "root"]).ok_or_else(wrong)?;
        let claim = Claim {
            origin: word("origin").ok_or_else(wrong)?,
            size: number(&["checkpoint", "size"]).ok_or_else(wrong)?,
            root: Sha256::from_base64(root_text.as_bytes()).map_err(|_| wrong())?,
            report: Sha256::from_reference(&word("report").ok_or_else(wrong)?).ok_or_else(wrong)?,
            level: word("level").ok_or_else(wrong)?,
            packed: match word("packed") {
                None => None,
                Some(packed) => Some(Sha256::from_reference(&packed).ok_or_else(wrong)?),
            },
            drawn,
            tool: word("tool").ok_or_else(wrong)?,
        };
        let list = root.get("subject").ok_or_else(wrong)?;
        let one = |item: View<'_>| {
            let digest = member(item, &["digest", "sha256"])?;
            Some((member(item, &["name"])?, Sha256(encoding::from_hex(digest.as_bytes()).ok()?)))
        };
        let subjects: Option<Vec<_>> = list.items().map(one).collect();
        let statement = Self { claim, subjects: subjects.ok_or_else(wrong)? };
        if statement.encode() == text { Ok(statement) } else { Err(wrong()) }
    }
}

impl Manifest {
    /// The statement, signed; fails only if a signer's secret is out of reach.
    pub fn sign(statement: Statement, signers: &[&dyn Signer]) -> Result<Self> {
        let payload = statement.encode().into_bytes();
        let message = signature::encoding_of(PAYLOAD_TYPE, &payload);
        let one = |signer: &&dyn Signer| {
            Ok(Signature { key: signer.public().id(), bytes: signer.sign(&message)? })
        };
        let signatures = signers.iter().map(one).collect::<Result<_>>()?;
        Ok(Self { statement, payload, signatures })
    }

    /// The envelope: canonical JSON and a newline.
    pub fn encode(&self) -> String {
        let one = |signature: &Signature| {
            Value::object([
                ("keyid", Value::text(signature.key.to_string())),
                ("sig", Value::text(encoding::base64(&signature.bytes))),
            ])
        };
        let signatures = Value::List(self.signatures.iter().map(one).collect()).to_canonical();
        let payload = encoding::base64(&self.payload);
        format!("{{\"payload\":\"{payload}\",{}\"signatures\":{signatures}}}\n", payload_type())
    }

    /// Reads an envelope; whether its signatures hold is for [`Manifest::holds`].
    ///
    /// Codes: `evidence-envelope` (not the one spelling of an envelope with 1 to 8 signatures, each by
    /// another key), those of [`Statement::parse`].
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let wrong =
            || Error::malformed("evidence-envelope", "this is no envelope around a statement");
        let text = std::str::from_utf8(bytes).map_err(|_| wrong())?;
        let (before, after) = text.split_once(&payload_type()).ok_or_else(wrong)?;
        let rest = [before, after.strip_suffix('\n').ok_or_else(wrong)?].concat();
        let mut document = Document::default();
        let root = document.parse(rest.as_bytes(), Names::Plain)?;
        let payload = member(root, &["payload"]).ok_or_else(wrong)?;
        let payload = encoding::from_base64_any(payload.as_bytes()).map_err(|_| wrong())?;
        let list =
            root.get("signatures").filter(|view| view.kind() == Kind::List).ok_or_else(wrong)?;
        let signatures: Option<Vec<Signature>> =
            list.items().map(|item| entry::signature_named(item, "keyid")).collect();
        let signatures = signatures.ok_or_else(wrong)?;
        let keys: std::collections::BTreeSet<_> = signatures.iter().map(|one| one.key.0).collect();
        if keys.len() != signatures.len() || !(1..=MAX_SIGNATURES).contains(&keys.len()) {
            return Err(wrong());
        }
        let statement = std::str::from_utf8(&payload).map_err(|_| wrong())?;
        let manifest = Self { statement: Statement::parse(statement)?, payload, signatures };
        if manifest.encode() == text { Ok(manifest) } else { Err(wrong()) }
    }

    /// Who signed, as far as is known without their keys.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Whether one of the signatures is by the key; code `signature-false`.
    pub fn holds(&self, key: &PublicKey, signature: &Signature) -> Result<()> {
        let message = signature::encoding_of(PAYLOAD_TYPE, &self.payload);
        signature::verify_raw(key, &message, &signature.bytes)
    }
}

fn predicate_type() -> String {
    format!("\"predicateType\":\"{PREDICATE_TYPE}\",")
}

fn payload_type() -> String {
    format!("\"payloadType\":\"{PAYLOAD_TYPE}\",")
}

fn reach<'a>(view: View<'a>, path: &[&str]) -> Option<View<'a>> {
    path.iter().try_fold(view, |view, name| view.get(name))
}

fn member(view: View<'_>, path: &[&str]) -> Option<String> {
    reach(view, path)?.text().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SigningKey;

    fn drawn(draws: Vec<u64>) -> Drawn {
        Drawn { control: "SOX-CM-01".to_owned(), sample: "smp-1".to_owned(), draws }
    }

    fn statement() -> Statement {
        Statement {
            claim: Claim {
                origin: "test/led/00".to_owned(),
                size: 3,
                root: Sha256([1; 32]),
                report: Sha256([2; 32]),
                level: "auditor".to_owned(),
                drawn: Some(drawn(vec![1])),
                packed: None,
                tool: "ledger 0".to_owned(),
            },
            subjects: vec![("checkpoint".to_owned(), Sha256([3; 32]))],
        }
    }

    #[test]
    fn draws_ascend() {
        let mut statement = statement();
        statement.claim.packed = Some(Sha256([4; 32]));
        for draws in [vec![1], vec![7], vec![1, 2], vec![2, 9, 10]] {
            statement.claim.drawn = Some(drawn(draws));
            assert_eq!(Statement::parse(&statement.encode()).unwrap(), statement);
        }
        for draws in [vec![], vec![1, 1], vec![2, 1]] {
            statement.claim.drawn = Some(drawn(draws));
            let code = Statement::parse(&statement.encode()).unwrap_err().code();
            assert_eq!(code, "evidence-statement");
        }
        statement.claim.drawn = None;
        assert_eq!(Statement::parse(&statement.encode()).unwrap(), statement);
        statement.claim.drawn = Some(drawn(vec![2, 1]));
        let one = statement.encode().replace("\"draws\":[2,1]", "\"draws\":[1]");
        assert!(Statement::parse(&one).is_err());
    }

    #[test]
    fn one_spelling_signed() {
        let key = SigningKey::from_seed([7; 32]);
        let manifest = Manifest::sign(statement(), &[&key]).unwrap();
        let text = manifest.encode();
        let read = Manifest::parse(text.as_bytes()).unwrap();
        assert_eq!(read.statement, statement());
        assert!(read.holds(key.public(), &read.signatures()[0]).is_ok());
        let other = SigningKey::from_seed([8; 32]);
        assert!(read.holds(other.public(), &read.signatures()[0]).is_err());
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let holds = Manifest::parse(&bytes)
                .and_then(|read| read.holds(key.public(), &read.signatures()[0]).map(|()| read));
            let holds = holds.is_ok_and(|read| read.signatures()[0].key == key.public().id());
            assert!(!holds, "{at}");
        }
    }
}
