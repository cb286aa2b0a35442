//! Calendar: on which days work is done.

use std::collections::BTreeSet;

use crate::time::Timestamp;
use crate::zone::Zone;

/// Days on which work is done, in one zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Days of the week without work, from 0 for Monday.
    pub weekend: BTreeSet<u64>,
    /// Days without work, counted from 1970-01-01.
    pub holidays: BTreeSet<u64>,
    /// Where days begin.
    pub zone: Zone,
    /// The name of the zone, for people; its rule decides.
    pub named: String,
}

impl Default for Calendar {
    /// Monday to Friday in UTC, without holidays.
    fn default() -> Self {
        Self {
            weekend: BTreeSet::from([5, 6]),
            holidays: BTreeSet::new(),
            zone: Zone::default(),
            named: "UTC".to_owned(),
        }
    }
}

impl Calendar {
    /// Whether work is done on a day, counted from 1970-01-01.
    pub fn works(&self, day: u64) -> bool {
        // the epoch was a Thursday
        !self.weekend.contains(&((day + 3) % 7)) && !self.holidays.contains(&day)
    }

    /// The end of the n-th working day after the day of a time: a clock of n business days.
    ///
    /// After ten years without enough working days it gives up and says the latest day it saw.
    pub fn after(&self, at: Timestamp, days: u64) -> Timestamp {
        let mut day = self.zone.day(at);
        let last = day + 3653;
        let mut left = days;
        while left > 0 && day < last {
            day += 1;
            left -= u64::from(self.works(day));
        }
        let next = self.zone.begins(day + 1);
        next.and_then(|next| Timestamp::from_micros(next.micros() - 1)).unwrap_or(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::DAY;

    fn time(text: &str) -> Timestamp {
        Timestamp::parse(text.as_bytes()).unwrap_or_else(|_| panic!("{text}"))
    }

    #[test]
    fn weekends_and_holidays_do_not_count() {
        let mut calendar = Calendar::default();
        let friday = time("2026-07-10T15:00:00.000000Z");
        assert_eq!(calendar.after(friday, 1), time("2026-07-13T23:59:59.999999Z"));
        assert_eq!(calendar.after(friday, 5), time("2026-07-17T23:59:59.999999Z"));
        calendar.holidays.insert(time("2026-07-13T00:00:00.000000Z").micros() / DAY);
        assert_eq!(calendar.after(friday, 1), time("2026-07-14T23:59:59.999999Z"));
        assert_eq!(calendar.after(friday, 0), time("2026-07-10T23:59:59.999999Z"));
    }
}
