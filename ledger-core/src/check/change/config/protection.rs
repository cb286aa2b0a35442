//! Protection: when the way to production was not protected.

use std::collections::HashMap;

use super::case::Case;
use super::{Settings, loosened, severity};
use crate::check::{Context, Item, State};
use crate::fact::Said;
use crate::schema::deploy::ConfigClass;
use crate::schema::scope::SystemRegistered;
use crate::time::Timestamp;

/// What protects the way to production.
const PROTECTING: [ConfigClass; 4] = [
    ConfigClass::Pipeline,
    ConfigClass::BranchProtection,
    ConfigClass::DeploySecret,
    ConfigClass::ApprovalPolicy,
];

/// A time without protection.
#[derive(Clone, Copy, Debug)]
pub struct Gap {
    /// The entry that opened it.
    pub entry: u64,
    /// Whether it is sure that there was none.
    pub surely: bool,
    at: Timestamp,
    until: Option<Timestamp>,
}

/// Times without protection, by system.
#[derive(Clone, Debug, Default)]
pub struct Protection<'c> {
    by: HashMap<&'c str, Vec<Gap>>,
}

impl<'c> Protection<'c> {
    /// As the changes of settings say.
    pub fn of(context: &Context<'c>) -> Self {
        let settings = Settings::of(context);
        let mut by: HashMap<&str, Vec<Gap>> = HashMap::new();
        for row in context.facts.config_changed.all() {
            if !PROTECTING.contains(&row.class) {
                continue;
            }
            let mut item = Item::new("", row.at.occurred);
            let approvals = Case::of(row, severity(row.class)).judge(context, &mut item);
            loosened(context, row, &approvals, &mut item);
            let state = item.state();
            if state != State::Pass {
                let gap = Gap {
                    entry: row.at.index,
                    surely: state == State::Fail,
                    at: row.at.occurred,
                    until: settings.restored(row),
                };
                by.entry(row.system.as_str()).or_default().push(gap);
            }
        }
        Self { by }
    }

    /// What was open in these systems between two times.
    pub fn broken(
        &self,
        systems: &[&Said<SystemRegistered>],
        since: Option<Timestamp>,
        until: Timestamp,
    ) -> Vec<Gap> {
        let gaps =
            systems.iter().filter_map(|system| self.by.get(system.system.as_str())).flatten();
        let open = |gap: &&Gap| {
            let after = since.is_none_or(|since| gap.until.is_none_or(|end| end > since));
            gap.at <= until && after
        };
        gaps.filter(open).copied().collect()
    }
}
