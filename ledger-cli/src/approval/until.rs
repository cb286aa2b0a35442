//! Until when something holds, as people write it: a time, or a duration from now on.

use ledger_core::json::Value;
use ledger_core::time::Timestamp;

use crate::clock;
use crate::failure::{Failure, Result};

/// The time as an event has it; codes `until`, `until-past`.
pub(crate) fn until(text: &str) -> Result<Value> {
    moment("--until", text).map(|at| Value::text(at.to_string()))
}

/// The time that an option gives; codes `until`, `until-past`.
pub(crate) fn moment(option: &str, text: &str) -> Result<Timestamp> {
    let now = clock::now()?;
    let at = read(text, now).ok_or_else(|| {
        Failure::new("until", format!("`{text}` is neither a time nor a duration"))
            .within(option)
            .hint("write 2026-12-01T18:00:00Z, or PT8H, P7D: from now on")
    })?;
    if at <= now {
        return Err(Failure::new("until-past", format!("`{text}` is past"))
            .within(option)
            .hint(format!("the clock of this machine says {now}")));
    }
    Ok(at)
}

fn read(text: &str, now: Timestamp) -> Option<Timestamp> {
    if let Some(duration) = text.strip_prefix('P') {
        return Timestamp::from_micros(now.micros().checked_add(micros(duration)?)?);
    }
    // the fraction may be left out
    let whole = text.strip_suffix('Z').filter(|rest| rest.len() == 19);
    let text = whole.map_or_else(|| text.to_owned(), |rest| format!("{rest}.000000Z"));
    Timestamp::parse(text.as_bytes()).ok()
}

/// One number and unit of an ISO 8601 duration: `7D`, `T8H`, `T30M`.
fn micros(text: &str) -> Option<u64> {
    let (seconds, number) = match text.strip_prefix('T') {
        Some(rest) => match rest.strip_suffix('H') {
            Some(hours) => (3_600, hours),
            None => (60, rest.strip_suffix('M')?),
        },
        None => match text.strip_suffix('W') {
            Some(weeks) => (7 * 86_400, weeks),
            None => (86_400, text.strip_suffix('D')?),
        },
    };
    let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse::<u64>().ok().filter(|_| plain)?.checked_mul(seconds * 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_durations() {
        let now = Timestamp::parse(b"2026-07-01T12:00:00.000000Z").unwrap();
        for (text, wanted) in [
            ("2026-12-01T18:00:00Z", "2026-12-01T18:00:00.000000Z"),
            ("2026-12-01T18:00:00.250000Z", "2026-12-01T18:00:00.250000Z"),
            ("PT8H", "2026-07-01T20:00:00.000000Z"),
            ("PT90M", "2026-07-01T13:30:00.000000Z"),
            ("P7D", "2026-07-08T12:00:00.000000Z"),
            ("P2W", "2026-07-15T12:00:00.000000Z"),
        ] {
            assert_eq!(read(text, now).unwrap().to_string(), wanted, "{text}");
        }
        for text in [
            "",
            "P",
            "PT",
            "P7",
            "PD",
            "P-1D",
            "P+1D",
            "7D",
            "2026-12-01",
            "PT99999999999999999999H",
        ] {
            assert!(read(text, now).is_none(), "{text}");
        }
    }
}
