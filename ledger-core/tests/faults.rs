//! A store that fails at every single call: nothing acknowledged is lost, nothing is there twice.
//!
//! A fixed history runs over a store that fails at its n-th call, for every n; the failing call is
//! lost, half done, or done and reported as failed; alone, or with all that follow. Afterwards
//! the folder is verified whole, opened again, and everything is delivered a second time; and the
//! process that saw the failure goes on as well, as a server would.
#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "helpers of tests stop at the first surprise"
)]
#![allow(
    clippy::manual_let_else,
    clippy::needless_for_each,
    reason = "the outcome is named before it is judged"
)]

#[path = "common/history.rs"]
mod history;
#[path = "faults/roll.rs"]
mod roll;
#[path = "common/world.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use history::Script;
use ledger_core::checkpoint::Origin;
use ledger_core::error::{Error, Result};
use ledger_core::hash::Blake3;
use ledger_core::head::Head;
use ledger_core::ledger::{Beginning, Ledger, Submission, create, is_poisoned};
use ledger_core::segment;
use ledger_core::signer;
use ledger_core::store::faulty::{Cause, Fault, Faulty, Outcome};
use ledger_core::store::memory::Memory;
use ledger_core::store::{Store, read_all};
use ledger_core::vault::key::VaultSecret;
use ledger_core::vault::persons::Key;
use ledger_core::verify::Verdict;
use rayon::prelude::*;
use world::{group, key, seed, verified};

/// What happens, in order.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Append(usize),
    CatchUp,
    Checkpoint,
}

const STEPS: &[Step] = &[
    Step::Append(0),
    Step::Append(1),
    Step::CatchUp,
    Step::Append(2),
    Step::Checkpoint,
    Step::CatchUp,
    Step::Append(3),
    Step::Checkpoint,
];

/// A small ledger and the signed events that will be delivered to it.
struct History {
    base: Memory,
    groups: Vec<Vec<Submission>>,
    origin: Origin,
}

impl History {
    fn new() -> Self {
        let base = Memory::new();
        let Script { groups, origin } = history::short(Arc::new(base.clone()));
        Self { base, groups, origin }
    }

    fn size(&self) -> u64 {
        6 + self.groups.iter().map(|group| group.len() as u64).sum::<u64>()
    }
}

/// What a client of the ledger remembers, outside of it.
#[derive(Clone, Default)]
struct Client {
    /// Event → index and hash, of each receipt.
    receipts: BTreeMap<Blake3, (u64, Blake3)>,
    signer: Option<signer::Memory>,
}

impl Client {
    fn deliver(&mut self, ledger: &mut Ledger, events: &[Submission], number: u64) -> Result<()> {
        let door = ledger.door();
        let admitted = door.admit(events.to_vec(), [1; 32], ledger_core::signature::Mode::OneByOne);
        let admitted = admitted.into_iter().collect::<Result<Vec<_>>>()?;
        let receipts = ledger.append(&admitted, group(100 + number))?;
        for (event, receipt) in events.iter().zip(receipts) {
            let receipt = receipt?;
            let seen = (receipt.index, receipt.hash);
            let before = self.receipts.insert(Blake3::of(&event.event), seen);
            if before.is_some_and(|before| before != seen || !receipt.known) {
                let message = format!("receipt {before:?} became {receipt:?}");
                return Err(Error::untrue("test-receipt", message));
            }
        }
        Ok(())
    }

    fn checkpoint(&mut self, ledger: &Ledger) -> Result<()> {
        let signed = signer::sign(ledger, self.signer.as_ref(), &key("checkpoint"))?;
        self.signer = Some(signed.memory.clone());
        signer::publish(ledger.store(), &signed).map(drop)
    }

    fn step(&mut self, ledger: &mut Ledger, history: &History, step: Step) -> Result<()> {
        match step {
            Step::Append(number) => self.deliver(ledger, &history.groups[number], number as u64),
            Step::CatchUp => ledger.catch_up(1, 100).map(drop),
            Step::Checkpoint => self.checkpoint(ledger),
        }
    }

    fn held(&self) -> Vec<(u64, Blake3)> {
        self.receipts.values().copied().collect()
    }
}

type Finding = std::result::Result<(), String>;

fn said(what: &str) -> impl Fn(Error) -> String {
    move |error| format!("{what}: {} ({error})", error.code())
}

fn sound(
    history: &History,
    store: &dyn Store,
    client: &Client,
    what: &str,
    whole: bool,
) -> Finding {
    // with a spoilt newest slot the head may stand before what was promised, until recovery
    let head = Head::read(store).map_err(said(what))?.unwrap();
    let promised = if head.damaged.is_some() { head.head.size } else { u64::MAX };
    let held: Vec<_> = client.held().into_iter().filter(|(index, _)| *index < promised).collect();
    let report = verified(store, &history.origin, &held).map_err(said(what))?;
    let holds =
        report.verdict == Verdict::Holds || (!whole && report.verdict == Verdict::CannotTell);
    if holds && report.faults.is_empty() {
        return Ok(());
    }
    Err(format!("{what}: {:?} {:?} {:?}", report.verdict, report.reason, report.faults))
}

/// Everything that was acknowledged is there once, and nothing that nobody sent.
fn once_each(history: &History, ledger: &Ledger, client: &Client) -> Finding {
    let events = world::events_of(ledger).map_err(said("reading all"))?;
    let distinct: BTreeSet<Blake3> = events.iter().map(|event| Blake3::of(event)).collect();
    if distinct.len() != events.len() {
        return Err(format!("{} events in {} entries", distinct.len(), events.len()));
    }
    let sent: BTreeSet<Blake3> =
        history.groups.iter().flatten().map(|event| Blake3::of(&event.event)).collect();
    if let Some(foreign) =
        events.iter().skip(6).position(|event| !sent.contains(&Blake3::of(event)))
    {
        return Err(format!("entry {} was sent by nobody", foreign + 6));
    }
    match client.receipts.keys().find(|event| !distinct.contains(event)) {
        Some(lost) => Err(format!("acknowledged and lost: {lost:?}")),
        None => Ok(()),
    }
}

/// All is delivered a second time, and the ledger ends where it would have without the failure.
fn to_the_end(history: &History, ledger: &mut Ledger, client: &mut Client) -> Finding {
    for (number, events) in history.groups.iter().enumerate() {
        let what = format!("group {number} again");
        client.deliver(ledger, events, 50 + number as u64).map_err(said(&what))?;
    }
    once_each(history, ledger, client)?;
    if ledger.size() != history.size() {
        return Err(format!("{} entries at the end, not {}", ledger.size(), history.size()));
    }
    ledger.catch_up(1, 100).map_err(said("catching up at the end"))?;
    client.checkpoint(ledger).map_err(said("checkpoint at the end"))?;
    sound(history, &**ledger.store(), client, "at the end", true)
}

/// Another process finds the folder.
fn next_process(history: &History, store: &Memory, mut client: Client, recover: bool) -> Finding {
    sound(history, store, &client, "before recovery", false)?;
    let poisoned = is_poisoned(store).map_err(said("poison"))?;
    let mut ledger = Ledger::open(Arc::new(store.clone())).map_err(said("opening"))?;
    if poisoned {
        let refused = client.clone().deliver(&mut ledger, &history.groups[0], 40);
        if refused.as_ref().err().map(Error::code) != Some("poisoned") {
            return Err(format!("another process does not honour the mark: {refused:?}"));
        }
    }
    if poisoned || recover {
        ledger.recover().map_err(said("recovery"))?;
        sound(history, store, &client, "after recovery", true)?;
    }
    once_each(history, &ledger, &client)?;
    to_the_end(history, &mut ledger, &mut client)?;
    let opened = Ledger::open(Arc::new(store.clone())).map_err(said("opening again"))?;
    once_each(history, &opened, &client)
}

/// The process that saw the failure goes on.
fn same_process(
    history: &History,
    store: &Memory,
    ledger: &mut Ledger,
    mut client: Client,
    stopped: bool,
) -> Finding {
    // where even the mark could not be written, the process that saw it remembers
    if stopped || is_poisoned(store).map_err(said("poison"))? {
        let refused = client.clone().deliver(ledger, &history.groups[0], 40);
        if refused.as_ref().err().map(Error::code) != Some("poisoned") {
            return Err(format!("the process goes on: {refused:?}"));
        }
        ledger.recover().map_err(said("own recovery"))?;
    }
    to_the_end(history, ledger, &mut client)
}

/// One run of the history with one failure.
fn run(history: &History, fault: Fault) -> Finding {
    let store = history.base.snapshot();
    let faulty = Arc::new(Faulty::failing(Arc::new(store.clone()), fault));
    let mut client = Client::default();
    let mut ledger = match Ledger::open(faulty.clone()) {
        Ok(ledger) => ledger,
        Err(_) => return next_process(history, &store, client, false),
    };
    let stop = STEPS.iter().find_map(|step| {
        let outcome = client.step(&mut ledger, history, *step);
        outcome.err().map(|error| (*step, error))
    });
    let marked = is_poisoned(&store).unwrap();
    faulty.plan(None);
    let Some((step, error)) = stop else {
        // a failure that did not matter is one that nobody was told of
        return to_the_end(history, &mut ledger, &mut client);
    };
    if error.code() == "test-receipt" {
        return Err(error.to_string());
    }
    if matches!(step, Step::Append(_)) && error.is_sync() && !fault.lasting && !marked {
        return Err(format!("a failed sync left no mark: {error}"));
    }
    if marked && !error.is_sync() {
        return Err(format!("a failure before anything was promised left a mark: {error}"));
    }
    let left = store.snapshot();
    next_process(history, &left, client.clone(), fault.at.is_multiple_of(2))
        .map_err(|e| format!("next process after {step:?} said {error}: {e}"))?;
    let stopped = matches!(step, Step::Append(_)) && error.is_sync();
    same_process(history, &store, &mut ledger, client, stopped)
        .map_err(|e| format!("same process after {step:?} said {error}: {e}"))
}

/// For each call each outcome, reported as EIO; of the other causes and the lasting failures two at
/// each call, in turn. All of them with `EVERY=1`.
fn faults(calls: u64) -> Vec<Fault> {
    let every = std::env::var_os("EVERY").is_some();
    let mut kinds = Vec::new();
    for (cause, lasting) in
        [(Cause::Io, false), (Cause::Full, false), (Cause::Io, true), (Cause::Full, true)]
    {
        kinds.extend(
            [Outcome::Lost, Outcome::Done, Outcome::Half].map(|outcome| (outcome, cause, lasting)),
        );
    }
    let mut faults = Vec::new();
    for at in 0..calls {
        for (number, (outcome, cause, lasting)) in (0..).zip(&kinds) {
            let turn = [at * 2 % 9 + 3, (at * 2 + 1) % 9 + 3];
            if every || number < 3 || turn.contains(&number) {
                faults.push(Fault { at, outcome: *outcome, cause: *cause, lasting: *lasting });
            }
        }
    }
    faults
}

/// Runs all failures on all cores; prints each kind of finding with its first failure.
fn all_survived(calls: u64, run: impl Fn(Fault) -> Finding + Sync) {
    assert!(calls > 20, "the history makes {calls} calls only");
    let faults = faults(calls);
    println!("{calls} calls, {} failures; no seed: every one of them", faults.len());
    let found: Vec<(Fault, String)> = faults
        .par_iter()
        .filter_map(|fault| run(*fault).err().map(|finding| (*fault, finding)))
        .collect();
    let mut kinds: BTreeMap<String, (Fault, &str, usize)> = BTreeMap::new();
    for (fault, finding) in &found {
        let kind = finding.chars().filter(|c| !c.is_ascii_digit()).take(160).collect();
        kinds.entry(kind).or_insert((*fault, finding, 0)).2 += 1;
    }
    for (fault, finding, count) in kinds.values() {
        println!("{count} times, first {fault:?}\n    {finding}");
    }
    assert!(found.is_empty(), "{} of {} not survived", found.len(), faults.len());
}

#[test]
fn every_failing_call_of_a_history_is_survived() {
    let history = History::new();
    let counting = Arc::new(Faulty::new(Arc::new(history.base.snapshot())));
    let mut ledger = Ledger::open(counting.clone()).unwrap();
    let mut client = Client::default();
    STEPS.iter().for_each(|step| client.step(&mut ledger, &history, *step).unwrap());
    to_the_end(&history, &mut ledger, &mut client).unwrap();
    let counting = Arc::new(Faulty::new(Arc::new(history.base.snapshot())));
    let mut ledger = Ledger::open(counting.clone()).unwrap();
    let mut client = Client::default();
    STEPS.iter().for_each(|step| client.step(&mut ledger, &history, *step).unwrap());
    all_survived(counting.calls(), |fault| run(&history, fault));
}

/// A folder in every kind of disorder at once: a mark, a spoilt slot, and past the head lines that
/// are lawful and one that is torn.
fn disorder(history: &History) -> (Memory, Client) {
    let store = history.base.snapshot();
    let mut ledger = Ledger::open(Arc::new(store.clone())).unwrap();
    let mut client = Client::default();
    client.deliver(&mut ledger, &history.groups[0], 0).unwrap();
    let older = read_all(&store, "head").unwrap().unwrap();
    client.deliver(&mut ledger, &history.groups[1], 1).unwrap();
    // the newest slot is lost, so that the older one stands and group 1 lies past it
    let slot = ledger.head().counter % 2;
    store.write("head", 0, &older).unwrap();
    store.write("head", slot * 4096 + 100, b"?").unwrap();
    let head = ledger.head();
    store.write(&segment::name(head.segment), head.offset, b"{\"chain\":\"torn").unwrap();
    store.write("poison", 0, b"a sync failed\n").unwrap();
    (store, client)
}

#[test]
fn every_failing_call_of_a_recovery_is_survived() {
    let history = History::new();
    let (base, client) = disorder(&history);
    let counting = Arc::new(Faulty::new(Arc::new(base.snapshot())));
    let mended = Ledger::open(counting.clone()).unwrap().recover().unwrap().unwrap();
    assert_eq!((mended.size, mended.kept, mended.set_aside_bytes), (11, 3, 14), "{mended:?}");
    assert!(mended.lifted && mended.slot);
    all_survived(counting.calls(), |fault| {
        let store = base.snapshot();
        let faulty = Arc::new(Faulty::failing(Arc::new(store.clone()), fault));
        let mut opened = match Ledger::open(faulty.clone()) {
            Ok(ledger) => ledger,
            Err(_) => return next_process(&history, &store, client.clone(), true),
        };
        let outcome = opened.recover();
        faulty.plan(None);
        if outcome.is_err() {
            let left = store.snapshot();
            next_process(&history, &left, client.clone(), true)
                .map_err(|e| format!("next process: {e}"))?;
        }
        opened.recover().map_err(said("second recovery"))?;
        let aside = store.list("recovered").unwrap();
        if aside.len() != 1 {
            return Err(format!("set aside: {aside:?}"));
        }
        to_the_end(&history, &mut opened, &mut client.clone()).map_err(|e| {
            format!("same process after {:?}: {e}", outcome.map_err(|e| e.to_string()))
        })
    });
}

#[test]
fn every_failing_call_of_a_creation_leaves_a_ledger_or_none() {
    let roots = [key("root a"), key("root b")];
    let first = world::genesis("example/releases", &roots);
    let begin = |store: Arc<dyn Store>| {
        let new = Beginning {
            persons_key: Key(seed("persons", 0)),
            vault_key: VaultSecret::generate(&seed("vault", 0)).public(),
            group: group(0),
        };
        create(store, first.clone(), new)
    };
    let counting = Arc::new(Faulty::new(Arc::new(Memory::new())));
    let origin = begin(counting.clone()).unwrap().origin().clone();
    all_survived(counting.calls(), |fault| {
        let store = Memory::new();
        let faulty = Arc::new(Faulty::failing(Arc::new(store.clone()), fault));
        let made = begin(faulty);
        match (made, Ledger::open(Arc::new(store.clone()))) {
            (_, Ok(_)) => {
                let report = verified(&store, &origin, &[]).map_err(said("verify"))?;
                if report.verdict != Verdict::Holds || report.size != 1 {
                    return Err(format!("{:?} {:?}", report.verdict, report.faults));
                }
            }
            (Err(_), Err(error)) if error.code() == "ledger-none" => {}
            (made, Err(error)) => return Err(format!("made: {}; then {error}", made.is_ok())),
        }
        // what stands there is never made again over itself
        match begin(Arc::new(store.snapshot())) {
            Ok(_) if store.len("ledger.toml").unwrap().is_some() => Err("made twice".to_owned()),
            Err(error) if error.code() != "ledger-exists" && error.code() != "persons-exists" => {
                Err(error.to_string())
            }
            _ => Ok(()),
        }
    });
}

#[test]
fn the_mark_of_a_failed_sync_stops_every_process_until_it_is_lifted() {
    let history = History::new();
    let mut client = Client::default();
    // the first call of an append that is a sync
    let (store, mut failing) = (0..200)
        .find_map(|at| {
            let store = history.base.snapshot();
            let faulty = Arc::new(Faulty::new(Arc::new(store.clone())));
            let mut failing = Ledger::open(faulty.clone()).unwrap();
            faulty.plan(Some(Fault {
                at,
                outcome: Outcome::Lost,
                cause: Cause::Io,
                lasting: false,
            }));
            let outcome = client.clone().deliver(&mut failing, &history.groups[0], at);
            outcome.is_err_and(|error| error.is_sync()).then_some((store, failing))
        })
        .unwrap();
    let mut other = Ledger::open(Arc::new(store.clone())).unwrap();
    let code = |ledger: &mut Ledger| {
        client.clone().deliver(ledger, &history.groups[2], 60).unwrap_err().code()
    };
    assert_eq!((code(&mut failing), code(&mut other)), ("poisoned", "poisoned"));
    let report = verified(&store, &history.origin, &[]).unwrap();
    assert_eq!(report.verdict, Verdict::CannotTell, "a mark is a doubt, not a fault");
    assert!(report.notices.iter().any(|notice| notice.code == "poison"));
    // reading goes on
    assert_eq!(world::events_of(&other).unwrap().len(), 6);
    assert!(other.recover().unwrap().unwrap().lifted);
    to_the_end(&history, &mut other, &mut client).unwrap();
    // the process that failed does not trust itself, even now, until it has looked again
    failing.recover().unwrap();
    to_the_end(&history, &mut failing, &mut client).unwrap();
}
