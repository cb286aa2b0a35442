//! Systems, keys, and who can administer the ledger: P01, P16, P17.

use crate::report::Material;
use crate::report::dataset::{Dataset, Kind, Sheet, names, row};
use crate::schema::words::Reference;

pub(super) fn systems(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "P01",
        "Systems in scope, their environments and services",
        "the registration of each system that was in force at the end of the period, by id",
        &[
            ("system", Kind::Id),
            ("tier", Kind::Id),
            ("regimes", Kind::Text),
            ("production", Kind::Text),
            ("other environments", Kind::Text),
            ("services", Kind::Text),
            ("regions", Kind::Text),
            ("owner", Kind::Person),
            ("since", Kind::Time),
            ("entry", Kind::Entries),
        ],
    );
    let end = super::super::period::last(material.period);
    let facts = material.facts;
    let known = facts.system_registered.ids(Reference::System);
    for id in known {
        let Some(known) = facts.system(id.as_str(), end) else {
            sheet.exclude("retired, or registered for a later time", 1);
            continue;
        };
        let production = |wanted: bool| {
            let class = crate::schema::scope::EnvironmentClass::Production;
            let those = known.environments.iter().filter(|e| (e.class == class) == wanted);
            names(those.map(|environment| &environment.name))
        };
        let regimes: Vec<&str> = known.regimes.iter().map(|regime| regime.as_str()).collect();
        sheet.row(row![
            &known.what.system,
            &known.tier,
            regimes.join(" "),
            production(true),
            production(false),
            names(known.services.iter().flatten()),
            names(&known.regions),
            known.owner,
            known.from.unwrap_or(known.at.occurred),
            known.at.index.to_string(),
        ]);
    }
    sheet.done()
}

pub(super) fn keys(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "P16",
        "Events of the ledger's own keys, anchors and recoveries",
        "keys registered, rotated and revoked, checkpoints anchored or missed, gaps declared and recoveries, of the period, by entry",
        &[
            ("entry", Kind::Entries),
            ("at", Kind::Time),
            ("event", Kind::Id),
            ("what", Kind::Id),
            ("detail", Kind::Text),
        ],
    );
    let (facts, period) = (material.facts, material.period);
    let mut rows = Vec::new();
    for key in sheet.within(&facts.key_registered, period) {
        let rights: Vec<String> = key.capabilities.iter().map(ToString::to_string).collect();
        rows.push((key.at, "key.registered", key.key.to_string(), rights.join(" ")));
    }
    for key in sheet.within(&facts.key_rotated, period) {
        rows.push((key.at, "key.rotated", key.key.to_string(), String::new()));
    }
    for key in sheet.within(&facts.key_revoked, period) {
        rows.push((key.at, "key.revoked", key.key.to_string(), key.reason.to_string()));
    }
    for anchor in sheet.within(&facts.anchor_attached, period) {
        let detail = format!("{} of size {}", anchor.kind, anchor.size);
        rows.push((anchor.at, "anchor.attached", anchor.anchor.to_string(), detail));
    }
    for anchor in sheet.within(&facts.anchor_missed, period) {
        let detail = format!("due {}", anchor.due);
        rows.push((anchor.at, "anchor.missed", anchor.anchor.to_string(), detail));
    }
    for gap in sheet.within(&facts.gap_declared, period) {
        let detail = format!("{} to {}: {}", gap.from, gap.to, gap.reason_code);
        rows.push((gap.at, "gap.declared", gap.stream.to_string(), detail));
    }
    for recovery in sheet.within(&facts.recovery_recorded, period) {
        let detail = format!("{} bytes set aside", recovery.set_aside_bytes);
        rows.push((recovery.at, "recovery.recorded", String::new(), detail));
    }
    rows.sort_by_key(|(at, ..)| at.index);
    for (at, event, what, detail) in rows {
        sheet.row(row![at.index.to_string(), at.occurred, event, what, detail]);
    }
    sheet.done()
}

pub(super) fn administrators(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "P17",
        "Who can administer the ledger, and whose keys append to it",
        "each key that was registered until the cut-off, with its capabilities, by entry",
        &[
            ("key", Kind::Id),
            ("holder", Kind::Person),
            ("service", Kind::Id),
            ("capabilities", Kind::Text),
            ("administers", Kind::Text),
            ("since", Kind::Time),
            ("ended", Kind::Time),
            ("entry", Kind::Entries),
        ],
    );
    let facts = material.facts;
    for key in facts.key_registered.all() {
        let rights: Vec<String> = key.capabilities.iter().map(ToString::to_string).collect();
        let administers = rights.iter().any(|right| matches!(right.as_str(), "admin" | "policy"));
        let id = key.what.key.as_str();
        let ended = facts.key_revoked.of(Reference::Key, id).map(|row| row.at.occurred).next();
        sheet.row(row![
            &key.what.key,
            key.holder,
            key.service.as_ref(),
            rights.join(" "),
            administers,
            key.at.occurred,
            ended,
            key.at.index.to_string(),
        ]);
    }
    sheet.done()
}
