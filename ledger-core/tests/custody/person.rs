//! Law 8: persons, not accounts.

use ledger_core::entry::Entry;
use ledger_core::json::{Document, Value};
use ledger_core::ledger::Ledger;
use ledger_core::person::{Persons, Relation, acting};
use ledger_core::time::Timestamp;
use ledger_core::vault::persons::Pseudonym;

use crate::case::{Case, linked, person_changed, pseudonym};
use crate::world::{World, key, time, value};

const A: &str = r#"{"issuer":"github","id":"a"}"#;
const B: &str = r#"{"issuer":"github","id":"b"}"#;
const C: &str = r#"{"issuer":"ldap","id":"c"}"#;

struct Log {
    case: Case,
    world: World,
    ledger: Ledger,
}

impl Log {
    fn new() -> Self {
        let (case, world, ledger) = Case::new();
        Self { case, world, ledger }
    }

    fn add(&mut self, draft: &Value) -> u64 {
        let event = self.world.sign(draft, &[&key("pipeline")]);
        self.world.offer(&mut self.ledger, event).unwrap().index
    }

    fn name(&self, who: &str) -> Pseudonym {
        let who = value(who);
        let part = |name: &str| who.get(name).unwrap().as_text().unwrap().to_owned();
        pseudonym(&self.case.disk, &part("issuer"), &part("id")).unwrap()
    }

    fn persons(&self) -> Persons {
        let mut persons = Persons::default();
        let mut document = Document::default();
        // in the worst order
        for index in (0..self.ledger.size()).rev() {
            let line = self.ledger.line(index).unwrap();
            persons.apply(&Entry::parse(&mut document, &line).unwrap());
        }
        persons
    }

    fn relation(&self, a: &str, b: &str, at: Timestamp) -> (Relation, Vec<u64>) {
        let answer = self.persons().relation(self.name(a), self.name(b), at);
        let back = self.persons().relation(self.name(b), self.name(a), at);
        assert_eq!(answer, back, "the order of the two does not matter");
        (answer.value, answer.entries)
    }
}

const LATE: u64 = 1_000_000;

#[test]
fn law_8_two_are_different_only_with_a_record_each() {
    let mut log = Log::new();
    let draft = linked(&mut log.world, "linked", &[B, C], time(500));
    let link = log.add(&draft);
    let draft = person_changed(&mut log.world, A, "p-1", "1001");
    let first = log.add(&draft);
    let late = time(LATE);
    assert_eq!(log.relation(A, A, late).0, Relation::Same);
    assert_eq!(log.relation(A, B, late), (Relation::CannotTell, vec![link, first]));
    assert_eq!(log.relation(B, C, late), (Relation::Same, vec![link]));
    assert_eq!(log.relation(B, C, time(499)).0, Relation::CannotTell, "not yet");
    let draft = person_changed(&mut log.world, C, "p-2", "1002");
    let second = log.add(&draft);
    assert_eq!(log.relation(A, B, late), (Relation::Different, vec![link, first, second]));
    assert_eq!(log.relation(A, C, late), (Relation::Different, vec![link, first, second]));
    // the same record under two accounts is one person, linked or not
    let draft = person_changed(&mut log.world, B, "p-1", "1001");
    log.add(&draft);
    assert_eq!(log.relation(A, B, late).0, Relation::Same);
}

#[test]
fn links_end() {
    let mut log = Log::new();
    for (action, who, from) in
        [("linked", &[A, B, C][..], 100), ("unlinked", &[A, B], 200), ("unlinked", &[C], 300)]
    {
        let draft = linked(&mut log.world, action, who, time(from));
        log.add(&draft);
    }
    assert_eq!(log.relation(A, B, time(150)).0, Relation::Same);
    assert_eq!(log.relation(A, B, time(250)).0, Relation::Same, "still by way of the third");
    assert_eq!(log.relation(A, B, time(350)).0, Relation::CannotTell);
    assert_eq!(log.relation(A, C, time(350)).0, Relation::CannotTell);
}

fn run(world: &mut World, bot: &str, behalf: Option<&str>) -> Value {
    let mut draft = world.finished("succeeded");
    let behalf = behalf.map_or(String::new(), |who| format!(r#","on_behalf_of":{who}"#));
    let actor = value(&format!(r#"{{"kind":"bot","id":{bot}{behalf}}}"#));
    draft.members_mut().unwrap().insert("actor".to_owned(), actor);
    draft
}

#[test]
fn a_bot_stands_for_who_set_it_running() {
    let mut log = Log::new();
    let draft = run(&mut log.world, C, Some(A));
    let ran = log.add(&draft);
    let late = time(LATE);
    assert_eq!(log.relation(A, C, late), (Relation::Same, vec![ran]));
    let acts = log.ledger.entry(ran, acting).unwrap();
    assert_eq!(acts, Some(log.name(A)));
    // a bot run by nobody, and bots that run each other
    let draft = run(&mut log.world, B, None);
    let alone = log.add(&draft);
    assert_eq!(log.ledger.entry(alone, acting).unwrap(), None);
    assert_eq!(log.relation(A, B, late).0, Relation::CannotTell);
    assert_eq!(log.relation(B, B, late).0, Relation::CannotTell);
    let draft = run(&mut log.world, B, Some(C));
    log.add(&draft);
    let draft = run(&mut log.world, C, Some(B));
    log.add(&draft);
    assert_eq!(log.relation(B, C, late).0, Relation::CannotTell);
    let draft = run(&mut log.world, C, Some(C));
    log.add(&draft);
    assert_eq!(log.relation(A, C, late).0, Relation::CannotTell);
}
