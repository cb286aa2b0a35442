//! The hook where something is wrong with the machine: disks, clocks, locks, files.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

#[path = "common/clock.rs"]
mod clock;
mod common;

use std::fs::File;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use clock::Clock;
use common::{Ended, PIPELINE, World, deployed, times};

/// Runs where no file may grow beyond so many blocks of 512 bytes, as on a disk that is full there.
fn within(world: &World, blocks: u32, args: &[&str]) -> Ended {
    let command = world.command(args);
    let mut shell = Command::new("sh");
    // the signal would end the process before it is told of the failed write
    shell.arg("-c").arg(format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""));
    shell.arg(command.get_program()).args(command.get_args()).current_dir(world.path("."));
    shell.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    Ended::from(shell.output().unwrap())
}

fn spools(world: &World) -> Vec<PathBuf> {
    let files = std::fs::read_dir(world.path(".ledger")).unwrap();
    let files = files.map(|file| file.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|found| found == "spool")).collect()
}

#[test]
fn a_full_disk_loses_nothing_that_was_promised() {
    let world = World::new();
    world.run(&deployed("f-0")).good();
    // neither the spool nor the ledger can be written: nothing is promised
    let said = within(&world, 0, &deployed("f-1")).bad(5);
    assert!(said.contains("neither the spool nor the ledger took it"), "{said}");
    // the ledger's disk is full, the workspace's is not: the event waits
    let said = within(&world, 16, &deployed("f-2"));
    assert!(said.stderr.contains("safe in the spool"), "{}", said.stderr);
    said.good();
    assert!(!world.path("d/ledger/poison").exists());
    // room again: what waits is delivered first
    world.run(&deployed("f-3")).good();
    for (id, wanted) in [("f-0", 1), ("f-1", 0), ("f-2", 1), ("f-3", 1)] {
        assert_eq!(times(&world, id), wanted, "{id}");
    }
    let said = world.run(&["verify"]).good();
    assert!(said.contains("no gap in any stream"), "{said}");
}

#[test]
fn a_workspace_that_cannot_be_written_is_no_obstacle() {
    let world = World::new();
    let root = world.path(".").metadata().unwrap().uid() == 0;
    std::fs::create_dir(world.path("work")).unwrap();
    let mut command = world.command(&[&deployed("r-1")[..], &["--workspace", "work"]].concat());
    if root {
        // root writes everywhere, so somebody else has to try
        give(&world.path("."), 65_534);
        command.uid(65_534).gid(65_534);
    }
    std::fs::set_permissions(world.path("work"), std::fs::Permissions::from_mode(0o555)).unwrap();
    let said = Ended::from(command.output().unwrap());
    assert!(said.stderr.contains("the workspace cannot be written"), "{}", said.stderr);
    said.good();
    assert_eq!(times(&world, "r-1"), 1);
    assert!(!world.path("work/.ledger").exists());
}

fn give(path: &Path, user: u32) {
    chown(path, Some(user), Some(user)).unwrap();
    if path.is_dir() {
        for file in std::fs::read_dir(path).unwrap() {
            give(&file.unwrap().path(), user);
        }
    }
}

#[test]
fn a_ledger_that_is_locked_is_waited_for_and_then_spooled() {
    let world = World::new();
    world.run(&deployed("b-0")).good();
    let lock = File::options().append(true).open(world.path("d/ledger/lock")).unwrap();
    lock.lock().unwrap();
    let begun = Instant::now();
    let said = world.run(&deployed("b-1"));
    assert!(said.stderr.contains("safe in the spool"), "{}", said.stderr);
    assert_eq!(said.good(), "");
    let waited = begun.elapsed();
    assert!((Duration::from_secs(4)..Duration::from_secs(20)).contains(&waited), "{waited:?}");
    let said = world.run(&[&deployed("b-2")[..], &["--require-ack"]].concat());
    assert_eq!(said.status, 6, "{}", said.stderr);
    assert!(world.run(&["status"]).good().contains("2 waiting since 20"));
    lock.unlock().unwrap();
    world.run(&deployed("b-3")).good();
    for id in ["b-0", "b-1", "b-2", "b-3"] {
        assert_eq!(times(&world, id), 1, "{id}");
    }
}

#[test]
fn a_folder_that_is_empty_or_gone_is_a_ledger_that_is_away() {
    let world = World::new();
    world.run(&deployed("m-0")).good();
    std::fs::rename(world.path("d/ledger"), world.path("d/gone")).unwrap();
    world.run(&deployed("m-1")).good();
    // a mount point without its file system
    std::fs::create_dir(world.path("d/ledger")).unwrap();
    let said = world.run(&deployed("m-2"));
    assert!(said.stderr.contains("safe in the spool"), "{}", said.stderr);
    said.good();
    assert_eq!(std::fs::read_dir(world.path("d/ledger")).unwrap().count(), 0);
    // another ledger in its place gets nothing
    std::fs::remove_dir(world.path("d/ledger")).unwrap();
    let other = World::empty();
    other.run(&["key", "new", "r.pem"]).good();
    let init =
        ["init", "d/ledger", "--name", "example.com/other", "--root", "r.pem=hr:1", "--solo"];
    other.run(&init).good();
    std::fs::rename(other.path("d/ledger"), world.path("d/ledger")).unwrap();
    let said = world.run(&deployed("m-3"));
    assert_eq!(said.status, 4, "{}", said.stderr);
    assert!(said.stderr.contains("another ledger stands here"), "{}", said.stderr);
    std::fs::remove_dir_all(world.path("d/ledger")).unwrap();
    std::fs::rename(world.path("d/gone"), world.path("d/ledger")).unwrap();
    world.run(&["flush", "--key", PIPELINE]).good();
    for id in ["m-0", "m-1", "m-2", "m-3"] {
        assert_eq!(times(&world, id), 1, "{id}");
    }
}

#[test]
fn a_wrong_clock_records_and_is_found() {
    let world = World::new();
    let clock = Clock::new(&world);
    let shifted = |by: &str, args: &[&str]| {
        let mut command = world.command(args);
        clock.set(by);
        clock.govern(&mut command);
        Ended::from(command.output().unwrap())
    };
    shifted("3600", &deployed("c-ahead")).good();
    let said = world.run(&["verify"]).good();
    assert!(said.contains("INTEGRITY     holds"), "{said}");
    // the clock is right again, so it went back; then an hour behind
    world.run(&deployed("c-right")).good();
    shifted("-3600", &deployed("c-behind")).good();
    std::fs::rename(world.path("d/ledger"), world.path("d/gone")).unwrap();
    for (by, id) in [("3600", "c-spooled"), ("-7200", "c-back")] {
        let said = shifted(by, &deployed(id));
        assert!(said.stderr.contains("safe in the spool"), "{}", said.stderr);
    }
    assert!(world.run(&["status"]).good().contains("2 waiting since 20"));
    std::fs::rename(world.path("d/gone"), world.path("d/ledger")).unwrap();
    world.run(&["flush", "--key", PIPELINE]).good();
    for id in ["c-ahead", "c-right", "c-behind", "c-spooled", "c-back"] {
        assert_eq!(times(&world, id), 1, "{id}");
    }
    let said = world.run(&["verify"]).good();
    assert!(said.contains("INTEGRITY     holds"), "{said}");
    assert!(said.contains("COMPLETENESS  does not hold"), "{said}");
    assert!(said.contains("clock"), "{said}");
}

/// Three events wait; then the file is changed.
fn damaged(change: impl FnOnce(&mut Vec<String>)) -> World {
    let world = World::new();
    world.run(&deployed("l-0")).good();
    std::fs::rename(world.path("d/ledger"), world.path("d/gone")).unwrap();
    for id in ["l-1", "l-2", "l-3"] {
        world.run(&deployed(id)).good();
    }
    std::fs::rename(world.path("d/gone"), world.path("d/ledger")).unwrap();
    let path = &spools(&world)[0];
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    change(&mut lines);
    std::fs::write(path, lines.join("\n") + "\n").unwrap();
    world
}

fn set_aside(world: &World) -> usize {
    let files = std::fs::read_dir(world.path(".ledger")).unwrap();
    files
        .filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|e| e == "damaged"))
        .count()
}

#[test]
fn a_damaged_first_line_does_not_stop_the_next_event() {
    let world = damaged(|lines| lines[0] = "{\"format\"".to_owned());
    let said = world.run(&deployed("l-4"));
    assert!(said.stderr.contains("warning: a spool is damaged"), "{}", said.stderr);
    assert!(said.stderr.contains("3 events of "), "{}", said.stderr);
    said.good();
    // the events themselves say where they stand, so none is lost
    for id in ["l-0", "l-1", "l-2", "l-3", "l-4"] {
        assert_eq!(times(&world, id), 1, "{id}");
    }
    assert_eq!(set_aside(&world), 1);
    let said = world.run(&["verify"]).good();
    assert!(said.contains("no gap in any stream"), "{said}");
}

#[test]
fn what_a_damaged_spool_lost_is_declared_even_later() {
    let world = damaged(|lines| {
        lines[0] = "{}".to_owned();
        lines[2] = "x".to_owned();
    });
    std::fs::rename(world.path("d/ledger"), world.path("d/gone")).unwrap();
    let said = world.run(&deployed("l-4"));
    assert!(said.stderr.contains("`gap.declared` for 2 to 2"), "{}", said.stderr);
    said.good();
    std::fs::rename(world.path("d/gone"), world.path("d/ledger")).unwrap();
    assert!(world.run(&["flush", "--key", PIPELINE]).good().ends_with("waiting 0\n"));
    for (id, wanted) in [("l-0", 1), ("l-1", 1), ("l-2", 0), ("l-3", 1), ("l-4", 1)] {
        assert_eq!(times(&world, id), wanted, "{id}");
    }
    let log = world.run(&["log", "--type", "gap.declared"]).good();
    assert_eq!(log.lines().count(), 1, "{log}");
}

#[test]
fn a_spool_that_says_nothing_is_kept_and_told() {
    let world = damaged(|lines| lines.fill("\u{0}".to_owned()));
    let said = world.run(&deployed("l-4"));
    assert!(said.stderr.contains("nothing in it can be read"), "{}", said.stderr);
    said.good();
    assert_eq!((times(&world, "l-4"), set_aside(&world)), (1, 1));
}

#[test]
fn the_damaged_spool_of_another_job_is_saved_too() {
    let world = damaged(|lines| lines[2] = "x".to_owned());
    let mut command = world.command(&deployed("o-1"));
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_RUN_ID", "7");
    let said = Ended::from(command.output().unwrap());
    assert!(said.stderr.contains("a spool is damaged"), "{}", said.stderr);
    said.good();
    for (id, wanted) in [("l-1", 1), ("l-2", 0), ("l-3", 1), ("o-1", 1)] {
        assert_eq!(times(&world, id), wanted, "{id}");
    }
    assert_eq!(world.run(&["log", "--type", "gap.declared"]).good().lines().count(), 1);
}
