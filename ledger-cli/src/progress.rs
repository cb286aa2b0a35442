//! Progress: a bar on standard error, only on a terminal, only for work over a second.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work that was quicker than this shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bar that appears when the work takes longer.
pub(crate) struct Progress {
    what: &'static str,
    begun: Instant,
    bar: Mutex<Option<ProgressBar>>,
}

impl Progress {
    /// Work that counts `what`.
    pub(crate) fn of(what: &'static str) -> Self {
        Self { what, begun: Instant::now(), bar: Mutex::new(None) }
    }

    /// Shows how far it is.
    pub(crate) fn at(&self, done: u64, all: u64) {
        if self.begun.elapsed() < PATIENCE {
            return;
        }
        let mut bar = self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let left = left(self.begun.elapsed(), done, all);
        if let Some(bar) = &*bar {
            bar.update(|state| {
                state.set_len(all);
                state.set_pos(done);
            });
            bar.set_message(left);
        } else {
            // it knows all it has to say before it is drawn for the first time
            let hidden = ProgressBar::with_draw_target(Some(all), ProgressDrawTarget::hidden());
            hidden.set_style(self.style());
            hidden.set_position(done);
            hidden.set_message(left);
            // draws nothing when standard error is no terminal
            hidden.set_draw_target(ProgressDrawTarget::stderr());
            *bar = Some(hidden);
        }
    }

    fn style(&self) -> ProgressStyle {
        let template = format!("{{wide_bar}} {{human_pos}}/{{human_len}} {} {{msg}}", self.what);
        ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar())
    }
}

/// How long it will take yet, at the pace since it began. The bar's own guess knows nothing of the
/// second before it appeared.
fn left(since: Duration, done: u64, all: u64) -> String {
    let ahead = u128::from(all.saturating_sub(done));
    let Some(millis) = (since.as_millis() * ahead).checked_div(u128::from(done)) else {
        return String::new();
    };
    match millis.div_ceil(1000) {
        seconds @ 0..120 => format!("{seconds} s left"),
        seconds => format!("{} min left", seconds.div_ceil(60)),
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Ok(mut bar) = self.bar.lock()
            && let Some(bar) = bar.take()
        {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left() {
        let after = |seconds, done| left(Duration::from_secs(seconds), done, 100);
        assert_eq!(after(1, 0), "");
        assert_eq!(after(2, 50), "2 s left");
        assert_eq!(after(3, 100), "0 s left");
        assert_eq!(after(3, 101), "0 s left");
        assert_eq!(after(60, 10), "9 min left");
    }
}
