//! Times as sources spell them, and how exact each is.
//!
//! RFC 3339 with any zone, ISO 8601 offsets without a colon, a space for the `T`, `UTC` behind, no
//! zone at all (UTC is assumed and said), dates, and seconds, milli-, micro- or nanoseconds since
//! 1970 by their magnitude. What cannot be read is no reason to lose a record: then the time at which
//! it was received counts, and the event says so.

use ledger_core::json::Value;
use ledger_core::time::Timestamp;

use super::json::Json;

/// When something happened, as far as its source says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct When {
    /// The time, in UTC.
    pub(crate) at: Timestamp,
    /// A word of the envelope's `time_quality`.
    pub(crate) quality: &'static str,
    /// The source's own spelling, where it differs.
    pub(crate) raw: Option<String>,
}

impl When {
    /// No time was told: it was received then.
    pub(crate) fn received(at: Timestamp) -> Self {
        Self { at, quality: "received", raw: None }
    }

    /// The time that stands in a value, if it is one.
    pub(crate) fn read(value: &Json<'_>) -> Option<Self> {
        match value {
            Json::Number(text) => epoch(text),
            Json::Text(text) => parse(text.trim()),
            _ => None,
        }
    }

    /// The first of the values in which a time stands, else when it was received.
    pub(crate) fn first(values: &[&Json<'_>], received: Timestamp) -> Self {
        values
            .iter()
            .find_map(|value| Self::read(value))
            .unwrap_or_else(|| Self::received(received))
    }

    /// As a field of an event has it.
    pub(crate) fn value(&self) -> Value {
        Value::text(self.at.to_string())
    }
}

/// Seconds, milliseconds, microseconds or nanoseconds since 1970, by magnitude.
fn epoch(text: &str) -> Option<When> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let number: u64 = whole.parse().ok()?;
    let (unit, quality) = match number {
        0 => return None,
        1..100_000_000_000 => (1_000_000, "second"),
        100_000_000_000..100_000_000_000_000 => (1_000, "exact"),
        100_000_000_000_000..100_000_000_000_000_000 => (1, "exact"),
        _ => (0, "exact"),
    };
    let micros = if unit == 0 { number / 1000 } else { number.checked_mul(unit)? };
    let part = if unit == 1_000_000 { micros_of(fraction)? } else { 0 };
    let quality = if part > 0 { "exact" } else { quality };
    let at = Timestamp::from_micros(micros.checked_add(part)?)?;
    Some(When { at, quality, raw: raw(text, at) })
}

fn parse(text: &str) -> Option<When> {
    if text.len() < 8 || !text.is_ascii() {
        return None;
    }
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && text.len() >= 9 {
        return epoch(text);
    }
    let (date, rest) = text.split_at_checked(10)?;
    let days = days(date)?;
    if rest.is_empty() {
        let at = Timestamp::from_micros(days.checked_mul(86_400_000_000)?)?;
        return Some(When { at, quality: "day", raw: raw(text, at) });
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, zone) = split_zone(rest);
    let (micros, fine) = clock_micros(clock)?;
    let (offset, quality) = match zone.trim() {
        "" => (0, "zone_assumed"),
        "Z" | "z" | "UTC" | "GMT" => (0, if fine { "exact" } else { "second" }),
        zone => (offset_micros(zone)?, if fine { "exact" } else { "second" }),
    };
    let local = i64::try_from(days.checked_mul(86_400_000_000)?.checked_add(micros)?).ok()?;
    let at = Timestamp::from_micros(u64::try_from(local.checked_sub(offset)?).ok()?)?;
    Some(When { at, quality, raw: raw(text, at) })
}

/// The clock and the zone behind it, which begins at the first byte that no clock has.
fn split_zone(text: &str) -> (&str, &str) {
    let clock = |byte: u8| byte.is_ascii_digit() || matches!(byte, b':' | b'.' | b',');
    let end = text.bytes().position(|byte| !clock(byte)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn days(date: &str) -> Option<u64> {
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    // the law of times in the log is the law here: it knows the calendar
    let at = Timestamp::of_day(&format!("{year}-{month}-{day}")).ok()?;
    Some(at.micros() / 86_400_000_000)
}

fn clock_micros(clock: &str) -> Option<(u64, bool)> {
    let (clock, fraction) = clock.split_once(['.', ',']).unwrap_or((clock, ""));
    let mut parts = clock.split(':');
    let hour: u64 = two(parts.next()?)?;
    let minute: u64 = two(parts.next()?)?;
    let second: u64 = parts.next().map_or(Some(0), two)?;
    // a leap second is the last moment of its minute here
    let second_in = second.min(59);
    if hour > 23 || minute > 59 || second > 60 || parts.next().is_some() {
        return None;
    }
    let seconds = hour * 3600 + minute * 60 + second_in;
    Some((seconds * 1_000_000 + micros_of(fraction)?, !fraction.is_empty()))
}

fn two(digits: &str) -> Option<u64> {
    let legal = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
    legal.then(|| digits.parse().ok()).flatten()
}

/// The first six digits of a fraction, as microseconds.
fn micros_of(fraction: &str) -> Option<u64> {
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits: String = fraction.chars().chain("000000".chars()).take(6).collect();
    digits.parse().ok()
}

fn offset_micros(zone: &str) -> Option<i64> {
    let (sign, digits) = match zone.as_bytes().first()? {
        b'+' => (1, zone.get(1..)?),
        b'-' => (-1, zone.get(1..)?),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 2 => (digits, "00"),
        None => digits.split_at_checked(2)?,
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    Some(sign * i64::try_from(hours * 60 + minutes).ok()? * 60_000_000)
}

/// The spelling of the source, where it is another and of a time's alphabet.
fn raw(text: &str, at: Timestamp) -> Option<String> {
    let spelled = at.to_string();
    let legal = text.len() <= 64
        && text.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'+' | b'-' | b'.' | b':' | b',')
        });
    (legal && text != spelled).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_sources_spell_them() {
        for (text, at, quality) in [
            ("\"2026-07-01T09:30:00Z\"", "2026-07-01T09:30:00.000000Z", "second"),
            ("\"2026-07-01T11:30:00.123+02:00\"", "2026-07-01T09:30:00.123000Z", "exact"),
            ("\"2026-07-01T01:30:00.1234567-0800\"", "2026-07-01T09:30:00.123456Z", "exact"),
            ("\"2021-04-28 21:50:00 +0200\"", "2021-04-28T19:50:00.000000Z", "second"),
            ("\"2026-07-01 09:30:00 UTC\"", "2026-07-01T09:30:00.000000Z", "second"),
            ("\"2026-07-01 09:30:00\"", "2026-07-01T09:30:00.000000Z", "zone_assumed"),
            ("\"2026-07-01T09:30:00.5\"", "2026-07-01T09:30:00.500000Z", "zone_assumed"),
            ("\"2026-07-01\"", "2026-07-01T00:00:00.000000Z", "day"),
            ("1782898200", "2026-07-01T09:30:00.000000Z", "second"),
            ("1782898200.25", "2026-07-01T09:30:00.250000Z", "exact"),
            ("1782898200123", "2026-07-01T09:30:00.123000Z", "exact"),
            ("\"1782898200123\"", "2026-07-01T09:30:00.123000Z", "exact"),
            ("1782898200123456", "2026-07-01T09:30:00.123456Z", "exact"),
            ("1782898200123456789", "2026-07-01T09:30:00.123456Z", "exact"),
        ] {
            let value = super::super::json::read(text.as_bytes()).unwrap();
            let when = When::read(&value).unwrap();
            assert_eq!((when.at.to_string().as_str(), when.quality), (at, quality), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "\"\"",
            "\"soon\"",
            "0",
            "-5",
            "1e12",
            "true",
            "null",
            "\"2026-13-01\"",
            "\"2026-07-01T25:00:00Z\"",
            "\"2026-07-01T09:30:00 Pacific\"",
            "99999999999999999999",
        ] {
            let value = super::super::json::read(text.as_bytes()).unwrap();
            assert_eq!(When::read(&value), None, "{text}");
        }
        let none = When::first(&[super::super::json::NULL], Timestamp::from_micros(7).unwrap());
        assert_eq!((none.at.micros(), none.quality), (7, "received"));
    }
}
