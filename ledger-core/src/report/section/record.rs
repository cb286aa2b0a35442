//! Incidents, the register of exceptions, remediation, privacy.

use super::{Plot, Section, many, section};
use crate::report::dataset::{Dataset, Kind, Sheet, row};
use crate::report::incident::Incident;
use crate::report::{Material, finding, register as list};
use crate::schema::records::RequestOutcome;
use crate::schema::words::{Answer, Reference};

pub(super) fn incidents(material: &Material<'_>, all: &mut Vec<Dataset>) -> Section {
    let known: Vec<Incident<'_>> = Incident::all(material.facts)
        .into_iter()
        .filter(|incident| material.period.has(incident.known))
        .collect();
    let open = known.iter().filter(|incident| incident.resolved.is_none()).count();
    let decisions = breaches(material);
    let sentence = if known.is_empty() {
        "No incident became known in the period.".to_owned()
    } else {
        format!(
            "{}, {open} not resolved at the cut-off; {} of breaches.",
            many(known.len() as u64, "incident"),
            many(decisions.about.rows, "decision"),
        )
    };
    let mut page = section("incidents", "Incidents and breaches", sentence);
    page.list("P13");
    page.table(decisions, all);
    page
}

fn breaches(material: &Material<'_>) -> Dataset {
    let mut sheet = Sheet::new(
        "B01",
        "Decisions and notifications of breaches, and how long they took",
        "each assessment and notification of a breach in the period, by entry; the clock runs from when somebody became aware, else from when the incident was first known",
        &[
            ("incident", Kind::Id),
            ("regime", Kind::Id),
            ("step", Kind::Id),
            ("aware", Kind::Time),
            ("at", Kind::Time),
            ("after", Kind::Seconds),
            ("high risk", Kind::Id),
            ("document", Kind::Id),
            ("entry", Kind::Entries),
        ],
    );
    let all = Incident::all(material.facts);
    for row in sheet.within(&material.facts.breach_decided, material.period) {
        let incident = all.iter().find(|known| known.last.what.incident == row.what.incident);
        let aware = incident.map(|known| known.aware.unwrap_or(known.known));
        let after =
            aware.map(|from| row.what.at.micros().saturating_sub(from.micros()) / 1_000_000);
        sheet.row(row![
            &row.what.incident,
            &row.regime,
            row.step.as_str(),
            aware,
            row.what.at,
            after,
            row.high_risk.map(Answer::as_str),
            row.document.as_ref(),
            row.at.index.to_string(),
        ]);
    }
    sheet.done()
}

pub(super) fn register(material: &Material<'_>, all: &mut Vec<Dataset>) -> Section {
    let open = finding::open_words(&material.findings);
    let total = material.findings.len() as u64;
    let sentence = match total {
        0 => "No exception was found, and none of an earlier period is open.".to_owned(),
        _ => format!("{}. At the cut-off {open}.", many(total, "exception")),
    };
    let mut page = section("exceptions", "Exceptions register", sentence);
    let nothing = "No exception is open at the cut-off.";
    page.chart(
        Plot::Ageing,
        ["Open exceptions by severity and age", "exceptions", nothing],
        list::ageing(material),
        all,
    );
    page.chart(
        Plot::Weeks,
        [
            "Exceptions by control and week of the occurrence",
            "exceptions",
            "No test found anything wrong in the period.",
        ],
        list::weeks(material),
        all,
    );
    page.list("P14");
    page
}

pub(super) fn remediation(material: &Material<'_>, all: &mut Vec<Dataset>) -> Section {
    let dataset = list::remediation(material);
    let count = |wanted: &str| {
        let place = dataset.column("promise");
        let cell = |row: &&Vec<_>| {
            let cell: Option<&crate::report::dataset::Cell> =
                place.and_then(|place| row.get(place));
            cell.is_some_and(|cell| cell.text() == wanted)
        };
        dataset.rows.iter().filter(cell).count()
    };
    let sentence = match dataset.about.rows {
        0 => "Nobody has answered for an exception yet.".to_owned(),
        rows => format!(
            "{} answered for: {} promises kept, {} kept late, {} slipped, {} running.",
            many(rows, "exception"),
            count("kept"),
            count("kept late"),
            count("slipped"),
            count("running"),
        ),
    };
    let mut page = section("remediation", "Remediation and management response", sentence);
    page.note("What management answered is sealed in the ledger and shown only to those who may open it; here stands that it was answered, and by which entry.");
    page.table(dataset, all);
    page
}

pub(super) fn privacy(material: &Material<'_>, all: &mut Vec<Dataset>) -> Section {
    let (facts, period) = (material.facts, material.period);
    let mut sheet = Sheet::new(
        "V01",
        "Requests of persons about their data",
        "each request that was received in the period, by id, as it stands at the cut-off",
        &[
            ("request", Kind::Id),
            ("kind", Kind::Id),
            ("regime", Kind::Id),
            ("received", Kind::Time),
            ("due", Kind::Time),
            ("state", Kind::Id),
            ("outcome", Kind::Id),
            ("replied", Kind::Time),
            ("entry", Kind::Entries),
        ],
    );
    for id in facts.request_changed.ids(Reference::Request) {
        let mut rows = facts.request_changed.of(Reference::Request, id.as_str());
        let Some(last) = rows.clone().next_back() else { continue };
        let Some(first) = rows.next().filter(|row| period.has(row.at.occurred)) else {
            sheet.exclude("outside the period", 1);
            continue;
        };
        sheet.row(row![
            &last.what.request,
            last.kind.as_str(),
            &last.regime,
            first.at.occurred,
            last.due,
            last.state.as_str(),
            last.outcome.map(RequestOutcome::as_str),
            last.replied_at,
            last.at.index.to_string(),
        ]);
    }
    let count = |times: &mut dyn Iterator<Item = crate::time::Timestamp>| {
        times.filter(|at| period.has(*at)).count() as u64
    };
    let revealed = count(&mut facts.person_revealed.all().iter().map(|row| row.at.occurred));
    let erased = count(&mut facts.person_erased.all().iter().map(|row| row.at.occurred));
    let requests = sheet.done();
    let mut page = section(
        "privacy",
        "Privacy annex",
        format!(
            "{} of persons, {} on erasure, {} of a name behind a pseudonym.",
            many(requests.about.rows, "request"),
            many(erased, "decision"),
            many(revealed, "disclosure"),
        ),
    );
    page.note("Persons stand in this report under pseudonyms only; beside whom the ledger has erased, the entry that did it stands. Names are in a separate annex for those who may see them; a later erasure changes nothing here.");
    page.table(requests, all);
    page.list("P15");
    page
}
