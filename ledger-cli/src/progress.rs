//! Progress: a bar on standard error, only on a terminal, only for work over a second.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

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
        let bar = bar.get_or_insert_with(|| {
            // draws nothing when standard error is no terminal
            let template =
                format!("{{wide_bar}} {{human_pos}}/{{human_len}} {} {{eta}}", self.what);
            let style = ProgressStyle::with_template(&template);
            let bar = ProgressBar::new(all);
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        bar.set_length(all);
        bar.set_position(done);
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
