//! Access reviews through the program: from a listing to what is proven gone.
#![allow(clippy::panic, reason = "a test stops at the first surprise")]
#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "tests"
)]

mod common;

use common::{Ended, World};
use ledger_core::review::form::Form;
use serde_json::{Value, json};

/// Who is who: olga owns the shop, mia manages ada and bob, zoe manages olga; adam carries out grants.
const PEOPLE: [(&str, Option<&str>); 6] = [
    ("olga", Some("zoe")),
    ("mia", Some("zoe")),
    ("zoe", None),
    ("ada", Some("mia")),
    ("bob", Some("mia")),
    ("adam", Some("zoe")),
];

const LIST: &str = "Login,Role,Employee,Root,Type,Path,Given,Used,Owner,Why
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
fn at(seconds: i64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let second = i64::try_from(now.as_secs()).unwrap() + seconds;
    let (days, rest) = (second.div_euclid(86_400), second.rem_euclid(86_400));
    // civil from days (proleptic Gregorian)
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    let year = yoe + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.000000Z")
}

fn who(id: &str) -> Value {
    json!({"issuer": "hr", "id": id})
}

struct House {
    world: World,
}

impl House {
    /// People, a system, and nothing listed yet.
    fn new() -> Self {
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
            register(&[&file, "--person", &holder], &["review", "append:*", "sign_off"]);
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

    fn append(&self, event: &Value) {
        self.world.write("event", event.to_string());
        self.world.run(&["append", "--key", "ci.pem", "event"]).good();
    }

    fn person(&self, event: &str, id: &str, manager: Option<&str>, effective: &str) {
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

    fn reconcile(&self, population: &str, source: &str) {
        self.append(&json!({
            "type": "source.reconciled", "occurred_at": at(0),
            "subject": {"source": source, "system": "shop"},
            "actor": {"kind": "human", "id": who("zoe")},
            "data": {
                "population": population, "from": at(-30 * 86_400), "to": at(86_400), "extracted_at": at(-1),
                "query": "console", "source_count": 10, "matched": 10, "missing": 0, "extra": 0,
                "different": 0, "extractor": who("zoe"),
            },
        }));
    }

    /// Imports a listing that was taken so many seconds ago.
    fn list(&self, rows: &str, seconds_ago: i64, complete: &str) {
        self.world.write("list.csv", rows.replace("NOW", &at(-86_400)));
        let taken = format!("taken_at={}", at(-seconds_ago));
        let complete = format!("complete={complete}");
        let given = ["mapping=map.json", "system=shop", &complete, &taken];
        let given: Vec<&str> = given.iter().flat_map(|one| ["--given", one]).collect();
        let args = [&["import", "access-csv", "list.csv"][..], &given, &["--key", "relay.pem"]];
        let said = self.world.run(&args.concat()).good();
        assert!(said.contains("1 recorded"), "{said}");
    }

    fn listed() -> Self {
        let house = Self::new();
        house.list(LIST, 3600, "yes");
        house.reconcile("access.observed", "shop-admin");
        house
    }

    fn open(&self, id: &str, more: &[&str]) -> Ended {
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
    fn opened(&self, id: &str) -> Value {
        let ended = self.open(id, &[]);
        assert!(ended.status < 2, "{}", ended.stderr);
        serde_json::from_str(&ended.stdout).unwrap()
    }

    /// The log, as it lies in the folder.
    fn entries(&self) -> Vec<Value> {
        let text = self.world.read("d/ledger/entries/00000000000000000000.jsonl");
        let text = String::from_utf8(text).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The items of a review: as the frozen list has them, joined with the evidence.
    fn items(&self, id: &str) -> Vec<Value> {
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
    fn item(&self, id: &str, person: Option<&str>, what: &str) -> Value {
        let name = person.map(|person| self.pseudonym(person));
        let items = self.items(id);
        let found = items
            .iter()
            .find(|item| item["entitlement"] == what && item["person"].as_str() == name.as_deref());
        found.cloned().unwrap_or_else(|| panic!("no {person:?} {what} in {items:?}"))
    }

    fn pseudonym(&self, person: &str) -> String {
        let of = self.entries().into_iter().find_map(|entry| {
            let own = entry["event"]["subject"]["person"] == format!("rec-{person}");
            own.then(|| entry["persons"]["/data/person"].as_str().unwrap().to_owned())
        });
        of.unwrap()
    }

    fn decide(&self, id: &str, person: &str, rows: &str) -> Ended {
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

    fn scribe(&self, words: &[&str]) -> Ended {
        self.world.run(
            &[&["review"], words, &["--actor", "hr:zoe", "--key", "ci.pem", "--json"]].concat(),
        )
    }
}

fn value(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout)
        .unwrap_or_else(|_| panic!("{} {}", ended.stdout, ended.stderr))
}

fn code(ended: &Ended) -> String {
    let line = ended
        .stderr
        .lines()
        .find(|line| line.starts_with("{\"error\""))
        .unwrap_or_else(|| panic!("{} {}", ended.stdout, ended.stderr));
    let error: Value = serde_json::from_str(line).unwrap();
    error["error"]["code"].as_str().unwrap().to_owned()
}

fn hints(item: &Value) -> Vec<&str> {
    item["hints"].as_array().into_iter().flatten().map(|hint| hint.as_str().unwrap()).collect()
}

#[test]
fn a_review_is_frozen_from_what_was_observed() {
    let house = House::listed();
    let said = house.opened("uar-1");
    // duplicates of one entitlement are one item, and they are counted
    assert_eq!((&said["rows"], &said["items"]), (&json!(10), &json!(9)), "{said}");
    assert_eq!(said["exclusions"], json!({"same-entitlement": 1}), "{said}");
    let items = house.items("uar-1");
    assert_eq!(items.len(), 9);
    let ada = house.item("uar-1", Some("ada"), "reader");
    assert_eq!(ada["paths"], "direct+group", "{ada}");
    // each hint has its rule, what was read, and a date
    let bob = house.item("uar-1", Some("bob"), "deployer");
    assert!(hints(&bob).contains(&"dormant"), "{bob}");
    assert_eq!(bob["recommendation"], "revoke");
    for list in ["rules", "inputs", "dates"] {
        assert_eq!(bob[list].as_array().unwrap().len(), hints(&bob).len(), "{bob}");
    }
    let accounts: Vec<&Value> = items.iter().filter(|item| item["person"].is_null()).collect();
    assert_eq!(accounts.len(), 3, "the bot, the ghost and the shared account");
    assert!(accounts.iter().any(|item| hints(item).contains(&"orphan")), "{accounts:?}");
    assert!(accounts.iter().any(|item| hints(item).contains(&"shared")), "{accounts:?}");
    // the same id is never opened twice, and nothing is written when it is refused
    let before = house.world.snapshot();
    assert_eq!(code(&house.open("uar-1", &[])), "review-known");
    assert_eq!(house.world.snapshot(), before);
    // the next review knows what is new and what is gone
    house.list(&LIST.replace("bob1,deployer", "bob1,admin"), 1800, "yes");
    let again = house.opened("uar-2");
    assert_eq!((&again["new"], &again["removed"]), (&json!(1), &json!(1)), "{again}");
}

#[test]
fn a_second_list_of_the_accounts_reconciles_a_listing() {
    let house = House::new();
    house.list(LIST, 3600, "yes");
    let against = |accounts: &str| {
        house.world.write("console.csv", format!("Login\n{accounts}"));
        house.scribe(&[
            "reconcile",
            "shop",
            "console.csv",
            "--id",
            "Login",
            "--source",
            "shop-console",
            "--query",
            "users",
            "--extractor",
            "hr:olga",
        ])
    };
    // an account that the listing has not: nothing is opened
    let differs = against("ada1\nbob1\nmia1\nroot\nolga1\nbot\nghost\nnobody\n");
    assert_eq!(differs.status, 1, "{}", differs.stderr);
    let said = value(&differs);
    assert_eq!((&said["missing"], &said["extra"]), (&json!(1), &json!(1)), "{said}");
    assert_eq!(code(&house.open("uar-1", &[])), "review-snapshot-unreconciled");
    let same = against("ada1\nbob1\nmia1\nroot\nolga1\nbot\nghost\nall\n");
    assert_eq!(same.status, 0, "{}{}", same.stdout, same.stderr);
    assert_eq!(house.opened("uar-1")["items"], 9);
    // no account stands in the ledger in the clear
    let text =
        String::from_utf8(house.world.read("d/ledger/entries/00000000000000000000.jsonl")).unwrap();
    assert!(!text.contains("ghost") && !text.contains("nobody"), "{text}");
}

#[test]
fn a_source_that_failed_is_stale_or_partial_opens_nothing() {
    let house = House::new();
    let refused = |expected: &str| {
        let before = house.world.size();
        let ended = house.open("uar-1", &[]);
        assert_eq!((ended.status, code(&ended).as_str()), (1, expected), "{}", ended.stderr);
        assert_eq!(house.world.size(), before);
    };
    refused("review-snapshot-none");
    house.list(LIST, 9 * 86_400, "yes");
    refused("review-snapshot-old");
    house.list(&LIST.replace("ghost", "ghoul"), 7200, "yes");
    refused("review-snapshot-unreconciled");
    house.reconcile("access.observed", "shop-admin");
    house.list(&LIST.replace("ghost", "geist"), 3600, "no");
    refused("review-snapshot-partial");
    // an older whole one does not hide that the newest failed
    let lists: Vec<String> = house
        .entries()
        .iter()
        .filter(|entry| entry["event"]["type"] == "access.observed")
        .map(|entry| {
            entry["event"]["data"]["entitlements"]["attachment"].as_str().unwrap().to_owned()
        })
        .collect();
    let ended = house.open("uar-1", &["--from-snapshot", &lists[1]]);
    assert_eq!(code(&ended), "review-source-failed", "{}", ended.stderr);
}

#[test]
fn reviewers_are_found_by_rule_and_never_review_themselves() {
    let house = House::listed();
    let said = house.opened("uar-1");
    let of = |name: &str| -> u64 {
        let who = house.pseudonym(name);
        let all = said["assigned"].as_array().unwrap().iter();
        all.filter(|one| one["reviewer"] == who).map(|one| one["items"].as_u64().unwrap()).sum()
    };
    // mia: ada's two and bob's; zoe: olga, mia and adam; olga: accounts of nobody
    assert_eq!((of("mia"), of("zoe"), of("olga"), of("adam")), (3, 3, 3, 0), "{said}");
    // zoe may not be asked: then olga is, but never about herself, and adam administers the system
    house.world.write("reviewers.txt", "hr:mia\nhr:olga\nhr:adam\n");
    let ended = house.open("uar-2", &[]);
    assert_eq!(ended.status, 1, "items without a reviewer are told");
    assert_eq!(value(&ended)["unassigned"], json!({"reviewer-not-named": 1}));
}

#[test]
fn decisions_are_the_reviewers_own_and_owe_their_reasons() {
    let house = House::listed();
    house.opened("uar-1");
    let id = |person, what| house.item("uar-1", person, what)["item"].as_str().unwrap().to_owned();
    let (ada, bob, mia) =
        (id(Some("ada"), "deployer"), id(Some("bob"), "deployer"), id(Some("mia"), "reader"));
    let reader = id(Some("ada"), "reader");
    let refused = |person: &str, row: &str, expected: &str| {
        let before = house.world.snapshot();
        let ended = house.decide("uar-1", person, &format!("item,decision,comment\n{row}\n"));
        assert_eq!(code(&ended), expected, "{row}");
        assert_eq!(house.world.snapshot(), before, "{row}");
    };
    // privileged access that stays, and what goes, owe a comment; so does an override
    refused("mia", &format!("{ada},certify,"), "review-comment");
    refused("mia", &format!("{bob},revoke,"), "review-comment");
    refused("mia", &format!("{bob},certify,"), "review-comment");
    // another's item, one's own, one that is not there, a person whose key it is not
    refused("olga", &format!("{ada},certify,needed"), "review-not-yours");
    refused("mia", &format!("{mia},certify,me"), "review-not-yours");
    refused("mia", "i-00000000000000000000,certify,x", "review-item-unknown");
    refused("mia", &format!("{ada},keep,x"), "decide-row");
    house.world.write("decisions.csv", format!("item,decision,comment\n{ada},certify,needed\n"));
    let forged = house.world.run(&[
        "review",
        "decide",
        "uar-1",
        "--from",
        "decisions.csv",
        "--yes",
        "--as",
        "hr:mia",
        "--key",
        "ada.pem",
        "--json",
    ]);
    assert_eq!(code(&forged), "person-self");
    // one signature over many items
    let rows = format!(
        "item,decision,comment\n{ada},certify,on call\n{bob},revoke,moved on\n{reader},certify,\n"
    );
    let first = value(&house.decide("uar-1", "mia", &rows));
    assert_eq!(
        (&first["decided"], first["entries"].as_array().unwrap().len()),
        (&json!(3), 1),
        "{first}"
    );
    // the same again records nothing
    let size = house.world.size();
    let again = value(&house.decide("uar-1", "mia", &rows));
    assert_eq!((&again["decided"], &again["known"]), (&json!(0), &json!(3)));
    assert_eq!(house.world.size(), size);
    // what is undecided at the end is an exception, whatever becomes of it
    let closed = house.scribe(&["close", "uar-1", "--default-action", "revoke"]);
    assert_eq!(closed.status, 1);
    let counts = &value(&closed)["counts"];
    assert_eq!(counts, &json!({"certified": 2, "modified": 0, "revoked": 1, "undecided": 6}));
    let late =
        house.decide("uar-1", "mia", &format!("item,decision,comment\n{bob},certify,after all\n"));
    assert_eq!(code(&late), "review-closed");
    assert_eq!(
        code(&house.scribe(&["close", "uar-1", "--default-action", "retain"])),
        "review-closed"
    );
}

#[test]
fn what_was_revoked_is_gone_when_a_later_listing_lacks_it() {
    let house = House::listed();
    house.opened("uar-1");
    let id = |person, what| house.item("uar-1", person, what)["item"].as_str().unwrap().to_owned();
    let (ada, bob) = (id(Some("ada"), "deployer"), id(Some("bob"), "deployer"));
    // a listing that was taken after the opening and before the decision proves nothing of it
    let without: String =
        LIST.lines().filter(|row| !row.starts_with("bob1")).map(|row| format!("{row}\n")).collect();
    house.list(&without.replace("desk", "lobby"), 0, "yes");
    let rows = format!("item,decision,comment\n{ada},revoke,left the team\n{bob},revoke,idle\n");
    value(&house.decide("uar-1", "mia", &rows));
    // nothing later was listed: that somebody says it was done proves nothing
    for item in [&ada, &bob] {
        house.append(&json!({
            "type": "access.changed", "occurred_at": at(0), "subject": {"system": "shop"},
            "actor": {"kind": "human", "id": who("adam")},
            "data": {
                "object": "entitlement", "principal": who("bob"), "account": "bob1", "action": "revoked",
                "executor": who("adam"), "effective_at": at(1), "item": item,
            },
        }));
    }
    let pending = house.scribe(&["verify", "uar-1"]);
    assert_eq!(pending.status, 2, "{}{}", pending.stdout, pending.stderr);
    std::thread::sleep(std::time::Duration::from_millis(2100));
    // bob is gone, ada is not; she used it meanwhile, and nobody looked
    house.append(&json!({
        "type": "access.used", "occurred_at": at(0), "subject": {"system": "shop"},
        "actor": {"kind": "system", "id": who("feed")},
        "data": {
            "principal": who("ada"), "account": "ada1", "window": {"start": at(-60), "end": at(1)},
            "count": 1, "last_at": at(0),
        },
    }));
    house.list(&without, 0, "yes");
    let seen = house.scribe(&["verify", "uar-1"]);
    assert_eq!(seen.status, 1, "{}{}", seen.stdout, seen.stderr);
    let said = value(&seen);
    let state = |item: &str| {
        let all = said["items"].as_array().unwrap();
        all.iter().find(|one| one["item"] == item).unwrap().clone()
    };
    assert_eq!((&state(&bob)["state"], &state(&ada)["state"]), (&json!("gone"), &json!("present")));
    assert_eq!(state(&ada)["uses_before_removal"], 1, "{said}");
    // recorded once
    let size = house.world.size();
    assert_eq!(value(&house.scribe(&["verify", "uar-1"]))["entries"], json!([]));
    assert_eq!(house.world.size(), size);
    // it comes back
    std::thread::sleep(std::time::Duration::from_millis(1100));
    house.list(LIST, 0, "yes");
    let back = value(&house.scribe(&["verify", "uar-1"]));
    let bob_again =
        back["items"].as_array().unwrap().iter().find(|one| one["item"] == bob).unwrap();
    assert_eq!(bob_again["state"], "came-back", "{back}");
}

#[test]
fn items_are_handed_on_within_limits_and_reminded_of() {
    let house = House::listed();
    house.opened("uar-1");
    let due = house.world.run(&["review", "due", "uar-1", "--json"]);
    assert_eq!(due.status, 0, "{}", due.stdout);
    let mia = house.pseudonym("mia");
    let waits = value(&due)["due"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["reviewer"] == mia)
        .cloned()
        .unwrap();
    assert_eq!((&waits["items"], &waits["reminder"]), (&json!(3), &json!("none")), "{waits}");
    assert_eq!(waits["escalate_to"], house.pseudonym("zoe"));
    let hand = |to: &str, from: &str, more: &[&str]| {
        house.scribe(&[&["assign", "uar-1", "--to", to, "--from", from], more].concat())
    };
    // never to the subject, never without an end, never on and on
    assert_eq!(
        code(&hand("hr:ada", "hr:mia", &["--cause", "delegated", "--until", "P2D"])),
        "review-self"
    );
    assert_eq!(
        code(&hand("hr:adam", "hr:mia", &["--cause", "reassigned"])),
        "review-administrator"
    );
    assert_eq!(
        code(&hand("hr:olga", "hr:mia", &["--cause", "delegated"])),
        "review-delegate-until"
    );
    assert_eq!(
        code(&hand("hr:olga", "hr:mia", &["--cause", "delegated", "--until", "P30D"])),
        "review-delegate-until"
    );
    let given = hand("hr:olga", "hr:mia", &["--cause", "delegated", "--until", "P2D"]);
    assert_eq!(value(&given)["items"], 3, "{}", given.stderr);
    assert_eq!(
        code(&hand("hr:zoe", "hr:olga", &["--cause", "delegated", "--until", "P1D"])),
        "review-delegate-chain"
    );
    // who stands in decides, and nobody else
    let ada = house.item("uar-1", Some("ada"), "reader")["item"].as_str().unwrap().to_owned();
    let row = format!("item,decision,comment\n{ada},certify,\n");
    assert_eq!(code(&house.decide("uar-1", "mia", &row)), "review-not-yours");
    assert_eq!(value(&house.decide("uar-1", "olga", &row))["decided"], 1);
    // a reviewer who leaves is told of, and their items are given to another
    house.person("left", "zoe", None, &at(-1));
    let due = house.world.run(&["review", "due", "uar-1", "--json"]);
    assert_eq!(due.status, 1);
    let gone = value(&due);
    assert!(gone["due"].as_array().unwrap().iter().any(|one| one["left"] == true), "{gone}");
    assert_eq!(
        code(&house.decide(
            "uar-1",
            "zoe",
            &format!(
                "item,decision,comment\n{},certify,\n",
                house.item("uar-1", Some("olga"), "reader")["item"].as_str().unwrap()
            )
        )),
        "review-left"
    );
    let mia_item = house.item("uar-1", Some("mia"), "reader")["item"].as_str().unwrap().to_owned();
    let moved = hand("hr:olga", "hr:zoe", &["--cause", "reassigned", "--item", &mia_item]);
    assert_eq!(value(&moved)["items"], 1, "{}", moved.stderr);
}

#[test]
fn the_schedule_tells_what_is_late_and_what_asks_for_a_micro_review() {
    let house = House::listed();
    let before = house.world.run(&["review", "schedule", "--json"]);
    assert_eq!(before.status, 1, "registered 300 days ago, never reviewed");
    assert_eq!(value(&before)["systems"][0]["every"], "quarterly");
    house.person("moved", "bob", Some("olga"), &at(-86_400));
    house.opened("uar-1");
    let more = ["--person", "hr:bob", "--trigger", "rec-bob"];
    let micro = house.open("micro-1", &more);
    assert!(micro.status < 2, "{}", micro.stderr);
    assert_eq!(value(&micro)["items"], 1, "{}", micro.stdout);
    assert_eq!(value(&micro)["exclusions"]["other-person"], 8, "{}", micro.stdout);
    let after = house.world.run(&["review", "schedule", "--json"]);
    assert_eq!(after.status, 0, "{}", after.stdout);
    let said = value(&after);
    assert_eq!(said["triggers"][0]["campaign"], "micro-1", "{said}");
    assert_eq!(said["systems"][0]["last"], "uar-1", "a micro review is none of the whole system");
    // the two overlap: what is decided in one is not decided in the other
    let bob = house.item("uar-1", Some("bob"), "deployer")["item"].clone();
    assert_ne!(bob, house.item("micro-1", Some("bob"), "deployer")["item"]);
}

impl House {
    /// The form of a reviewer, as its document.
    fn form(&self, id: &str, reviewer: &str, more: &[&str]) -> Form {
        let file = format!("{reviewer}-{}.json", self.world.size());
        let name = format!("hr:{reviewer}");
        let args = ["review", "export", id, "--to", &file, "--reviewer", &name];
        self.world.run(&[&args[..], more].concat()).good();
        Form::parse(&self.world.read(&file)).unwrap()
    }

    fn import(&self, id: &str, person: &str, file: &str) -> Ended {
        let (key, name) = (format!("{person}.pem"), format!("hr:{person}"));
        self.world
            .run(&["review", "import", id, file, "--yes", "--as", &name, "--key", &key, "--json"])
    }

    /// Writes a form as a workbook, and imports it.
    fn back(&self, id: &str, person: &str, form: &Form) -> Ended {
        self.world.write("back.xlsx", report_templates::review::form_workbook(form).unwrap());
        self.import(id, person, "back.xlsx")
    }
}

#[test]
fn a_form_comes_back_as_it_went_but_for_decisions() {
    let house = House::listed();
    house.opened("uar-1");
    let ada = house.pseudonym("ada");
    let annex = json!({"persons": [
        {"pseudonym": ada, "known": [{"issuer": "hr", "id": "ada", "name": "=cmd|' /C calc'!A0"}]},
    ]});
    house.world.write("names.json", annex.to_string());
    let mut form = house.form("uar-1", "mia", &["--names", "names.json"]);
    assert_eq!(form.rows.len(), 3);
    // what a spreadsheet would run has an apostrophe before it
    let named = form.rows.iter().filter(|row| row.cells[1] == "'=cmd|' /C calc'!A0");
    assert_eq!(named.count(), 2, "{form:?}");
    for row in &mut form.rows {
        row.decision = "revoke".to_owned();
        row.comment = "no longer needed \u{2014} <b>&amp;".to_owned();
    }
    let refused = |form: &Form, person: &str, expected: &str, row: &str| {
        let before = house.world.snapshot();
        let ended = house.back("uar-1", person, form);
        assert_eq!(code(&ended), expected, "{}", ended.stderr);
        assert!(ended.stderr.contains(row), "{}", ended.stderr);
        assert_eq!(house.world.snapshot(), before);
    };
    let (first, second) = (form.rows[0].item.clone(), form.rows[1].item.clone());
    let mut less = form.clone();
    less.rows.remove(0);
    refused(&less, "mia", "form-row-missing", &first);
    let mut more = form.clone();
    more.rows.push(more.rows[0].clone());
    refused(&more, "mia", "form-row-twice", &first);
    more.rows[3].item = "i-0123456789abcdef0123".to_owned();
    refused(&more, "mia", "form-row-added", "i-0123456789abcdef0123");
    let mut edited = form.clone();
    edited.rows[1].cells[4] = "reader only".to_owned();
    refused(&edited, "mia", "form-row-edited", &second);
    let mut swapped = form.clone();
    swapped.rows[0].item.clone_from(&second);
    swapped.rows[1].item.clone_from(&first);
    refused(&swapped, "mia", "form-row-edited", &second);
    let mut fewer = form.clone();
    fewer.items.pop();
    refused(&fewer, "mia", "form-changed", "head");
    let mut other = form.clone();
    other.population = format!("sha256:{}", "0".repeat(64));
    refused(&other, "mia", "form-population", "population");
    // the form is mia's: nobody else signs it
    refused(&form, "olga", "form-reviewer", "another reviewer");
    let mut word = form.clone();
    word.rows[2].decision = "keep".to_owned();
    refused(&word, "mia", "form-decision", &form.rows[2].item);
    // in another order it is the same form, under one signature
    let mut sorted = form.clone();
    sorted.rows.reverse();
    let said = house.back("uar-1", "mia", &sorted);
    assert_eq!(value(&said)["decided"], 3, "{}", said.stderr);
    assert_eq!(value(&said)["entries"].as_array().unwrap().len(), 1);
    // and again: nothing is recorded twice
    let size = house.world.size();
    house.world.write("back.json", form.to_json().to_canonical());
    let again = value(&house.import("uar-1", "mia", "back.json"));
    assert_eq!((&again["decided"], &again["known"]), (&json!(0), &json!(3)));
    assert_eq!(house.world.size(), size);
    // what was exported opens as it is, and decides nothing
    house
        .world
        .run(&["review", "export", "uar-1", "--to", "z.xlsx", "--reviewer", "hr:zoe"])
        .good();
    assert_eq!(code(&house.import("uar-1", "zoe", "z.xlsx")), "decide-empty");
    let page =
        house.world.run(&["review", "export", "uar-1", "--to", "z.html", "--reviewer", "hr:zoe"]);
    page.good();
    let html = String::from_utf8(house.world.read("z.html")).unwrap();
    assert!(
        html.contains("ledger/review-form/v1") && html.contains("default-src 'none'"),
        "{html}"
    );
    for (bytes, expected) in [
        (&b"PK\x03\x04 and no more"[..], "workbook-form"),
        (b"", "json-empty"),
        (b"{}", "form-member"),
        (b"{\"format\":\"ledger/brief/v1\"}", "form-format"),
    ] {
        house.world.write("bad", bytes);
        let ended = house.import("uar-1", "zoe", "bad");
        assert_eq!((ended.status, code(&ended).as_str()), (2, expected));
    }
}

#[test]
fn who_deployed_without_standing_in_the_listing_is_a_finding() {
    let house = House::listed();
    house.append(&json!({
        "type": "deployment.started", "occurred_at": at(-86_400),
        "subject": {"deployment": "d-1", "service": "payments", "environment": "production"},
        "actor": {"kind": "human", "id": who("eve")},
        "data": {"initiator": who("eve"), "strategy": "rolling"},
    }));
    let ended = house.open("uar-1", &[]);
    assert_eq!(ended.status, 1, "{}", ended.stderr);
    let strange = &value(&ended)["deployed_without_grant"];
    assert_eq!(
        (strange[0]["deployments"].clone(), strange.as_array().unwrap().len()),
        (json!(1), 1),
        "{strange}"
    );
}

#[test]
fn a_review_is_exported_and_reported_and_outlives_an_erasure() {
    let house = House::listed();
    house.opened("uar-1");
    let id = |person, what| house.item("uar-1", person, what)["item"].as_str().unwrap().to_owned();
    let (ada, bob, reader) =
        (id(Some("ada"), "deployer"), id(Some("bob"), "deployer"), id(Some("ada"), "reader"));
    value(&house.decide("uar-1", "mia", &format!("item,decision,comment\n{bob},revoke,idle\n")));
    // ada is erased in the middle of it: her pseudonym stays, and what is decided about it counts
    house.world.run(&["key", "new", "officer.pem"]).good();
    let rights = ["--capability", "append:person.erased"];
    let begin =
        ["key", "register", "--key", "root.pem", "--new", "officer.pem", "--person", "hr:17"];
    house.world.run(&[&begin[..], &rights].concat()).good();
    house.world.run(&["vault", "absorb"]).good();
    let sign = ["--actor", "hr:17", "--approver", "hr:zoe", "--key", "officer.pem"];
    house
        .world
        .run(&[&["person", "erase", "hr:ada", "--basis", "gdpr-17-1-b"][..], &sign].concat())
        .good();
    let rows = format!("item,decision,comment\n{ada},revoke,gone\n{reader},certify,\n");
    let said = house.decide("uar-1", "mia", &rows);
    assert_eq!(value(&said)["decided"], 2, "{}", said.stderr);
    assert_eq!(house.scribe(&["close", "uar-1", "--default-action", "revoke"]).status, 1);
    // each form of the sheet has all items
    for format in ["csv", "xlsx", "html", "json"] {
        let file = format!("all.{format}");
        let args = ["review", "export", "uar-1", "--format", format, "--out", &file, "--json"];
        let said = house.world.run(&args);
        assert_eq!(value(&said)["rows"], 9, "{}", said.stderr);
    }
    let csv = String::from_utf8(house.world.read("all.csv")).unwrap();
    assert_eq!(csv.matches("\r\n").count(), 10, "{csv}");
    for word in
        ["hints", "recommendation", "first reviewer", "days to proof", "dormant", "undecided"]
    {
        assert!(csv.contains(word), "{word}: {csv}");
    }
    // what is to be taken away is told, and nothing takes it away
    let args = ["review", "export", "uar-1", "--deprovision", "--out", "gone.csv", "--json"];
    assert_eq!(value(&house.world.run(&args))["rows"], 2);
    let report = house.world.run(&["review", "report", "uar-1", "--out", "uar", "--json"]);
    assert_eq!(report.status, 1, "{}", report.stderr);
    let brief: Value = serde_json::from_slice(&house.world.read("uar/report.json")).unwrap();
    let rows = |id: &str| {
        let all = brief["datasets"].as_array().unwrap();
        all.iter().find(|one| one["id"] == id).unwrap()["rows"].as_array().unwrap().len()
    };
    assert_eq!((rows("U01"), rows("U02"), rows("U09")), (9, 1, 2), "{brief}");
    let text = brief.to_string();
    assert!(text.contains("items-undecided"), "what T18 says of it: {text}");
    assert!(!text.contains("lovelace") && !text.contains("mia1"), "no account and no name");
    // the command that is printed makes the same bytes again
    let again = brief["front"]["command"].as_str().unwrap().replace("--out DIR", "--out uar2");
    assert!(again.starts_with("ledger report review uar-1 "), "{again}");
    let words: Vec<&str> = again.split(' ').skip(1).collect();
    assert_eq!(house.world.run(&words).status, 1);
    assert_eq!(house.world.read("uar/report.json"), house.world.read("uar2/report.json"));
}

#[test]
fn items_are_shown_one_after_the_other_in_a_terminal() {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let house = House::listed();
    house.opened("uar-1");
    let program = env!("CARGO_BIN_EXE_ledger");
    let inside = format!("{program} review decide uar-1 --as hr:mia --key mia.pem");
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &inside, "/dev/null"]);
    script.current_dir(house.world.path("")).env("LEDGER_DIR", "d/ledger").env("TERM", "xterm");
    script.env("LEDGER_STATE", "d/state").env("SHELL", "/bin/sh");
    script.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = script.spawn().unwrap();
    let mut keyboard = child.stdin.take().unwrap();
    // privileged first: certified without a reason it is asked again; then one is skipped, and it ends
    for line in ["c", "", "r", "left the team", "s", "e"] {
        std::thread::sleep(std::time::Duration::from_millis(700));
        keyboard.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
    let screen = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    assert!(screen.contains("1 of 3") && screen.contains("3 of 3"), "{screen}");
    assert!(screen.contains("without a comment") && screen.contains("1 decided"), "{screen}");
}
