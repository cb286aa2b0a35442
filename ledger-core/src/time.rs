//! Times: RFC 3339 in UTC with microseconds, exactly 27 bytes, one spelling.
//!
//! `2026-09-30T23:59:59.000000Z`. No offset, no leap second, years 1970 to 9999. The core never
//! reads a clock; callers pass a [`Timestamp`] in.

use chrono::{DateTime, Datelike, NaiveDate, Timelike};
use std::fmt;

use crate::error::{Error, Result};

/// Microseconds since 1970-01-01T00:00:00Z; never negative, before the year 10000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

/// Microseconds of a day.
pub const DAY: u64 = 86_400 * MICROS;
const MICROS: u64 = 1_000_000;
const LAST: u64 = 253_402_300_799_999_999;

impl Timestamp {
    /// From microseconds since the epoch; none after the year 9999.
    pub fn from_micros(micros: u64) -> Option<Self> {
        (micros <= LAST).then_some(Self(micros))
    }

    /// Microseconds since the epoch.
    pub fn micros(self) -> u64 {
        self.0
    }

    /// Whole seconds since the epoch.
    pub fn seconds(self) -> u64 {
        self.0 / MICROS
    }

    /// Reads the 27-byte spelling; code `time`.
    pub fn parse(text: &[u8]) -> Result<Self> {
        Self::read(text).ok_or_else(|| {
            Error::malformed(
                "time",
                format!("`{}` is not a time in UTC with microseconds", shown(text)),
            )
            .hint(
                "write it like 2026-09-30T23:59:59.000000Z: 27 characters, zone Z, no leap second",
            )
        })
    }

    /// The first moment of a day in UTC, written like 2026-09-30; code `time`.
    pub fn of_day(text: &str) -> Result<Self> {
        Self::parse(format!("{text}T00:00:00.000000Z").as_bytes())
    }

    fn read(text: &[u8]) -> Option<Self> {
        let text: &[u8; 27] = text.try_into().ok()?;
        let [
            y1,
            y2,
            y3,
            y4,
            b'-',
            mo1,
            mo2,
            b'-',
            d1,
            d2,
            b'T',
            h1,
            h2,
            b':',
            mi1,
            mi2,
            b':',
            s1,
            s2,
            b'.',
            f1,
            f2,
            f3,
            f4,
            f5,
            f6,
            b'Z',
        ] = *text
        else {
            return None;
        };
        let year = number(&[y1, y2, y3, y4])?;
        let date = NaiveDate::from_ymd_opt(
            i32::try_from(year).ok()?,
            number(&[mo1, mo2])?,
            number(&[d1, d2])?,
        )?;
        let micro = number(&[f1, f2, f3, f4, f5, f6])?;
        let at = date.and_hms_micro_opt(
            number(&[h1, h2])?,
            number(&[mi1, mi2])?,
            number(&[s1, s2])?,
            micro,
        )?;
        Self::from_micros(u64::try_from(at.and_utc().timestamp_micros()).ok()?)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = i64::try_from(self.0)
            .ok()
            .and_then(DateTime::from_timestamp_micros)
            .unwrap_or(DateTime::UNIX_EPOCH);
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
            at.year(),
            at.month(),
            at.day(),
            at.hour(),
            at.minute(),
            at.second(),
            at.nanosecond() / 1000
        )
    }
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| {
        digit.is_ascii_digit().then(|| value * 10 + u32::from(digit - b'0'))
    })
}

fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(text).chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling() {
        for good in [
            "1970-01-01T00:00:00.000000Z",
            "2024-02-29T12:30:01.000001Z",
            "9999-12-31T23:59:59.999999Z",
        ] {
            assert_eq!(Timestamp::parse(good.as_bytes()).unwrap().to_string(), good);
        }
        for bad in [
            "",
            "2026-09-30T23:59:59Z",
            "2026-09-30T23:59:59.000000+00:00",
            "2026-09-30T23:59:60.000000Z",
            "2026-02-29T00:00:00.000000Z",
            "1969-12-31T23:59:59.999999Z",
            "2026-09-30t23:59:59.000000z",
            "2026-09-30 23:59:59.000000Z",
            "2026-09-30T24:00:00.000000Z",
        ] {
            assert_eq!(Timestamp::parse(bad.as_bytes()).unwrap_err().code(), "time", "{bad}");
        }
    }
}
