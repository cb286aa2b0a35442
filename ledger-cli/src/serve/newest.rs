//! The newest checkpoint as clients are shown it: it never goes back, whoever brings it.

use std::sync::Arc;

use ledger_core::note::Note;
use tokio::sync::watch;

use crate::failure::{Failure, Result};
use crate::published;

/// The newest published note.
pub(super) type Newest = Option<Arc<Vec<u8>>>;

/// Shows a note, unless one of more entries, or the same with more signatures, is shown already: the one
/// who publishes and the one who looks after the folder bring notes in no order.
pub(super) fn show(newest: &watch::Sender<Newest>, note: &Arc<Vec<u8>>) {
    newest.send_if_modified(|known| {
        let news = rank(note) > known.as_ref().and_then(|known| rank(known));
        if news {
            *known = Some(Arc::clone(note));
        }
        news
    });
}

/// Shows what the folder has. `before` is what was shown before the folder was read: code
/// `checkpoint-back` when the folder has less than that, and those of a note that cannot be read.
pub(super) fn show_stored(
    newest: &watch::Sender<Newest>,
    before: &Newest,
    stored: Option<Vec<u8>>,
) -> Result<()> {
    let size = stored.as_deref().map(published::stated).transpose()?.map(|one| one.size());
    let shown = before.as_ref().and_then(|note| rank(note)).map(|(size, _)| size);
    if size < shown {
        let (size, shown) = (size.unwrap_or(0), shown.unwrap_or(0));
        let message = format!("the checkpoint went back from {shown} to {size} entries");
        return Err(Failure::refused("checkpoint-back", message).hint(
            "the folder was restored to an older state; what was shown goes on being shown",
        ));
    }
    if let Some(note) = stored {
        show(newest, &Arc::new(note));
    }
    Ok(())
}

/// What makes one note newer than another: its entries, then its signatures.
fn rank(note: &[u8]) -> Option<(u64, usize)> {
    let size = published::stated(note).ok()?.size();
    Some((size, Note::parse(note).ok()?.signatures().len()))
}

#[cfg(test)]
mod tests {
    use ledger_core::checkpoint::Checkpoint;
    use ledger_core::hash::Sha256;
    use ledger_core::key::SigningKey;
    use ledger_core::note;

    use super::*;

    fn note(size: u64, witnesses: u8) -> Vec<u8> {
        let origin = format!("example.com/rel/{}", "0".repeat(64));
        let text = Checkpoint::new(&origin, size, Sha256::of(b"root")).unwrap().encode();
        let sign = |key: u8| {
            let key = SigningKey::from_seed([key; 32]);
            note::sign(&text, &origin, key.dalek()).unwrap()
        };
        Note::new(&text, (0..=witnesses).map(sign).collect()).unwrap().encode()
    }

    #[test]
    fn what_is_shown_never_goes_back() {
        let (newest, shown) = watch::channel(None);
        let after = |bytes: Vec<u8>| {
            show(&newest, &Arc::new(bytes));
            shown.borrow().as_ref().map(|note| note.to_vec())
        };
        assert_eq!(after(note(7, 0)), Some(note(7, 0)));
        assert_eq!(after(note(9, 0)), Some(note(9, 0)));
        // read before the later one was published
        assert_eq!(after(note(7, 0)), Some(note(9, 0)));
        assert_eq!(after(note(7, 5)), Some(note(9, 0)));
        // a witness added its line, and what was read before that comes late
        assert_eq!(after(note(9, 1)), Some(note(9, 1)));
        assert_eq!(after(note(9, 0)), Some(note(9, 1)));
        assert_eq!(after(b"no note".to_vec()), Some(note(9, 1)));
    }

    #[test]
    fn a_folder_that_goes_back_is_told() {
        let (newest, shown) = watch::channel(None);
        show_stored(&newest, &None, None).unwrap();
        show_stored(&newest, &None, Some(note(9, 0))).unwrap();
        let before = shown.borrow().clone();
        for stored in [Some(note(8, 0)), None] {
            let failure = show_stored(&newest, &before, stored).unwrap_err();
            assert_eq!(failure.code(), "checkpoint-back");
        }
        show_stored(&newest, &before, Some(b"?".to_vec())).unwrap_err();
        assert_eq!(shown.borrow().as_ref().unwrap().to_vec(), note(9, 0));
        // only what the folder had before it was read counts: the publisher is faster now and then
        show(&newest, &Arc::new(note(10, 0)));
        show_stored(&newest, &before, Some(note(9, 0))).unwrap();
        assert_eq!(shown.borrow().as_ref().unwrap().to_vec(), note(10, 0));
    }
}
