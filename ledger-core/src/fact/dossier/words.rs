//! Words: what an entry says, in a line that a person reads.

use crate::entry::Entry;
use crate::json::{Kind, View};

/// By type: pieces between `|`, each told only if all that it names is there. `{state}` is a field of
/// `data`, `{/subject/id}` any place of the event, `{#commits}` how many there are.
const PATTERNS: &[(&str, &str)] = &[
    (
        "access.changed",
        "{object} {action}| as {entitlement/role}| in {/subject/system}| for {entitlement/scope}| until {expires_at}",
    ),
    ("access.requested", "role {entitlement/role}| in {entitlement/system}| is asked for"),
    ("action.changed", "action {/subject/action}| {state}| ({kind})|, due {due}"),
    (
        "approval.decided",
        "{decision}| in role {role}|, for {for/environment}|, artifact {for/artifact}|, configuration {for/config}|, until {valid_until}|, of {of}",
    ),
    (
        "approval.requested",
        "approval asked for| by {required/count} persons|, for {for/environment}|, artifact {for/artifact}",
    ),
    (
        "artifact.recorded",
        "{action}| by {builder}|, commits up to {commits/to}|, provenance {provenance}|, check: {verification/result}|, from {from}| to {to}",
    ),
    ("attestation.signed", "signed as {role}|, of {of}"),
    ("breach.decided", "{step}| under {regime}"),
    ("break_glass.used", "controls passed by for incident {incident}|, until {until}"),
    ("cab.decided", "board {decision}|, {#members} members|, rule {quorum_rule}"),
    ("campaign.decided", "stage {stage}|, {#items} items"),
    ("canary.evaluated", "at {weight} percent: {verdict}"),
    (
        "change.classified",
        "class {class}|, kind {kind}|, risk {risk}|, template {template}|, by {method}",
    ),
    ("change.closed", "closed: {outcome}"),
    (
        "change.impact_assessed",
        "impact {level}|, {#services} services|, rollback {rollback_complexity}",
    ),
    (
        "change.recorded",
        "{state}|, risk {risk}|, security impact {security_impact}|, privacy impact {privacy_impact}|, {#commits} commits|, window {window/start} to {window/end}",
    ),
    ("code.reviewed", "{decision}| at commit {commit}"),
    ("communication.sent", "{phase}: {audience} told"),
    ("config.changed", "{class} {item}| {action}|, weakened: {weakened}"),
    ("config.drifted", "{item}| {state}"),
    ("contract.verified", "{consumer/service} with {provider/service}: {outcome}"),
    ("deployment.finished", "to {/subject/environment}: {outcome}|, runs {running_artifact}"),
    (
        "deployment.started",
        "to {/subject/environment}| by {strategy}|, artifact {artifact}|, change {change}|, class {class}|, incident {incident}",
    ),
    ("drill.performed", "{kind}: {outcome}"),
    (
        "environment.locked",
        "{/subject/environment} {action}| for {deployment}|, until {expires_at}",
    ),
    ("exception.changed", "{control} {test}: {state}| ({severity})"),
    ("feature_flag.changed", "{action}| in {/subject/environment}|, from {before}| to {after}"),
    ("finding.changed", "{kind} finding {state}| ({severity})"),
    ("freeze.changed", "{action}|, {window/start} to {window/end}"),
    (
        "gate.evaluated",
        "gate {gate}: {verdict}| in {/subject/environment}|, attempt {attempt}|, {evaluator/mode} by {evaluator/name}",
    ),
    ("gate.waived", "gate {gate} waived| in {environment}|, {valid_from} to {expires_at}"),
    ("identity.linked", "{#identities} identities {action}"),
    ("incident.changed", "{class} incident {state}|, {severity}"),
    ("incident.linked", "{relation} deployment {deployment}|, confidence {confidence}"),
    ("metric.sampled", "{name} = {value} {unit}"),
    (
        "person.changed",
        "{event}|, {kind}|, from {effective_at}|, profile {role_profile}|, department {department}",
    ),
    ("person.erased", "data erased|, basis {basis}"),
    ("person.revealed", "name shown|, basis {basis}"),
    ("pipeline.run", "{phase}| by {trigger}|: {outcome}|, attempt {attempt}"),
    ("postmortem.published", "review published|, {#causes} causes|, {#actions} actions"),
    ("readiness.reviewed", "{decision}|, {#items} items"),
    (
        "readiness.scored",
        "score {score}| of at least {minimum}|, {#missing} missing|, {#vetoes} vetoes",
    ),
    ("release.recorded", "{state}| {version}|, {#members} members"),
    ("risk.accepted", "level {level}|, until {expires_at}"),
    ("rollback.executed", "{reverts} put back from {from} to {to}|: {outcome}|, {reason_code}"),
    ("runtime.observed", "{workloads/count} workloads seen"),
    (
        "scan.completed",
        "{kind} by {tool/name}: {outcome}|, {counts/critical} critical|, {counts/high} high",
    ),
    ("session.elevated", "{kind} session {phase}|, until {max_until}"),
    ("smoke_test.completed", "smoke test {outcome}|, {counts/passed} of {counts/total} passed"),
    (
        "standard_change.template_changed",
        "template {action}|, version {version}|, review due {review_due}",
    ),
    (
        "test.completed",
        "{level} {suite}: {outcome}|, {counts/passed} of {counts/total} passed|, {counts/skipped} skipped",
    ),
    ("watch.closed", "watch closed|, {breaches} breaches|, {window/start} to {window/end}"),
];

/// What an entry says. Sealed words are not shown; what no pattern knows is told by its plain fields.
pub(super) fn of(entry: &Entry<'_>) -> String {
    let event = &entry.event;
    let data = event.root.get("data");
    let found = PATTERNS.binary_search_by(|(kind, _)| (*kind).cmp(event.kind));
    let pattern = found.ok().and_then(|found| PATTERNS.get(found)).map(|(_, pattern)| *pattern);
    let words: String = match pattern {
        Some(pattern) => {
            pattern.split('|').filter_map(|piece| told(piece, event.root, data)).collect()
        }
        None => plain(data),
    };
    let meaning = || crate::schema::find(event.kind).map(|known| known.meaning.to_owned());
    let words = words.trim_start_matches([',', ' ']);
    if words.is_empty() {
        meaning().unwrap_or_else(|| event.kind.to_owned())
    } else {
        words.to_owned()
    }
}

/// A piece with its values; none if one is not there.
fn told(piece: &str, root: View<'_>, data: Option<View<'_>>) -> Option<String> {
    let mut text = String::new();
    let mut rest = piece;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        text.push_str(before);
        text.push_str(&match (name.strip_prefix('#'), name.starts_with('/')) {
            (Some(list), _) => data?.pointer(&format!("/{list}"))?.items().count().to_string(),
            (None, true) => shown(root.pointer(name)?)?,
            (None, false) => shown(data?.pointer(&format!("/{name}"))?)?,
        });
        rest = after;
    }
    text.push_str(rest);
    Some(text)
}

/// A value: digests by their beginning, times to the second.
fn shown(value: View<'_>) -> Option<String> {
    match value.kind() {
        Kind::Bool | Kind::Integer => Some(value.raw_text().to_owned()),
        Kind::Text => value.plain().map(short),
        Kind::List | Kind::Object => None,
    }
}

fn short(text: &str) -> String {
    if let Some(hex) = text.strip_prefix("sha256:") {
        return format!("sha256:{}…", hex.get(..12).unwrap_or(hex));
    }
    match text.strip_suffix(".000000Z") {
        Some(second) if text.len() == 27 => format!("{second}Z"),
        _ => text.to_owned(),
    }
}

/// The plain fields, one after the other.
fn plain(data: Option<View<'_>>) -> String {
    let members = data.iter().flat_map(View::members);
    let told = members
        .filter_map(|(name, value)| Some(format!("{} {}", name.replace('_', " "), shown(value)?)));
    told.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{self, Shape};

    /// Each name of a pattern is a field of its type.
    #[test]
    fn patterns_name_what_is_there() {
        assert!(PATTERNS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for (kind, pattern) in PATTERNS {
            let known = schema::find(kind).unwrap_or_else(|| panic!("{kind}"));
            for part in pattern.split('{').skip(1) {
                let name = part.split_once('}').unwrap().0;
                if name.starts_with('/') {
                    continue;
                }
                let mut fields = known.data;
                // a list that travels as an attachment has its count
                let listed = |field: &&schema::Field| matches!(field.shape, Shape::Attached);
                if let Some(field) = name.strip_suffix("/count")
                    && fields.iter().filter(listed).any(|known| known.name == field)
                {
                    continue;
                }
                for step in name.trim_start_matches('#').split('/') {
                    let field = fields.iter().find(|field| field.name == step);
                    let field = field.unwrap_or_else(|| panic!("{kind} {name}"));
                    fields = match &field.shape {
                        Shape::Object(fields) => fields,
                        _ => &[],
                    };
                }
            }
        }
    }
}
