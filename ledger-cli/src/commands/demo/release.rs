//! A release: what a change leaves in the ledger on its way to production, and what can go wrong with it.

use super::company::{
    MINUTE, SYSTEMS, commit, configuration, developer, digest, gates_digest, human, owner,
    release_engineer, release_manager, service, who,
};
use super::planted::Fault;
use super::stage::{Act, Deed, Event, event, named, time};

/// One release; its number is that of its change, its artifact and its deployment.
pub(super) struct Release {
    pub(super) number: u64,
    /// When its change is opened, in microseconds since 1970.
    pub(super) at: u64,
    /// What goes wrong.
    pub(super) fault: Option<Fault>,
}

/// How many events a release without a fault has.
pub(super) const EVENTS: u64 = 24;

/// The gates that each release passes, what they guard, and what they stand on.
const GATES: [(&str, &str, &str); 3] = [
    ("unit-tests", "quality", "unit"),
    ("security-scan", "security", "sca"),
    ("privacy-check", "privacy", "secret"),
];

impl Release {
    pub(super) fn deployment(&self) -> String {
        format!("d-{}", self.number)
    }

    pub(super) fn change(&self) -> String {
        format!("CHG-{}", self.number)
    }

    pub(super) fn artifact(&self) -> String {
        digest("artifact", self.number)
    }

    pub(super) fn system(&self) -> usize {
        service(self.number).0
    }

    pub(super) fn service(&self) -> &'static str {
        service(self.number).1
    }

    pub(super) fn author(&self) -> usize {
        developer(self.system(), self.number / 12)
    }

    pub(super) fn initiator(&self) -> usize {
        release_engineer(self.system())
    }

    pub(super) fn approver(&self) -> usize {
        release_manager(self.system(), self.number / 12)
    }

    /// So many minutes after its change was opened.
    pub(super) fn minute(&self, minutes: u64) -> u64 {
        self.at + minutes * MINUTE
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn class(&self) -> &'static str {
        match self.fault {
            Some(Fault::NeverRatified | Fault::RatifiedLate) => "emergency",
            Some(Fault::NoTemplate) => "standard",
            _ => "normal",
        }
    }

    fn runner(&self) -> String {
        format!(
            r#"{{"kind":"service","id":{{"issuer":"ci","id":"runner-{}"}},"on_behalf_of":{},"auth":"oidc"}}"#,
            self.service(),
            who(self.initiator())
        )
    }

    fn say(&self, minute: u64, kind: &str, subject: &str, data: &str) -> Event {
        event(kind, self.minute(minute), &self.runner(), subject, data)
    }

    /// All that is done for it.
    pub(super) fn acts(&self) -> Vec<Act> {
        let mut build = self.recorded();
        build.extend(self.built());
        build.extend(self.tested());
        let mut deploy = self.gated();
        deploy.extend(self.deployed());
        deploy.extend(self.closed());
        let mut acts = vec![
            Act { at: self.minute(12), deed: Deed::Pipeline(self.service(), build) },
            Act { at: self.minute(52), deed: Deed::Pipeline(self.service(), deploy) },
        ];
        acts.extend(self.approved());
        acts
    }

    fn recorded(&self) -> Vec<Event> {
        let (change, author) = (format!(r#""change":"{}""#, self.change()), who(self.author()));
        let sha = commit(self.number);
        let pushed = time(self.minute(0));
        let mut shas = format!(
            r#"{{"sha":"{sha}","authors":[{author}],"committer":{author},"committed_at":"{pushed}","pushed_at":"{pushed}"}}"#
        );
        if self.is(Fault::PushedAfterApproval) {
            shas = shas.replace(
                &format!(r#""pushed_at":"{pushed}""#),
                &format!(r#""pushed_at":"{}""#, time(self.minute(30))),
            );
        }
        let backout = if self.is(Fault::NoBackout) {
            ""
        } else {
            r#","backout_plan":"deploy the version before it""#
        };
        let (from, to) = if self.is(Fault::OutsideWindow) { (600, 660) } else { (30, 90) };
        let data = format!(
            r#""state":"ready","opened_at":"{}","requester":{author},"title":"change {}","description":"what was asked for in planning","reason":"planned work","systems":["{}"],"risk":"medium","security_impact":"minor","privacy_impact":"minor","personal_data":"no","authors":[{author}],"commits":[{shas}],"test_plan":"unit, integration and acceptance suites"{backout},"window":{{"start":"{}","end":"{}"}}"#,
            time(self.at),
            self.number,
            SYSTEMS.get(self.system()).map_or("", |system| system.name),
            time(self.minute(from)),
            time(self.minute(to)),
        );
        let class = format!(
            r#""class":"{}","method":"rule","by":{author},"kind":"routine","risk":"medium""#,
            self.class()
        );
        let run = format!(
            r#""phase":"finished","trigger":"push","definition_digest":"{}","initiator":{author},"outcome":"succeeded","attempt":1"#,
            digest("pipeline", 1)
        );
        let run_of = format!(r#""run":"run-{}",{change}"#, self.number);
        vec![
            self.say(0, "change.recorded", &change, &data),
            self.say(1, "change.classified", &change, &class),
            self.say(2, "pipeline.run", &run_of, &run),
        ]
    }

    fn built(&self) -> Vec<Event> {
        let about = format!(r#""artifact":"{}""#, self.artifact());
        let (sha, before) = (commit(self.number), commit(self.number.saturating_sub(12)));
        let builder = if self.is(Fault::UntrustedBuilder) { "laptop" } else { "build-farm" };
        let built = format!(
            r#""action":"built","builder":"{builder}","commits":{{"from":"{before}","to":"{sha}","list":["{sha}"]}},"provenance":"{}","sbom":"{}""#,
            digest("provenance", self.number),
            digest("sbom", self.number),
        );
        let verified =
            r#""action":"verified","verification":{"result":"verified","key":"build-root"}"#;
        vec![
            self.say(3, "artifact.recorded", &about, &built),
            self.say(4, "artifact.recorded", &about, r#""action":"signed","builder":"build-farm""#),
            self.say(5, "artifact.recorded", &about, verified),
        ]
    }

    fn tested(&self) -> Vec<Event> {
        let about = format!(r#""artifact":"{}","service":"{}""#, self.artifact(), self.service());
        let runner = self.runner();
        let mut events = Vec::new();
        for (minute, level) in (6..).zip(["unit", "integration", "acceptance"]) {
            let data = format!(
                r#""suite":"{level}","level":"{level}","counts":{{"total":120,"passed":119,"failed":0,"errors":0,"skipped":1,"flaky":0}},"outcome":"passed","run":"run-{}","attempt":1"#,
                self.number
            );
            let name = format!("{}-{level}", self.number);
            events.push(named(
                &name,
                "test.completed",
                self.minute(minute),
                &runner,
                &about,
                &data,
            ));
        }
        for kind in ["sca", "sast", "malware", "secret"] {
            let data = format!(
                r#""kind":"{kind}","tool":{{"name":"scanner","version":"4.2"}},"counts":{{"critical":0,"high":0,"medium":1,"low":3,"info":4}},"outcome":"passed","database_at":"{}""#,
                time(self.minute(0))
            );
            let name = format!("{}-{kind}", self.number);
            events.push(named(&name, "scan.completed", self.minute(9), &runner, &about, &data));
        }
        let ask = format!(
            r#""approval":"ask-{}","for":{{"artifact":"{}","environment":"production"}},"required":{{"count":1,"roles":["release-manager"]}}"#,
            self.number,
            self.artifact()
        );
        let change = format!(r#""change":"{}""#, self.change());
        events.push(self.say(11, "approval.requested", &change, &ask));
        events
    }

    fn approved(&self) -> Option<Act> {
        let (mut approver, mut said, mut done) = (self.approver(), 25, 25);
        let (mut role, mut decision) = ("release-manager", "granted");
        let mut artifact = self.artifact();
        match self.fault {
            Some(Fault::NoApproval | Fault::NeverRatified | Fault::NoTemplate) => return None,
            Some(Fault::ApprovedAfter) => (said, done) = (80, 80),
            Some(Fault::Backdated) => done = 25 + 180,
            Some(Fault::AnotherDigest) => artifact = digest("artifact", self.number + 500_000),
            Some(Fault::Unauthorised) => approver = owner(self.system()),
            Some(Fault::RatifiedLate) => (said, done, decision) = (40 * 60, 40 * 60, "ratified"),
            Some(Fault::SecondAccount) => {
                return Some(self.second_account());
            }
            _ => {}
        }
        if approver == owner(self.system()) {
            role = "system-owner";
        }
        let data = format!(
            r#""approval":"a-{}","decision":"{decision}","approver":{},"role":"{role}","for":{{"artifact":"{artifact}","environment":"production"}},"method":"key""#,
            self.number,
            who(approver),
        );
        let change = format!(r#""change":"{}""#, self.change());
        let event = event("approval.decided", self.minute(said), &human(approver), &change, &data);
        let deed = Deed::Say(vec![format!("p{approver}")], vec![event]);
        Some(Act { at: self.minute(done) + 1_000_000, deed })
    }

    /// The author approves, under another account that is known to be theirs.
    fn second_account(&self) -> Act {
        let account = r#"{"issuer":"corp","id":"svc-release"}"#;
        let data = format!(
            r#""approval":"a-{}","decision":"granted","approver":{account},"role":"release-manager","for":{{"artifact":"{}","environment":"production"}},"method":"key""#,
            self.number,
            self.artifact(),
        );
        let actor = format!(r#"{{"kind":"human","id":{account},"auth":"key"}}"#);
        let change = format!(r#""change":"{}""#, self.change());
        let event = event("approval.decided", self.minute(25), &actor, &change, &data);
        let deed = Deed::Say(vec!["second".to_owned()], vec![event]);
        Act { at: self.minute(25) + 1_000_000, deed }
    }

    fn gated(&self) -> Vec<Event> {
        let about = format!(r#""artifact":"{}","environment":"production""#, self.artifact());
        let mut events = Vec::new();
        for (gate, kind, on) in GATES {
            if self.is(Fault::GateMissing) && gate == "security-scan" {
                continue;
            }
            let verdict = match self.fault {
                Some(Fault::GateFailed | Fault::WaiverExpired) if gate == "unit-tests" => "fail",
                _ => "pass",
            };
            let data = format!(
                r#""gate":"{gate}","kind":"{kind}","policy_digest":"{}","verdict":"{verdict}","as_of":"{}","attempt":1,"evaluator":{{"name":"ci","version":"1","mode":"computed"}},"inputs":[{{"name":"{on}","value":"1","threshold":"1","result":"{verdict}","entries":[@{}-{on}@]}}]"#,
                gates_digest(),
                time(self.minute(40)),
                self.number,
            );
            events.push(self.say(40, "gate.evaluated", &about, &data));
        }
        events
    }

    fn deployed(&self) -> Vec<Event> {
        let system = SYSTEMS.get(self.system());
        let (name, region) = system.map_or(("", ""), |system| (system.name, system.region));
        let subject = format!(
            r#""deployment":"{}","environment":"production","service":"{}","system":"{name}""#,
            self.deployment(),
            self.service()
        );
        let incident = match self.class() {
            "emergency" => format!(r#","incident":"inc-{}""#, self.number),
            _ => String::new(),
        };
        let initiator =
            if self.is(Fault::ApproverDeploys) { self.approver() } else { self.initiator() };
        let artifact = self.artifact();
        let began = format!(
            r#""initiator":{},"strategy":"rolling","artifact":"{artifact}","change":"{}","run":"run-{}","operator_input":"none","class":"{}","region":"{region}","config":"{}"{incident}"#,
            who(initiator),
            self.change(),
            self.number,
            self.class(),
            configuration(self.service()),
        );
        let outcome = if self.is(Fault::FailedUnreviewed) { "failed" } else { "succeeded" };
        let ended = format!(
            r#""outcome":"{outcome}","artifact":"{artifact}","change":"{}","running_artifact":"{artifact}","duration":"PT4M""#,
            self.change(),
        );
        let it = format!(r#""deployment":"{}""#, self.deployment());
        let placed = format!(r#""environment":"production","service":"{}""#, self.service());
        let rate = format!(
            r#""name":"error-rate","definition":"error-rate/2","value":"0.42","unit":"percent","window":{{"start":"{}","end":"{}"}},"query_digest":"{}","deployment":"{}""#,
            time(self.minute(45)),
            time(self.minute(48)),
            digest("query", 7),
            self.deployment(),
        );
        let checks = r#""checks":[{"name":"errors","kind":"alert","outcome":"passed"}]"#;
        vec![
            self.say(41, "deployment.started", &subject, &began),
            self.say(45, "deployment.finished", &subject, &ended),
            self.say(
                46,
                "smoke_test.completed",
                &it,
                r#""counts":{"total":14,"passed":14,"failed":0},"outcome":"passed""#,
            ),
            self.say(
                47,
                "monitoring.verified",
                &format!(r#""service":"{}""#, self.service()),
                checks,
            ),
            self.say(48, "metric.sampled", &placed, &rate),
        ]
    }

    fn closed(&self) -> Option<Event> {
        let outcome = if self.is(Fault::FailedUnreviewed) { "failed" } else { "successful" };
        let change = format!(r#""change":"{}""#, self.change());
        let told = self.say(51, "change.closed", &change, &format!(r#""outcome":"{outcome}""#));
        (!self.is(Fault::NotClosed)).then_some(told)
    }
}
