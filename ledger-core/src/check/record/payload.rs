//! T28 payload-minimised-and-erasable: nothing in the open names a person or gives away a secret, and
//! who asks to be forgotten is.
//!
//! Texts are sealed and plain strings have a narrow grammar; what can still hide in one is looked for
//! in the references that join evidence. An erasure is carried out when the log says that the
//! person's data were destroyed.

use super::detector::{self, DETECTORS};
use crate::check::scope::{UNREAD, plus, since};
use crate::check::{
    Census, Context, Direction, Item, Kind, Parameter, Severity, Test, Value, span,
};
use crate::fact::Said;
use crate::fact::people::People;
use crate::retention::{ERASE, REFUSE};
use crate::schema::records::{RequestChanged, RequestKind, RequestOutcome, RequestState};
use crate::schema::rules::{ErasureDecision, PersonErased};
use crate::schema::words::Reference;

const LIMIT: Parameter = Parameter::new(
    "dsr",
    || Value::days(30),
    Direction::Smaller,
    "from the receipt of a request for erasure to its decision; the same clock as in T23",
);
const EXTENDED: Parameter = Parameter::new(
    "dsr-extended",
    || Value::days(90),
    Direction::Smaller,
    "the same where the request was extended in time",
);

const SECRET: Kind = Kind::fails(
    "secret-or-special-in-payload",
    Severity::Critical,
    "a secret, a health record's number or a national id stands in the open",
);
const IDENTIFIER: Kind = Kind::fails(
    "identifier-in-payload",
    Severity::High,
    "what names a person directly stands in the open",
);
const OVERDUE: Kind =
    Kind::fails("erasure-overdue", Severity::High, "the request was not decided in time");
const INCOMPLETE: Kind = Kind::fails(
    "erasure-incomplete",
    Severity::High,
    "the request was granted, and nothing says that the data were destroyed",
);
const BASELESS: Kind = Kind::fails(
    "refusal-without-basis",
    Severity::Medium,
    "the request was refused without a ground that allows it",
);
const NOBODY: Kind = Kind::undecided(
    "person-unresolved",
    Severity::Medium,
    "it cannot be told whose data had to be destroyed",
);
const RUNS: Kind =
    Kind::undecided("erasure-running", Severity::Low, "the time for the request is not over");

/// T28.
pub const TEST: Test = Test {
    id: "T28",
    name: "payload-minimised-and-erasable",
    version: "1",
    population: "references of the period, and requests for erasure",
    rule: "No detector finds an identifier or a secret in what is not sealed; every request for erasure is decided \
           in time, refused only on a ground, and carried out where it is granted.",
    parameters: &[DETECTORS, LIMIT, EXTENDED],
    kinds: &[SECRET, IDENTIFIER, OVERDUE, INCOMPLETE, BASELESS, NOBODY, RUNS, UNREAD],
    run,
};

fn run(context: &Context<'_>) -> Census {
    let mut census = Census::default();
    census.items.extend(payload(context));
    let people = People::of(context.facts);
    let table = &context.facts.request_changed;
    for id in table.ids(Reference::Request) {
        let mut rows: Vec<&Said<RequestChanged>> =
            table.of(Reference::Request, id.as_str()).collect();
        rows.sort_by_key(|row| (row.at.occurred, row.at.index));
        let Some(first) = rows.first().copied() else { continue };
        if first.kind != RequestKind::Erasure {
            census.exclude("request of another kind");
            continue;
        }
        if !context.period.has(first.at.occurred) {
            continue;
        }
        let mut item = Item::new(id.as_str(), first.at.occurred);
        item.cite(rows.iter().map(|row| row.at.index));
        context.tell_unread(&mut item, Reference::Request, id.as_str());
        request(context, &people, id.as_str(), &rows, first, &mut item);
        census.items.push(item);
    }
    census
}

/// What stands in the open, in one item; none where nothing was recorded.
fn payload(context: &Context<'_>) -> Option<Item> {
    let mut item = Item::new("payload", context.period.from);
    let wanted = context.parameters.ids(&DETECTORS);
    let mut found: Vec<(u64, &'static str, Reference, bool)> = Vec::new();
    let mut read = 0_u64;
    context.facts.references(&mut |reference, id, at| {
        if !context.period.has(at.occurred) {
            return;
        }
        read += 1;
        if let Some(name) = detector::find(id.as_str(), &wanted) {
            found.push((at.index, name, reference, detector::is_grave(name)));
        }
    });
    item.read("references", read);
    found.sort_unstable();
    found.dedup();
    for (entry, name, reference, grave) in found {
        let kind = if grave { &SECRET } else { &IDENTIFIER };
        // what was found is not said again
        let sentence = format!(
            "entry {entry} names a {} in which detector {name} finds something",
            reference.as_str()
        );
        item.raise(kind, sentence, [entry]);
    }
    let unread = context.facts.unread.all().iter();
    for unread in unread.filter(|row| context.period.has(row.at.occurred)) {
        let (index, code) = (unread.at.index, unread.code);
        let sentence = format!(
            "entry {index} of type {} cannot be read ({code}), so nobody knows what it holds",
            unread.kind
        );
        item.raise(&UNREAD, sentence, [index]);
    }
    (read > 0 || !item.exceptions.is_empty()).then_some(item)
}

fn request(
    context: &Context<'_>,
    people: &People<'_>,
    id: &str,
    rows: &[&Said<RequestChanged>],
    first: &Said<RequestChanged>,
    item: &mut Item,
) {
    let from = first.at.occurred;
    let month = plus(from, context.parameters.span(&LIMIT));
    let extended =
        rows.iter().any(|row| row.state == RequestState::Extended && row.at.occurred <= month);
    let limit = if extended { &EXTENDED } else { &LIMIT };
    let due = plus(from, context.parameters.span(limit));
    let words = format!("request {id} was received at {from}");
    let all = || rows.iter().map(|row| row.at.index);
    let Some(decided) = rows.iter().rev().find(|row| row.state == RequestState::Decided) else {
        if context.now <= due {
            item.raise(&RUNS, format!("{words} and has to be decided until {due}"), all());
        } else {
            item.raise(&OVERDUE, format!("{words} and was not decided until {due}"), all());
        }
        return;
    };
    let at = decided.replied_at.unwrap_or(decided.at.occurred);
    if at > due {
        let sentence = format!("{words} and decided at {at}, {} after {due}", span(since(due, at)));
        item.raise(&OVERDUE, sentence, all());
    }
    let entry = [decided.at.index];
    let outcome = decided.outcome.unwrap_or(RequestOutcome::Refused);
    if outcome != RequestOutcome::Granted {
        let basis = decided.basis.as_ref().map(crate::schema::typed::Id::as_str);
        // grounds of other laws are an overlay's; those for erasing are none for refusing
        let gdpr = basis.is_some_and(|basis| basis.starts_with("gdpr"));
        let good = basis
            .is_some_and(|basis| !ERASE.contains(&basis) && (!gdpr || REFUSE.contains(&basis)));
        if !good {
            let said = basis.map_or("no ground".to_owned(), |basis| format!("the ground {basis}"));
            let sentence = format!("{words} and {} at {at} with {said}", outcome.as_str());
            item.raise(&BASELESS, sentence, entry);
        }
    }
    if outcome != RequestOutcome::Refused {
        let Some(who) = first.person.pseudonym.or(decided.person.pseudonym) else {
            item.raise(&NOBODY, format!("{words}; nobody knows by whom"), all());
            return;
        };
        let names = people.names(who, context.now);
        let erased: Vec<&Said<PersonErased>> = context
            .facts
            .person_erased
            .all()
            .iter()
            .filter(|row| names.contains(&row.pseudonym) && row.at.occurred >= from)
            .collect();
        item.cite(erased.iter().map(|row| row.at.index));
        let done = |row: &&&Said<PersonErased>| {
            row.classes.iter().any(|class| class.decision == ErasureDecision::Erase)
        };
        if erased.iter().filter(done).count() == 0 {
            let sentence = format!(
                "{words} and {} at {at}; nothing says that data of {who} were destroyed",
                outcome.as_str()
            );
            item.raise(&INCOMPLETE, sentence, entry);
        }
    }
}
