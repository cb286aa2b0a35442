//! Contents: which members a package has, and which place of the log or the report each speaks of.

use std::collections::BTreeMap;

use super::zip::{self, Members};
use crate::anchor::File;
use crate::encoding;
use crate::error::{Error, Result};
use crate::hash::Sha256;

/// The manifest.
pub const MANIFEST: &str = zip::BINDING;
/// The signed checkpoint that all proofs lead to.
pub const CHECKPOINT: &str = "checkpoint";
/// The page that verifies in a browser.
pub const PAGE: &str = "index.html";
/// What a package is, in a few lines.
pub const README: &str = "README.txt";
/// The report's document.
pub const REPORT: &str = "report/report.json";
/// What was tried against a copy of the ledger, and what saw it; may be absent.
pub const DRILL: &str = "drill.json";
/// The calendar that the report was made with, among the controls; may be absent.
pub const CALENDAR: &str = "calendar.toml";
/// Where tokens of authorities for times stand, as in the ledger's folder; may be absent.
pub(super) const ANCHORS: &str = "anchors/";
const BLOBS: &str = "blobs/";
const CONTROLS: &str = "controls/";
/// The list of the population that the items were drawn from.
pub const POPULATION: &str = "sample/population";

/// The member of an entry's line.
pub fn entry(index: u64) -> String {
    format!("entries/{index:020}.json")
}

/// The member of an entry's proof.
pub fn proof(index: u64) -> String {
    format!("proofs/{index:020}.tlog-proof")
}

/// The member of the disclosures of an entry.
pub fn disclosures(index: u64) -> String {
    format!("disclosures/{index:020}.jsonl")
}

/// The member of the proof that the checkpoint continues a tree of this size.
pub fn consistency(size: u64) -> String {
    format!("consistency/{size:020}")
}

/// The member of the rows that a dataset of the report has of the items.
pub fn rows(dataset: &str) -> String {
    format!("sample/{dataset}.csv")
}

/// The member of an attachment that the tests read.
pub fn attachment(digest: &Sha256) -> String {
    format!("{BLOBS}{}", encoding::hex(&digest.0))
}

/// The member of a file of a token.
pub fn anchor(file: &str) -> String {
    format!("{ANCHORS}{file}")
}

/// The member of an overlay, or of the calendar, that the report was made with.
pub fn control(file: &str) -> String {
    format!("{CONTROLS}{file}")
}

/// The file of an overlay of one's own, by its number among those of the report: from 1 on.
pub fn overlay(number: usize) -> String {
    format!("overlay-{number}.toml")
}

/// The file that such a member is; none for other members.
pub(super) fn control_of(member: &str) -> Option<&str> {
    let file = member.strip_prefix(CONTROLS)?;
    file.strip_suffix(".toml").filter(|name| !name.contains('/')).map(|_| file)
}

/// The members of a package by what they are.
#[derive(Debug, Default)]
pub(super) struct Contents<'a> {
    pub(super) all: Members<'a>,
    pub(super) manifest: &'a [u8],
    pub(super) checkpoint: &'a [u8],
    pub(super) report: &'a [u8],
    pub(super) population: &'a [u8],
    /// Lines by index, each with its newline.
    pub(super) entries: BTreeMap<u64, &'a [u8]>,
    pub(super) proofs: BTreeMap<u64, &'a [u8]>,
    pub(super) disclosures: BTreeMap<u64, &'a [u8]>,
    pub(super) consistency: BTreeMap<u64, &'a [u8]>,
    /// Attachments by the digests that they are named by.
    pub(super) attachments: BTreeMap<Sha256, &'a [u8]>,
    /// Tokens and their requests by their files.
    pub(super) anchors: BTreeMap<String, &'a [u8]>,
    /// Overlays and calendar by their files.
    pub(super) controls: BTreeMap<String, &'a [u8]>,
    /// Rows of items by dataset.
    pub(super) rows: BTreeMap<String, &'a [u8]>,
}

impl<'a> Contents<'a> {
    /// Sorts the members of a package; codes `evidence-member` (one that no package has),
    /// `evidence-missing`.
    pub(super) fn of(all: Members<'a>) -> Result<Self> {
        Self::sorted(all, &[MANIFEST, CHECKPOINT, PAGE, README, REPORT, POPULATION, &entry(0)])
    }

    /// Sorts the members of a bundle, which has what is proven by itself only; codes as for
    /// [`Contents::of`]. None where the members are those of something else.
    pub(super) fn of_bundle(all: &Members<'a>) -> Option<Result<Self>> {
        let folders = ["entries/", "proofs/", "disclosures/"];
        let own = |name: &String| {
            name == CHECKPOINT || folders.iter().any(|folder| name.starts_with(folder))
        };
        all.keys().all(own).then(|| Self::sorted(all.clone(), &[CHECKPOINT, &entry(0)]))
    }

    fn sorted(all: Members<'a>, demanded: &[&str]) -> Result<Self> {
        let mut contents = Self::default();
        for (name, bytes) in &all {
            if !contents.take(name, bytes) {
                return Err(Error::refused("evidence-member", "no package has such a member")
                    .at(name.clone()));
            }
        }
        for name in demanded {
            if !all.contains_key(*name) {
                return Err(Error::refused("evidence-missing", "every package has this member")
                    .at((*name).to_owned()));
            }
        }
        contents.all = all;
        Ok(contents)
    }

    fn take(&mut self, name: &str, bytes: &'a [u8]) -> bool {
        let by_index = match name.split_once('/') {
            Some(("entries", rest)) => {
                rest.strip_suffix(".json").map(|text| (&mut self.entries, text))
            }
            Some(("proofs", rest)) => {
                rest.strip_suffix(".tlog-proof").map(|text| (&mut self.proofs, text))
            }
            Some(("disclosures", rest)) => {
                rest.strip_suffix(".jsonl").map(|text| (&mut self.disclosures, text))
            }
            Some(("consistency", text)) => Some((&mut self.consistency, text)),
            _ => None,
        };
        if let Some((map, text)) = by_index {
            let plain = text.len() == 20 && text.bytes().all(|byte| byte.is_ascii_digit());
            let index = plain.then(|| text.parse().ok()).flatten();
            return index.is_some_and(|index| map.insert(index, bytes).is_none());
        }
        match name {
            MANIFEST => self.manifest = bytes,
            CHECKPOINT => self.checkpoint = bytes,
            REPORT => self.report = bytes,
            POPULATION => self.population = bytes,
            PAGE | README | DRILL => {}
            _ => {
                let rows = name.strip_prefix("sample/").and_then(|name| name.strip_suffix(".csv"));
                if let Some(dataset) = rows {
                    return self.rows.insert(dataset.to_owned(), bytes).is_none();
                }
                if let Some(hex) = name.strip_prefix(BLOBS) {
                    let digest = encoding::from_hex(hex.as_bytes()).ok().map(Sha256);
                    let own = digest.filter(|digest| attachment(digest) == name);
                    return own.is_some_and(|own| self.attachments.insert(own, bytes).is_none());
                }
                if let Some(file) = name.strip_prefix(ANCHORS) {
                    let own =
                        matches!(File::parse(file), Some(File::Answer { .. } | File::Asked { .. }));
                    return own && self.anchors.insert(file.to_owned(), bytes).is_none();
                }
                if let Some(file) = control_of(name) {
                    return self.controls.insert(file.to_owned(), bytes).is_none();
                }
                return name.starts_with("report/");
            }
        }
        true
    }
}
