//! Randomness: the one place where the operating system is asked for it.

use std::sync::atomic::{AtomicU64, Ordering};

use ledger_core::hash::Sha256;

use crate::failure::{Failure, Result};

/// How much the demonstration drew, counted from 1; 0 while the operating system is asked.
static DRAWN: AtomicU64 = AtomicU64::new(0);

/// From now on what is drawn in this process is the same each time, and known to everybody. Only the
/// demonstration does that: none of its keys guards anything.
pub(crate) fn begin_again() {
    DRAWN.store(1, Ordering::SeqCst);
}

/// Fresh unpredictable bytes; in the demonstration those of its seed.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    if DRAWN.load(Ordering::SeqCst) != 0 {
        let number = DRAWN.fetch_add(1, Ordering::SeqCst).to_be_bytes();
        for (place, part) in (0_u64..).zip(bytes.chunks_mut(32)) {
            let drawn =
                Sha256::of_parts(&[b"release-ledger demo\n", &number, &place.to_be_bytes()]);
            part.copy_from_slice(drawn.0.get(..part.len()).unwrap_or_default());
        }
        return Ok(bytes);
    }
    getrandom::fill(&mut bytes).map_err(|error| {
        Failure::new("random", format!("the operating system gives no randomness: {error}"))
    })?;
    Ok(bytes)
}
