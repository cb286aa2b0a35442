//! The ceiling of verification: how many signatures a second this machine can check.
//!
//! Seeded: 8 keys, events of 650 bytes, all signatures good. No file is touched, so there is no
//! fsync to count. The best of some runs is printed: the machine's, not its neighbours'.
#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use ledger_core::key::SigningKey;
use ledger_core::signature::{self, Check, Mode};
use std::time::{Duration, Instant};

const KEYS: u8 = 8;
const EVENT_BYTES: usize = 650;
const EVENTS: usize = 16_384;
const BATCHES: [usize; 8] = [128, 256, 512, 1_000, 2_000, 4_096, 8_192, 16_384];
const TIME_PER_FIGURE: Duration = Duration::from_secs(2);

/// Prints the machine, the rate one by one, and the rate of the bulk path by batch size.
pub(crate) fn run() {
    machine();
    let keys: Vec<SigningKey> = (0..KEYS).map(|seed| SigningKey::from_seed([seed; 32])).collect();
    let signed: Vec<_> = (0..EVENTS)
        .zip(keys.iter().cycle())
        .filter_map(|(number, key)| {
            let event = event(number);
            let signature = signature::sign(key, &event).ok()?;
            Some((key.public(), event, signature))
        })
        .collect();
    let checks: Vec<Check<'_>> = signed
        .iter()
        .map(|(key, event, signature)| Check { key, message: event, signature })
        .collect();

    println!("{KEYS} keys, events of {EVENT_BYTES} bytes, all cores; fsyncs: 0");
    println!("one by one             {:>9.0} signatures/s", rate(&checks, 1_000, Mode::OneByOne));
    for batch in BATCHES {
        println!(
            "in bulk, by {batch:>6}     {:>9.0} signatures/s",
            rate(&checks, batch, Mode::Bulk)
        );
    }
}

/// Signatures per second of the fastest pass, checking `batch` at a time.
fn rate(checks: &[Check<'_>], batch: usize, mode: Mode) -> f64 {
    let end = Instant::now() + TIME_PER_FIGURE;
    let mut best = Duration::MAX;
    let mut passes: u8 = 0;
    let mut batches = checks.chunks_exact(batch).cycle();
    while Instant::now() < end || passes < 3 {
        let Some(checks) = batches.next() else { break };
        let start = Instant::now();
        let failing = signature::verify_all(checks, [passes; 32], mode);
        best = best.min(start.elapsed());
        assert!(failing.is_empty(), "a good signature was refused");
        passes = passes.wrapping_add(1).max(3);
    }
    f64::from(u32::try_from(batch).unwrap_or(u32::MAX)) / best.as_secs_f64()
}

fn event(number: usize) -> Vec<u8> {
    let mut event = format!("{{\"number\":{number},\"padding\":\"");
    let padding = EVENT_BYTES.saturating_sub(event.len() + 2);
    event.push_str(&"x".repeat(padding));
    event.push_str("\"}");
    event.into_bytes()
}

pub(crate) fn machine() {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown", |(_, model)| model);
    println!("machine: {cores} cores, {model}");
}
