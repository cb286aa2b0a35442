//! Missing: what is expected of a thing and no entry says.

use super::Thing;
use crate::fact::Facts;
use crate::hash::Sha256;
use crate::schema::approve::ApprovalDecision;
use crate::schema::build::ArtifactAction;
use crate::schema::typed::Id;
use crate::schema::words::Reference;

/// What is missing, in words.
pub(super) fn of(thing: &Thing, facts: &Facts) -> Vec<String> {
    let mut missing = Missing(Vec::new());
    match thing {
        Thing::Deployment(id) => missing.deployment(facts, id),
        Thing::Change(id) => {
            missing.change(facts, id);
            let deployed = facts.deployment_started.of(Reference::Change, id.as_str()).next();
            missing.unless(deployed.is_some(), || "no deployment of it was recorded".to_owned());
        }
        Thing::Artifact(digest) => {
            missing.artifact(facts, *digest);
            let reference = digest.to_reference();
            let deployed = facts.deployment_started.of(Reference::Artifact, &reference).next();
            missing.unless(deployed.is_some(), || "no deployment of it was recorded".to_owned());
        }
        Thing::Person(_) => {
            missing.unless(!facts.person_changed.all().is_empty(), || {
                "no record says who this is or was employed as".to_owned()
            });
        }
    }
    let unread = facts.unread.all();
    missing.0.extend(
        unread.iter().map(|row| {
            format!("what entry {} says: it cannot be read ({})", row.at.index, row.code)
        }),
    );
    missing.0
}

struct Missing(Vec<String>);

impl Missing {
    fn unless(&mut self, there: bool, words: impl FnOnce() -> String) {
        if !there {
            self.0.push(words());
        }
    }

    fn deployment(&mut self, facts: &Facts, id: &Id) {
        let name = |of: &str| format!("the deployment names no {of}");
        let Some(deployment) = facts.deployments().find(|deployment| deployment.reference == id)
        else {
            return self.0.push("neither its start nor its end was recorded".to_owned());
        };
        self.unless(deployment.started.is_some(), || "its start was not recorded".to_owned());
        self.unless(deployment.finished.is_some(), || "its end was not recorded".to_owned());
        match deployment.artifact() {
            Some(artifact) => self.artifact(facts, artifact),
            None => self.0.push(name("artifact")),
        }
        match deployment.change() {
            Some(change) => self.change(facts, change),
            None => self.0.push(name("change")),
        }
        if let (Some(artifact), Some(change)) = (deployment.artifact(), deployment.change()) {
            let approved =
                facts.approval_decided.of(Reference::Change, change.as_str()).any(|row| {
                    let yes = [ApprovalDecision::Granted, ApprovalDecision::Ratified];
                    yes.contains(&row.decision)
                        && row.r#for.artifact == Some(artifact)
                        && row.r#for.environment.as_ref() == Some(deployment.environment)
                });
            self.unless(approved, || {
                format!("no approval of this artifact for {} was recorded", deployment.environment)
            });
        }
        let smoke = facts.smoke_test_completed.of(Reference::Deployment, id.as_str()).next();
        self.unless(smoke.is_some(), || "no smoke test after it was recorded".to_owned());
        let watch = facts.watch_closed.of(Reference::Deployment, id.as_str()).next();
        self.unless(watch.is_some(), || "its watch was not closed".to_owned());
    }

    fn change(&mut self, facts: &Facts, id: &Id) {
        let id = id.as_str();
        let none = |what: &str| format!("no {what} of change {id} was recorded");
        let (recorded, classified, impact, review, closed) = (
            facts.change_recorded.of(Reference::Change, id).next().is_some(),
            facts.change_classified.of(Reference::Change, id).next().is_some(),
            facts.change_impact_assessed.of(Reference::Change, id).next().is_some(),
            facts.code_reviewed.of(Reference::Change, id).next().is_some(),
            facts.change_closed.of(Reference::Change, id).next().is_some(),
        );
        self.unless(recorded, || format!("nothing was recorded of change {id} itself"));
        self.unless(classified, || none("class"));
        self.unless(impact, || none("impact"));
        self.unless(review, || none("code review"));
        self.unless(closed, || format!("change {id} was not closed"));
    }

    fn artifact(&mut self, facts: &Facts, artifact: Sha256) {
        let id = artifact.to_reference();
        let none = |what: &str| format!("no {what} of the artifact was recorded");
        let rows = facts.artifact_recorded.of(Reference::Artifact, &id);
        let built = rows.clone().any(|row| row.action == ArtifactAction::Built);
        self.unless(built, || none("build"));
        self.unless(rows.clone().any(|row| row.provenance.is_some()), || none("provenance"));
        self.unless(rows.clone().any(|row| row.sbom.is_some()), || none("bill of materials"));
        self.unless(rows.clone().any(|row| row.verification.is_some()), || {
            none("check of a signature")
        });
        let test = facts.test_completed.of(Reference::Artifact, &id).next();
        self.unless(test.is_some(), || none("test"));
        let scan = facts.scan_completed.of(Reference::Artifact, &id).next();
        self.unless(scan.is_some(), || none("scan"));
        let gate = facts.gate_evaluated.of(Reference::Artifact, &id).next();
        self.unless(gate.is_some(), || none("verdict of a gate"));
    }
}
