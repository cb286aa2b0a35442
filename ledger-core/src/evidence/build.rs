//! Build: the members of a package, from what was gathered.

use std::collections::BTreeMap;

use super::contents::{self, Contents};
use super::csv::Sheet;
use super::manifest::{Claim, Manifest};
use super::pack::Packing;
use super::zip::Members;
use super::{page, statement, told};
use crate::checkpoint::Checkpoint;
use crate::error::{Error, Result};
use crate::exception::item_id;
use crate::hash::Sha256;
use crate::json::Value;
use crate::key::Signer;
use crate::note::Note;
use crate::proof::Proof;
use crate::sample::{Committed, Population};

/// What a package is made of.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// The signed checkpoint, verbatim.
    pub checkpoint: Vec<u8>,
    /// Lines without their newlines, with the paths from their leaves to the checkpoint's root.
    pub entries: BTreeMap<u64, (Vec<u8>, Vec<Sha256>)>,
    /// Proofs that the checkpoint continues smaller trees.
    pub consistency: BTreeMap<u64, Vec<Sha256>>,
    /// Disclosures, a line each, by the index of their entry.
    pub disclosures: BTreeMap<u64, Vec<u8>>,
    /// The list of the population.
    pub population: Vec<u8>,
    /// The rows of the items, by dataset.
    pub rows: BTreeMap<String, Sheet>,
    /// The report's document and its dressings, by their names in its folder.
    pub report: BTreeMap<String, Vec<u8>>,
    /// Attachments that the tests read, by their digests.
    pub attachments: BTreeMap<Sha256, Vec<u8>>,
    /// Tokens of the checkpoint and their requests, by the names of their files.
    pub anchors: BTreeMap<String, Vec<u8>>,
    /// Overlays of one's own and the calendar that the report was made with, by the names of their files.
    pub controls: BTreeMap<String, Vec<u8>>,
    /// The reports of access reviews, by their members.
    pub reviews: BTreeMap<String, Vec<u8>>,
    /// What a drill said, if there was one.
    pub drill: Option<Vec<u8>>,
}

/// The items of one test, as a file of the report.
#[derive(Clone, Debug)]
pub struct File {
    /// The test.
    pub test: String,
    /// The id of the dataset.
    pub dataset: String,
    /// Its name in the report's folder.
    pub name: String,
    /// `sha256:` and the digest that the report names.
    pub digest: String,
}

/// What a report says of the control that a sample is of.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The report's document.
    document: Value,
    /// The ledger.
    pub origin: String,
    /// The trees that it names: sizes.
    pub heads: Vec<u64>,
}

impl Asked {
    /// Reads `report.json`; codes `evidence-report`, and those of JSON.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let document = told::document(bytes)?;
        let origin = told::text(&document, &["front", "ledger", "origin"]).to_owned();
        let heads = told::heads(&document, &[]).into_keys().collect();
        Ok(Self { document, origin, heads })
    }

    /// The files of the tests that count for a control.
    pub fn tests(&self, control: &str) -> Vec<File> {
        let datasets = told::tests(&self.document, control);
        let all = told::list(&self.document, &["populations"]).iter();
        let own = all.filter(|about| datasets.contains(told::text(about, &["id"])));
        let one = |about: &Value| {
            let word = |name: &str| told::text(about, &[name]).to_owned();
            let test = told::text(about, &["query", "parameters", "test"]);
            let test = test.split_once('@').map_or(test, |(test, _)| test).to_owned();
            File { test, dataset: word("id"), name: word("file"), digest: word("digest") }
        };
        own.map(one).collect()
    }

    /// Whether a file of the report's folder is one that a package of a sample leaves out: the items of
    /// whole populations, which the report names by their digests.
    pub fn leaves_out(&self, file: &str) -> bool {
        let mut all = told::list(&self.document, &["populations"]).iter();
        all.any(|about| told::text(about, &["file"]) == file)
    }
}

/// The population that was committed, from the items of the tests; code `evidence-population`.
pub fn population(committed: &Committed, tests: &[(File, Sheet)]) -> Result<Population> {
    for (test, _) in tests {
        // a period in parts has several files of one test
        let sheets = tests.iter().filter(|(known, _)| known.test == test.test);
        let ids = sheets
            .flat_map(|(_, sheet)| sheet.rows.iter().map(|row| item_id(sheet.cell(row, "item"))));
        let found = Population::new(ids).ok().filter(|found| committed.holds(found).is_ok());
        if let Some(found) = found {
            return Ok(found);
        }
    }
    let message = "the report is not over the population that was committed";
    Err(Error::refused("evidence-population", message)
        .hint(format!("make the report of the same period with --as-of {}", committed.size)))
}

/// The rows of some items, and the entries that they cite.
pub fn rows(sheet: &Sheet, items: &[String]) -> (Sheet, Vec<u64>) {
    let own = sheet.rows.iter().filter(|row| items.contains(&item_id(sheet.cell(row, "item"))));
    let rows: Vec<Vec<String>> = own.cloned().collect();
    let cited = rows.iter().flat_map(|row| sheet.cell(row, "entries").split_whitespace());
    let cited = cited.filter_map(|index| index.parse().ok()).collect();
    (Sheet { columns: sheet.columns.clone(), rows }, cited)
}

impl Parts {
    /// What is proven by itself, with nothing claimed beside: the members of a bundle; codes of proofs.
    pub fn bundle(&self) -> Result<BTreeMap<String, Vec<u8>>> {
        let mut members: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        members.insert(contents::CHECKPOINT.to_owned(), self.checkpoint.clone());
        for (index, (line, path)) in &self.entries {
            let proof = Proof::new(*index, path.clone(), &self.checkpoint)?.encode();
            members.insert(contents::entry(*index), [line, &b"\n"[..]].concat());
            members.insert(contents::proof(*index), proof);
        }
        for (index, lines) in &self.disclosures {
            members.insert(contents::disclosures(*index), lines.clone());
        }
        Ok(members)
    }

    /// Takes in what opens sealed values of the entries that are here: each line goes to the entry whose value it
    /// opens. Code `seal-unopened` where it is of none.
    pub fn disclose<'l>(&mut self, lines: impl Iterator<Item = &'l [u8]>) -> Result<()> {
        for line in lines {
            let mut own = None;
            for (index, (entry, _)) in &self.entries {
                if told::opens(entry, line)? {
                    own = Some(*index);
                    break;
                }
            }
            let own = own.ok_or_else(|| {
                Error::refused("seal-unopened", "the disclosure is of no entry that goes in")
            })?;
            let text = self.disclosures.entry(own).or_default();
            text.extend_from_slice(line);
            text.push(b'\n');
        }
        Ok(())
    }

    /// All members, the manifest among them, signed; codes of notes and proofs.
    pub fn members(
        &self,
        claim: Claim,
        signers: &[&dyn Signer],
    ) -> Result<BTreeMap<String, Vec<u8>>> {
        let checkpoint =
            Note::parse(&self.checkpoint).and_then(|note| Checkpoint::parse(note.text()))?;
        let mut members = self.bundle()?;
        members.insert(contents::README.to_owned(), readme(&claim).into_bytes());
        members.insert(contents::PAGE.to_owned(), page().into_bytes());
        members.insert(contents::POPULATION.to_owned(), self.population.clone());
        for (old, path) in self.consistency.iter().filter(|(old, _)| **old < checkpoint.size()) {
            let mut text = format!("old {old}\n");
            for hash in path {
                text.push_str(&hash.to_base64());
                text.push('\n');
            }
            text.push('\n');
            members
                .insert(contents::consistency(*old), [text.as_bytes(), &self.checkpoint].concat());
        }
        for (dataset, sheet) in &self.rows {
            members.insert(contents::rows(dataset), sheet.encode().into_bytes());
        }
        members.extend(self.drill.clone().map(|drill| (contents::DRILL.to_owned(), drill)));
        for (digest, bytes) in &self.attachments {
            members.insert(contents::attachment(digest), bytes.clone());
        }
        for (file, bytes) in &self.controls {
            members.insert(contents::control(file), bytes.clone());
        }
        for (file, bytes) in &self.anchors {
            members.insert(contents::anchor(file), bytes.clone());
        }
        for (name, bytes) in &self.report {
            members.insert(format!("report/{name}"), bytes.clone());
        }
        members.extend(self.reviews.clone());
        let manifest = Manifest::sign(statement(&views(&members), claim), signers)?;
        members.insert(contents::MANIFEST.to_owned(), manifest.encode().into_bytes());
        Contents::of(views(&members))?;
        Ok(members)
    }
}

/// The zip of members that are whole, as small as it can be: its manifest is signed once more, because it says
/// how the others are packed. Codes of zips.
pub fn zip(
    mut members: BTreeMap<String, Vec<u8>>,
    claim: Claim,
    signers: &[&dyn Signer],
) -> Result<Vec<u8>> {
    members.remove(contents::MANIFEST);
    let rest = members.split_off(contents::MANIFEST);
    let mut packing = Packing::default();
    let mut zip = packing.add(&members)?;
    zip.extend(packing.finish(&rest, claim, signers)?);
    Ok(zip)
}

/// What a package of a population has beside the log and the report, if it was given.
pub fn more(
    drill: Option<Vec<u8>>,
    controls: &BTreeMap<String, Vec<u8>>,
) -> BTreeMap<String, Vec<u8>> {
    let own = controls.iter().map(|(file, bytes)| (contents::control(file), bytes.clone()));
    own.chain(drill.map(|drill| (contents::DRILL.to_owned(), drill))).collect()
}

/// Members as they are read.
pub fn views(members: &BTreeMap<String, Vec<u8>>) -> Members<'_> {
    members.iter().map(|(name, bytes)| (name.clone(), bytes.as_slice())).collect()
}

pub(super) fn readme(claim: &Claim) -> String {
    let drawn = claim.drawn.as_ref();
    let (what, sample, shows) = match drawn {
        Some(drawn) => (
            "the items of one sample",
            format!("\nSample      {}, {}, of {}", drawn.sample, drawn.words(), drawn.control),
            "the entries of the items that were drawn are in the ledger, unchanged, signed by keys that\n\
             it knows, and the tests come to the same results over them once more.\n\
             What it does not show: the totals of the report. They are attested, not re-performed.",
        ),
        None => (
            "all entries of a ledger, and the report over them",
            String::new(),
            "the entries are all that the ledger had, unchanged, signed by keys that it knows, and the\n\
             report comes out of them once more, byte for byte.",
        ),
    };
    format!(
        "Evidence of release controls: {what}.\n\n\
         Ledger      {}\n\
         Checkpoint  {} entries, root {}\n\
         Report      {}{sample}\n\
         Level       {}\n\n\
         What it shows: {shows}\n\n\
         To check it, take the policy of your own: the file that names the key of this ledger's log. It must not\n\
         come with this package.\n\n\
         \x20   ledger verify PACKAGE.zip --policy POLICY\n\n\
         Or open index.html in a browser, without a network, and give it the package and the policy.\n",
        claim.origin,
        claim.size,
        claim.root.to_base64(),
        claim.report.to_reference(),
        claim.level,
    )
}
