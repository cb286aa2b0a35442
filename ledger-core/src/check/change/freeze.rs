//! T09 freeze-respected: nothing went out while production was frozen, or with leave given before.
//!
//! A freeze is judged as it was known when the deployment began. Windows are UTC; the zone in which one
//! was declared stands beside it. A window without length holds nothing.

mod calendar;
mod leave;

use self::calendar::{Calendars, Version};
use super::{UNDECLARED, UNREAD};
use crate::check::{Census, Context, Direction, Kind, Parameter, Severity, Test, Value};
use crate::fact::deployment::Deployment;
use crate::fact::entitled::Entitled;

const SINGLE_USE: Parameter = Parameter::new(
    "exception_single_use",
    || Value::Flag(true),
    Direction::Larger,
    "an exception covers one change or artifact, once",
);

const FROZEN: Kind =
    Kind::fails("in-freeze", Severity::High, "it ran in a freeze, and nobody had let it");
const AFTERWARDS: Kind = Kind::fails(
    "exception-after-start",
    Severity::Medium,
    "it was let through the freeze only after it had begun",
);
const WRONGLY: Kind = Kind::fails(
    "exception-invalid",
    Severity::High,
    "who let it through the freeze asked for it, or had no authority over it",
);
const SPENT: Kind =
    Kind::fails("exception-spent", Severity::High, "the exception had been used before");
/// The freeze was changed inside of its window.
pub(crate) const EDITED: Kind = Kind::fails(
    "calendar-edited",
    Severity::High,
    "the freeze was moved or lifted inside of its window, and that let it through",
);
const UNRESOLVED: Kind = Kind::undecided(
    "exception-unresolved",
    Severity::Medium,
    "it cannot be told whether who let it through was another person with authority",
);
const REGION: Kind = Kind::undecided(
    "scope-unknown",
    Severity::Medium,
    "it cannot be told whether the freeze holds where it went",
);
const ENDLESS: Kind = Kind::undecided(
    "end-unknown",
    Severity::Medium,
    "its end is not known, and it may have run into a freeze",
);

/// What says that a freeze was not respected.
pub(crate) const BROKEN: &[Kind] = &[FROZEN, AFTERWARDS, WRONGLY, SPENT, EDITED];
/// What says that this cannot be told.
pub(crate) const UNTOLD: &[Kind] = &[UNRESOLVED, REGION, ENDLESS];

/// T09.
pub const TEST: Test = Test {
    id: "T09",
    name: "freeze-respected",
    version: "1",
    population: "deployments to production",
    rule: "From its start to its end no freeze held where it went, or the authority over the freeze, \
           another person than who asked, had let exactly this through before; and no freeze was moved \
           inside of its own window to let it through.",
    parameters: &[SINGLE_USE],
    kinds: &[
        FROZEN, AFTERWARDS, WRONGLY, SPENT, EDITED, UNRESOLVED, REGION, ENDLESS, UNREAD, UNDECLARED,
    ],
    run,
};

fn run(context: &Context<'_>) -> Census {
    let mut census = Census::default();
    let calendars = Calendars::of(context.facts);
    let entitled = Entitled::of(context.facts);
    let uses = leave::Uses::of(context);
    for (deployment, mut item) in super::deployments(context, &[], &mut census) {
        for freeze in &calendars.all {
            let Some(version) = freeze.known(&deployment) else { continue };
            item.cite([version.entry]);
            let edited = freeze.edited(context, &deployment);
            match version.holds(context, &deployment) {
                Holds::Yes => {
                    item.read("freeze", version.id);
                    leave::judge(context, &entitled, &uses, &deployment, version, &mut item);
                }
                Holds::No => {
                    if let Some((before, edit)) = edited {
                        let sentence = format!(
                            "{}; freeze {} from {} (entry {}) was changed inside of its window (entry {edit})",
                            deployment.words(),
                            before.id,
                            before.window_words(),
                            before.entry
                        );
                        item.raise(
                            &EDITED,
                            sentence,
                            deployment.entries().chain([before.entry, edit]),
                        );
                    }
                }
                Holds::Endless => {
                    let sentence = format!(
                        "{} and has no end yet; freeze {} holds from {} (entry {})",
                        deployment.words(),
                        version.id,
                        version.window_words(),
                        version.entry
                    );
                    item.raise(&ENDLESS, sentence, deployment.entries().chain([version.entry]));
                }
                Holds::Unknown => {
                    let sentence = format!(
                        "{} in no region that it names; freeze {} from {} holds in some (entry {})",
                        deployment.words(),
                        version.id,
                        version.window_words(),
                        version.entry
                    );
                    item.raise(&REGION, sentence, deployment.entries().chain([version.entry]));
                }
            }
        }
        census.items.push(item);
    }
    census
}

/// Whether a freeze holds for a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Yes,
    No,
    /// It did when it has not ended by now.
    Endless,
    /// Where it went is not known.
    Unknown,
}

impl Version<'_> {
    /// Whether this version of a freeze holds for a deployment.
    fn holds(&self, context: &Context<'_>, deployment: &Deployment<'_>) -> Holds {
        let Some(meets) = self.meets(context, deployment) else { return Holds::No };
        if self.allows(deployment) {
            return Holds::No;
        }
        match self.covers(context, deployment) {
            Some(false) => Holds::No,
            None => Holds::Unknown,
            Some(true) => meets,
        }
    }
}
