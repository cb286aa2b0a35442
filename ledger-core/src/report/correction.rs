//! Correction: what a report says otherwise than the one that it stands in the place of.
//!
//! Spec page: `spec/report.md`. The earlier one is never changed: the later one names its digest and
//! lists what is different.

use std::collections::BTreeMap;

use super::dataset::{Dataset, Kind, Sheet, row};
use super::front::Superseded;
use super::section::{many, section};
use super::{Made, Report};
use crate::error::{Error, Result};
use crate::hash::Sha256;
use crate::json::{self, Value};

/// What of the front is held against each other.
const FRONT: [&str; 6] = ["catalogue", "cutoff", "entity", "persons", "title", "tool"];

/// A thing of a report: what it is and its id, with its words.
type Things = BTreeMap<(&'static str, String), String>;

impl Report {
    /// This report in the place of an earlier one, with the list of what is different.
    ///
    /// Codes `report-other` (of another ledger or period), `report-same` (the same document).
    pub fn superseding(mut self, earlier: &Made) -> Result<Self> {
        // as somebody reads it who has nothing else
        let own = json::read_document(self.document().to_canonical().as_bytes())?;
        let same = |names: &[&str]| {
            let mine = names.iter().try_fold(&own, |value, name| value.get(name));
            mine.and_then(Value::as_text).unwrap_or_default() == earlier.text(names)
        };
        for (names, what) in [
            (&["format"][..], "a report of a period"),
            (&["front", "ledger", "origin"][..], "a report of this ledger"),
            (&["front", "period", "word"][..], "a report of this period"),
        ] {
            if !same(names) {
                let message = format!("what would be superseded is not {what}");
                return Err(Error::refused("report-other", message));
            }
        }
        let digest = earlier.digest.to_reference();
        let dataset = changes(&things(&earlier.value), &things(&own), &digest);
        if dataset.rows.is_empty() {
            return Err(Error::refused(
                "report-same",
                "it says nothing else than the earlier report",
            )
            .hint("make it anew without naming the earlier one"));
        }
        let sentence = format!(
            "This report stands in the place of {}: {}.",
            earlier.front("id"),
            many(dataset.about.rows, "difference")
        );
        let mut page = section("corrections", "What this report corrects", sentence);
        page.notes.push(format!("The earlier document has the digest {digest}. It stays as it is, with what was signed over it."));
        page.datasets.push(dataset.about.id.clone());
        self.appendices.push(page);
        self.datasets.push(dataset);
        self.front.supersedes =
            Some(Superseded { report: earlier.front("id").to_owned(), digest: digest.clone() });
        self.front.id = renamed(&self.front.id, &digest);
        Ok(self)
    }
}

/// The id of a correction: the same question and entries have another one beside the first.
fn renamed(id: &str, digest: &str) -> String {
    let stem = id.rsplit_once('-').map_or(id, |(stem, _)| stem);
    let text = [id, digest].join("\0");
    let name = crate::encoding::hex(&Sha256::of(text.as_bytes()).0);
    format!("{stem}-{}", name.get(..12).unwrap_or_default())
}

fn changes(before: &Things, after: &Things, digest: &str) -> Dataset {
    let mut sheet = Sheet::new(
        "H02",
        "What this report says otherwise than the one it stands in the place of",
        "each member of the front, verdict, control, table and population that is not the same in both documents, by kind and id; an empty cell: it does not stand there",
        &[
            ("what", Kind::Text),
            ("id", Kind::Id),
            ("before", Kind::Text),
            ("now", Kind::Text),
        ],
    )
    .with("earlier", digest);
    let mut all: Vec<_> = before.keys().chain(after.keys()).collect();
    all.sort_unstable();
    all.dedup();
    for key in all {
        let (was, is) = (before.get(key), after.get(key));
        if was == is {
            sheet.exclude("the same in both", 1);
            continue;
        }
        let words =
            |known: Option<&String>| known.map(String::as_str).unwrap_or_default().to_owned();
        sheet.row(row![key.0, key.1.as_str(), words(was), words(is)]);
    }
    sheet.done()
}

/// What is compared of a document.
fn things(document: &Value) -> Things {
    let mut all = Things::new();
    let text = |value: &Value, name: &str| {
        value.get(name).and_then(Value::as_text).unwrap_or_default().to_owned()
    };
    if let Some(front) = document.get("front") {
        for name in FRONT {
            all.insert(("front", name.to_owned()), text(front, name));
        }
        for name in ["size", "root"] {
            let known = front.get("ledger").and_then(|ledger| ledger.get(name));
            let words = known.map(Value::to_canonical).unwrap_or_default();
            all.insert(("ledger", name.to_owned()), words.trim_matches('"').to_owned());
        }
        let layers = front.get("layers").map(Value::to_canonical).unwrap_or_default();
        all.insert(("front", "layers".to_owned()), layers);
    }
    for name in ["integrity", "completeness"] {
        let state = document.get(name).map(|known| text(known, "state")).unwrap_or_default();
        all.insert(("verdict", name.to_owned()), state);
    }
    for control in list(document, "controls") {
        let counts = control.get("counts").map(Value::to_canonical).unwrap_or_default();
        let words = format!("{} {}", text(control, "state"), counts.replace('"', ""));
        all.insert(("control", text(control, "id")), words);
    }
    for (kind, name) in [("table", "datasets"), ("population", "populations")] {
        for table in list(document, name) {
            let rows = table.get("in_scope").map(Value::to_canonical).unwrap_or_default();
            let words = format!("{rows} in scope, {}", text(table, "digest"));
            all.insert((kind, text(table, "id")), words);
        }
    }
    all
}

fn list<'v>(document: &'v Value, name: &str) -> &'v [Value] {
    match document.get(name) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}
