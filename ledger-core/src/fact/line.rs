//! Line: deployments of one service to one environment, one after the other.

use std::collections::HashMap;

use super::Facts;
use super::deployment::Deployment;
use crate::hash::Sha256;
use crate::schema::deploy::DeploymentOutcome;
use crate::time::Timestamp;

/// All deployments, by service and environment, each line in the order in which they began.
#[derive(Clone, Debug, Default)]
pub struct Lines<'f> {
    by: HashMap<&'f str, HashMap<&'f str, Vec<Deployment<'f>>>>,
}

impl<'f> Lines<'f> {
    /// The lines of these facts.
    pub fn of(facts: &'f Facts) -> Self {
        let mut by: HashMap<&str, HashMap<&str, Vec<Deployment<'f>>>> = HashMap::new();
        for deployment in facts.deployments() {
            let service = by.entry(deployment.service.as_str()).or_default();
            service.entry(deployment.environment.as_str()).or_default().push(deployment);
        }
        for line in by.values_mut().flat_map(HashMap::values_mut) {
            line.sort_by_key(|deployment| (deployment.at, deployment.first));
        }
        Self { by }
    }

    /// The line of a service in an environment.
    pub fn line(&self, service: &str, environment: &str) -> &[Deployment<'f>] {
        let line = self.by.get(service).and_then(|service| service.get(environment));
        line.map(Vec::as_slice).unwrap_or_default()
    }

    /// What began before this one in its line.
    pub fn before(&self, deployment: &Deployment<'_>) -> &[Deployment<'f>] {
        self.parted(deployment).0
    }

    /// What began after this one in its line.
    pub fn after(&self, deployment: &Deployment<'_>) -> &[Deployment<'f>] {
        self.parted(deployment).1
    }

    /// What began in an environment until a time.
    pub fn until(&self, service: &str, environment: &str, at: Timestamp) -> &[Deployment<'f>] {
        let line = self.line(service, environment);
        let end = line.partition_point(|known| known.at <= at);
        line.get(..end).unwrap_or_default()
    }

    /// The last that succeeded before this one began.
    pub fn previous(&self, deployment: &Deployment<'_>) -> Option<&Deployment<'f>> {
        self.before(deployment).iter().rfind(|known| known.succeeded())
    }

    fn parted(&self, deployment: &Deployment<'_>) -> (&[Deployment<'f>], &[Deployment<'f>]) {
        let line = self.line(deployment.service.as_str(), deployment.environment.as_str());
        let own = (deployment.at, deployment.first);
        let start = line.partition_point(|known| (known.at, known.first) < own);
        let end = line.partition_point(|known| (known.at, known.first) <= own);
        (line.get(..start).unwrap_or_default(), line.get(end..).unwrap_or_default())
    }
}

impl Deployment<'_> {
    /// How it ended, where that is known.
    pub fn outcome(&self) -> Option<DeploymentOutcome> {
        self.finished.map(|row| row.outcome)
    }

    /// Whether it is known to have succeeded.
    pub fn succeeded(&self) -> bool {
        self.outcome() == Some(DeploymentOutcome::Succeeded)
    }

    /// What ran when it had ended: what its end saw running, else what it deployed.
    pub fn running(&self) -> Option<Sha256> {
        self.finished.and_then(|row| row.running_artifact).or_else(|| self.artifact())
    }
}
