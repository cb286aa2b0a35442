//! Brief: a report of one matter: a change, a release, a train, duties, exceptions, or freezes.
//!
//! Spec page: `spec/brief.md`. It has the front, the two verdicts, the pages and the tables of a
//! [`Report`], and fewer of them: one document, and the same dressings.

mod change;
mod duties;
mod freeze;
mod release;
mod review;

use super::dataset::Dataset;
use super::section::{self, Section};
use super::{Asked, Conclusion, Material, Pseudonyms, Report, front, register};
use crate::check::State;
use crate::error::{Error, Result};
use crate::evaluate::Evaluation;
use crate::fact::Facts;
use crate::fact::dossier::Dossier;
use crate::hash::Sha256;
use crate::json::{Lazy, Value};
use crate::review::sheet::Told;

/// What a brief is about.
#[derive(Clone, Copy, Debug)]
pub enum Matter<'m> {
    /// A change, with everything that speaks of it.
    Change(&'m Dossier),
    /// A release, by its id.
    Release(&'m str),
    /// A release train, by its id.
    Train(&'m str),
    /// Duties that must be apart.
    Conflicts,
    /// What tests found wrong, and what became of it.
    Exceptions,
    /// Spans in which nothing may be deployed.
    Freeze,
    /// An access review.
    Review(&'m Told<'m>),
}

pub use review::items as review_items;

/// A report of one matter.
#[derive(Clone, Debug)]
pub struct Brief {
    /// What it is about, in a word.
    pub kind: &'static str,
    /// The id of what it is about; empty for a matter of a whole period.
    pub subject: String,
    /// Its front, verdicts, sentences, pages and tables; it has no controls and no populations.
    pub report: Report,
}

/// What a room of this folder writes: sentences and pages, with their tables.
#[derive(Debug, Default)]
struct Written {
    sentences: Vec<String>,
    sections: Vec<Section>,
    datasets: Vec<Dataset>,
}

impl Matter<'_> {
    /// The word of the matter.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Change(_) => "change",
            Self::Release(_) => "release",
            Self::Train(_) => "train",
            Self::Conflicts => "conflicts",
            Self::Exceptions => "exceptions",
            Self::Freeze => "freeze",
            Self::Review(_) => "review",
        }
    }

    fn subject(&self) -> String {
        match self {
            Self::Change(dossier) => dossier.thing.id(),
            Self::Release(id) | Self::Train(id) => (*id).to_owned(),
            Self::Review(told) => told.standing.id().to_owned(),
            Self::Conflicts | Self::Exceptions | Self::Freeze => String::new(),
        }
    }

    fn title(&self) -> String {
        match self {
            Self::Change(dossier) => format!("Change {}", dossier.thing.id()),
            Self::Release(id) => format!("Release {id}"),
            Self::Train(id) => format!("Release train {id}"),
            Self::Conflicts => "Separation of duties".to_owned(),
            Self::Exceptions => "Exceptions and remediation".to_owned(),
            Self::Freeze => "Freezes".to_owned(),
            Self::Review(told) => format!("Access review {}", told.standing.id()),
        }
    }
}

impl Brief {
    /// The brief of a matter, from the evaluation of the span it is told over.
    ///
    /// Codes `release-none`, `train-none`: no entry speaks of it.
    pub fn of(
        evaluation: &Evaluation,
        facts: &Facts,
        asked: &Asked,
        matter: &Matter<'_>,
    ) -> Result<Self> {
        let material = Material::of(evaluation, facts);
        let written = match matter {
            Matter::Change(dossier) => change::written(&material, dossier),
            Matter::Release(id) => release::one(&material, id)?,
            Matter::Train(id) => release::train(&material, id)?,
            Matter::Conflicts => duties::written(&material),
            Matter::Exceptions => exceptions(&material),
            Matter::Freeze => freeze::written(&material),
            Matter::Review(told) => review::written(&material, told),
        };
        let mut front = front::front(&material, asked);
        let (kind, subject) = (matter.word(), matter.subject());
        front.title = matter.title();
        front.id = id(kind, &subject, &front.id);
        let report = Report {
            front,
            integrity: evaluation.front.integrity.clone(),
            completeness: evaluation.front.completeness.clone(),
            conclusion: Conclusion { sentences: written.sentences, ..Conclusion::default() },
            basis: Vec::new(),
            controls: Vec::new(),
            sections: written.sections,
            appendices: Vec::new(),
            datasets: written.datasets,
            populations: Vec::new(),
            pseudonyms: Pseudonyms::default(),
        };
        Ok(Self { kind, subject, report: report.shown(facts) })
    }

    /// The worst that its tables and its two verdicts say.
    pub fn state(&self) -> State {
        let report = &self.report;
        let counted = report.datasets.iter().flat_map(|dataset| dataset.about.counts.keys());
        let tables = counted.copied().min().unwrap_or(State::Pass);
        tables.min(report.integrity.state).min(report.completeness.state)
    }

    /// The whole as one document; its canonical bytes, with a final newline, are `report.json`.
    pub fn document(&self) -> Lazy<'_> {
        let report = &self.report;
        Lazy::object([
            ("completeness", super::document::verdict(&report.completeness).into()),
            ("datasets", Lazy::list(report.datasets.iter().map(Dataset::document))),
            ("format", Value::text("ledger/brief/v1").into()),
            ("front", report.front.to_json().into()),
            ("integrity", super::document::verdict(&report.integrity).into()),
            ("kind", Value::text(self.kind).into()),
            ("sections", Lazy::list(report.sections.iter().map(Section::to_json))),
            ("sentences", Lazy::list(report.conclusion.sentences.iter().map(Value::text))),
            ("subject", Value::text(&self.subject).into()),
        ])
    }
}

/// The id: what is asked about what, of which entries, in twelve hex digits.
fn id(kind: &str, subject: &str, report: &str) -> String {
    let text = [kind, subject, report].join("\0");
    let digest = crate::encoding::hex(&Sha256::of(text.as_bytes()).0);
    format!("{kind}-{}", digest.get(..12).unwrap_or_default())
}

/// The register and what is done about it, as a quarter has them.
fn exceptions(material: &Material<'_>) -> Written {
    let mut written = Written { datasets: vec![register::dataset(material)], ..Written::default() };
    written.sections = section::exceptions(material, &mut written.datasets);
    written.sentences = written.sections.iter().map(|section| section.sentence.clone()).collect();
    written
}

/// No entry speaks of it.
fn none(kind: &str, id: &str, code: &'static str) -> Error {
    Error::refused(code, format!("no entry speaks of {kind} `{id}`"))
        .hint("ids are written as they were recorded; `ledger log` lists entries")
}
