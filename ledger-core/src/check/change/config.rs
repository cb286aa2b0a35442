//! T11 config-change-controlled: who changes what guards production does not decide it alone.
//!
//! Rules, and keys that may decide, are changed by as many persons as the ledger's threshold says: the
//! law of the log holds that, and here it is asked whether the threshold means two.

mod case;
mod population;
mod protection;

use std::collections::HashMap;

use self::case::Case;
use super::UNREAD;
use super::approval::Decided;
use crate::check::{
    Census, Context, Direction, Item, Kind, Parameter, Severity, Test, Value, entries, span,
};
use crate::fact::Said;
use crate::schema::deploy::{ConfigAction, ConfigChanged, ConfigClass};
use crate::schema::words::Answer;
use crate::time::Timestamp;

pub use protection::{Gap, Protection};

pub(super) const CLASSES: Parameter = Parameter::new(
    "classes",
    || {
        let words = [
            "pipeline",
            "branch_protection",
            "approval_policy",
            "deploy_secret",
            "iam",
            "logging",
            "encryption",
            "tls",
            "mfa",
            "session",
            "network",
            "pseudonymisation",
            "data_region",
            "third_party_endpoint",
            "retention",
            "policy",
            "key",
            "feature_flag",
            "freeze",
        ];
        Value::Ids(words.map(str::to_owned).to_vec())
    },
    Direction::Larger,
    "classes of configuration change that are tested; `policy`, `key`, `feature_flag` and `freeze` stand for the event types `policy.changed`, `key.*`, `feature_flag.changed` and `freeze.changed`",
);
const SECURITY_ROLES: Parameter = Parameter::new(
    "security_roles",
    || Value::Ids(vec!["security".to_owned()]),
    Direction::Either,
    "roles of which one must approve a weakening",
);

const SELF: Kind = Kind::fails(
    "self-approved",
    Severity::Critical,
    "who changed it is the only one who approved it",
);
const UNAPPROVED: Kind =
    Kind::fails("unapproved", Severity::High, "nobody else had approved it before");
const WEAKENED: Kind = Kind::fails(
    "protection-weakened",
    Severity::High,
    "a protection was weakened, and security had not approved it",
);
const UNCHANGED: Kind = Kind::fails(
    "before-after-missing",
    Severity::Medium,
    "what it was before and is afterwards was not kept",
);
const UNRESOLVED: Kind = Kind::undecided(
    "person-unresolved",
    Severity::Medium,
    "it cannot be told whether who changed it and who approved it are two persons",
);
const UNSURE: Kind = Kind::undecided(
    "weakening-unknown",
    Severity::Medium,
    "it cannot be told whether a protection was weakened",
);
const SYSTEM: Kind = Kind::undecided(
    "system-undeclared",
    Severity::High,
    "the system is not registered, so nobody can say where it belongs",
);
const THRESHOLD: Kind = Kind::undecided(
    "threshold-unknown",
    Severity::High,
    "it cannot be told how many persons must sign changes of rules and keys",
);

/// T11.
pub const TEST: Test = Test {
    id: "T11",
    name: "config-change-controlled",
    version: "1",
    population: "changes of what guards production: settings, rules, keys, feature flags, freezes",
    rule: "Another person than who changed it had approved it under its change before; what it was \
           before and after is kept; and no protection was weakened without security's approval.",
    parameters: &[CLASSES, SECURITY_ROLES],
    kinds: &[SELF, UNAPPROVED, WEAKENED, UNCHANGED, UNRESOLVED, UNSURE, SYSTEM, THRESHOLD, UNREAD],
    run,
};

fn run(context: &Context<'_>) -> Census {
    let mut census = Census::default();
    let classes = context.parameters.ids(&CLASSES);
    population::settings(context, &classes, &mut census);
    population::flags(context, &classes, &mut census);
    population::freezes(context, &classes, &mut census);
    population::rules(context, &classes, &mut census);
    population::unread(context, &mut census);
    census.items.sort_by_key(|item| item.entries.first().copied());
    census
}

/// How bad it is that nobody approved a change of this class.
fn severity(class: ConfigClass) -> Severity {
    if class == ConfigClass::ApprovalPolicy { Severity::Critical } else { Severity::High }
}

/// Changes of settings, by system and item.
struct Settings<'c> {
    by: HashMap<(&'c str, &'c str), Vec<&'c Said<ConfigChanged>>>,
}

impl<'c> Settings<'c> {
    fn of(context: &Context<'c>) -> Self {
        let mut by: HashMap<_, Vec<&Said<ConfigChanged>>> = HashMap::new();
        for row in context.facts.config_changed.all() {
            by.entry((row.system.as_str(), row.item.as_str())).or_default().push(row);
        }
        for rows in by.values_mut() {
            rows.sort_by_key(|row| (row.at.occurred, row.at.index));
        }
        Self { by }
    }

    /// Until when a change held that weakened something; the change itself if it did not.
    fn restored(&self, row: &Said<ConfigChanged>) -> Option<Timestamp> {
        if !is_weaker(row) {
            return Some(row.at.occurred);
        }
        let rows = self.by.get(&(row.system.as_str(), row.item.as_str()))?;
        let after = |next: &&&Said<ConfigChanged>| {
            (next.at.occurred, next.at.index) > (row.at.occurred, row.at.index)
                && next.weakened == Answer::No
                && next.action != ConfigAction::Bypassed
        };
        rows.iter().find(after).map(|next| next.at.occurred)
    }
}

/// Whether it surely weakened something; to bypass a protection is to be without it.
fn is_weaker(row: &ConfigChanged) -> bool {
    row.weakened == Answer::Yes || row.action == ConfigAction::Bypassed
}

/// Whether a protection was weakened without security; the moment it ended is not asked.
fn loosened(
    context: &Context<'_>,
    row: &Said<ConfigChanged>,
    approvals: &[&Decided],
    item: &mut Item,
) -> bool {
    let words = || Case::of(row, Severity::High).words;
    if row.weakened == Answer::Unknown && row.action != ConfigAction::Bypassed {
        let sentence = format!("{}; nobody knows whether that weakened a protection", words());
        item.raise(&UNSURE, sentence, [row.at.index]);
        return false;
    }
    let roles = context.parameters.ids(&SECURITY_ROLES);
    let secured = |approval: &&Decided| roles.iter().any(|role| role == approval.role.as_str());
    if !is_weaker(row) || approvals.iter().any(secured) {
        return false;
    }
    let sentence = format!(
        "{}, which weakened a protection; nobody in role {} had approved it",
        words(),
        roles.join(" or ")
    );
    item.raise(&WEAKENED, sentence, [row.at.index]);
    true
}

/// What was deployed while a protection was weak, makes it worse.
fn exposed(
    row: &Said<ConfigChanged>,
    until: Option<Timestamp>,
    deployments: &[(Timestamp, String, u64)],
    item: &mut Item,
) {
    let begin = deployments.partition_point(|(at, ..)| *at < row.at.occurred);
    let rest = deployments.get(begin..).unwrap_or_default();
    let end = until.map_or(rest.len(), |until| rest.partition_point(|(at, ..)| *at < until));
    let ran = rest.get(..end).unwrap_or_default();
    let (Some((_, first, _)), Some(weak)) =
        (ran.first(), item.exceptions.iter().position(|e| e.code == WEAKENED.code))
    else {
        return;
    };
    let long = until.map_or("and was never put back".to_owned(), |until| {
        let micros = until.micros().saturating_sub(row.at.occurred.micros());
        format!("for {}", span(micros))
    });
    // the first few are enough to cite
    let indexes: Vec<u64> = ran.iter().take(16).map(|(.., index)| *index).collect();
    let sentence = format!(
        "{} {long}; {} deployments to production ran meanwhile, the first {first} ({})",
        item.exceptions.get(weak).map(|e| e.sentence.clone()).unwrap_or_default(),
        ran.len(),
        entries(&indexes),
    );
    item.exceptions.remove(weak);
    item.raise_as(
        &WEAKENED,
        Severity::Critical,
        sentence,
        indexes.into_iter().chain([row.at.index]),
    );
}
