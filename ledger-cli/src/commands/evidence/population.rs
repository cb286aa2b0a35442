//! A package of the whole population: every entry under the newest checkpoint, a file of the ledger at a time.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use ledger_core::blob;
use ledger_core::evidence::build;
use ledger_core::evidence::contents::DRILL;
use ledger_core::evidence::manifest::Claim;
use ledger_core::evidence::pack::Packing;
use ledger_core::evidence::{Outcome, population};
use ledger_core::hash::{Sha256, Sha256Writer};
use ledger_core::ledger::{FORMAT, Ledger};
use ledger_core::segment::{self, Place};
use ledger_core::signer::ARCHIVE;
use ledger_core::store::{self, Store};
use ledger_core::verify::Verdict;

use super::build::{Build, Made, untrue};
use crate::commands::speaker::Speaker;
use crate::commands::verify;
use crate::failure::{Failure, Result};
use crate::{files, published};

/// How many files of the ledger are packed at once.
const AT_ONCE: usize = 4;
/// Cosignatures and time tokens.
const ANCHORS: &str = "anchors";
/// The document of a report, in its folder.
const DOCUMENT: &str = "report.json";

/// Writes the package beside its place, and verifies it as its reader will: what does not hold is never handed out.
pub(super) fn make(
    args: &Build,
    drill: Option<Vec<u8>>,
    speaker: &Speaker,
) -> Result<(Made, Outcome)> {
    let (note, checkpoint) = published::newest(&speaker.folder)?;
    let policy = published::own_policy(&speaker.ledger, &note, checkpoint.size())?;
    let path = args.report.join(DOCUMENT);
    let document = files::read(&path)?;
    let asked = build::Asked::parse(&document)
        .map_err(|error| Failure::from(error).within(files::shown(&path)))?;
    if asked.origin != speaker.ledger.origin().to_string() {
        return Err(Failure::refused("evidence-ledger", "the report is of another ledger")
            .within(files::shown(&args.report)));
    }
    let claim = Claim {
        origin: asked.origin,
        size: checkpoint.size(),
        root: *checkpoint.root(),
        report: Sha256::of(&document),
        level: args.level.word().to_owned(),
        packed: None,
        drawn: None,
        tool: format!("ledger {}", env!("CARGO_PKG_VERSION")),
    };
    let mut part = args.to.clone().into_os_string();
    part.push(".part");
    let part = PathBuf::from(part);
    let mut front = population::front(&claim, &note);
    front.extend(drill.map(|drill| (DRILL.to_owned(), drill)));
    let mut sheet = Sheet::new(&part)?;
    let made = write(&mut sheet, &front, &args.report, claim, speaker)
        .and_then(|()| sheet.close())
        .and_then(|made| {
            let outcome = verify::population::run(&part, &policy)?.ok_or_else(|| {
                Failure::refused("evidence-untrue", "the package is none of a population")
            })?;
            let fault = outcome.layers.iter().find(|layer| layer.verdict == Verdict::DoesNotHold);
            fault.map_or(Ok(()), |layer| Err(untrue(layer)))?;
            Ok((made, outcome))
        });
    if made.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    made
}

/// A file that is being written, and its digest.
struct Sheet {
    file: File,
    path: PathBuf,
    digest: Sha256Writer,
    length: u64,
}

impl Sheet {
    /// What an earlier attempt left is of no use.
    fn new(path: &Path) -> Result<Self> {
        let fail =
            |error| Failure::new("io", format!("cannot write: {error}")).within(files::shown(path));
        let file = File::create(path).map_err(fail)?;
        Ok(Self { file, path: path.to_owned(), digest: Sha256Writer::default(), length: 0 })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.digest.update(bytes);
        self.length += bytes.len() as u64;
        self.file.write_all(bytes).map_err(|error| {
            Failure::new("io", format!("cannot write: {error}")).within(files::shown(&self.path))
        })
    }

    /// Durable from here on; until it is renamed, nobody takes it for a package.
    fn close(self) -> Result<Made> {
        self.file.sync_all().map_err(|error| {
            Failure::new("io", format!("cannot write: {error}")).within(files::shown(&self.path))
        })?;
        Ok(Made::Written { part: self.path, length: self.length, digest: self.digest.finish() })
    }
}

/// All members in the order of their names.
fn write(
    sheet: &mut Sheet,
    front: &BTreeMap<String, Vec<u8>>,
    report: &Path,
    claim: Claim,
    speaker: &Speaker,
) -> Result<()> {
    let store = &*speaker.folder.store;
    let mut packing = Packing::default();
    sheet.write(&packing.add(front)?)?;
    let end = end(&speaker.ledger, claim.size)?;
    let names = names(store, end)?;
    for names in names.chunks(AT_ONCE) {
        let mut members = BTreeMap::new();
        for name in names {
            let mut bytes = store::read_all(store, name)?.unwrap_or_default();
            if *name == segment::name(end.segment) {
                bytes.truncate(usize::try_from(end.offset).unwrap_or(usize::MAX));
            }
            members.insert(format!("{}{name}", population::FOLDER), bytes);
        }
        sheet.write(&packing.add(&members)?)?;
    }
    let mut rest = BTreeMap::new();
    for (name, path, _) in files::below(report)? {
        rest.insert(format!("report/{name}"), files::read(&path)?);
    }
    sheet.write(&packing.finish(&rest, claim, &[speaker.key()])?)
}

/// Where the last entry of a size ends.
fn end(ledger: &Ledger, size: u64) -> Result<Place> {
    if size < ledger.size() {
        return Ok(ledger.place(size)?);
    }
    let head = ledger.head();
    Ok(Place { segment: head.segment, offset: head.offset })
}

/// The files of the ledger that travel, in the order of their names.
fn names(store: &dyn Store, end: Place) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for folder in [ANCHORS, blob::FOLDER] {
        names.extend(store.list(folder)?.into_iter().map(|name| format!("{folder}/{name}")));
    }
    for name in [ARCHIVE, FORMAT] {
        names.extend(store.len(name)?.map(|_| name.to_owned()));
    }
    let segments = segment::list(store)?.into_iter();
    let covered = |first: &u64| *first < end.segment || (*first == end.segment && end.offset > 0);
    names.extend(segments.filter(covered).map(segment::name));
    names.retain(|name| population::travels(name));
    names.sort_unstable();
    Ok(names)
}
