//! A ledger in which a person occurs wherever one can, and the vault of its owner.

use std::sync::Arc;

use ledger_core::custody::{self, Absorbed, Home, Request, Vault};
use ledger_core::error::Result;
use ledger_core::hash::Sha256;
use ledger_core::json::Value;
use ledger_core::ledger::Ledger;
use ledger_core::retention::{Class, Rules};
use ledger_core::store::Store;
use ledger_core::store::faulty::Faulty;
use ledger_core::store::memory::Memory;
use ledger_core::store::records::memory::Memory as Databases;
use ledger_core::time::Timestamp;
use ledger_core::vault::attachment::{self, Sealed};
use ledger_core::vault::inbox::{self, Item};
use ledger_core::vault::key::VaultSecret;
use ledger_core::vault::persons::Pseudonym;

use crate::world::{World, key, seed, time, value};

/// All spellings under which the person who is erased is known.
pub(crate) const ADA: [&str; 5] =
    ["Ada Lovelace", "ada@example.com", "ada-l", "alovelace", "E-47110"];

const ORIGINAL: &[u8] =
    b"{\"user\":\"ada-l\",\"mail\":\"Ada@Example.com\",\"no\":\"E-47110\",\"other\":\"bob-k\"}\n";

pub(crate) struct Case {
    pub(crate) disk: Memory,
    pub(crate) store: Arc<Faulty>,
    pub(crate) home_disk: Memory,
    pub(crate) files: Arc<Faulty>,
    pub(crate) databases: Databases,
    pub(crate) counter: u64,
}

pub(crate) fn secret() -> VaultSecret {
    VaultSecret::generate(&seed("vault", 0))
}

pub(crate) fn rules(text: &str) -> Rules {
    Rules::parse(text.as_bytes()).unwrap()
}

/// No minimum and no maximum.
pub(crate) fn free() -> Rules {
    let rule = |class: &str| {
        format!(
            r#"{{"id":"r-{class}","class":"{class}","trigger":"recorded","basis":"policy","citation":"company policy"}}"#
        )
    };
    let all = ["identity", "text", "original"].map(rule).join(",");
    rules(&format!(
        r#"{{"format":"release-ledger/retention@v1","rules":[{all}],"statutes":["us-17cfr210-2-06"],"erasure_grounds":[]}}"#
    ))
}

/// Who acts and approves in orders.
pub(crate) fn officer() -> Value {
    value(r#"{"issuer":"hr","id":"officer"}"#)
}

pub(crate) fn later() -> Timestamp {
    time(1_000_000)
}

impl Case {
    pub(crate) fn new() -> (Self, World, Ledger) {
        let disk = Memory::new();
        let store = Arc::new(Faulty::new(Arc::new(disk.clone())));
        let home_disk = Memory::new();
        let files = Arc::new(Faulty::new(Arc::new(home_disk.clone())));
        let (mut world, mut ledger) = World::create(store.clone()).unwrap();
        let case =
            Self { disk, store, home_disk, files, databases: Databases::default(), counter: 0 };
        let rights =
            r#"["append:person.erased","append:retention.executed","append:hold.changed"]"#;
        let event =
            world.register(&key("officer"), r#""holder":{"issuer":"hr","id":"officer"}"#, rights);
        world.offer(&mut ledger, event).unwrap();
        (case, world, ledger)
    }

    /// The same disks as they are now, going their own way.
    pub(crate) fn fork(&self) -> Self {
        let (disk, home_disk) = (self.disk.snapshot(), self.home_disk.snapshot());
        Self {
            store: Arc::new(Faulty::new(Arc::new(disk.clone()))),
            files: Arc::new(Faulty::new(Arc::new(home_disk.clone()))),
            databases: self.databases.snapshot(),
            counter: self.counter + 1_000,
            disk,
            home_disk,
        }
    }

    pub(crate) fn home(&self) -> Home {
        Home { files: self.files.clone(), databases: Box::new(self.databases.clone()) }
    }

    pub(crate) fn ledger(&self) -> Result<Ledger> {
        Ledger::open(self.store.clone())
    }

    pub(crate) fn random(&mut self) -> [u8; 32] {
        self.counter += 1;
        seed("owner", self.counter)
    }

    /// Opens the vault, or makes it when there is none.
    pub(crate) fn vault(&mut self, ledger: &mut Ledger) -> Result<Vault> {
        let random = self.random();
        match custody::health(&self.home())? {
            custody::Health::Missing => {
                Vault::create(self.home(), ledger.origin().genesis().0, &secret())
            }
            _ => Vault::open(self.home(), ledger, &secret(), random),
        }
    }

    /// Opens and takes in.
    pub(crate) fn absorb(&mut self) -> Result<Absorbed> {
        let mut ledger = self.ledger()?;
        let mut vault = self.vault(&mut ledger)?;
        let random = self.random();
        vault.absorb(&mut ledger, random, &mut |_, _| {})
    }

    /// Everything that the owner can open, in order: what a crash must not change.
    pub(crate) fn everything(&mut self) -> Vec<String> {
        let mut ledger = self.ledger().unwrap();
        let vault = self.vault(&mut ledger).unwrap();
        let mut all = Vec::new();
        for index in 0..ledger.size() {
            for opened in vault.open_entry(index).unwrap() {
                let value = String::from_utf8(opened.text.disclosure.value).unwrap();
                all.push(format!("{index} {} {value}", opened.text.pointer));
            }
        }
        for name in vault.persons().unwrap() {
            all.push(format!("{name} {:?}", vault.person(name).unwrap().unwrap().known));
        }
        all
    }

    /// Takes the events of a person through the log, with a private original; gives its attachment.
    pub(crate) fn history(&mut self, world: &mut World, ledger: &mut Ledger) -> Sealed {
        let ada =
            r#"{"issuer":"github","id":"ada-l","name":"Ada Lovelace","email":"ada@example.com"}"#;
        let bob = r#"{"issuer":"github","id":"bob-k","name":"Bob King"}"#;
        let drafts = [
            person_changed(world, ada, "p-1", "E-47110"),
            person_changed(world, bob, "p-2", "E-50001"),
            change(world, ada, "Faster ledger", "by Ada Lovelace"),
            change(world, bob, "Slower ledger", "ask ADA LOVELACE first"),
            change(world, bob, "Neutral", "nobody is named, in Canada"),
            access(world, ada, "alovelace"),
        ];
        for draft in drafts {
            let event = world.sign(&draft, &[&key("pipeline")]);
            world.offer(ledger, event).unwrap();
        }
        self.attach_to(world, ledger, ORIGINAL, 0)
    }

    /// Appends an event with a private original.
    pub(crate) fn attach(&self, world: &mut World, plain: &[u8], number: u64) -> Sealed {
        self.attach_to(world, &mut self.ledger().unwrap(), plain, number)
    }

    fn attach_to(
        &self,
        world: &mut World,
        ledger: &mut Ledger,
        plain: &[u8],
        number: u64,
    ) -> Sealed {
        let hash = ledger.origin().genesis().0;
        let sealed = attachment::seal(hash, plain, &seed("attachment", number)).unwrap();
        attachment::put(&*self.store, &sealed).unwrap();
        let items = [Item::Attachment { digest: sealed.digest, key: sealed.key }];
        let (name, bytes) = inbox::seal_group(
            secret().public(),
            hash,
            ledger.size(),
            &items,
            &seed("inbox", number),
        )
        .unwrap();
        inbox::deliver(&*self.store, &name, &bytes).unwrap();
        let mut draft = world.finished("succeeded");
        let named = format!(
            r#"[{{"name":"original","media_type":"application/json","size":{},"digest":"{}","private":true}}]"#,
            sealed.bytes.len(),
            sealed.digest.to_reference()
        );
        draft.members_mut().unwrap().insert("attachments".to_owned(), value(&named));
        let event = world.sign(&draft, &[&key("pipeline")]);
        world.offer(ledger, event).unwrap();
        sealed
    }

    /// Orders and carries out an erasure, as a command does it.
    pub(crate) fn erase(&mut self, world: &mut World, name: Pseudonym) -> Result<custody::Outcome> {
        self.erase_with(world, name, &free(), &[])
    }

    pub(crate) fn erase_with(
        &mut self,
        world: &mut World,
        name: Pseudonym,
        rules: &Rules,
        refusals: &[(Class, String)],
    ) -> Result<custody::Outcome> {
        let mut ledger = self.ledger()?;
        let mut vault = self.vault(&mut ledger)?;
        let random = self.random();
        vault.absorb(&mut ledger, random, &mut |_, _| {})?;
        let request = Request { person: name, basis: "gdpr-17-1-b", refusals };
        let plan = vault.plan(&ledger, rules, &request, later())?;
        let approvers = [value(r#"{"issuer":"hr","id":"second"}"#)];
        let by = custody::Erasure { actor: &officer(), approvers: &approvers, now: later() };
        let events = custody::draft(&plan, &by)
            .iter()
            .map(|draft| world.sign(draft, &[&key("officer")]))
            .collect();
        for receipt in world.append(&mut ledger, events)? {
            receipt?;
        }
        let random = self.random();
        vault.carry_out(&mut ledger, random)
    }
}

/// The pseudonym of an identity.
pub(crate) fn pseudonym(store: &dyn Store, issuer: &str, id: &str) -> Option<Pseudonym> {
    let mut persons = ledger_core::vault::persons::Persons::open(store).unwrap().unwrap();
    persons.resolve(store, issuer, id).unwrap()
}

pub(crate) fn person_changed(world: &mut World, who: &str, record: &str, number: &str) -> Value {
    let at = time(world.next());
    value(&format!(
        r#"{{"type":"person.changed","occurred_at":"{at}","actor":{ACTOR},"subject":{{"person":"{record}"}},
            "data":{{"event":"joined","person":{who},"effective_at":"{at}","kind":"employee","employee_ref":"{number}"}}}}"#
    ))
}

pub(crate) fn change(world: &mut World, who: &str, title: &str, description: &str) -> Value {
    let step = world.next();
    let at = time(step);
    value(&format!(
        r#"{{"type":"change.recorded","occurred_at":"{at}","actor":{ACTOR},"subject":{{"change":"c-{step}"}},
            "data":{{"state":"open","opened_at":"{at}","requester":{who},"title":"{title}","description":"{description}"}}}}"#
    ))
}

fn access(world: &mut World, who: &str, account: &str) -> Value {
    let at = time(world.next());
    value(&format!(
        r#"{{"type":"access.changed","occurred_at":"{at}","actor":{ACTOR},"subject":{{"system":"payments"}},
            "data":{{"object":"account","principal":{who},"account":"{account}","action":"granted",
            "executor":{{"issuer":"github","id":"bob-k"}},"effective_at":"{at}"}}}}"#
    ))
}

pub(crate) fn linked(
    world: &mut World,
    action: &str,
    identities: &[&str],
    from: Timestamp,
) -> Value {
    let at = time(world.next());
    let identities = identities.join(",");
    value(&format!(
        r#"{{"type":"identity.linked","occurred_at":"{at}","actor":{ACTOR},
            "data":{{"action":"{action}","identities":[{identities}],"basis":"hr","valid_from":"{from}"}}}}"#
    ))
}

pub(crate) fn hold(world: &mut World, action: &str, id: &str, custodians: &str) -> Value {
    let at = time(world.next());
    value(&format!(
        r#"{{"type":"hold.changed","occurred_at":"{at}","actor":{ACTOR},"subject":{{"hold":"{id}"}},
            "data":{{"action":"{action}","by":{{"issuer":"hr","id":"officer"}},"classes":[],"custodians":[{custodians}],"systems":[]}}}}"#
    ))
}

const ACTOR: &str = r#"{"kind":"service","id":{"issuer":"ci","id":"importer"}}"#;

/// Whether the bytes stand anywhere in a store.
pub(crate) fn found(store: &Memory, text: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    for folder in [
        "",
        "entries",
        "blobs",
        "index",
        "tree",
        "recovered",
        "vault",
        "vault/inbox",
        "texts",
        "copies",
        "set-aside",
    ] {
        for name in store.list(folder).unwrap() {
            let name = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            let bytes = ledger_core::store::read_all(store, &name).unwrap().unwrap_or_default();
            if holds(&bytes, text) {
                names.push(name);
            }
        }
    }
    names
}

pub(crate) fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.to_ascii_lowercase().windows(text.len()).any(|w| w == text.to_ascii_lowercase())
}

/// The digest that stands for an attachment.
pub(crate) fn blob(digest: Sha256) -> String {
    ledger_core::blob::file(digest)
}
