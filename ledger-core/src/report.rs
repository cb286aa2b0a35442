//! Report: one canonical document of what a period came to, which every dressing shows and none adds to.
//!
//! Spec page: `spec/report.md`. It is computed from the evaluation, the facts and what the caller knows
//! of the checkpoint; it holds no person's name, no sign-off and nothing of the run that made it, so
//! the same entries, question and tool version give the same bytes. Everything that has rows is a
//! [`Dataset`] with its query, counts that tie and a digest.

mod brief;
mod conclusion;
mod correction;
mod csv;
mod dataset;
mod deployed;
mod document;
mod finding;
mod front;
mod incident;
mod list;
mod made;
mod matrix;
mod metric;
mod people;
pub mod period;
mod population;
mod pseudonym;
mod register;
mod review;
mod section;
mod signature;
mod tested;

pub use brief::{Brief, Matter, review_items};
pub use conclusion::{Conclusion, Figure, Issue};
pub use csv::{csv_row, guarded};
pub use dataset::{About, Cell, Column, Dataset, Kind};
pub use front::{Anchored, Asked, Front, Previous, Superseded};
pub use made::Made;
pub use metric::metrics;
pub use people::{Level, People};
pub(crate) use pseudonym::Pseudonyms;
pub use section::{Chart, Plot, Section};
pub use signature::{Seen, Signatures, Statement};
pub use tested::{Limit, Performed, Tested, words};

use crate::check::Period;
use crate::evaluate::{Evaluation, Verdict};
use crate::fact::Facts;
use crate::json::Lazy;
use crate::time::Timestamp;
use crate::zone::Zone;
use deployed::Deployments;
use finding::Finding;

/// A report.
#[derive(Clone, Debug)]
pub struct Report {
    /// What it is, of what, and how it is made again.
    pub front: Front,
    /// Is it true?
    pub integrity: Verdict,
    /// Is it all?
    pub completeness: Verdict,
    /// The first page.
    pub conclusion: Conclusion,
    /// Scope and basis; integrity and completeness.
    pub basis: Vec<Section>,
    /// The controls, in the order of the catalogue.
    pub controls: Vec<Tested>,
    /// Changes to privacy.
    pub sections: Vec<Section>,
    /// What is looked up.
    pub appendices: Vec<Section>,
    /// All tables with their rows: the request list, exceptions of controls, charts, appendices.
    pub datasets: Vec<Dataset>,
    /// The populations of the tests: their rows are in files of their own, which [`Report::items`]
    /// makes.
    pub populations: Vec<About>,
    /// How persons stand in all of it.
    pseudonyms: Pseudonyms,
}

/// What a report is made from.
struct Material<'r> {
    facts: &'r Facts,
    evaluation: &'r Evaluation,
    period: Period,
    /// The moment by which running clocks are judged.
    now: Timestamp,
    deployments: Deployments<'r>,
    findings: Vec<Finding<'r>>,
}

impl<'r> Material<'r> {
    /// Where its days begin.
    fn zone(&self) -> &'r Zone {
        &self.evaluation.question.calendar.zone
    }

    /// The period's days as if they were in UTC, so that they can be written.
    fn on_wall(&self) -> Period {
        period::on_wall(self.period, self.zone())
    }

    /// The first and the last day of the period, with the zone where that is not UTC.
    fn days(&self, between: &str) -> String {
        let wall = self.on_wall();
        let (first, last) = (period::day(wall.from), period::day(period::last(wall)));
        match self.evaluation.question.calendar.named.as_str() {
            "UTC" => format!("{first} {between} {last}"),
            zone => format!("{first} {between} {last}, {zone}"),
        }
    }

    fn of(evaluation: &'r Evaluation, facts: &'r Facts) -> Self {
        let period = evaluation.question.period;
        Self {
            facts,
            evaluation,
            period,
            now: evaluation.question.cutoff,
            deployments: Deployments::of(facts, period),
            findings: finding::all(evaluation, facts, period),
        }
    }
}

impl Report {
    /// The report of an evaluation. `more` are tables that others computed, with their pages: they
    /// stand among the appendices.
    pub fn of(
        evaluation: &Evaluation,
        facts: &Facts,
        asked: &Asked,
        more: Vec<(Section, Vec<Dataset>)>,
    ) -> Self {
        let material = Material::of(evaluation, facts);
        let controls = tested::all(&material);
        let mut pages = section::Pages::of(&material);
        let mut datasets = list::all(&material);
        datasets.push(matrix::summary(&controls));
        datasets.push(matrix::heat(&controls));
        datasets.push(matrix::tested(evaluation));
        datasets.push(matrix::before(&material));
        for outcome in &evaluation.outcomes {
            datasets.push(population::exceptions(outcome, &material));
        }
        datasets.append(&mut pages.datasets);
        for (section, mut tables) in more {
            pages.sections.insert(1.min(pages.sections.len()), section);
            datasets.append(&mut tables);
        }
        let front = front::front(&material, asked);
        let report = Self {
            front,
            integrity: evaluation.front.integrity.clone(),
            completeness: evaluation.front.completeness.clone(),
            conclusion: conclusion::conclusion(&material, &controls),
            basis: pages.basis,
            controls,
            sections: pages.sections,
            appendices: pages.appendices,
            datasets,
            populations: Vec::new(),
            pseudonyms: Pseudonyms::default(),
        };
        let mut report = report.shown(facts);
        let about = |number| {
            let dataset = Self::retold(&report.pseudonyms, evaluation, number)?;
            Some(dataset.sealed().about)
        };
        report.populations = (0..evaluation.runs.len()).filter_map(about).collect();
        report
    }

    /// The same with all persons as they are shown.
    fn shown(self, facts: &Facts) -> Self {
        let pseudonyms = Pseudonyms::of(&self.front, facts);
        let mut report = pseudonyms.report(self);
        report.pseudonyms = pseudonyms;
        report
    }

    /// All items of a run with persons as they are shown, and without the digest.
    pub(crate) fn retold(
        persons: &Pseudonyms,
        evaluation: &Evaluation,
        number: usize,
    ) -> Option<Dataset> {
        Some(persons.retold(population::of(number, evaluation)?).0)
    }

    /// All items of a run of the same evaluation as this report shows them: its `about` stands in
    /// [`Report::populations`] at the same place.
    pub fn items(&self, evaluation: &Evaluation, number: usize) -> Option<Dataset> {
        let mut dataset = Self::retold(&self.pseudonyms, evaluation, number)?;
        // its digest was taken when the report was made: a large table is spelled out once for its file
        let known = self.populations.iter().find(|about| about.id == dataset.about.id);
        match known {
            Some(about) => about.clone_into(&mut dataset.about),
            None => dataset = dataset.sealed(),
        }
        Some(dataset)
    }

    /// The table of that id.
    pub fn dataset(&self, id: &str) -> Option<&Dataset> {
        self.datasets.iter().find(|dataset| dataset.about.id == id)
    }

    /// What any table or population of that id is.
    pub fn about(&self, id: &str) -> Option<&About> {
        let populations = self.populations.iter().find(|about| about.id == id);
        populations.or_else(|| self.dataset(id).map(|dataset| &dataset.about))
    }

    /// The whole as one document; its canonical bytes, with a final newline, are `report.json`.
    pub fn document(&self) -> Lazy<'_> {
        document::report(self)
    }
}
