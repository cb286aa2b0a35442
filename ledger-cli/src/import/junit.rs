//! JUnit XML: one `test.completed` for each outermost suite, its test cases counted here.
//!
//! What the file says about its own totals decides nothing, but if it differs from what is counted,
//! the outcome is `error`: something ran that the file does not show, or the other way round. A suite
//! without a test that ran is an `error` too, never a pass. Which artifact, run and level the report
//! is about must be given: no element says it.

use ledger_core::json::Value;

use super::json::Json;
use super::split::Framing;
use super::time::When;
use super::xml::{self, Element};
use super::{Draft, Reason, Record, Source};

pub(super) const SOURCE: Source = Source {
    name: "junit",
    reads: "JUnit XML reports; given: artifact, run, level, attempt, environment",
    version: 1,
    framing: Framing::Whole,
    map,
};

fn map(record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    let root = xml::read(record.bytes)?;
    let suites: Vec<&Element> = match root.name.as_str() {
        "testsuite" => vec![&root],
        "testsuites" => {
            let strays = root.has("testcase").then_some(&root);
            root.all("testsuite").chain(strays).collect()
        }
        _ => return Err(Reason::new("junit-root", "the document is no report of test suites")),
    };
    let id = record.given.identity(record.bytes);
    if suites.is_empty() {
        let when = time(&root, &root, record);
        // a report of nothing is kept as what it is: no test ran
        return Ok(vec![draft(&root, &root, &id, when, record)]);
    }
    let drafts =
        suites.iter().map(|suite| draft(suite, &root, &id, time(suite, &root, record), record));
    Ok(drafts.collect())
}

/// Suites tell when they began, mostly without a zone.
fn time(suite: &Element, root: &Element, record: &Record<'_>) -> When {
    let stamp = suite.get("timestamp").or_else(|| root.get("timestamp"));
    let read = stamp.and_then(|stamp| When::read(&Json::Text(stamp.into())));
    read.unwrap_or_else(|| When::received(record.received))
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    errors: u64,
    skipped: u64,
    flaky: u64,
}

impl Counts {
    fn total(self) -> u64 {
        self.passed + self.failed + self.errors + self.skipped
    }

    /// Counts the test cases below an element; in the root itself only those that no suite has.
    fn add(&mut self, element: &Element, deep: bool) {
        for child in &element.children {
            match child.name.as_str() {
                "testcase" => self.case(child),
                "testsuite" if deep => self.add(child, true),
                _ => {}
            }
        }
    }

    fn case(&mut self, case: &Element) {
        let status = case.get("status").or_else(|| case.get("result")).unwrap_or_default();
        let skipped = matches!(
            status.to_ascii_lowercase().as_str(),
            "skipped" | "disabled" | "notrun" | "ignored" | "suppressed"
        );
        if case.has("error") {
            self.errors += 1;
        } else if case.has("failure") || matches!(status, "failed" | "error" | "failure") {
            self.failed += 1;
        } else if case.has("skipped") || case.has("disabled") || skipped {
            self.skipped += 1;
        } else {
            self.passed += 1;
            self.flaky += u64::from(case.has("flakyFailure") || case.has("flakyError"));
        }
    }

    fn value(self) -> Value {
        let counts = [
            ("errors", self.errors),
            ("failed", self.failed),
            ("flaky", self.flaky),
            ("passed", self.passed),
            ("skipped", self.skipped),
            ("total", self.total()),
        ];
        Value::object(counts.map(|(name, count)| (name, Value::count(count))))
    }
}

/// How a suite ended: what failed fails it; what is missing or does not add up is an error.
fn outcome(suite: &Element, counts: Counts, whole: bool) -> &'static str {
    if counts.failed + counts.errors > 0 {
        return "failed";
    }
    let says = |name: &str, count: u64| {
        let text = suite.get(name).map(|text| text.replace(',', ""));
        text.is_none_or(|text| text.parse() == Ok(count))
    };
    let agrees = whole
        || (says("tests", counts.total())
            && says("failures", counts.failed)
            && says("errors", counts.errors));
    if counts.passed > 0 && agrees { "passed" } else { "error" }
}

fn draft(suite: &Element, root: &Element, id: &str, when: When, record: &Record<'_>) -> Draft {
    // test cases of the root itself, beside suites: its totals are those of all
    let beside = std::ptr::eq(suite, root) && root.name == "testsuites" && root.has("testsuite");
    let mut counts = Counts::default();
    counts.add(suite, !beside);
    let name = suite.get("name").or_else(|| root.get("name")).unwrap_or("unnamed");
    let given = record.given;
    let attempt = given.get("attempt").unwrap_or("1").parse().ok();
    Draft::new("test.completed", id, when)
        .subject("artifact", given.get("artifact"))
        .subject("service", given.get("service"))
        .id("suite", Some(name))
        .set("level", given.get("level").map(Value::text))
        .set("counts", Some(counts.value()))
        .word("outcome", outcome(suite, counts, beside))
        .id("run", given.get("run"))
        .set("attempt", attempt.map(Value::count))
        .id("environment", given.get("environment"))
        .set("duration", duration(suite))
}

/// Seconds, with a point for the fraction and perhaps a comma between thousands; rounded up.
fn duration(suite: &Element) -> Option<Value> {
    let text = suite.get("time")?.replace(',', "");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let seconds: u64 = whole.parse().ok()?;
    let part = fraction.bytes().any(|digit| digit != b'0');
    Some(Value::text(format!("PT{}S", seconds + u64::from(part))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str) -> (u64, &'static str) {
        let root = xml::read(text.as_bytes()).unwrap();
        let mut counts = Counts::default();
        counts.add(&root, true);
        (counts.total(), outcome(&root, counts, false))
    }

    #[test]
    fn a_suite_without_tests_is_not_a_pass() {
        for text in [
            "<testsuite/>",
            "<testsuite tests='0' failures='0'/>",
            "<testsuite tests='5' failures='0'/>",
            "<testsuite><testsuite tests='2'/></testsuite>",
        ] {
            assert_eq!(judged(text), (0, "error"), "{text}");
        }
        assert_eq!(judged("<testsuite><testcase><skipped/></testcase></testsuite>"), (1, "error"));
    }

    #[test]
    fn totals_of_the_file_never_make_a_pass() {
        for (text, verdict) in [
            ("<testsuite tests='1'><testcase/></testsuite>", "passed"),
            ("<testsuite><testcase/></testsuite>", "passed"),
            ("<testsuite tests='2'><testcase/></testsuite>", "error"),
            ("<testsuite tests='1' failures='1'><testcase/></testsuite>", "error"),
            ("<testsuite errors='x'><testcase/></testsuite>", "error"),
            (
                "<testsuite tests='1' failures='0'><testcase><failure/></testcase></testsuite>",
                "failed",
            ),
            (
                "<testsuite><testcase/><testsuite><testcase><error/></testcase></testsuite></testsuite>",
                "failed",
            ),
            ("<testsuite><testcase status='failed'/><testcase/></testsuite>", "failed"),
        ] {
            assert_eq!(judged(text).1, verdict, "{text}");
        }
    }

    #[test]
    fn durations_are_whole_seconds() {
        for (text, seconds) in [("0.001", "PT1S"), ("1,234.0", "PT1234S"), ("12", "PT12S")] {
            let root = xml::read(format!("<testsuite time='{text}'/>").as_bytes()).unwrap();
            assert_eq!(duration(&root), Some(Value::text(seconds)));
        }
    }
}
