//! Seeded benches: `ledger-bench ceiling | crowd COUNT DIR | hook JOBS DIR | index | keys N DIR [AROUND] | load SECONDS RATE DIR | log N DIR | parts DIR |
//! quarter N DIR | read DIR | records KIND N | review N DIR | serve SECONDS DIR | start DIR | vault N DIR [PERSONS [GROUP]]`.
//!
//! Each prints the machine and, beside its figures, the number of syncs. `log` builds a ledger of N
//! entries in a new folder and measures it; `read` measures one that is there.

mod ceiling;
mod crowd;
mod hook;
mod index;
mod keys;
mod load;
mod log;
mod quarter;
mod records;
mod review;
mod serve;
mod vault;
mod workload;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["ceiling"] => {
            ceiling::run();
            Ok(())
        }
        ["crowd", count, dir] => {
            count.parse().map_or_else(|_| usage(), |count| crowd::run(count, dir))
        }
        ["hook", jobs, dir] => jobs.parse().map_or_else(|_| usage(), |jobs| hook::run(jobs, dir)),
        ["index", ..] => {
            index::run();
            Ok(())
        }
        ["keys", count, dir] => {
            count.parse().map_or_else(|_| usage(), |count| keys::run(count, dir, keys::AROUND))
        }
        ["keys", count, dir, around] => match (count.parse(), around.parse()) {
            (Ok(count), Ok(around)) => keys::run(count, dir, around),
            _ => usage(),
        },
        ["load", seconds, rate, dir] => match (seconds.parse(), rate.parse()) {
            (Ok(seconds), Ok(rate)) => load::run(seconds, rate, dir),
            _ => usage(),
        },
        ["log", count, dir] => count.parse().map_or_else(|_| usage(), |count| log::run(count, dir)),
        ["parts", dir] => log::parts(dir),
        ["quarter", count, dir] => {
            count.parse().map_or_else(|_| usage(), |count| quarter::run(count, dir))
        }
        ["read", dir] => log::read(dir),
        ["records", kind, count] => {
            count.parse().map_or_else(|_| usage(), |count| records::run(kind, count))
        }
        ["review", count, dir] => {
            count.parse().map_or_else(|_| usage(), |count| review::run(count, dir))
        }
        ["serve", seconds, dir] => {
            seconds.parse().map_or_else(|_| usage(), |seconds| serve::run(seconds, dir))
        }
        ["start", dir] => load::start(dir),
        ["vault", count, dir] => count
            .parse()
            .map_or_else(|_| usage(), |count| vault::run(count, dir, vault::PERSONS, vault::GROUP)),
        ["vault", count, dir, persons] => match (count.parse(), persons.parse()) {
            (Ok(count), Ok(persons)) => vault::run(count, dir, persons, vault::GROUP),
            _ => usage(),
        },
        ["vault", count, dir, persons, group] => {
            match (count.parse(), persons.parse(), group.parse()) {
                (Ok(count), Ok(persons), Ok(group)) => vault::run(count, dir, persons, group),
                _ => usage(),
            }
        }
        _ => usage(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::from(2)
        }
    }
}

fn usage() -> ledger_core::error::Result<()> {
    Err(ledger_core::error::Error::malformed(
        "usage",
        "ledger-bench ceiling | crowd COUNT DIR | hook JOBS DIR | index | keys N DIR [AROUND] | load SECONDS RATE DIR | log N DIR | parts DIR | \
         quarter N DIR | read DIR | records KIND N | review N DIR | serve SECONDS DIR | start DIR | vault N DIR [PERSONS [GROUP]]",
    ))
}

#[expect(clippy::print_stderr, reason = "a bench talks to its user")]
fn complain(message: &str) {
    eprintln!("ledger-bench: error: {message}");
}
