//! Duties: who holds two at once that must be apart, and who did two in one matter.

use std::collections::BTreeMap;

use super::Written;
use crate::check::matrix::Reach;
use crate::check::{Exception, Item, State};
use crate::report::dataset::{Dataset, Kind, Sheet, entries, row};
use crate::report::section::{many, section};
use crate::report::{Material, list};

/// What tests other than T02 say of one person in two parts of a matter.
const ALIKE: [&str; 13] = [
    "approver-unresolved",
    "conflicted-vote",
    "exception-invalid",
    "exception-unresolved",
    "grant-self-approved",
    "ratified-by-party",
    "ratifier-unresolved",
    "reviewer-unresolved",
    "self-approved",
    "self-review",
    "session-self-reviewed",
    "waiver-invalid",
    "waiver-unresolved",
];

pub(super) fn written(material: &Material<'_>) -> Written {
    let (held, done) = (list::conflicts(material), done(material));
    let (rules, accepted) = (rules(material), accepted(material));
    let said = |dataset: &Dataset| {
        let of = |state: State| dataset.about.counts.get(&state).copied().unwrap_or(0);
        (of(State::Fail), of(State::Indeterminate))
    };
    let (standing, acting) = (said(&held), said(&done));
    let sentences = vec![
        format!(
            "Held at once: {} of duties that must be apart, and {} that cannot be told.",
            many(standing.0, "conflict"),
            standing.1
        ),
        format!(
            "Done in one matter: {} of duties that must be apart, and {} that cannot be told.",
            many(acting.0, "conflict"),
            acting.1
        ),
    ];
    let mut both = section(
        "held",
        "Duties that one person holds at once",
        sentences.first().cloned().unwrap_or_default(),
    );
    both.notes.push("Held against every listing of access that was taken in the period (T17). A conflict that somebody accepted for a time counts while the tests that make up for it run without findings.".to_owned());
    both.datasets.extend([held.about.id.clone(), accepted.about.id.clone()]);
    let mut one = section(
        "done",
        "Duties that one person did in one matter",
        sentences.get(1).cloned().unwrap_or_default(),
    );
    one.notes.push("Each change, emergency, freeze, review and session of the period (T02, and what other tests say of the same person in two parts). Persons stand as pseudonyms; nothing is counted by person.".to_owned());
    one.datasets.push(done.about.id.clone());
    let mut matrix =
        section("matrix", "The matrix", "The rules in force, and what may make up for each.");
    matrix.datasets.push(rules.about.id.clone());
    Written {
        sentences,
        sections: vec![both, one, matrix],
        datasets: vec![held, accepted, done, rules],
    }
}

fn done(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "D01",
        "Duties that one person did in one matter",
        "each exception of T02, and each exception of another test that says that one person had two parts in a matter, or that this cannot be told; by test, item and sentence",
        &[
            ("test", Kind::Id),
            ("item", Kind::Id),
            ("at", Kind::Time),
            ("system", Kind::Id),
            ("code", Kind::Id),
            ("severity", Kind::Severity),
            ("result", Kind::State),
            ("what happened", Kind::Sentence),
            ("entries", Kind::Entries),
        ],
    );
    // one test runs for several frameworks: told once
    let mut rows: BTreeMap<(&str, &str, &str), (&Item, &Exception)> = BTreeMap::new();
    for run in &material.evaluation.runs {
        for item in &run.census.items {
            let own = |known: &&Exception| run.test.id == "T02" || ALIKE.contains(&known.code);
            for known in item.exceptions.iter().filter(own) {
                rows.insert((run.test.id, &item.id, &known.sentence), (item, known));
            }
        }
    }
    for ((test, ..), (item, known)) in rows {
        let state = if known.undecided { State::Indeterminate } else { State::Fail };
        sheet.tested(
            row![
                test,
                item.id.as_str(),
                item.at,
                item.system.as_deref(),
                known.code,
                known.severity.as_str(),
                state,
                known.sentence.as_str(),
                entries(known.entries.iter().copied()),
            ],
            state,
        );
    }
    sheet.done()
}

fn accepted(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "D02",
        "Conflicts that somebody accepted for a time",
        "each acceptance of a rule of the matrix that is in force at some time of the period, by entry",
        &[
            ("rule", Kind::Id),
            ("person", Kind::Person),
            ("accepted at", Kind::Time),
            ("until", Kind::Time),
            ("level", Kind::Id),
            ("by", Kind::Person),
            ("made up for by", Kind::Text),
            ("entry", Kind::Entries),
        ],
    );
    for known in material.facts.risk_accepted.all() {
        let Some(rule) = &known.rule else {
            sheet.exclude("of an exception, not of a rule", 1);
            continue;
        };
        if known.at.occurred >= material.period.to || known.expires_at <= material.period.from {
            sheet.exclude("of another span", 1);
            continue;
        }
        sheet.row(row![
            rule,
            known.person,
            known.at.occurred,
            known.expires_at,
            known.level.as_str(),
            known.approver,
            crate::report::dataset::names(known.controls.iter()),
            known.at.index.to_string(),
        ]);
    }
    sheet.done()
}

fn rules(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "D03",
        "The matrix of separated duties",
        "each rule of the matrix in force, by id: the duty, those it must be apart from, and the tests that may make up for it",
        &[
            ("rule", Kind::Id),
            ("duty", Kind::Id),
            ("apart from", Kind::Text),
            ("reach", Kind::Text),
            ("severity", Kind::Severity),
            ("judged", Kind::Text),
            ("made up for by", Kind::Text),
        ],
    );
    for rule in &material.evaluation.question.matrix.rules {
        let reach = match rule.reach {
            Reach::SameSystem => "in one system",
            Reach::Any => "anywhere",
        };
        let judged = if rule.standing { "by what is held" } else { "by what is done" };
        let up = if rule.mitigation.is_empty() {
            "nothing".to_owned()
        } else {
            rule.mitigation.join(" ")
        };
        sheet.row(row![
            rule.id.as_str(),
            rule.duty.as_str(),
            rule.against.join(" "),
            reach,
            rule.severity.as_str(),
            judged,
            up,
        ]);
    }
    sheet.done()
}
