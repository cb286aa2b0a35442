//! Freeze: when nothing could be deployed, who was let through, and what went out all the same.

use super::Written;
use crate::check::State;
use crate::report::dataset::{Dataset, Kind, Sheet, entries, names, row};
use crate::report::section::{self, many, section};
use crate::report::{Material, list};
use crate::schema::change::FreezeAction;
use crate::schema::words::Class;

pub(super) fn written(material: &Material<'_>) -> Written {
    let (windows, leave, ran) = (windows(material), leave(material), ran(material));
    let of = |state: State| ran.about.counts.get(&state).copied().unwrap_or(0);
    let sentences = vec![
        format!(
            "{} on freezes of the period; leave to pass one was granted or taken back {}.",
            many(windows.about.rows, "word"),
            many(leave.about.rows, "time"),
        ),
        format!(
            "{} met a freeze, or may have: {} with leave, {} without, {} that cannot be told.",
            many(ran.about.rows, "deployment"),
            of(State::Pass) + of(State::Waived),
            of(State::Fail),
            of(State::Indeterminate),
        ),
    ];
    let mut page =
        section("freezes", "Windows and leave", sentences.first().cloned().unwrap_or_default());
    let mut datasets = Vec::new();
    section::calendar_of(material, &mut page, &mut datasets);
    page.datasets.extend([windows.about.id.clone(), leave.about.id.clone()]);
    let mut through = section(
        "through",
        "What went out in a freeze",
        sentences.get(1).cloned().unwrap_or_default(),
    );
    let listed = list::deployments(material);
    through.datasets.extend([ran.about.id.clone(), listed.about.id.clone()]);
    datasets.extend([windows, leave, ran, listed]);
    Written { sentences, sections: vec![page, through], datasets }
}

fn windows(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "F01",
        "Freezes",
        "each declaration, change and lifting of a freeze whose window touches the period, by entry; an empty bound bounds nothing",
        &[
            ("freeze", Kind::Id),
            ("action", Kind::Id),
            ("said", Kind::Time),
            ("from", Kind::Time),
            ("to", Kind::Time),
            ("zone", Kind::Id),
            ("where", Kind::Text),
            ("may pass", Kind::Id),
            ("authority", Kind::Person),
            ("entry", Kind::Entries),
        ],
    );
    let period = material.period;
    for known in material.facts.freeze_changed.all() {
        if is_leave(known.action) {
            sheet.exclude("leave to pass, which is in F02", 1);
            continue;
        }
        if known.window.start >= period.to || known.window.end <= period.from {
            sheet.exclude("of another span", 1);
            continue;
        }
        let scope = &known.scope;
        let places = [&scope.systems, &scope.environments, &scope.regions];
        let words: Vec<String> =
            places.into_iter().flatten().map(|ids| names(ids.iter())).collect();
        sheet.row(row![
            &known.what.freeze,
            known.action.as_str(),
            known.at.occurred,
            known.window.start,
            known.window.end,
            &known.window.tz,
            words.join("; "),
            known.allowed_class.map(Class::as_str),
            known.authority,
            known.at.index.to_string(),
        ]);
    }
    sheet.done()
}

fn is_leave(action: FreezeAction) -> bool {
    matches!(action, FreezeAction::ExceptionGranted | FreezeAction::ExceptionRevoked)
}

fn leave(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "F02",
        "Exceptions from freezes",
        "each exception from a freeze that was granted or taken back in the period, by entry",
        &[
            ("freeze", Kind::Id),
            ("action", Kind::Id),
            ("at", Kind::Time),
            ("change", Kind::Id),
            ("artifact", Kind::Digest),
            ("asked for by", Kind::Person),
            ("authority", Kind::Person),
            ("entry", Kind::Entries),
        ],
    );
    for known in material.facts.freeze_changed.all().iter().filter(|row| is_leave(row.action)) {
        if !material.period.has(known.at.occurred) {
            sheet.exclude("outside the period", 1);
            continue;
        }
        let passes = known.exception.as_ref();
        sheet.row(row![
            &known.what.freeze,
            known.action.as_str(),
            known.at.occurred,
            passes.and_then(|known| known.change.as_ref()),
            passes.and_then(|known| known.artifact),
            known.requester.and_then(|who| who.pseudonym).map(|who| who.to_string()),
            known.authority,
            known.at.index.to_string(),
        ]);
    }
    sheet.done()
}

/// Deployments that met a freeze, as T09 judged them.
fn ran(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "F03",
        "Deployments that met a freeze",
        "each deployment that met a freeze or of which something is wrong, as T09 judged it, by item; the worst of its sentences",
        &[
            ("deployment", Kind::Id),
            ("at", Kind::Time),
            ("system", Kind::Id),
            ("freeze", Kind::Id),
            ("result", Kind::State),
            ("what happened", Kind::Sentence),
            ("entries", Kind::Entries),
        ],
    );
    let mut known = std::collections::BTreeMap::new();
    for run in material.evaluation.runs.iter().filter(|run| run.test.id == "T09") {
        known.extend(run.census.items.iter().map(|item| (&item.id, item)));
    }
    for item in known.into_values() {
        let freezes: Vec<&str> = item
            .values
            .iter()
            .filter(|(name, _)| *name == "freeze")
            .map(|(_, value)| value)
            .collect();
        if freezes.is_empty() && item.exceptions.is_empty() {
            sheet.exclude("met no freeze", 1);
            continue;
        }
        let worst = item.exceptions.iter().min_by_key(|known| (known.undecided, known.severity));
        let state = item.state();
        sheet.tested(
            row![
                item.id.as_str(),
                item.at,
                item.system.as_deref(),
                freezes.join(" "),
                state,
                worst.map(|known| known.sentence.as_str()),
                entries(item.entries.iter().copied()),
            ],
            state,
        );
    }
    sheet.done()
}
