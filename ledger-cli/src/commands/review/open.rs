//! `ledger review open`

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::Args;
use ledger_core::fact::snapshot;
use ledger_core::hash::Sha256;
use ledger_core::json::Value;
use ledger_core::ledger::Ledger;
use ledger_core::review::assign::{Assigned, Unassigned, assign};
use ledger_core::review::evidence::{Gathered, Stranger, gather, strangers};
use ledger_core::review::population::{Asked, Population, freeze};
use ledger_core::schema::typed::Id;
use ledger_core::vault::persons::{Persons, Pseudonym};

use super::room::{self, Gift, Limits, Scribe};
use crate::commands::owner;
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::{approval, files, frozen, keys, seen};

/// Open a review: freeze who may do what as it was observed, and give each item to a reviewer
///
/// The listings must be whole, at most a week old and reconciled, and the managers known. Each item is
/// joined with its real use and all that speaks for or against it. Its reviewer is the person's manager,
/// else the system's owner, else an owner of its entitlements: never its subject, nobody who administers
/// the system, nobody who left. Status 1 where items have no reviewer, or somebody deployed without
/// standing in the listing.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger review open uar-2026-q4 --systems shop --period 2026-Q4 --due P14D --owner hr:2203 --reviewers reviewers.txt --actor hr:2203 --key k.pem"
)]
pub(crate) struct Open {
    /// Its id
    campaign: String,
    /// The systems
    #[arg(long, value_name = "ID", value_delimiter = ',', required = true)]
    systems: Vec<String>,
    /// The listing, by the digest of its list; once for each system [default: the newest]
    #[arg(long = "from-snapshot", value_name = "DIGEST")]
    snapshots: Vec<String>,
    /// Until when it is to be decided: a time, or a duration from now on
    #[arg(long, value_name = "TIME")]
    due: String,
    /// Of which period it is, like 2026-Q4
    #[arg(long, value_name = "ID")]
    period: String,
    /// Who answers for it
    #[arg(long, value_name = "ISSUER:ID")]
    owner: String,
    /// File of those who may be asked, an ISSUER:ID on each line
    #[arg(long, value_name = "FILE")]
    reviewers: PathBuf,
    /// How many reviewers decide one after the other
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=3))]
    stages: u64,
    /// A micro review: only what this person may do
    #[arg(long, value_name = "ISSUER:ID", requires = "trigger")]
    person: Option<String>,
    /// What set it off, like the id of the person's record
    #[arg(long, value_name = "ID")]
    trigger: Option<String>,
    /// Leave out accounts that cannot be used; they are counted
    #[arg(long)]
    without_disabled: bool,
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    scribe: Scribe,
}

/// Freezes, assigns, records.
pub(super) fn run(args: &Open, context: &mut Context) -> Result<Answer> {
    let campaign = room::id("CAMPAIGN", &args.campaign)?;
    let period = room::id("--period", &args.period)?;
    let due = approval::moment("--due", &args.due)?;
    let owner = keys::identity(&args.owner).map_err(|failure| failure.within("--owner"))?;
    let (signing, actor) = (args.scribe.load()?, args.scribe.actor()?);
    let systems = systems(args)?;
    let snapshots = snapshots(args)?;
    let names = reviewers(args)?;
    let (folder, mut ledger, sight) = seen::open(context)?;
    let named = identities(&ledger, &names)?;
    let only = args.person.as_ref().map(|text| owner::person(&ledger, text)).transpose()?;
    let room = args.limits.room(&ledger)?;
    let blobs = room.blobs();
    let desk = room.desk(&blobs);
    let asked = Asked {
        campaign,
        systems: &systems,
        snapshots: &snapshots,
        only,
        without_disabled: args.without_disabled,
    };
    let population =
        freeze(&desk, &asked).map_err(|error| folder.place(Failure::by_law(&error)))?;
    let known = gather(&desk, campaign, &population);
    let list = population.list();
    let items = snapshot::items(list.as_bytes())?;
    let askable: BTreeSet<Pseudonym> = named.keys().copied().collect();
    let (assigned, without) = assign(&desk, &population, &items, args.stages, &askable);
    let ids: Vec<&str> = systems.iter().map(Id::as_str).collect();
    let strange = strangers(&desk, &ids, room.now);
    let store = &**ledger.store();
    let (list_file, list_digest) = frozen::put(store, frozen::ITEMS, &list)?;
    let (evidence_file, _) = frozen::put(store, frozen::EVIDENCE, &known.list)?;
    let seal = Sha256::of(population.seal(&list_digest).to_canonical().as_bytes());
    let mut data = opened(args, &population, &list_digest, &seal);
    data.extend([
        ("due", Value::text(due.to_string())),
        ("owner", owner),
        ("period", Value::text(period)),
    ]);
    let mut first = room::draft("campaign.opened", campaign, &actor, room.now, data);
    if let Some(members) = first.members_mut() {
        let files = Value::List(vec![list_file, evidence_file]);
        members.insert("attachments".to_owned(), files);
    }
    let mut drafts = vec![first];
    for one in &assigned {
        let Some(reviewer) = named.get(&one.reviewer) else { continue };
        let gift = Gift {
            cause: "initial",
            relationship: one.relationship,
            reviewer,
            stage: one.stage,
            from: None,
            until: None,
        };
        drafts.extend(room::assigned(campaign, &actor, room.now, &one.items, &gift));
    }
    let told = Told {
        population: &population,
        seal,
        assigned: &assigned,
        without: &without,
        strange: &strange,
        known: &known,
    };
    let is_clean = without.is_empty() && strange.is_empty();
    let more = told.members();
    room::record((&folder, &mut ledger, &sight), &drafts, &keys::signers(&signing), more, context)?;
    told.lines(context)?;
    Ok(if is_clean { Answer::Yes } else { Answer::No })
}

fn systems(args: &Open) -> Result<Vec<Id>> {
    let mut all = Vec::new();
    for text in &args.systems {
        all.push(Id::from(room::id("--systems", text)?));
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

fn snapshots(args: &Open) -> Result<Vec<Sha256>> {
    let one = |text: &String| {
        Sha256::from_reference(text).ok_or_else(|| {
            Failure::new("field-value", format!("`{text}` is no digest"))
                .within("--from-snapshot")
                .hint("the digest of the list of an `access.observed`, `sha256:` and 64 hex digits")
        })
    };
    args.snapshots.iter().map(one).collect()
}

/// The lines of the file, each somebody.
fn reviewers(args: &Open) -> Result<Vec<String>> {
    let place = |failure: Failure| failure.within(files::shown(&args.reviewers));
    let text = String::from_utf8(files::read(&args.reviewers)?)
        .map_err(|_| place(Failure::new("reviewers", "the file is not UTF-8")))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let lines: Vec<String> = lines.map(str::to_owned).collect();
    if lines.is_empty() {
        return Err(place(
            Failure::new("reviewers", "the file names nobody")
                .hint("write an ISSUER:ID on each line, as managers and owners are recorded"),
        ));
    }
    Ok(lines)
}

/// Those of the file whom the ledger knows; an event names a person by identity, and the rule finds a
/// pseudonym.
fn identities(ledger: &Ledger, names: &[String]) -> Result<BTreeMap<Pseudonym, Value>> {
    let store = &**ledger.store();
    let mut persons = Persons::open(store)?;
    let mut known = BTreeMap::new();
    for name in names {
        let identity = keys::identity(name).map_err(|failure| failure.within("--reviewers"))?;
        let part = |name: &str| identity.get(name).and_then(Value::as_text).unwrap_or_default();
        let found = match &mut persons {
            Some(persons) => persons.resolve(store, part("issuer"), part("id"))?,
            None => None,
        };
        if let Some(who) = found {
            known.insert(who, identity);
        }
    }
    Ok(known)
}

fn opened(
    args: &Open,
    population: &Population<'_>,
    list: &Sha256,
    seal: &Sha256,
) -> Vec<(&'static str, Value)> {
    let exclusions = population.exclusions.iter().map(|(reason, count)| {
        Value::object([("count", Value::count(*count)), ("reason", Value::text(*reason))])
    });
    let population_value = Value::object([
        ("digest", Value::text(seal.to_reference())),
        ("exclusions", Value::List(exclusions.collect())),
        ("rows", Value::count(population.rows)),
        ("total_reported", Value::count(population.total_reported)),
    ]);
    let items = Value::object([
        ("attachment", Value::text(list.to_reference())),
        ("count", Value::count(population.items.len() as u64)),
    ]);
    let lists = population.snapshots.iter();
    let lists = lists.map(|said| Value::text(said.entitlements.attachment.to_reference()));
    let systems = population.snapshots.iter().map(|said| Value::text(said.system.as_str()));
    let kind = if args.person.is_some() { "micro" } else { "periodic" };
    let mut data = vec![
        ("items", items),
        ("kind", Value::text(kind)),
        ("population", population_value),
        ("snapshots", Value::List(lists.collect())),
        ("stages", Value::count(args.stages)),
        ("systems", Value::List(systems.collect())),
    ];
    data.extend(args.trigger.as_ref().map(|text| ("trigger", Value::text(text))));
    data
}

/// What is said of a review that was opened.
struct Told<'t> {
    population: &'t Population<'t>,
    seal: Sha256,
    assigned: &'t [Assigned],
    without: &'t [Unassigned],
    strange: &'t [Stranger],
    known: &'t Gathered,
}

impl Told<'_> {
    fn members(&self) -> Vec<(&'static str, Value)> {
        let population = self.population;
        let exclusions = population.exclusions.iter().map(|(why, n)| (*why, Value::count(*n)));
        let assigned = self.assigned.iter().map(|one| {
            Value::object([
                ("items", Value::count(one.items.len() as u64)),
                ("relationship", Value::text(one.relationship)),
                ("reviewer", Value::text(one.reviewer.to_string())),
                ("stage", Value::count(one.stage)),
            ])
        });
        let without = self.reasons();
        let without = without.iter().map(|(why, n)| (*why, Value::count(*n)));
        let strange = self.strange.iter().map(|one| {
            Value::object([
                ("deployments", Value::count(one.deployments)),
                ("entries", Value::List(one.entries.iter().map(|i| Value::count(*i)).collect())),
                ("last", Value::text(one.last.to_string())),
                ("person", Value::text(one.who.to_string())),
                ("system", Value::text(&one.system)),
            ])
        });
        vec![
            ("assigned", Value::List(assigned.collect())),
            ("deployed_without_grant", Value::List(strange.collect())),
            ("exclusions", Value::object(exclusions)),
            ("items", Value::count(population.items.len() as u64)),
            ("new", Value::count(self.known.new)),
            ("population", Value::text(self.seal.to_reference())),
            ("removed", Value::count(self.known.gone.len() as u64)),
            ("rows", Value::count(population.rows)),
            ("total_reported", Value::count(population.total_reported)),
            ("unassigned", Value::object(without)),
        ]
    }

    fn reasons(&self) -> BTreeMap<&'static str, u64> {
        let mut reasons = BTreeMap::new();
        for one in self.without {
            *reasons.entry(one.why).or_default() += 1;
        }
        reasons
    }

    fn lines(&self, context: &mut Context) -> Result<()> {
        let (out, population) = (&mut context.out, self.population);
        out.line(format!(
            "population   {} items of {} rows, {} reported",
            population.items.len(),
            population.rows,
            population.total_reported
        ))?;
        for (why, count) in &population.exclusions {
            out.line(format!("left out     {count}  {why}"))?;
        }
        out.line(format!("digest       {}", self.seal.to_reference()))?;
        for one in self.assigned {
            let (who, how) = (one.reviewer, one.relationship);
            out.line(format!(
                "reviewer     {who}  stage {}  {} items  {how}",
                one.stage,
                one.items.len()
            ))?;
        }
        for (why, count) in self.reasons() {
            out.line(format!("▲ no reviewer  {count} items  {why}"))?;
        }
        for one in self.strange {
            out.line(format!(
                "▲ not listed  {} deployed {} times in {}, last at {}",
                one.who, one.deployments, one.system, one.last
            ))?;
        }
        out.flush()
    }
}
