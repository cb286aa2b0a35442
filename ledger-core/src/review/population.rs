//! Population: the items of a review, frozen from what was observed and from nothing that was typed.
//!
//! An item is an account and an entitlement of it. Rows that say the same of an account, because it has
//! it directly and through groups, are one item; they are counted.

use std::collections::{BTreeMap, BTreeSet};

use super::Desk;
use crate::check::access::fitness::unfit;
use crate::check::access::observed::Seen;
use crate::check::access::review::MERGED;
use crate::encoding::hex;
use crate::error::{Error, Result};
use crate::fact::Said;
use crate::fact::snapshot::{Key, Path, Row};
use crate::hash::Sha256;
use crate::json::Value;
use crate::schema::access::AccessObserved;
use crate::schema::typed::Id;
use crate::schema::words::Reference;
use crate::vault::persons::Pseudonym;

/// The reason of rows whose account cannot be used.
pub const DISABLED: &str = "account-disabled";
/// The reason of rows of others than the person of a micro review.
pub const OTHERS: &str = "other-person";

/// What a review is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Its id.
    pub campaign: &'a str,
    /// The systems, at least one.
    pub systems: &'a [Id],
    /// The listings, by the digests of their lists; the newest of each system where none is named.
    pub snapshots: &'a [Sha256],
    /// Only what this person may do: a micro review.
    pub only: Option<Pseudonym>,
    /// Whether accounts that cannot be used are left out.
    pub without_disabled: bool,
}

/// One item.
#[derive(Clone, Debug)]
pub struct Item<'d> {
    /// Its id: `i-` and 20 hex digits of the digest of campaign and key, so no two campaigns share one.
    pub id: String,
    /// The row; the first, where several say the same.
    pub row: &'d Row,
    /// How it came to the account: `direct`, `group`, `policy`.
    pub paths: BTreeSet<&'static str>,
    /// Whether any of its rows is privileged.
    pub privileged: Option<bool>,
}

/// The frozen population.
#[derive(Clone, Debug)]
pub struct Population<'d> {
    /// What was observed, by system.
    pub snapshots: Vec<&'d Said<AccessObserved>>,
    /// The same, as it was read.
    pub(super) taken: Vec<&'d Seen<'d>>,
    /// The items, ascending by system, account, entitlement and scope.
    pub items: Vec<Item<'d>>,
    /// The rows of the listings.
    pub rows: u64,
    /// What the systems said that they have; their rows, where one said nothing.
    pub total_reported: u64,
    /// Rows that are no items of their own: the reason, and how many.
    pub exclusions: BTreeMap<&'static str, u64>,
}

/// Freezes the population of a review.
///
/// Codes: `review-known` (a campaign of that id is there), `review-system-unknown`,
/// `review-snapshot-none`, `review-source-failed` (the newest listing failed), `review-snapshot-unread`,
/// `review-snapshot-later`, `review-snapshot-old`, `review-snapshot-partial`,
/// `review-snapshot-unreconciled`, `review-hierarchy-old`, `review-empty`.
pub fn freeze<'d>(desk: &'d Desk<'_>, asked: &Asked<'_>) -> Result<Population<'d>> {
    let (context, at) = (&desk.context, desk.context.now);
    let known = context.facts.campaign_opened.of(Reference::Campaign, asked.campaign).next();
    if let Some(known) = known {
        let message = format!("review `{}` was opened by entry {}", asked.campaign, known.at.index);
        return Err(Error::refused("review-known", message)
            .hint("a review is never deleted or opened twice: name another"));
    }
    let mut taken: Vec<&Seen<'_>> = Vec::new();
    for system in asked.systems {
        if context.facts.system(system.as_str(), at).is_none() {
            let message = format!("no system `{system}` is registered");
            return Err(Error::refused("review-system-unknown", message)
                .hint("its registration says who owns it"));
        }
        taken.push(listing(desk, system, asked.snapshots)?);
    }
    for seen in &taken {
        let (why, _) = unfit(context, seen, at);
        if let Some((code, why)) = why.into_iter().next() {
            return Err(Error::refused(code, format!("{} {why}", seen.words()))
                .hint("list and reconcile the system anew, then open the review"));
        }
    }
    if let Some(why) = desk.hierarchy().into_iter().next() {
        return Err(Error::refused("review-hierarchy-old", why)
            .hint("reconcile the feed of persons first: it says who is whose manager"));
    }
    items(desk, asked, taken)
}

/// The listing that counts for a system.
fn listing<'d, 'c>(desk: &'d Desk<'c>, system: &Id, named: &[Sha256]) -> Result<&'d Seen<'c>> {
    let all = desk.observed.all(system.as_str());
    let is_named =
        |seen: &&Seen<'_>| named.is_empty() || named.contains(&seen.said.entitlements.attachment);
    let Some(seen) = all.iter().rfind(is_named) else {
        return Err(Error::refused(
            "review-snapshot-none",
            format!("no listing of system `{system}` is there"),
        )
        .hint("import a list of its accounts and entitlements first"));
    };
    // a source that failed since must not be passed over in silence
    let since = all.iter().filter(|known| known.said.taken_at > seen.said.taken_at);
    if let Some(failed) = since.rev().find(|known| known.whole().is_none()) {
        let message = format!("{} came after it and is not whole", failed.words());
        return Err(Error::refused("review-source-failed", message)
            .hint("find out why the source failed, and list the system anew"));
    }
    match seen.rows() {
        Ok(_) => Ok(seen),
        Err(why) => {
            let message = format!("{}: {why}", seen.words());
            Err(Error::refused("review-snapshot-unread", message)
                .hint("a review needs the list itself, not only its digest"))
        }
    }
}

fn items<'d>(
    desk: &'d Desk<'_>,
    asked: &Asked<'_>,
    taken: Vec<&'d Seen<'d>>,
) -> Result<Population<'d>> {
    let names = asked.only.map(|who| desk.people.names(who, desk.context.now));
    let mut exclusions: BTreeMap<&'static str, u64> = BTreeMap::new();
    // a key that is left out has no item, and its rows are counted once as left out
    let mut by_key: BTreeMap<Key<'_>, Option<Item<'_>>> = BTreeMap::new();
    let (mut rows, mut total_reported) = (0, 0);
    for seen in &taken {
        let listed = seen.rows().unwrap_or_default();
        rows += listed.len() as u64;
        total_reported += seen.said.total_reported.unwrap_or(listed.len() as u64);
        for row in listed {
            let path = row.source.map(path_word);
            if let Some(known) = by_key.get_mut(&row.key()) {
                *exclusions.entry(MERGED).or_default() += 1;
                if let Some(item) = known {
                    item.paths.extend(path);
                    item.privileged = item.privileged.max(row.privileged);
                }
                continue;
            }
            let item = if let Some(reason) = left_out(row, asked, names.as_ref()) {
                *exclusions.entry(reason).or_default() += 1;
                None
            } else {
                let id = item_id(asked.campaign, row.key());
                let paths = path.into_iter().collect();
                Some(Item { id, row, paths, privileged: row.privileged })
            };
            by_key.insert(row.key(), item);
        }
    }
    let items: Vec<Item<'_>> = by_key.into_values().flatten().collect();
    if items.is_empty() {
        return Err(Error::refused("review-empty", "nothing in the listings is to be reviewed")
            .hint("an empty review proves nothing"));
    }
    Ok(Population {
        snapshots: taken.iter().map(|seen| seen.said).collect(),
        taken,
        items,
        rows,
        total_reported,
        exclusions,
    })
}

fn left_out(
    row: &Row,
    asked: &Asked<'_>,
    names: Option<&BTreeSet<Pseudonym>>,
) -> Option<&'static str> {
    let own = |names: &BTreeSet<Pseudonym>| row.person.is_some_and(|who| names.contains(&who));
    if names.is_some_and(|names| !own(names)) {
        return Some(OTHERS);
    }
    (asked.without_disabled && !row.is_enabled()).then_some(DISABLED)
}

/// The word of a path.
pub(super) fn path_word(path: Path) -> &'static str {
    match path {
        Path::Direct => "direct",
        Path::Group => "group",
        Path::Policy => "policy",
    }
}

/// The id of an item: of its campaign, and of what makes it the same as another.
pub fn item_id(campaign: &str, key: Key<'_>) -> String {
    let (system, account, entitlement, scope) = key;
    let text = |text: &str| Value::text(text);
    let option = |text: Option<&str>| Value::List(text.into_iter().map(Value::text).collect());
    let parts = Value::List(vec![
        text(campaign),
        text(system),
        text(account),
        option(entitlement),
        option(scope),
    ]);
    let digits = hex(&Sha256::of(parts.to_canonical().as_bytes()).0);
    format!("i-{}", digits.get(..20).unwrap_or_default())
}

impl Population<'_> {
    /// The rows of the listings: who administers a system stands in them.
    pub(super) fn listed(&self) -> Vec<&'_ Row> {
        self.taken.iter().flat_map(|seen| seen.rows().unwrap_or_default()).collect()
    }

    /// The list of the items in its normal form: a canonical object on each line.
    pub fn list(&self) -> String {
        self.items.iter().map(|item| line(item) + "\n").collect()
    }

    /// What the population is tied to, as canonical JSON: its SHA-256 is the digest of the population.
    pub fn seal(&self, items: &Sha256) -> Value {
        let exclusions = self.exclusions.iter().map(|(reason, count)| {
            Value::object([("count", Value::count(*count)), ("reason", Value::text(*reason))])
        });
        let snapshots = self
            .snapshots
            .iter()
            .map(|said| Value::text(said.entitlements.attachment.to_reference()));
        Value::object([
            ("exclusions", Value::List(exclusions.collect())),
            ("items", Value::text(items.to_reference())),
            ("rows", Value::count(self.rows)),
            ("snapshots", Value::List(snapshots.collect())),
            ("total_reported", Value::count(self.total_reported)),
        ])
    }
}

fn line(item: &Item<'_>) -> String {
    let row = item.row;
    let mut members = vec![
        ("account", Value::text(&*row.account)),
        ("item", Value::text(&item.id)),
        ("system", Value::text(&*row.system)),
    ];
    members.extend(row.entitlement.as_ref().map(|text| ("entitlement", Value::text(&**text))));
    members.extend(row.person.map(|who| ("person", Value::text(who.to_string()))));
    members.extend(item.privileged.map(|flag| ("privileged", Value::Bool(flag))));
    members.extend(row.scope.as_ref().map(|text| ("scope", Value::text(&**text))));
    Value::object(members).to_canonical()
}
