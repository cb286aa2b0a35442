//! Sigstore bundles (media type `application/vnd.dev.sigstore.bundle`, versions 0.1 to 0.3), verified
//! without a network, under roots that are given: certificates of the authorities that certify signers,
//! and public keys of the transparency logs.
//!
//! 1. The signature holds over the envelope's encoding, under the key of the first certificate.
//! 2. An entry of a log that is known by its key speaks of this very payload, signature and certificate.
//! 3. That log signed the entry and the time of its taking in (`signedEntryTimestamp`), or the entry lies
//!    in a tree (RFC 6962) whose checkpoint it signed; what of the two is there must hold.
//! 4. At the time that the log signed, the certificate was valid, for signing code, under the roots.
//!
//! What contradicts is `failed`. What the roots say nothing about, and what only an authority for times
//! or the artifact itself could settle, stays unsaid: it is never a pass.

use ledger_core::encoding;
use ledger_core::hash::Sha256;
use ledger_core::json::Value;
use ledger_core::{tree, x509};
use pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use webpki::{EndEntityCert, KeyUsage, ring as algorithms};

use super::Reason;
use super::audit::{at, digest_of, text};
use super::json::{self, Json, decode};
use super::pubkeys::{Keys, blocks};

/// For signing code (RFC 5280, section 4.2.1.12: 1.3.6.1.5.5.7.3.3).
const CODE_SIGNING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x03];
/// What an envelope is signed with, by the kind of the key.
static SIGNING: &[&dyn SignatureVerificationAlgorithm] = &[
    algorithms::ECDSA_P256_SHA256,
    algorithms::ECDSA_P384_SHA384,
    algorithms::ED25519,
    algorithms::RSA_PKCS1_2048_8192_SHA256,
];

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It holds, under the certificate of this digest.
    Verified(String),
    /// Something contradicts.
    Failed,
    /// It cannot be told under these roots.
    Unsaid,
}

/// What the bundle signs.
pub(super) struct Signed<'a> {
    /// What the signature is over; none where only its digest is known.
    pub(super) message: Option<&'a [u8]>,
    /// SHA-256 of the payload or the artifact.
    pub(super) payload: [u8; 32],
    /// The signature.
    pub(super) signature: &'a [u8],
}

/// Certificates and keys that are trusted.
pub(super) struct Roots {
    certificates: Vec<CertificateDer<'static>>,
    /// Keys of logs; none is there in a folder of certificates only.
    keys: Option<Keys>,
    /// The digest of all that is given.
    pub(super) name: String,
}

impl Roots {
    /// The roots that a text holds, PEM blocks. Code `keys`.
    pub(super) fn read(given: &str) -> Result<Self, Reason> {
        let all = blocks(given)?;
        let certificates = all.iter().filter(|(label, _)| *label == "CERTIFICATE");
        let certificates: Vec<_> =
            certificates.map(|(_, der)| CertificateDer::from(der.clone())).collect();
        let keys = Keys::read(given);
        if certificates.is_empty() {
            return keys.map(|keys| Self {
                certificates,
                name: keys.roots.clone(),
                keys: Some(keys),
            });
        }
        Ok(Self { certificates, keys: keys.ok(), name: digest_of(given.as_bytes()) })
    }

    /// Judges the material of a bundle.
    pub(super) fn judge(&self, material: &Json<'_>, signed: &Signed<'_>) -> Verdict {
        let Some(chain) = certificates(material) else { return Verdict::Failed };
        let Some((leaf, between)) = chain.split_first() else { return self.by_key(signed) };
        // a bundle brings no root of its own (bundle specification, `X509CertificateChain`)
        if between.iter().any(|one| self.certificates.contains(one)) {
            return Verdict::Failed;
        }
        let Ok(end) = EndEntityCert::try_from(leaf) else { return Verdict::Failed };
        if let Some(message) = signed.message {
            let holds = |algorithm: &&dyn SignatureVerificationAlgorithm| {
                end.verify_signature(*algorithm, message, signed.signature).is_ok()
            };
            if !SIGNING.iter().any(holds) {
                return Verdict::Failed;
            }
        }
        let mut times = Vec::new();
        for entry in material.get("tlogEntries").items() {
            match self.entry(entry, signed, leaf) {
                Logged::At(time) => times.push(time),
                Logged::There => {}
                Logged::Unknown => return Verdict::Unsaid,
                Logged::False => return Verdict::Failed,
            }
        }
        let stamped =
            !material.at("timestampVerificationData.rfc3161Timestamps").items().is_empty();
        if times.is_empty() {
            let entries = !material.get("tlogEntries").items().is_empty();
            return if entries || stamped { Verdict::Unsaid } else { Verdict::Failed };
        }
        if self.certificates.is_empty() {
            return Verdict::Unsaid;
        }
        if !times.iter().all(|time| self.valid(&end, between, *time)) {
            return Verdict::Failed;
        }
        match signed.message {
            Some(_) => Verdict::Verified(digest_of(leaf)),
            None => Verdict::Unsaid,
        }
    }

    /// A bundle that names a key has one that is known otherwise.
    fn by_key(&self, signed: &Signed<'_>) -> Verdict {
        let (Some(keys), Some(message)) = (&self.keys, signed.message) else {
            return Verdict::Unsaid;
        };
        match keys.holds(message, signed.signature) {
            Some(key) => Verdict::Verified(key.to_owned()),
            None => Verdict::Failed,
        }
    }

    /// Whether the certificate was valid under the roots, for signing code.
    fn valid(&self, end: &EndEntityCert<'_>, between: &[CertificateDer<'_>], time: u64) -> bool {
        let usage = KeyUsage::required(CODE_SIGNING);
        x509::certified(end, between, &self.certificates, time, usage).is_ok()
    }

    /// What an entry of a log shows.
    fn entry(&self, entry: &Json<'_>, signed: &Signed<'_>, leaf: &CertificateDer<'_>) -> Logged {
        let body = text(entry, &["canonicalizedBody"]).and_then(decode);
        let Some(body) = body else { return Logged::False };
        match speaks_of(&body, signed, leaf) {
            Some(true) => {}
            Some(false) => return Logged::False,
            None => return Logged::Unknown,
        }
        let log = text(entry, &["logId", "keyId"]).and_then(decode).unwrap_or_default();
        let name = format!("sha256:{}", encoding::hex(&log));
        let known = self.keys.as_ref().filter(|keys| keys.has(&name));
        let Some(keys) = known else { return Logged::Unknown };
        let holds = |message: &[u8], signature: &[u8]| {
            keys.holds(message, signature).is_some_and(|key| key == name)
        };
        let proof = entry.get("inclusionProof");
        if proof.is_some() && !included(proof, &body, &log, &holds) {
            return Logged::False;
        }
        let promise = text(entry, &["inclusionPromise", "signedEntryTimestamp"]);
        match (promise, proof.is_some()) {
            (Some(promise), _) => {
                let time = entry.get("integratedTime").count();
                let index = entry.get("logIndex").count();
                let (Some(time), Some(index), Some(signature)) = (time, index, decode(promise))
                else {
                    return Logged::False;
                };
                let message = Value::object([
                    ("body", Value::text(encoding::base64(&body))),
                    ("integratedTime", Value::count(time)),
                    ("logID", Value::text(encoding::hex(&log))),
                    ("logIndex", Value::count(index)),
                ]);
                // RFC 8785, but for one name in capitals
                let message = message.to_canonical();
                if holds(message.as_bytes(), &signature) { Logged::At(time) } else { Logged::False }
            }
            (None, true) => Logged::There,
            (None, false) => Logged::False,
        }
    }
}

/// What an entry of a log shows.
enum Logged {
    /// The log took it in at this time, in seconds.
    At(u64),
    /// The log has it.
    There,
    /// The log is not known, or the kind of its entry.
    Unknown,
    /// It is not an entry of that log, or of this bundle.
    False,
}

/// The certificates of the material, the signer's first; none at all for a key that is known otherwise,
/// and `None` when there is no material, or it cannot be read.
fn certificates(material: &Json<'_>) -> Option<Vec<CertificateDer<'static>>> {
    let one = text(material, &["certificate", "rawBytes"]);
    let chain = material.at("x509CertificateChain.certificates").items();
    let chain: Vec<&str> = match one {
        Some(one) => vec![one],
        None => chain.iter().map(|one| text(one, &["rawBytes"])).collect::<Option<_>>()?,
    };
    if chain.is_empty() && at(material, &["publicKey"]).is_none() {
        return None;
    }
    chain.into_iter().map(|one| decode(one).map(CertificateDer::from)).collect()
}

/// Whether the entry is about this payload, signature and certificate; none for a kind that is not known.
fn speaks_of(body: &[u8], signed: &Signed<'_>, leaf: &CertificateDer<'_>) -> Option<bool> {
    let Ok(value) = json::read(body) else { return Some(false) };
    let hash = encoding::hex(&signed.payload);
    let same = |path: &[&str]| text(&value, path) == Some(&hash);
    // a certificate stands there as base64 of its PEM text
    let certificate = |text: Option<&str>| {
        let pem = text.and_then(decode).and_then(|bytes| String::from_utf8(bytes).ok());
        let Some(pem) = pem else { return false };
        let first = blocks(&pem).ok().and_then(|all| all.into_iter().next());
        first.is_some_and(|(_, der)| der.as_slice() == leaf.as_ref())
    };
    let signature =
        |text: Option<&str>| text.and_then(decode).is_some_and(|it| it == signed.signature);
    let version = text(&value, &["apiVersion"]).unwrap_or_default();
    let spec = value.get("spec");
    Some(match (text(&value, &["kind"])?, version) {
        ("dsse", "0.0.1") => {
            let all = spec.get("signatures").items();
            same(&["spec", "payloadHash", "value"])
                && all.iter().any(|one| {
                    signature(text(one, &["signature"])) && certificate(text(one, &["verifier"]))
                })
        }
        ("intoto", "0.0.2") => {
            let all = spec.at("content.envelope.signatures").items();
            same(&["spec", "content", "payloadHash", "value"])
                && all.iter().any(|one| {
                    // the signature's base64 is encoded once more
                    let inner = text(one, &["sig"]).and_then(decode);
                    let inner = inner.and_then(|bytes| String::from_utf8(bytes).ok());
                    signature(inner.as_deref()) && certificate(text(one, &["publicKey"]))
                })
        }
        ("hashedrekord", "0.0.1") => {
            same(&["spec", "data", "hash", "value"])
                && signature(text(spec, &["signature", "content"]))
                && certificate(text(spec, &["signature", "publicKey", "content"]))
        }
        _ => return None,
    })
}

/// Whether the entry lies in the tree of a checkpoint that the log signed.
fn included(
    proof: &Json<'_>,
    body: &[u8],
    log: &[u8],
    holds: &dyn Fn(&[u8], &[u8]) -> bool,
) -> bool {
    let hash = |text: &str| decode(text).and_then(|bytes| Some(Sha256(bytes.try_into().ok()?)));
    let (Some(index), Some(size), Some(root)) = (
        proof.get("logIndex").count(),
        proof.get("treeSize").count(),
        text(proof, &["rootHash"]).and_then(hash),
    ) else {
        return false;
    };
    let path = proof.get("hashes").items().iter().map(|one| one.text().and_then(hash));
    let Some(path) = path.collect::<Option<Vec<Sha256>>>() else { return false };
    if tree::verify_inclusion(index, size, &tree::leaf_hash(body), &path, &root).is_err() {
        return false;
    }
    let Some(envelope) = text(proof, &["checkpoint", "envelope"]) else { return false };
    let Some((said, lines)) = envelope.split_once("\n\n") else { return false };
    let mut stated = said.split('\n').skip(1);
    let stated_size = stated.next().and_then(|size| size.parse::<u64>().ok());
    let stated_root = stated.next().and_then(hash);
    if stated_size != Some(size) || stated_root != Some(root) {
        return false;
    }
    let message = format!("{said}\n");
    lines.split('\n').any(|line| {
        let signature = line.strip_prefix("\u{2014} ").and_then(|line| line.rsplit(' ').next());
        let signature = signature.and_then(decode).unwrap_or_default();
        // the first four bytes name the key
        signature.split_at_checked(4).is_some_and(|(hint, signature)| {
            log.starts_with(hint) && holds(message.as_bytes(), signature)
        })
    })
}
