//! A quarter at size: releases as a company makes them, and how long their facts and controls take.
//!
//! Each deployment has twenty events, from the change to its closing. One in a hundred has no approval, one in
//! two hundred is an emergency, one in a hundred fails; the rest is in order.

#![expect(
    clippy::print_stdout,
    clippy::too_many_lines,
    reason = "a bench prints its figures; twenty events of one release are one list"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger_core::encoding::hex;
use ledger_core::error::Result;
use ledger_core::key::{Signer, SigningKey};
use ledger_core::ledger::{Group, Ledger, Submission};
use ledger_core::producer::{Position, sign};
use ledger_core::signature::Mode;
use ledger_core::signer;
use ledger_core::store::dir::Dir;
use ledger_core::time::Timestamp;
use rayon::prelude::*;

use crate::workload::{self, first16, json, seed, time};

/// Events of one deployment.
pub(crate) const EACH: u64 = 20;
/// Deployments made and appended at a time.
const BATCH: u64 = 2_000;
/// Events of one commit.
const GROUP: usize = 1000;
/// Systems, each with four services.
const SYSTEMS: u64 = 50;
/// Persons who work on them.
const PERSONS: u64 = 500;
/// Persons who approve.
const APPROVERS: u64 = 40;
/// What the key of a person may do.
const PERSON_CAN: &str =
    r#""append:*","append:source.registered","append:system.registered","approve","review""#;
/// What the key of a pipeline may do.
const PIPELINE_CAN: &str = r#""append:*","gate:release""#;
/// Milliseconds of the quarter, July to September.
const SPAN: u64 = 92 * 86_400_000;
/// Milliseconds of a minute.
const MINUTE: u64 = 60_000;

/// A draft, who signs it, and when it happens (milliseconds after the first of July).
struct Told {
    at: u64,
    draft: String,
    by: By,
}

/// Who signs.
#[derive(Clone, Copy)]
enum By {
    /// Two persons together, as the rules of scope ask.
    Pair,
    Pipeline(u64),
    Approver(u64),
}

/// `ledger-bench quarter N DIR`: builds a ledger of about N entries in the new folder.
pub(crate) fn run(count: u64, dir: &str) -> Result<()> {
    crate::ceiling::machine();
    let store = Arc::new(Dir::create(Path::new(dir), Duration::from_secs(5))?);
    let (mut ledger, hash) = workload::ledger(store.clone())?;
    let mut keys = Keys { pipelines: Vec::new(), approvers: Vec::new() };
    let mut registrations = Vec::new();
    for number in 0..APPROVERS + workload::KEYS {
        let person = number < APPROVERS;
        let whose = if person {
            format!(r#""holder":{}"#, person_of(number))
        } else {
            format!(r#""service":"release-{number}""#)
        };
        let can = if person { PERSON_CAN } else { PIPELINE_CAN };
        let (key, submission) = workload::registered(hash, number, can, &whose)?;
        if person {
            keys.approvers.push(key);
        } else {
            keys.pipelines.push(key);
        }
        registrations.push(submission);
    }
    put(&mut ledger, registrations, 2)?;
    let scene = signed(scenery(), hash, &keys, 0)?;
    put(&mut ledger, scene, 3)?;
    let deployments = count / EACH;
    let start = Instant::now();
    for first in (0..deployments).step_by(usize::try_from(BATCH).unwrap_or(1)) {
        let last = deployments.min(first + BATCH);
        let step = SPAN / deployments.max(1);
        let mut told: Vec<Told> =
            (first..last).into_par_iter().flat_map_iter(|n| deployment(n, step * n)).collect();
        told.par_sort_by_key(|told| told.at);
        let now = told.last().map_or(0, |told| told.at);
        let events = signed(told, hash, &keys, first * EACH + 1_000_000)?;
        put(&mut ledger, events, now + 1000)?;
    }
    ledger.catch_up(1, 1 << 20)?;
    let checkpoint = signer::sign(&ledger, None, &workload::checkpoint_key())?;
    let store: Arc<dyn ledger_core::store::Store> = store;
    signer::publish(&store, &checkpoint)?;
    let took = start.elapsed().as_secs_f64();
    println!("{} entries of {deployments} deployments in {took:.1} s", ledger.size());
    Ok(())
}

/// All who sign.
struct Keys {
    pipelines: Vec<SigningKey>,
    approvers: Vec<SigningKey>,
}

impl Keys {
    fn of(&self, by: By) -> Vec<&dyn Signer> {
        let one = |keys: &'_ [SigningKey], number: u64| {
            usize::try_from(number).ok().map(|number| number % keys.len().max(1))
        };
        match by {
            By::Pair => self.approvers.iter().take(2).map(|key| key as &dyn Signer).collect(),
            By::Pipeline(number) => one(&self.pipelines, number)
                .and_then(|number| self.pipelines.get(number))
                .map(|key| key as &dyn Signer)
                .into_iter()
                .collect(),
            By::Approver(number) => one(&self.approvers, number)
                .and_then(|number| self.approvers.get(number))
                .map(|key| key as &dyn Signer)
                .into_iter()
                .collect(),
        }
    }
}

/// Signs drafts on all cores.
fn signed(told: Vec<Told>, ledger: [u8; 32], keys: &Keys, first: u64) -> Result<Vec<Submission>> {
    let numbered: Vec<(u64, Told)> = (first..).zip(told).collect();
    let one = |(number, told): (u64, Told)| {
        let position = Position::one_shot("deploy", *first16(&seed("quarter stream", number)));
        let salts = seed("quarter salts", number);
        sign(&json(&told.draft), Some(ledger), &position, &keys.of(told.by), salts)
            .map_err(|error| error.at(told.draft.chars().take(400).collect::<String>()))
    };
    numbered.into_par_iter().map(one).collect()
}

/// Through the door and into the log, at a time.
fn put(ledger: &mut Ledger, events: Vec<Submission>, now: u64) -> Result<()> {
    let door = ledger.door();
    let admitted = door.admit(events, seed("door", now), Mode::Bulk);
    let admitted = admitted.into_iter().collect::<Result<Vec<_>>>()?;
    for (number, part) in (0..).zip(admitted.chunks(GROUP)) {
        let group = Group {
            now: time(now + number),
            random: seed("quarter group", now * 1000 + number),
            all_or_nothing: false,
        };
        for receipt in ledger.append(part, group)? {
            receipt?;
        }
    }
    Ok(())
}

fn person_of(number: u64) -> String {
    format!(r#"{{"issuer":"hr","id":"p-{}"}}"#, number % PERSONS)
}

fn artifact(number: u64) -> String {
    format!("sha256:{}", hex(&seed("artifact", number)))
}

/// When a step of the workload is; July begins at 0.
fn at(millis: u64) -> Timestamp {
    time(millis)
}

/// What was there before: systems, sources, persons, what they may do, the rules.
fn scenery() -> Vec<Told> {
    let mut told = Vec::new();
    let rule = |draft: String| Told { at: 0, draft, by: By::Pair };
    let actor = format!(r#""actor":{{"kind":"human","id":{},"auth":"key"}}"#, person_of(0));
    let when = at(0);
    for system in 0..SYSTEMS {
        let services: Vec<String> =
            (0..4).map(|n| format!(r#""service-{}""#, system * 4 + n)).collect();
        told.push(rule(format!(
            r#"{{"type":"system.registered","occurred_at":"{when}",{actor},"subject":{{"system":"system-{system}"}},
            "data":{{"state":"active","tier":"{}","environments":[{{"name":"production","class":"production"}},{{"name":"staging","class":"non_production"}}],
            "regions":["eu-central-1"],"regimes":["sox","ephi","personal_data"],"owner":{},"entitlement_owners":[{}],"services":[{}],
            "duties":[{{"entitlement":"deployer","duties":["DP"]}},{{"entitlement":"release-manager","duties":["AP"]}}]}}}}"#,
            1 + system % 3,
            person_of(system),
            person_of(system + 1),
            services.join(","),
        )));
    }
    for source in ["ci", "git", "runtime"] {
        told.push(rule(format!(
            r#"{{"type":"source.registered","occurred_at":"{when}",{actor},"subject":{{"source":"{source}"}},
            "data":{{"state":"active","populations":["deployments"],"heartbeat_every":"P1D","extract_method":"rest-api","owner":{}}}}}"#,
            person_of(3),
        )));
    }
    for number in 0..PERSONS {
        let draft = format!(
            r#"{{"type":"person.changed","occurred_at":"{when}","actor":{{"kind":"service","id":{{"issuer":"ci","id":"hr-feed"}}}},"subject":{{"person":"person-{number}"}},
            "data":{{"event":"joined","person":{},"effective_at":"{when}","kind":"employee","manager":{},"role_profile":"engineer","department":"d-{}"}}}}"#,
            person_of(number),
            person_of(number / 10),
            number % 20,
        );
        told.push(Told { at: 0, draft, by: By::Pipeline(1) });
        let role = if number < APPROVERS { "release-manager" } else { "deployer" };
        for system in 0..if number < APPROVERS { SYSTEMS } else { 1 } {
            let system = if number < APPROVERS { system } else { number % SYSTEMS };
            let draft = format!(
                r#"{{"type":"access.changed","occurred_at":"{when}","actor":{{"kind":"service","id":{{"issuer":"ci","id":"idp"}}}},"subject":{{"system":"system-{system}"}},
                "data":{{"object":"entitlement","action":"granted","access":"acc-{number}-{system}","account":"u-{number}","principal":{},"executor":{},"effective_at":"{when}",
                "entitlement":{{"system":"system-{system}","role":"{role}","scope":"production","privileged":true}}}}}}"#,
                person_of(number),
                person_of(number + 1),
            );
            told.push(Told { at: 0, draft, by: By::Pipeline(2) });
        }
    }
    told
}

/// The twenty events of a deployment that starts at `base`, an hour into it.
fn deployment(number: u64, base: u64) -> Vec<Told> {
    let service = number % (SYSTEMS * 4);
    let system = service / 4;
    let (change, digest) = (format!("CHG-{number}"), artifact(number));
    let emergency = number % 200 == 199;
    let fails = number % 100 == 50;
    let approver = number % APPROVERS;
    let (author, reviewer) = (person_of(100 + number % 300), person_of((approver + 1) % APPROVERS));
    let outcome = if fails { "failed" } else { "succeeded" };
    let class = if emergency { "emergency" } else { "normal" };
    let sha = |number: u64| hex(&seed("commit", number)).chars().take(40).collect::<String>();
    // what the service had before
    let (before, commit) = (sha(number.saturating_sub(SYSTEMS * 4)), sha(number));
    let run = format!("run-{number}");
    let mut told = Vec::with_capacity(20);
    let mut say = |minute: u64, by: By, kind: &str, subject: String, data: String| {
        let when = at(base + minute * MINUTE);
        let actor = match by {
            By::Approver(n) => format!(r#"{{"kind":"human","id":{},"auth":"key"}}"#, person_of(n)),
            _ => format!(
                r#"{{"kind":"service","id":{{"issuer":"ci","id":"runner-{}"}},"on_behalf_of":{author},"auth":"oidc"}}"#,
                number % 20
            ),
        };
        told.push(Told {
            at: base + minute * MINUTE,
            draft: format!(
                r#"{{"type":"{kind}","occurred_at":"{when}","actor":{actor},"subject":{{{subject}}},"data":{{{data}}}}}"#
            ),
            by,
        });
    };
    let pipeline = By::Pipeline(number);
    let about = format!(r#""change":"{change}""#);
    let built = format!(r#""artifact":"{digest}""#);
    let deployed = format!(
        r#""deployment":"d-{number}","environment":"production","service":"service-{service}","system":"system-{system}""#
    );
    let commits = format!(
        r#"[{{"sha":"{commit}","authors":[{author}],"committer":{author},"committed_at":"{}","pushed_at":"{}"}}]"#,
        at(base),
        at(base)
    );
    say(
        0,
        pipeline,
        "change.recorded",
        about.clone(),
        format!(
            r#""state":"ready","opened_at":"{}","requester":{author},"title":"change {number}","reason":"planned work","systems":["system-{system}"],"risk":"medium","security_impact":"minor","privacy_impact":"minor","personal_data":"no","authors":[{author}],"commits":{commits},"backout_plan":"deploy the version before","test_plan":"regression suite""#,
            at(base)
        ),
    );
    say(
        1,
        pipeline,
        "change.classified",
        about.clone(),
        format!(
            r#""class":"{class}","method":"rule","by":{author},"kind":"routine","risk":"medium""#
        ),
    );
    say(
        2,
        By::Approver((approver + 1) % APPROVERS),
        "code.reviewed",
        about.clone(),
        format!(
            r#""review":"pr-{number}","decision":"approved","reviewer":{reviewer},"commit":"{commit}""#
        ),
    );
    say(
        3,
        pipeline,
        "pipeline.run",
        format!(r#""run":"{run}",{about}"#),
        format!(
            r#""phase":"finished","trigger":"push","definition_digest":"{}","initiator":{author},"outcome":"succeeded","attempt":1"#,
            artifact(1 << 40)
        ),
    );
    say(
        4,
        pipeline,
        "artifact.recorded",
        built.clone(),
        format!(
            r#""action":"built","builder":"build-farm","commits":{{"from":"{before}","to":"{commit}","list":["{commit}"]}}"#
        ),
    );
    say(5, pipeline, "artifact.recorded", built.clone(),
        r#""action":"verified","builder":"build-farm","verification":{"result":"verified","key":"build-root"}"#.to_owned());
    for (place, level) in (0..).zip(["unit", "integration", "e2e"]) {
        say(
            6 + place,
            pipeline,
            "test.completed",
            format!(r#"{built},"service":"service-{service}""#),
            format!(
                r#""suite":"{level}","level":"{level}","counts":{{"total":120,"passed":118,"failed":0,"errors":0,"skipped":2,"flaky":0}},"outcome":"passed","run":"{run}","attempt":1"#
            ),
        );
    }
    for (place, kind) in (0..).zip(["sca", "sast"]) {
        say(
            9 + place,
            pipeline,
            "scan.completed",
            built.clone(),
            format!(
                r#""kind":"{kind}","tool":{{"name":"scanner","version":"1.2"}},"counts":{{"critical":0,"high":0,"medium":1,"low":3,"info":4}},"outcome":"passed""#
            ),
        );
    }
    say(
        11,
        pipeline,
        "gate.evaluated",
        format!(r#"{built},"environment":"production""#),
        format!(
            r#""gate":"release","kind":"release","policy_digest":"{}","verdict":"pass","as_of":"{}","attempt":1,"evaluator":{{"name":"ci","version":"1","mode":"reported"}},"inputs":[{{"name":"tests","result":"pass"}}]"#,
            artifact(1 << 41),
            at(base + 11 * MINUTE)
        ),
    );
    let what = format!(r#""for":{{"artifact":"{digest}","environment":"production"}}"#);
    say(
        12,
        pipeline,
        "approval.requested",
        about.clone(),
        format!(
            r#""approval":"a-{number}",{what},"required":{{"count":1,"roles":["release-manager"]}}"#
        ),
    );
    if number % 100 == 99 {
        // nobody approved it: another request stands in its place
        say(
            30,
            pipeline,
            "approval.requested",
            about.clone(),
            format!(
                r#""approval":"b-{number}",{what},"required":{{"count":1,"roles":["release-manager"]}}"#
            ),
        );
    } else {
        say(
            30,
            By::Approver(approver),
            "approval.decided",
            about.clone(),
            format!(
                r#""approval":"a-{number}","decision":"granted","approver":{},"role":"release-manager",{what},"method":"key""#,
                person_of(approver)
            ),
        );
    }
    say(
        60,
        pipeline,
        "deployment.started",
        deployed.clone(),
        format!(
            r#""initiator":{author},"strategy":"rolling","artifact":"{digest}","change":"{change}","run":"{run}","operator_input":"none","class":"{class}","region":"eu-central-1""#
        ),
    );
    say(
        64,
        pipeline,
        "deployment.finished",
        deployed.clone(),
        format!(
            r#""outcome":"{outcome}","artifact":"{digest}","change":"{change}","running_artifact":"{digest}","duration":"PT4M""#
        ),
    );
    let it = format!(r#""deployment":"d-{number}""#);
    say(
        66,
        pipeline,
        "smoke_test.completed",
        it.clone(),
        r#""counts":{"total":14,"passed":14,"failed":0},"outcome":"passed""#.to_owned(),
    );
    say(
        70,
        pipeline,
        "metric.sampled",
        format!(r#""environment":"production","service":"service-{service}""#),
        format!(
            r#""name":"error-rate","definition":"error-rate/2","value":"0.42","unit":"percent","window":{{"start":"{}","end":"{}"}},"query_digest":"{}","deployment":"d-{number}""#,
            at(base + 64 * MINUTE),
            at(base + 70 * MINUTE),
            artifact(1 << 42)
        ),
    );
    say(
        75,
        pipeline,
        "change.closed",
        about,
        format!(r#""outcome":"{}""#, if fails { "failed" } else { "successful" }),
    );
    told
}
