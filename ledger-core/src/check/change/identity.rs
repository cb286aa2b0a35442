//! T04 artifact-identity: one digest runs through build, test, approval and deployment.

use super::approval::granted;
use super::{UNDECLARED, UNREAD};
use crate::check::{
    Census, Context, Direction, Item, Kind, Parameter, Severity, Test, Value, entries,
};
use crate::fact::Said;
use crate::fact::deployment::Deployment;
use crate::hash::Sha256;
use crate::schema::build::{ArtifactAction, ArtifactRecorded, VerificationResult};
use crate::schema::deploy::ReferenceKind;
use crate::schema::typed::Id;
use crate::schema::words::{Class, Reference};

const TRUSTED_BUILDERS: Parameter = Parameter::new(
    "trusted_builders",
    || Value::Ids(Vec::new()),
    Direction::Either,
    "builders that count; an empty list is not set, and the test cannot tell",
);
const PROVENANCE_REQUIRED: Parameter = Parameter::new(
    "provenance_required",
    || Value::Flag(true),
    Direction::Larger,
    "signature and provenance must be there and must verify",
);

const NEVER_BUILT: Kind = Kind::fails(
    "not-built-by-trusted",
    Severity::Critical,
    "no trusted builder built what was deployed",
);
const OTHER: Kind = Kind::fails(
    "another-digest",
    Severity::High,
    "what was tested, approved or seen running is not what was deployed",
);
const UNSIGNED: Kind = Kind::fails(
    "provenance-missing",
    Severity::High,
    "its signature or provenance is not recorded",
);
const BAD: Kind = Kind::fails(
    "verification-failed",
    Severity::High,
    "its signature or provenance did not verify, or by a key that no longer counted",
);
const TAG: Kind = Kind::fails(
    "mutable-reference",
    Severity::Medium,
    "it was deployed by a name that may point elsewhere tomorrow",
);
const MISSING: Kind =
    Kind::undecided("artifact-missing", Severity::High, "nothing says what was deployed");
const BUILDERS: Kind = Kind::undecided(
    "builders-unset",
    Severity::High,
    "nobody said which builders are trusted, or its builder is not named",
);
const UNTESTED: Kind =
    Kind::undecided("no-test", Severity::Medium, "no test names what was deployed");

/// T04.
pub const TEST: Test = Test {
    id: "T04",
    name: "artifact-identity",
    version: "1",
    population: "deployments to production",
    rule: "A trusted builder built what was deployed, its provenance and signature were there and \
           verified before by a key that counted, and tests, approvals and what runs name the same digest.",
    parameters: &[TRUSTED_BUILDERS, PROVENANCE_REQUIRED],
    kinds: &[
        NEVER_BUILT,
        OTHER,
        UNSIGNED,
        BAD,
        TAG,
        MISSING,
        BUILDERS,
        UNTESTED,
        UNREAD,
        UNDECLARED,
    ],
    run,
};

fn run(context: &Context<'_>) -> Census {
    let mut census = Census::default();
    for (deployment, mut item) in super::deployments(context, &[], &mut census) {
        match deployment.artifact() {
            Some(artifact) => {
                built(context, &deployment, artifact, &mut item);
                if context.parameters.flag(&PROVENANCE_REQUIRED) {
                    verified(context, &deployment, artifact, &mut item);
                }
                same(context, &deployment, artifact, &mut item);
                runs(&deployment, artifact, &mut item);
            }
            None => unnamed(&deployment, &mut item),
        }
        census.items.push(item);
    }
    census
}

/// A deployment that names no artifact.
fn unnamed(deployment: &Deployment<'_>, item: &mut Item) {
    let words = deployment.words();
    let named = deployment.started.and_then(|row| row.r#ref.as_ref());
    match named {
        Some(named) if named.kind != ReferenceKind::Commit => {
            let sentence = format!("{words} as {} {}, without a digest", named.kind, named.value);
            item.raise(&TAG, sentence, deployment.entries());
        }
        _ => {
            let sentence = format!("{words} and names no artifact");
            item.raise(&MISSING, sentence, deployment.entries());
        }
    }
}

/// What was recorded of the artifact before the deployment began.
fn recorded<'c>(
    context: &Context<'c>,
    deployment: &Deployment<'_>,
    artifact: Sha256,
) -> Vec<&'c Said<ArtifactRecorded>> {
    let reference = artifact.to_reference();
    let rows = context.facts.artifact_recorded.of(Reference::Artifact, &reference);
    rows.filter(|row| row.at.occurred <= deployment.at).collect()
}

/// Whether a trusted builder built it.
fn built(context: &Context<'_>, deployment: &Deployment<'_>, artifact: Sha256, item: &mut Item) {
    let words = deployment.words();
    let rows = recorded(context, deployment, artifact);
    let builds: Vec<_> =
        rows.into_iter().filter(|row| row.action == ArtifactAction::Built).collect();
    let indexes: Vec<u64> = builds.iter().map(|row| row.at.index).collect();
    let trusted = context.parameters.ids(&TRUSTED_BUILDERS);
    if builds.is_empty() {
        let sentence =
            format!("{words}; nothing says that anybody built {}", artifact.to_reference());
        item.raise(&NEVER_BUILT, sentence, deployment.entries());
        return;
    }
    item.cite(indexes.iter().copied());
    let by = builds.iter().filter_map(|row| row.what.builder.as_ref());
    if by.clone().any(|builder| trusted.iter().any(|known| known == builder.as_str())) {
        return;
    }
    let cited = deployment.entries().chain(indexes.iter().copied());
    if trusted.is_empty() {
        let sentence =
            format!("{words}; nobody said which builders are trusted ({})", entries(&indexes));
        item.raise(&BUILDERS, sentence, cited);
    } else if let Some(builder) = by.clone().next() {
        let sentence = format!(
            "{words}; it was built by {builder} ({}), which is not trusted",
            entries(&indexes)
        );
        item.raise(&NEVER_BUILT, sentence, cited);
    } else {
        let sentence = format!("{words}; its build ({}) names no builder", entries(&indexes));
        item.raise(&BUILDERS, sentence, cited);
    }
}

/// Whether its provenance and signature were there, and verified by a key that counted.
fn verified(context: &Context<'_>, deployment: &Deployment<'_>, artifact: Sha256, item: &mut Item) {
    let words = deployment.words();
    let rows = recorded(context, deployment, artifact);
    if rows.iter().all(|row| row.provenance.is_none()) {
        let sentence = format!("{words}; no provenance of it was recorded before");
        item.raise(&UNSIGNED, sentence, deployment.entries());
    }
    let last = rows.iter().rfind(|row| row.verification.is_some());
    let Some((row, check)) = last.and_then(|row| Some((*row, row.what.verification.as_ref()?)))
    else {
        let sentence = format!("{words}; no check of its signature was recorded before");
        item.raise(&UNSIGNED, sentence, deployment.entries());
        return;
    };
    item.cite([row.at.index]);
    if check.result != VerificationResult::Verified {
        let sentence = format!("{words}; its check (entry {}) says {}", row.at.index, check.result);
        item.raise(&BAD, sentence, deployment.entries().chain([row.at.index]));
        return;
    }
    let Some(key) = &check.key else { return };
    // a revocation that came later changes nothing about what was done before it
    let revoked = context
        .facts
        .key_revoked
        .of(Reference::Key, key.as_str())
        .find(|revoked| revoked.at.index < deployment.first);
    if let Some(revoked) = revoked
        && revoked.suspect_from.unwrap_or(revoked.at.index) <= row.at.index
    {
        let sentence = format!(
            "{words}; it was verified (entry {}) by key {key}, which was revoked as {} (entry {})",
            row.at.index, revoked.reason, revoked.at.index
        );
        item.raise(&BAD, sentence, deployment.entries().chain([row.at.index, revoked.at.index]));
    }
}

/// Whether tests and approvals of its change name the same digest.
fn same(context: &Context<'_>, deployment: &Deployment<'_>, artifact: Sha256, item: &mut Item) {
    let words = deployment.words();
    let reference = artifact.to_reference();
    let facts = context.facts;
    let own = facts.test_completed.of(Reference::Artifact, &reference);
    let own: Vec<u64> =
        own.filter(|row| row.at.occurred < deployment.at).map(|row| row.at.index).collect();
    item.cite(own.iter().copied());
    let change = deployment.change().map(Id::as_str);
    let tested: Vec<u64> = change
        .into_iter()
        .flat_map(|change| facts.test_completed.of(Reference::Change, change))
        .filter(|row| row.artifact != artifact && row.at.occurred < deployment.at)
        .map(|row| row.at.index)
        .collect();
    let emergency = deployment.class().map(|(class, _)| class) == Some(Class::Emergency);
    if own.is_empty() && !tested.is_empty() {
        let sentence = format!(
            "{words}; the tests of its change ({}) ran over another artifact than {reference}",
            entries(&tested)
        );
        item.raise(&OTHER, sentence, deployment.entries().chain(tested));
    } else if own.is_empty() && !emergency {
        let sentence = format!("{words}; no test before it names {reference}");
        item.raise(&UNTESTED, sentence, deployment.entries());
    }
    let Some(change) = deployment.change() else { return };
    let approvals = granted(context, change, artifact);
    let named = |row: &&super::approval::Decided| row.r#for.artifact;
    let others: Vec<u64> =
        approvals.iter().filter(|row| named(row).is_some()).map(|row| row.at.index).collect();
    if !others.is_empty() && approvals.iter().all(|row| named(row) != Some(artifact)) {
        let sentence = format!(
            "{words}; what was approved for change {change} ({}) is another artifact than {reference}",
            entries(&others)
        );
        item.raise(&OTHER, sentence, deployment.entries().chain(others));
    }
}

/// Whether its end speaks of the same digest.
fn runs(deployment: &Deployment<'_>, artifact: Sha256, item: &mut Item) {
    let Some(end) = deployment.finished else { return };
    let seen = [end.what.artifact, end.what.running_artifact];
    let other = seen.into_iter().flatten().find(|seen| *seen != artifact);
    // a deployment that failed leaves running what ran before
    if let (Some(other), true) = (other, deployment.succeeded() || end.what.artifact == other) {
        let sentence = format!(
            "{}; its end (entry {}) speaks of {}, not of {}",
            deployment.words(),
            end.at.index,
            other.to_reference(),
            artifact.to_reference()
        );
        item.raise(&OTHER, sentence, deployment.entries());
    }
}
