//! The newest checkpoint that this producer has seen: each event names it, and so each producer is a
//! light witness of the log. What was seen is remembered outside the folder, so that a folder whose
//! checkpoints went back is found by the next append.

use ledger_core::checkpoint::{Checkpoint, Origin};
use ledger_core::encoding::base64;
use ledger_core::event::Seen;
use ledger_core::hash::Sha256;
use ledger_core::json::Value;
use ledger_core::ledger::Ledger;
use ledger_core::note::{self, Note};
use ledger_core::signer::{ARCHIVE, CHECKPOINT, archived};
use ledger_core::{store, tree};

use crate::context::{Context, Folder};
use crate::failure::{Failure, Result};
use crate::output::talk;
use crate::state::State;

/// What the events of this call may say that their producer had seen.
#[derive(Default)]
pub(crate) struct Sight {
    seen: Option<Seen>,
    /// The note that is newer than the one remembered.
    news: Option<Vec<u8>>,
}

/// A checkpoint with its signed note.
struct Sighting {
    note: Vec<u8>,
    checkpoint: Checkpoint,
}

/// Opens the ledger to produce events for it; besides, what their producer has seen.
pub(crate) fn open(context: &Context) -> Result<(Folder, Ledger, Sight)> {
    let (folder, ledger, note) = context.open_beside(published)?;
    let sight = look(&folder, &ledger, note).map_err(|failure| failure.within(folder.shown()))?;
    Ok((folder, ledger, sight))
}

/// Whether one of the ledger's keys for checkpoints signed the note.
pub(crate) fn signed_here(ledger: &Ledger, note: &[u8], size: u64) -> Result<note::VerifierKey> {
    let origin = ledger.origin().to_string();
    let keys = ledger
        .registry()
        .checkpoint_keys(size)
        .into_iter()
        .map(|key| note::VerifierKey::new(&origin, note::KeyType::Ed25519, *key.verifying()));
    let keys = keys.collect::<std::result::Result<Vec<_>, _>>()?;
    let opened = note::open(note, &keys)?;
    let first = opened.verified.first().and_then(|verified| keys.get(verified.key));
    first.cloned().ok_or_else(|| Failure::refused("note-unknown", "no known key signed the note"))
}

/// The size of the newest checkpoint that folder and memory agree on; none where there is none that one
/// of the ledger's keys signed. Codes as of [`open`].
pub(crate) fn agreed(folder: &Folder, ledger: &Ledger) -> Result<Option<u64>> {
    let sight = look(folder, ledger, published(folder)?)?;
    Ok(sight.seen.map(|seen| seen.size))
}

/// What the folder publishes as its newest checkpoint, whoever signed it.
pub(crate) fn shown(folder: &Folder) -> Result<Option<Checkpoint>> {
    let note = published(folder)?;
    Ok(note.map(Sighting::parse).transpose()?.map(|sighting| sighting.checkpoint))
}

/// The published note, to be read before the ledger is opened: then it cannot speak of entries that
/// another process appended since.
fn published(folder: &Folder) -> Result<Option<Vec<u8>>> {
    Ok(store::read_all(&*folder.store, CHECKPOINT)?)
}

/// Judges what is published against what is remembered; code `rollback` when the folder went back,
/// `checkpoint-fork` when there are two of one size.
fn look(folder: &Folder, ledger: &Ledger, note: Option<Vec<u8>>) -> Result<Sight> {
    let remembered = folder.state.checkpoint(&folder.origin)?;
    if note.is_some() && note == remembered {
        // what is remembered was judged when it was new
        let known = Sighting::parse(note.unwrap_or_default())?;
        return known.held_by(ledger).map(|known| known.sight(false));
    }
    let shown = note.and_then(|note| match Sighting::read(note, ledger) {
        Ok(sighting) => Some(sighting),
        Err(failure) => {
            talk(format!("note: events do not speak of the ledger's checkpoint: {failure}"));
            None
        }
    });
    let remembered = remembered.map(Sighting::parse).transpose();
    let remembered = remembered
        .map_err(|_| damaged(folder.state.checkpoint_path(&folder.origin).display().to_string()))?;
    match (shown, remembered) {
        (None, None) => Ok(Sight::default()),
        (Some(shown), None) => shown.held_by(ledger).map(|shown| shown.sight(true)),
        (None, Some(old)) => kept(folder, old.held_by(ledger)?),
        (Some(shown), Some(old)) if shown.size() < old.size() => kept(folder, old.held_by(ledger)?),
        (Some(shown), Some(old)) if shown.size() == old.size() => {
            if shown.checkpoint.root() != old.checkpoint.root() {
                return Err(forked(folder, shown.size()));
            }
            shown.held_by(ledger).map(|shown| shown.sight(false))
        }
        (Some(shown), Some(_)) => shown.held_by(ledger).map(|shown| shown.sight(true)),
    }
}

/// Judges the note that a server shows against what is remembered; `continues` asks it for the proof
/// that its tree continues that of so many entries. Who signed the note is not known so far away: a
/// wrong one is found by whoever verifies the log, as each event names what its producer saw.
pub(crate) fn from_afar(
    state: &State,
    origin: &Origin,
    note: Option<Vec<u8>>,
    continues: impl FnOnce(u64) -> Result<Vec<Sha256>>,
) -> Result<Sight> {
    let remembered = state
        .checkpoint(origin)?
        .map(Sighting::parse)
        .transpose()
        .map_err(|_| damaged(state.checkpoint_path(origin).display().to_string()))?;
    let shown = note.map(Sighting::parse).transpose()?;
    if shown.as_ref().is_some_and(|shown| shown.checkpoint.origin() != origin.to_string()) {
        return Err(Failure::refused("checkpoint-origin", "the checkpoint is of another ledger"));
    }
    let (shown, old) = match (shown, remembered) {
        (None, None) => return Ok(Sight::default()),
        (Some(shown), None) => return Ok(shown.sight(true)),
        (Some(shown), Some(old)) if shown.size() >= old.size() => (shown, old),
        (_, Some(old)) => {
            let size = old.size();
            let message =
                format!("the server does not show the checkpoint of {size} entries seen here");
            return Err(Failure::refused("rollback", message).hint(OLDER));
        }
    };
    let same = shown.size() == old.size();
    let holds = if same {
        shown.checkpoint.root() == old.checkpoint.root()
    } else {
        let path = continues(old.size())?;
        let (from, to) = (old.checkpoint.root(), shown.checkpoint.root());
        old.size() == 0
            || tree::verify_consistency(old.size(), shown.size(), from, to, &path).is_ok()
    };
    if !holds {
        let message = format!("the server does not continue the {} entries seen here", old.size());
        return Err(Failure::refused("checkpoint-fork", message).hint(format!(
            "keep `{}`: it is evidence of a fork",
            state.checkpoint_path(origin).display()
        )));
    }
    Ok(shown.sight(!same))
}

impl Sight {
    /// The draft with what its producer had seen; one that says so itself keeps it.
    pub(crate) fn named(&self, draft: &Value) -> Value {
        let mut draft = draft.clone();
        self.name(&mut draft);
        draft
    }

    /// As [`Sight::named`], on the spot.
    pub(crate) fn name(&self, draft: &mut Value) {
        if let (Value::Object(members), Some(seen)) = (draft, &self.seen) {
            members.or_insert_with("seen", || {
                Value::object([
                    ("root", Value::text(base64(&seen.root.0))),
                    ("size", Value::count(seen.size)),
                ])
            });
        }
    }

    /// Remembers outside the folder what is new.
    pub(crate) fn remember(&self, folder: &Folder) -> Result<()> {
        self.remember_in(&folder.state, &folder.origin)
    }

    /// As [`Sight::remember`], of a ledger that was seen from afar.
    pub(crate) fn remember_in(&self, state: &State, origin: &Origin) -> Result<()> {
        match &self.news {
            Some(note) => state.remember_checkpoint(origin, note),
            None => Ok(()),
        }
    }
}

impl Sighting {
    fn parse(note: Vec<u8>) -> Result<Self> {
        let checkpoint = Checkpoint::parse(Note::parse(&note)?.text())?;
        Ok(Self { note, checkpoint })
    }

    /// A note of this ledger that one of its registered keys signed.
    fn read(note: Vec<u8>, ledger: &Ledger) -> Result<Self> {
        let sighting = Self::parse(note)?;
        signed_here(ledger, &sighting.note, sighting.size())?;
        if sighting.checkpoint.origin() != ledger.origin().to_string() {
            return Err(Failure::refused("checkpoint-origin", "it is of another ledger"));
        }
        Ok(sighting)
    }

    fn size(&self) -> u64 {
        self.checkpoint.size()
    }

    /// The ledger has as many entries as the checkpoint states.
    fn held_by(self, ledger: &Ledger) -> Result<Self> {
        let (stated, there) = (self.size(), ledger.size());
        if stated <= there {
            return Ok(self);
        }
        Err(Failure::refused(
            "rollback",
            format!("a checkpoint of {stated} entries was seen, the ledger has {there}"),
        )
        .hint(OLDER))
    }

    fn sight(self, new: bool) -> Sight {
        let seen = Seen { size: self.size(), root: *self.checkpoint.root() };
        Sight { seen: Some(seen), news: new.then_some(self.note) }
    }
}

/// The folder shows less than was seen: what was seen must still be in its archive.
fn kept(folder: &Folder, old: Sighting) -> Result<Sight> {
    let archive = store::read_all(&*folder.store, ARCHIVE)?.unwrap_or_default();
    let text = old.checkpoint.encode();
    let there = archived(&archive).0.into_iter().any(|note| note.starts_with(text.as_bytes()));
    if there {
        talk(format!(
            "note: `{CHECKPOINT}` is older than `{ARCHIVE}`; `ledger checkpoint` publishes the newest"
        ));
        return Ok(old.sight(false));
    }
    let path = folder.state.checkpoint_path(&folder.origin);
    Err(Failure::refused(
        "rollback",
        format!("the ledger no longer has the checkpoint of {} entries seen here", old.size()),
    )
    .hint(format!("{OLDER}; what was seen is `{}`", path.display())))
}

fn damaged(path: String) -> Failure {
    Failure::new("state-damaged", "the remembered checkpoint is not what was written")
        .within(path)
        .hint("restore the file from a copy; only if there is none, remove it")
}

fn forked(folder: &Folder, size: u64) -> Failure {
    let path = folder.state.checkpoint_path(&folder.origin);
    Failure::refused("checkpoint-fork", format!("two checkpoints of {size} entries differ"))
        .hint(format!("its signer signed a fork: keep the folder and `{}`", path.display()))
}

const OLDER: &str = "it was restored to an older state or rewritten; run `ledger verify`, keep the folder as evidence";
