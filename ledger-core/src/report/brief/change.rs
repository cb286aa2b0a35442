//! Change: all that the ledger has about one change, and what the tests say of it.

use std::collections::{BTreeMap, BTreeSet};

use super::Written;
use crate::check::{Item, State};
use crate::evaluate::Run;
use crate::fact::dossier::{Dossier, Line};
use crate::report::Material;
use crate::report::dataset::{Dataset, Kind, Sheet, entries, row};
use crate::report::section::{many, section};
use crate::schema::words::{Reference, Regime};
use crate::vault::persons::Pseudonym;

pub(super) fn written(material: &Material<'_>, dossier: &Dossier) -> Written {
    let (rules, gates, approvals) = (rules(material, dossier), gates(dossier), approvals(dossier));
    let (story, missing) = (story(dossier), missing(dossier));
    let of = |state: State| rules.about.counts.get(&state).copied().unwrap_or(0);
    let sentences = vec![
        format!(
            "The dossier of change {1} has {0} entries; they name {2} and {3}.",
            dossier.lines.len(),
            dossier.thing.id(),
            many(named(dossier, Reference::Artifact).len() as u64, "artifact"),
            many(named(dossier, Reference::Deployment).len() as u64, "deployment"),
        ),
        match rules.about.rows {
            0 => "No test of the controls in scope had it in its population.".to_owned(),
            rows => format!(
                "{}: {} without exceptions, {} with, {} that cannot be told.",
                many(rows, "result"),
                of(State::Pass),
                of(State::Fail),
                of(State::Indeterminate)
            ),
        },
        match missing.about.rows {
            0 => "Nothing that is expected of a change is missing.".to_owned(),
            rows => format!("Expected of a change and not there: {}.", many(rows, "thing")),
        },
    ];
    let mut tested =
        section("rules", "What the tests say", sentences.get(1).cloned().unwrap_or_default());
    tested.datasets.push(rules.about.id.clone());
    let mut agreed = section(
        "approvals",
        "Approvals and gates",
        format!(
            "{} and {}.",
            many(approvals.about.rows, "decision"),
            match gates.about.rows {
                1 => "1 verdict of a gate".to_owned(),
                rows => format!("{rows} verdicts of gates"),
            }
        ),
    );
    agreed.datasets.extend([approvals.about.id.clone(), gates.about.id.clone()]);
    let mut lacking =
        section("missing", "What is missing", sentences.get(2).cloned().unwrap_or_default());
    lacking.datasets.push(missing.about.id.clone());
    let mut told =
        section("story", "What happened", "Each entry in the order in which it happened.");
    told.datasets.push(story.about.id.clone());
    Written {
        sentences,
        sections: vec![tested, agreed, lacking, told],
        datasets: vec![rules, approvals, gates, missing, story],
    }
}

/// What of a kind its entries name.
fn named(dossier: &Dossier, kind: Reference) -> BTreeSet<&str> {
    let all = dossier.lines.iter().flat_map(|line| &line.references);
    all.filter(|(name, _)| *name == kind).map(|(_, id)| id.as_str()).collect()
}

/// What is told once: test, item, result and sentence.
type Alike<'e> = (&'e str, &'e str, State, &'e str);

/// The results of tests whose item is the change, or one of its deployments.
fn rules(material: &Material<'_>, dossier: &Dossier) -> Dataset {
    let mut sheet = Sheet::new(
        "C01",
        "Results of tests",
        "each result of a test whose item is the change or a deployment that its entries name, by test and item; the worst sentence of what is wrong with it, once for all regimes that it is tested for",
        &[
            ("test", Kind::Id),
            ("name", Kind::Text),
            ("regimes", Kind::Text),
            ("item", Kind::Id),
            ("result", Kind::State),
            ("what happened", Kind::Sentence),
            ("entries", Kind::Entries),
        ],
    )
    .with("change", dossier.thing.id());
    let mut names = named(dossier, Reference::Deployment);
    let own = dossier.thing.id();
    names.insert(&own);
    // one test runs for several controls and regimes: what it says alike is told once
    let mut said: BTreeMap<Alike<'_>, (&Run, &Item, BTreeSet<&str>)> = BTreeMap::new();
    for run in &material.evaluation.runs {
        for item in &run.census.items {
            // the entry stands behind the name of a deployment whose id was used again
            let plain = item.id.split_once('@').map_or(&*item.id, |(name, _)| name);
            if !names.contains(&*item.id) && !names.contains(plain) {
                continue;
            }
            let worst =
                item.exceptions.iter().min_by_key(|known| (known.undecided, known.severity));
            let words = worst.map(|known| known.sentence.as_str()).unwrap_or_default();
            let (_, _, regimes) = said
                .entry((run.test.id, &item.id, item.state(), words))
                .or_insert_with(|| (run, item, BTreeSet::new()));
            regimes.extend(run.regime.map(Regime::as_str));
        }
    }
    for ((test, id, state, words), (run, item, regimes)) in said {
        let regimes: Vec<&str> = regimes.into_iter().collect();
        sheet.tested(
            row![
                test,
                run.test.name,
                regimes.join(" "),
                id,
                state,
                words,
                entries(item.entries.iter().copied()),
            ],
            state,
        );
    }
    sheet.done()
}

fn approvals(dossier: &Dossier) -> Dataset {
    let mut sheet = Sheet::new(
        "C02",
        "Approvals",
        "each decision on an approval among the entries of the dossier, by entry",
        &[
            ("at", Kind::Time),
            ("decision", Kind::Id),
            ("role", Kind::Id),
            ("approver", Kind::Person),
            ("environment", Kind::Id),
            ("artifact", Kind::Digest),
            ("entry", Kind::Entries),
        ],
    );
    for known in dossier.facts.approval_decided.all() {
        sheet.row(row![
            known.at.occurred,
            known.decision.as_str(),
            &known.role,
            known.approver,
            known.r#for.environment.as_ref(),
            known.r#for.artifact,
            known.at.index.to_string(),
        ]);
    }
    sheet.done()
}

fn gates(dossier: &Dossier) -> Dataset {
    let sheet = Sheet::new(
        "C03",
        "Verdicts of gates, and waivers",
        "each verdict of a gate and each waiver of one among the entries of the dossier, by entry",
        &[
            ("at", Kind::Time),
            ("gate", Kind::Id),
            ("verdict", Kind::Id),
            ("attempt", Kind::Count),
            ("environment", Kind::Id),
            ("approver", Kind::Person),
            ("entry", Kind::Entries),
        ],
    );
    let mut rows = Vec::new();
    for known in dossier.facts.gate_evaluated.all() {
        let cells = row![
            known.at.occurred,
            &known.gate,
            known.verdict.as_str(),
            known.attempt,
            &known.what.environment,
            "",
            known.at.index.to_string(),
        ];
        rows.push((known.at.index, cells));
    }
    for known in dossier.facts.gate_waived.all() {
        let cells = row![
            known.at.occurred,
            &known.gate,
            "waived",
            "",
            &known.what.environment,
            known.approver,
            known.at.index.to_string(),
        ];
        rows.push((known.at.index, cells));
    }
    sheet.by_entry(rows)
}

fn missing(dossier: &Dossier) -> Dataset {
    let mut sheet = Sheet::new(
        "C04",
        "What is expected and is not there, or was not looked at",
        "what is expected of a change and no entry says, then what was too much to be looked at",
        &[("what", Kind::Text), ("words", Kind::Text)],
    );
    for (what, all) in [("missing", &dossier.missing), ("not looked at", &dossier.beyond)] {
        for words in all {
            sheet.row(row![what, words.as_str()]);
        }
    }
    sheet.done()
}

fn story(dossier: &Dossier) -> Dataset {
    let mut sheet = Sheet::new(
        "C05",
        "Timeline",
        "each entry of the dossier by the time at which it says it happened, then by index",
        &[
            ("at", Kind::Time),
            ("entry", Kind::Entries),
            ("type", Kind::Id),
            ("who", Kind::Person),
            ("it says", Kind::Text),
            ("doubt", Kind::Sentence),
        ],
    );
    let mut lines: Vec<&Line> = dossier.lines.iter().collect();
    lines.sort_by_key(|line| (line.at.occurred, line.at.index));
    for line in lines {
        sheet.row(row![
            line.at.occurred,
            line.at.index.to_string(),
            &*line.kind,
            line.by().map(|who: Pseudonym| who.to_string()),
            line.words.as_str(),
            line.doubt.as_ref().map(|doubt| format!("no evidence: {}", doubt.why)),
        ]);
    }
    sheet.done()
}
