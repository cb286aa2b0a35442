//! Fiscal: the calendar of an entity: its year, its zone, its days of work (`controls/calendars/`).

use std::collections::BTreeSet;

use serde::Deserialize;

use super::parse;
use crate::check::{Calendar, Period};
use crate::error::{Error, Result};
use crate::hash::Sha256;
use crate::time::Timestamp;
use crate::zone::{Zone, days};

const WEEK: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    timezone: String,
    rule: Option<String>,
    year_starts: String,
    #[serde(default)]
    year_named: Named,
    weekend: Vec<String>,
    holidays: Vec<String>,
}

/// By which of its calendar years a fiscal year is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Named {
    #[default]
    Start,
    End,
}

/// The calendar of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fiscal {
    /// Its id.
    pub id: String,
    /// The name of its zone, for people; the rule in the file decides.
    pub timezone: String,
    /// SHA-256 of its text.
    pub digest: Sha256,
    /// Month and day on which its year begins.
    starts: (i64, i64),
    named: Named,
    days: Calendar,
}

impl Fiscal {
    /// The calendar that is built in: the calendar year, UTC, Monday to Friday.
    pub fn shipped() -> Result<Self> {
        let text = include_str!("../../../controls/calendars/gregorian-quarters.toml");
        Self::read("controls/calendars/gregorian-quarters.toml", text)
    }

    /// Reads a calendar; codes `control-file`, `zone`, `calendar-zone` (a zone without its rule),
    /// `calendar-day` (no day, or one on which no fiscal month can begin).
    pub fn read(file: &str, text: &str) -> Result<Self> {
        let written: Written = parse(file, text)?;
        let wrong = |code: &'static str, message: String| {
            Error::malformed(code, message).at(file.to_owned())
        };
        let zone = match &written.rule {
            Some(rule) => Zone::parse(rule).map_err(|error| error.at(file.to_owned()))?,
            None if written.timezone == "UTC" => Zone::default(),
            None => {
                let message = format!("nothing says when clocks turn in `{}`", written.timezone);
                return Err(wrong("calendar-zone", message)
                    .hint("write the rule, like rule = \"CET-1CEST,M3.5.0,M10.5.0/3\""));
            }
        };
        let day = |text: &String| {
            Timestamp::of_day(text).map(|at| Zone::default().day(at)).map_err(|_| {
                wrong("calendar-day", format!("`{text}` is not a day like 2026-12-25"))
            })
        };
        let weekday = |name: &String| {
            let place = WEEK.iter().position(|known| *known == name.as_str());
            let missing = || wrong("calendar-day", format!("`{name}` is no day of the week"));
            place.map(|place| place as u64).ok_or_else(missing)
        };
        let starts = start(&written.year_starts).ok_or_else(|| {
            let text = &written.year_starts;
            wrong("calendar-day", format!("no fiscal year begins on `{text}`"))
                .hint("a month and a day up to 28, like 04-01")
        })?;
        let days = Calendar {
            weekend: written.weekend.iter().map(weekday).collect::<Result<BTreeSet<u64>>>()?,
            holidays: written.holidays.iter().map(day).collect::<Result<BTreeSet<u64>>>()?,
            zone,
            named: written.timezone.clone(),
        };
        Ok(Self {
            id: written.id,
            timezone: written.timezone,
            digest: Sha256::of(text.as_bytes()),
            starts,
            named: written.year_named,
            days,
        })
    }

    /// Days on which work is done, in its zone.
    pub fn days(&self) -> &Calendar {
        &self.days
    }

    /// The period of a word: `FY2026`, `FY2026-H1`, `FY2026-Q3`, `FY2026-M07` of its own year, else
    /// `2026`, `2026-Q3`, `2026-07` of the calendar's. From the first moment of its first day on the
    /// wall to that of the day after its last. Code `period`.
    pub fn period(&self, word: &str) -> Result<Period> {
        self.find(word).ok_or_else(|| {
            Error::malformed("period", format!("`{word}` is not a period")).hint(
                "write 2026-Q3, 2026-07 or 2026, or of the fiscal year FY2026-Q3, FY2026-H1, FY2026-M07 or FY2026",
            )
        })
    }

    /// From the first to the last of two days, each its first moment in UTC as days are written.
    pub fn span(&self, first: Timestamp, last: Timestamp) -> Option<Period> {
        let number = |at: Timestamp| Zone::default().day(at);
        let from = self.days.zone.begins(number(first))?;
        let to = self.days.zone.begins(number(last) + 1)?;
        Some(Period { from, to })
    }

    fn find(&self, word: &str) -> Option<Period> {
        let (own, rest) = match word.strip_prefix("FY") {
            Some(rest) => (true, rest),
            None => (false, word),
        };
        let (year, part) = rest.split_once('-').map_or((rest, None), |(y, p)| (y, Some(p)));
        let digits = |text: &str, length: usize| {
            let all = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<i64>().ok().filter(|_| all)
        };
        let year = digits(year, 4).filter(|year| *year >= 1970)?;
        let part_of = |letter: char, length: i64| {
            let number = digits(part?.strip_prefix(letter)?, 1)?;
            (1..=12 / length).contains(&number).then_some(((number - 1) * length, length))
        };
        let month = || {
            let text = if own { part?.strip_prefix('M')? } else { part? };
            let number = digits(text, 2).filter(|number| (1..=12).contains(number))?;
            Some((number - 1, 1))
        };
        let half = || part_of('H', 6).filter(|_| own);
        let (skipped, months) = match part {
            None => (0, 12),
            Some(_) => part_of('Q', 3).or_else(half).or_else(month)?,
        };
        let (first_month, day) = if own { self.starts } else { (1, 1) };
        let whole = (first_month, day) == (1, 1);
        let before = own && self.named == Named::End && !whole;
        let first = (year - i64::from(before)) * 12 + first_month - 1 + skipped;
        let begins = |month: i64| {
            let number = days(month.div_euclid(12), month.rem_euclid(12) + 1, day);
            self.days.zone.begins(u64::try_from(number).ok()?)
        };
        Some(Period { from: begins(first)?, to: begins(first + months)? })
    }
}

/// Month and day like `04-01`; a day that every month has.
fn start(text: &str) -> Option<(i64, i64)> {
    let (month, day) = text.split_once('-')?;
    let number = |text: &str, most: i64| {
        let value = text.parse::<i64>().ok().filter(|_| text.len() == 2)?;
        (1..=most).contains(&value).then_some(value)
    };
    Some((number(month, 12)?, number(day, 28)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar(lines: &str) -> Result<Fiscal> {
        let text = format!(
            "id = \"acme\"\nweekend = [\"saturday\", \"sunday\"]\nholidays = [\"2026-07-13\"]\n{lines}"
        );
        Fiscal::read("acme.toml", &text)
    }

    fn told(fiscal: &Fiscal, word: &str) -> (String, String) {
        let period = fiscal.period(word).unwrap();
        let short = |at: Timestamp| at.to_string().get(..16).unwrap().to_owned();
        (short(period.from), short(period.to))
    }

    fn pair(from: &str, to: &str) -> (String, String) {
        (from.to_owned(), to.to_owned())
    }

    #[test]
    fn a_fiscal_year_begins_when_it_says_in_its_own_zone() {
        let utc = Fiscal::shipped().unwrap();
        assert_eq!(told(&utc, "2026-Q3"), pair("2026-07-01T00:00", "2026-10-01T00:00"));
        assert_eq!(told(&utc, "FY2026-Q3"), told(&utc, "2026-Q3"));
        let berlin = "timezone = \"Europe/Berlin\"\nrule = \"CET-1CEST,M3.5.0,M10.5.0/3\"\n";
        let own =
            calendar(&format!("{berlin}year_starts = \"10-01\"\nyear_named = \"end\"")).unwrap();
        assert_eq!(told(&own, "FY2026"), pair("2025-09-30T22:00", "2026-09-30T22:00"));
        assert_eq!(told(&own, "FY2026-Q1"), pair("2025-09-30T22:00", "2025-12-31T23:00"));
        // the quarter in which clocks turn has an hour less, and no moment is lost
        assert_eq!(told(&own, "FY2026-Q2"), pair("2025-12-31T23:00", "2026-03-31T22:00"));
        assert_eq!(told(&own, "FY2026-H2"), pair("2026-03-31T22:00", "2026-09-30T22:00"));
        assert_eq!(told(&own, "FY2026-M12"), pair("2026-08-31T22:00", "2026-09-30T22:00"));
        assert_eq!(told(&own, "2026-10"), pair("2026-09-30T22:00", "2026-10-31T23:00"));
        let start = calendar("timezone = \"UTC\"\nyear_starts = \"04-06\"").unwrap();
        assert_eq!(told(&start, "FY2026-Q4"), pair("2027-01-06T00:00", "2027-04-06T00:00"));
        for wrong in
            ["FY26", "2026-H1", "FY2026-Q5", "FY2026-M13", "2026-M01", "FY2026-", "", "2026-7"]
        {
            assert_eq!(own.period(wrong).unwrap_err().code(), "period", "{wrong}");
        }
    }

    #[test]
    fn quarters_of_a_year_meet_without_gap_or_overlap() {
        let rule = "timezone = \"X\"\nrule = \"EST5EDT,M3.2.0,M11.1.0\"\nyear_starts = \"02-01\"";
        let fiscal = calendar(rule).unwrap();
        for year in 2020..2040 {
            let of = |word: &str| fiscal.period(&format!("FY{year}{word}")).unwrap();
            let quarters = ["-Q1", "-Q2", "-Q3", "-Q4"].map(of);
            assert!(quarters.windows(2).all(|pair| pair[0].to == pair[1].from));
            assert_eq!((quarters[0].from, quarters[3].to), (of("").from, of("").to));
            assert_eq!(of("").to, fiscal.period(&format!("FY{}", year + 1)).unwrap().from);
        }
    }

    #[test]
    fn days_of_work_end_at_midnight_on_the_wall() {
        let rule =
            "timezone = \"X\"\nrule = \"CET-1CEST,M3.5.0,M10.5.0/3\"\nyear_starts = \"01-01\"";
        let fiscal = calendar(rule).unwrap();
        let time = |text: &str| Timestamp::parse(text.as_bytes()).unwrap();
        // ten at night in UTC is already Saturday there; Monday is a holiday
        let at = time("2026-07-10T22:30:00.000000Z");
        assert_eq!(fiscal.days().after(at, 1), time("2026-07-14T21:59:59.999999Z"));
    }

    #[test]
    fn what_is_no_calendar_is_refused() {
        let refused = |lines: &str| calendar(lines).unwrap_err().code();
        assert_eq!(
            refused("timezone = \"Europe/Berlin\"\nyear_starts = \"01-01\""),
            "calendar-zone"
        );
        assert_eq!(refused("timezone = \"X\"\nrule = \"CET\"\nyear_starts = \"01-01\""), "zone");
        assert_eq!(refused("timezone = \"UTC\"\nyear_starts = \"02-29\""), "calendar-day");
        assert_eq!(
            refused("timezone = \"UTC\"\nyear_starts = \"01-01\"\nfree = 1"),
            "control-file"
        );
    }
}
