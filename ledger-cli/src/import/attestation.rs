//! Attestations: in-toto statements, bare, in a DSSE envelope, or in a Sigstore bundle; as npm and
//! Google Cloud Build wrap them too.
//!
//! An envelope is `verified` when one of its signatures holds under one of the keys that are given, and
//! `failed` when none does; the event names the key and the digest of what was given. With roots the
//! certificates and transparency logs of Sigstore bundles are checked (`sigstore`). A bundle without
//! material of its own has `failed` in any case, an envelope without a signature is `unsigned`. Without
//! `verification` it cannot be told, or nobody looked.

use ledger_core::encoding;
use ledger_core::hash::Sha256;
use ledger_core::json::Value;

use super::audit::{at, digest_of, items, text};
use super::draft::{self, artifact};
use super::json::{self, Json, decode};
use super::pubkeys::{Keys, pae};
use super::sigstore::{Roots, Signed, Verdict as Judged};
use super::split::Framing;
use super::time::When;
use super::{Draft, Reason, Record, Source};

pub(super) const SOURCE: Source = Source {
    name: "attestation",
    reads: "in-toto statements, DSSE envelopes, Sigstore bundles; given: keys (a PEM file) or --roots to verify with",
    version: 2,
    framing: Framing::Json(&["attestations"]),
    map,
};

const IN_TOTO: &str = "application/vnd.in-toto+json";

/// What is known of the signature over a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    result: &'static str,
    /// The key that holds, and where it is from.
    key: Option<String>,
    roots: Option<String>,
}

/// None when no signature was looked at.
type Verdict = Option<Known>;

const UNSIGNED: Known = Known { result: "unsigned", key: None, roots: None };
const FAILED: Known = Known { result: "failed", key: None, roots: None };

fn map(record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    let value = json::read(record.bytes)?;
    let id = digest_of(record.bytes);
    let nested = items(&value, &["provenance_summary", "provenance"]);
    if !nested.is_empty() {
        let mut drafts = Vec::new();
        for one in nested {
            drafts.extend(envelope(one.get("envelope"), &id, record)?);
        }
        return Ok(drafts);
    }
    let value = at(&value, &["bundle"]).unwrap_or(&value);
    if text(value, &["mediaType"]).is_some() || at(value, &["verificationMaterial"]).is_some() {
        return bundle(value, &id, record);
    }
    if at(value, &["payload"]).is_some() || at(value, &["payloadType"]).is_some() {
        return envelope(value, &id, record);
    }
    if text(value, &["_type"]).is_some_and(|kind| kind.starts_with("https://in-toto.io/Statement/"))
    {
        return Ok(statement(value, &id, &Some(UNSIGNED), None, record));
    }
    let kind = text(value, &["_type"]).or_else(|| text(value, &["predicateType"]));
    let when = When::received(record.received);
    let kind = kind.unwrap_or("attestation");
    Ok(vec![Draft::external(SOURCE.name, &id, kind, "unmapped", when)])
}

/// A bundle has exactly one signature and something to verify it with.
fn bundle(value: &Json<'_>, id: &str, record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    let material = value.get("verificationMaterial");
    let chain = material.at("x509CertificateChain.certificates").items();
    let known = text(material, &["certificate", "rawBytes"]).is_some()
        || chain.iter().any(|one| text(one, &["rawBytes"]).is_some())
        || at(material, &["publicKey"]).is_some();
    let integrated = items(material, &["tlogEntries"])
        .iter()
        .find_map(|entry| When::read(entry.get("integratedTime")));
    let verdict = (!known).then_some(FAILED);
    if let Some(message) = at(value, &["messageSignature"]) {
        let verdict = match text(message, &["signature"]) {
            None => Some(UNSIGNED),
            Some(_) => verdict,
        };
        let digest = at(message, &["messageDigest"])
            .filter(|digest| text(digest, &["algorithm"]) == Some("SHA2_256"))
            .and_then(|digest| decode(text(digest, &["digest"])?))
            .map(|bytes| format!("sha256:{}", encoding::hex(&bytes)));
        let signature = text(message, &["signature"]).and_then(decode).unwrap_or_default();
        let payload = digest.as_deref().and_then(Sha256::from_reference).unwrap_or_default().0;
        let signed = Signed { message: None, payload, signature: &signature };
        let verdict = match verdict {
            None => judge(material, &signed, record)?.flatten(),
            known => known,
        };
        let when = integrated.unwrap_or_else(|| When::received(record.received));
        let draft = Draft::new("artifact.recorded", id, when)
            .subject("artifact", artifact(digest.as_deref()).as_deref())
            .word("action", "signed")
            .set("verification", verdict.as_ref().map(verification));
        return Ok(vec![draft]);
    }
    let inner = value.get("dsseEnvelope");
    if !inner.is_some() {
        return Err(Reason::new("bundle-content", "the bundle signs nothing"));
    }
    let judged = match (inner.get("signatures").items(), verdict) {
        ([one], None) => enveloped(material, inner, one, record)?,
        ([_], known) => Some(known),
        _ => Some(Some(FAILED)),
    };
    envelope_at(inner, id, judged, integrated, record)
}

/// Judges the one signature of an envelope by the bundle's material, if roots are given.
fn enveloped(
    material: &Json<'_>,
    envelope: &Json<'_>,
    signature: &Json<'_>,
    record: &Record<'_>,
) -> Result<Option<Verdict>, Reason> {
    let kind = text(envelope, &["payloadType"]).unwrap_or_default();
    let payload = text(envelope, &["payload"]).and_then(decode);
    let signature = text(signature, &["sig"]).and_then(decode);
    let (Some(payload), Some(signature)) = (payload, signature) else { return Ok(None) };
    let message = pae(kind, &payload);
    let hash = Sha256::of(&payload).0;
    judge(
        material,
        &Signed { message: Some(&message), payload: hash, signature: &signature },
        record,
    )
}

/// What the given roots say of a bundle's material; none without roots.
fn judge(
    material: &Json<'_>,
    signed: &Signed<'_>,
    record: &Record<'_>,
) -> Result<Option<Verdict>, Reason> {
    let Some(roots) = record.given.get("roots").map(Roots::read).transpose()? else {
        return Ok(None);
    };
    let (result, key) = match roots.judge(material, signed) {
        Judged::Verified(key) => ("verified", Some(key)),
        Judged::Failed => ("failed", None),
        Judged::Unsaid => return Ok(Some(None)),
    };
    Ok(Some(Some(Known { result, key, roots: Some(roots.name) })))
}

fn envelope(value: &Json<'_>, id: &str, record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    envelope_at(value, id, None, None, record)
}

/// `judged` is what is known of the signature already; without it the given keys say it.
fn envelope_at(
    value: &Json<'_>,
    id: &str,
    judged: Option<Verdict>,
    integrated: Option<When>,
    record: &Record<'_>,
) -> Result<Vec<Draft>, Reason> {
    let broken = |message: &str| Reason::new("dsse-envelope", message);
    let kind = text(value, &["payloadType"]).ok_or_else(|| broken("it has no payload type"))?;
    let payload = text(value, &["payload"]).ok_or_else(|| broken("it has no payload"))?;
    let payload = decode(payload).ok_or_else(|| broken("the payload is not base64"))?;
    if kind != IN_TOTO {
        let when = integrated.unwrap_or_else(|| When::received(record.received));
        return Ok(vec![Draft::external(SOURCE.name, id, kind, "payload-type", when)]);
    }
    let signatures = value.get("signatures").items();
    let signatures: Vec<&str> = signatures.iter().filter_map(|one| text(one, &["sig"])).collect();
    let verdict = match (signatures.is_empty(), judged) {
        (true, _) => Some(UNSIGNED),
        (false, Some(verdict)) => verdict,
        (false, None) => verified(&pae(kind, &payload), &signatures, record)?,
    };
    let inner = json::read(&payload)?;
    if text(&inner, &["_type"]).is_none() {
        return Err(Reason::new("statement-type", "the payload is no statement"));
    }
    Ok(statement(&inner, id, &verdict, integrated, record))
}

/// Holds the signatures against the keys that are given, if any are.
fn verified(message: &[u8], signatures: &[&str], record: &Record<'_>) -> Result<Verdict, Reason> {
    let given = record.given.get("keys");
    // a folder of certificates only has no key for an envelope by itself
    let roots = || record.given.get("roots").and_then(|roots| Keys::read(roots).ok());
    let Some(keys) = given.map(Keys::read).transpose()?.or_else(roots) else {
        return Ok(None);
    };
    let key = signatures.iter().find_map(|text| keys.holds(message, &decode(text)?));
    let result = if key.is_some() { "verified" } else { "failed" };
    let key = key.map(str::to_owned);
    Ok(Some(Known { result, key, roots: Some(keys.roots) }))
}

/// An event for each subject. Only provenance says that something was built.
fn statement(
    value: &Json<'_>,
    id: &str,
    verdict: &Verdict,
    integrated: Option<When>,
    record: &Record<'_>,
) -> Vec<Draft> {
    let kind = text(value, &["predicateType"]).unwrap_or("statement");
    let predicate = value.get("predicate");
    let provenance = kind.starts_with("https://slsa.dev/provenance/");
    let finished = ["runDetails.metadata.finishedOn", "metadata.buildFinishedOn"];
    let when = finished
        .iter()
        .find_map(|path| When::read(predicate.at(path)))
        .or(integrated)
        .unwrap_or_else(|| When::received(record.received));
    if !provenance && *verdict == Some(UNSIGNED) {
        return vec![Draft::external(SOURCE.name, id, kind, "unsigned", when)];
    }
    let builder = text(predicate, &["runDetails", "builder", "id"])
        .or_else(|| text(predicate, &["builder", "id"]));
    let sources = [
        predicate.at("buildDefinition.resolvedDependencies").items(),
        predicate.get("materials").items(),
    ];
    let commit = sources.iter().copied().flatten().find_map(|source| {
        text(source, &["digest", "gitCommit"]).or_else(|| text(source, &["digest", "sha1"]))
    });
    let commits = commit.map(|commit| Value::object([("to", Value::text(draft::id(commit)))]));
    let subjects = value.get("subject").items();
    let about = |subject: Option<&Json<'_>>| {
        let digest = subject.and_then(|subject| text(subject, &["digest", "sha256"]));
        let digest = digest.map(|digest| format!("sha256:{digest}"));
        let draft = Draft::new("artifact.recorded", id, when.clone())
            .subject("artifact", artifact(digest.as_deref()).as_deref())
            .word("action", if provenance { "built" } else { "signed" })
            .set("verification", verdict.as_ref().map(verification));
        if !provenance {
            return draft;
        }
        draft
            .id("builder", builder)
            .set("commits", commits.clone())
            .word("provenance", &digest_of(record.bytes))
    };
    if subjects.is_empty() {
        return vec![about(None)];
    }
    subjects.iter().map(|subject| about(Some(subject))).collect()
}

fn verification(known: &Known) -> Value {
    let mut members = vec![("result", Value::text(known.result))];
    members.extend(known.key.as_deref().map(|key| ("key", Value::text(key))));
    members.extend(known.roots.as_deref().map(|roots| ("roots", Value::text(roots))));
    Value::object(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(text: &str) -> Vec<String> {
        judged(text, None)
    }

    fn judged(text: &str, keys: Option<&str>) -> Vec<String> {
        let given = super::super::Given::default();
        let given = match keys {
            Some(keys) => given.with("keys", keys.to_owned()),
            None => given,
        };
        let received = ledger_core::time::Timestamp::from_micros(1).unwrap();
        let record = Record { bytes: text.as_bytes(), header: b"", received, given: &given };
        let events = super::super::events(&SOURCE, &record).unwrap();
        let result = |event: super::super::Event| {
            let value = Value::Object(event.value);
            let data = value.get("data").cloned().unwrap();
            let found = data.get("verification").and_then(|found| found.get("result"));
            let found = found.and_then(Value::as_text).unwrap_or("not verified");
            format!("{} {found}", event.kind)
        };
        events.into_iter().map(result).collect()
    }

    fn signed(signatures: &str) -> String {
        let statement = format!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"digest":{{"sha256":"{}"}}}}],"predicateType":"https://slsa.dev/provenance/v1","predicate":{{}}}}"#,
            "ab".repeat(32)
        );
        let payload = encoding::base64(statement.as_bytes());
        format!(r#"{{"payloadType":"{IN_TOTO}","payload":"{payload}","signatures":{signatures}}}"#)
    }

    /// An envelope signed here, under its own key, another one, and with its payload changed.
    #[test]
    fn a_signature_holds_under_a_given_key_or_it_failed() {
        use ring::rand::SystemRandom;
        use ring::signature::{
            ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
        };
        let random = SystemRandom::new();
        let pem = |head: &str, key: &[u8]| {
            let der = format!("{head}{}", encoding::hex(key));
            let pairs = der.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
            let der: Vec<u8> = pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect();
            let body = encoding::base64(&der);
            format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
        };
        let ed = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let packed = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let ec = EcdsaKeyPair::from_pkcs8(algorithm, packed.as_ref(), &random).unwrap();
        let ed_pem = pem("302a300506032b6570032100", ed.public_key().as_ref());
        let ec_head = "3059301306072a8648ce3d020106082a8648ce3d030107034200";
        let ec_pem = pem(ec_head, ec.public_key().as_ref());
        let payload = signed("[]");
        let payload = json::read(payload.as_bytes()).unwrap();
        let message = pae(IN_TOTO, &decode(text(&payload, &["payload"]).unwrap()).unwrap());
        let ed_signed = encoding::base64(ed.sign(&message).as_ref());
        let ec_signed = encoding::base64(ec.sign(&random, &message).unwrap().as_ref());
        let both = format!("{ed_pem}{ec_pem}");
        for (signature, keys, result) in [
            (&ed_signed, &ed_pem, "verified"),
            (&ed_signed, &both, "verified"),
            (&ed_signed, &ec_pem, "failed"),
            (&ec_signed, &ec_pem, "verified"),
            (&ec_signed, &both, "verified"),
            (&ec_signed, &ed_pem, "failed"),
        ] {
            let envelope = signed(&format!(r#"[{{"sig":"AA=="}},{{"sig":"{signature}"}}]"#));
            let found = judged(&envelope, Some(keys));
            assert_eq!(found, [format!("artifact.recorded {result}")], "{keys}");
            let other = envelope.replace(IN_TOTO, "application/vnd.in-toto+jsom");
            assert!(
                judged(&other, Some(keys)).iter().all(|said| said != "artifact.recorded verified")
            );
        }
        // a bundle without material stays a failure, also where a given key holds
        let envelope = signed(&format!(r#"[{{"sig":"{ed_signed}"}}]"#));
        let bundle =
            format!(r#"{{"mediaType":"b","verificationMaterial":{{}},"dsseEnvelope":{envelope}}}"#);
        assert_eq!(judged(&bundle, Some(&ed_pem)), ["artifact.recorded failed"]);
        assert!(Keys::read("").is_err() && Keys::read("-----BEGIN PUBLIC KEY-----\nAA==").is_err());
    }

    #[test]
    fn without_keys_nothing_is_said_to_be_verified() {
        let one = r#"[{"sig":"AA=="}]"#;
        let bundle = |material: &str| {
            format!(
                r#"{{"mediaType":"b","verificationMaterial":{material},"dsseEnvelope":{}}}"#,
                signed(one)
            )
        };
        for (text, result) in [
            (signed(one), "not verified"),
            (signed("[]"), "unsigned"),
            (signed(r#"[{"sig":""}]"#), "unsigned"),
            (bundle(r#"{"certificate":{"rawBytes":"AA=="}}"#), "not verified"),
            (bundle("{}"), "failed"),
            (bundle("null"), "failed"),
            (bundle(r#"{"x509CertificateChain":{"certificates":[]}}"#), "failed"),
        ] {
            assert_eq!(results(&text), [format!("artifact.recorded {result}")], "{text}");
        }
    }
}
