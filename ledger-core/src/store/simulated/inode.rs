//! One file of the simulated disk: what is seen, what is on the plates, and all versions between.

use std::collections::{BTreeMap, BTreeSet};

use super::Dice;

/// What a disk writes whole or not at all, mostly.
const SECTOR: usize = 512;

#[derive(Clone, Debug, Default)]
pub(super) struct Inode {
    seen: Vec<u8>,
    plates: Vec<u8>,
    /// Per sector its versions since the plates, oldest first, each with the number of its write.
    versions: BTreeMap<usize, Vec<(u64, [u8; SECTOR])>>,
    /// Sectors that a failed sync marked clean.
    clean: BTreeSet<usize>,
    writes: u64,
    pub(super) sealed: bool,
}

impl Inode {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.seen
    }

    pub(super) fn is_durable(&self) -> bool {
        self.versions.is_empty() && self.seen.len() == self.plates.len()
    }

    pub(super) fn write(&mut self, offset: u64, bytes: &[u8]) {
        let (Ok(start), false) = (usize::try_from(offset), bytes.is_empty()) else { return };
        let end = start.saturating_add(bytes.len());
        let first_changed = start.min(self.seen.len());
        if self.seen.len() < end {
            self.seen.resize(end, 0);
        }
        if let Some(place) = self.seen.get_mut(start..end) {
            place.copy_from_slice(bytes);
        }
        for sector in first_changed / SECTOR..end.div_ceil(SECTOR) {
            let version = sector_of(&self.seen, sector);
            self.versions.entry(sector).or_default().push((self.writes, version));
            self.clean.remove(&sector);
        }
        self.writes += 1;
    }

    /// Brings all sectors that are not marked clean to the plates, or marks all clean.
    pub(super) fn sync(&mut self, succeeds: bool) {
        if !succeeds {
            self.clean = self.versions.keys().copied().collect();
            return;
        }
        self.plates.resize(self.seen.len(), 0);
        let clean = &self.clean;
        for (sector, versions) in self.versions.extract_if(.., |sector, _| !clean.contains(sector))
        {
            if let Some((_, version)) = versions.last() {
                put(&mut self.plates, sector, version);
            }
        }
    }

    /// What a power cut may leave of the file.
    pub(super) fn crash(&self, dice: &mut Dice) -> Self {
        let mut left = self.plates.clone();
        let keep = dice.below(5);
        let cut = dice.below(self.writes + 1);
        let lengths = [self.plates.len(), self.seen.len(), self.length_between(dice)];
        let length = match keep {
            0 => self.plates.len(),
            1 => self.seen.len(),
            _ => lengths.get(usize::try_from(dice.below(3)).unwrap_or(0)).copied().unwrap_or(0),
        };
        left.resize(length, 0);
        for (sector, versions) in &self.versions {
            let count = versions.len() as u64;
            let happened = match keep {
                0 => 0,
                // the writes happened in order, up to one
                2 => versions.partition_point(|(write, _)| *write < cut) as u64,
                // the last sector is torn inside: some disks do that too
                3 if Some(sector) == self.versions.keys().last() => {
                    self.tear(*sector, &mut left, dice);
                    continue;
                }
                1 | 3 => count,
                // every sector for itself: kept, dropped, or an older version
                _ => dice.below(count + 1),
            };
            let version = usize::try_from(happened)
                .ok()
                .and_then(|count| versions.get(count.checked_sub(1)?));
            if let Some((_, version)) = version {
                put(&mut left, *sector, version);
            }
        }
        Self { seen: left.clone(), plates: left, sealed: self.sealed, ..Self::default() }
    }

    fn length_between(&self, dice: &mut Dice) -> usize {
        let grown = self.seen.len().saturating_sub(self.plates.len());
        self.plates.len() + usize::try_from(dice.below(grown as u64 + 1)).unwrap_or(0)
    }

    fn tear(&self, sector: usize, left: &mut [u8], dice: &mut Dice) {
        let Some((_, new)) = self.versions.get(&sector).and_then(|versions| versions.last()) else {
            return;
        };
        let mut torn = sector_of(left, sector);
        let count = usize::try_from(dice.below(SECTOR as u64)).unwrap_or(0);
        torn.iter_mut().zip(new).take(count).for_each(|(to, from)| *to = *from);
        put(left, sector, &torn);
    }
}

/// The sector, padded with zeros at the end of the file.
fn sector_of(bytes: &[u8], sector: usize) -> [u8; SECTOR] {
    let mut content = [0; SECTOR];
    let rest = bytes.get(sector.saturating_mul(SECTOR)..).unwrap_or_default();
    content.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    content
}

fn put(bytes: &mut [u8], sector: usize, content: &[u8; SECTOR]) {
    let rest = bytes.get_mut(sector.saturating_mul(SECTOR)..).unwrap_or_default();
    rest.iter_mut().zip(content).for_each(|(to, from)| *to = *from);
}
