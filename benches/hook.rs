//! The hook as whole processes: one `ledger record` after the other, with the ledger away, and many jobs
//! at once. The program is the `ledger` beside this one.

#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a bench prints, and its figures are no money"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger_core::error::{Error, Result};
use ledger_core::index::Kind;
use ledger_core::ledger::Ledger;
use ledger_core::store::Store;
use ledger_core::store::dir::Dir;
use rayon::prelude::*;

use crate::{ceiling, workload};

/// Calls of each row.
const CALLS: usize = 100;

/// Where the calls find the ledger, the key, and their own files.
struct Scene {
    ledger: PathBuf,
    scratch: PathBuf,
    program: PathBuf,
}

/// `ledger-bench hook JOBS DIR`: measures `ledger record` to the ledger in `DIR` that `log` or
/// `vault` built, and `JOBS` jobs at once.
pub(crate) fn run(jobs: usize, dir: &str) -> Result<()> {
    ceiling::machine();
    let scene = Scene::new(Path::new(dir))?;
    scene.prepare(&["one", "away"])?;
    // the first call makes the folders, and brings the index up
    scene.call("one", "warm", &scene.ledger)?;
    let one: Result<Vec<Duration>> =
        (0..CALLS).map(|n| scene.call("one", &format!("one-{n}"), &scene.ledger)).collect();
    row("one record", one?);
    scene.call("away", "warm-away", &scene.ledger)?;
    let gone = scene.scratch.join("gone");
    // the job knows which ledger stands there: it was told
    let away: Result<Vec<Duration>> =
        (0..CALLS).map(|n| scene.call("away", &format!("away-{n}"), &gone)).collect();
    row("one record, the ledger away", away?);
    scene.at_once(jobs)?;
    scene.flush()?;
    drop(std::fs::remove_dir_all(&scene.scratch));
    Ok(())
}

fn row(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| {
        let place = (times.len() * share / 100).min(times.len().saturating_sub(1));
        times.get(place).copied().unwrap_or_default().as_secs_f64() * 1000.0
    };
    println!(
        "{what}: {:.1} ms median, {:.1} least, {:.1} p99, {:.1} most of {}",
        at(50),
        at(0),
        at(99),
        at(100),
        times.len()
    );
}

impl Scene {
    fn new(dir: &Path) -> Result<Self> {
        let there = |path: &Path| path.canonicalize().map_err(|error| lost(path, &error));
        let own = std::env::current_exe().map_err(|error| lost(dir, &error))?;
        let program = own.with_file_name("ledger");
        let scratch = std::env::temp_dir().join(format!("ledger-hook-{}", std::process::id()));
        Ok(Self { ledger: there(dir)?, scratch, program: there(&program)? })
    }

    fn prepare(&self, jobs: &[&str]) -> Result<()> {
        let fail = |error: std::io::Error| lost(&self.scratch, &error);
        for job in jobs {
            std::fs::create_dir_all(self.scratch.join(job)).map_err(fail)?;
        }
        let key = self.scratch.join("key.pem");
        if !key.exists() {
            std::fs::write(&key, workload::key(0).to_pem()?.as_bytes()).map_err(fail)?;
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            std::fs::set_permissions(&key, mode).map_err(fail)?;
        }
        Ok(())
    }

    fn command(&self, job: &str, ledger: &Path) -> Result<Command> {
        let store: Arc<dyn Store> = Arc::new(Dir::open(&self.ledger, Duration::from_secs(1))?);
        let origin = ledger_core::ledger::read_format(&*store)?.to_string();
        let mut command = Command::new(&self.program);
        command.env_clear().current_dir(self.scratch.join(job)).stdin(Stdio::null());
        command.env("LEDGER_DIR", ledger).env("LEDGER_STATE", self.scratch.join("state"));
        command.env("LEDGER_KEY", self.scratch.join("key.pem")).env("LEDGER_ORIGIN", origin);
        command.env("GITHUB_ACTIONS", "true").env("GITHUB_RUN_ID", job);
        command.env("GITHUB_REPOSITORY_ID", "9").env("GITHUB_ACTOR_ID", "583231");
        Ok(command)
    }

    fn record(&self, job: &str, id: &str, ledger: &Path) -> Result<Command> {
        let mut command = self.command(job, ledger)?;
        command.args(["record", "deployment.finished", "--service", "payments"]);
        command.args(["--environment", "production", "--outcome", "succeeded"]);
        command.args(["--deployment", &self.named(id)]);
        Ok(command)
    }

    fn named(&self, id: &str) -> String {
        let scratch = self.scratch.file_name().map(|name| name.to_string_lossy().into_owned());
        format!("{}-{id}", scratch.unwrap_or_default())
    }

    /// One call, and how long it took.
    fn call(&self, job: &str, id: &str, ledger: &Path) -> Result<Duration> {
        let mut command = self.record(job, id, ledger)?;
        let begun = Instant::now();
        let output = command.output().map_err(|error| lost(&self.program, &error))?;
        let took = begun.elapsed();
        good(&output).map(|()| took)
    }

    /// Many jobs at once, each with a workspace of its own; then each event is looked for.
    fn at_once(&self, jobs: usize) -> Result<()> {
        let names: Vec<String> = (0..jobs).map(|n| format!("job-{n}")).collect();
        self.prepare(&names.iter().map(String::as_str).collect::<Vec<_>>())?;
        let begun = Instant::now();
        let mut running = Vec::with_capacity(jobs);
        for name in &names {
            let mut command = self.record(name, name, &self.ledger)?;
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            let started = Instant::now();
            let child = command.spawn().map_err(|error| lost(&self.program, &error))?;
            running.push((child, started));
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs.max(1)).build();
        let pool = pool.map_err(|error| Error::unavailable("threads", error.to_string()))?;
        let done: Vec<Result<(Duration, bool)>> = pool.install(|| {
            let waited = running.into_par_iter().with_max_len(1).map(|(child, started)| {
                let output =
                    child.wait_with_output().map_err(|error| lost(&self.program, &error))?;
                let took = started.elapsed();
                good(&output)?;
                Ok((took, output.stdout.is_empty()))
            });
            waited.collect()
        });
        let whole = begun.elapsed();
        let done: Vec<(Duration, bool)> = done.into_iter().collect::<Result<_>>()?;
        let spooled = done.iter().filter(|(_, spooled)| *spooled).count();
        row(&format!("{jobs} jobs at once"), done.into_iter().map(|(took, _)| took).collect());
        for name in &names {
            let flushed = self.command(name, &self.ledger)?.arg("flush").output();
            good(&flushed.map_err(|error| lost(&self.program, &error))?)?;
        }
        let ledger = Ledger::open(Arc::new(Dir::open(&self.ledger, Duration::from_secs(5))?))?;
        let mut counts = [0usize; 3];
        for name in &names {
            let subject = format!("deployment:{}", self.named(name));
            let found = ledger.find(Kind::Subject, &subject, 2)?.len();
            if let Some(count) = counts.get_mut(found.min(2)) {
                *count += 1;
            }
        }
        let [lost, once, twice] = counts;
        println!(
            "  {once} there once, {lost} lost, {twice} twice; {spooled} were spooled first; {:.0} a second",
            jobs as f64 / whole.as_secs_f64()
        );
        Ok(())
    }

    fn flush(&self) -> Result<()> {
        let flushed = self.command("away", &self.ledger)?.arg("flush").output();
        let flushed = flushed.map_err(|error| lost(&self.program, &error))?;
        println!("flush: {}", String::from_utf8_lossy(&flushed.stdout).trim_end());
        good(&flushed)
    }
}

fn good(output: &Output) -> Result<()> {
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
    Err(Error::unavailable("call", format!("a call ended with {}: {said}", output.status)))
}

fn lost(path: &Path, error: &std::io::Error) -> Error {
    Error::unavailable("io", format!("cannot use `{}`: {error}", path.display()))
}
