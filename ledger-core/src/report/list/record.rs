//! Documents, samples, incidents, retention: P02, P05, P13, P15.

use crate::report::Material;
use crate::report::dataset::{Dataset, Kind, Sheet, names, row};
use crate::report::incident::Incident;
use crate::schema::words::{Answer, Reference};

pub(super) fn documents(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "P02",
        "Policies and procedures in force in the period",
        "each approved version of a document that was valid at some time of the period, by entry",
        &[
            ("document", Kind::Id),
            ("kind", Kind::Id),
            ("version", Kind::Id),
            ("valid from", Kind::Time),
            ("valid to", Kind::Time),
            ("review due", Kind::Time),
            ("scope", Kind::Text),
            ("approver", Kind::Person),
            ("digest", Kind::Digest),
            ("entry", Kind::Entries),
        ],
    );
    let period = material.period;
    for row in material.facts.document_approved.all() {
        if row.valid_from >= period.to || row.valid_to.is_some_and(|to| to <= period.from) {
            sheet.exclude("not in force in the period", 1);
            continue;
        }
        sheet.row(row![
            &row.document,
            row.kind.as_str(),
            &row.version,
            row.valid_from,
            row.valid_to,
            row.review_due,
            names(&row.scope),
            row.approver,
            row.digest,
            row.at.index.to_string(),
        ]);
    }
    sheet.done()
}

pub(super) fn samples(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "P05",
        "Samples: populations that were fixed, and what was drawn from them",
        "each draw of a sample whose population was fixed in the period, by entry of the fixing; without a draw the columns of the draw are empty",
        &[
            ("sample", Kind::Id),
            ("control", Kind::Id),
            ("fixed at", Kind::Time),
            ("rows", Kind::Count),
            ("population", Kind::Digest),
            ("drawn at", Kind::Time),
            ("draw", Kind::Count),
            ("method", Kind::Id),
            ("seed", Kind::Id),
            ("seed from", Kind::Id),
            ("size", Kind::Count),
            ("selected", Kind::Text),
            ("entry", Kind::Entries),
        ],
    );
    let facts = material.facts;
    let fixed: Vec<_> = sheet.within(&facts.sample_committed, material.period).collect();
    for sample in fixed {
        let id = sample.what.sample.as_str();
        let mut draws: Vec<_> = facts.sample_drawn.of(Reference::Sample, id).map(Some).collect();
        if draws.is_empty() {
            draws.push(None);
        }
        for draw in draws {
            sheet.row(row![
                &sample.what.sample,
                &sample.control,
                sample.at.occurred,
                sample.population.rows,
                sample.population.digest,
                draw.map(|draw| draw.at.occurred),
                draw.map(|draw| draw.draw),
                draw.map(|draw| &draw.method),
                draw.map(|draw| &draw.seed),
                draw.map(|draw| &draw.seed_from),
                draw.map(|draw| draw.size),
                draw.map(|draw| names(draw.selected.iter())),
                sample.at.index.to_string(),
            ]);
        }
    }
    sheet.done()
}

pub(super) fn incidents(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "P13",
        "Incidents",
        "each incident that was first known in the period, by the entry that first speaks of it",
        &[
            ("incident", Kind::Id),
            ("class", Kind::Id),
            ("severity", Kind::Id),
            ("first known", Kind::Time),
            ("resolved", Kind::Time),
            ("state", Kind::Id),
            ("personal data", Kind::Id),
            ("health data", Kind::Id),
            ("caused by", Kind::Text),
            ("reviewed", Kind::Time),
            ("entry", Kind::Entries),
        ],
    );
    for incident in Incident::all(material.facts) {
        if !material.period.has(incident.known) {
            sheet.exclude("outside the period", 1);
            continue;
        }
        let last = incident.last;
        sheet.row(row![
            &last.incident,
            last.class.as_str(),
            incident.worst.as_str(),
            incident.known,
            incident.resolved,
            last.state.as_str(),
            incident.personal_data.map(Answer::as_str),
            incident.ephi.map(Answer::as_str),
            names(incident.causes.iter().copied()),
            incident.reviewed,
            incident.first.to_string(),
        ]);
    }
    sheet.done()
}

pub(super) fn retention(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "P15",
        "Retention that was carried out, legal holds, erasures",
        "each disposal, hold and erasure of the period, by entry",
        &[
            ("at", Kind::Time),
            ("event", Kind::Id),
            ("of", Kind::Text),
            ("action", Kind::Id),
            ("records", Kind::Count),
            ("rule or basis", Kind::Id),
            ("holds", Kind::Id),
            ("list", Kind::Digest),
            ("entry", Kind::Entries),
        ],
    );
    let (facts, period) = (material.facts, material.period);
    let mut rows = Vec::new();
    for done in sheet.within(&facts.retention_executed, period) {
        let cells = row![
            done.at.occurred,
            "retention",
            &done.class,
            done.action.as_str(),
            done.count,
            &done.rule,
            done.hold_check.as_str(),
            done.list_digest,
            done.at.index.to_string(),
        ];
        rows.push((done.at.index, cells));
    }
    for hold in sheet.within(&facts.hold_changed, period) {
        let cells = row![
            hold.at.occurred,
            "hold",
            &hold.hold,
            hold.action.as_str(),
            None::<u64>,
            names(&hold.classes),
            "",
            None::<&str>,
            hold.at.index.to_string(),
        ];
        rows.push((hold.at.index, cells));
    }
    for erased in sheet.within(&facts.person_erased, period) {
        let decided: Vec<String> = erased
            .classes
            .iter()
            .map(|known| format!("{} {}", known.decision, known.class))
            .collect();
        let cells = row![
            erased.at.occurred,
            "erasure",
            erased.pseudonym.to_string(),
            decided.join(", "),
            None::<u64>,
            &erased.basis,
            "",
            None::<&str>,
            erased.at.index.to_string(),
        ];
        rows.push((erased.at.index, cells));
    }
    sheet.by_entry(rows)
}
