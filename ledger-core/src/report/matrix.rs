//! Matrix: the controls at a glance.

use std::collections::BTreeMap;

use super::Material;
use super::dataset::{Dataset, Kind, Sheet, row};
use super::tested::Tested;
use crate::check::State;
use crate::evaluate::Evaluation;

/// One line for each control.
pub(super) fn summary(controls: &[Tested]) -> Dataset {
    let mut sheet = Sheet::new(
        "M01",
        "All controls in scope",
        "each control in scope, in the order of the catalogue; in scope = pass + fail + cannot tell + waived",
        &[
            ("control", Kind::Id),
            ("title", Kind::Text),
            ("result", Kind::State),
            ("in scope", Kind::Count),
            ("pass", Kind::Count),
            ("fail", Kind::Count),
            ("cannot tell", Kind::Count),
            ("open", Kind::Count),
            ("waived", Kind::Count),
            ("left out", Kind::Count),
            ("key", Kind::Text),
            ("type", Kind::Text),
            ("frequency", Kind::Id),
            ("strength", Kind::Id),
            ("citations", Kind::Text),
            ("before", Kind::Text),
            ("paper", Kind::Id),
        ],
    );
    for control in controls {
        let of = |state: State| control.counts.get(&state).copied().unwrap_or(0);
        let places: Vec<&str> =
            control.citations.iter().map(|citation| citation.reference.as_str()).collect();
        sheet.tested(
            row![
                control.id.as_str(),
                control.title.as_str(),
                control.state,
                control.counts.values().sum::<u64>(),
                of(State::Pass),
                of(State::Fail),
                of(State::Indeterminate),
                control.open.values().sum::<u64>(),
                of(State::Waived),
                control.excluded,
                control.key,
                control.kind.as_str(),
                control.frequency.as_str(),
                control.strength.as_str(),
                places.join("; "),
                control.before.clone(),
                control.paper.as_str(),
            ],
            control.state,
        );
    }
    sheet.done()
}

/// Framework × domain: the worst state and how many controls are in it.
pub(super) fn heat(controls: &[Tested]) -> Dataset {
    let mut sheet = Sheet::new(
        "G01",
        "Results by framework and domain",
        "the controls of M01 by framework and domain: the worst result among them, and how many came to what",
        &[
            ("framework", Kind::Id),
            ("domain", Kind::Text),
            ("worst", Kind::State),
            ("controls", Kind::Count),
            ("no exceptions", Kind::Count),
            ("exceptions", Kind::Count),
            ("cannot tell", Kind::Count),
            ("risk accepted", Kind::Count),
            ("no occurrence", Kind::Count),
        ],
    );
    let mut cells: Vec<((&str, &str), Vec<State>)> = Vec::new();
    for control in controls {
        let key = (control.framework.as_str(), control.domain.as_str());
        match cells.iter_mut().find(|(known, _)| *known == key) {
            Some((_, states)) => states.push(control.state),
            None => cells.push((key, vec![control.state])),
        }
    }
    for ((framework, domain), states) in cells {
        let count = |wanted| states.iter().filter(|state| **state == wanted).count() as u64;
        sheet.row(row![
            framework,
            domain,
            states.iter().min().copied(),
            states.len() as u64,
            count(State::Pass),
            count(State::Fail),
            count(State::Indeterminate),
            count(State::Waived),
            count(State::NoOccurrence),
        ]);
    }
    sheet.done()
}

/// What each test went through, and what it left out.
pub(super) fn tested(evaluation: &Evaluation) -> Dataset {
    let mut sheet = Sheet::new(
        "G02",
        "Populations: tested and left out",
        "the largest run of each test, by id: how many items it tested and how many it left out, with the reasons",
        &[
            ("test", Kind::Id),
            ("an item is", Kind::Text),
            ("tested", Kind::Count),
            ("left out", Kind::Count),
            ("why left out", Kind::Sentence),
        ],
    );
    let mut largest: BTreeMap<&str, (u64, u64, &crate::evaluate::Run)> = BTreeMap::new();
    for run in &evaluation.runs {
        let size = (run.census.items.len() as u64, run.census.excluded.values().sum());
        let known = largest.entry(run.test.id).or_insert((size.0, size.1, run));
        if (known.0, known.1) < size {
            *known = (size.0, size.1, run);
        }
    }
    for (test, (items, left_out, run)) in largest {
        let why: Vec<String> =
            run.census.excluded.iter().map(|(why, count)| format!("{count} {why}")).collect();
        sheet.row(row![test, run.test.population, items, left_out, why.join("; ")]);
    }
    sheet.done()
}

/// Results of earlier periods, as they were recorded.
pub(super) fn before(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "H01",
        "Results of earlier periods",
        "the results of controls that were recorded for other periods, by period: how many controls came to what",
        &[
            ("period", Kind::Id),
            ("pass", Kind::Count),
            ("fail", Kind::Count),
            ("cannot tell", Kind::Count),
            ("waived", Kind::Count),
            ("no occurrence", Kind::Count),
        ],
    );
    let own = super::period::word(material.on_wall());
    let mut last = BTreeMap::new();
    for row in material.facts.control_tested.all() {
        if row.what.period.as_str() == own {
            sheet.exclude("of this period", 1);
            continue;
        }
        last.insert((row.what.period.as_str(), row.what.control.as_str()), row.result.as_str());
    }
    let mut periods: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for ((period, _), result) in last {
        periods.entry(period).or_default().push(result);
    }
    for (period, results) in periods {
        let count = |word: &str| results.iter().filter(|result| **result == word).count() as u64;
        sheet.row(row![
            period,
            count("pass"),
            count("fail"),
            count("indeterminate"),
            count("waived"),
            count("no_occurrence"),
        ]);
    }
    sheet.done()
}
