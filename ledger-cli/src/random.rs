//! Randomness: the one place where the operating system is asked for it.

use crate::failure::{Failure, Result};

/// Fresh unpredictable bytes.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        Failure::new("random", format!("the operating system gives no randomness: {error}"))
    })?;
    Ok(bytes)
}
