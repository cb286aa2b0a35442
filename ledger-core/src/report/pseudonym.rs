//! Pseudonym: how persons stand in a report, in every cell and sentence alike: beside whom an entry
//! erased, that entry; and for a regulator under names of one report alone, so that two reports cannot
//! be put together to follow a person.
//!
//! Spec page: `spec/report.md`. Digests are over what is shown.

use std::collections::BTreeMap;

use super::Report;
use super::dataset::{Cell, Dataset};
use super::front::Front;
use super::people::Level;
use crate::encoding::hex;
use crate::fact::Facts;
use crate::hash::Sha256;
use crate::json::Value;
use crate::retention::forgets;
use crate::vault::persons::Pseudonym;

/// Characters of a pseudonym.
const LONG: usize = 26;

/// How the persons of a report stand in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pseudonyms {
    /// What no other report is, where persons have names of one report alone.
    report: Option<String>,
    /// Whose identity was erased, each with the first entry that says so.
    erased: BTreeMap<Pseudonym, u64>,
}

impl Pseudonyms {
    /// Those of a report with this front, over these facts.
    pub(super) fn of(front: &Front, facts: &Facts) -> Self {
        Self::of_document(&front.to_json(), facts)
    }

    /// Those of a report whose document has this front, over these facts.
    pub(crate) fn of_document(front: &Value, facts: &Facts) -> Self {
        let text = |names: &[&str]| {
            let found = names.iter().try_fold(front, |value, name| value.get(name));
            found.and_then(Value::as_text).unwrap_or_default()
        };
        let known = match front.get("frameworks") {
            Some(Value::List(known)) => known.as_slice(),
            _ => &[],
        };
        let ids = known.iter().filter_map(|known| known.get("id").and_then(Value::as_text));
        let frameworks = ids.collect::<Vec<_>>().join(",");
        let parts =
            [text(&["ledger", "root"]), text(&["period", "word"]), text(&["entity"]), &frameworks];
        let level = Level::parse(text(&["people", "level"])).unwrap_or(Level::Auditor);
        Self::shown(level, &parts.join("\0"), facts)
    }

    /// Those of a level. `report` is what no other report is.
    fn shown(level: Level, report: &str, facts: &Facts) -> Self {
        let mut erased = BTreeMap::new();
        for row in facts.person_erased.all() {
            let mut classes = row.classes.iter();
            if classes.any(|known| forgets(known.class.as_str(), known.decision.as_str())) {
                let entry = erased.entry(row.pseudonym).or_insert(row.at.index);
                *entry = row.at.index.min(*entry);
            }
        }
        Self { report: (level == Level::Regulator).then(|| report.to_owned()), erased }
    }

    /// Whether every person stands as the ledger has them.
    fn is_plain(&self) -> bool {
        self.report.is_none() && self.erased.is_empty()
    }

    /// The text with every person in it as they are shown; none where that is no other text.
    fn told(&self, text: &str) -> Option<String> {
        if self.is_plain() || text.len() < LONG {
            return None;
        }
        let mut out = String::new();
        let mut copied = 0;
        let mut at = 0;
        for part in text.split_inclusive(|char: char| !char.is_ascii_alphanumeric()) {
            let word = part.trim_end_matches(|char: char| !char.is_ascii_alphanumeric());
            let begin = at;
            at += part.len();
            let known = Some(word).filter(|word| word.len() == LONG);
            let Some(name) = known.and_then(|word| self.name(word)) else { continue };
            out.push_str(text.get(copied..begin).unwrap_or_default());
            out.push_str(&name);
            copied = begin + word.len();
        }
        if copied == 0 {
            return None;
        }
        out.push_str(text.get(copied..).unwrap_or_default());
        Some(out)
    }

    /// How a word that may be a pseudonym is shown; none where it stays as it is.
    fn name(&self, word: &str) -> Option<String> {
        let person = word.parse::<Pseudonym>().ok()?;
        let erased = self.erased.get(&person);
        let name = match &self.report {
            None if erased.is_none() => return None,
            None => word.to_owned(),
            Some(report) => {
                let digest = hex(&Sha256::of([report, word].join("\0").as_bytes()).0);
                format!("p-{}", digest.get(..12).unwrap_or_default())
            }
        };
        Some(match erased {
            Some(entry) => beside(&name, *entry),
            None => name,
        })
    }

    fn retell(&self, text: &mut String) {
        if let Some(told) = self.told(text) {
            *text = told;
        }
    }

    /// A table as it is shown, and its digest with it.
    pub(super) fn table(&self, dataset: Dataset) -> Dataset {
        let (dataset, changed) = self.retold(dataset);
        if changed { dataset.sealed() } else { dataset }
    }

    /// A table as it is shown, without a digest of that; and whether a cell is another.
    pub(super) fn retold(&self, mut dataset: Dataset) -> (Dataset, bool) {
        if self.is_plain() {
            return (dataset, false);
        }
        let mut changed = false;
        for cell in dataset.rows.iter_mut().flatten() {
            if let Cell::Text(text) = cell
                && let Some(told) = self.told(text)
            {
                *text = told.into();
                changed = true;
            }
        }
        for (_, text) in &mut dataset.about.parameters {
            self.retell(text);
        }
        (dataset, changed)
    }

    /// The whole report as it is shown.
    pub(super) fn report(&self, mut report: Report) -> Report {
        if self.is_plain() {
            return report;
        }
        report.datasets = report.datasets.into_iter().map(|table| self.table(table)).collect();
        for issue in &mut report.conclusion.issues {
            self.retell(&mut issue.owner);
            self.retell(&mut issue.sentence);
        }
        let pages = [&mut report.basis, &mut report.sections, &mut report.appendices];
        for page in pages.into_iter().flatten() {
            self.retell(&mut page.sentence);
            page.notes.iter_mut().for_each(|note| self.retell(note));
        }
        let verdicts = [&mut report.integrity, &mut report.completeness];
        let reasons = verdicts.into_iter().flat_map(|verdict| &mut verdict.reasons);
        let controls = report.controls.iter_mut().flat_map(|control| &mut control.reasons);
        let said = reasons.chain(controls).chain(&mut report.conclusion.sentences);
        said.for_each(|text| self.retell(text));
        report
    }
}

/// A person with the entry that erased them beside the name.
pub(super) fn beside(name: &str, entry: u64) -> String {
    format!("{name} (erased by entry {entry})")
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHO: &str = "qfa3mkubk5ghd665leuff2bavq";

    fn shown(level: Level, report: &str) -> Pseudonyms {
        Pseudonyms::shown(level, report, &Facts::default())
    }

    #[test]
    fn a_person_has_one_name_in_a_report_and_another_in_the_next() {
        let sentence = format!("approved by {WHO}, not by sha256:{}", "ab".repeat(32));
        let told = |report: &str| shown(Level::Regulator, report).told(&sentence).unwrap();
        let (one, two) = (told("one"), told("two"));
        for text in [&one, &two] {
            assert!(!text.contains(WHO) && text.contains(&"ab".repeat(32)), "{text}");
        }
        assert_ne!(one, two);
        assert_eq!(told("one"), one);
        assert!(shown(Level::Auditor, "one").told(&sentence).is_none());
    }

    #[test]
    fn beside_whom_an_entry_erased_that_entry_stands() {
        let mut shown = shown(Level::Auditor, "one");
        shown.erased.insert(WHO.parse().unwrap(), 7);
        let told = |text: &str| shown.told(text);
        let name = format!("{WHO} (erased by entry 7)");
        assert_eq!(told(WHO).unwrap(), name);
        let listed = format!("\u{e9} {WHO}, {WHO}; nobody else");
        assert_eq!(told(&listed).unwrap(), format!("\u{e9} {name}, {name}; nobody else"));
        assert!(told(&format!("x{WHO}")).is_none() && told("").is_none());
        assert!(told("aaaaaaaaaaaaaaaaaaaaaaaaaa and nobody else").is_none());
        shown.report = Some("one".to_owned());
        let masked = shown.told(WHO).unwrap();
        assert!(!masked.contains(WHO) && masked.ends_with(" (erased by entry 7)"), "{masked}");
    }
}
