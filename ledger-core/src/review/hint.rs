//! Hint: what speaks for or against an item, each with its rule, what it read, and a date. A hint decides
//! nothing: it is shown, and an override can be judged by it.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::Desk;
use super::usage::Usage;
use crate::check::access::hygiene::{DORMANT, DORMANT_PRIVILEGED, NEVER, ROTATE};
use crate::check::access::observed::Seen;
use crate::check::access::standing::{Meeting, meetings};
use crate::check::scope::since;
use crate::check::span;
use crate::fact::snapshot::{AccountType, Path, Row};
use crate::schema::access::{AccessAction, PersonEvent};
use crate::schema::approve::ApprovalDecision;
use crate::schema::review::Recommendation;
use crate::schema::typed::Id;
use crate::schema::words::Reference;
use crate::time::{DAY, Timestamp};
use crate::vault::persons::Pseudonym;

/// Access that was certified by nobody for so long is pointed out.
const STALE: u64 = 365 * DAY;
/// An entitlement that at most so many of a hundred peers have is an outlier.
const OUTLIER: usize = 10;
/// Fewest peers of whom that can be said.
const PEERS: usize = 5;

/// One hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// What it is, in a word.
    pub name: &'static str,
    /// The rule that it stands on.
    pub rule: String,
    /// What was read.
    pub inputs: String,
    /// The date of what was read.
    pub at: Timestamp,
    /// What it speaks for.
    pub speaks: Recommendation,
}

/// What hints are made of, gathered once for all items.
pub(super) struct Ground<'c> {
    taken: HashMap<&'c str, Timestamp>,
    tells_use: HashSet<&'c str>,
    conflicts: HashMap<(Pseudonym, &'c str), Vec<Meeting>>,
    accounts: HashMap<(Pseudonym, &'c str), BTreeSet<Box<str>>>,
    profiles: HashMap<Pseudonym, String>,
    peers: HashMap<(&'c str, String), BTreeSet<Pseudonym>>,
    holders: HashMap<(&'c str, String, Box<str>), BTreeSet<Pseudonym>>,
    groups: HashSet<(&'c str, Box<str>)>,
    approvals: HashSet<&'c str>,
    granted: HashSet<(Pseudonym, &'c str, &'c str)>,
}

impl<'c> Ground<'c> {
    /// Of the listings of a review.
    pub(super) fn of(desk: &Desk<'c>, taken: &[&Seen<'c>]) -> Self {
        let facts = desk.context.facts;
        let mut ground = Self {
            taken: HashMap::new(),
            tells_use: HashSet::new(),
            conflicts: HashMap::new(),
            accounts: HashMap::new(),
            profiles: HashMap::new(),
            peers: HashMap::new(),
            holders: HashMap::new(),
            groups: HashSet::new(),
            approvals: HashSet::new(),
            granted: HashSet::new(),
        };
        for row in facts.approval_decided.all() {
            if row.decision == ApprovalDecision::Granted {
                ground.approvals.insert(row.approval.as_str());
                let access = row.subject.get(Reference::Access);
                ground.approvals.extend(access.map(Id::as_str));
            }
        }
        for row in facts.access_changed.all() {
            let approved = row.approval.as_ref().or(row.access.as_ref());
            let approved = approved.is_some_and(|id| ground.approvals.contains(id.as_str()));
            let given = matches!(row.action, AccessAction::Granted | AccessAction::Modified);
            if let (Some(who), Some(what), true) =
                (row.principal.pseudonym, &row.entitlement, approved && given)
            {
                ground.granted.insert((who, row.system.as_str(), what.role.as_str()));
            }
        }
        // listings of one review are taken one after the other: each is held against all of them
        let newest = taken.iter().map(|seen| seen.said.taken_at).max();
        for seen in taken {
            ground.gather(desk, seen, newest.unwrap_or(desk.context.now));
        }
        ground
    }

    fn gather(&mut self, desk: &Desk<'c>, seen: &Seen<'c>, until: Timestamp) {
        let system = seen.said.system.as_str();
        self.taken.insert(system, seen.said.taken_at);
        let met = meetings(&desk.context, &desk.people, &desk.observed, seen, until);
        self.conflicts.extend(met.into_iter().map(|(who, met)| ((who, system), met)));
        for row in seen.rows().unwrap_or_default() {
            if row.last_used.is_some() || row.last_login.is_some() {
                self.tells_use.insert(system);
            }
            let what = row.entitlement.clone().unwrap_or_default();
            if row.source == Some(Path::Group) {
                self.groups.insert((system, what.clone()));
            }
            let Some(who) = row.person else { continue };
            if matches!(row.account_type, None | Some(AccountType::Personal)) {
                self.accounts.entry((who, system)).or_default().insert(row.account.clone());
            }
            let profile = self.profiles.entry(who).or_insert_with(|| profile(desk, who)).clone();
            if !profile.is_empty() {
                self.peers.entry((system, profile.clone())).or_default().insert(who);
                self.holders.entry((system, profile, what)).or_default().insert(who);
            }
        }
    }

    /// All hints on a row, by name.
    pub(super) fn hints(
        &self,
        desk: &Desk<'_>,
        row: &Row,
        usage: &Usage,
        certified: Option<Timestamp>,
    ) -> Vec<Hint> {
        let at = self.taken.get(&*row.system).copied().unwrap_or(desk.context.now);
        let asked = Asked { desk, row, at };
        let mut all: Vec<Hint> = Vec::new();
        all.extend(asked.used(usage, self.tells_use.contains(&*row.system)));
        all.extend(asked.outside(usage));
        all.extend(asked.holder());
        all.extend(asked.account());
        all.extend(asked.grant(certified));
        all.extend(self.unapproved(&asked));
        all.extend(self.meetings(&asked));
        all.extend(self.second(&asked));
        all.extend(self.direct(&asked));
        all.extend(self.outlier(&asked));
        all.sort_by(|a, b| (a.name, &a.inputs).cmp(&(b.name, &b.inputs)));
        all
    }

    fn unapproved(&self, asked: &Asked<'_, '_, '_>) -> Option<Hint> {
        let row = asked.row;
        let named = row.approval.as_deref();
        let by_id = named.is_some_and(|id| self.approvals.contains(id));
        let by_grant = row
            .person
            .zip(row.entitlement.as_deref())
            .is_some_and(|(who, what)| self.granted.contains(&(who, &*row.system, what)));
        let inputs = named.map_or_else(
            || "no approval is named, and no approved grant is recorded".to_owned(),
            |id| format!("approval {id} is named, and no entry says that it was granted"),
        );
        let rule = "a grant needs an approval that an entry says was given";
        (!by_id && !by_grant).then(|| asked.hint("unapproved-grant", rule, inputs, NEUTRAL))
    }

    fn meetings(&self, asked: &Asked<'_, '_, '_>) -> Vec<Hint> {
        let met = asked.row.person.and_then(|who| self.conflicts.get(&(who, &*asked.row.system)));
        let one = |met: &Meeting| {
            let name = if met.across { "toxic-combination" } else { "sod-conflict" };
            let rule = format!("{} forbids one person to hold both duties", met.rule);
            asked.hint(name, rule, met.how.clone(), NEUTRAL)
        };
        met.into_iter().flatten().map(one).collect()
    }

    fn second(&self, asked: &Asked<'_, '_, '_>) -> Option<Hint> {
        let own = asked.row.person.and_then(|who| self.accounts.get(&(who, &*asked.row.system)))?;
        let rule = "one person has one personal account in a system";
        let inputs = format!("{} personal accounts", own.len());
        (own.len() > 1).then(|| asked.hint("second-account", rule, inputs, NEUTRAL))
    }

    fn direct(&self, asked: &Asked<'_, '_, '_>) -> Option<Hint> {
        let row = asked.row;
        let what = row.entitlement.clone().unwrap_or_default();
        let by_group = self.groups.contains(&(&*row.system, what));
        let (name, rule, inputs) = match row.source {
            Some(Path::Direct) if by_group => (
                "direct-grant",
                "what is given through groups is not given to an account itself",
                "given to the account itself, and to others through a group",
            ),
            Some(Path::Group) => (
                "inherited-by-group",
                "what comes through a group is taken away there",
                "given through a group",
            ),
            _ => return None,
        };
        Some(asked.hint(name, rule, inputs.to_owned(), NEUTRAL))
    }

    fn outlier(&self, asked: &Asked<'_, '_, '_>) -> Option<Hint> {
        let row = asked.row;
        let profile = self.profiles.get(&row.person?)?;
        let what = row.entitlement.clone().unwrap_or_default();
        let peers = self.peers.get(&(&*row.system, profile.clone()))?.len();
        let holders = self.holders.get(&(&*row.system, profile.clone(), what))?.len();
        let rule = format!(
            "at most {OUTLIER} of 100 peers of the same profile, of at least {PEERS}, have it"
        );
        let inputs = format!(
            "{holders} of {peers} with profile {profile}: {} %",
            holders * 100 / peers.max(1)
        );
        let rare = peers >= PEERS && holders * 100 <= OUTLIER * peers;
        rare.then(|| asked.hint("outlier", rule, inputs, NEUTRAL))
    }
}

const NEUTRAL: Recommendation = Recommendation::None;

/// The role profile of somebody, or their department.
fn profile(desk: &Desk<'_>, who: Pseudonym) -> String {
    let word = desk.people.newest(who, desk.context.now);
    let name = word.and_then(|word| word.role_profile.as_ref().or(word.department.as_ref()));
    name.map(ToString::to_string).unwrap_or_default()
}

/// One row that is asked about.
struct Asked<'a, 'd, 'c> {
    desk: &'d Desk<'c>,
    row: &'a Row,
    at: Timestamp,
}

impl Asked<'_, '_, '_> {
    fn hint(
        &self,
        name: &'static str,
        rule: impl Into<String>,
        inputs: String,
        speaks: Recommendation,
    ) -> Hint {
        Hint { name, rule: rule.into(), inputs, at: self.at, speaks }
    }

    /// Whether it is used.
    fn used(&self, usage: &Usage, tells_use: bool) -> Option<Hint> {
        let parameters = self.desk.context.parameters;
        let privileged = self.row.is_privileged();
        let limit = parameters.span(if privileged { &DORMANT_PRIVILEGED } else { &DORMANT });
        let last = [usage.last_used, usage.last_deployed, usage.last_approved];
        if let Some(last) = last.into_iter().flatten().max() {
            let idle = since(last, self.at);
            let rule = format!("used at least every {}", span(limit));
            let inputs = format!("last used at {last}, {} before", span(idle));
            return (idle > limit)
                .then(|| self.hint("dormant", rule, inputs, Recommendation::Revoke));
        }
        let never = parameters.span(&NEVER);
        let rule = format!("used within {} of the grant", span(never));
        let Some(given) = self.row.granted_at.or(self.row.created_at) else {
            let inputs = "no use is known, and nothing says since when it is there".to_owned();
            return tells_use.then(|| self.hint("never-used", rule, inputs, NEUTRAL));
        };
        if !tells_use {
            let rule = "use is judged where the source tells of it";
            return Some(self.hint(
                "use-unknown",
                rule,
                "the source tells of no use".to_owned(),
                NEUTRAL,
            ));
        }
        let inputs = format!("given at {given}, never used in {}", span(since(given, self.at)));
        (since(given, self.at) > never)
            .then(|| self.hint("never-used", rule, inputs, Recommendation::Revoke))
    }

    fn outside(&self, usage: &Usage) -> Option<Hint> {
        let rule = "used only in the time for which it was granted";
        let inputs = format!("{} deployments outside that time", usage.outside);
        (usage.outside > 0).then(|| self.hint("out-of-window-use", rule, inputs, NEUTRAL))
    }

    /// Whose it is, and whether they are still there, and where they were.
    fn holder(&self) -> Vec<Hint> {
        let (row, people) = (self.row, &self.desk.people);
        let personal = matches!(row.account_type, None | Some(AccountType::Personal));
        let Some(who) = row.person else {
            let rule = "an account is somebody's, or has an owner and a purpose";
            let owned = row.owner.is_some() && row.purpose.is_some();
            let inputs = "linked to no person, without owner and purpose".to_owned();
            let orphan = (personal || !owned)
                .then(|| self.hint("orphan", rule, inputs, Recommendation::Revoke));
            return orphan.into_iter().collect();
        };
        let now = self.desk.context.now;
        let Some(word) = people.newest(who, now) else {
            let rule = "a person has a record";
            return vec![self.hint("person-unknown", rule, format!("no record of {who}"), NEUTRAL)];
        };
        let said = format!("entry {}, effective {}", word.at.index, word.effective_at);
        match word.event {
            PersonEvent::Left => {
                let rule = "who left has no access";
                vec![self.hint("leaver", rule, format!("left: {said}"), Recommendation::Revoke)]
            }
            PersonEvent::Moved if row.granted_at.is_none_or(|at| at < word.effective_at) => {
                let rule = "what was held before a move is decided anew";
                vec![self.hint("mover", rule, format!("moved: {said}"), Recommendation::None)]
            }
            _ => Vec::new(),
        }
    }

    /// What kind of account it is, and how it is protected.
    fn account(&self) -> Vec<Hint> {
        let (row, parameters) = (self.row, self.desk.context.parameters);
        let mut all = Vec::new();
        let owned = row.owner.is_some() && row.purpose.is_some();
        match row.account_type {
            Some(AccountType::Service) if !owned => {
                let rule = "a service account has an owner and a purpose";
                all.push(self.hint(
                    "service-unowned",
                    rule,
                    "one of them is missing".to_owned(),
                    NEUTRAL,
                ));
            }
            Some(AccountType::Shared | AccountType::BreakGlass) => {
                let rule = "what several persons use says less about each";
                all.push(self.hint("shared", rule, "a shared account".to_owned(), NEUTRAL));
            }
            _ => {}
        }
        if row.is_privileged() {
            let rule = "it may do what few may";
            all.push(self.hint(
                "privileged",
                rule,
                "privileged in the listing".to_owned(),
                NEUTRAL,
            ));
            if row.mfa == Some(false) && row.account_type != Some(AccountType::Service) {
                let rule = "privileged access needs a second factor";
                let inputs = "no second factor in the listing".to_owned();
                all.push(self.hint("privileged-without-mfa", rule, inputs, Recommendation::Modify));
            }
        }
        if row.external == Some(true) {
            let rule = "whoever is from outside is named";
            all.push(self.hint("external", rule, "external in the listing".to_owned(), NEUTRAL));
        }
        let most = parameters.span(&ROTATE);
        if let Some(age) = row.key_rotated_at.map(|at| since(at, self.at)).filter(|age| *age > most)
        {
            let rule = format!("keys are changed every {}", span(most));
            all.push(self.hint("key-age", rule, format!("changed {} before", span(age)), NEUTRAL));
        }
        all
    }

    /// How and when it was given.
    fn grant(&self, certified: Option<Timestamp>) -> Vec<Hint> {
        let row = self.row;
        let mut all = Vec::new();
        if let Some(end) = row.expires.filter(|end| *end <= self.at) {
            let rule = "access for a time ends with it";
            all.push(self.hint("expired", rule, format!("ended at {end}"), Recommendation::Revoke));
        }
        let own = row.granted_by.as_deref().is_some_and(|by| {
            by == &*row.account || row.person.is_some_and(|who| who.to_string() == by)
        });
        if own {
            let rule = "nobody gives access to themself";
            all.push(self.hint(
                "self-granted",
                rule,
                "given by its own holder".to_owned(),
                Recommendation::Revoke,
            ));
        }
        let known = certified.or(row.granted_at);
        if let Some(age) = known.map(|at| since(at, self.at)).filter(|age| *age > STALE) {
            let rule = format!("certified at least every {}", span(STALE));
            let words =
                if certified.is_some() { "last certified" } else { "given, and never certified," };
            all.push(self.hint("stale", rule, format!("{words} {} before", span(age)), NEUTRAL));
        }
        all
    }
}
