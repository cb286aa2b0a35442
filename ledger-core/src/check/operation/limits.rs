//! Limits: how much time each clock gives.
//!
//! A month counts as 30 days: never later than what a law calls a month.

use crate::check::{Direction, Parameter, Parameters, Value};
use crate::schema::words::Severity;

pub(super) const CLOCKS: Parameter = Parameter::new(
    "clocks",
    || Value::Ids(["ack", "contain", "resolve"].map(str::to_owned).to_vec()),
    Direction::Larger,
    "clocks that are tested; `ack`, `contain` and `resolve` take the limit of the incident's severity",
);

/// All limits of T23.
pub(super) const ALL: &[Parameter] = &[
    CLOCKS,
    Parameter::new(
        "ack-sev1",
        || Value::minutes(15),
        Direction::Smaller,
        "from the detection of an incident of severity sev1 to `acknowledged`",
    ),
    Parameter::new(
        "ack-sev2",
        || Value::hours(1),
        Direction::Smaller,
        "from the detection of an incident of severity sev2 to `acknowledged`",
    ),
    Parameter::new(
        "ack-sev3",
        || Value::hours(4),
        Direction::Smaller,
        "from the detection of an incident of severity sev3 to `acknowledged`",
    ),
    Parameter::new(
        "ack-sev4",
        || Value::days(1),
        Direction::Smaller,
        "from the detection of an incident of severity sev4 to `acknowledged`",
    ),
    Parameter::new(
        "ack-sev5",
        || Value::days(2),
        Direction::Smaller,
        "from the detection of an incident of severity sev5 to `acknowledged`",
    ),
    Parameter::new(
        "contain-sev1",
        || Value::hours(4),
        Direction::Smaller,
        "from the detection of an incident of severity sev1 to `mitigated`",
    ),
    Parameter::new(
        "contain-sev2",
        || Value::hours(8),
        Direction::Smaller,
        "from the detection of an incident of severity sev2 to `mitigated`",
    ),
    Parameter::new(
        "contain-sev3",
        || Value::days(1),
        Direction::Smaller,
        "from the detection of an incident of severity sev3 to `mitigated`",
    ),
    Parameter::new(
        "contain-sev4",
        || Value::days(5),
        Direction::Smaller,
        "from the detection of an incident of severity sev4 to `mitigated`",
    ),
    Parameter::new(
        "contain-sev5",
        || Value::days(10),
        Direction::Smaller,
        "from the detection of an incident of severity sev5 to `mitigated`",
    ),
    Parameter::new(
        "resolve-sev1",
        || Value::days(1),
        Direction::Smaller,
        "from the detection of an incident of severity sev1 to `resolved`",
    ),
    Parameter::new(
        "resolve-sev2",
        || Value::days(3),
        Direction::Smaller,
        "from the detection of an incident of severity sev2 to `resolved`",
    ),
    Parameter::new(
        "resolve-sev3",
        || Value::days(10),
        Direction::Smaller,
        "from the detection of an incident of severity sev3 to `resolved`",
    ),
    Parameter::new(
        "resolve-sev4",
        || Value::days(30),
        Direction::Smaller,
        "from the detection of an incident of severity sev4 to `resolved`",
    ),
    Parameter::new(
        "resolve-sev5",
        || Value::days(60),
        Direction::Smaller,
        "from the detection of an incident of severity sev5 to `resolved`",
    ),
    Parameter::new(
        "gdpr-33-1",
        || Value::hours(72),
        Direction::Smaller,
        "controller: from awareness of a breach to the notice to the authority; over it only with recorded reasons",
    ),
    Parameter::new(
        "gdpr-33-2",
        || Value::hours(24),
        Direction::Smaller,
        "processor: from awareness of a breach to the notice to the controller; the law says without undue delay (GDPR Art 33(2)) and sets no number",
    ),
    Parameter::new(
        "gdpr-34",
        || Value::hours(72),
        Direction::Smaller,
        "from awareness of a breach of high risk to the notice to the persons; the law says without undue delay (GDPR Art 34(1)) and sets no number",
    ),
    Parameter::new(
        "hipaa-164-404",
        || Value::days(60),
        Direction::Smaller,
        "from the discovery of a breach to the notice to the persons: the outer limit",
    ),
    Parameter::new(
        "hipaa-164-408",
        || Value::days(60),
        Direction::Smaller,
        "from the discovery of a breach of 500 persons or more to the notice to the Secretary: the outer limit",
    ),
    Parameter::new(
        "hipaa-164-410",
        || Value::days(60),
        Direction::Smaller,
        "business associate: from the discovery of a breach to the notice to the covered entity: the outer limit",
    ),
    Parameter::new(
        "customer",
        || Value::hours(72),
        Direction::Smaller,
        "from awareness of a breach to the notice to a customer, where a contract asks for it",
    ),
    Parameter::new(
        "dsr",
        || Value::days(30),
        Direction::Smaller,
        "from the receipt of a person's request to its decision; T28 reads the same clock",
    ),
    Parameter::new(
        "dsr-extended",
        || Value::days(90),
        Direction::Smaller,
        "the same where the request was extended within its first month: one month and two more",
    ),
];

/// The limit of a clock of the company, for incidents of a severity.
pub(super) fn of(parameters: &Parameters, clock: &str, severity: Severity) -> u64 {
    named(parameters, &format!("{clock}-{}", severity.as_str()))
}

/// The limit of a clock.
pub(super) fn named(parameters: &Parameters, name: &str) -> u64 {
    ALL.iter().find(|known| known.name == name).map_or(0, |known| parameters.span(known))
}

/// Whether a law sets the limit.
pub(super) fn is_law(name: &str) -> bool {
    name.starts_with("gdpr-") || name.starts_with("hipaa-") || name.starts_with("dsr")
}
