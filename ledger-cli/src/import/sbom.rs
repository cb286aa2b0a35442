//! Bills of materials and what is said about their vulnerabilities: CycloneDX and SPDX as JSON,
//! OpenVEX, CSAF.
//!
//! A bill names its own identity and, if all is well, the digest of what it lists; without one the
//! digest is given or missing. It says of what an artifact is built, so it is `artifact.recorded` with
//! `sbom`. A statement about a vulnerability is `finding.changed`; one without a weight counts as `sev1`.

use ledger_core::json::Value;

use super::audit::{at, digest_of, items, text};
use super::draft::artifact;
use super::json::{self, Json};
use super::split::Framing;
use super::time::When;
use super::{Draft, Reason, Record, Source};

pub(super) const SOURCE: Source = Source {
    name: "sbom",
    reads: "CycloneDX, SPDX, OpenVEX, CSAF as JSON; given: artifact",
    version: 1,
    framing: Framing::Whole,
    map,
};

fn map(record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    let bytes = record.bytes;
    let value = json::read(bytes)?;
    let context = text(&value, &["@context"]).unwrap_or_default();
    if text(&value, &["bomFormat"]) == Some("CycloneDX") {
        cyclonedx(&value, record)
    } else if text(&value, &["spdxVersion"]).is_some() {
        spdx(&value, record)
    } else if context.starts_with("https://openvex.dev/ns") {
        Ok(openvex(&value, record))
    } else if text(&value, &["document", "csaf_version"]).is_some() {
        Ok(csaf(&value, record))
    } else {
        Err(Reason::new("sbom-format", "the document is of no format that is known"))
    }
}

/// The id that a document gives itself, else its digest; with the artifact that it is bound to.
fn identity(own: Option<String>, record: &Record<'_>) -> String {
    match (own, record.given.get("artifact")) {
        (None, _) => record.given.identity(record.bytes),
        (Some(own), None) => own,
        (Some(own), Some(artifact)) => format!("{own}/{artifact}"),
    }
}

/// A bill about another artifact than the one that is given is none.
fn bill(
    id: &str,
    own: Option<&str>,
    purl: Option<&str>,
    when: When,
    record: &Record<'_>,
) -> Result<Draft, Reason> {
    let given = record.given.get("artifact");
    if let (Some(given), Some(own)) = (given, own)
        && given != own
    {
        let message = "the bill is about another artifact than the one that is given";
        return Err(Reason::new("artifact-differs", message));
    }
    Ok(Draft::new("artifact.recorded", id, when)
        .subject("artifact", given.or(own))
        .word("action", "built")
        .id("purl", purl)
        .word("sbom", &digest_of(record.bytes)))
}

fn cyclonedx(value: &Json<'_>, record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    let serial = text(value, &["serialNumber"]);
    let version = value.get("version").id().unwrap_or("1");
    let id = identity(serial.map(|serial| format!("{serial}/{version}")), record);
    let when = When::first(&[value.at("metadata.timestamp")], record.received);
    let component = value.at("metadata.component");
    let hash = items(component, &["hashes"]).iter().find_map(|hash| {
        (text(hash, &["alg"]) == Some("SHA-256")).then(|| text(hash, &["content"])).flatten()
    });
    let hash = hash.map(|hash| format!("sha256:{hash}"));
    let purl = text(component, &["purl"]);
    let own = artifact(hash.as_deref()).or_else(|| artifact(purl));
    let mut drafts = vec![bill(&id, own.as_deref(), purl, when.clone(), record)?];
    for found in items(value, &["vulnerabilities"]) {
        // one that is not analysed is open
        let state = match text(found, &["analysis", "state"]) {
            Some("resolved" | "resolved_with_pedigree") => "fixed",
            Some("not_affected" | "false_positive") => "dismissed",
            _ => "open",
        };
        let weight = items(found, &["ratings"]).iter().find_map(|one| text(one, &["severity"]));
        let about = record.given.get("artifact").or(own.as_deref());
        drafts.push(finding(&id, text(found, &["id"]), state, weight, &when, about));
    }
    Ok(drafts)
}

fn spdx(value: &Json<'_>, record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    let id = identity(text(value, &["documentNamespace"]).map(str::to_owned), record);
    let when = When::first(&[value.at("creationInfo.created")], record.received);
    let relation = items(value, &["relationships"]).iter().find_map(|one| {
        let describes = text(one, &["relationshipType"]) == Some("DESCRIBES")
            && text(one, &["spdxElementId"]) == Some("SPDXRef-DOCUMENT");
        describes.then(|| text(one, &["relatedSpdxElement"])).flatten()
    });
    let described = items(value, &["documentDescribes"]).iter().find_map(Json::text).or(relation);
    let package = items(value, &["packages"])
        .iter()
        .find(|package| described.is_some() && text(package, &["SPDXID"]) == described);
    let hash = package.and_then(|package| {
        items(package, &["checksums"]).iter().find_map(|one| {
            let fits = text(one, &["algorithm"]) == Some("SHA256");
            fits.then(|| text(one, &["checksumValue"])).flatten()
        })
    });
    let purl = package.and_then(|package| {
        items(package, &["externalRefs"]).iter().find_map(|one| {
            let fits = text(one, &["referenceType"]) == Some("purl");
            fits.then(|| text(one, &["referenceLocator"])).flatten()
        })
    });
    let hash = hash.map(|hash| format!("sha256:{hash}"));
    let own = artifact(hash.as_deref()).or_else(|| artifact(purl));
    Ok(vec![bill(&id, own.as_deref(), purl, when, record)?])
}

fn finding(
    id: &str,
    name: Option<&str>,
    state: &str,
    weight: Option<&str>,
    when: &When,
    about: Option<&str>,
) -> Draft {
    let severity = match weight.map(str::to_ascii_lowercase).as_deref() {
        Some("high") => "sev2",
        Some("medium" | "moderate") => "sev3",
        Some("low") => "sev4",
        Some("info" | "none") => "sev5",
        // critical; and a weight that nobody told is taken for the worst
        _ => "sev1",
    };
    Draft::new("finding.changed", id, when.clone())
        .subject("finding", name)
        .word("kind", "sca")
        .word("severity", severity)
        .word("state", state)
        .set("artifact", about.map(Value::text))
}

fn openvex(value: &Json<'_>, record: &Record<'_>) -> Vec<Draft> {
    let version = value.get("version").id().unwrap_or("1");
    let own = text(value, &["@id"]).map(|own| format!("{own}/{version}"));
    let id = identity(own, record);
    let statements = items(value, &["statements"]);
    let drafts = statements.iter().map(|statement| {
        let times = [statement.get("timestamp"), value.get("timestamp")];
        let when = When::first(&times, record.received);
        let name = text(statement, &["vulnerability", "name"])
            .or_else(|| text(statement, &["vulnerability"]));
        let state = match text(statement, &["status"]) {
            Some("fixed") => "fixed",
            Some("not_affected") => "dismissed",
            _ => "open",
        };
        let product = items(statement, &["products"]).iter().find_map(|product| {
            let hash = text(product, &["hashes", "sha-256"]);
            let hash = hash.map(|hash| format!("sha256:{hash}"));
            artifact(hash.as_deref()).or_else(|| artifact(text(product, &["@id"])))
        });
        finding(&id, name, state, None, &when, product.as_deref())
    });
    drafts.collect()
}

/// What one vulnerability means for the products: the worst of what is said of them.
fn csaf(value: &Json<'_>, record: &Record<'_>) -> Vec<Draft> {
    let tracking = value.at("document.tracking");
    let own = text(tracking, &["id"])
        .map(|own| format!("{own}/{}", tracking.get("version").id().unwrap_or("1")));
    let id = identity(own, record);
    let when = When::first(&[tracking.get("current_release_date")], record.received);
    let found = items(value, &["vulnerabilities"]);
    if found.is_empty() {
        let kind = text(value, &["document", "category"]).unwrap_or("csaf");
        return vec![Draft::external(SOURCE.name, &id, kind, "no-vulnerability", when)];
    }
    let drafts = found.iter().map(|found| {
        let status = found.get("product_status");
        let any = |names: &[&str]| names.iter().any(|name| at(status, &[name]).is_some());
        let state = if any(&["known_affected", "under_investigation", "first_affected"]) {
            "open"
        } else if any(&["fixed", "first_fixed"]) {
            "fixed"
        } else if any(&["known_not_affected"]) {
            "dismissed"
        } else {
            "open"
        };
        let weight = items(found, &["scores"]).iter().find_map(|score| {
            text(score, &["cvss_v3", "baseSeverity"])
                .or_else(|| text(score, &["cvss_v4", "baseSeverity"]))
        });
        finding(&id, text(found, &["cve"]), state, weight, &when, None)
    });
    drafts.collect()
}
