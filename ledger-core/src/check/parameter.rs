//! Parameter: a limit of a test, with its unit, its default, and which way is stricter.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// Microseconds of a second.
const SECOND: u64 = 1_000_000;

/// Which way a limit becomes stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smaller is stricter.
    Smaller,
    /// Larger is stricter.
    Larger,
    /// Neither.
    Either,
}

/// The value of a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A span of time in microseconds; a day has 24 hours.
    Span(u64),
    /// Days on which work is done, as the calendar has them.
    BusinessDays(u64),
    /// A number.
    Count(u64),
    /// Hundredths.
    Percent(u64),
    /// Whether.
    Flag(bool),
    /// Words or ids.
    Ids(Vec<String>),
}

impl Value {
    /// Hours as a span.
    pub const fn hours(hours: u64) -> Self {
        Self::Span(hours * 3600 * SECOND)
    }

    /// Days of 24 hours as a span.
    pub const fn days(days: u64) -> Self {
        Self::hours(days * 24)
    }

    /// Minutes as a span.
    pub const fn minutes(minutes: u64) -> Self {
        Self::Span(minutes * 60 * SECOND)
    }

    /// The unit in words.
    pub fn unit(&self) -> &'static str {
        match self {
            Self::Span(_) => "duration",
            Self::BusinessDays(_) => "business-days",
            Self::Count(_) => "count",
            Self::Percent(_) => "percent",
            Self::Flag(_) => "flag",
            Self::Ids(_) => "ids",
        }
    }
}

/// A limit of a test.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name, unique in its test.
    pub name: &'static str,
    /// What it is unless a layer says otherwise.
    pub default: fn() -> Value,
    /// Which way is stricter.
    pub direction: Direction,
    /// What it limits.
    pub meaning: &'static str,
}

impl Parameter {
    /// A limit of that name.
    pub const fn new(
        name: &'static str,
        default: fn() -> Value,
        direction: Direction,
        meaning: &'static str,
    ) -> Self {
        Self { name, default, direction, meaning }
    }
}

/// The limits that layers have set for a test; all others have their defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    set: BTreeMap<String, Value>,
}

impl Parameters {
    /// Sets a limit of a test; codes `parameter-unknown`, `parameter-unit`.
    pub fn set(&mut self, known: &[Parameter], name: &str, value: Value) -> Result<()> {
        let Some(parameter) = known.iter().find(|parameter| parameter.name == name) else {
            let names: Vec<&str> = known.iter().map(|parameter| parameter.name).collect();
            return Err(Error::refused(
                "parameter-unknown",
                format!("`{name}` is no limit of the test"),
            )
            .hint(format!("it has `{}`", names.join("`, `"))));
        };
        let unit = (parameter.default)().unit();
        if unit != value.unit() {
            return Err(Error::refused(
                "parameter-unit",
                format!("`{name}` is a {unit}, not a {}", value.unit()),
            ));
        }
        self.set.insert(name.to_owned(), value);
        Ok(())
    }

    /// The value of a limit.
    pub fn get(&self, parameter: &Parameter) -> Value {
        self.set.get(parameter.name).cloned().unwrap_or_else(parameter.default)
    }

    /// A span in microseconds.
    pub fn span(&self, parameter: &Parameter) -> u64 {
        match self.get(parameter) {
            Value::Span(micros) => micros,
            _ => 0,
        }
    }

    /// A number, of things, days or hundredths.
    pub fn count(&self, parameter: &Parameter) -> u64 {
        match self.get(parameter) {
            Value::Count(count) | Value::Percent(count) | Value::BusinessDays(count) => count,
            _ => 0,
        }
    }

    /// Whether.
    pub fn flag(&self, parameter: &Parameter) -> bool {
        self.get(parameter) == Value::Flag(true)
    }

    /// Words or ids.
    pub fn ids(&self, parameter: &Parameter) -> Vec<String> {
        match self.get(parameter) {
            Value::Ids(ids) => ids,
            _ => Vec::new(),
        }
    }
}

impl Value {
    /// Reads a value of the same unit as this one; code `parameter-value`.
    ///
    /// Spans are ISO 8601 (`PT24H`, `P5D`, `P2W`); a month counts as 30 days, a year as 365. Ids stand
    /// between commas.
    pub fn like(&self, text: &str) -> Result<Self> {
        let number = || text.parse::<u64>().ok();
        let read = match self {
            Self::Span(_) => span(text).map(Self::Span),
            Self::BusinessDays(_) => number().map(Self::BusinessDays),
            Self::Count(_) => number().map(Self::Count),
            Self::Percent(_) => number().filter(|percent| *percent <= 100).map(Self::Percent),
            Self::Flag(_) => text.parse().ok().map(Self::Flag),
            Self::Ids(_) => {
                let ids = text.split(',').map(str::trim).filter(|id| !id.is_empty());
                Some(Self::Ids(ids.map(str::to_owned).collect()))
            }
        };
        read.ok_or_else(|| {
            Error::malformed("parameter-value", format!("`{text}` is not a {}", self.unit()))
                .hint("durations are written like PT24H or P5D")
        })
    }
}

/// Microseconds of an ISO 8601 duration; a month counts as 30 days, a year as 365.
pub fn micros(text: &str) -> Option<u64> {
    span(text)
}

fn span(text: &str) -> Option<u64> {
    let (date, time) = match text.strip_prefix('P')?.split_once('T') {
        Some((date, time)) if !time.is_empty() => (date, time),
        Some(_) => return None,
        None => (text.strip_prefix('P')?, ""),
    };
    let days = units(date, &[('Y', 365), ('M', 30), ('W', 7), ('D', 1)])?;
    let seconds = units(time, &[('H', 3600), ('M', 60), ('S', 1)])?;
    if date.is_empty() && time.is_empty() {
        return None;
    }
    days.checked_mul(86_400)?.checked_add(seconds)?.checked_mul(SECOND)
}

fn units(mut text: &str, known: &[(char, u64)]) -> Option<u64> {
    let (mut total, mut known) = (0_u64, known.iter());
    while !text.is_empty() {
        let end = text.find(|c: char| !c.is_ascii_digit())?;
        let (digits, rest) = text.split_at_checked(end)?;
        let unit = rest.chars().next()?;
        // units stand in their order, each once
        let (_, length) = known.find(|(name, _)| *name == unit)?;
        total = total.checked_add(digits.parse::<u64>().ok()?.checked_mul(*length)?)?;
        text = rest.get(unit.len_utf8()..)?;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read() {
        assert_eq!(span("PT24H"), Some(86_400 * SECOND));
        assert_eq!(span("P1DT2H30M"), Some((86_400 + 9_000) * SECOND));
        assert_eq!(span("P2W"), Some(14 * 86_400 * SECOND));
        for wrong in [
            "",
            "P",
            "PT",
            "24H",
            "P1H",
            "PT1D",
            "P1D2W",
            "PT-1H",
            "PT1.5H",
            "PT99999999999999999999H",
        ] {
            assert_eq!(span(wrong), None, "{wrong}");
        }
    }
}
