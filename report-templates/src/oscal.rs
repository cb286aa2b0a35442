//! OSCAL: a report in NIST's Open Security Controls Assessment Language, version 1.2.1, JSON.
//!
//! Four documents: the resolved catalogue, the results, the remediation register (plan of action and
//! milestones), and the mapping of controls to other catalogues. They say what the report says and
//! compute nothing. Their ids are UUIDs of version 5 (RFC 9562), made of the ledger's origin and of ids
//! in the report: the same report gives the same bytes. What OSCAL has no word for stands in
//! properties of our own namespace.

mod catalog;
mod mapping;
mod part;
mod plan;
mod results;

use ledger_core::json::Lazy;
use ledger_core::report::Report;

/// One document.
#[derive(Debug)]
pub struct Document<'r> {
    /// Its file, within `oscal/`.
    pub name: &'static str,
    /// What it says, made as it is written.
    pub content: Lazy<'r>,
}

/// The documents of a report whose document has this digest. There is no plan of action where nothing
/// was found: OSCAL has no empty one.
pub fn oscal<'r>(report: &'r Report, digest: &'r str) -> Vec<Document<'r>> {
    let to = part::Writer::new(report, digest);
    let plan = plan::plan(to);
    let documents = [
        Some(("catalog.json", catalog::catalog(&to).into())),
        Some(("assessment-results.json", results::results(to))),
        plan.map(|plan| ("plan-of-action-and-milestones.json", plan)),
        mapping::mapping(&to).map(|mapping| ("mapping-collection.json", mapping.into())),
    ];
    let present = documents.into_iter().flatten();
    present.map(|(name, content)| Document { name, content }).collect()
}
