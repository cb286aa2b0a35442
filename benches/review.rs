//! An access review at size: how long it takes to open, to write, and to rule on the next item.
//!
//! One system; ten entitlements for each account; each hundredth account is a service's; a manager for
//! each fifty persons. Everything is used, one in ten not for half a year.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger_core::blob;
use ledger_core::check::matrix::Matrix;
use ledger_core::check::{Attachments, Context, Period};
use ledger_core::control::{Catalogue, Fiscal, Resolved};
use ledger_core::error::{Error, Result};
use ledger_core::fact::{Facts, snapshot};
use ledger_core::hash::Sha256;
use ledger_core::json::Value;
use ledger_core::key::{Signer, SigningKey};
use ledger_core::ledger::{Group, Ledger, Submission};
use ledger_core::producer::{Position, sign};
use ledger_core::report::review_items;
use ledger_core::review::assign::{Assigned, assign};
use ledger_core::review::evidence::{self, gather, strangers};
use ledger_core::review::population::{Asked, Population, freeze};
use ledger_core::review::ruling::{Bench, Draft};
use ledger_core::review::sheet::Told;
use ledger_core::review::standing::Standing;
use ledger_core::review::{Desk, limits};
use ledger_core::schema::review::CertifyDecision;
use ledger_core::schema::typed::Id;
use ledger_core::signature::Mode;
use ledger_core::store::Store;
use ledger_core::store::dir::Dir;
use ledger_core::time::{DAY, Timestamp};
use ledger_core::vault::persons::Pseudonym;

use crate::workload::{self, first16, json, seed, time};

/// Entitlements of one account.
const EACH: u64 = 10;
/// Persons with one manager.
const TEAM: u64 = 50;
/// Milliseconds of a day.
const MILLIS: u64 = 86_400_000;
/// When the listing was taken, in milliseconds of the workload's clock.
const TAKEN: u64 = 80 * MILLIS;
/// When the review opens.
const NOW: u64 = 81 * MILLIS;

/// `ledger-bench review N DIR`: builds a listing of N entitlements in the new folder, and reviews it.
pub(crate) fn run(count: u64, dir: &str) -> Result<()> {
    crate::ceiling::machine();
    let store: Arc<dyn Store> = Arc::new(Dir::create(Path::new(dir), Duration::from_secs(5))?);
    let mut world = World::new(store, count)?;
    let opened = world.open()?;
    world.decide(opened.0)?;
    Ok(())
}

struct World {
    ledger: Ledger,
    hash: [u8; 32],
    pair: Vec<SigningKey>,
    store: Arc<dyn Store>,
    step: u64,
}

struct Blobs(Arc<dyn Store>);

impl Attachments for Blobs {
    fn read(&self, digest: &Sha256) -> Option<Vec<u8>> {
        blob::get(&*self.0, *digest).ok().flatten()
    }
}

fn say(what: &str, since: Instant) {
    println!("{what:<28} {:.3} s", since.elapsed().as_secs_f64());
}

impl World {
    /// A system, its people, and its listing.
    fn new(store: Arc<dyn Store>, count: u64) -> Result<Self> {
        let (ledger, hash) = workload::ledger(store.clone())?;
        let mut world = Self { ledger, hash, pair: Vec::new(), store, step: 2 };
        let mut keys = Vec::new();
        let can = r#""append:*","append:system.registered","append:source.registered","review""#;
        for number in 0..2 {
            let whose = format!(r#""holder":{{"issuer":"hr","id":"p-{number}"}}"#);
            let (key, submission) = workload::registered(hash, number, can, &whose)?;
            world.pair.push(key);
            keys.push(submission);
        }
        world.put(keys)?;
        let accounts = count / EACH;
        let managers = accounts / TEAM + 1;
        let mut drafts = vec![system()];
        drafts.extend((0..managers).map(|n| joined(&format!("m-{n}"), None)));
        drafts.extend(
            (0..accounts).map(|n| joined(&format!("p-{n}"), Some(&format!("m-{}", n / TEAM)))),
        );
        world.say(drafts)?;
        let names: Vec<String> = (0..accounts).map(|n| format!("p-{n}")).collect();
        let asked: Vec<(&str, &str)> = names.iter().map(|name| ("hr", name.as_str())).collect();
        let who = world.ledger.pseudonyms(&asked, seed("pseudonyms", 0))?;
        let list = list(&who);
        let digest = blob::put(&*world.store, list.as_bytes())?;
        let rows = list.lines().count() as u64;
        world.say(vec![
            observed(&digest, list.len(), rows),
            reconciled("access.observed"),
            reconciled("person.changed"),
        ])?;
        println!("{rows} entitlements of {accounts} accounts, {} entries", world.ledger.size());
        Ok(world)
    }

    fn say(&mut self, drafts: Vec<String>) -> Result<Vec<u64>> {
        let first = self.step * 1_000_000;
        let hash = self.hash;
        let signers: Vec<&dyn Signer> = self.pair.iter().map(|key| key as &dyn Signer).collect();
        let one = |(number, draft): (u64, String)| {
            // what changes the scope is signed by two
            let by = if draft.contains("system.registered") { 2 } else { 1 };
            let position = Position::one_shot("review", *first16(&seed("review stream", number)));
            let signers = signers.get(..by).unwrap_or_default();
            sign(&json(&draft), Some(hash), &position, signers, seed("review salts", number))
                .map_err(|error| error.at(draft.chars().take(300).collect::<String>()))
        };
        let events = (first..).zip(drafts).map(one).collect::<Result<Vec<_>>>()?;
        self.put(events)
    }

    fn put(&mut self, events: Vec<Submission>) -> Result<Vec<u64>> {
        self.step += 1;
        let admitted = self.ledger.door().admit(events, seed("door", self.step), Mode::Bulk);
        let admitted = admitted.into_iter().collect::<Result<Vec<_>>>()?;
        let group =
            Group { now: time(NOW), random: seed("group", self.step), all_or_nothing: true };
        let receipts = self.ledger.append(&admitted, group)?;
        receipts.into_iter().map(|receipt| receipt.map(|known| known.index)).collect()
    }

    /// Opens the review; gives its evidence.
    fn open(&mut self) -> Result<(Vec<evidence::Evidence>, usize)> {
        let begin = Instant::now();
        let facts = Facts::of(&self.ledger, u64::MAX, time(NOW))?;
        say("facts", begin);
        let ground = Ground::new()?;
        let blobs = Blobs(self.store.clone());
        let desk = Desk::of(ground.context(&facts, &blobs));
        let systems = [Id::from("shop")];
        let asked = Asked {
            campaign: "uar-1",
            systems: &systems,
            snapshots: &[],
            only: None,
            without_disabled: false,
        };
        let part = Instant::now();
        let population = freeze(&desk, &asked)?;
        let list = population.list();
        say("population", part);
        let part = Instant::now();
        let known = gather(&desk, "uar-1", &population).list;
        let strange = strangers(&desk, &["shop"], time(NOW));
        say("evidence and hints", part);
        let part = Instant::now();
        let items = snapshot::items(list.as_bytes())?;
        let named: BTreeSet<Pseudonym> =
            facts.person_changed.all().iter().filter_map(|row| row.person.pseudonym).collect();
        let (assigned, without) = assign(&desk, &population, &items, 1, &named);
        say("reviewers", part);
        let digest = blob::put(&*self.store, list.as_bytes())?;
        blob::put(&*self.store, known.as_bytes())?;
        let drafts = opened(&population, &digest, list.len(), &assigned, &desk)?;
        let events = drafts.len();
        drop(desk);
        let part = Instant::now();
        self.say(drafts)?;
        say("signed and appended", part);
        say("OPENED", begin);
        println!(
            "{} items, {events} events, {} without a reviewer, {} strangers",
            items.len(),
            without.len(),
            strange.len()
        );
        Ok((evidence::read(known.as_bytes())?, items.len()))
    }

    /// What the next item takes, and the sheet.
    fn decide(&mut self, evidence: Vec<evidence::Evidence>) -> Result<()> {
        let begin = Instant::now();
        let facts = Facts::of(&self.ledger, u64::MAX, time(NOW + 1000))?;
        let ground = Ground::new()?;
        let blobs = Blobs(self.store.clone());
        let desk = Desk::of(ground.context(&facts, &blobs));
        let standing = Standing::of(&desk, "uar-1", evidence)?;
        let first = standing.items().first().map(|item| item.item.to_string());
        let first = first.ok_or_else(|| Error::refused("bench", "no item"))?;
        let with = standing.assignment(&first, 1, time(NOW)).and_then(|row| row.reviewer.pseudonym);
        let who = with.ok_or_else(|| Error::refused("bench", "no reviewer"))?;
        let mut bench = Bench::of(&desk, &standing, who)?;
        let waiting: Vec<String> = bench.waiting().iter().map(|(id, _)| (*id).to_owned()).collect();
        say("bench ready", begin);
        let mut slowest = Duration::ZERO;
        for item in &waiting {
            let part = Instant::now();
            let comment = Some("needed".to_owned());
            let draft = Draft {
                item: item.clone(),
                decision: CertifyDecision::Certify,
                comment,
                at: time(NOW),
            };
            bench.rule(draft, time(NOW + 1000))?;
            slowest = slowest.max(part.elapsed());
        }
        println!(
            "{:<28} {:.6} s, the slowest of {}",
            "NEXT ITEM",
            slowest.as_secs_f64(),
            waiting.len()
        );
        let begin = Instant::now();
        let told = Told::of(&desk, standing);
        let sheet = review_items(&told);
        let bytes = sheet.to_csv().len();
        say("EXPORTED as CSV", begin);
        println!("{} rows, {bytes} bytes", sheet.rows.len());
        Ok(())
    }
}

/// What a desk is made with.
struct Ground {
    parameters: ledger_core::check::Parameters,
    fiscal: Fiscal,
    matrix: Matrix,
}

impl Ground {
    fn new() -> Result<Self> {
        let resolved = Resolved::at(Catalogue::shipped()?, &[], time(NOW))?;
        Ok(Self {
            parameters: limits(&resolved)?,
            fiscal: Fiscal::shipped()?,
            matrix: Matrix::shipped()?,
        })
    }

    fn context<'g>(&'g self, facts: &'g Facts, attachments: &'g Blobs) -> Context<'g> {
        Context {
            facts,
            period: Period { from: time(0), to: time(NOW) },
            now: time(NOW),
            regime: None,
            parameters: &self.parameters,
            calendar: self.fiscal.days(),
            attachments,
            matrix: Some(&self.matrix),
            verified: None,
        }
    }
}

fn person(id: &str) -> String {
    format!(r#"{{"issuer":"hr","id":"{id}"}}"#)
}

fn system() -> String {
    format!(
        r#"{{"type":"system.registered","occurred_at":"{at}","subject":{{"system":"shop"}},"actor":{{"kind":"human","id":{who}}},
        "data":{{"state":"active","tier":"1","owner":{who},"entitlement_owners":[],"environments":[{{"name":"production","class":"production"}}],
        "regimes":["sox"],"regions":["eu"],"duties":[{{"entitlement":"role-0","duties":["DP"]}},{{"entitlement":"role-1","duties":["AU"]}}]}}}}"#,
        at = time(1),
        who = person("m-0"),
    )
}

fn joined(id: &str, manager: Option<&str>) -> String {
    let manager = manager.map(|id| format!(r#","manager":{}"#, person(id))).unwrap_or_default();
    format!(
        r#"{{"type":"person.changed","occurred_at":"{at}","subject":{{"person":"rec-{id}"}},"actor":{{"kind":"system","id":{feed}}},
        "data":{{"event":"joined","person":{who},"kind":"employee","effective_at":"{at}"{manager}}}}}"#,
        at = time(1),
        feed = person("feed"),
        who = person(id),
    )
}

fn observed(digest: &str, size: usize, rows: u64) -> String {
    format!(
        r#"{{"type":"access.observed","occurred_at":"{at}","subject":{{"system":"shop"}},"actor":{{"kind":"system","id":{feed}}},
        "data":{{"taken_at":"{at}","pages":1,"rows":{rows},"total_reported":{rows},"complete":true,"collector":"bench",
        "entitlements":{{"attachment":"{digest}","count":{rows}}}}},
        "attachments":[{{"name":"rows.jsonl","media_type":"application/jsonl","size":{size},"digest":"{digest}"}}]}}"#,
        at = time(TAKEN),
        feed = person("feed"),
    )
}

fn reconciled(population: &str) -> String {
    format!(
        r#"{{"type":"source.reconciled","occurred_at":"{at}","subject":{{"source":"admin","system":"shop"}},"actor":{{"kind":"human","id":{who}}},
        "data":{{"population":"{population}","from":"{from}","to":"{to}","extracted_at":"{at}","query":"all","source_count":1,
        "matched":1,"missing":0,"extra":0,"different":0,"extractor":{who}}}}}"#,
        at = time(TAKEN + 1000),
        from = time(0),
        to = time(NOW),
        who = person("m-0"),
    )
}

/// The listing, a canonical row on each line.
fn list(who: &[Pseudonym]) -> String {
    let mut text = String::new();
    for (number, who) in who.iter().enumerate() {
        let days = if number % 10 == 0 { 180 } else { 3 };
        let used = Timestamp::from_micros(time(TAKEN).micros().saturating_sub(days * DAY));
        let used = used.unwrap_or(time(0));
        for role in 0..EACH {
            let _ = writeln!(
                text,
                r#"{{"account":"a-{number:08}","account_type":"personal","enabled":true,"entitlement":"role-{role}","granted_at":"{}","last_used":"{used}","person":"{who}","privileged":{},"system":"shop"}}"#,
                time(1),
                role == 0,
            );
        }
    }
    text
}

/// The events of a review that opens.
fn opened(
    population: &Population<'_>,
    digest: &str,
    size: usize,
    assigned: &[Assigned],
    desk: &Desk<'_>,
) -> Result<Vec<String>> {
    let list = Sha256::from_reference(digest).ok_or_else(|| Error::refused("bench", "digest"))?;
    let seal = Sha256::of(population.seal(&list).to_canonical().as_bytes()).to_reference();
    let snapshots = population.snapshots.iter();
    let snapshots: Vec<String> = snapshots
        .map(|said| format!(r#""{}""#, said.entitlements.attachment.to_reference()))
        .collect();
    let names: std::collections::HashMap<Pseudonym, String> = desk
        .context
        .facts
        .person_changed
        .all()
        .iter()
        .filter_map(|row| {
            let record = row.subject.get(ledger_core::schema::words::Reference::Person)?;
            Some((row.person.pseudonym?, record.as_str().strip_prefix("rec-")?.to_owned()))
        })
        .collect();
    let mut drafts = vec![format!(
        r#"{{"type":"campaign.opened","occurred_at":"{now}","subject":{{"campaign":"uar-1"}},"actor":{{"kind":"human","id":{who}}},
        "data":{{"due":"{due}","items":{{"attachment":"{digest}","count":{count}}},"kind":"periodic","owner":{who},"period":"2026-Q3",
        "population":{{"digest":"{seal}","exclusions":[],"rows":{rows},"total_reported":{rows}}},"snapshots":[{lists}],"stages":1,"systems":["shop"]}},
        "attachments":[{{"name":"review-items.jsonl","media_type":"application/jsonl","size":{size},"digest":"{digest}"}}]}}"#,
        now = time(NOW),
        due = time(NOW + 14 * MILLIS),
        who = person("m-0"),
        count = population.items.len(),
        rows = population.rows,
        lists = snapshots.join(","),
    )];
    for one in assigned {
        let who = person(names.get(&one.reviewer).map_or("m-0", String::as_str));
        for items in one.items.chunks(100) {
            let items: Vec<Value> = items.iter().map(Value::text).collect();
            drafts.push(format!(
                r#"{{"type":"campaign.assigned","occurred_at":"{}","subject":{{"campaign":"uar-1"}},"actor":{{"kind":"human","id":{who}}},
                "data":{{"cause":"initial","items":{},"relationship":"{}","reviewer":{who},"stage":{}}}}}"#,
                time(NOW),
                Value::List(items).to_canonical(),
                one.relationship,
                one.stage,
            ));
        }
    }
    Ok(drafts)
}
