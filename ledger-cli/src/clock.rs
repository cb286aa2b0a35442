//! The clock: the one place where the time is read.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ledger_core::time::Timestamp;

use crate::failure::{Failure, Result};

/// Where the demonstration's clock stands, in microseconds; 0 while the machine's own clock counts.
static TOLD: AtomicU64 = AtomicU64::new(0);

/// From now on this process lives at that time, one microsecond later at each look. Only the
/// demonstration does that: it tells a quarter in a minute.
pub(crate) fn stand(at: Timestamp) {
    TOLD.store(at.micros(), Ordering::SeqCst);
}

/// Now, by the machine's clock; an error when the clock stands before 1970 or after 9999.
pub(crate) fn now() -> Result<Timestamp> {
    if TOLD.load(Ordering::SeqCst) != 0 {
        let told = Timestamp::from_micros(TOLD.fetch_add(1, Ordering::SeqCst));
        return told.ok_or_else(|| Failure::new("clock", "no such time"));
    }
    #[expect(clippy::disallowed_methods, reason = "the one place where the clock is read")]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| u64::try_from(since.as_micros()).ok())
        .and_then(Timestamp::from_micros)
        .ok_or_else(|| {
            Failure::new("clock", "the machine's clock is not between the years 1970 and 9999")
                .hint("set the clock; nothing was changed")
        })
}

/// The least difference that is a step of the clock, in microseconds; less is how clocks are kept right.
const STEP: i64 = 2_000_000;

/// Holds the machine's clock against the time that passes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steps {
    since: Instant,
    clock: Timestamp,
}

impl Steps {
    /// From now on.
    pub(crate) fn begin() -> Result<Self> {
        Ok(Self { since: Instant::now(), clock: now()? })
    }

    /// By how much the clock was set since this was asked last, in words; none when it went on as time did.
    pub(crate) fn step(&mut self) -> Result<Option<String>> {
        let (clock, passed) = (now()?, self.since.elapsed());
        let before = std::mem::replace(self, Self { since: Instant::now(), clock }).clock;
        Ok(told(before, clock, passed))
    }
}

fn told(before: Timestamp, after: Timestamp, passed: Duration) -> Option<String> {
    let micros = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let passed = i64::try_from(passed.as_micros()).unwrap_or(i64::MAX);
    let step = micros(after.micros()) - micros(before.micros()) - passed;
    let word = if step < 0 { "back" } else { "ahead" };
    let seconds = (step.unsigned_abs() + 500_000) / 1_000_000;
    (step.abs() >= STEP)
        .then(|| format!("the machine's clock was set {word} by {seconds} s, to {after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_told_and_a_drift_is_not() {
        let at = |seconds: u64| Timestamp::from_micros(seconds * 1_000_000).unwrap();
        let passed = Duration::from_secs;
        assert_eq!(told(at(100), at(101), passed(1)), None);
        assert_eq!(told(at(100), at(102), passed(1)), None);
        assert_eq!(told(at(100), at(100), passed(1)), None);
        let back = told(at(7200), at(1), passed(1)).unwrap();
        assert!(back.contains("set back by 7200 s, to 1970-01-01T00:00:01"), "{back}");
        let ahead = told(at(100), at(3701), passed(1)).unwrap();
        assert!(ahead.contains("set ahead by 3600 s"), "{ahead}");
        // a machine that slept
        assert!(told(at(100), at(103), passed(0)).unwrap().contains("ahead by 3 s"));
    }
}
