//! List: one dataset for each item of the auditor's request list, P01 to P17.

mod access;
mod change;
mod record;
mod scope;

use super::Material;
use super::dataset::Dataset;

pub(super) use access::conflicts;
pub(super) use change::deployments;

/// All of them, in their order.
pub(super) fn all(material: &Material<'_>) -> Vec<Dataset> {
    vec![
        scope::systems(material),
        record::documents(material),
        deployments(material),
        change::classes(material),
        record::samples(material),
        access::snapshots(material),
        access::movements(material),
        access::sessions(material),
        access::campaigns(material),
        conflicts(material),
        change::settings(material),
        change::runs(material),
        record::incidents(material),
        super::register::dataset(material),
        record::retention(material),
        scope::keys(material),
        scope::administrators(material),
    ]
}
