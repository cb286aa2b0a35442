//! The clock: the one place where the time is read.

use std::time::{SystemTime, UNIX_EPOCH};

use ledger_core::time::Timestamp;

use crate::failure::{Failure, Result};

/// Now, by the machine's clock; an error when the clock stands before 1970 or after 9999.
pub(crate) fn now() -> Result<Timestamp> {
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
