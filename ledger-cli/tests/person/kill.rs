//! The owner of the vault is killed (SIGKILL) again and again over the real database: nothing is lost,
//! the erased stay erased, and the next command goes on.

use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{World, found, with, world};

/// A small generator of numbers (xorshift); the seed is printed, and `LEDGER_TEST_SEED` gives one.
struct Random(u64);

impl Random {
    #[expect(clippy::disallowed_methods, clippy::print_stderr, reason = "a fresh seed, printed")]
    fn new() -> Self {
        let given = std::env::var("LEDGER_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos();
        let seed = given.unwrap_or(u64::from(now) | 1);
        eprintln!("LEDGER_TEST_SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Runs a command and kills it after a random while, at the latest when it is mostly done; whether it
/// ended by itself before.
fn killed(world: &World, random: &mut Random, args: &[&str]) -> bool {
    let mut command = world.command(args);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    std::thread::sleep(Duration::from_micros(random.below(60_000)));
    let _ = child.kill();
    child.wait().unwrap().success()
}

/// One person of the many that are recorded, absorbed and erased.
fn event(number: u64) -> String {
    format!(
        r#"{{"type":"change.recorded","occurred_at":"2026-07-01T12:30:00.000000Z","actor":{{"kind":"human","id":{{"issuer":"github","id":"login-{number}","name":"Surname{number}x Person"}}}},"subject":{{"change":"k-{number}"}},"data":{{"state":"open","opened_at":"2026-07-01T12:30:00.000000Z","requester":{{"issuer":"github","id":"login-{number}"}},"title":"by Surname{number}x Person"}}}}"#
    )
}

/// What the vault can open and derive: all of it, but for the erased.
fn check(world: &World, erased: bool) {
    let said = world.run(&["vault", "check", "--json"]);
    assert!(said.stdout.contains(r#""faults":[]"#), "{}{}", said.stdout, said.stderr);
    for lost in ["undisclosed", "unfiled"] {
        assert!(!said.stdout.contains(lost), "{lost}: {}", said.stdout);
    }
    assert_eq!(said.status, if erased { 2 } else { 0 }, "{}{}", said.stdout, said.stderr);
}

#[test]
fn the_owner_is_killed_again_and_again() {
    let world = world();
    let mut random = Random::new();
    world.run(&["vault", "absorb"]).good();
    let (mut stopped, mut persons) = (0, 0);
    // absorb: what was disclosed is there, once
    for _ in 0..12 {
        let lines: String = (persons..persons + 5).map(|number| event(number) + "\n").collect();
        persons += 5;
        world.write("events", lines);
        world.run(&["append", "--key", "ci.pem", "events"]).good();
        stopped += u64::from(!killed(&world, &mut random, &["vault", "absorb"]));
        stopped += u64::from(!killed(&world, &mut random, &["vault", "absorb"]));
    }
    world.run(&["vault", "absorb"]).good();
    check(&world, false);
    // backup and restore: half a backup is none, and a restoring that stopped is begun again
    world.run(&["vault", "backup", "whole"]).good();
    for round in 0..4 {
        let to = format!("backup-{round}");
        let done = killed(&world, &mut random, &["vault", "backup", &to]);
        stopped += u64::from(!done);
        let old = format!("old-{round}");
        std::fs::create_dir(world.path(&old)).unwrap();
        for part in ["mark", "texts", "copies", "set-aside", "db-00000000000000000001"] {
            let from = world.path("d/ledger/vault").join(part);
            if from.exists() {
                std::fs::rename(from, world.path(&old).join(part)).unwrap();
            }
        }
        let marked = world.path(&to).join("mark").exists();
        let half = world.run(&["vault", "restore", &to]);
        assert_eq!(half.status == 0, marked, "{}", half.stderr);
        if !marked {
            while !killed(&world, &mut random, &["vault", "restore", "whole"])
                && !world.path("d/ledger/vault/mark").exists()
            {
                stopped += 1;
            }
        }
        check(&world, false);
    }
    // erase: the order in the log decides; once it is there, the person is gone for good
    let mut gone = 0;
    for number in 0..8 {
        let who = format!("github:login-{number}");
        let erase = with(&["person", "erase", &who, "--basis", "gdpr-17-1-b"]);
        stopped += u64::from(!killed(&world, &mut random, &erase));
        // an order that is written and not acknowledged counts, once the tail is mended
        world.run(&["recover"]).good();
        let ordered = world.run(&["log", "--type", "person.erased"]).good().lines().count();
        if ordered == gone {
            // no order: the person is whole, and can be erased
            let all = with(&["person", "export", &who]);
            let said = world.run(&all).good();
            assert!(said.contains(&format!("by Surname{number}x Person")), "{said}");
            world.run(&erase).good();
        } else {
            // whoever opens the vault next finishes what was ordered
            world.run(&["vault", "absorb"]).good();
            assert_ne!(world.run(&erase).status, 0, "it is erased already");
        }
        gone += 1;
        check(&world, true);
    }
    assert_eq!(world.run(&["log", "--type", "person.erased"]).good().lines().count(), gone);
    // a backup from before, restored by an owner who is killed, does not bring anybody back
    std::fs::rename(world.path("d/ledger/vault/mark"), world.path("mark")).unwrap();
    for part in ["texts", "copies", "set-aside"] {
        let _ = std::fs::remove_dir_all(world.path("d/ledger/vault").join(part));
    }
    for file in std::fs::read_dir(world.path("d/ledger/vault")).unwrap() {
        let path = file.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("db-") {
            std::fs::remove_dir_all(path).unwrap();
        }
    }
    for _ in 0..5 {
        stopped += u64::from(!killed(&world, &mut random, &["vault", "restore", "whole"]));
    }
    let last = world.run(&["vault", "restore", "whole"]);
    assert!(last.status == 0 || last.stderr.contains("a vault here already"), "{}", last.stderr);
    world.run(&["vault", "absorb"]).good();
    // what was disclosed after the backup is lost with the vault, and nothing contradicts the log
    let said = world.run(&["vault", "check", "--json"]);
    assert!(said.status == 2 && said.stdout.contains(r#""faults":[]"#), "{}", said.stdout);
    for number in 0..gone {
        assert!(!found(&world.path("d"), &format!("Surname{number}x")), "{number}");
        let who = format!("github:login-{number}");
        let said = world.run(&with(&["person", "reveal", &who, "--basis", "audit"]));
        assert!(said.status != 0, "{}", said.stdout);
    }
    let who = format!("github:login-{gone}");
    let said = world.run(&with(&["person", "reveal", &who, "--basis", "audit"])).good();
    assert!(said.contains(&format!("Surname{gone}x")), "{said}");
    world.run(&["verify"]).good();
    assert!(stopped > 10, "only {stopped} runs were cut short");
}
