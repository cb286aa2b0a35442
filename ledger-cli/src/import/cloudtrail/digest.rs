//! Digest files: every hour CloudTrail signs the list of the log files of that hour, and the digest
//! file before it (AWS CloudTrail user guide, "validating CloudTrail log file integrity").
//!
//! The signature is not in the file: it stands in the next one, and for the newest beside it, in
//! `NAME.sig` (the object's metadata `signature`, in hex). It is RSA with SHA-256 (PKCS#1 v1.5) over
//!
//! ```text
//! digestEndTime ⏎ digestS3Bucket/digestS3Object ⏎ hex of the file's SHA-256 ⏎ previousDigestSignature
//! ```
//!
//! without a newline at its end, `null` where there was no digest before; hashes are of unpacked files.
//!
//! What comes of it is recorded twice: `artifact.recorded` says whether the digest file itself is
//! genuine, and `source.reconciled` of the population `log-files` counts it, the one before it and the
//! log files that it lists: `matched`, `missing` (not here, or without a signature) or `different`.
//! Under a digest file that is not genuine nothing is matched. Without roots nothing is said.

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::encoding::{self, hex};
use ledger_core::hash::Sha256;
use ledger_core::json::Value;

use super::super::audit::{self, at, scalar, text};
use super::super::json::{self, Json};
use super::super::pubkeys::Keys;
use super::super::time::When;
use super::super::{Draft, Person, Reason, Record};
use super::SOURCE;

/// What the files of an import say of each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trail {
    /// The digests of all files as they are unpacked, in hex.
    files: BTreeSet<String>,
    /// The names of all files.
    names: BTreeSet<String>,
    /// The digest of each digest file, by where it lies in S3.
    digests: BTreeMap<String, String>,
    /// What signed it, in hex.
    signatures: BTreeMap<String, String>,
}

impl Trail {
    /// A file with its name, its digest, and its bytes if it may be a digest file; `beside` is the
    /// signature that lies beside it. Gives where a digest file lies in S3.
    pub(crate) fn add(
        &mut self,
        name: &str,
        hash: &Sha256,
        small: &[u8],
        beside: Option<&str>,
    ) -> Option<String> {
        let hash = hex(&hash.0);
        self.files.insert(hash.clone());
        self.names.insert(name.to_owned());
        let value = json::read(small).ok()?;
        let place = place(&value, "digest")?;
        if let (Some(before), Some(signature)) =
            (place_before(&value), text(&value, &["previousDigestSignature"]))
        {
            self.signatures.insert(before, signature.to_owned());
        }
        if let Some(signature) = beside {
            self.signatures.entry(place.clone()).or_insert_with(|| signature.trim().to_owned());
        }
        self.digests.insert(place.clone(), hash);
        Some(place)
    }

    /// Whether what signs the digest file at this place is known.
    pub(crate) fn is_signed(&self, place: &str) -> bool {
        self.signatures.contains_key(place)
    }
}

/// Whether a record can be a digest file.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"\"digestS3Object\"").is_some()
        && memchr::memmem::find(bytes, b"\"eventName\"").is_none()
}

/// What becomes of a digest file.
pub(super) fn drafts(record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    let value = json::read(record.bytes)?;
    let account = text(&value, &["awsAccountId"]).unwrap_or("unknown");
    let place = place(&value, "digest");
    let object = text(&value, &["digestS3Object"]).unwrap_or("unknown");
    let id = format!("{account}/{object}");
    let when = audit::when(&value, &["digestEndTime"]);
    let when = when.unwrap_or_else(|| When::received(record.received));
    let (Some(roots), Some(trail)) = (record.given.get("roots"), record.given.trail()) else {
        let kind = "cloudtrail/digest";
        return Ok(vec![Draft::external(SOURCE.name, &id, kind, "not-verified", when)]);
    };
    let keys = Keys::read(roots)?;
    let own = hex(&Sha256::of(record.bytes).0);
    let signed = place
        .as_deref()
        .map_or(Bucket::Missing, |place| own_bucket(&value, (place, &own), trail, &keys));
    let counts = Counts::of(&value, &own, signed, trail);
    let result = match signed {
        Bucket::Matched => "verified",
        Bucket::Missing => "unsigned",
        Bucket::Different => "failed",
    };
    let verification =
        Value::object([("result", Value::text(result)), ("roots", Value::text(&keys.roots))]);
    let system = format!("aws/{account}");
    let service = Person::new("aws", Some("cloudtrail.amazonaws.com"));
    let time = |name: &str| When::read(value.get(name));
    Ok(vec![
        Draft::new("artifact.recorded", &id, when.clone())
            .actor("service", service.as_ref())
            .subject("artifact", Some(&format!("sha256:{own}")))
            .subject("system", Some(&system))
            .word("action", "verified")
            .set("verification", Some(verification)),
        Draft::new("source.reconciled", &id, when.clone())
            .actor("service", service.as_ref())
            .subject("source", Some(SOURCE.name))
            .subject("system", Some(&system))
            .word("population", "log-files")
            .id("query", place.as_deref())
            .person("extractor", service.as_ref())
            .time("from", time("digestStartTime").as_ref())
            .time("to", time("digestEndTime").as_ref())
            .time("extracted_at", Some(&when))
            .set("source_count", Some(Value::count(counts.all())))
            .set("matched", Some(Value::count(counts.matched)))
            .set("missing", Some(Value::count(counts.missing)))
            .set("different", Some(Value::count(counts.different)))
            .set("extra", Some(Value::count(0))),
    ])
}

/// Where a file is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bucket {
    Matched,
    Missing,
    Different,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    matched: u64,
    missing: u64,
    different: u64,
}

impl Counts {
    /// The digest file itself, the one before it, and the log files.
    fn of(value: &Json<'_>, own: &str, signed: Bucket, trail: &Trail) -> Self {
        let mut counts = Self::default();
        counts.add(signed);
        let before = place_before(value).map(|before| {
            match (trail.digests.get(&before), text(value, &["previousDigestHashValue"])) {
                (Some(found), Some(named)) if found.eq_ignore_ascii_case(named) => Bucket::Matched,
                (None, _) => Bucket::Missing,
                _ => Bucket::Different,
            }
        });
        let logs = value.get("logFiles").items().iter().map(|log| {
            let named = text(log, &["hashValue"]).unwrap_or_default().to_ascii_lowercase();
            let object = text(log, &["s3Object"]).unwrap_or_default();
            let name = object.rsplit('/').next().unwrap_or(object);
            let unpacked = name.strip_suffix(".gz").unwrap_or(name);
            // a digest file cannot be its own log file
            if trail.files.contains(&named) && named != own {
                Bucket::Matched
            } else if trail.names.contains(name) || trail.names.contains(unpacked) {
                Bucket::Different
            } else {
                Bucket::Missing
            }
        });
        for bucket in before.into_iter().chain(logs) {
            // what a file says that is not genuine is nothing
            counts.add(if signed == Bucket::Matched { bucket } else { signed });
        }
        counts
    }

    fn add(&mut self, bucket: Bucket) {
        match bucket {
            Bucket::Matched => self.matched += 1,
            Bucket::Missing => self.missing += 1,
            Bucket::Different => self.different += 1,
        }
    }

    fn all(self) -> u64 {
        self.matched + self.missing + self.different
    }
}

/// Whether the digest file is genuine.
fn own_bucket(value: &Json<'_>, (place, own): (&str, &str), trail: &Trail, keys: &Keys) -> Bucket {
    let Some(signature) = trail.signatures.get(place) else { return Bucket::Missing };
    let ours =
        text(value, &["digestSignatureAlgorithm"]).is_none_or(|name| name == "SHA256withRSA");
    let before = text(value, &["previousDigestSignature"]).unwrap_or("null");
    let end = scalar(value, &["digestEndTime"]).unwrap_or_default();
    let message = format!("{end}\n{place}\n{own}\n{before}");
    let signature = from_hex(signature.trim());
    let holds = signature.and_then(|bytes| keys.holds(message.as_bytes(), &bytes)).is_some();
    if ours && holds { Bucket::Matched } else { Bucket::Different }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| encoding::from_hex::<1>(pair).ok().map(|[byte]| byte)).collect()
}

/// Where the file lies in S3.
fn place(value: &Json<'_>, what: &str) -> Option<String> {
    let bucket = text(value, &[&format!("{what}S3Bucket")])?;
    Some(format!("{bucket}/{}", text(value, &[&format!("{what}S3Object")])?))
}

fn place_before(value: &Json<'_>) -> Option<String> {
    at(value, &["previousDigestS3Object"])?;
    place(value, "previousDigest")
}
