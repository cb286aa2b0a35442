//! Reports of scanners: Trivy, Grype, Snyk, GitLab security reports, Gitleaks, TruffleHog,
//! detect-secrets; findings are counted here. SARIF is in `sarif.rs`.
//!
//! A scan passed if it was done and nothing critical or high was found; a finding whose weight is not
//! known counts as high, and one that somebody has suppressed counts as well. What is tolerated is
//! for a gate to say.

use std::collections::BTreeSet;

use ledger_core::json::Value;

use super::audit::{at, items, text};
use super::draft;
use super::json::{self, Json};
use super::split::Framing;
use super::time::When;
use super::{Draft, Reason, Record, Source};

pub(super) const SOURCE: Source = Source {
    name: "scan",
    reads: "Trivy, Grype, Snyk, GitLab, Gitleaks, TruffleHog, detect-secrets; given: artifact",
    version: 1,
    framing: Framing::Whole,
    map,
};

/// How many findings of each weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    critical: u64,
    high: u64,
    medium: u64,
    low: u64,
    info: u64,
}

impl Tally {
    /// Counts a finding by the word for its weight.
    pub(super) fn add(&mut self, weight: &str) {
        match weight.to_ascii_lowercase().as_str() {
            "critical" => self.critical += 1,
            "medium" | "moderate" | "warning" => self.medium += 1,
            "low" | "note" => self.low += 1,
            "info" | "informational" | "negligible" | "none" => self.info += 1,
            _ => self.high += 1,
        }
    }

    fn value(self) -> Value {
        let counts = [
            ("critical", self.critical),
            ("high", self.high),
            ("info", self.info),
            ("low", self.low),
            ("medium", self.medium),
        ];
        Value::object(counts.map(|(name, count)| (name, Value::count(count))))
    }
}

/// What a report says.
#[derive(Debug)]
pub(super) struct Report<'a> {
    pub(super) kind: &'static str,
    pub(super) tool: &'a str,
    pub(super) version: Option<&'a str>,
    pub(super) tally: Tally,
    /// Whether the scan was done to its end.
    pub(super) done: bool,
    /// What the report itself says it is about: any of these digests.
    pub(super) artifacts: Vec<String>,
    pub(super) when: Option<When>,
    pub(super) database: Option<When>,
}

impl<'a> Report<'a> {
    pub(super) fn new(kind: &'static str, tool: &'a str, version: Option<&'a str>) -> Self {
        Self {
            kind,
            tool,
            version,
            tally: Tally::default(),
            done: true,
            artifacts: Vec::new(),
            when: None,
            database: None,
        }
    }

    /// The event; a report about another artifact than the one that is given is none.
    pub(super) fn draft(&self, record: &Record<'_>) -> Result<Draft, Reason> {
        let given = record.given.get("artifact");
        let own = self.artifacts.first().map(String::as_str);
        if let (Some(given), Some(_)) = (given, own)
            && !self.artifacts.iter().any(|artifact| artifact == given)
        {
            let message = "the report is about another artifact than the one that is given";
            return Err(Reason::new("artifact-differs", message));
        }
        let found = self.tally.critical + self.tally.high > 0;
        let outcome = match (self.done, found) {
            (_, true) => "failed",
            (true, false) => "passed",
            (false, false) => "error",
        };
        let when = self.when.clone().unwrap_or_else(|| When::received(record.received));
        let tool = Value::object([
            ("name", Value::text(draft::id(self.tool))),
            ("version", Value::text(draft::id(self.version.unwrap_or("unknown")))),
        ]);
        Ok(Draft::new("scan.completed", &record.given.identity(record.bytes), when)
            .subject("artifact", given.or(own))
            .subject("service", record.given.get("service"))
            .word("kind", self.kind)
            .set("tool", Some(tool))
            .set("counts", Some(self.tally.value()))
            .word("outcome", outcome)
            .time("database_at", self.database.as_ref()))
    }
}

fn map(record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    let value = read(record.bytes)?;
    let reports = reports(&value);
    if reports.is_empty() {
        let kind = text(&value, &["kind"]).or_else(|| text(&value, &["type"]));
        let when = When::received(record.received);
        let id = record.given.identity(record.bytes);
        let kind = kind.unwrap_or("report");
        return Ok(vec![Draft::external(SOURCE.name, &id, kind, "unmapped", when)]);
    }
    reports.iter().map(|report| report.draft(record)).collect()
}

/// One value, or one on each line: then a list of them.
fn read(bytes: &[u8]) -> Result<Json<'_>, Reason> {
    let whole = json::read(bytes);
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    match (whole, lines.clone().count()) {
        (Err(error), 2..) => {
            let values: Result<Vec<_>, _> = lines.map(json::read).collect();
            values.map(Json::List).map_err(|_| error)
        }
        (whole, _) => whole,
    }
}

fn reports<'a>(value: &'a Json<'a>) -> Vec<Report<'a>> {
    if let Json::List(list) = value {
        return match list.first() {
            Some(first) if at(first, &["DetectorName"]).is_some() => vec![trufflehog(list)],
            Some(first) if at(first, &["RuleID"]).is_some() => vec![gitleaks(list)],
            Some(_) => list.iter().flat_map(reports).collect(),
            None => Vec::new(),
        };
    }
    let has = |name: &str| value.get(name).is_some();
    if has("SchemaVersion") && has("ArtifactName") {
        trivy(value)
    } else if text(value, &["descriptor", "name"]) == Some("grype") && has("matches") {
        vec![grype(value)]
    } else if has("vulnerabilities") && has("scan") && has("version") {
        gitlab(value).into_iter().collect()
    } else if has("vulnerabilities") && (has("packageManager") || has("dependencyCount")) {
        vec![snyk(value)]
    } else if has("infrastructureAsCodeIssues") {
        vec![snyk_iac(value)]
    } else if has("plugins_used") && has("results") {
        vec![detect_secrets(value)]
    } else {
        Vec::new()
    }
}

/// A report for each of the kinds that were looked for.
fn trivy<'a>(value: &'a Json<'a>) -> Vec<Report<'a>> {
    let image = text(value, &["ArtifactType"]) == Some("container_image");
    let packages = if image { "container" } else { "sca" };
    let version = text(value, &["Trivy", "Version"]);
    let results = items(value, &["Results"]);
    let kinds = [
        (packages, "Vulnerabilities", &["os-pkgs", "lang-pkgs"][..]),
        ("iac", "Misconfigurations", &["config"][..]),
        ("secret", "Secrets", &["secret"][..]),
        ("license", "Licenses", &["license", "license-file"][..]),
    ];
    let digests = items(value, &["Metadata", "RepoDigests"]);
    let mut reports = Vec::new();
    for (kind, member, classes) in kinds {
        let looked = results.iter().filter(|result| {
            text(result, &["Class"]).is_some_and(|class| classes.contains(&class))
                || at(result, &[member]).is_some()
        });
        let mut report = Report::new(kind, "trivy", version);
        let mut any = false;
        for result in looked {
            any = true;
            for finding in items(result, &[member]) {
                if text(finding, &["Status"]) != Some("PASS") {
                    report.tally.add(text(finding, &["Severity"]).unwrap_or("unknown"));
                }
            }
        }
        // without results nothing was looked at
        report.done = any;
        if any || (results.is_empty() && kind == packages) {
            report.artifacts = digests.iter().filter_map(|d| draft::artifact(d.text())).collect();
            report.when = When::read(value.get("CreatedAt"));
            reports.push(report);
        }
    }
    reports
}

fn grype<'a>(value: &'a Json<'a>) -> Report<'a> {
    let image = text(value, &["source", "type"]) == Some("image");
    let version = text(value, &["descriptor", "version"]);
    let mut report = Report::new(if image { "container" } else { "sca" }, "grype", version);
    for list in ["matches", "ignoredMatches"] {
        for found in items(value, &[list]) {
            report.tally.add(text(found, &["vulnerability", "severity"]).unwrap_or("unknown"));
        }
    }
    let target = value.at("source.target");
    let manifest = draft::artifact(text(target, &["manifestDigest"]));
    let repository =
        items(target, &["repoDigests"]).iter().filter_map(|d| draft::artifact(d.text()));
    report.artifacts = repository.chain(manifest).collect();
    report.when = When::read(value.at("descriptor.timestamp"));
    report.database = When::read(value.at("descriptor.db.built"))
        .or_else(|| When::read(value.at("descriptor.db.status.built")));
    report
}

/// One finding stands there once for each path to it: it is counted once for each package.
fn snyk<'a>(value: &'a Json<'a>) -> Report<'a> {
    let image = value.get("docker").is_some();
    let mut report = Report::new(if image { "container" } else { "sca" }, "snyk", None);
    let mut seen = BTreeSet::new();
    for found in items(value, &["vulnerabilities"]) {
        let part = |name| text(found, &[name]).unwrap_or_default();
        if seen.insert((part("id"), part("packageName"), part("version"))) || part("id").is_empty()
        {
            report.tally.add(text(found, &["severity"]).unwrap_or("unknown"));
        }
    }
    report.done = !value.get("error").is_some();
    report
}

fn snyk_iac<'a>(value: &'a Json<'a>) -> Report<'a> {
    let mut report = Report::new("iac", "snyk", None);
    for found in items(value, &["infrastructureAsCodeIssues"]) {
        report.tally.add(text(found, &["severity"]).unwrap_or("unknown"));
    }
    report
}

fn gitlab<'a>(value: &'a Json<'a>) -> Option<Report<'a>> {
    let kind = match text(value, &["scan", "type"])? {
        "container_scanning" | "cluster_image_scanning" => "container",
        "dependency_scanning" => "sca",
        "sast" => "sast",
        "dast" | "api_fuzzing" | "coverage_fuzzing" => "dast",
        "secret_detection" => "secret",
        _ => return None,
    };
    let tool = text(value, &["scan", "scanner", "id"]).unwrap_or("gitlab");
    let mut report = Report::new(kind, tool, text(value, &["scan", "scanner", "version"]));
    for found in items(value, &["vulnerabilities"]) {
        report.tally.add(text(found, &["severity"]).unwrap_or("unknown"));
    }
    report.done = text(value, &["scan", "status"]).is_none_or(|status| status == "success");
    report.when = When::read(value.at("scan.end_time"));
    Some(report)
}

fn trufflehog<'a>(list: &'a [Json<'a>]) -> Report<'a> {
    let mut report = Report::new("secret", "trufflehog", None);
    for found in list {
        let verified = found.get("Verified").truth() == Some(true);
        report.tally.add(if verified { "critical" } else { "high" });
    }
    report
}

fn gitleaks<'a>(list: &'a [Json<'a>]) -> Report<'a> {
    let mut report = Report::new("secret", "gitleaks", None);
    for _ in list {
        report.tally.add("high");
    }
    report
}

fn detect_secrets<'a>(value: &'a Json<'a>) -> Report<'a> {
    let mut report = Report::new("secret", "detect-secrets", text(value, &["version"]));
    for (_, found) in value.get("results").members() {
        for secret in found.items() {
            // somebody looked and said that it is none
            let cleared = secret.get("is_secret").truth() == Some(false);
            report.tally.add(if cleared { "info" } else { "high" });
        }
    }
    report.when = When::read(value.get("generated_at"));
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_counted_here_and_unknown_weights_are_high() {
        let text = br#"{"SchemaVersion":2,"ArtifactName":"a","ArtifactType":"container_image",
            "Results":[{"Class":"os-pkgs","Vulnerabilities":[{"Severity":"CRITICAL"},
            {"Severity":"UNKNOWN"},{"Severity":"LOW"}]},{"Class":"secret"}]}"#;
        let value = read(text).unwrap();
        let reports = reports(&value);
        let kinds: Vec<_> = reports.iter().map(|report| report.kind).collect();
        assert_eq!(kinds, ["container", "secret"]);
        let tally = Tally { critical: 1, high: 1, low: 1, ..Tally::default() };
        assert_eq!((reports[0].tally, reports[1].tally), (tally, Tally::default()));
    }

    #[test]
    fn a_scan_that_looked_at_nothing_was_not_done() {
        let text = br#"{"SchemaVersion":2,"ArtifactName":"a","ArtifactType":"filesystem"}"#;
        let value = read(text).unwrap();
        let reports = reports(&value);
        assert!(!reports[0].done && reports.len() == 1);
    }
}
