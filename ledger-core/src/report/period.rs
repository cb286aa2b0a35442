//! Period: how a span of a report is written: `2026-Q3`, `2026-07`, `2026`.

use crate::check::Period;
use crate::error::{Error, Result};
use crate::time::{DAY, Timestamp};

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

/// The days of a period, each with its first moment.
pub fn days(period: Period) -> impl Iterator<Item = Timestamp> {
    let first = period.from.micros() - period.from.micros() % DAY;
    let end = period.to.micros();
    let starts = std::iter::successors(Some(first), |day| Some(day + DAY));
    starts.take_while(move |day| *day < end).filter_map(Timestamp::from_micros)
}

/// The number of the week of the period that a moment is in, and how many there are; weeks begin with
/// the period's first day.
pub fn week(period: Period, at: Timestamp) -> usize {
    usize::try_from(at.micros().saturating_sub(period.from.micros()) / (7 * DAY)).unwrap_or(0)
}

/// The first days of the weeks of a period.
pub fn weeks(period: Period) -> Vec<String> {
    days(period).step_by(7).map(day).collect()
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
        assert_eq!(weeks(parse("2026-Q3").unwrap()).len(), 14);
        for wrong in ["", "2026-Q5", "2026-13", "26-Q1", "2026-7", "2026Q3", "2026-", "+026"] {
            assert_eq!(parse(wrong).unwrap_err().code(), "period", "{wrong}");
        }
    }
}
