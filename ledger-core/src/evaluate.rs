//! Evaluate: what the controls of a framework come to over a period.
//!
//! Spec page: `spec/control.md`. Each test is run once for each regime and set of limits that some
//! control asks for, over the whole population; a control's result is the worst of its items. A
//! period in which a layer begins or ends is evaluated in slices. The result is one canonical JSON
//! document: the same entries, catalogue, question and tool version give the same bytes.

mod document;
mod front;
mod place;
mod run;

pub use document::limit as limit_words;
pub use front::{Front, Verdict};
pub(crate) use run::accepted;
pub use run::{Run, exception_id};

use std::collections::{BTreeMap, BTreeSet};

use self::place::Places;
use crate::check::matrix::Matrix;
use crate::check::{self, Attachments, Calendar, Period, State, Test};
use crate::control::{Catalogue, Control, Layer, Recorded, Resolved};
use crate::error::Result;
use crate::fact::Facts;
use crate::json::Lazy;
use crate::schema::words::Regime;
use crate::time::Timestamp;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// Frameworks, like `sox`; none is all.
    pub frameworks: Vec<String>,
    /// Which occurrences.
    pub period: Period,
    /// Until when anything recorded counts.
    pub cutoff: Timestamp,
    /// Layers on top of the catalogue.
    pub layers: Vec<Layer>,
    /// Days on which work is done.
    pub calendar: Calendar,
    /// Duties that one person must not hold at once.
    pub matrix: Matrix,
}

/// A part of the period, and of the world, in which one catalogue holds.
#[derive(Clone, Debug)]
pub struct Slice {
    /// The part of the period.
    pub period: Period,
    /// The part of the world, by its number: 0 for what says no region.
    pub part: usize,
    /// The regions that are in it.
    pub regions: Vec<String>,
    /// The catalogue with its layers.
    pub resolved: Resolved,
}

/// What a control came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The control.
    pub control: Control,
    /// The worst of its items, of all slices.
    pub state: State,
    /// Why, where no item says so.
    pub reasons: Vec<String>,
    /// The runs it stands on, and whether their exceptions count.
    pub runs: Vec<(usize, bool)>,
    /// How many items came to what, over the runs that count.
    pub counts: BTreeMap<State, u64>,
    /// Exceptions of items whose risk was accepted: exception, entry of the acceptance.
    pub waived: BTreeMap<String, u64>,
}

/// The whole answer.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// What was asked.
    pub question: Question,
    /// What stands in front.
    pub front: Front,
    /// The parts of the period.
    pub slices: Vec<Slice>,
    /// The runs of the tests.
    pub runs: Vec<Run>,
    /// The controls, in the order of the catalogue.
    pub outcomes: Vec<Outcome>,
}

/// Evaluates.
///
/// Codes of layers and limits (`layer-*`, `parameter-*`).
pub fn evaluate(
    facts: &Facts,
    attachments: &dyn Attachments,
    question: Question,
    mut front: Front,
) -> Result<Evaluation> {
    let recorded = Recorded::of(facts, attachments, question.period)?;
    front.untold(recorded.untold.iter().cloned());
    let mut layers = question.layers.clone();
    layers.extend(recorded.beside(&question.layers));
    let mut places = Places::of(&layers, facts);
    let slices = match slices(question.period, &layers, &places) {
        Err(error) if layers.len() > question.layers.len() => {
            let place = error.place().unwrap_or_default();
            let why = format!("rules in the log do not fit together ({place}: {error})");
            front.untold([why]);
            places = Places::of(&question.layers, facts);
            slices(question.period, &question.layers, &places)?
        }
        slices => slices?,
    };
    let mut wanted = Wanted::default();
    for (slice, part) in slices.iter().enumerate() {
        for control in part.resolved.controls(&question.frameworks) {
            wanted.add(slice, part, control)?;
        }
    }
    let verified = front.verified.as_ref();
    let sliced = run::Sliced { slices: &slices, places: &places };
    let runs = run::all(&wanted.runs, &sliced, facts, attachments, &question, verified);
    let outcomes = wanted
        .controls
        .into_values()
        .map(|asked| {
            run::outcome(asked.control, &asked.runs, &asked.missing, &runs, facts, &question)
        })
        .collect();
    Ok(Evaluation { question, front, slices, runs, outcomes })
}

/// The period, cut where a layer begins or ends; each part for each part of the world.
fn slices(period: Period, layers: &[Layer], places: &Places<'_>) -> Result<Vec<Slice>> {
    let Period { from, to } = period;
    let mut cuts = BTreeSet::from([from]);
    for layer in layers {
        cuts.extend([Some(layer.valid_from), layer.valid_to].into_iter().flatten());
    }
    let cuts: Vec<Timestamp> = cuts.into_iter().filter(|cut| from <= *cut && *cut < to).collect();
    let ends = cuts.iter().skip(1).copied().chain([to]);
    let catalogue = Catalogue::shipped()?;
    let mut slices: Vec<Slice> = Vec::new();
    for (from, to) in cuts.iter().copied().zip(ends) {
        for (part, place, regions) in places.parts() {
            let resolved = Resolved::at(catalogue.clone(), &place.layers(layers), from)?;
            slices.push(Slice { period: Period { from, to }, part, regions, resolved });
        }
    }
    Ok(slices)
}

/// What has to be run, each thing once.
#[derive(Default)]
struct Wanted {
    runs: Vec<run::Wanted>,
    /// By the place in the catalogue.
    controls: BTreeMap<usize, Asked>,
}

struct Asked {
    control: Control,
    runs: Vec<(usize, bool)>,
    missing: BTreeSet<String>,
}

impl Wanted {
    fn add(&mut self, slice: usize, part: &Slice, control: &Control) -> Result<()> {
        let catalogue = &part.resolved.catalogue;
        let place = catalogue.controls.iter().position(|known| known.id == control.id);
        let regime = catalogue
            .authorities
            .iter()
            .find(|authority| authority.framework == control.framework)
            .map(|authority| authority.regime);
        let mut found = Vec::new();
        let mut missing = BTreeSet::new();
        for id in &control.tests {
            let Some(test) = check::find(id) else {
                missing.insert(id.clone());
                continue;
            };
            let number = self.run(slice, part, control, test, regime)?;
            found.push((number, control.counted.contains(id)));
        }
        let asked = self.controls.entry(place.unwrap_or(usize::MAX)).or_insert_with(|| Asked {
            control: control.clone(),
            runs: Vec::new(),
            missing: BTreeSet::new(),
        });
        asked.runs.extend(found);
        asked.missing.extend(missing);
        Ok(())
    }

    fn run(
        &mut self,
        slice: usize,
        part: &Slice,
        control: &Control,
        test: &'static Test,
        regime: Option<Regime>,
    ) -> Result<usize> {
        let parameters = part.resolved.parameters(control, test)?;
        let same = |run: &run::Wanted| {
            run.slice == slice
                && run.test.id == test.id
                && run.regime == regime
                && run.parameters == parameters
        };
        if let Some(number) = self.runs.iter().position(same) {
            return Ok(number);
        }
        self.runs.push(run::Wanted { slice, test, regime, parameters });
        Ok(self.runs.len() - 1)
    }
}

impl Evaluation {
    /// The whole as one document; its canonical bytes are the result. It is made as it is written: at
    /// a million entries it has some hundred megabytes.
    pub fn document(&self) -> Lazy<'_> {
        document::evaluation(self)
    }

    /// The worst of the controls: what a verdict command answers.
    pub fn state(&self) -> State {
        let counted = self.outcomes.iter().map(|outcome| outcome.state);
        counted.min().unwrap_or(State::NoOccurrence)
    }
}
