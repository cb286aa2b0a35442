//! The history that the demonstration records: three services over nine weeks, several persons.

use std::path::Path;
use std::sync::Arc;

use ledger_core::encoding::base64;
use ledger_core::hash::Sha256;
use ledger_core::json::{Value, read};
use ledger_core::key::{Signer, SigningKey};
use ledger_core::ledger::{self, Beginning, Group, Ledger, Submission};
use ledger_core::note::{KeyType, VerifierKey};
use ledger_core::producer::{self, Position};
use ledger_core::signature::Mode;
use ledger_core::store::Store;
use ledger_core::time::Timestamp;
use ledger_core::vault::key::VaultSecret;
use ledger_core::vault::persons::Key;

use crate::failure::{Failure, Result};
use crate::files;

/// 2026-04-06T08:00:00Z, a Monday.
const START: u64 = 1_775_462_400_000_000;
const HOUR: u64 = 3_600_000_000;
const WEEK: u64 = 7 * 24 * HOUR;
const SERVICES: [&str; 3] = ["payments", "accounts", "reports"];
const RELEASES: u64 = 9;

/// A recorded history, and the keys of those who made it.
pub(super) struct History {
    pub(super) ledger: Ledger,
    pub(super) signer: SigningKey,
    roots: [SigningKey; 2],
    pipeline: SigningKey,
    approvers: [SigningKey; 2],
    /// Where the pipeline's stream stands.
    stream: Position,
    now: u64,
    drawn: u64,
}

/// Records it.
pub(super) fn record(store: Arc<dyn Store>) -> Result<History> {
    let mut history = begin(store)?;
    history.register()?;
    for number in 0..RELEASES {
        history.release(number)?;
    }
    Ok(history)
}

fn seeded(name: &str, number: u64) -> [u8; 32] {
    Sha256::of_parts(&[b"release-ledger demo\n", name.as_bytes(), b"\n", &number.to_be_bytes()]).0
}

fn key(name: &str) -> SigningKey {
    SigningKey::from_seed(seeded(name, 0))
}

fn time(micros: u64) -> Result<Timestamp> {
    Timestamp::from_micros(micros).ok_or_else(|| Failure::new("clock", "no such time"))
}

fn random16(name: &str, number: u64) -> [u8; 16] {
    seeded(name, number).first_chunk().copied().unwrap_or_default()
}

fn begin(store: Arc<dyn Store>) -> Result<History> {
    let roots = [key("root 1"), key("root 2")];
    let named: Vec<String> = (1..)
        .zip(&roots)
        .map(|(number, root)| {
            let public = root.public().to_base64();
            format!(
                r#"{{"person":{{"issuer":"hr","id":"root-{number}"}},"public_key":"{public}"}}"#
            )
        })
        .collect();
    let draft = read(
        format!(
            r#"{{"type":"ledger.created","occurred_at":"{}","data":{{"name":"example.com/demo","nonce":"{}","roots":[{}],"threshold":2}}}}"#,
            time(START)?,
            base64(&seeded("nonce", 0)),
            named.join(","),
        )
        .as_bytes(),
    )?;
    let signers = [&roots[0] as &dyn Signer, &roots[1]];
    let position = Position::one_shot("roots", random16("roots", 0));
    let genesis = producer::sign(&draft, None, &position, &signers, seeded("salts", 0))?;
    let new = Beginning {
        persons_key: Key(seeded("persons", 0)),
        vault_key: VaultSecret::generate(&seeded("vault", 0)).public(),
        group: Group { now: time(START)?, random: seeded("group", 0), all_or_nothing: true },
    };
    let ledger = ledger::create(store, genesis, new)?;
    Ok(History {
        ledger,
        signer: key("signer"),
        roots,
        pipeline: key("pipeline"),
        approvers: [key("approver 1"), key("approver 2")],
        stream: Position::first("pipeline", random16("pipeline", 0)),
        now: START,
        drawn: 0,
    })
}

impl History {
    /// The keys that sign here, as files.
    pub(super) fn write_keys(&self, folder: &Path) -> Result<()> {
        std::fs::create_dir_all(folder)
            .map_err(|error| Failure::new("io", format!("cannot create the folder: {error}")))?;
        let keys = [
            ("root-1", &self.roots[0]),
            ("root-2", &self.roots[1]),
            ("pipeline", &self.pipeline),
            ("approver-1", &self.approvers[0]),
            ("approver-2", &self.approvers[1]),
            ("signer", &self.signer),
        ];
        keys.iter().try_for_each(|(name, key)| {
            files::create(&folder.join(format!("{name}.pem")), key.to_pem()?.as_bytes(), 0o600)
        })
    }

    /// What an auditor of this ledger would keep: the log's key, no witness.
    pub(super) fn policy(&self) -> Result<String> {
        let origin = self.ledger.origin().to_string();
        let log = VerifierKey::new(&origin, KeyType::Ed25519, *self.signer.public().verifying())?;
        Ok(format!("log {log}\nquorum none\n"))
    }

    fn draw(&mut self) -> u64 {
        self.drawn += 1;
        self.drawn
    }

    fn register(&mut self) -> Result<()> {
        let approver = |n: u64| format!(r#""holder":{{"issuer":"hr","id":"approver-{n}"}}"#);
        let new = [
            (key("pipeline"), r#""service":"pipeline""#.to_owned(), r#"["append:*"]"#),
            (key("approver 1"), approver(1), r#"["approve"]"#),
            (key("approver 2"), approver(2), r#"["approve"]"#),
            (key("signer"), r#""service":"signer""#.to_owned(), r#"["checkpoint"]"#),
        ];
        let mut group = Vec::new();
        for (key, holder, capabilities) in new {
            self.now += HOUR / 60;
            let draft = read(
                format!(
                    r#"{{"type":"key.registered","occurred_at":"{}","subject":{{"key":"{}"}},"data":{{"capabilities":{capabilities},"public_key":"{}",{holder}}}}}"#,
                    time(self.now)?,
                    key.public().id(),
                    key.public().to_base64(),
                )
                .as_bytes(),
            )?;
            let roots = self.roots.clone();
            group.push(self.one_shot(&draft, "keys", &[&roots[0], &roots[1], &key])?);
        }
        self.append(group)
    }

    /// One change on its way to production, a week after the last.
    fn release(&mut self, number: u64) -> Result<()> {
        let service =
            SERVICES.iter().cycle().nth(usize::try_from(number).unwrap_or(0)).unwrap_or(&"");
        let (author, approver) = (1 + number % 4, 1 + number % 2);
        let change = format!("change-{}", 101 + number);
        let artifact = Sha256(seeded("artifact", number)).to_reference();
        let fails = number == 4;
        self.now = START + (number + 1) * WEEK;
        let opened = time(self.now)?;
        let mut group = Vec::new();
        for (state, hours) in [("open", 0), ("merged", 26)] {
            let at = START + (number + 1) * WEEK + hours * HOUR;
            group.push(self.event("change.recorded", at, &format!(
                r#""actor":{{"kind":"human","id":{{"issuer":"git","id":"author-{author}"}}}},"subject":{{"change":"{change}","service":"{service}"}},"data":{{"opened_at":"{opened}","requester":{{"issuer":"git","id":"author-{author}"}},"risk":"{}","state":"{state}","title":"Release {number} of {service}"}}"#,
                if number.is_multiple_of(4) { "high" } else { "low" },
            ))?);
        }
        let built = START + (number + 1) * WEEK + 27 * HOUR;
        group.push(self.event("artifact.recorded", built, &format!(
            r#"{PIPELINE},"subject":{{"artifact":"{artifact}","change":"{change}","service":"{service}"}},"data":{{"action":"built","builder":"pipeline-7"}}"#,
        ))?);
        group.push(self.approval(&change, &artifact, approver, built + HOUR)?);
        let deployment = format!("deploy-{}", 501 + number);
        group.append(&mut self.deployment(
            &deployment,
            service,
            &change,
            &artifact,
            fails,
            built + 2 * HOUR,
        )?);
        if number % 3 == 2 {
            group.push(self.setting(number, built + 5 * HOUR)?);
        }
        if fails {
            let again = format!("{deployment}-again");
            group.append(&mut self.deployment(
                &again,
                service,
                &change,
                &artifact,
                false,
                built + 6 * HOUR,
            )?);
        }
        self.now = built + 8 * HOUR;
        self.append(group)
    }

    /// A person's decision, signed by that person's own key.
    fn approval(
        &mut self,
        change: &str,
        artifact: &str,
        approver: u64,
        at: u64,
    ) -> Result<Submission> {
        let identity = format!(r#"{{"issuer":"hr","id":"approver-{approver}"}}"#);
        let draft = read(
            format!(
                r#"{{"type":"approval.decided","occurred_at":"{}","actor":{{"kind":"human","id":{identity}}},"subject":{{"change":"{change}"}},"data":{{"approval":"approval-{change}","approver":{identity},"decision":"granted","for":{{"artifact":"{artifact}","environment":"production"}},"method":"key","role":"release_manager"}}}}"#,
                time(at)?,
            )
            .as_bytes(),
        )?;
        let key = if approver == 2 { self.approvers[1].clone() } else { self.approvers[0].clone() };
        self.one_shot(&draft, "approvals", &[&key])
    }

    fn deployment(
        &mut self,
        id: &str,
        service: &str,
        change: &str,
        artifact: &str,
        fails: bool,
        at: u64,
    ) -> Result<Vec<Submission>> {
        let subject = format!(
            r#""subject":{{"change":"{change}","deployment":"{id}","environment":"production","service":"{service}"}}"#
        );
        let outcome = if fails { "failed" } else { "succeeded" };
        let started = self.event("deployment.started", at, &format!(
            r#"{PIPELINE},{subject},"data":{{"approvals":["approval-{change}"],"artifact":"{artifact}","change":"{change}","initiator":{{"issuer":"git","id":"author-1"}},"strategy":"rolling"}}"#,
        ))?;
        let finished = self.event("deployment.finished", at + HOUR / 4, &format!(
            r#"{PIPELINE},{subject},"data":{{"artifact":"{artifact}","change":"{change}","duration":"PT15M","outcome":"{outcome}"}}"#,
        ))?;
        Ok(vec![started, finished])
    }

    /// A change of a setting.
    fn setting(&mut self, number: u64, at: u64) -> Result<Submission> {
        let digest = |n: u64| Sha256(seeded("setting", n)).to_reference();
        self.event("config.changed", at, &format!(
            r#""actor":{{"kind":"human","id":{{"issuer":"hr","id":"root-1"}}}},"subject":{{"system":"pipeline"}},"data":{{"action":"changed","after":"{}","before":"{}","changer":{{"issuer":"hr","id":"root-1"}},"class":"pipeline","item":"deploy.yaml","weakened":"no"}}"#,
            digest(number + 1),
            digest(number),
        ))
    }

    /// The next event of the pipeline's stream.
    fn event(&mut self, kind: &str, at: u64, rest: &str) -> Result<Submission> {
        let text = format!(r#"{{"type":"{kind}","occurred_at":"{}",{rest}}}"#, time(at)?);
        let draft = read(text.as_bytes())?;
        let salts = seeded("salts", self.draw());
        let genesis = Some(self.ledger.origin().genesis().0);
        let signed = producer::sign(&draft, genesis, &self.stream, &[&self.pipeline], salts)?;
        self.stream = self.stream.after(&signed.event);
        Ok(signed)
    }

    /// An event that is a stream of its own.
    fn one_shot(
        &mut self,
        draft: &Value,
        label: &str,
        signers: &[&dyn Signer],
    ) -> Result<Submission> {
        let number = self.draw();
        let position = Position::one_shot(label, random16("stream", number));
        let genesis = Some(self.ledger.origin().genesis().0);
        Ok(producer::sign(draft, genesis, &position, signers, seeded("salts", number))?)
    }

    /// Through the door and into the log, as any producer's events.
    fn append(&mut self, group: Vec<Submission>) -> Result<()> {
        let random = seeded("group", self.draw());
        let admitted = self.ledger.door().admit(group, random, Mode::OneByOne);
        let admitted = admitted.into_iter().collect::<std::result::Result<Vec<_>, _>>()?;
        let group = Group { now: time(self.now)?, random, all_or_nothing: true };
        for receipt in self.ledger.append(&admitted, group)? {
            receipt?;
        }
        Ok(())
    }
}

const PIPELINE: &str = r#""actor":{"kind":"service","id":{"issuer":"ci","id":"pipeline-7"}}"#;
