//! Level: whose eyes a package is for, and what they may see.

use clap::ValueEnum;

/// Whose eyes.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Level {
    /// Within the company
    Internal,
    /// For an external auditor
    Auditor,
    /// For an authority
    Regulator,
}

impl Level {
    /// Whether somebody of this level sees a text that is bound to persons, or to nobody.
    pub(super) fn sees(self, of_persons: bool) -> bool {
        match self {
            Self::Internal => true,
            Self::Auditor => !of_persons,
            Self::Regulator => false,
        }
    }

    /// As the manifest says it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Auditor => "auditor",
            Self::Regulator => "regulator",
        }
    }
}
