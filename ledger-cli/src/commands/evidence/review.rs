//! The reports of access reviews that go into a package.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ledger_core::evidence::review::Brief;
use ledger_core::ledger::Ledger;

use crate::failure::{Failure, Result};
use crate::files;

/// The members of reviews, from the folders of their reports.
///
/// Codes `evidence-review` (it is none of a review), `evidence-ledger` (of another ledger), `evidence-twice`.
pub(super) fn members(folders: &[PathBuf], ledger: &Ledger) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut members = BTreeMap::new();
    for folder in folders {
        let place = |failure: Failure| failure.within(files::shown(folder));
        let document = files::read(&folder.join("report.json"))?;
        let brief = Brief::parse(&document).map_err(|error| place(error.into()))?;
        if brief.origin != ledger.origin().to_string() {
            let message = "the report is of another ledger";
            return Err(place(Failure::refused("evidence-ledger", message)));
        }
        for (name, path, _) in files::below(folder)? {
            if members.insert(brief.member(&name), files::read(&path)?).is_some() {
                let message = format!("the report of review `{}` is given twice", brief.campaign);
                return Err(place(Failure::new("evidence-twice", message)));
            }
        }
    }
    Ok(members)
}
