//! Period: how a span of a report is written: `2026-Q3`, `2026-07`, `2026`.

use crate::check::Period;
use crate::error::{Error, Result};
use crate::time::{DAY, Timestamp};
use crate::zone::Zone;

/// Reads a quarter, a month or a year, UTC; code `period`.
pub fn parse(word: &str) -> Result<Period> {
    read(word).ok_or_else(|| {
        Error::malformed("period", format!("`{word}` is not a period"))
            .hint("write a quarter like 2026-Q3, a month like 2026-07, or a year like 2026")
    })
}

fn read(word: &str) -> Option<Period> {
    let (year, part) = word.split_once('-').map_or((word, None), |(year, part)| (year, Some(part)));
    let is_year = year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit());
    let year = year.parse::<u64>().ok().filter(|_| is_year)?;
    let (first, months) = match part {
        None => (1, 12),
        Some(part) => match part.strip_prefix('Q') {
            Some(quarter) => match quarter {
                "1" => (1, 3),
                "2" => (4, 3),
                "3" => (7, 3),
                "4" => (10, 3),
                _ => return None,
            },
            None => (part.parse().ok().filter(|_| part.len() == 2)?, 1),
        },
    };
    let from = month(year, first)?;
    let after = first + months;
    let to = if after > 12 { month(year + 1, after - 12) } else { month(year, after) };
    Some(Period { from, to: to? })
}

fn month(year: u64, month: u64) -> Option<Timestamp> {
    Timestamp::of_day(&format!("{year:04}-{month:02}-01")).ok()
}

/// The word of a period: of a whole year, quarter or month the short one, else its first and last day.
pub fn word(period: Period) -> String {
    let first = day(period.from);
    let (year, rest) = first.split_once('-').unwrap_or_default();
    let month = rest.get(..2).unwrap_or_default();
    let quarter = match month {
        "01" => "Q1",
        "04" => "Q2",
        "07" => "Q3",
        _ => "Q4",
    };
    let words = [year.to_owned(), format!("{year}-{quarter}"), format!("{year}-{month}")];
    let same = |word: &String| read(word) == Some(period);
    let span = || format!("{first}..{}", day(last(period)));
    words.into_iter().find(same).unwrap_or_else(span)
}

/// The last moment of a period.
pub fn last(period: Period) -> Timestamp {
    Timestamp::from_micros(period.to.micros().saturating_sub(1)).unwrap_or(period.to)
}

/// The day of a moment, like `2026-09-30`.
pub fn day(at: Timestamp) -> String {
    at.to_string().get(..10).unwrap_or_default().to_owned()
}

/// The same days in UTC: from the first moment of the period's first day on the wall to that of the day
/// after its last.
pub fn on_wall(period: Period, zone: &Zone) -> Period {
    let begins = |number: u64, or: Timestamp| {
        number.checked_mul(DAY).and_then(Timestamp::from_micros).unwrap_or(or)
    };
    let from = begins(zone.day(period.from), period.from);
    Period { from, to: begins(zone.day(last(period)) + 1, period.to) }
}

/// The day of a moment on the wall.
pub fn day_on_wall(at: Timestamp, zone: &Zone) -> String {
    let first = zone.day(at).checked_mul(DAY).and_then(Timestamp::from_micros);
    day(first.unwrap_or(at))
}

/// The days of a period on the wall, each with its first moment and that of the next.
pub fn days(period: Period, zone: &Zone) -> impl Iterator<Item = (String, Timestamp, Timestamp)> {
    let numbers = zone.day(period.from)..=zone.day(last(period));
    numbers.filter_map(|number| {
        let (from, to) = (zone.begins(number)?, zone.begins(number + 1)?);
        Some((day(Timestamp::from_micros(number.checked_mul(DAY)?)?), from, to))
    })
}

/// The number of the week of the period that a moment is in; weeks begin with the period's first day.
pub fn week(period: Period, zone: &Zone, at: Timestamp) -> usize {
    usize::try_from(zone.day(at).saturating_sub(zone.day(period.from)) / 7).unwrap_or(0)
}

/// The first days of the weeks of a period.
pub fn weeks(period: Period, zone: &Zone) -> Vec<String> {
    days(period, zone).step_by(7).map(|(day, ..)| day).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_read_and_written() {
        for (written, from, to) in [
            ("2026-Q3", "2026-07-01", "2026-10-01"),
            ("2026-Q4", "2026-10-01", "2027-01-01"),
            ("2026-12", "2026-12-01", "2027-01-01"),
            ("2026", "2026-01-01", "2027-01-01"),
        ] {
            let period = parse(written).unwrap();
            assert_eq!((day(period.from), day(period.to)), (from.to_owned(), to.to_owned()));
            assert_eq!(word(period), written);
        }
        let odd = Period { from: month(2026, 2).unwrap(), to: month(2026, 4).unwrap() };
        assert_eq!(word(odd), "2026-02-01..2026-03-31");
        assert_eq!(weeks(parse("2026-Q3").unwrap(), &Zone::default()).len(), 14);
        for wrong in ["", "2026-Q5", "2026-13", "26-Q1", "2026-7", "2026Q3", "2026-", "+026"] {
            assert_eq!(parse(wrong).unwrap_err().code(), "period", "{wrong}");
        }
    }

    #[test]
    fn days_are_those_on_the_wall() {
        let utc = parse("2026-Q3").unwrap();
        assert_eq!(on_wall(utc, &Zone::default()), utc);
        let zone = Zone::parse("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let at = |text: &str| Timestamp::parse(text.as_bytes()).unwrap();
        let (from, to) = ("2026-09-30T22:00:00.000000Z", "2026-12-31T23:00:00.000000Z");
        let quarter = Period { from: at(from), to: at(to) };
        assert_eq!(word(on_wall(quarter, &zone)), "2026-Q4");
        let all: Vec<_> = days(quarter, &zone).collect();
        assert_eq!((all.len(), all[0].0.as_str(), all[0].1), (92, "2026-10-01", quarter.from));
        assert_eq!(all[91].2, quarter.to);
        assert_eq!(weeks(quarter, &zone)[13], "2026-12-31");
        // the clocks turn on 25 October: the fifth week still begins on a Thursday
        assert_eq!(week(quarter, &zone, at("2026-10-28T22:59:00.000000Z")), 3);
        assert_eq!(week(quarter, &zone, at("2026-10-28T23:00:00.000000Z")), 4);
        assert_eq!(day_on_wall(at("2026-10-28T23:00:00.000000Z"), &zone), "2026-10-29");
    }
}
