//! T06 gates-passed: every gate that the rules in force ask for was passed by what is deployed.
//!
//! A verdict is not believed, it is computed again from the tests and scans that it names; one that a
//! source outside reported counts as that source's word. Gates of emergencies are run afterwards: T07.

mod beside;
mod demand;
mod evidence;
mod passed;
mod required;
mod waiver;

use self::demand::Demand;
use self::waiver::Waived;
use super::{UNDECLARED, UNREAD};
use crate::check::{Census, Context, Direction, Item, Kind, Parameter, Severity, Test, Value};
use crate::fact::Said;
use crate::fact::author::Authors;
use crate::fact::deployment::Deployment;
use crate::fact::entitled::Entitled;
use crate::fact::line::Lines;
use crate::hash::Sha256;
use crate::schema::gate::{GateEvaluated, GateKind};
use crate::schema::words::{Class, Reference};

pub(crate) use demand::Demands;
pub(crate) use evidence::{Support, support};

/// Beside what the policies in force ask for.
pub(super) const REQUIRED: Parameter = Parameter::new(
    "required",
    || Value::Ids(Vec::new()),
    Direction::Larger,
    "gates that must be passed beside those that the policies in force ask for; where none is asked for, the test cannot tell",
);
const KIND: Parameter = Parameter::new(
    "kind",
    || Value::Ids(["quality", "security", "privacy", "release"].map(str::to_owned).to_vec()),
    Direction::Larger,
    "kinds of gate that are tested",
);
const SCANS: Parameter = Parameter::new(
    "scans",
    || Value::Ids(Vec::new()),
    Direction::Larger,
    "kinds of scan that must stand behind a passed gate",
);
const CHANGE_KINDS: Parameter = Parameter::new(
    "change_kinds",
    || Value::Ids(["routine", "major", "new_system", "migration"].map(str::to_owned).to_vec()),
    Direction::Either,
    "kinds of change that are tested",
);
const MAX_AGE: Parameter = Parameter::new(
    "max_age",
    || Value::days(7),
    Direction::Smaller,
    "how old an evaluation may be when the deployment starts",
);
const MAX_RETRIES: Parameter = Parameter::new(
    "max_retries",
    || Value::Count(3),
    Direction::Smaller,
    "evaluations of one gate and artifact before a pass is pointed out as retried to green",
);
const TEST_DROP: Parameter = Parameter::new(
    "test_drop",
    || Value::Percent(10),
    Direction::Smaller,
    "drop in the number of tests against the deployment before that is pointed out",
);

const FAILED: Kind =
    Kind::fails("gate-failed", Severity::High, "deployed although a gate had failed");
const MISSING: Kind =
    Kind::fails("gate-missing", Severity::High, "a gate that is required gave no verdict before");
const WAIVER: Kind = Kind::fails(
    "waiver-invalid",
    Severity::High,
    "the waiver of the gate was over, or who gave it could not give it",
);
const OTHER_POLICY: Kind = Kind::fails(
    "gate-of-another-policy",
    Severity::High,
    "the gate was judged by rules that were not in force",
);
const OTHER_TIER: Kind = Kind::fails(
    "gate-of-another-tier",
    Severity::Medium,
    "the gate was judged for another tier than its system has",
);
const STALE: Kind =
    Kind::fails("gate-stale", Severity::Medium, "the verdict of the gate was too old");
const SCAN: Kind =
    Kind::fails("scan-missing", Severity::High, "a kind of scan that is required did not pass");
const RETRIED: Kind = Kind::fails(
    "retried-to-green",
    Severity::Info,
    "the gate was evaluated again and again until it passed",
);
const FEWER: Kind =
    Kind::fails("fewer-tests", Severity::Info, "many fewer tests ran than for what ran before");
const UNDECIDED: Kind = Kind::undecided(
    "gate-undecided",
    Severity::High,
    "the gate could not tell, or nothing says what its verdict stands on",
);
const UNSET: Kind = Kind::undecided(
    "required-unset",
    Severity::High,
    "nobody said which gates of these kinds must be passed, or by which rules",
);
/// Who waived it cannot be told apart from who took part, or nobody says that they may.
pub(crate) const UNRESOLVED: Kind = Kind::undecided(
    "waiver-unresolved",
    Severity::Medium,
    "it cannot be told whether who waived the gate was independent and allowed to",
);
const MISSING_ARTIFACT: Kind =
    Kind::undecided("artifact-missing", Severity::High, "nothing says what was deployed");

/// T06.
pub const TEST: Test = Test {
    id: "T06",
    name: "gates-passed",
    version: "1",
    population: "deployments to production, without emergencies",
    rule: "For every gate that was required, a verdict over this artifact and environment by the rules \
           in force was a pass, stands on passed tests and scans, and was young enough; or an \
           independent person with authority had waived it.",
    parameters: &[REQUIRED, KIND, SCANS, CHANGE_KINDS, MAX_AGE, MAX_RETRIES, TEST_DROP],
    kinds: &[
        FAILED,
        MISSING,
        WAIVER,
        OTHER_POLICY,
        OTHER_TIER,
        STALE,
        SCAN,
        RETRIED,
        FEWER,
        UNDECIDED,
        UNSET,
        UNRESOLVED,
        MISSING_ARTIFACT,
        UNREAD,
        UNDECLARED,
    ],
    run,
};

/// What all deployments are held against.
struct Gates<'c> {
    context: &'c Context<'c>,
    demands: Demands<'c>,
    kinds: Vec<GateKind>,
    authors: Authors<'c>,
    lines: Lines<'c>,
    entitled: Entitled<'c>,
}

fn run(context: &Context<'_>) -> Census {
    let mut census = Census::default();
    let parameters = context.parameters;
    let gates = Gates {
        context,
        demands: Demands::of(context, parameters.ids(&REQUIRED)),
        kinds: parameters.ids(&KIND).iter().filter_map(|word| GateKind::parse(word)).collect(),
        authors: Authors::of(context.facts),
        lines: Lines::of(context.facts),
        entitled: Entitled::of(context.facts),
    };
    let kinds = parameters.ids(&CHANGE_KINDS);
    for (deployment, mut item) in super::deployments(context, &[], &mut census) {
        if deployment.class().map(|(class, _)| class) == Some(Class::Emergency) {
            census.exclude("emergency, whose gates are run afterwards");
            continue;
        }
        if !super::is_of_kind(context, &deployment, &kinds) {
            census.exclude("change of another kind");
            continue;
        }
        if let Some(artifact) = deployment.artifact() {
            gates.judge(&deployment, artifact, &mut item);
        } else {
            let sentence = format!("{} and names no artifact", deployment.words());
            item.raise(&MISSING_ARTIFACT, sentence, deployment.entries());
        }
        census.items.push(item);
    }
    census
}

impl<'c> Gates<'c> {
    fn judge(&self, deployment: &Deployment<'c>, artifact: Sha256, item: &mut Item) {
        let words = deployment.words();
        let asked = self.demands.on(deployment);
        item.cite(asked.policies.iter().map(|(_, entry)| *entry));
        if asked.policies.is_empty() {
            let sentence = format!("{words}; no policy of gates was in force");
            item.raise(&UNSET, sentence, deployment.entries());
        }
        for (why, entry) in &asked.untold {
            let sentence =
                format!("{words}; of the policy of gates in force (entry {entry}) {why}");
            item.raise(&UNSET, sentence, deployment.entries().chain([*entry]));
        }
        // a gate whose kind nobody had told may be of any
        let tested = |demand: &&Demand| {
            demand.kinds.is_empty() || demand.kinds.iter().any(|kind| self.kinds.contains(kind))
        };
        let gates: Vec<&Demand> = asked.gates.iter().filter(tested).collect();
        item.read("required", gates.len());
        if gates.is_empty() {
            let sentence = format!("{words}; nobody said which gates it must pass");
            item.raise(&UNSET, sentence, deployment.entries());
        }
        for demand in gates {
            self.gate(deployment, artifact, demand, &asked.policies, item);
        }
        self.scans(deployment, artifact, item);
        self.fewer(deployment, artifact, item);
    }

    fn gate(
        &self,
        deployment: &Deployment<'c>,
        artifact: Sha256,
        demand: &Demand,
        policies: &[(Sha256, u64)],
        item: &mut Item,
    ) {
        let (words, gate) = (deployment.words(), demand.gate.as_str());
        let rows: Vec<&Said<GateEvaluated>> = before(self.context, deployment, artifact, gate);
        let last = rows.iter().copied().max_by_key(|row| (row.at.occurred, row.at.index));
        item.cite(last.map(|row| row.at.index));
        let (kind, severity, why, cited) = match last {
            None => {
                let why = format!("gate {gate} gave no verdict on it before");
                (&MISSING, Severity::High, why, Vec::new())
            }
            Some(row) => match support(self.context, row, artifact) {
                Support::Passed(said) => {
                    item.cite(said);
                    self.of_tier(deployment, row, item);
                    self.young(deployment, row, demand.max_age, item);
                    return self.passed(deployment, row, rows.len(), policies, item);
                }
                Support::Failed(why, mut said) => {
                    let guards = demand
                        .kinds
                        .iter()
                        .chain([&row.kind])
                        .any(|kind| matches!(kind, GateKind::Security | GateKind::Privacy));
                    let severity = if guards { Severity::Critical } else { Severity::High };
                    said.push(row.at.index);
                    (&FAILED, severity, why, said)
                }
                Support::Unknown(why, mut said) => {
                    said.push(row.at.index);
                    (&UNDECIDED, Severity::High, why, said)
                }
            },
        };
        match self.waived(deployment, artifact, gate) {
            Waived::Yes(said) => {
                item.read("waived", gate);
                item.cite(said);
            }
            Waived::No => {
                let cited = deployment.entries().chain(cited);
                item.raise_as(kind, severity, format!("{words}; {why}"), cited);
            }
            Waived::Wrongly(how, said) => {
                let sentence = format!("{words}; {why}, and its waiver {how}");
                item.raise(&WAIVER, sentence, cited.into_iter().chain(said));
            }
            Waived::Unknown(how, said) => {
                let sentence = format!("{words}; {why}, and of its waiver {how}");
                item.raise(&UNRESOLVED, sentence, cited.into_iter().chain(said));
            }
        }
    }
}

/// Verdicts of a gate on an artifact for the deployment's environment, given before it began.
fn before<'c>(
    context: &Context<'c>,
    deployment: &Deployment<'_>,
    artifact: Sha256,
    gate: &str,
) -> Vec<&'c Said<GateEvaluated>> {
    let reference = artifact.to_reference();
    let rows = context.facts.gate_evaluated.of(Reference::Artifact, &reference);
    rows.filter(|row| {
        row.gate.as_str() == gate
            && row.environment == *deployment.environment
            && !row.retrospective.0
            && row.at.occurred < deployment.at
            && row.at.index < deployment.first
    })
    .collect()
}
