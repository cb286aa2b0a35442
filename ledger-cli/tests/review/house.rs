//! A house with people, one system, and listings of it.

use ledger_core::review::form::Form;
use ledger_core::time::Timestamp;
use serde_json::{Value, json};

use crate::common::{Ended, World};

/// Who is who: olga owns the shop, mia manages ada and bob, zoe manages olga; adam carries out grants.
pub const PEOPLE: [(&str, Option<&str>); 6] = [
    ("olga", Some("zoe")),
    ("mia", Some("zoe")),
    ("zoe", None),
    ("ada", Some("mia")),
    ("bob", Some("mia")),
    ("adam", Some("zoe")),
];

pub const LIST: &str = "Login,Role,Employee,Root,Type,Path,Given,Used,Owner,Why
ada1,deployer,ada,yes,personal,direct,2026-01-05T00:00:00Z,NOW,,
ada1,reader,ada,no,personal,group,2026-01-05T00:00:00Z,NOW,,
ada1,reader,ada,no,personal,direct,2026-01-05T00:00:00Z,NOW,,
bob1,deployer,bob,no,personal,direct,2026-01-05T00:00:00Z,2026-01-06T00:00:00Z,,
mia1,reader,mia,no,personal,direct,2026-01-05T00:00:00Z,NOW,,
root,grants,adam,yes,personal,direct,2026-01-05T00:00:00Z,NOW,,
olga1,reader,olga,no,personal,direct,2026-01-05T00:00:00Z,NOW,,
bot,deployer,,no,service,direct,2026-01-05T00:00:00Z,NOW,team,runs
ghost,reader,,no,personal,direct,2026-01-05T00:00:00Z,NOW,,
all,reader,,no,shared,direct,2026-01-05T00:00:00Z,NOW,team,desk
";

/// A time that many seconds from now, as events have it.
#[expect(clippy::disallowed_methods, reason = "a listing has to be fresh")]
pub fn at(seconds: i64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let second = now.as_secs().checked_add_signed(seconds).unwrap();
    Timestamp::from_micros(second * 1_000_000).unwrap().to_string()
}

pub fn who(id: &str) -> Value {
    json!({"issuer": "hr", "id": id})
}

pub struct House {
    pub world: World,
}

impl House {
    /// People, a system, and nothing listed yet.
    pub fn new() -> Self {
        let world = World::empty();
        let keys = ["root.pem", "ci.pem", "relay.pem", "mia.pem", "olga.pem", "zoe.pem", "ada.pem"];
        for key in keys {
            world.run(&["key", "new", key]).good();
        }
        world
            .run(&["init", "d/ledger", "--name", "test/led", "--solo", "--root", "root.pem=hr:1"])
            .good();
        let register = |args: &[&str], rights: &[&str]| {
            let rights = rights.iter().flat_map(|right| ["--capability", right]);
            let begin = ["key", "register", "--key", "root.pem", "--new"];
            world.run(&[&begin[..], args, &rights.collect::<Vec<_>>()].concat()).good();
        };
        let all = ["append:*", "append:system.registered", "append:source.registered"];
        register(&["ci.pem", "--service", "ci"], &all);
        register(&["relay.pem", "--service", "relay"], &["relay:access-csv"]);
        for person in ["mia", "olga", "zoe", "ada"] {
            let (file, holder) = (format!("{person}.pem"), format!("hr:{person}"));
            register(&[&file, "--person", &holder], &["review", "append:*", "approve", "sign_off"]);
        }
        let house = Self { world };
        for (person, manager) in PEOPLE {
            house.person("joined", person, manager, &at(-200 * 86_400));
        }
        house.append(&json!({
            "type": "system.registered", "occurred_at": at(-300 * 86_400), "subject": {"system": "shop"},
            "actor": {"kind": "human", "id": who("olga")},
            "data": {
                "state": "active", "tier": "1", "owner": who("olga"), "entitlement_owners": [who("zoe")],
                "environments": [{"name": "production", "class": "production"}], "regimes": ["sox"],
                "regions": ["eu"], "services": ["payments"],
                "duties": [
                    {"entitlement": "deployer", "duties": ["DP"]},
                    {"entitlement": "grants", "duties": ["AA"]},
                ],
            },
        }));
        house.reconcile("person.changed", "hr");
        house.world.write("reviewers.txt", "hr:mia\nhr:olga\nhr:zoe\nhr:adam\n");
        let map = json!({
            "account": "Login", "entitlement": "Role", "person": "Employee", "privileged": "Root",
            "account_type": "Type", "source": "Path", "granted_at": "Given", "last_used": "Used",
            "owner": "Owner", "purpose": "Why",
        });
        house.world.write("map.json", map.to_string());
        house
    }

    pub fn append(&self, event: &Value) {
        self.say("ci", event);
    }

    /// Appends what somebody signs.
    pub fn say(&self, key: &str, event: &Value) {
        self.world.write("event", event.to_string());
        self.world.run(&["append", "--key", &format!("{key}.pem"), "event"]).good();
    }

    pub fn person(&self, event: &str, id: &str, manager: Option<&str>, effective: &str) {
        let mut data = json!({
            "event": event, "person": who(id), "kind": "employee", "effective_at": effective,
        });
        if let Some(manager) = manager {
            data["manager"] = who(manager);
        }
        self.append(&json!({
            "type": "person.changed", "occurred_at": at(0), "subject": {"person": format!("rec-{id}")},
            "actor": {"kind": "system", "id": who("feed")}, "data": data,
        }));
    }

    /// Somebody who joined long ago, with a role profile.
    pub fn profiled(&self, id: &str, manager: &str, profile: &str) {
        self.append(&json!({
            "type": "person.changed", "occurred_at": at(0), "subject": {"person": format!("rec-{id}")},
            "actor": {"kind": "system", "id": who("feed")},
            "data": {
                "event": "joined", "person": who(id), "kind": "employee", "manager": who(manager),
                "role_profile": profile, "effective_at": at(-200 * 86_400),
            },
        }));
    }

    pub fn reconcile(&self, population: &str, source: &str) {
        self.reconcile_in("shop", population, source);
    }

    pub fn reconcile_in(&self, system: &str, population: &str, source: &str) {
        self.append(&json!({
            "type": "source.reconciled", "occurred_at": at(0),
            "subject": {"source": source, "system": system},
            "actor": {"kind": "human", "id": who("zoe")},
            "data": {
                "population": population, "from": at(-30 * 86_400), "to": at(86_400), "extracted_at": at(-1),
                "query": "console", "source_count": 10, "matched": 10, "missing": 0, "extra": 0,
                "different": 0, "extractor": who("zoe"),
            },
        }));
    }

    /// Imports a listing that was taken so many seconds ago.
    pub fn list(&self, rows: &str, seconds_ago: i64, complete: &str) {
        self.list_of("shop", rows, seconds_ago, complete);
    }

    pub fn list_of(&self, system: &str, rows: &str, seconds_ago: i64, complete: &str) {
        self.world.write("list.csv", rows.replace("NOW", &at(-86_400)));
        let taken = format!("taken_at={}", at(-seconds_ago));
        let complete = format!("complete={complete}");
        let system = format!("system={system}");
        let given = ["mapping=map.json", &system, &complete, &taken];
        let given: Vec<&str> = given.iter().flat_map(|one| ["--given", one]).collect();
        let args = [&["import", "access-csv", "list.csv"][..], &given, &["--key", "relay.pem"]];
        let said = self.world.run(&args.concat()).good();
        assert!(said.contains("1 recorded"), "{said}");
    }

    pub fn listed() -> Self {
        let house = Self::new();
        house.list(LIST, 3600, "yes");
        house.reconcile("access.observed", "shop-admin");
        house
    }

    pub fn open(&self, id: &str, more: &[&str]) -> Ended {
        let args = [
            "review",
            "open",
            id,
            "--systems",
            "shop",
            "--period",
            "2026-Q4",
            "--due",
            "P14D",
            "--owner",
            "hr:zoe",
            "--reviewers",
            "reviewers.txt",
            "--actor",
            "hr:zoe",
            "--key",
            "ci.pem",
            "--json",
        ];
        self.world.run(&[&args[..], more].concat())
    }

    /// Opened, with what was said.
    pub fn opened(&self, id: &str) -> Value {
        let ended = self.open(id, &[]);
        assert!(ended.status < 2, "{}", ended.stderr);
        serde_json::from_str(&ended.stdout).unwrap()
    }

    /// The log, as it lies in the folder.
    pub fn entries(&self) -> Vec<Value> {
        let text = self.world.read("d/ledger/entries/00000000000000000000.jsonl");
        let text = String::from_utf8(text).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The items of a review: as the frozen list has them, joined with the evidence.
    pub fn items(&self, id: &str) -> Vec<Value> {
        let mut items = Vec::new();
        for entry in self.entries() {
            let event = &entry["event"];
            if event["type"] != "campaign.opened" || event["subject"]["campaign"] != id {
                continue;
            }
            let file = |place: usize| {
                let digest = event["attachments"][place]["digest"].as_str().unwrap();
                let name = format!("d/ledger/blobs/{}", digest.strip_prefix("sha256:").unwrap());
                let text = String::from_utf8(self.world.read(&name)).unwrap();
                text.lines().map(|l| serde_json::from_str(l).unwrap()).collect::<Vec<Value>>()
            };
            for (mut item, known) in file(0).into_iter().zip(file(1)) {
                assert_eq!(item["item"], known["item"]);
                item.as_object_mut().unwrap().extend(known.as_object().unwrap().clone());
                items.push(item);
            }
        }
        items
    }

    /// The item of a person and an entitlement.
    pub fn item(&self, id: &str, person: Option<&str>, what: &str) -> Value {
        let name = person.map(|person| self.pseudonym(person));
        let items = self.items(id);
        let found = items
            .iter()
            .find(|item| item["entitlement"] == what && item["person"].as_str() == name.as_deref());
        found.cloned().unwrap_or_else(|| panic!("no {person:?} {what} in {items:?}"))
    }

    pub fn pseudonym(&self, person: &str) -> String {
        let of = self.entries().into_iter().find_map(|entry| {
            let own = entry["event"]["subject"]["person"] == format!("rec-{person}");
            own.then(|| entry["persons"]["/data/person"].as_str().unwrap().to_owned())
        });
        of.unwrap()
    }

    pub fn decide(&self, id: &str, person: &str, rows: &str) -> Ended {
        self.world.write("decisions.csv", rows);
        let (key, name) = (format!("{person}.pem"), format!("hr:{person}"));
        self.world.run(&[
            "review",
            "decide",
            id,
            "--from",
            "decisions.csv",
            "--yes",
            "--as",
            &name,
            "--key",
            &key,
            "--json",
        ])
    }

    pub fn scribe(&self, words: &[&str]) -> Ended {
        self.world.run(
            &[&["review"], words, &["--actor", "hr:zoe", "--key", "ci.pem", "--json"]].concat(),
        )
    }
}

pub fn value(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout)
        .unwrap_or_else(|_| panic!("{} {}", ended.stdout, ended.stderr))
}

pub fn code(ended: &Ended) -> String {
    let line = ended
        .stderr
        .lines()
        .find(|line| line.starts_with("{\"error\""))
        .unwrap_or_else(|| panic!("{} {}", ended.stdout, ended.stderr));
    let error: Value = serde_json::from_str(line).unwrap();
    error["error"]["code"].as_str().unwrap().to_owned()
}

pub fn hints(item: &Value) -> Vec<&str> {
    item["hints"].as_array().into_iter().flatten().map(|hint| hint.as_str().unwrap()).collect()
}

impl House {
    /// The form of a reviewer, as its document.
    pub fn form(&self, id: &str, reviewer: &str, more: &[&str]) -> Form {
        let file = format!("{reviewer}-{}.json", self.world.size());
        let name = format!("hr:{reviewer}");
        let args = ["review", "export", id, "--to", &file, "--reviewer", &name];
        self.world.run(&[&args[..], more].concat()).good();
        Form::parse(&self.world.read(&file)).unwrap()
    }

    pub fn import(&self, id: &str, person: &str, file: &str) -> Ended {
        let (key, name) = (format!("{person}.pem"), format!("hr:{person}"));
        self.world
            .run(&["review", "import", id, file, "--yes", "--as", &name, "--key", &key, "--json"])
    }

    /// Writes a form as a workbook, and imports it.
    pub fn back(&self, id: &str, person: &str, form: &Form) -> Ended {
        self.world.write("back.xlsx", report_templates::review::form_workbook(form).unwrap());
        self.import(id, person, "back.xlsx")
    }
}
