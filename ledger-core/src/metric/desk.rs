//! Desk: what the metrics are computed from, looked up once.

use std::collections::{BTreeMap, BTreeSet};

use super::definition::Definitions;
use super::ground::Ground;
use super::member::{Adds, Member};
use crate::check::{Context, Parameters, Test};
use crate::error::Result;
use crate::fact::Facts;
use crate::fact::author::Authors;
use crate::fact::deployment::Deployment;
use crate::fact::line::Lines;
use crate::fact::scope::Standing;
use crate::schema::scope::EnvironmentClass;
use crate::schema::typed::Id;
use crate::schema::words::{Class, Reference};
use crate::time::Timestamp;

/// A deployment of the period, and where it belongs.
pub(super) struct Went<'g> {
    pub deployment: Deployment<'g>,
    /// Its class, and the entry that says so.
    pub class: Option<(Class, u64)>,
    /// Why it does not count, if it does not.
    apart: Option<Adds>,
}

/// What the metrics are computed from.
pub(super) struct Desk<'g> {
    pub ground: &'g Ground<'g>,
    /// What tests are run in; the limits are none in particular.
    pub context: Context<'g>,
    pub lines: Lines<'g>,
    pub authors: Authors<'g>,
    /// All deployments of the period, by their first entries.
    pub went: Vec<Went<'g>>,
}

impl<'g> Desk<'g> {
    pub(super) fn of(ground: &'g Ground<'g>, limits: &'g Parameters) -> Self {
        let facts = ground.facts;
        let context = Context {
            facts,
            period: ground.period,
            now: ground.now,
            regime: None,
            parameters: limits,
            calendar: ground.calendar,
            attachments: ground.attachments,
            matrix: None,
            verified: None,
        };
        let own = facts.deployments().filter(|one| ground.period.has(one.at));
        let went = own.map(|deployment| Went {
            class: deployment.class(),
            apart: apart(facts, &deployment),
            deployment,
        });
        Self {
            ground,
            context,
            lines: Lines::of(facts),
            authors: Authors::of(facts),
            went: went.collect(),
        }
    }

    pub(super) fn facts(&self) -> &'g Facts {
        self.ground.facts
    }

    pub(super) fn definitions(&self) -> &'g Definitions {
        self.ground.definitions
    }

    /// The limits of a test, and the desk's context with them.
    pub(super) fn limits(&self, test: &Test) -> Result<Parameters> {
        self.ground.resolved.limits_of(test)
    }

    /// Until when something that is not over is counted: the end of the period, or what is known.
    pub(super) fn until(&self) -> Timestamp {
        self.ground.period.to.min(self.ground.now)
    }

    /// A member for each deployment of the period: what `tell` says of it, where it counts.
    pub(super) fn each(&self, mut tell: impl FnMut(&Went<'g>) -> Member) -> Vec<Member> {
        let one = |went: &Went<'g>| match &went.apart {
            Some(apart) => went.member(apart.clone()),
            None => tell(went),
        };
        self.went.iter().map(one).collect()
    }

    /// The deployments that count, with those about which nothing can be told.
    pub(super) fn production(&self) -> impl Iterator<Item = &Went<'g>> {
        self.went.iter().filter(|went| went.apart.is_none())
    }

    /// Whether an environment is production, for one of the services, or of any system.
    pub(super) fn is_production(
        &self,
        environment: &Id,
        services: &[&Id],
        at: Timestamp,
    ) -> Option<bool> {
        if services.is_empty() {
            let systems = self.facts().systems(at);
            let of = |class: Option<EnvironmentClass>| {
                systems.iter().flat_map(|system| system.environments.iter()).any(|known| {
                    known.name == *environment && class.is_none_or(|c| c == known.class)
                })
            };
            return of(None).then(|| of(Some(EnvironmentClass::Production)));
        }
        let stand = |service: &&Id| match self.facts().standing(None, service, environment, at) {
            Standing::Production(_) => Some(true),
            Standing::Other(_) => Some(false),
            Standing::Undeclared => None,
        };
        services.iter().filter_map(stand).max()
    }

    /// Artifacts that were deployed to production in the period: when first, and by which services.
    pub(super) fn deployed(&self) -> BTreeMap<String, (Timestamp, BTreeSet<&'g Id>)> {
        let mut by: BTreeMap<String, (Timestamp, BTreeSet<&Id>)> = BTreeMap::new();
        for went in self.production() {
            let one = &went.deployment;
            let Some(artifact) = one.artifact() else { continue };
            let known = by.entry(artifact.to_reference()).or_insert((one.at, BTreeSet::new()));
            known.0 = known.0.min(one.at);
            known.1.insert(one.service);
        }
        by
    }
}

impl Went<'_> {
    /// A member that speaks of the deployment.
    pub(super) fn member(&self, adds: Adds) -> Member {
        Member::new(self.deployment.id, self.deployment.at, adds)
            .of([self.deployment.service.as_str()])
            .cites(self.deployment.entries())
    }
}

/// Why a deployment does not count.
fn apart(facts: &Facts, deployment: &Deployment<'_>) -> Option<Adds> {
    match deployment.standing(facts) {
        Standing::Other(_) => return Some(Adds::LeftOut("environment is not production")),
        Standing::Undeclared => return Some(Adds::Unknown("no system declares the environment")),
        Standing::Production(_) => {}
    }
    let unread = facts.unread.of(Reference::Deployment, deployment.reference.as_str()).next();
    unread.map(|_| Adds::Unknown("entries about it cannot be read"))
}
