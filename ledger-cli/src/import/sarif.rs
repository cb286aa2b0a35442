//! SARIF 2.1.0: one `scan.completed` for each run, its results counted here.
//!
//! The weight of a result is its rule's `security-severity` (as a CVSS score), else its level, whose
//! default is that of the rule, else `warning`. A run without `results` looked at nothing.

use super::audit::{at, items, text};
use super::json::{self, Json};
use super::scan::Report;
use super::split::Framing;
use super::time::When;
use super::{Draft, Reason, Record, Source};

pub(super) const SOURCE: Source = Source {
    name: "sarif",
    reads: "SARIF 2.1.0 logs; given: artifact",
    version: 1,
    framing: Framing::Whole,
    map,
};

fn map(record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    let bytes = record.bytes;
    let value = json::read(bytes)?;
    let runs = value.get("runs").items();
    if runs.is_empty() {
        return Err(Reason::new("sarif-runs", "the log has no run"));
    }
    runs.iter().map(|run| report(run)?.draft(record)).collect()
}

fn report<'a>(run: &'a Json<'a>) -> Result<Report<'a>, Reason> {
    let driver = at(run, &["tool", "driver"]);
    let name = driver.and_then(|driver| text(driver, &["name"]));
    let (Some(driver), Some(name)) = (driver, name) else {
        return Err(Reason::new("sarif-tool", "a run does not name its tool"));
    };
    let version = ["version", "semanticVersion", "dottedQuadFileVersion"];
    let version = version.iter().find_map(|member| text(driver, &[member]));
    let mut report = Report::new(kind(name), name, version);
    for result in items(run, &["results"]) {
        // what passed, does not apply or only informs is no finding
        if matches!(text(result, &["kind"]), None | Some("fail" | "open" | "review")) {
            report.tally.add(weight(result, run));
        }
    }
    let calls = items(run, &["invocations"]);
    let broke = calls.iter().any(|call| call.get("executionSuccessful").truth() == Some(false));
    report.done = matches!(run.get("results"), Json::List(_)) && !broke;
    report.when = calls.iter().rev().find_map(|call| {
        When::read(call.get("endTimeUtc")).or_else(|| When::read(call.get("startTimeUtc")))
    });
    Ok(report)
}

/// What a tool looks for: code, if nothing else is known of it.
fn kind(tool: &str) -> &'static str {
    const TOOLS: &[(&str, &str)] = &[
        ("trivy", "container"),
        ("grype", "container"),
        ("clair", "container"),
        ("snyk container", "container"),
        ("snyk open source", "sca"),
        ("dependency", "sca"),
        ("osv-scanner", "sca"),
        ("npm audit", "sca"),
        ("gitleaks", "secret"),
        ("trufflehog", "secret"),
        ("detect-secrets", "secret"),
        ("tfsec", "iac"),
        ("checkov", "iac"),
        ("kics", "iac"),
        ("terrascan", "iac"),
        ("kubesec", "iac"),
        ("snyk iac", "iac"),
        ("zap", "dast"),
        ("nuclei", "dast"),
        ("license", "license"),
    ];
    let tool = tool.to_ascii_lowercase();
    TOOLS.iter().find(|(word, _)| tool.contains(word)).map_or("sast", |(_, kind)| kind)
}

/// The rule of a result: by its place among the driver's, or by its id.
fn rule<'a>(result: &'a Json<'a>, run: &'a Json<'a>) -> Option<&'a Json<'a>> {
    let rules = items(run, &["tool", "driver", "rules"]);
    let id = text(result, &["ruleId"]).or_else(|| text(result, &["rule", "id"]));
    let place = at(result, &["ruleIndex"]).or_else(|| at(result, &["rule", "index"]));
    let place = place.and_then(Json::count).and_then(|place| usize::try_from(place).ok());
    let extensions = items(run, &["tool", "extensions"]);
    let all = || rules.iter().chain(extensions.iter().flat_map(|one| items(one, &["rules"])));
    let by_id = all().find(|rule| id.is_some() && text(rule, &["id"]) == id);
    by_id.or_else(|| rules.get(place?))
}

fn weight<'a>(result: &'a Json<'a>, run: &'a Json<'a>) -> &'a str {
    let rule = rule(result, run);
    let score = at(result, &["properties", "security-severity"])
        .or_else(|| at(rule?, &["properties", "security-severity"]));
    if let Some(score) = score.and_then(|score| score.id()?.parse::<f64>().ok()) {
        return match score {
            score if score >= 9.0 => "critical",
            score if score >= 7.0 => "high",
            score if score >= 4.0 => "medium",
            score if score > 0.0 => "low",
            _ => "info",
        };
    }
    let level =
        text(result, &["level"]).or_else(|| text(rule?, &["defaultConfiguration", "level"]));
    level.unwrap_or("warning")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(run: &str) -> Vec<String> {
        let run = json::read(run.as_bytes()).unwrap();
        let results = run.get("results").items().iter();
        results.map(|result| weight(result, &run).to_owned()).collect()
    }

    #[test]
    fn a_result_without_a_level_has_its_rules_or_is_a_warning() {
        let run = r#"{"tool":{"driver":{"name":"t","rules":[
            {"id":"a","properties":{"security-severity":"9.8"}},
            {"id":"b","defaultConfiguration":{"level":"error"}}]}},
            "results":[{"ruleId":"a"},{"ruleIndex":1},{"ruleId":"c"},{"level":"note"}]}"#;
        assert_eq!(weights(run), ["critical", "error", "warning", "note"]);
    }

    #[test]
    fn a_run_without_results_or_that_broke_was_not_done() {
        for (run, done) in [
            (r#"{"tool":{"driver":{"name":"t"}},"results":[]}"#, true),
            (r#"{"tool":{"driver":{"name":"t"}}}"#, false),
            (
                r#"{"tool":{"driver":{"name":"t"}},"results":[],"invocations":[{"executionSuccessful":false}]}"#,
                false,
            ),
        ] {
            let run = json::read(run.as_bytes()).unwrap();
            assert_eq!(report(&run).unwrap().done, done);
        }
    }
}
