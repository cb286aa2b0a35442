//! A whole folder.
use super::{Options, Report};
use crate::error::{Error, Result};
use crate::store::Store;

pub(super) fn verify(_store: &dyn Store, _options: &Options<'_>) -> Result<Report> {
    Err(Error::unavailable("verify", "being written"))
}
