//! What speaks for or against an item: each hint on the row that gives it, and on no other.

use serde_json::json;

use crate::house::{House, at, hints, value, who};

const MAP: [(&str, &str); 16] = [
    ("account", "Login"),
    ("entitlement", "Role"),
    ("person", "Employee"),
    ("privileged", "Root"),
    ("account_type", "Type"),
    ("source", "Path"),
    ("granted_at", "Given"),
    ("last_used", "Used"),
    ("owner", "Owner"),
    ("purpose", "Why"),
    ("mfa", "Factor"),
    ("external", "Outside"),
    ("key_rotated_at", "Key"),
    ("expires", "Until"),
    ("granted_by", "By"),
    ("approval", "Approval"),
];

/// A row: the cells that are named, and what is harmless in all others.
fn row(cells: &[(&str, &str)]) -> String {
    let day = |days: i64| at(-days * 86_400);
    let cell = |column: &str| {
        let own = cells.iter().find(|(name, _)| *name == column).map(|(_, text)| *text);
        let harmless = match column {
            // an account stands for itself in no list: each has an entitlement of its own
            "Role" => format!("of-{}", cells[0].1),
            "Root" | "Outside" => "no".to_owned(),
            "Factor" => "yes".to_owned(),
            "Type" => "personal".to_owned(),
            "Path" => "policy".to_owned(),
            "Given" => day(100),
            "Used" => day(2),
            "Approval" => "apr-1".to_owned(),
            _ => String::new(),
        };
        let text = own.map_or(harmless, str::to_owned);
        text.strip_prefix('-').and_then(|days| days.parse().ok()).map_or(text.clone(), day)
    };
    MAP.map(|(_, column)| cell(column)).join(",")
}

/// A listing of a system with these rows, under the mapping that has every column.
fn list(house: &House, system: &str, rows: &[String]) {
    let map: serde_json::Map<_, _> =
        MAP.iter().map(|(field, column)| ((*field).to_owned(), json!(column))).collect();
    house.world.write("map.json", json!(map).to_string());
    let head = MAP.map(|(_, column)| column).join(",");
    house.list_of(system, &format!("{head}\n{}\n", rows.join("\n")), 3600, "yes");
}

/// A system beside the shop.
fn desk(house: &House) {
    house.append(&json!({
        "type": "system.registered", "occurred_at": at(-300 * 86_400), "subject": {"system": "desk"},
        "actor": {"kind": "human", "id": who("olga")},
        "data": {
            "state": "active", "tier": "3", "owner": who("olga"), "entitlement_owners": [who("zoe")],
            "environments": [{"name": "production", "class": "production"}], "regimes": [],
            "regions": ["eu"], "duties": [{"entitlement": "clerk", "duties": ["LA"]}],
        },
    }));
}

#[expect(clippy::too_many_lines, reason = "one listing, with a row for each hint")]
#[test]
fn each_hint_stands_on_the_row_that_gives_it() {
    let house = House::new();
    house.say("olga", &json!({
        "type": "approval.decided", "occurred_at": at(-120 * 86_400),
        "subject": {"access": "apr-1"},
        "actor": {"kind": "human", "id": who("olga")},
        "data": {
            "approval": "apr-1", "role": "owner", "decision": "granted", "approver": who("olga"),
            "for": {}, "method": "key",
        },
    }));
    for person in ["lee", "mo"] {
        house.person("joined", person, Some("mia"), &at(-200 * 86_400));
    }
    house.person("left", "lee", None, &at(-86_400));
    house.person("moved", "mo", Some("olga"), &at(-86_400));
    house.append(&json!({
        "type": "deployment.started", "occurred_at": at(-20 * 86_400),
        "subject": {"deployment": "d-1", "service": "payments", "environment": "production"},
        "actor": {"kind": "human", "id": who("bob")},
        "data": {"initiator": who("bob"), "strategy": "rolling"},
    }));
    desk(&house);
    list(&house, "desk", &[row(&[("Login", "c"), ("Role", "clerk"), ("Employee", "ada")])]);
    let person = |login, who| [("Login", login), ("Employee", who)];
    let with = |login, who, more: &[(&str, &str)]| row(&[&person(login, who)[..], more].concat());
    let rows = [
        with("plain", "olga", &[]),
        with("idle", "mia", &[("Used", "-95")]),
        with("unused", "zoe", &[("Used", "")]),
        with("early", "bob", &[("Given", "-3")]),
        with("lee", "lee", &[]),
        with("mo", "mo", &[]),
        with("nora", "nora", &[]),
        row(&[("Login", "ghost")]),
        row(&[("Login", "robot"), ("Type", "service"), ("Key", "-91"), ("Owner", "team")]),
        row(&[("Login", "all"), ("Type", "shared"), ("Owner", "team"), ("Why", "desk")]),
        with("root", "adam", &[("Root", "yes"), ("Factor", "no")]),
        with("guest", "ada", &[("Outside", "yes")]),
        with("ended", "ada", &[("Until", "-1")]),
        with("own", "ada", &[("By", "own")]),
        with("old", "ada", &[("Given", "-400")]),
        with("bare", "ada", &[("Approval", "apr-9")]),
        with("both", "bob", &[("Role", "deployer"), ("Given", "-100")]),
        with("both", "bob", &[("Role", "grants"), ("Given", "-100")]),
        with("group", "olga", &[("Role", "share"), ("Path", "group")]),
        with("given", "mia", &[("Role", "share"), ("Path", "direct")]),
    ];
    list(&house, "shop", &rows);
    house.reconcile("access.observed", "shop-admin");
    let opened = house.open("uar-1", &[]);
    assert!(opened.status < 2, "{}", opened.stderr);
    let items = house.items("uar-1");
    let of = |role: &str, source: &str| {
        let own = items.iter().find(|item| {
            item["entitlement"] == role && (source.is_empty() || item["paths"] == source)
        });
        own.unwrap_or_else(|| panic!("no {role}: {}", value(&opened)))
    };
    for (role, source, hint) in [
        ("of-idle", "", "dormant"),
        ("of-unused", "", "never-used"),
        ("of-early", "", "out-of-window-use"),
        ("of-lee", "", "leaver"),
        ("of-mo", "", "mover"),
        ("of-nora", "", "person-unknown"),
        ("of-ghost", "", "orphan"),
        ("of-robot", "", "service-unowned"),
        ("of-robot", "", "key-age"),
        ("of-all", "", "shared"),
        ("of-root", "", "privileged"),
        ("of-root", "", "privileged-without-mfa"),
        ("of-guest", "", "external"),
        ("of-ended", "", "expired"),
        ("of-own", "", "self-granted"),
        ("of-old", "", "stale"),
        ("of-bare", "", "unapproved-grant"),
        ("grants", "", "sod-conflict"),
        ("of-guest", "", "second-account"),
        ("share", "group", "inherited-by-group"),
        ("share", "direct", "direct-grant"),
    ] {
        let item = of(role, source);
        assert!(hints(item).contains(&hint), "{role} has no {hint}: {item}");
    }
    // and nothing speaks against what is harmless
    assert_eq!(hints(of("of-plain", "")), ["second-account"], "olga has another: `group`");
    assert_eq!(hints(of("of-unused", "")), ["never-used"]);
    assert_eq!(of("of-plain", "")["recommendation"], "none");
    assert_eq!(of("of-early", "")["outside"], 1);
}

/// Duties in two systems; an entitlement that one of ten peers has; a source that tells of no use.
#[test]
fn hints_look_beyond_a_row() {
    let house = House::new();
    desk(&house);
    let rest = [("Used", ""), ("Role", "clerk")];
    let clerk = |login, who| row(&[&[("Login", login), ("Employee", who)][..], &rest].concat());
    list(&house, "desk", &[clerk("c", "ada"), clerk("d", "bob")]);
    house.append(&json!({
        "type": "system.registered", "occurred_at": at(-250 * 86_400), "subject": {"system": "shop"},
        "actor": {"kind": "human", "id": who("olga")},
        "data": {
            "state": "active", "tier": "1", "owner": who("olga"), "entitlement_owners": [who("zoe")],
            "environments": [{"name": "production", "class": "production"}], "regimes": ["sox"],
            "regions": ["eu"], "services": ["payments"],
            "duties": [{"entitlement": "export", "duties": ["AE"]}],
        },
    }));
    let mut rows = vec![row(&[("Login", "ada1"), ("Employee", "ada"), ("Role", "export")])];
    for number in 0..10 {
        let name = format!("peer{number}");
        house.profiled(&name, "mia", "clerks");
        let role = if number == 0 { "rare" } else { "usual" };
        rows.push(row(&[("Login", &name), ("Employee", &name), ("Role", role)]));
    }
    list(&house, "shop", &rows);
    house.reconcile("access.observed", "shop-admin");
    house.reconcile_in("desk", "access.observed", "shop-admin");
    let opened = house.open("uar-1", &["--systems", "desk"]);
    assert!(opened.status < 2, "{}", opened.stderr);
    let of = |person: &str, role: &str| house.item("uar-1", Some(person), role);
    assert!(hints(&of("ada", "export")).contains(&"toxic-combination"));
    assert!(hints(&of("ada", "clerk")).contains(&"toxic-combination"));
    assert!(!hints(&of("bob", "clerk")).contains(&"toxic-combination"));
    assert!(hints(&of("bob", "clerk")).contains(&"use-unknown"));
    let rare = of("peer0", "rare");
    assert!(hints(&rare).contains(&"outlier"), "{rare}");
    assert!(rare["inputs"].to_string().contains("1 of 10 with profile clerks: 10 %"), "{rare}");
    assert!(!hints(&of("peer1", "usual")).contains(&"outlier"));
}
