//! Fuzzing without a fuzzer: all vectors, and seeded random edits of them, through every parser.
//!
//! Nothing may panic, and what is accepted is written again as the same bytes. `LEDGER_FUZZ_SECONDS` says for
//! how long (default 5), `LEDGER_FUZZ_SEED` from where; the seed is printed.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests stop at the first surprise"
)]
#![allow(
    clippy::needless_for_each,
    clippy::match_wild_err_arm,
    reason = "what went wrong is said with the input that did it"
)]
#![allow(unreachable_pub, reason = "shared with the fuzz targets")]

#[path = "common/parsers.rs"]
mod parsers;

use std::path::Path;
use std::time::{Duration, Instant};

use parsers::{PARSERS, made};

/// SplitMix64: small, seeded, good enough to edit bytes.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end.max(1) as u64)).unwrap()
    }
}

/// The bytes of all vectors of a folder, and each of their header values: those are inputs too.
fn seeds(folder: &str) -> Vec<Vec<u8>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(folder);
    let mut names: Vec<_> =
        std::fs::read_dir(&dir).unwrap().map(|file| file.unwrap().path()).collect();
    names.sort();
    let mut seeds = Vec::new();
    for name in names {
        let content = std::fs::read(&name).unwrap();
        let Some(split) = content.windows(2).position(|pair| pair == b"\n\n") else { continue };
        for line in content[..split].split(|byte| *byte == b'\n') {
            seeds.extend(line.splitn(2, |byte| *byte == b' ').nth(1).map(<[u8]>::to_vec));
        }
        seeds.push(content[split + 2..].to_vec());
    }
    assert!(!seeds.is_empty(), "{folder} has no vectors");
    seeds
}

/// Bytes that mean something to some parser.
const TELLING: &[&[u8]] = &[
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"\n",
    b"\n\n",
    b"\r",
    b"\0",
    b"=",
    b"/",
    b"+",
    b"-",
    b"0",
    b"9007199254740993",
    b"18446744073709551616",
    b"\xff",
    b"\xe2\x80\x94",
    b"\\u0000",
    b"null",
    b"true",
    b"{}",
    b"[]",
    b"\x00\x00",
    b"\xff\xff",
    b" ",
];

fn edit(random: &mut Random, bytes: &mut Vec<u8>, other: &[u8]) {
    let at = random.below(bytes.len() + 1);
    let length = match random.below(4) {
        0 => random.below(64),
        _ => random.below(4),
    };
    let end = (at + length).min(bytes.len());
    match random.below(8) {
        0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
        1 if at < bytes.len() => bytes[at] = random.next().to_le_bytes()[0],
        2 => drop(bytes.drain(at..end)),
        3 => {
            let copy = bytes[at..end].to_vec();
            let to = random.below(bytes.len() + 1);
            bytes.splice(to..to, copy);
        }
        4 => bytes.truncate(at),
        5 => {
            let from = random.below(other.len() + 1);
            let until = (from + length * 8).min(other.len());
            bytes.splice(at..end, other[from..until].iter().copied());
        }
        6 if at + 1 < bytes.len() => bytes.swap(at, at + 1),
        _ => {
            let telling = TELLING[random.below(TELLING.len())];
            bytes.splice(at..at, telling.iter().copied());
        }
    }
}

fn number(name: &str, otherwise: u64) -> u64 {
    #[allow(clippy::disallowed_methods, reason = "a test's own knob")]
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap())
}

#[test]
fn nothing_panics_and_what_is_accepted_is_written_the_same() {
    let seed = number("LEDGER_FUZZ_SEED", std::process::id().into());
    let time = Duration::from_secs(number("LEDGER_FUZZ_SECONDS", 5));
    println!("seed {seed}");
    let share = time / u32::try_from(PARSERS.len()).unwrap();
    for (position, (name, parser, folder)) in PARSERS.iter().enumerate() {
        let mut seeds = seeds(folder);
        let made = made(name);
        assert!(made.iter().all(|seed| parser(seed)), "{name}: a seed of our own is not accepted");
        // a few among many vectors: often enough to be chosen
        for seed in made {
            seeds.extend(std::iter::repeat_n(seed, 40));
        }
        let accepted = seeds.iter().filter(|seed| parser(seed)).count();
        let mut random = Random(seed.wrapping_add(position as u64));
        let (mut runs, mut taken) = (0_u64, 0_u64);
        let begun = Instant::now();
        while begun.elapsed() < share {
            for _ in 0..16 {
                let mut bytes = seeds[random.below(seeds.len())].clone();
                let other = &seeds[random.below(seeds.len())];
                for _ in 0..=random.below(4) {
                    edit(&mut random, &mut bytes, other);
                }
                bytes.truncate(70_000);
                let Ok(accepted) = std::panic::catch_unwind(|| parser(&bytes)) else {
                    panic!("{name}, seed {seed}: {:?}", String::from_utf8_lossy(&bytes));
                };
                taken += u64::from(accepted);
                runs += 1;
            }
        }
        println!(
            "{name}: {} seeds, {accepted} accepted; {runs} edits, {taken} accepted",
            seeds.len()
        );
    }
}
