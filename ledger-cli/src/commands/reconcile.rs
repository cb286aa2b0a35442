//! `ledger reconcile`

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use ledger_core::encoding::hex;
use ledger_core::json::Value;
use ledger_core::key::Signer;
use ledger_core::ledger::{Group, Ledger, Receipt};
use ledger_core::producer::{self, Position};
use ledger_core::signature::Mode;
use ledger_core::time::Timestamp;
use ledger_core::vault::attachment;
use ledger_core::vault::inbox::Item;
use ledger_core::vault::persons::{Key, Persons};

use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::import::extract;
use crate::seen::Sight;
use crate::{clock, delivery, files, keys, listing, random, seen};

/// Compare a source's own list with the ledger
///
/// EXTRACT is an independent list of ids, taken from the system itself: CSV with a column of ids, or
/// JSON. Both ways: what the source has and the ledger has not is missing, what the ledger has and the
/// source has not is extra, and what was recorded with conflicting content is different. The result is
/// recorded as `source.reconciled`, with the lists. Status 1 if anything differs.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger reconcile github deployments.csv --population deployments \
    --by deployment --prefix github:deployment: --from 2026-07-01 --to 2026-10-01 --query all-deployments \
    --extractor hr/4711 --key k.pem"
)]
pub(crate) struct Reconcile {
    /// Source of the records, as in their `source`
    source: String,
    /// The list, CSV or JSON
    extract: PathBuf,
    /// Column or member in which the ids are
    #[arg(long, value_name = "NAME", default_value = "id")]
    id: String,
    /// What the ids are prefixed with in the ledger
    #[arg(long, value_name = "TEXT", default_value = "")]
    prefix: String,
    /// Compare with this subject reference, like `deployment`, instead of the records' own ids
    #[arg(long, value_name = "REFERENCE")]
    by: Option<String>,
    /// Compare with events of this type only
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// What is counted, like `deployments`
    #[arg(long, value_name = "ID")]
    population: String,
    /// First moment of the window: a date, or a time to the microsecond
    #[arg(long, value_name = "TIME")]
    from: String,
    /// End of the window, not part of it
    #[arg(long, value_name = "TIME")]
    to: String,
    /// How the list was asked for, as an id
    #[arg(long, value_name = "ID")]
    query: String,
    /// When the list was taken; now if nothing is said
    #[arg(long, value_name = "TIME")]
    extracted_at: Option<String>,
    /// Who took it, as ISSUER/ID
    #[arg(long, value_name = "ISSUER/ID")]
    extractor: String,
    /// Key that signs, a file or agent:SHA256:…
    #[arg(long = "key", value_name = "FILE")]
    keys: Vec<PathBuf>,
}

/// What both sides have, and what one of them has.
struct Compared {
    source: BTreeSet<String>,
    ledger: BTreeSet<String>,
    conflicted: BTreeSet<String>,
}

/// Compares and records.
pub(crate) fn run(args: &Reconcile, context: &mut Context) -> Result<Answer> {
    let window = (listing::time(&args.from, "--from")?, listing::time(&args.to, "--to")?);
    if window.0 >= window.1 {
        return Err(Failure::new("reconcile-window", "the window ends before it begins"));
    }
    let extracted = match &args.extracted_at {
        Some(text) => listing::time(text, "--extracted-at")?,
        None => clock::now()?,
    };
    let (issuer, person) = args.extractor.split_once('/').ok_or_else(|| {
        Failure::new("reconcile-extractor", format!("`{}` is nobody", args.extractor))
            .hint("write ISSUER/ID, like `hr/4711`")
    })?;
    let bytes = files::read_input(&args.extract)?;
    let ids = extract::ids(&bytes, &args.id).map_err(|reason| {
        Failure::new(reason.code, reason.message).within(files::shown(&args.extract))
    })?;
    let keys = keys::load_all(&args.keys)?;
    let signers = keys::signers(&keys);
    let (folder, mut ledger, sight) = seen::open(context)?;
    let source = ids.iter().map(|id| format!("{}{id}", args.prefix)).collect();
    let compared = compare(args, &ledger, source, window)?;
    let counts = compared.counts();
    let extractor = Value::object([("id", Value::text(person)), ("issuer", Value::text(issuer))]);
    let actor = Value::object([("id", extractor.clone()), ("kind", Value::text("human"))]);
    let data = [
        ("extracted_at", Value::text(extracted.to_string())),
        ("extractor", extractor),
        ("from", Value::text(window.0.to_string())),
        ("population", Value::text(&args.population)),
        ("query", Value::text(&args.query)),
        ("to", Value::text(window.1.to_string())),
    ];
    let data = Value::object(data.into_iter().chain(counts.map(|(n, c)| (n, Value::count(c)))));
    let draft = Value::object([
        ("actor", actor),
        ("data", data),
        ("occurred_at", Value::text(clock::now()?.to_string())),
        ("subject", Value::object([("source", Value::text(&args.source))])),
        ("type", Value::text("source.reconciled")),
    ]);
    let receipt = append(&mut ledger, &sight, draft, &compared.lines(), &signers)
        .map_err(|failure| folder.place(failure))?;
    let out = &mut context.out;
    let mut members: Vec<_> = counts.iter().map(|(name, n)| (*name, Value::count(*n))).collect();
    members.push(("index", Value::count(receipt.index)));
    out.value(&Value::object(members))?;
    let words: Vec<String> =
        counts.iter().map(|(n, c)| format!("{c} {}", n.replace('_', " "))).collect();
    out.line(format!("entry {}: {}", receipt.index, words.join(", ")))?;
    out.flush()?;
    sight.remember(&folder)?;
    delivery::tidy(&folder, &mut ledger)?;
    Ok(if compared.lines().is_empty() { Answer::Yes } else { Answer::No })
}

/// Reads the ledger once. Ids that name persons stand there as keyed digests: an id of the source
/// counts as found by either.
fn compare(
    args: &Reconcile,
    ledger: &Ledger,
    source: BTreeSet<String>,
    window: (Timestamp, Timestamp),
) -> Result<Compared> {
    let persons = Persons::open(&**ledger.store())?.map(|persons| persons.key());
    let digest = |key: &Key, id: &str| hex(&key.source_digest(&args.source, id).0);
    let keyed: std::collections::HashMap<String, &String> = match &persons {
        Some(key) => source.iter().map(|id| (digest(key, id), id)).collect(),
        None => std::collections::HashMap::new(),
    };
    let reference = args.by.as_ref().map(|by| format!("/subject/{by}"));
    let (mut found, mut conflicted) = (BTreeSet::new(), BTreeSet::new());
    listing::stream(ledger, 0, &mut |entry| {
        let event = &entry.event;
        let within = event.occurred_at >= window.0 && event.occurred_at < window.1;
        if event.text_at("/source") != Some(&args.source) {
            return Ok(true);
        }
        let Some(own) = event.text_at("/source_id") else { return Ok(true) };
        let plain = |id: &str| keyed.get(id).map_or_else(|| id.to_owned(), |id| (*id).clone());
        if event.kind == "source.conflicted" {
            conflicted.insert(plain(own));
            return Ok(true);
        }
        let id = reference.as_ref().map_or(Some(own), |by| event.text_at(by));
        if let Some(id) =
            id.filter(|_| within && args.kind.as_deref().is_none_or(|k| k == event.kind))
        {
            found.insert(plain(id));
        }
        Ok(true)
    })?;
    Ok(Compared { source, ledger: found, conflicted })
}

impl Compared {
    fn missing(&self) -> impl Iterator<Item = &String> {
        self.source.difference(&self.ledger)
    }

    fn extra(&self) -> impl Iterator<Item = &String> {
        self.ledger.difference(&self.source)
    }

    fn different(&self) -> impl Iterator<Item = &String> {
        self.source.intersection(&self.ledger).filter(|id| self.conflicted.contains(*id))
    }

    /// What the source has is matched, different or missing.
    fn counts(&self) -> [(&'static str, u64); 5] {
        let (missing, different) = (self.missing().count(), self.different().count());
        let matched = self.source.len() - missing - different;
        let counts = [
            ("source_count", self.source.len()),
            ("matched", matched),
            ("missing", missing),
            ("extra", self.extra().count()),
            ("different", different),
        ];
        counts.map(|(name, count)| (name, count as u64))
    }

    /// What is to be looked into, an item on each line; its disposition is still to be said.
    fn lines(&self) -> Vec<String> {
        let line = |state: &str, id: &String| {
            Value::object([("id", Value::text(id)), ("state", Value::text(state))]).to_canonical()
        };
        let missing = self.missing().map(|id| line("missing", id));
        let extra = self.extra().map(|id| line("extra", id));
        missing.chain(extra).chain(self.different().map(|id| line("different", id))).collect()
    }
}

/// Appends the event with its list, which may name persons and so is encrypted for the vault.
pub(crate) fn append(
    ledger: &mut Ledger,
    sight: &Sight,
    mut draft: Value,
    lines: &[String],
    signers: &[&dyn Signer],
) -> Result<Receipt> {
    let genesis = ledger.origin().genesis().0;
    let mut items = Vec::new();
    if !lines.is_empty() {
        let text = format!("{}\n", lines.join("\n"));
        let sealed = attachment::seal(genesis, text.as_bytes(), &random::bytes()?)?;
        // if we stop after this, a file is left that no entry names
        attachment::put(&**ledger.store(), &sealed)?;
        items.push(Item::Attachment { digest: sealed.digest, key: sealed.key });
        let digest = Value::text(sealed.digest.to_reference());
        let attached = Value::object([
            ("digest", digest.clone()),
            ("media_type", Value::text("application/jsonl")),
            ("name", Value::text("differences.jsonl")),
            ("private", Value::Bool(true)),
            ("size", Value::count(sealed.bytes.len() as u64)),
        ]);
        let lists =
            Value::object([("attachment", digest), ("count", Value::count(lines.len() as u64))]);
        if let Some(members) = draft.members_mut() {
            members.insert("attachments".to_owned(), Value::List(vec![attached]));
            if let Some(data) = members.get_mut("data").and_then(Value::members_mut) {
                data.insert("lists".to_owned(), lists);
            }
        }
    }
    sight.name(&mut draft);
    let place = Position::one_shot("reconcile", random::bytes()?);
    let event = producer::sign(&draft, Some(genesis), &place, signers, random::bytes()?)
        .map_err(|error| delivery::of_draft(&error))?;
    let admitted = ledger.door().admit(vec![event], random::bytes()?, Mode::OneByOne);
    let admitted = admitted.into_iter().collect::<std::result::Result<Vec<_>, _>>();
    let admitted = admitted.map_err(|error| Failure::by_law(&error))?;
    let how = Group { now: clock::now()?, random: random::bytes()?, all_or_nothing: true };
    let now = || clock::now().unwrap_or(how.now);
    let outcome = ledger.append_with(&admitted, &items, how, now)?.into_iter().next();
    let outcome = outcome.ok_or_else(|| Failure::new("receipt", "there is no receipt"))?;
    outcome.map_err(|error| Failure::by_law(&error))
}
