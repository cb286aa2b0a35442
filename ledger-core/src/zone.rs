//! Zone: what a clock on the wall shows, by a rule in the POSIX form (`CET-1CEST,M3.5.0,M10.5.0/3`).
//!
//! Source: POSIX.1-2017, 8.3 (`TZ`). The rule stands with the data that use it, so a period has the same
//! edges on every machine and in every year, whatever table of zones is installed there.

use crate::error::{Error, Result};
use crate::time::Timestamp;

const SECOND: i64 = 1_000_000;
const DAY_SECONDS: i64 = 86_400;

/// An offset from UTC, and when another one holds.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Zone {
    /// Seconds east of UTC.
    standard: i64,
    daylight: Option<Daylight>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Daylight {
    /// Seconds east of UTC.
    offset: i64,
    begins: Turn,
    ends: Turn,
}

/// The n-th such day of a month, 5 the last, and seconds after its midnight on the wall.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Turn {
    month: i64,
    week: i64,
    /// 0 is Sunday.
    weekday: i64,
    seconds: i64,
}

impl Zone {
    /// Reads a rule; code `zone`.
    pub fn parse(text: &str) -> Result<Self> {
        read(text).ok_or_else(|| {
            Error::malformed("zone", format!("`{text}` is not a rule of a time zone"))
                .hint("write it like UTC0, EST5EDT,M3.2.0,M11.1.0 or CET-1CEST,M3.5.0,M10.5.0/3")
        })
    }

    /// The day on the wall at a moment, counted from 1970-01-01.
    pub fn day(&self, at: Timestamp) -> u64 {
        let seconds = i64::try_from(at.seconds()).unwrap_or(0);
        u64::try_from((seconds + self.offset(seconds)).div_euclid(DAY_SECONDS)).unwrap_or(0)
    }

    /// The first moment of a day on the wall; none after the year 9999.
    pub fn begins(&self, day: u64) -> Option<Timestamp> {
        let wall = i64::try_from(day).ok()?.checked_mul(DAY_SECONDS)?;
        let offsets = [self.daylight.as_ref().map(|known| known.offset), Some(self.standard)];
        // where midnight comes twice the first counts; where there is none, the moment of the turn
        let fits = |offset: &i64| self.offset(wall - offset) == *offset;
        let found = offsets.into_iter().flatten().filter(fits).map(|offset| wall - offset).min();
        let seconds = found.unwrap_or(wall - self.standard).max(0);
        Timestamp::from_micros(u64::try_from(seconds.checked_mul(SECOND)?).ok()?)
    }

    /// Seconds east of UTC at a second since 1970.
    fn offset(&self, second: i64) -> i64 {
        let Some(daylight) = &self.daylight else { return self.standard };
        let year = civil((second + self.standard).div_euclid(DAY_SECONDS)).0;
        let begins = daylight.begins.in_year(year) - self.standard;
        let ends = daylight.ends.in_year(year) - daylight.offset;
        let inside = if begins < ends {
            (begins..ends).contains(&second)
        } else {
            !(ends..begins).contains(&second)
        };
        if inside { daylight.offset } else { self.standard }
    }
}

impl Turn {
    /// Seconds on the wall since 1970.
    fn in_year(&self, year: i64) -> i64 {
        let first = days(year, self.month, 1);
        // 1970-01-01 was a Thursday
        let weekday = (first + 4).rem_euclid(7);
        let mut day = first + (self.weekday - weekday).rem_euclid(7) + 7 * (self.week - 1);
        let next =
            if self.month == 12 { days(year + 1, 1, 1) } else { days(year, self.month + 1, 1) };
        while day >= next {
            day -= 7;
        }
        day * DAY_SECONDS + self.seconds
    }
}

/// Days from 1970-01-01 to a day of the Gregorian calendar.
pub fn days(year: i64, month: i64, day: i64) -> i64 {
    // years begin in March, so that the day that is inserted comes last
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a day counted from 1970-01-01.
pub fn civil(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let (number, of_month) = ((month + 2) % 12 + 1, of_year - (153 * month + 2) / 5 + 1);
    (year + era * 400 + i64::from(number <= 2), number, of_month)
}

fn read(text: &str) -> Option<Zone> {
    let (names, turns) = match text.split_once(',') {
        Some((names, turns)) => (names, Some(turns)),
        None => (text, None),
    };
    let rest = name(names)?;
    let (standard, rest) = clock(rest)?;
    // POSIX counts westwards
    let standard = -standard;
    if rest.is_empty() {
        return turns.is_none().then_some(Zone { standard, daylight: None });
    }
    let rest = name(rest)?;
    let offset = if rest.is_empty() {
        standard + 3600
    } else {
        let (offset, rest) = clock(rest)?;
        if !rest.is_empty() {
            return None;
        }
        -offset
    };
    let (begins, ends) = turns?.split_once(',')?;
    Some(Zone {
        standard,
        daylight: Some(Daylight { offset, begins: turn(begins)?, ends: turn(ends)? }),
    })
}

/// What follows a name of three letters or more, or one in angle brackets.
fn name(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix('<') {
        return rest.split_once('>').filter(|(name, _)| name.len() >= 3).map(|(_, rest)| rest);
    }
    let length = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    (length >= 3).then(|| text.get(length..)).flatten()
}

/// Hours, minutes and seconds with a sign, and what follows.
fn clock(text: &str) -> Option<(i64, &str)> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let length = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b':').count();
    let (digits, rest) = text.split_at_checked(length)?;
    let mut seconds = 0;
    let mut unit = 3600;
    for part in digits.split(':') {
        let value = part
            .parse::<i64>()
            .ok()
            .filter(|value| *value <= if unit == 3600 { 24 } else { 59 })?;
        seconds += value * unit;
        unit /= 60;
    }
    Some((sign * seconds, rest))
}

fn turn(text: &str) -> Option<Turn> {
    let (date, time) = text.split_once('/').map_or((text, None), |(date, time)| (date, Some(time)));
    let mut parts = date.strip_prefix('M')?.split('.').map(|part| part.parse::<i64>().ok());
    let mut part = |least: i64, most: i64| {
        parts.next().flatten().filter(|value| (least..=most).contains(value))
    };
    let (month, week, weekday) = (part(1, 12)?, part(1, 5)?, part(0, 6)?);
    let seconds = match time {
        None => 2 * 3600,
        Some(time) => clock(time).filter(|(_, rest)| rest.is_empty())?.0,
    };
    parts.next().is_none().then_some(Turn { month, week, weekday, seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(rule: &str, year: i64, month: i64, day: i64) -> String {
        let day = u64::try_from(days(year, month, day)).unwrap();
        let zone = Zone::parse(rule).unwrap();
        let begins = zone.begins(day).unwrap();
        assert_eq!(zone.day(begins), day, "{rule}");
        let before = Timestamp::from_micros(begins.micros() - 1).unwrap();
        assert_eq!(zone.day(before), day - 1, "{rule}");
        begins.to_string()
    }

    #[test]
    fn days_begin_at_midnight_on_the_wall() {
        let berlin = "CET-1CEST,M3.5.0,M10.5.0/3";
        assert_eq!(first("UTC0", 2026, 7, 1), "2026-07-01T00:00:00.000000Z");
        assert_eq!(first(berlin, 2026, 7, 1), "2026-06-30T22:00:00.000000Z");
        assert_eq!(first(berlin, 2026, 10, 1), "2026-09-30T22:00:00.000000Z");
        // the last Sunday of October 2026 is the 25th: it has 25 hours
        assert_eq!(first(berlin, 2026, 10, 25), "2026-10-24T22:00:00.000000Z");
        assert_eq!(first(berlin, 2026, 10, 26), "2026-10-25T23:00:00.000000Z");
        // and the 29th of March has 23
        assert_eq!(first(berlin, 2026, 3, 29), "2026-03-28T23:00:00.000000Z");
        assert_eq!(first(berlin, 2026, 3, 30), "2026-03-29T22:00:00.000000Z");
        assert_eq!(first("EST5EDT,M3.2.0,M11.1.0", 2026, 1, 1), "2026-01-01T05:00:00.000000Z");
        assert_eq!(first("EST5EDT,M3.2.0,M11.1.0", 2026, 7, 1), "2026-07-01T04:00:00.000000Z");
        assert_eq!(first("<+0545>-5:45", 2026, 7, 1), "2026-06-30T18:15:00.000000Z");
        // south of the equator summer spans the new year
        assert_eq!(
            first("AEST-10AEDT,M10.1.0,M4.1.0/3", 2026, 1, 1),
            "2025-12-31T13:00:00.000000Z"
        );
        assert_eq!(
            first("AEST-10AEDT,M10.1.0,M4.1.0/3", 2026, 7, 1),
            "2026-06-30T14:00:00.000000Z"
        );
        // where clocks turn at midnight, that day has none: it begins with the turn
        assert_eq!(
            first("<-03>3<-02>,M10.3.0/0,M2.3.0/0", 2026, 10, 18),
            "2026-10-18T03:00:00.000000Z"
        );
    }

    #[test]
    fn calendar_days_go_there_and_back() {
        for day in [0, 58, 59, 60, 11_016, 11_017, 20_634, 47_540, 2_932_896] {
            let (year, month, of_month) = civil(day);
            assert_eq!(days(year, month, of_month), day);
        }
        assert_eq!(civil(20_634), (2026, 6, 30));
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for wrong in [
            "",
            "UT0",
            "CET",
            "CET-1CEST",
            "CET-1CEST,M3.5.0",
            "CET-1CEST,M13.5.0,M10.5.0",
            "CET-1CEST,M3.6.0,M10.5.0",
            "CET-1CEST,J60,J300",
            "CET-25",
            "Europe/Berlin",
            "UTC0,M3.5.0,M10.5.0",
        ] {
            assert_eq!(Zone::parse(wrong).unwrap_err().code(), "zone", "{wrong}");
        }
    }
}
