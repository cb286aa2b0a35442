//! Appendices: what is looked up.

use super::{Section, section};
use crate::check;
use crate::report::dataset::{Dataset, Kind, Sheet, row};
use crate::report::{Material, population, tested};

pub(super) fn all(material: &Material<'_>, all: &mut Vec<Dataset>) -> Vec<Section> {
    let mut tests = section(
        "tests",
        "Test catalogue",
        "Each automated test, the version of its rule, and when an item passes.",
    );
    tests.table(catalogue(material), all);
    let mut limits = section(
        "limits",
        "Limits and overlays",
        "Each limit as it was resolved: its value, the layer that set it, and on what basis.",
    );
    limits.table(layers(material), all);
    limits.table(resolved(material), all);
    let mut samples = section(
        "samples",
        "Sampling records",
        "Populations that were fixed before a seed was known, and what was drawn from them.",
    );
    samples.list("P05");
    vec![tests, limits, samples]
}

fn catalogue(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "A01",
        "Automated tests",
        "each test of this version of the tool, by id, and how many of its runs stand in this report",
        &[
            ("test", Kind::Id),
            ("name", Kind::Text),
            ("version", Kind::Id),
            ("an item is", Kind::Text),
            ("it passes when", Kind::Sentence),
            ("runs", Kind::Count),
        ],
    );
    for test in check::all() {
        let runs = material.evaluation.runs.iter().filter(|run| run.test.id == test.id).count();
        sheet.row(row![test.id, test.name, test.version, test.population, test.rule, runs as u64,]);
    }
    sheet.done()
}

fn layers(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "L01",
        "Catalogues and overlays",
        "each part of the period with the digest of its resolved catalogue, and each overlay applied to it in order",
        &[
            ("from", Kind::Time),
            ("to", Kind::Time),
            ("layer", Kind::Id),
            ("version", Kind::Id),
            ("digest", Kind::Digest),
        ],
    );
    for slice in &material.evaluation.slices {
        let (from, to) = (slice.period.from, slice.period.to);
        sheet.row(row![from, to, "resolved catalogue", "1", slice.resolved.digest()]);
        for (id, version, digest) in &slice.resolved.layers {
            sheet.row(row![from, to, id.as_str(), version.as_str(), *digest]);
        }
    }
    sheet.done()
}

fn resolved(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "L02",
        "Limits of the tests",
        "each limit of each run of a test, by run; a control's own limits come before those of layers",
        &[
            ("run", Kind::Id),
            ("limit", Kind::Id),
            ("value", Kind::Text),
            ("layer", Kind::Id),
            ("basis", Kind::Text),
            ("what it limits", Kind::Sentence),
        ],
    );
    for (number, run) in material.evaluation.runs.iter().enumerate() {
        for limit in tested::limits(run, material.evaluation) {
            sheet.row(row![
                population::run_id(number, run),
                limit.name,
                limit.value,
                limit.layer,
                limit.basis,
                limit.meaning,
            ]);
        }
    }
    sheet.done()
}
