//! A package of the whole population: every entry under the newest checkpoint, a file of the ledger at a time.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use ledger_core::blob;
use ledger_core::evidence::build;
use ledger_core::evidence::manifest::Claim;
use ledger_core::evidence::pack::Packing;
use ledger_core::evidence::{Outcome, population};
use ledger_core::hash::{Sha256, Sha256Writer};
use ledger_core::ledger::{FORMAT, Ledger};
use ledger_core::segment::{self, Place};
use ledger_core::signer::{ANCHORS, ARCHIVE};
use ledger_core::store::{self, Store};
use ledger_core::verify::Verdict;

use super::level::Level;
use super::made::{Made, untrue};
use super::review;
use crate::commands::speaker::Speaker;
use crate::commands::verify;
use crate::failure::{Failure, Result};
use crate::{files, published};

/// How many files of the ledger are packed at once.
const AT_ONCE: usize = 4;
/// The document of a report, in its folder.
const DOCUMENT: &str = "report.json";

/// What a package is to show, and where it goes.
pub(super) struct Wanted<'a> {
    /// The folder of the report.
    pub(super) report: &'a Path,
    /// The folders of the reports of reviews.
    pub(super) reviews: &'a [PathBuf],
    /// Whose eyes it is for.
    pub(super) level: Level,
    /// The new file.
    pub(super) to: &'a Path,
}

/// Writes the package beside its place, and verifies it as its reader will: what does not hold is never handed out.
/// `more` are members that stand in front of the log.
pub(super) fn make(
    wanted: &Wanted<'_>,
    more: BTreeMap<String, Vec<u8>>,
    speaker: &Speaker,
) -> Result<(Made, Outcome)> {
    let (note, checkpoint) = published::newest(&speaker.folder)?;
    let policy = published::own_policy(&speaker.ledger, &note, checkpoint.size())?;
    let path = wanted.report.join(DOCUMENT);
    let document = files::read(&path)?;
    let asked = build::Asked::parse(&document)
        .map_err(|error| Failure::from(error).within(files::shown(&path)))?;
    if asked.origin != speaker.ledger.origin().to_string() {
        return Err(Failure::refused("evidence-ledger", "the report is of another ledger")
            .within(files::shown(wanted.report)));
    }
    let claim = Claim {
        origin: asked.origin,
        size: checkpoint.size(),
        root: *checkpoint.root(),
        report: Sha256::of(&document),
        level: wanted.level.word().to_owned(),
        packed: None,
        drawn: None,
        tool: format!("ledger {}", env!("CARGO_PKG_VERSION")),
    };
    let mut part = wanted.to.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let mut front = population::front(&claim, &note);
    front.extend(more);
    let reviews = review::members(wanted.reviews, &speaker.ledger)?;
    let mut sheet = Sheet::new(&part)?;
    let made = write(&mut sheet, &front, (wanted.report, reviews), claim, speaker)
        .and_then(|()| sheet.close())
        .and_then(|made| {
            let outcome = verify::population::run(&part, (&policy).into())?.ok_or_else(|| {
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
    /// A new file: what stands there is never overwritten, though it may be what an earlier attempt left.
    fn new(path: &Path) -> Result<Self> {
        let file = File::create_new(path).map_err(|error| {
            let shown = files::shown(path);
            if error.kind() == std::io::ErrorKind::AlreadyExists {
                Failure::new("exists", format!("`{shown}` is there already"))
                    .hint("it is what a build that was stopped left: remove it, and build again")
            } else {
                Failure::new("io", format!("cannot write: {error}")).within(shown)
            }
        })?;
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
    (report, reviews): (&Path, BTreeMap<String, Vec<u8>>),
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
    let mut rest = reviews;
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
