//! Slot: the equal parts of a period in each of which something is due.

use crate::check::Period;
use crate::check::scope::{minus, plus};
use crate::time::DAY;

/// The slots of a period, or the one that ends with it.
pub(super) fn slots(period: Period, every: u64) -> Vec<Period> {
    let (from, to) = (period.from.micros(), period.to.micros());
    let whole = to.saturating_sub(from);
    let count = (whole + every / 2).checked_div(every).unwrap_or(1);
    if count <= 1 {
        // a year's slot may begin long before a quarter, a quarter's slot is the quarter
        let length = if count == 1 { whole } else { every };
        return vec![Period { from: minus(period.to, length), to: period.to }];
    }
    let edge = |number: u64| {
        let micros = u128::from(whole) * u128::from(number) / u128::from(count);
        let micros = u64::try_from(micros).unwrap_or(whole);
        // slots of days begin when the period's days do
        let day = if every >= DAY && whole.is_multiple_of(DAY) { DAY } else { 1 };
        plus(period.from, micros / day * day)
    };
    (0..count).map(|number| Period { from: edge(number), to: edge(number + 1) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn slots_fill_the_period() {
        let time =
            |text: &str| Timestamp::parse(text.as_bytes()).unwrap_or_else(|_| panic!("{text}"));
        let period = Period {
            from: time("2026-07-01T00:00:00.000000Z"),
            to: time("2026-10-01T00:00:00.000000Z"),
        };
        for (days, count) in [(1, 92), (7, 13), (30, 3), (90, 1), (92, 1), (365, 1)] {
            let slots = slots(period, days * DAY);
            assert_eq!(slots.len(), count, "{days}");
            assert_eq!(slots.last().map(|slot| slot.to), Some(period.to));
            assert!(slots.windows(2).all(|pair| pair[0].to == pair[1].from));
        }
        assert_eq!(slots(period, 90 * DAY).first().map(|slot| slot.from), Some(period.from));
        assert_eq!(
            slots(period, 365 * DAY).first().map(|slot| slot.from),
            Some(minus(period.to, 365 * DAY))
        );
    }
}
