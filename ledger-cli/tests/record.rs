//! The hook through the real program: fields, streams, the spool, and how it ends.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests stop at the first surprise"
)]

mod common;

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

use common::{Ended, PIPELINE, World, deployed, times};

fn in_job(world: &World, args: &[&str], run: &str, attempt: &str) -> Ended {
    let mut command = world.command(args);
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_RUN_ID", run).env("GITHUB_JOB", "deploy");
    command.env("GITHUB_RUN_ATTEMPT", attempt).env("GITHUB_REPOSITORY_ID", "9");
    command.env("GITHUB_SERVER_URL", "https://github.com").env("GITHUB_ACTOR_ID", "583231");
    Ended::from(command.output().unwrap())
}

fn away(world: &World, is_away: bool) {
    let (here, gone) = (world.path("d/ledger"), world.path("d/gone"));
    let (from, to) = if is_away { (here, gone) } else { (gone, here) };
    std::fs::rename(from, to).unwrap();
}

/// All files of the workspace's spool.
fn spools(world: &World) -> Vec<PathBuf> {
    let files = std::fs::read_dir(world.path(".ledger")).unwrap();
    let mut spools: Vec<PathBuf> = files
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == "spool"))
        .collect();
    spools.sort();
    spools
}

fn no_gap(world: &World) {
    let said = world.run(&["verify"]).good();
    assert!(
        said.contains("INTEGRITY     holds") && said.contains("no gap in any stream"),
        "{said}"
    );
}

#[test]
fn each_type_shows_its_fields() {
    let world = World::new();
    let listed = world.run(&["events"]).good();
    let kinds = listed.lines().map(|line| line.split_whitespace().next().unwrap());
    let kinds: Vec<&str> = kinds.filter(|kind| *kind != "ledger.created").collect();
    assert_eq!(kinds.len(), 101);
    for kind in kinds {
        let help = world.run(&["record", kind, "--help"]).good();
        assert!(help.contains("--occurred-at"), "{kind}: {help}");
    }
    let help = world.run(&["record", "config.drifted", "--help"]).good();
    assert!(help.contains("--data-state <WORD>") && help.contains("detected, accepted"), "{help}");
    let script = world.run(&["completions", "bash"]).good();
    assert!(script.contains("deployment.finished") && script.contains("--counts.flaky"));
}

#[test]
fn bad_input_changes_nothing() {
    let world = World::new();
    let before = world.snapshot();
    let cases: &[(&str, &str, &str)] = &[
        ("--outcome", "", "--outcome: the value is empty"),
        ("--outcome", "won", "`won` is none of"),
        ("--service", " ", "--service: the value is empty"),
        ("--service", "Ada Lovelace", "/subject/service"),
        ("--actor", "runner", "--actor: `runner` does not name a person"),
        ("--occurred-at", "", "--occurred-at: the value is empty"),
        ("--subject", "change=", "--subject: `change=` is not NAME=ID"),
    ];
    for (option, value, wanted) in cases {
        let mut args = deployed("d-1");
        match args.iter().position(|arg| arg == option) {
            Some(at) => args[at + 1] = value,
            None => args.extend([option, value]),
        }
        let said = world.run(&args).bad(2);
        assert!(said.contains(wanted), "{option}: {said}");
        assert!(said.contains("hint: "), "{option}: {said}");
    }
    let mut args = deployed("d-1");
    args.drain(8..10);
    assert!(world.run(&args).bad(2).contains("`--outcome` must be given"));
    args.push("--outcome");
    assert_eq!(world.run(&args).status, 2);
    let url = [&deployed("d-1")[..], &["--to", "ledger.example.com"]].concat();
    assert!(world.run(&url).bad(2).contains("is no address of a server"));
    assert!(world.snapshot() == before && !world.path(".ledger").exists());
}

#[test]
fn a_job_is_a_stream_and_a_rerun_another() {
    let world = World::new();
    for (run, attempt, label, seq) in
        [("7", "1", "github.7.1", 0), ("7", "1", "github.7.1", 1), ("7", "2", "github.7.2", 0)]
    {
        let said = in_job(&world, &deployed("d-1"), run, attempt).good();
        let index = said.split_whitespace().nth(1).unwrap().to_owned();
        let event = world.run(&["show", &index, "--raw"]).good();
        assert!(event.contains(&format!("/{label}/")), "{event}");
        assert!(event.contains(&format!(r#""seq":{seq}"#)), "{event}");
        assert!(event.contains(r#""run":"github:7""#), "{event}");
    }
    in_job(&world, &["close", "--key", PIPELINE], "7", "1").good();
    assert!(world.run(&["show", "67", "--raw"]).good().contains(r#""data":{"length":3}"#));
    // what comes after is a new stream
    in_job(&world, &deployed("d-2"), "7", "1").good();
    assert!(world.run(&["show", "68", "--raw"]).good().contains(r#""seq":0"#));
    no_gap(&world);
}

#[test]
fn a_dry_run_writes_nothing_and_fails_as_the_real_one() {
    let world = World::new();
    let before = world.snapshot();
    let dry = [&deployed("d-1")[..], &["--dry-run"]].concat();
    let said = in_job(&world, &dry, "7", "1");
    assert!(said.stderr.contains("note: run `7` from GITHUB_RUN_ID"), "{}", said.stderr);
    let event = said.good();
    assert!(event.starts_with(r#"{"actor":{"#) && event.contains(r#""seq":0"#), "{event}");
    world.run(&["key", "new", "other.pem"]).good();
    let mut other = deployed("d-1");
    *other.last_mut().unwrap() = "other.pem";
    let real = world.run(&other).bad(4);
    assert_eq!(world.run(&[&other[..], &["--dry-run"]].concat()).bad(4), real);
    assert!(world.snapshot() == before);
    // what was refused left the stream as it was
    world.run(&deployed("d-1")).good();
    no_gap(&world);
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let world = World::new();
    world.write("key.pem", world.read(PIPELINE));
    std::fs::set_permissions(world.path("key.pem"), std::fs::Permissions::from_mode(0o644))
        .unwrap();
    let mut args = deployed("d-1");
    *args.last_mut().unwrap() = "key.pem";
    assert!(world.run(&args).bad(3).contains("its mode is 0644"));
    *args.last_mut().unwrap() = "no.pem";
    world.run(&args).bad(3);
    let none = &args[..args.len() - 2];
    assert!(world.run(none).bad(3).contains("no key to sign with"));
}

#[test]
fn events_wait_while_the_ledger_is_away() {
    let world = World::new();
    let mut args = deployed("w-0");
    world.run(&args).good();
    away(&world, true);
    for id in ["w-1", "w-2"] {
        args[3] = id;
        let ended = world.run(&args);
        assert!(ended.stderr.contains("safe in the spool"), "{}", ended.stderr);
        assert_eq!(ended.good(), "");
    }
    args[3] = "w-3";
    assert_eq!(world.run(&[&args[..], &["--require-ack"]].concat()).status, 6);
    let status = world.run(&["status"]).good();
    assert!(status.contains("3 waiting since 20"), "{status}");
    // nobody reads who acted from the files of the workspace
    let spool = std::fs::read(&spools(&world)[0]).unwrap();
    assert!(!String::from_utf8(spool).unwrap().contains("runner-7"));
    let mode = std::fs::metadata(world.path("d/state/host.secret")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    away(&world, false);
    args[3] = "w-4";
    world.run(&args).good();
    assert!(world.run(&["status"]).good().contains("nothing waits"));
    assert!(
        !String::from_utf8(std::fs::read(&spools(&world)[0]).unwrap()).unwrap().contains("sealed")
    );
    for id in ["w-0", "w-1", "w-2", "w-3", "w-4"] {
        assert_eq!(times(&world, id), 1, "{id}");
    }
    no_gap(&world);
}

#[test]
fn a_poisoned_ledger_is_one_that_is_away() {
    let world = World::new();
    world.write("d/ledger/poison", "io: the disk\n");
    let ended = world.run(&deployed("p-1"));
    assert!(ended.stderr.contains("safe in the spool"), "{}", ended.stderr);
    ended.good();
    world.run(&["recover"]).good();
    // what an earlier job left is delivered by the next
    in_job(&world, &deployed("p-2"), "7", "1").good();
    assert_eq!((times(&world, "p-1"), times(&world, "p-2")), (1, 1));
    no_gap(&world);
}

#[test]
fn without_a_spool_it_is_delivered_or_told() {
    let world = World::new();
    // neither the workspace nor the state can hold a spool
    world.write(".ledger", "a file");
    world.write("d/state/spool", "a file");
    let ended = world.run(&deployed("n-1"));
    assert!(ended.stderr.contains("delivered without a spool"), "{}", ended.stderr);
    ended.good();
    away(&world, true);
    assert!(world.run(&deployed("n-2")).bad(5).contains("neither the spool nor the ledger"));
    away(&world, false);
    std::fs::remove_file(world.path("d/state/spool")).unwrap();
    away(&world, true);
    world.run(&deployed("n-3")).good();
    away(&world, false);
    assert_eq!(world.run(&["flush", "--key", PIPELINE]).good(), "delivered 1, waiting 0\n");
    assert_eq!((times(&world, "n-1"), times(&world, "n-3")), (1, 1));
}

#[test]
fn a_full_spool_refuses_loudly() {
    let world = World::new();
    world.run(&deployed("f-1")).good();
    std::fs::File::create(world.path(".ledger/other.spool")).unwrap().set_len(64 << 20).unwrap();
    away(&world, true);
    let said = world.run(&deployed("f-2")).bad(5);
    assert!(said.contains("the spool is full"), "{said}");
}

#[test]
fn what_is_lost_is_declared() {
    let world = World::new();
    away(&world, true);
    for id in ["l-1", "l-2", "l-3"] {
        world.run(&deployed(id)).good();
    }
    away(&world, false);
    let path = &spools(&world)[0];
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[2] = "{\"at\":";
    std::fs::write(path, lines.join("\n") + "\n").unwrap();
    let said = world.run(&["flush", "--key", PIPELINE]);
    assert!(said.stderr.contains("a spool is damaged"), "{}", said.stderr);
    let gap = world.run(&["show", "last", "--raw"]).good();
    assert!(gap.contains(r#""data":{"from":1,"reason_code":"spool-damaged","to":1}"#), "{gap}");
    assert_eq!((times(&world, "l-1"), times(&world, "l-2"), times(&world, "l-3")), (1, 0, 1));
}

#[test]
fn what_is_refused_later_is_kept_and_told() {
    let world = World::new();
    world.run(&["key", "new", "other.pem"]).good();
    away(&world, true);
    let mut args = deployed("r-1");
    *args.last_mut().unwrap() = "other.pem";
    world.run(&args).good();
    away(&world, false);
    let ended = world.run(&["flush", "--key", PIPELINE]);
    assert!(
        ended.stderr.contains("warning: the ledger refused an event that waited"),
        "{}",
        ended.stderr
    );
    let kept = std::fs::read_dir(world.path(".ledger")).unwrap().filter(|file| {
        file.as_ref().unwrap().file_name().to_string_lossy().starts_with("refused-")
    });
    assert_eq!((kept.count(), times(&world, "r-1")), (1, 0));
}

fn start(world: &World, id: &str, run: usize) -> Child {
    let mut command = world.command(&deployed(id));
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_RUN_ID", run.to_string());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn jobs_at_once_lose_nothing_and_record_nothing_twice() {
    let world = World::new();
    let ids: Vec<String> = (0..24).map(|n| format!("j-{n}")).collect();
    // each stream has three hooks at once
    let jobs = ids.iter().enumerate().map(|(n, id)| start(&world, id, n / 3));
    for job in jobs.collect::<Vec<_>>() {
        Ended::from(job.wait_with_output().unwrap()).good();
    }
    world.run(&["flush", "--key", PIPELINE]).good();
    for id in &ids {
        assert_eq!(times(&world, id), 1, "{id}");
    }
    no_gap(&world);
}

#[test]
fn killed_at_any_point_nothing_is_lost_and_nothing_twice() {
    let world = World::new();
    let mut promised = Vec::new();
    let ids: Vec<String> = (0..50).map(|n| format!("k-{n}")).collect();
    for (n, id) in ids.iter().enumerate() {
        if n % 10 == 4 {
            away(&world, true);
        }
        let mut job = start(&world, id, 1);
        // every moment of a run of some 30 ms, again and again
        std::thread::sleep(Duration::from_micros((n as u64 * 1_237) % 31_000));
        let _ = job.kill();
        let output = job.wait_with_output().unwrap();
        let said =
            String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        if said.contains("durable\n") || said.contains("safe in the spool") {
            promised.push(id);
        }
        if n % 10 == 7 {
            away(&world, false);
        }
    }
    world.run(&["recover"]).good();
    assert!(world.run(&["flush", "--key", PIPELINE]).good().ends_with("waiting 0\n"));
    for id in &ids {
        let found = times(&world, id);
        assert!(found <= 1 && (found == 1 || !promised.contains(&id)), "{id}: {found} times");
    }
    no_gap(&world);
}
