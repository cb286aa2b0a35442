//! Release: what escaped from it, and how ready it was.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::arithmetic::decimal;
use super::desk::Desk;
use super::draw::{Draw, Listed};
use super::member::{Adds, Member};
use crate::check::scope::plus;
use crate::fact::Said;
use crate::schema::change::{ReleaseRecorded, ReleaseState};
use crate::schema::gate::ReadinessScored;
use crate::schema::incident::{DefectPhase, DefectReported};
use crate::schema::rules::{PolicyChanged, PolicyKind};
use crate::schema::typed::Id;
use crate::schema::words::{Reference, Severity};
use crate::time::Timestamp;

/// Digits of weights and scores that count.
const DIGITS: usize = 6;

/// A release that went out.
struct Out<'g> {
    id: &'g str,
    at: Timestamp,
    entry: u64,
    /// When the next release of one of its services went out.
    next: Option<Timestamp>,
}

/// Releases, by the time at which they went out.
fn releases<'g>(desk: &Desk<'g>) -> Vec<Out<'g>> {
    let table = &desk.facts().release_recorded;
    let mut out = Vec::new();
    for id in table.ids(Reference::Release) {
        let rows = table.of(Reference::Release, id.as_str());
        let went = rows
            .filter(|row| row.state == ReleaseState::Released && row.release == *id)
            .min_by_key(|row| (row.at.occurred, row.at.index));
        if let Some(row) = went {
            out.push((id.as_str(), row));
        }
    }
    out.sort_by_key(|(_, row)| (row.at.occurred, row.at.index));
    let mut later: HashMap<&str, Timestamp> = HashMap::new();
    let one = |(id, row): (&'g str, &'g Said<ReleaseRecorded>)| {
        let (at, entry) = (row.at.occurred, row.at.index);
        let services = || row.what.members.iter().map(|member| member.service.as_str());
        let next = services().filter_map(|service| later.get(service).copied()).min();
        later.extend(services().map(|service| (service, at)));
        Out { id, at, entry, next }
    };
    let mut released: Vec<Out<'_>> = out.into_iter().rev().map(one).collect();
    released.reverse();
    released
}

/// Defects of the period's releases, and those that were found in production.
pub(super) fn escape_rate(desk: &Desk<'_>) -> Draw {
    Draw::from(escapes(desk, |_| 1))
}

/// The same, each with the weight of its severity.
pub(super) fn escape_rate_weighted(desk: &Desk<'_>) -> Draw {
    Draw::from(escapes(desk, |severity| match severity {
        Severity::Sev1 => 8,
        Severity::Sev2 => 4,
        Severity::Sev3 => 2,
        Severity::Sev4 | Severity::Sev5 => 1,
    }))
}

fn escapes(desk: &Desk<'_>, weight: impl Fn(Severity) -> u64) -> Vec<Member> {
    let table = &desk.facts().defect_reported;
    let mut members = Vec::new();
    for release in releases(desk) {
        if !desk.ground.period.has(release.at) {
            continue;
        }
        let window = plus(release.at, desk.definitions().escape_window);
        let closes = release.next.map_or(window, |next| next.min(window));
        let mut seen = BTreeSet::new();
        let mut rows: Vec<_> = table.of(Reference::Release, release.id).collect();
        rows.sort_by_key(|row| (row.at.occurred, row.at.index));
        for row in rows.into_iter().filter(|row| seen.insert(row.defect.as_str())) {
            let of = weight(row.severity);
            let numerator = if row.phase == DefectPhase::Production { of } else { 0 };
            let adds = match row.phase {
                _ if closes > desk.ground.now => Adds::LeftOut("the window has not closed"),
                DefectPhase::Production if row.at.occurred < release.at => {
                    Adds::LeftOut("found in production before the release")
                }
                DefectPhase::Production if row.at.occurred >= closes => {
                    Adds::LeftOut("found after the window")
                }
                DefectPhase::PreRelease if row.at.occurred >= release.at => {
                    Adds::LeftOut("found elsewhere after the release")
                }
                _ => Adds::Share { numerator, denominator: of },
            };
            members.push(defect(row, release.at, adds).cites([release.entry]));
        }
    }
    let unnamed = table.all().iter().filter(|row| desk.ground.period.has(row.at.occurred));
    let unnamed = unnamed.filter(|row| release_of(row).is_none());
    members.extend(
        unnamed
            .map(|row| defect(row, row.at.occurred, Adds::Unknown("the defect names no release"))),
    );
    members
}

fn release_of(row: &DefectReported) -> Option<&Id> {
    row.release.as_ref().or_else(|| row.subject.get(Reference::Release))
}

fn defect(row: &Said<DefectReported>, at: Timestamp, adds: Adds) -> Member {
    Member::new(row.defect.as_str(), at, adds).of([row.service.as_str()]).cites([row.at.index])
}

/// The readiness of each release of the period, computed again from the parts of its last score.
pub(super) fn readiness(desk: &Desk<'_>) -> Draw {
    let table = &desk.facts().readiness_scored;
    let mut draw = Draw::default();
    for id in table.ids(Reference::Release) {
        let rows = table.of(Reference::Release, id.as_str());
        let own = rows.filter(|row| row.release == *id && desk.ground.period.has(row.at.occurred));
        let Some(row) = own.max_by_key(|row| (row.at.occurred, row.at.index)) else { continue };
        let scored = score(desk, row);
        let adds = match scored {
            Ok((numerator, denominator)) => Adds::Share { numerator, denominator },
            Err(why) => Adds::Unknown(why),
        };
        let told = told(row, &scored);
        let sentence =
            |what: &str| format!("release {id} was scored at {}: {what}", row.at.occurred);
        for what in &told {
            draw.listed.push(Listed::new(id.as_str(), sentence(what), [row.at.index]));
        }
        let services = desk.facts().release_recorded.of(Reference::Release, id.as_str());
        let services = services.flat_map(|row| row.what.members.iter()).map(|m| m.service.as_str());
        let vetoed = !row.vetoes.is_empty();
        draw.members.push(
            Member::new(id.as_str(), row.at.occurred, adds)
                .of(services)
                .on(id.as_str())
                .cites([row.at.index])
                .beside("not ready: a veto stands", vetoed)
                .beside("parts missing", !row.missing.is_empty()),
        );
    }
    draw
}

/// What has to be known of a score.
fn told(row: &Said<ReadinessScored>, scored: &Result<(u64, u64), &'static str>) -> Vec<String> {
    let mut told = Vec::new();
    if !row.vetoes.is_empty() {
        let names: Vec<&str> = row.vetoes.iter().map(Id::as_str).collect();
        told.push(format!("not ready, whatever the score: {}", names.join(", ")));
    }
    let (Ok((numerator, denominator)), Some(said)) = (scored, decimal(row.score.as_str(), DIGITS))
    else {
        return told;
    };
    // said with two digits, as scores are: half of the last one is rounding
    let scale = 10_u128.pow(u32::try_from(DIGITS).unwrap_or(0));
    let (ours, theirs) =
        (u128::from(*numerator) * scale, u128::from(said) * u128::from(*denominator));
    if ours.abs_diff(theirs) * 200 > u128::from(*denominator) * scale {
        let again = super::arithmetic::hundredths(*numerator, *denominator).unwrap_or_default();
        told.push(format!("it says {}, and its parts come to {again}", row.score.as_str()));
    }
    told
}

/// 100 times the sum of weight times score, and the sum of the weights, in the least parts that are
/// whole; or why it cannot be told.
fn score(desk: &Desk<'_>, row: &Said<ReadinessScored>) -> Result<(u64, u64), &'static str> {
    const RANGE: &str = "a weight or score is out of its range";
    let mut weights: BTreeMap<&str, u64> = BTreeMap::new();
    let (mut points, mut whole) = (0_u128, 0_u128);
    let full = 10_u64.pow(u32::try_from(DIGITS).unwrap_or(0));
    for part in row.parts.iter() {
        let weight = decimal(part.weight.as_str(), DIGITS).ok_or(RANGE)?;
        let score = decimal(part.score.as_str(), DIGITS).filter(|s| *s <= full).ok_or(RANGE)?;
        if weights.insert(part.name.as_str(), weight).is_some() {
            return Err("a part stands twice");
        }
        points += 100 * u128::from(weight) * u128::from(score);
        whole += u128::from(weight) * u128::from(full);
    }
    // a company's own weights are known by its policy; without one those of the file count
    let own = weights_in_force(desk, row).any(|policy| policy.after == row.weights_digest);
    let known = |name: &str| {
        desk.definitions().weights.iter().find(|w| w.part == name).map(|w| w.weight * full)
    };
    let mut missing: BTreeSet<&str> = row.missing.iter().map(Id::as_str).collect();
    if !own {
        if weights.iter().any(|(name, weight)| known(name) != Some(*weight)) {
            return Err("its weights are of no policy in force");
        }
        missing.extend(desk.definitions().weights.iter().map(|weight| weight.part.as_str()));
    }
    for name in missing.into_iter().filter(|name| !weights.contains_key(name)) {
        let weight =
            known(name).filter(|_| !own).ok_or("nothing says what a missing part weighs")?;
        whole += u128::from(weight) * u128::from(full);
    }
    reduced(points, whole).ok_or("no part has weight")
}

/// The versions of weights in force for a score, of each policy: put into the log before it.
fn weights_in_force<'g>(
    desk: &Desk<'g>,
    score: &Said<ReadinessScored>,
) -> impl Iterator<Item = &'g Said<PolicyChanged>> {
    let mut newest: BTreeMap<&str, &Said<PolicyChanged>> = BTreeMap::new();
    let all = desk.facts().policy_changed.all().iter();
    let weights = all.filter(|row| row.kind == PolicyKind::Weights);
    let before = |row: &&Said<PolicyChanged>| {
        row.effective_from <= score.at.occurred && row.at.index < score.at.index
    };
    for row in weights.filter(before) {
        let known = newest.entry(row.policy.as_str()).or_insert(row);
        if (known.effective_from, known.at.index) < (row.effective_from, row.at.index) {
            *known = row;
        }
    }
    newest.into_values()
}

/// Both without the zeros at the end that only the digits of weights and scores put there.
fn reduced(mut points: u128, mut whole: u128) -> Option<(u64, u64)> {
    if whole == 0 {
        return None;
    }
    for _ in 0..2 * DIGITS {
        if points.is_multiple_of(10) && whole.is_multiple_of(10) {
            (points, whole) = (points / 10, whole / 10);
        }
    }
    Some((u64::try_from(points).ok()?, u64::try_from(whole).ok()?))
}
