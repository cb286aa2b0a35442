//! Made: a package that is whole, until it stands under its name.

use std::path::{Path, PathBuf};

use ledger_core::evidence::Layer;
use ledger_core::hash::Sha256;

use crate::failure::{Failure, Result};
use crate::files;

/// A package that is whole, but not handed out yet.
pub(super) enum Made {
    /// In memory.
    Held(Vec<u8>),
    /// In a file beside the one that it becomes.
    Written {
        /// That file.
        part: PathBuf,
        /// How many bytes it has.
        length: u64,
        /// Their SHA-256.
        digest: Sha256,
    },
}

impl Made {
    /// Its SHA-256, as events name it.
    pub(super) fn digest(&self) -> String {
        match self {
            Self::Held(zip) => Sha256::of(zip).to_reference(),
            Self::Written { digest, .. } => digest.to_reference(),
        }
    }

    /// How many bytes it has.
    pub(super) fn length(&self) -> u64 {
        match self {
            Self::Held(zip) => zip.len() as u64,
            Self::Written { length, .. } => *length,
        }
    }

    /// Puts it under its name, where nothing stands yet.
    pub(super) fn put(self, to: &Path) -> Result<()> {
        match self {
            Self::Held(zip) => files::create(to, &zip, 0o644),
            Self::Written { part, .. } => files::settle(&part, to),
        }
    }
}

/// A package that would not hold.
pub(super) fn untrue(layer: &Layer) -> Failure {
    let told = layer.faults.first();
    let place = told.map_or("", |fault| fault.place.as_str());
    let message = told.map_or("", |fault| fault.message.as_str());
    let message = format!("the package would not hold: {message}");
    Failure::refused("evidence-untrue", message)
        .within(format!("{} {place}", layer.name).trim_end().to_owned())
        .hint("nothing was recorded or written; run `ledger verify`, and make the report again")
}
