//! Dated: the anchors of a folder, each held against the archive of checkpoints, and against whom the
//! reader trusts to date.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::anchor::Archive;
use super::fault::{Class, Fault, Notice};
use crate::anchor::{self, Anchor, File, Kind, Roots};
use crate::checkpoint::Checkpoint;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::hash::Sha256;
use crate::note::{Note, VerifierKey};
use crate::policy::Policy;
use crate::signer::{ANCHORS, CHECKPOINT};
use crate::store::{self, Store};

/// More files than this are not looked at.
const MAX_FILES: usize = 100_000;

/// What was found among the anchors.
#[derive(Debug, Default)]
pub struct Dated {
    /// Anchors that hold, by size; those that nobody here trusts among them.
    pub anchors: Vec<Anchor>,
    /// What does not hold.
    pub faults: Vec<Fault>,
    /// What is not told, and why.
    pub notices: Vec<Notice>,
    /// SHA-256 of every file that was read.
    files: HashSet<Sha256>,
}

/// The file that an event says was attached.
pub(super) fn attached(event: &Event<'_>) -> Option<Sha256> {
    let data = event.root.get("data").filter(|_| event.kind == "anchor.attached")?;
    Sha256::from_reference(&data.get("digest")?.text()?)
}

/// Reads all anchors of a folder: each must be of a checkpoint of the archive, and hold by itself. It is
/// trusted if the policy names the witness, or the roots certify the authority.
pub fn dated(store: &dyn Store, roots: Option<&Roots>, policy: Option<&Policy>) -> Result<Dated> {
    let mut dated = Dated::default();
    let mut names = store.list(ANCHORS)?;
    names.sort_unstable();
    if names.len() > MAX_FILES {
        let message =
            format!("there are {} anchors; the first {MAX_FILES} are looked at", names.len());
        dated.notices.push(Notice { code: "anchors-many", message });
        names.truncate(MAX_FILES);
    }
    let published = store::read_all(store, CHECKPOINT)?;
    let published = published.and_then(|note| Note::parse(&note).ok());
    let cosigned = published.filter(|note| note.signatures().len() > 1);
    if names.is_empty() && cosigned.is_none() {
        return Ok(dated);
    }
    let known = Known {
        archive: Notes::read(store, &names)?,
        roots,
        witnesses: policy.map_or_else(Vec::new, |policy| {
            policy.witnesses().map(|(_, key)| key.clone()).collect()
        }),
    };
    for name in &names {
        match known.judge(store, name, &mut dated.files) {
            Ok(anchors) => dated.anchors.extend(anchors),
            Err(error) if error.kind() == crate::error::Kind::Unavailable => return Err(error),
            Err(error) => {
                let error = error.at(format!("{ANCHORS}/{name}"));
                let (code, message) = (error.code(), error.to_string());
                dated.faults.push(Fault {
                    index: None,
                    class: Class::Date,
                    code,
                    message,
                    followers: 0,
                });
            }
        }
    }
    // what is wrong with the published note is said of it elsewhere
    if let Some(note) = cosigned
        && let Ok(anchors) = known.cosigned(CHECKPOINT, &note, None)
    {
        dated.anchors.extend(anchors.into_iter().filter(|anchor| anchor.trusted));
    }
    dated.settle();
    Ok(dated)
}

impl Dated {
    /// What entries attached and is not here, or not as it was.
    pub(super) fn missing(&self, attached: &[(u64, Sha256)]) -> Option<Notice> {
        let gone = attached.iter().filter(|(_, digest)| !self.files.contains(digest));
        let entries: Vec<String> = gone.map(|(index, _)| index.to_string()).collect();
        let listed = entries.get(..entries.len().min(10)).unwrap_or_default().join(", ");
        let message = format!(
            "{} anchor(s) that entries name by their digests are not here as they were: entry {listed}",
            entries.len()
        );
        (!entries.is_empty()).then_some(Notice { code: "anchor-missing", message })
    }

    /// Each word once, by size; and what is not trusted is said.
    fn settle(&mut self) {
        let key = |anchor: &Anchor| (anchor.size, anchor.kind, anchor.by.clone(), anchor.earliest);
        self.anchors.sort_by_key(key);
        self.anchors.dedup_by_key(|anchor| key(anchor));
        for (kind, code, words) in [
            (
                Kind::Token,
                "anchor-root",
                "token(s) by authorities that no given root certifies: they date nothing (--tsa-roots)",
            ),
            (
                Kind::Witness,
                "anchor-witness",
                "cosigned checkpoint(s) by witnesses that no policy names: they date nothing (--policy)",
            ),
        ] {
            let unasked = |anchor: &&Anchor| anchor.kind == kind && !anchor.trusted;
            let count = self.anchors.iter().filter(unasked).count();
            if count > 0 {
                self.notices.push(Notice { code, message: format!("{count} {words}") });
            }
        }
    }
}

/// The checkpoints of the archive that anchors name.
#[derive(Debug, Default)]
struct Notes {
    /// By the size of the checkpoint: SHA-256 of each note.
    imprints: HashMap<Sha256, u64>,
    /// By size: the texts.
    texts: BTreeMap<u64, Vec<String>>,
}

impl Notes {
    /// The archive's notes of the sizes that the names say, and of the published one.
    fn read(store: &dyn Store, names: &[String]) -> Result<Self> {
        let wanted: HashSet<u64> =
            names.iter().filter_map(|name| File::parse(name)).map(|file| file.size()).collect();
        let mut notes = Self::default();
        let mut archive = Archive::new(store);
        loop {
            let note = match archive.next() {
                Ok(Some(note)) => note,
                Err(error) if error.kind() == crate::error::Kind::Unavailable => return Err(error),
                // what is wrong with the archive is said where it is judged
                Ok(None) | Err(_) => break,
            };
            let Ok(parsed) = Note::parse(&note) else { continue };
            let Ok(checkpoint) = Checkpoint::parse(parsed.text()) else { continue };
            if wanted.contains(&checkpoint.size()) {
                notes.imprints.insert(Sha256::of(&note), checkpoint.size());
                notes.texts.entry(checkpoint.size()).or_default().push(parsed.text().to_owned());
            }
        }
        Ok(notes)
    }
}

/// What anchors are held against.
struct Known<'a> {
    archive: Notes,
    roots: Option<&'a Roots>,
    /// Those whom the policy names.
    witnesses: Vec<VerifierKey>,
}

impl Known<'_> {
    fn judge(
        &self,
        store: &dyn Store,
        name: &str,
        files: &mut HashSet<Sha256>,
    ) -> Result<Vec<Anchor>> {
        let path = format!("{ANCHORS}/{name}");
        let read = |path: &str| -> Result<Option<Vec<u8>>> {
            if store.len(path)?.unwrap_or(0) > anchor::MAX_BYTES as u64 {
                let message = format!("an anchor has at most {} bytes", anchor::MAX_BYTES);
                return Err(Error::malformed("anchor-large", message));
            }
            store::read_all(store, path)
        };
        let bytes = read(&path)?.unwrap_or_default();
        files.insert(Sha256::of(&bytes));
        match File::parse(name) {
            None => Err(Error::refused("anchor-name", "no anchor is called like that")),
            Some(File::Cosigned { size }) => self.cosigned(name, &Note::parse(&bytes)?, Some(size)),
            Some(File::Asked { size, id }) => {
                // it is judged with its answer
                let answer = format!("{ANCHORS}/{size:020}-{id}.tsr");
                match store.len(&answer)? {
                    Some(_) => Ok(Vec::new()),
                    None => Err(Error::untrue(
                        "anchor-alone",
                        "a request is here and its answer is gone",
                    )),
                }
            }
            Some(File::Answer { size, id }) => {
                if File::token(size, &bytes).0 != name {
                    let message = "the answer is another than the one that its name says";
                    return Err(Error::untrue("anchor-digest", message));
                }
                let asked = read(&format!("{ANCHORS}/{size:020}-{id}.tsq"))?;
                let stamp = anchor::Stamp::parse(&bytes)?;
                if self.archive.imprints.get(&stamp.imprint) != Some(&size) {
                    return Err(stray(size));
                }
                let place = (name, size);
                anchor::token(place, &bytes, asked.as_deref(), stamp.imprint, self.roots)
                    .map(|anchor| vec![anchor])
            }
        }
    }

    /// What the witnesses say of a note whose checkpoint is in the archive; `size` is what its name says.
    fn cosigned(&self, name: &str, note: &Note, size: Option<u64>) -> Result<Vec<Anchor>> {
        let checkpoint = Checkpoint::parse(note.text())?;
        let own = size.is_none_or(|size| checkpoint.size() == size);
        let texts = self.archive.texts.get(&checkpoint.size());
        let archived = texts.is_some_and(|texts| texts.iter().any(|text| text == note.text()));
        // the published one is held against the archive elsewhere
        if !own || size.is_some() && !archived {
            return Err(stray(size.unwrap_or(checkpoint.size())));
        }
        anchor::cosignatures(name, note, checkpoint.size(), &self.witnesses)
    }
}

fn stray(size: u64) -> Error {
    let message = format!("it is of no checkpoint of {size} entries that this log published");
    Error::untrue("anchor-stray", message)
}
