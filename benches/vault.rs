//! The vault at size: absorbing, checking, and what 100,000 persons cost an appender.

#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a bench prints its figures, as rates"
)]
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger_core::custody::{Home, Vault};
use ledger_core::error::Result;
use ledger_core::json::Value;
use ledger_core::ledger::{Ledger, Submission};
use ledger_core::producer::{Position, sign};
use ledger_core::signature::Mode;
use ledger_core::store::dir::Dir;
use ledger_core::store::records::sled::Folder;
use ledger_core::vault::key::VaultSecret;
use ledger_core::vault::persons::Persons;
use rayon::prelude::*;

use crate::ceiling;
use crate::workload::{self, KEYS, seed};

/// How many persons there are, unless told otherwise.
pub(crate) const PERSONS: u64 = 100_000;
/// Events of one commit, and disclosures of one file of the inbox, unless told otherwise.
pub(crate) const GROUP: u64 = 1000;

/// Builds a ledger of `count` events by so many persons in `dir`, `group` of them in one commit, and
/// measures its vault.
pub(crate) fn run(count: u64, dir: &str, persons: u64, group: u64) -> Result<()> {
    ceiling::machine();
    let path = Path::new(dir);
    let store = Arc::new(Dir::create(path, Duration::from_secs(1))?);
    let (mut ledger, hash) = workload::ledger(store.clone())?;
    let empty = best(|| Ledger::open(store.clone()).map(drop))?;
    for first in (0..count).step_by(usize::try_from(group).unwrap_or(1)) {
        let events: Vec<Submission> = (first..count.min(first + group))
            .into_par_iter()
            .map(|n| event(hash, n, persons))
            .collect();
        let admitted = ledger.door().admit(events, seed("bulk", first), Mode::Bulk);
        let admitted = admitted.into_iter().collect::<Result<Vec<_>>>()?;
        for receipt in ledger.append(&admitted, workload::group(10 + first))? {
            receipt?;
        }
    }
    ledger.catch_up(1, 0)?;
    appender(&store, &ledger, empty, persons)?;
    owner(path, &mut ledger, count)
}

fn appender(store: &Arc<Dir>, ledger: &Ledger, empty: Duration, count: u64) -> Result<()> {
    let Some(mut persons) = Persons::open(&**store)? else { return Ok(()) };
    let before = best(|| Persons::open(&**store).map(drop))?;
    println!("open the persons, delta not merged: {:.2} ms", millis(before));
    persons.compact(&**store)?;
    let merged = best(|| Persons::open(&**store).map(drop))?;
    println!("open the persons, delta merged: {:.2} ms", millis(merged));
    let mut worst = Duration::ZERO;
    let start = Instant::now();
    for number in 0..1000 {
        let begun = Instant::now();
        persons.resolve(&**store, "hr", &format!("p-{}", number * 97 % count))?;
        worst = worst.max(begun.elapsed());
    }
    let mean = start.elapsed() / 1000;
    println!("resolve: {:.3} ms mean, {:.3} ms worst of 1000", millis(mean), millis(worst));
    let full = best(|| Ledger::open(Arc::<Dir>::clone(store) as _).map(drop))?;
    println!(
        "open for append at {} entries: {:.2} ms; an empty ledger {:.2} ms",
        ledger.size(),
        millis(full),
        millis(empty)
    );
    Ok(())
}

fn owner(path: &Path, ledger: &mut Ledger, count: u64) -> Result<()> {
    let home = || -> Result<Home> {
        let folder = path.join("vault");
        let files = Arc::new(Dir::create(&folder, Duration::from_secs(1))?);
        Ok(Home { files, databases: Box::new(Folder::new(folder)) })
    };
    let secret = VaultSecret::generate(&seed("vault", 0));
    let mut vault = Vault::create(home()?, ledger.origin().genesis().0, &secret)?;
    // the peak counts from here on (proc(5), clear_refs)
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let before = crate::index::memory("VmRSS");
    let (start, busy) = (Instant::now(), cpu());
    let done = vault.absorb(ledger, seed("absorb", 0), &mut |_, _| {})?;
    let took = start.elapsed();
    println!(
        "absorb: {:.0} disclosures/s ({} of {count} events in {:.1} s, {:.1} s of CPU); peak memory {}, {before} before",
        done.disclosures as f64 / took.as_secs_f64(),
        done.disclosures,
        took.as_secs_f64(),
        cpu() - busy,
        crate::index::memory("VmHWM"),
    );
    println!(
        "  {} files; {} known, {} orphaned, {} unopened, {} waiting, {} set aside; {} files are left",
        done.files,
        done.known,
        done.orphaned,
        done.unopened,
        done.waiting,
        done.set_aside.len(),
        ledger_core::vault::inbox::waiting(&**ledger.store())?.len()
    );
    let start = Instant::now();
    let checked = vault.check(ledger, &mut |_, _| {})?;
    println!(
        "check: {:.0} entries/s, {} derived, {} faults",
        checked.entries as f64 / start.elapsed().as_secs_f64(),
        checked.derived,
        checked.faults.len()
    );
    drop(vault);
    let start = Instant::now();
    Vault::open(home()?, ledger, &secret, seed("open", 0))?;
    println!("open the vault: {:.1} ms", millis(start.elapsed()));
    Ok(())
}

fn event(ledger: [u8; 32], number: u64, persons: u64) -> Submission {
    let key = workload::key(number % KEYS);
    let id = Value::object([
        ("id", Value::text(format!("p-{}", number % persons))),
        ("issuer", Value::text("hr")),
        ("name", Value::text(format!("Person Number {}", number % persons))),
    ]);
    let subject = Value::object([
        ("deployment", Value::text(format!("d-{number}"))),
        ("environment", Value::text("production")),
        ("service", Value::text(format!("service-{}", number % 5000))),
    ]);
    let draft = Value::object([
        ("actor", Value::object([("id", id), ("kind", Value::text("human"))])),
        ("data", Value::object([("outcome", Value::text("succeeded"))])),
        ("occurred_at", Value::text(workload::time(number).to_string())),
        ("subject", subject),
        ("type", Value::text("deployment.finished")),
    ]);
    let random = seed("one stream", number);
    let random = random.first_chunk().copied().unwrap_or_default();
    let position = Position::one_shot("deploy", random);
    sign(&draft, Some(ledger), &position, &[&key], seed("one salt", number))
        .unwrap_or_else(|error| unreachable!("the workload's event is refused: {error}"))
}

fn best(mut what: impl FnMut() -> Result<()>) -> Result<Duration> {
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        what()?;
        best = best.min(start.elapsed());
    }
    Ok(best)
}

/// Seconds that this process kept a core busy, so that a shared machine tells something too.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u32 = fields.skip(11).take(2).filter_map(|field| field.parse::<u32>().ok()).sum();
    f64::from(ticks) / 100.0
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
