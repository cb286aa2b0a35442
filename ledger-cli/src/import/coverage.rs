//! Coverage of tests: Cobertura XML, JaCoCo XML, LCOV. The lines are counted here, the report's own
//! rates decide nothing.
//!
//! A coverage report runs no test. It is a `test.completed` with no test counted, and its outcome is
//! `passed` or `failed` only by the `minimum` that is given, in percent; without one, or without a line
//! that could be covered, it is `error`: nothing can be told.

use ledger_core::json::Value;

use super::split::Framing;
use super::time::When;
use super::xml::{self, Element};
use super::{Draft, Reason, Record, Source};

pub(super) const SOURCE: Source = Source {
    name: "coverage",
    reads: "Cobertura and JaCoCo XML, LCOV; given: artifact, run, level, minimum (percent)",
    version: 1,
    framing: Framing::Whole,
    map,
};

/// Lines that can be covered, and those that were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Lines {
    all: u64,
    covered: u64,
}

impl Lines {
    fn add(&mut self, covered: bool) {
        self.all += 1;
        self.covered += u64::from(covered);
    }

    /// In tenths of a percent, rounded down; none of nothing.
    fn tenths(self) -> Option<u64> {
        self.covered.checked_mul(1000)?.checked_div(self.all)
    }
}

fn map(record: &Record<'_>) -> Result<Vec<Draft>, Reason> {
    let given = record.given;
    let start = record.bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let (lines, suite) = if matches!(start, Some(b'<' | 0xfe | 0xff)) {
        let root = xml::read(record.bytes)?;
        match root.name.as_str() {
            "coverage" => (cobertura(&root)?, "cobertura"),
            "report" => (jacoco(&root)?, "jacoco"),
            _ => return Err(Reason::new("coverage-root", "the document is no coverage report")),
        }
    } else {
        (lcov(record.bytes)?, "lcov")
    };
    let minimum = given.get("minimum").and_then(tenths_of);
    let outcome = match (lines.tenths(), minimum) {
        (Some(found), Some(minimum)) if found >= minimum => "passed",
        (Some(_), Some(_)) => "failed",
        _ => "error",
    };
    let zero = ["errors", "failed", "flaky", "passed", "skipped", "total"];
    let coverage = lines.tenths().map(|tenths| match tenths % 10 {
        0 => Value::text((tenths / 10).to_string()),
        part => Value::text(format!("{}.{part}", tenths / 10)),
    });
    let attempt = given.get("attempt").map_or(Some(1), |text| text.parse().ok());
    let when = When::received(record.received);
    Ok(vec![
        Draft::new("test.completed", &given.identity(record.bytes), when)
            .subject("artifact", given.get("artifact"))
            .id("suite", Some(&format!("coverage/{suite}")))
            .set("level", Some(Value::text(given.get("level").unwrap_or("unit"))))
            .id("run", given.get("run"))
            .id("environment", given.get("environment"))
            .set("attempt", attempt.map(Value::count))
            .set("counts", Some(Value::object(zero.map(|name| (name, Value::count(0))))))
            .set("coverage", coverage)
            .word("outcome", outcome),
    ])
}

/// `80` or `82.5`, as tenths.
fn tenths_of(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let part: u64 = (part.len() == 1).then(|| part.parse().ok())??;
    whole.parse::<u64>().ok()?.checked_mul(10)?.checked_add(part).filter(|tenths| *tenths <= 1000)
}

fn number(element: &Element, name: &str) -> Result<u64, Reason> {
    let wrong = || Reason::new("coverage-number", format!("a line has no legal `{name}`"));
    element.get(name).and_then(|text| text.parse().ok()).ok_or_else(wrong)
}

/// The lines of classes; those of methods are the same lines again.
fn cobertura(root: &Element) -> Result<Lines, Reason> {
    let mut lines = Lines::default();
    let classes = root.all("packages").flat_map(|all| all.all("package"));
    let classes = classes.flat_map(|package| package.all("classes"));
    for class in classes.flat_map(|classes| classes.all("class")) {
        for line in class.all("lines").flat_map(|lines| lines.all("line")) {
            lines.add(number(line, "hits")? > 0);
        }
    }
    Ok(lines)
}

/// The lines of source files; where a report leaves them out, its counters of classes.
fn jacoco(root: &Element) -> Result<Lines, Reason> {
    let mut lines = Lines::default();
    let groups = root.all("group").flat_map(|group| group.all("package"));
    for package in root.all("package").chain(groups) {
        for line in package.all("sourcefile").flat_map(|file| file.all("line")) {
            lines.add(number(line, "ci")? > 0);
        }
        if package.all("sourcefile").any(|file| file.has("line")) {
            continue;
        }
        for counter in package.all("class").flat_map(|class| class.all("counter")) {
            if counter.get("type") == Some("LINE") {
                let covered = number(counter, "covered")?;
                lines.all =
                    lines.all.saturating_add(covered.saturating_add(number(counter, "missed")?));
                lines.covered = lines.covered.saturating_add(covered);
            }
        }
    }
    Ok(lines)
}

/// `DA:<line>,<count>[,<checksum>]` within `SF:` … `end_of_record`.
fn lcov(bytes: &[u8]) -> Result<Lines, Reason> {
    let wrong = || Reason::new("coverage-lcov", "the file is no LCOV report");
    let text = std::str::from_utf8(bytes).map_err(|_| wrong())?;
    let (mut lines, mut open, mut files) = (Lines::default(), false, 0);
    for line in text.lines() {
        if line.starts_with("SF:") {
            (open, files) = (true, files + 1);
        } else if line == "end_of_record" {
            open = false;
        } else if let Some(data) = line.strip_prefix("DA:").filter(|_| open) {
            let count = data.split(',').nth(1).and_then(|count| count.parse::<u64>().ok());
            lines.add(count.ok_or_else(wrong)? > 0);
        }
    }
    // a report that was cut short is none
    if files == 0 || open { Err(wrong()) } else { Ok(lines) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_and_rates_of_the_report_are_not_believed() {
        let text = br#"<coverage line-rate="1"><packages><package><classes><class>
            <methods><method><lines><line number="1" hits="1"/></lines></method></methods>
            <lines><line number="1" hits="1"/><line number="2" hits="0"/><line number="3" hits="4"/></lines>
            </class></classes></package></packages></coverage>"#;
        let lines = cobertura(&xml::read(text).unwrap()).unwrap();
        assert_eq!((lines.all, lines.covered, lines.tenths()), (3, 2, Some(666)));
        let text = b"TN:\nSF:a.c\nDA:1,1\nDA:2,0\nLH:2\nLF:2\nend_of_record\n";
        assert_eq!(lcov(text).unwrap(), Lines { all: 2, covered: 1 });
        assert_eq!(lcov(b"SF:a.c\nDA:1,1\n").unwrap_err().code, "coverage-lcov");
        assert_eq!(lcov(b"").unwrap_err().code, "coverage-lcov");
        assert_eq!(Lines::default().tenths(), None);
        assert_eq!(
            (tenths_of("82.5"), tenths_of("80"), tenths_of("101")),
            (Some(825), Some(800), None)
        );
    }
}
