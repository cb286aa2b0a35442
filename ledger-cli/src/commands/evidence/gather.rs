//! Gather: what a package is made of, from the ledger and the folder of a report.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ledger_core::anchor::{self, Stamp};
use ledger_core::blob;
use ledger_core::checkpoint::Checkpoint;
use ledger_core::custody::Vault;
use ledger_core::evidence::build::{self, File, Parts, population, rows};
use ledger_core::evidence::csv::Sheet;
use ledger_core::fact::{Facts, Read};
use ledger_core::hash::Sha256;
use ledger_core::index::Kind;
use ledger_core::ledger::Ledger;
use ledger_core::sample::Committed;
use ledger_core::schema::words::Reference;
use ledger_core::signer::ANCHORS;
use ledger_core::store::{self, Store};
use ledger_core::tree;
use ledger_core::trust::KEY_EVENTS;

use super::level::Level;
use crate::commands::speaker::Speaker;
use crate::failure::{Failure, Result};
use crate::hashes::{self, Hashes};
use crate::{files, published};

/// The document of a report, in its folder.
const DOCUMENT: &str = "report.json";
/// What gives entries their meaning for tests, whatever they cite.
const GROUND: [&str; 5] = [
    "identity.linked",
    "person.changed",
    "person.erased",
    "source.registered",
    "system.registered",
];
/// The report's main files.
const MAIN: [&str; 5] = [DOCUMENT, "report.html", "report.md", "report.pdf", "report.xlsx"];
/// References that most entries share.
const SHARED: [&str; 5] = ["environment", "region", "service", "source", "system"];

/// What was gathered.
pub(super) struct Gathered {
    /// What goes into the package.
    pub(super) parts: Parts,
    /// The newest checkpoint.
    pub(super) checkpoint: Checkpoint,
    /// SHA-256 of the report's document.
    pub(super) digest: Sha256,
    /// The control that the sample is of.
    pub(super) control: String,
    hashes: Hashes,
    /// How often more was taken in.
    widened: u8,
}

/// What a package is to show.
pub(super) struct Asked<'a> {
    /// The folder of the report.
    pub(super) folder: &'a Path,
    /// Only the report's main files.
    pub(super) brief: bool,
    /// The sample.
    pub(super) sample: &'a str,
    /// Which draws of it, ascending.
    pub(super) draws: &'a [u64],
}

/// Gathers the draw of a sample.
pub(super) fn gather(wanted: &Asked<'_>, speaker: &Speaker) -> Result<Gathered> {
    let folder = wanted.folder;
    let ledger = &speaker.ledger;
    let (note, checkpoint) = published::newest(&speaker.folder)?;
    let size = checkpoint.size();
    let hashes = hashes::of(ledger, Some((size, checkpoint.root())))
        .map_err(|error| Failure::by_law(&error))?;
    let path = folder.join(DOCUMENT);
    let document = files::read(&path)?;
    let asked = build::Asked::parse(&document)
        .map_err(|error| Failure::from(error).within(files::shown(&path)))?;
    if asked.origin != ledger.origin().to_string() {
        return Err(Failure::refused("evidence-ledger", "the report is of another ledger")
            .within(files::shown(folder)));
    }
    let known = Known::of(ledger, wanted.sample, wanted.draws, size)?;
    let mut report = dressings(folder, &asked)?;
    if wanted.brief {
        report.retain(|name, _| MAIN.contains(&name.as_str()));
    }
    let mut parts = Parts { checkpoint: note, report, ..Parts::default() };
    let sheets = sheets(folder, &asked, &known.control)?;
    parts.population = population(&known.committed, &sheets)?.encode().into_bytes();
    let mut entries = known.entries.clone();
    for (file, sheet) in &sheets {
        let (own, cited) = rows(sheet, &known.selected);
        parts.rows.insert(file.dataset.clone(), own);
        entries.extend(cited);
    }
    entries.insert(0);
    for kind in KEY_EVENTS {
        entries.extend(indexes(ledger, Kind::Type, kind)?);
    }
    let heads = asked.heads.iter().copied().chain([known.committed.size]);
    for old in heads.filter(|old| (1..size).contains(old)) {
        parts.consistency.insert(old, tree::consistency_proof(old, size, &hashes)?);
    }
    parts.anchors = anchors(&*speaker.folder.store, &parts.checkpoint, size)?;
    let digest = Sha256::of(&document);
    let control = known.control;
    let mut gathered = Gathered { parts, checkpoint, digest, control, hashes, widened: 0 };
    gathered.take(entries, ledger)?;
    Ok(gathered)
}

/// The tokens of the checkpoint that goes in, with their requests.
fn anchors(store: &dyn Store, note: &[u8], size: u64) -> Result<BTreeMap<String, Vec<u8>>> {
    let imprint = Sha256::of(&anchor::dated(note)?);
    let read = |name: &str| store::read_all(store, &format!("{ANCHORS}/{name}"));
    let mut found = BTreeMap::new();
    for name in store.list(ANCHORS)? {
        let Some(anchor::File::Answer { size: own, id }) = anchor::File::parse(&name) else {
            continue;
        };
        let answer = if own == size { read(&name)?.unwrap_or_default() } else { continue };
        // what does not hold is for `ledger verify` to say, and is not handed out
        if Stamp::parse(&answer).is_ok_and(|stamp| stamp.imprint == imprint) {
            let asked = format!("{size:020}-{id}.tsq");
            found.extend(read(&asked)?.map(|bytes| (asked, bytes)));
            found.insert(name, answer);
        }
    }
    Ok(found)
}

impl Gathered {
    /// Takes in entries with their proofs; those that the checkpoint does not cover are left out.
    fn take(&mut self, wanted: BTreeSet<u64>, ledger: &Ledger) -> Result<()> {
        let size = self.checkpoint.size();
        for index in wanted.into_iter().filter(|index| *index < size) {
            if !self.parts.entries.contains_key(&index) {
                let path = tree::inclusion_proof(size, index, &self.hashes)?;
                self.parts.entries.insert(index, (ledger.line(index)?, path));
            }
        }
        Ok(())
    }

    /// Takes in what the vault opens of the entries, as far as a level allows. What was erased stays sealed.
    pub(super) fn disclose(&mut self, vault: &Vault, level: Level) -> Result<()> {
        self.parts.disclosures.clear();
        for index in self.parts.entries.keys() {
            let mut lines = Vec::new();
            for opened in vault.open_entry(*index)? {
                if level.sees(!opened.persons.is_empty()) {
                    lines.extend(opened.text.disclosure.to_json());
                    lines.push(b'\n');
                }
            }
            if !lines.is_empty() {
                self.parts.disclosures.insert(*index, lines);
            }
        }
        Ok(())
    }

    /// Takes in more of what belongs to the items: first what gives entries their meaning, then,
    /// twice, what shares a subject with them. Whether there is more to try.
    pub(super) fn widen(&mut self, speaker: &Speaker) -> Result<bool> {
        let ledger = &speaker.ledger;
        let mut wanted = BTreeSet::new();
        match self.widened {
            0 => {
                self.attach(speaker)?;
                for kind in GROUND {
                    wanted.extend(indexes(ledger, Kind::Type, kind)?);
                }
            }
            1 | 2 => {
                for subject in self.subjects(ledger)? {
                    wanted.extend(indexes(ledger, Kind::Subject, &subject)?);
                    wanted.extend(indexes(ledger, Kind::Join, &subject)?);
                }
            }
            _ => return Ok(false),
        }
        self.widened += 1;
        self.take(wanted, ledger)?;
        Ok(true)
    }

    /// Takes in the attachments of the entries that are here, but for private ones: some tests read them.
    fn attach(&mut self, speaker: &Speaker) -> Result<()> {
        let mut named = BTreeSet::new();
        for index in self.parts.entries.keys() {
            let own = speaker.ledger.entry(*index, |entry| {
                let list = entry.event.root.get("attachments");
                let items = list.iter().flat_map(ledger_core::json::View::items);
                let open = items.filter(|item| {
                    item.get("private").is_none_or(|private| private.raw() != b"true")
                });
                let digest = |item: ledger_core::json::View<'_>| {
                    Sha256::from_reference(item.get("digest")?.plain()?)
                };
                open.filter_map(digest).collect::<Vec<_>>()
            })?;
            named.extend(own);
        }
        for digest in named {
            if let Some(bytes) = blob::get(&*speaker.folder.store, digest)? {
                self.parts.attachments.insert(digest, bytes);
            }
        }
        Ok(())
    }

    /// What the entries speak of, but for what most entries share.
    fn subjects(&self, ledger: &Ledger) -> Result<BTreeSet<String>> {
        let mut subjects = BTreeSet::new();
        for index in self.parts.entries.keys() {
            let own = ledger.entry(*index, |entry| {
                let subject = entry.event.root.get("subject");
                let members = subject.iter().flat_map(ledger_core::json::View::members);
                let known = members.filter(|(name, _)| !SHARED.contains(name));
                let word = |(name, view): (&str, ledger_core::json::View<'_>)| {
                    Some(format!("{name}:{}", view.plain()?))
                };
                known.filter_map(word).collect::<Vec<_>>()
            })?;
            subjects.extend(own);
        }
        Ok(subjects)
    }
}

fn indexes(ledger: &Ledger, kind: Kind, value: &str) -> Result<Vec<u64>> {
    let found = ledger.find(kind, value, usize::MAX)?;
    Ok(found.iter().map(|found| found.index).collect())
}

/// What entries say of a draw.
struct Known {
    control: String,
    committed: Committed,
    selected: Vec<String>,
    entries: BTreeSet<u64>,
}

impl Known {
    fn of(ledger: &Ledger, sample: &str, draws: &[u64], size: u64) -> Result<Self> {
        let found: BTreeSet<u64> =
            indexes(ledger, Kind::Subject, &format!("sample:{sample}"))?.into_iter().collect();
        let read = found.iter().map(|index| ledger.entry(*index, Read::of));
        let facts = Facts::from_read(read.collect::<std::result::Result<Vec<_>, _>>()?);
        let none = |what: &str| Failure::new("sample-none", format!("no entry {what} `{sample}`"));
        let fixed = facts.sample_committed.of(Reference::Sample, sample).next();
        let fixed = fixed.ok_or_else(|| {
            none("committed").hint("`ledger sample commit` fixes the population first")
        })?;
        let mut entries = BTreeSet::from([fixed.at.index]);
        let mut selected = Vec::new();
        for draw in draws {
            let mut drawn = facts.sample_drawn.of(Reference::Sample, sample);
            let drawn = drawn.find(|row| row.draw == *draw).ok_or_else(|| {
                let words = format!("is draw {draw} of");
                none(&words).hint("`ledger sample draw` draws from the population")
            })?;
            let last = drawn.at.index;
            if last >= size {
                let message = format!("entry {last}, the draw, is under no checkpoint yet");
                return Err(Failure::new("checkpoint-behind", message)
                    .hint("sign one with `ledger checkpoint --key FILE`"));
            }
            entries.insert(last);
            selected.extend(drawn.selected.iter().map(ToString::to_string));
        }
        Ok(Self {
            control: fixed.control.to_string(),
            committed: Committed {
                rows: fixed.population.rows,
                digest: fixed.population.digest,
                size: fixed.checkpoint.size,
                root: Sha256(fixed.checkpoint.root),
            },
            selected,
            entries,
        })
    }
}

/// The files of the tests of a control, held against the report's digests.
fn sheets(folder: &Path, asked: &build::Asked, control: &str) -> Result<Vec<(File, Sheet)>> {
    let tests = asked.tests(control);
    if tests.is_empty() {
        let message = format!("the report has no test of `{control}`");
        return Err(Failure::new("evidence-control", message)
            .within(files::shown(folder))
            .hint("make the report of the framework that the control is of"));
    }
    let one = |file: File| {
        let path = folder.join(&file.name);
        let bytes = files::read(&path)?;
        if Sha256::of(&bytes).to_reference() != file.digest {
            let message = "the file is not the one that the report names";
            return Err(Failure::refused("evidence-digest", message)
                .within(files::shown(&path))
                .hint("make the report again"));
        }
        let sheet = Sheet::parse(&bytes)
            .map_err(|error| Failure::from(error).within(files::shown(&path)))?;
        Ok((file, sheet))
    };
    tests.into_iter().map(one).collect()
}

/// The report and its dressings, without the items of whole populations.
fn dressings(folder: &Path, asked: &build::Asked) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut all = BTreeMap::new();
    for (name, path, _) in files::below(folder)? {
        if !asked.leaves_out(&name) {
            all.insert(name, files::read(&path)?);
        }
    }
    Ok(all)
}
