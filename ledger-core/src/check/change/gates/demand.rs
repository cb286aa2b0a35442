//! Demand: the gates that must be passed: those that a layer sets, those that the policies of gates in
//! force ask for, and the conditions of a board. All as it stood at the deployment's place in the log.

use std::collections::{BTreeMap, HashMap};

use super::super::{is_of_kind, risk_of};
use super::required::{Required, gates};
use crate::check::Context;
use crate::fact::deployment::Deployment;
use crate::hash::Sha256;
use crate::schema::gate::GateKind;
use crate::schema::rules::PolicyKind;
use crate::schema::typed::Id;
use crate::schema::words::{Class, Reference};

/// What rules ask for, read once.
pub(crate) struct Demands<'c> {
    context: &'c Context<'c>,
    /// What a layer sets.
    set: Vec<String>,
    /// What kinds the verdicts of each gate name, each with the first entry that does.
    told: HashMap<&'c str, Vec<(GateKind, u64)>>,
    /// What each version of a policy of gates asks for, by its entry; or why that cannot be told.
    lists: HashMap<u64, Result<Vec<Required>, String>>,
    /// All versions that policies of gates ever had, each with the first entry that names it.
    versions: HashMap<Sha256, u64>,
}

/// One gate that must be passed.
pub(crate) struct Demand {
    pub(crate) gate: String,
    /// What it guards; none where nobody had told.
    pub(crate) kinds: Vec<GateKind>,
    /// How old its verdict may be, in microseconds, where a policy says so.
    pub(crate) max_age: Option<u64>,
}

/// All that is asked of a deployment.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) gates: Vec<Demand>,
    /// Versions of policies in force, each with its entry.
    pub(crate) policies: Vec<(Sha256, u64)>,
    /// Why some of them cannot be told, each with its entry.
    pub(crate) untold: Vec<(String, u64)>,
}

impl<'c> Demands<'c> {
    pub(crate) fn of(context: &'c Context<'c>, set: Vec<String>) -> Self {
        let facts = context.facts;
        let mut told: HashMap<&str, Vec<(GateKind, u64)>> = HashMap::new();
        for row in facts.gate_evaluated.all() {
            let kinds = told.entry(row.gate.as_str()).or_default();
            if kinds.iter().all(|(kind, _)| *kind != row.kind) {
                kinds.push((row.kind, row.at.index));
            }
        }
        let rules = || facts.policy_changed.all().iter().filter(|row| row.kind == PolicyKind::Gate);
        let list = |row: &crate::fact::Said<crate::schema::rules::PolicyChanged>| {
            (row.at.index, context.list(&row.content, gates, "gates"))
        };
        let digests = |row: &crate::fact::Said<crate::schema::rules::PolicyChanged>| {
            [row.before, row.after].map(|digest| (digest, row.at.index))
        };
        Self {
            context,
            set,
            told,
            lists: rules().map(list).collect(),
            // the first of equal ones is inserted last
            versions: rules().rev().flat_map(digests).collect(),
        }
    }

    /// Whether a policy of gates had that version before.
    pub(super) fn knew(&self, digest: &Sha256, deployment: &Deployment<'_>) -> bool {
        self.versions.get(digest).is_some_and(|first| *first < deployment.first)
    }

    /// What is asked of a deployment.
    pub(crate) fn on(&self, deployment: &Deployment<'_>) -> Asked {
        let mut asked = Asked { policies: self.policies(deployment), ..Asked::default() };
        let mut found: BTreeMap<&str, Demand> = BTreeMap::new();
        let add = |gate: &'_ str| -> Demand {
            Demand { gate: gate.to_owned(), kinds: Vec::new(), max_age: None }
        };
        for gate in &self.set {
            found.entry(gate).or_insert_with(|| add(gate));
        }
        for gate in self.conditions(deployment) {
            found.entry(gate).or_insert_with(|| add(gate));
        }
        for (_, entry) in &asked.policies {
            match self.lists.get(entry) {
                Some(Ok(rows)) => {
                    for row in rows.iter().filter(|row| self.fits(row, deployment)) {
                        let demand = found.entry(&row.gate).or_insert_with(|| add(&row.gate));
                        demand.kinds.extend(row.kind);
                        demand.max_age = demand.max_age.into_iter().chain(row.max_age).min();
                    }
                }
                Some(Err(why)) => asked.untold.push((why.clone(), *entry)),
                None => {}
            }
        }
        asked.gates = found.into_values().map(|demand| self.guards(demand, deployment)).collect();
        asked
    }

    /// What a gate guards: as a policy says, else as verdicts before had told. Who tells of another kind
    /// only adds one.
    fn guards(&self, mut demand: Demand, deployment: &Deployment<'_>) -> Demand {
        if demand.kinds.is_empty() {
            let told = self.told.get(demand.gate.as_str()).into_iter().flatten();
            let before = told.filter(|(_, entry)| *entry < deployment.first);
            demand.kinds = before.map(|(kind, _)| *kind).collect();
        }
        demand
    }

    /// Conditions of the board's last decision before it began.
    fn conditions(&self, deployment: &Deployment<'_>) -> impl Iterator<Item = &'c str> {
        let facts = self.context.facts;
        let last = deployment.change().and_then(|change| {
            let mut rows = facts.cab_decided.of(Reference::Change, change.as_str()).rev();
            rows.find(|row| row.at.occurred < deployment.at && row.at.index < deployment.first)
        });
        let conditions = last.into_iter().flat_map(|row| row.what.conditions.iter().flatten());
        conditions.map(|condition| condition.gate.as_str())
    }

    /// Versions of the policies of gates in force when it began, each with its entry.
    fn policies(&self, deployment: &Deployment<'_>) -> Vec<(Sha256, u64)> {
        let table = &self.context.facts.policy_changed;
        let of = |id: &str| {
            table
                .of(Reference::Policy, id)
                .filter(|row| row.kind == PolicyKind::Gate)
                .filter(|row| {
                    row.effective_from <= deployment.at && row.at.index < deployment.first
                })
                .max_by_key(|row| (row.effective_from, row.at.index))
                .map(|row| (row.after, row.at.index))
        };
        table.ids(Reference::Policy).into_iter().filter_map(|id| of(id.as_str())).collect()
    }

    /// Whether a row asks of the deployment. What nobody knows of it may be anything.
    fn fits(&self, row: &Required, deployment: &Deployment<'_>) -> bool {
        let standing = deployment.standing(self.context.facts);
        let systems = standing.systems();
        let one = |named: &Option<Vec<Box<str>>>, is: &str| {
            named.as_ref().is_none_or(|named| named.iter().any(|known| **known == *is))
        };
        let class = deployment.class().map_or(Class::Normal, |(class, _)| class);
        let regions: Vec<&str> = match deployment.started.and_then(|s| s.what.region.as_ref()) {
            Some(region) => vec![region.as_str()],
            None => systems.iter().flat_map(|s| &s.what.regions).map(Id::as_str).collect(),
        };
        let risk =
            || risk_of(self.context, deployment).is_none_or(|(r, _)| one(&row.risks, r.as_str()));
        let of_kind = |kinds: &Vec<Box<str>>| {
            let kinds: Vec<String> = kinds.iter().map(ToString::to_string).collect();
            is_of_kind(self.context, deployment, &kinds)
        };
        one(&row.classes, class.as_str())
            && one(&row.environments, deployment.environment.as_str())
            && one(&row.services, deployment.service.as_str())
            && (systems.is_empty() || systems.iter().any(|s| one(&row.systems, s.system.as_str())))
            && (systems.is_empty() || systems.iter().any(|s| one(&row.tiers, s.tier.as_str())))
            && (regions.is_empty() || regions.iter().any(|region| one(&row.regions, region)))
            && (row.risks.is_none() || risk())
            && row.change_kinds.as_ref().is_none_or(of_kind)
    }
}
