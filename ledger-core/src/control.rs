//! Control: what a regime asks for, as data: requirement, control, tests with their limits, citations.
//!
//! Spec page: `spec/control.md`. The catalogue is in `controls/` and built in ([`Catalogue::shipped`]).
//! Layers on top of it select and tighten (overlay of a region, a company, a system); they never
//! edit a text or a rule. [`Resolved`] is what a catalogue and its layers come to, with the digest
//! that every report carries.

mod catalogue;
mod difference;
mod fiscal;
mod layer;
mod limit;
mod read;
mod recorded;
mod region;
mod resolved;
mod separation;

pub use catalogue::{
    Authority, Catalogue, Citation, Control, Frequency, Implementation, NotEvidenced, Strength,
};
pub use difference::{Changed, Difference, Turn};
pub use fiscal::Fiscal;
pub use layer::{Layer, LayerKind};
pub use limit::{Direction, Known};
pub use recorded::Recorded;
pub use region::Place;
pub use resolved::{Limit, Resolved, Tailored};

use crate::error::{Error, Result};

/// A TOML document as a type; errors say file and line. Code `control-file`.
pub(crate) fn parse<T: serde::de::DeserializeOwned>(file: &str, text: &str) -> Result<T> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| text.get(..span.start).unwrap_or_default());
        let place = match line {
            Some(before) => format!("{file}:{}", before.matches('\n').count() + 1),
            None => file.to_owned(),
        };
        Error::malformed("control-file", error.message().to_owned()).at(place)
    })
}
