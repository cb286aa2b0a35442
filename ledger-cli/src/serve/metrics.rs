//! Counters of the server, in the text format that Prometheus reads (exposition format 0.0.4).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::delivery::group::Said;

/// Upper ends of the buckets of times, in microseconds.
const BUCKETS: [u64; 10] =
    [500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 2_500_000];

/// What is counted.
#[derive(Default)]
pub(super) struct Metrics {
    appended: AtomicU64,
    known: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    groups: AtomicU64,
    size: AtomicU64,
    /// Connections that are open.
    pub(super) connections: AtomicU64,
    /// Deliveries that found the queue full, or the server short of memory.
    pub(super) turned_away: AtomicU64,
    /// Connections that were closed because there were too many.
    pub(super) shut_out: AtomicU64,
    commits: Times,
    answers: Mutex<BTreeMap<(&'static str, u16), u64>>,
}

/// A histogram of times.
#[derive(Default)]
struct Times {
    buckets: [AtomicU64; BUCKETS.len()],
    count: AtomicU64,
    micros: AtomicU64,
}

impl Times {
    fn add(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        for (bucket, end) in self.buckets.iter().zip(BUCKETS) {
            if micros <= end {
                bucket.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }
}

impl Metrics {
    /// A group was written, or was not.
    pub(super) fn group(&self, took: Duration, said: &[Said], size: u64) {
        self.groups.fetch_add(1, Ordering::Relaxed);
        self.commits.add(took);
        self.stands(size);
        for part in said {
            let Ok(outcomes) = part else {
                self.failed.fetch_add(1, Ordering::Relaxed);
                continue;
            };
            for outcome in outcomes {
                let counter = match outcome {
                    Ok(receipt) if receipt.known => &self.known,
                    Ok(_) => &self.appended,
                    Err(_) => &self.refused,
                };
                counter.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// How many entries there are.
    pub(super) fn stands(&self, size: u64) {
        self.size.store(size, Ordering::Relaxed);
    }

    /// A request was answered.
    pub(super) fn answered(&self, route: &'static str, status: u16) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        *answers.entry((route, status)).or_default() += 1;
    }

    /// The text of all counters.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        let counters = [
            ("ledger_events_appended_total", "Events that became entries.", &self.appended),
            ("ledger_events_known_total", "Events that were there before.", &self.known),
            ("ledger_events_refused_total", "Events that were refused.", &self.refused),
            (
                "ledger_deliveries_failed_total",
                "Deliveries that could not be written.",
                &self.failed,
            ),
            (
                "ledger_deliveries_turned_away_total",
                "Deliveries that found no room.",
                &self.turned_away,
            ),
            (
                "ledger_connections_shut_out_total",
                "Connections that were closed because there were too many.",
                &self.shut_out,
            ),
            ("ledger_groups_total", "Commits.", &self.groups),
        ];
        for (name, help, counter) in counters {
            family(&mut out, name, help, "counter");
            sample(&mut out, name, "", counter.load(Ordering::Relaxed));
        }
        let gauges = [
            ("ledger_entries", "Entries that are durable.", &self.size),
            ("ledger_connections", "Connections that are open.", &self.connections),
        ];
        for (name, help, gauge) in gauges {
            family(&mut out, name, help, "gauge");
            sample(&mut out, name, "", gauge.load(Ordering::Relaxed));
        }
        self.times(&mut out);
        let name = "ledger_requests_total";
        family(&mut out, name, "Requests, by route and status.", "counter");
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        for ((route, status), count) in answers.iter() {
            sample(&mut out, name, &format!("{{route=\"{route}\",status=\"{status}\"}}"), *count);
        }
        out
    }

    fn times(&self, out: &mut String) {
        let name = "ledger_commit_seconds";
        family(out, name, "From a group's first event to its sync.", "histogram");
        for (bucket, end) in self.commits.buckets.iter().zip(BUCKETS) {
            let label = format!("_bucket{{le=\"{}\"}}", seconds(end));
            sample(out, name, &label, bucket.load(Ordering::Relaxed));
        }
        let count = self.commits.count.load(Ordering::Relaxed);
        sample(out, name, "_bucket{le=\"+Inf\"}", count);
        let sum = seconds(self.commits.micros.load(Ordering::Relaxed));
        // writing to a string does not fail
        let _ = writeln!(out, "{name}_sum {sum}");
        sample(out, name, "_count", count);
    }
}

fn family(out: &mut String, name: &str, help: &str, kind: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn sample(out: &mut String, name: &str, label: &str, value: u64) {
    let _ = writeln!(out, "{name}{label} {value}");
}

fn seconds(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}
