//! Cadence: whether each production environment is observed often enough.

use crate::schema::typed::Id;
use std::collections::HashMap;

use super::{GAP, SNAPSHOT_EVERY};
use crate::check::{Census, Context, Item, span};
use crate::fact::Said;
use crate::schema::scope::{EnvironmentClass, SystemRegistered};
use crate::schema::words::Reference;
use crate::time::Timestamp;

/// When an environment was observed in a region: by system, where the event names one.
type Seen<'c> = HashMap<(&'c str, &'c str), Vec<(Timestamp, u64, Option<&'c str>)>>;

/// One item for each production environment of each system in the period.
pub(super) fn judge(context: &Context<'_>, census: &mut Census) {
    let mut seen: Seen<'_> = HashMap::new();
    for row in context.facts.runtime_observed.all() {
        let system = row.what.subject.get(Reference::System).map(Id::as_str);
        let place =
            (row.what.environment.as_str(), row.what.region.as_ref().map_or("", |id| id.as_str()));
        seen.entry(place).or_default().push((row.taken_at, row.at.index, system));
    }
    for times in seen.values_mut() {
        times.sort_unstable();
    }
    // as they stood at the end of the period, which may not be over
    let end = context.period.to.min(context.now);
    for system in context.facts.systems(end) {
        if !system.is_under(context.regime) {
            continue;
        }
        for place in system.environments.iter() {
            if place.class != EnvironmentClass::Production {
                continue;
            }
            let environment = place.name.as_str();
            let mut item =
                Item::new(format!("{}/{environment}", system.system), context.period.from);
            item.system = Some(system.system.to_string());
            item.cite([system.at.index]);
            let mut regions: Vec<&str> = system.regions.iter().map(Id::as_str).collect();
            if regions.is_empty() {
                let known = seen.keys().filter(|(name, _)| *name == environment);
                regions.extend(known.map(|(_, region)| *region));
                regions.sort_unstable();
            }
            if regions.is_empty() {
                regions.push("");
            }
            let single = regions.len() == 1;
            for region in regions {
                let mut times = seen.get(&(environment, region)).cloned().unwrap_or_default();
                if single && !region.is_empty() {
                    // where there is one region, an observation need not name it
                    times.extend(seen.get(&(environment, "")).into_iter().flatten().copied());
                    times.sort_unstable();
                }
                gaps(context, system, (environment, region), &times, end, &mut item);
            }
            census.items.push(item);
        }
    }
}

/// The longest time in which nobody looked.
fn gaps(
    context: &Context<'_>,
    system: &Said<SystemRegistered>,
    (environment, region): (&str, &str),
    times: &[(Timestamp, u64, Option<&str>)],
    end: Timestamp,
    item: &mut Item,
) {
    let every = context.parameters.span(&SNAPSHOT_EVERY);
    let ids = context.facts.system_registered.of(Reference::System, system.system.as_str());
    let registered = ids.map(|row| row.from.unwrap_or(row.at.occurred)).min();
    let start = context.period.from.max(registered.unwrap_or(context.period.from));
    let own = |known: &&(Timestamp, u64, Option<&str>)| {
        known.2.is_none_or(|id| id == system.system.as_str()) && known.0 <= end
    };
    let mut last = (start, None);
    let mut longest: Option<Gap> = None;
    let mut count: u64 = 0;
    let look = |from: (Timestamp, Option<u64>), to: (Timestamp, Option<u64>)| {
        let length = to.0.micros().saturating_sub(from.0.micros());
        (length > every).then_some((from.0, from.1, to.0, to.1))
    };
    for (at, entry, _) in times.iter().filter(own) {
        if *at > start {
            let gap = look(last, (*at, Some(*entry)));
            count += u64::from(gap.is_some());
            longest = longer(longest, gap);
        }
        last = (*at, Some(*entry));
    }
    let gap = look(last, (end, None));
    count += u64::from(gap.is_some());
    longest = longer(longest, gap);
    if let Some((from, before, to, after)) = longest {
        let region = if region.is_empty() { String::new() } else { format!(" in {region}") };
        let length = span(to.micros().saturating_sub(from.micros()));
        let sentence = format!(
            "environment {environment} of {}{region} was not observed for {length}, from {from} to {to}; \
             {count} times it was longer than allowed",
            system.system
        );
        let cited = [system.at.index].into_iter().chain(before).chain(after);
        item.raise(&GAP, sentence, cited);
    }
}

type Gap = (Timestamp, Option<u64>, Timestamp, Option<u64>);

fn longer(a: Option<Gap>, b: Option<Gap>) -> Option<Gap> {
    let length = |gap: &Gap| gap.2.micros().saturating_sub(gap.0.micros());
    match (a, b) {
        (Some(a), Some(b)) => Some(if length(&b) > length(&a) { b } else { a }),
        (a, b) => a.or(b),
    }
}
