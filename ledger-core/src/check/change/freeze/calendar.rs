//! Calendar: freezes and their versions, as they were known at an entry.

use super::Holds;
use crate::check::Context;
use crate::fact::deployment::Deployment;
use crate::fact::{Facts, Said};
use crate::schema::change::{FreezeAction, FreezeChanged};
use crate::schema::typed::Id;
use crate::schema::words::{Class, Reference};
use crate::time::Timestamp;

/// All freezes.
pub(super) struct Calendars<'f> {
    pub all: Vec<Freeze<'f>>,
}

/// A freeze, in all its versions.
pub(super) struct Freeze<'f> {
    rows: Vec<&'f Said<FreezeChanged>>,
}

/// A freeze as one entry has it.
#[derive(Clone, Copy)]
pub(super) struct Version<'f> {
    pub id: &'f Id,
    pub entry: u64,
    pub row: &'f Said<FreezeChanged>,
    /// When it was lifted, if it was.
    lifted: Option<Timestamp>,
}

impl<'f> Calendars<'f> {
    pub(super) fn of(facts: &'f Facts) -> Self {
        let table = &facts.freeze_changed;
        let shapes = |row: &&Said<FreezeChanged>| {
            matches!(
                row.action,
                FreezeAction::Declared | FreezeAction::Amended | FreezeAction::Lifted
            )
        };
        let ids = table.ids(Reference::Freeze).into_iter();
        let one = |id: &Id| Freeze {
            rows: table.of(Reference::Freeze, id.as_str()).filter(shapes).collect(),
        };
        Self { all: ids.map(one).collect() }
    }
}

impl<'f> Freeze<'f> {
    /// The version that was known when the deployment began.
    pub(super) fn known(&self, deployment: &Deployment<'_>) -> Option<Version<'f>> {
        let count = self.rows.partition_point(|row| row.at.index < deployment.first);
        self.version(count)
    }

    /// The version after its first rows.
    fn version(&self, count: usize) -> Option<Version<'f>> {
        let rows = self.rows.get(..count)?;
        let row = rows.iter().rfind(|row| row.action != FreezeAction::Lifted).copied()?;
        let lifted = rows.last().filter(|last| last.action == FreezeAction::Lifted);
        let entry = lifted.map_or(row.at.index, |last| last.at.index);
        Some(Version {
            id: &row.what.freeze,
            entry,
            row,
            lifted: lifted.map(|last| last.at.occurred),
        })
    }

    /// An earlier version that held for the deployment, and the entry that changed it inside of its
    /// window, or after it.
    pub(super) fn edited(
        &self,
        context: &Context<'_>,
        deployment: &Deployment<'_>,
    ) -> Option<(Version<'f>, u64)> {
        let count = self.rows.partition_point(|row| row.at.index < deployment.first);
        (1..count).find_map(|known| {
            let version = self.version(known)?;
            let edit = self.rows.get(known)?;
            let inside = edit.at.occurred >= version.row.window.start;
            (inside && version.holds(context, deployment) == Holds::Yes)
                .then_some((version, edit.at.index))
        })
    }
}

impl Version<'_> {
    /// Its window in words, with the zone in which it was declared.
    pub(super) fn window_words(&self) -> String {
        let window = &self.row.window;
        format!("{} to {} ({})", window.start, window.end, window.tz)
    }

    /// Whether the deployment ran in its window; none if it did not.
    pub(super) fn meets(
        &self,
        context: &Context<'_>,
        deployment: &Deployment<'_>,
    ) -> Option<Holds> {
        let window = &self.row.window;
        let end = self.lifted.map_or(window.end, |lifted| lifted.min(window.end));
        // the end is no part of a window: one without length holds nothing
        if window.start >= end || deployment.at >= end {
            return None;
        }
        if deployment.ended() >= window.start {
            return Some(Holds::Yes);
        }
        let running = deployment.finished.is_none() && context.now >= window.start;
        running.then_some(Holds::Endless)
    }

    /// Whether it lets changes of the deployment's class through.
    pub(super) fn allows(&self, deployment: &Deployment<'_>) -> bool {
        let class = deployment.class().map_or(Class::Normal, |(class, _)| class);
        self.row.allowed_class == Some(class)
    }

    /// Whether it holds where the deployment went; none if that cannot be told.
    pub(super) fn covers(
        &self,
        context: &Context<'_>,
        deployment: &Deployment<'_>,
    ) -> Option<bool> {
        let scope = &self.row.scope;
        let standing = deployment.standing(context.facts);
        let systems = standing.systems();
        if let Some(named) = &scope.environments
            && !named.contains(deployment.environment)
        {
            return Some(false);
        }
        if let Some(named) = &scope.systems {
            let own = systems.iter().any(|system| named.contains(&system.system));
            let told = deployment.system.is_some_and(|system| named.contains(system));
            if !own && !told {
                return if systems.is_empty() { None } else { Some(false) };
            }
        }
        let Some(named) = &scope.regions else { return Some(true) };
        if let Some(region) = deployment.started.and_then(|row| row.what.region.as_ref()) {
            return Some(named.contains(region));
        }
        // without a region of its own it may have gone to any of its system
        let regions: Vec<&Id> = systems.iter().flat_map(|system| &system.what.regions).collect();
        let (some, all) = (
            regions.iter().any(|region| named.contains(region)),
            regions.iter().all(|region| named.contains(region)),
        );
        match (regions.is_empty(), some, all) {
            (true, ..) => None,
            (_, _, true) => Some(true),
            (_, true, _) => None,
            _ => Some(false),
        }
    }
}
