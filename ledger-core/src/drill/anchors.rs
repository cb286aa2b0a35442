//! What can be done to tokens of times in a folder.

use super::copy::{Copy, put};
use crate::anchor::File;
use crate::hash::Sha256;
use crate::signer::ANCHORS;
use crate::store::memory::Memory;
use crate::store::{Store, read_all};

/// The last byte of an answer is another: of its signature.
pub(super) fn altered(copy: &Copy) -> Option<Memory> {
    let store = copy.store.snapshot();
    let (name, mut answer) = answers(&store).next()?;
    *answer.last_mut()? ^= 1;
    put(&store, &place(&name), &answer)?;
    Some(store)
}

/// An answer stands under the name of a larger checkpoint.
pub(super) fn moved(copy: &Copy) -> Option<Memory> {
    let store = copy.store.snapshot();
    let (name, answer) = answers(&store).next()?;
    let size = File::parse(&name)?.size();
    store.remove(&place(&name)).ok()?;
    put(&store, &place(&File::token(size + 1, &answer).0), &answer)?;
    Some(store)
}

/// An answer whose digest an entry has is gone, and the request with it. None where no entry has one.
pub(super) fn gone(copy: &Copy) -> Option<Memory> {
    let store = copy.store.snapshot();
    let named = |answer: &[u8]| {
        let digest = Sha256::of(answer).to_reference();
        let finder = memchr::memmem::Finder::new(&digest);
        copy.lines.iter().any(|line| finder.find(line).is_some())
    };
    let (name, answer) = answers(&store).find(|(_, answer)| named(answer))?;
    store.remove(&place(&name)).ok()?;
    store.remove(&place(&File::token(File::parse(&name)?.size(), &answer).1)).ok()?;
    Some(store)
}

fn answers(store: &Memory) -> impl Iterator<Item = (String, Vec<u8>)> {
    let names = store.list(ANCHORS).unwrap_or_default().into_iter();
    let answers = names.filter(|name| matches!(File::parse(name), Some(File::Answer { .. })));
    answers.filter_map(|name| {
        let bytes = read_all(store, &place(&name)).ok()??;
        Some((name, bytes))
    })
}

fn place(name: &str) -> String {
    format!("{ANCHORS}/{name}")
}
