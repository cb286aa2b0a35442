//! The owner of the vault is killed (SIGKILL) again and again over the real database: nothing is lost,
//! the erased stay erased, and the next command goes on.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use super::{World, found, with, world};
use crate::common::Random;

/// A ledger whose owner does not live long.
struct Owner {
    world: World,
    random: Random,
    /// How many runs were cut short.
    stopped: u64,
}

impl Owner {
    /// Runs a command and kills it after a random while; whether it ended well before.
    fn killed(&mut self, args: &[&str]) -> bool {
        let mut command = self.world.command(args);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(Duration::from_micros(self.random.below(60_000)));
        let _ = child.kill();
        let well = child.wait().unwrap().success();
        self.stopped += u64::from(!well);
        well
    }

    fn good(&self, args: &[&str]) -> String {
        self.world.run(args).good()
    }

    /// The vault's folder.
    fn vault(&self) -> PathBuf {
        self.world.path("d/ledger/vault")
    }

    /// Takes the vault away; what belongs to the ledger stays.
    fn lose(&self, to: &str) {
        std::fs::create_dir(self.world.path(to)).unwrap();
        for file in std::fs::read_dir(self.vault()).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            if name.starts_with("db-") || ["mark", "texts", "copies", "set-aside"].contains(&&*name)
            {
                std::fs::rename(self.vault().join(&name), self.world.path(to).join(&name)).unwrap();
            }
        }
    }

    /// What was disclosed is there, once.
    fn absorbing(&mut self) {
        for round in 0..12 {
            let lines: String = (0..5).map(|n| event(round * 5 + n) + "\n").collect();
            self.world.write("events", lines);
            self.good(&["append", "--key", "ci.pem", "events"]);
            self.killed(&["vault", "absorb"]);
            self.killed(&["vault", "absorb"]);
        }
        self.good(&["vault", "absorb"]);
        check(&self.world, false);
    }

    /// Half a backup is none, and a restoring that stopped is begun again.
    fn copying(&mut self) {
        self.good(&["vault", "backup", "whole"]);
        for round in 0..4 {
            let to = format!("backup-{round}");
            self.killed(&["vault", "backup", &to]);
            self.lose(&format!("lost-{round}"));
            let marked = self.world.path(&to).join("mark").exists();
            let half = self.world.run(&["vault", "restore", &to]);
            assert_eq!(half.status == 0, marked, "{}", half.stderr);
            let there = self.vault().join("mark");
            for _ in 0..4 {
                if !there.exists() {
                    self.killed(&["vault", "restore", "whole"]);
                }
            }
            if !there.exists() {
                self.good(&["vault", "restore", "whole"]);
            }
            check(&self.world, false);
        }
    }

    /// The order in the log decides; once it is there, the person is gone for good. Gives how many are.
    fn erasing(&mut self) -> usize {
        let orders = |owner: &Self| owner.good(&["log", "--type", "person.erased"]).lines().count();
        for number in 0..8 {
            let who = format!("github:login-{number}");
            let erase = with(&["person", "erase", &who, "--basis", "gdpr-17-1-b"]);
            self.killed(&erase);
            // an order that is written and not acknowledged counts, once the tail is mended
            self.good(&["recover"]);
            if orders(self) == number {
                // no order: the person is whole, and can be erased
                let said = self.good(&with(&["person", "export", &who]));
                assert!(said.contains(&format!("by Surname{number}x Person")), "{said}");
                self.good(&erase);
            } else {
                // whoever opens the vault next finishes what was ordered
                self.good(&["vault", "absorb"]);
                assert_ne!(self.world.run(&erase).status, 0, "it is erased already");
            }
            check(&self.world, true);
        }
        orders(self)
    }
}

/// One person of the many that are recorded, absorbed and erased.
fn event(number: usize) -> String {
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
    let mut owner = Owner { world: world(), random: Random::new(), stopped: 0 };
    owner.good(&["vault", "absorb"]);
    owner.absorbing();
    owner.copying();
    let gone = owner.erasing();
    assert_eq!(gone, 8);
    // a backup from before, restored by an owner who is killed, does not bring anybody back
    owner.lose("lost");
    for _ in 0..5 {
        owner.killed(&["vault", "restore", "whole"]);
    }
    let last = owner.world.run(&["vault", "restore", "whole"]);
    assert!(last.status == 0 || last.stderr.contains("a vault here already"), "{}", last.stderr);
    owner.good(&["vault", "absorb"]);
    // what was disclosed after the backup is lost with the vault, and nothing contradicts the log
    let said = owner.world.run(&["vault", "check", "--json"]);
    assert!(said.status == 2 && said.stdout.contains(r#""faults":[]"#), "{}", said.stdout);
    for number in 0..gone {
        assert!(!found(&owner.world.path("d"), &format!("Surname{number}x")), "{number}");
        let who = format!("github:login-{number}");
        let said = owner.world.run(&with(&["person", "reveal", &who, "--basis", "audit"]));
        assert!(said.status != 0, "{}", said.stdout);
    }
    let who = format!("github:login-{gone}");
    let said = owner.good(&with(&["person", "reveal", &who, "--basis", "audit"]));
    assert!(said.contains(&format!("Surname{gone}x")), "{said}");
    owner.good(&["verify"]);
    assert!(owner.stopped > 10, "only {} runs were cut short", owner.stopped);
}
