//! Mask: for a regulator persons have names of one report alone, so that two reports cannot be put
//! together to follow a person.
//!
//! Spec page: `spec/report.md`. Digests are over what is shown.

use super::Report;
use super::dataset::{Cell, Dataset};
use super::front::Front;
use super::people::Level;
use crate::encoding::hex;
use crate::hash::Sha256;
use crate::vault::persons::Pseudonym;

/// Gives persons names of one report.
#[derive(Clone, Debug)]
pub(super) struct Mask {
    report: String,
}

impl Mask {
    /// The mask of a report, where its level needs one. `report` is what no other report is.
    fn of(level: Level, report: &str) -> Option<Self> {
        (level == Level::Regulator).then(|| Self { report: report.to_owned() })
    }

    /// The mask of a report by its front.
    pub(super) fn by(front: &Front) -> Option<Self> {
        let frameworks: Vec<&str> =
            front.frameworks.iter().map(|known| known.id.as_str()).collect();
        let parts = [&*front.root, &front.period, &front.entity, &frameworks.join(",")];
        Self::of(front.people.level, &parts.join("\0"))
    }

    /// The text with every pseudonym in it changed.
    pub(super) fn text(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut word = String::new();
        for char in text.chars().chain(['\0']) {
            if char.is_ascii_alphanumeric() {
                word.push(char);
                continue;
            }
            match word.parse::<Pseudonym>() {
                Ok(_) => out.push_str(&self.name(&word)),
                Err(_) => out.push_str(&word),
            }
            word.clear();
            if char != '\0' {
                out.push(char);
            }
        }
        out
    }

    /// The name of a person in this report.
    fn name(&self, pseudonym: &str) -> String {
        let text = [&self.report, pseudonym].join("\0");
        let digest = hex(&Sha256::of(text.as_bytes()).0);
        format!("p-{}", digest.get(..12).unwrap_or_default())
    }

    /// A table with every pseudonym in it changed, and its digest with them.
    pub(super) fn table(&self, mut dataset: Dataset) -> Dataset {
        for cell in dataset.rows.iter_mut().flatten() {
            if let Cell::Text(text) = cell {
                let masked = self.text(text);
                if *masked != **text {
                    *text = masked.into();
                }
            }
        }
        dataset.about.parameters = dataset
            .about
            .parameters
            .into_iter()
            .map(|(name, text)| (name, self.text(&text)))
            .collect();
        dataset.about.digest = Sha256::of(dataset.to_csv().as_bytes());
        dataset
    }

    /// The whole report with every pseudonym in it changed.
    pub(super) fn report(&self, mut report: Report) -> Report {
        report.datasets = report.datasets.into_iter().map(|table| self.table(table)).collect();
        for issue in &mut report.conclusion.issues {
            issue.owner = self.text(&issue.owner);
            issue.sentence = self.text(&issue.sentence);
        }
        let pages = [&mut report.basis, &mut report.sections, &mut report.appendices];
        for page in pages.into_iter().flatten() {
            page.sentence = self.text(&page.sentence);
            page.notes.iter_mut().for_each(|note| *note = self.text(note));
        }
        let verdicts = [&mut report.integrity, &mut report.completeness];
        let reasons = verdicts.into_iter().flat_map(|verdict| &mut verdict.reasons);
        let controls = report.controls.iter_mut().flat_map(|control| &mut control.reasons);
        let said = reasons.chain(controls).chain(&mut report.conclusion.sentences);
        said.for_each(|text| *text = self.text(text));
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_has_one_name_in_a_report_and_another_in_the_next() {
        let who = "qfa3mkubk5ghd665leuff2bavq";
        let sentence = format!("approved by {who}, not by sha256:{}", "ab".repeat(32));
        let told = |report: &str| Mask::of(Level::Regulator, report).unwrap().text(&sentence);
        let (one, two) = (told("one"), told("two"));
        for text in [&one, &two] {
            assert!(!text.contains(who) && text.contains(&"ab".repeat(32)), "{text}");
        }
        assert_ne!(one, two);
        assert_eq!(told("one"), one);
        assert!(Mask::of(Level::Auditor, "one").is_none());
    }
}
