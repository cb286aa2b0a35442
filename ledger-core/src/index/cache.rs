//! Blocks that were read and found right, up to a bound.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::block::{BLOCK, Identity};

/// The content of a block.
pub(super) type Content = Arc<[u8]>;
type Place = (Identity, u64);

/// Two generations: when the young one is full it becomes the old one, and the old one is dropped.
/// What is used survives, at the cost of a move.
#[derive(Debug)]
pub(super) struct Cache {
    generations: Mutex<[HashMap<Place, Content>; 2]>,
    half: usize,
}

impl Cache {
    pub(super) fn new(bytes: usize) -> Self {
        Self { generations: Mutex::default(), half: bytes / BLOCK / 2 }
    }

    pub(super) fn get(&self, place: &Place) -> Option<Content> {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        let [young, old] = &mut *generations;
        if let Some(content) = young.get(place) {
            return Some(Arc::clone(content));
        }
        let content = old.remove(place)?;
        young.insert(*place, Arc::clone(&content));
        Some(content)
    }

    pub(super) fn put(&self, place: Place, content: Content) {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        let [young, old] = &mut *generations;
        if young.len() >= self.half {
            *old = std::mem::take(young);
        }
        if self.half > 0 {
            young.insert(place, content);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounded_and_keeps_what_is_used() {
        let cache = Cache::new(8 * BLOCK);
        for number in 0..100 {
            cache.put(([0; 32], number), Arc::from([0_u8].as_slice()));
            assert!(cache.get(&([0; 32], 0)).is_some(), "{number}");
        }
        let held = cache.generations.lock().unwrap().iter().map(HashMap::len).sum::<usize>();
        assert!(held <= 10, "{held}");
        assert!(cache.get(&([0; 32], 50)).is_none());
        let none = Cache::new(0);
        none.put(([0; 32], 0), Arc::from([].as_slice()));
        assert!(none.get(&([0; 32], 0)).is_none());
    }
}
