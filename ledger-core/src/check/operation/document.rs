//! T24 document-current: whatever needs a document has one that is in force, was approved in the right
//! role, and is the one that was stored.
//!
//! A document is about an object when its scope, counterparty or references name it. What needs one is found in
//! `object`.

use std::collections::HashMap;

use super::object::{self, CHANGE_KINDS, IMPACT, Object, SCOPE};
use crate::check::scope::UNREAD;
use crate::check::{
    Census, Context, Direction, Item, Kind, Parameter, Period, Severity, Test, Value,
};
use crate::fact::Said;
use crate::schema::records::{DocumentApproved, DocumentKind};
use crate::schema::words::Reference;
use crate::time::Timestamp;

const KIND: Parameter = Parameter::new(
    "kind",
    || Value::Ids(Vec::new()),
    Direction::Either,
    "kinds of document of which each object in scope needs one; a control names its own",
);
const ROLES: Parameter = Parameter::new(
    "signatory_roles",
    || Value::Ids(Vec::new()),
    Direction::Larger,
    "roles of which one must have approved the document; empty: the role that the document names",
);
const ADDRESSABLE: Parameter = Parameter::new(
    "addressable",
    || Value::Flag(false),
    Direction::Larger,
    "for each addressable citation the decision implemented, alternative or not reasonable must be documented",
);
const CITATIONS: Parameter = Parameter::new(
    "citations",
    || Value::Ids(Vec::new()),
    Direction::Larger,
    "the addressable citations of the control; the catalogue fills them in",
);

const NONE: Kind =
    Kind::fails("no-document", Severity::High, "no document of the kind was ever approved for it");
const EXPIRED: Kind = Kind::fails(
    "document-expired",
    Severity::Medium,
    "no document was in force, or its review was overdue",
);
const SIGNATORY: Kind = Kind::fails(
    "wrong-signatory",
    Severity::Medium,
    "the document was not approved in a role that may",
);
const DIGEST: Kind =
    Kind::fails("digest-mismatch", Severity::Critical, "one version of a document has two digests");
const NOBODY: Kind =
    Kind::undecided("signatory-unresolved", Severity::Medium, "it cannot be told who approved it");
const KINDLESS: Kind = Kind::undecided(
    "kind-not-set",
    Severity::High,
    "the control does not say which document or citation it needs",
);

/// T24.
pub const TEST: Test = Test {
    id: "T24",
    name: "document-current",
    version: "1",
    population: "objects that need a document, and addressable citations",
    rule: "For each object there is an approved version of the document that is in force and not due for \
           review, whose digest is the only one of that version, approved in a role that may; each addressable \
           citation has a documented decision.",
    parameters: &[KIND, SCOPE, IMPACT, CHANGE_KINDS, ROLES, ADDRESSABLE, CITATIONS],
    kinds: &[NONE, EXPIRED, SIGNATORY, DIGEST, NOBODY, KINDLESS, object::UNSAID, UNREAD],
    run,
};

type Document = Said<DocumentApproved>;

fn run(context: &Context<'_>) -> Census {
    let mut census = Census::default();
    let library = Library::of(context);
    let kinds = context.parameters.ids(&KIND);
    let addressable = context.parameters.flag(&ADDRESSABLE);
    let citations = context.parameters.ids(&CITATIONS);
    if kinds.is_empty() && !addressable || addressable && citations.is_empty() {
        let mut item = Item::new("no-kind", context.period.from);
        let what = if addressable { "addressable citation" } else { "kind of document" };
        item.raise(&KINDLESS, format!("no {what} is set, so nobody knows what is needed"), [0]);
        census.items.push(item);
    }
    for word in &kinds {
        let Some(kind) = DocumentKind::parse(word) else {
            let mut item = Item::new(word.clone(), context.period.from);
            item.raise(&KINDLESS, format!("{word} is no kind of document"), [0]);
            census.items.push(item);
            continue;
        };
        for object in object::all(context, &mut census) {
            let mut item = Item::new(format!("{}/{}", kind.as_str(), object.id), object.at);
            item.cite(object.entries.iter().copied());
            item.system.clone_from(&object.system);
            object.tell(&mut item);
            judge(context, &library, kind, &object, &mut item);
            census.items.push(item);
        }
    }
    for citation in citations.iter().filter(|_| addressable) {
        let last = crate::check::scope::minus(context.period.to, 1);
        let object = Object::citation(citation, last);
        let mut item = Item::new(object.id.clone(), last);
        judge(context, &library, DocumentKind::Other, &object, &mut item);
        census.items.push(item);
    }
    census
}

/// All documents by what they are about.
struct Library<'c> {
    about: HashMap<(DocumentKind, &'c str), Vec<&'c Document>>,
}

impl<'c> Library<'c> {
    fn of(context: &Context<'c>) -> Self {
        let mut about: HashMap<(DocumentKind, &str), Vec<&Document>> = HashMap::new();
        for row in context.facts.document_approved.all() {
            let mut names: Vec<&str> =
                row.scope.iter().map(crate::schema::typed::Id::as_str).collect();
            names.extend(row.counterparty.as_ref().map(crate::schema::typed::Id::as_str));
            // what the document's own references name it is about as well
            names.extend(
                row.subject
                    .iter()
                    .filter(|(kind, _)| *kind != Reference::Document)
                    .map(|(_, id)| id.as_str()),
            );
            names.sort_unstable();
            names.dedup();
            for name in names {
                about.entry((row.kind, name)).or_default().push(row);
            }
        }
        Self { about }
    }
}

/// Whether a version is in force at a time.
fn stands(row: &Document, at: Timestamp) -> bool {
    row.valid_from <= at && row.valid_to.is_none_or(|to| at < to)
}

fn judge(
    context: &Context<'_>,
    library: &Library<'_>,
    kind: DocumentKind,
    object: &Object,
    item: &mut Item,
) {
    let (at, words) =
        (object.at, format!("{} needs a document of kind {}", object.words, kind.as_str()));
    let named = object.names.iter().filter_map(|name| library.about.get(&(kind, name.as_str())));
    let mut rows: Vec<&Document> =
        named.flatten().copied().filter(|row| row.at.occurred <= at).collect();
    rows.sort_by_key(|row| (row.valid_from, row.at.index));
    let cited = |item: &Item| -> Vec<u64> {
        let all: Vec<u64> = item.entries.clone();
        if all.is_empty() { vec![0] } else { all }
    };
    if rows.is_empty() {
        let severity = object.severity.unwrap_or(NONE.severity);
        item.raise_as(
            &NONE,
            severity,
            format!("{words} at {at}, and none was approved for it"),
            cited(item),
        );
        let time = Period { from: Timestamp::from_micros(0).unwrap_or(at), to: context.now };
        context.tell_unread_of(item, "document.approved", time);
        return;
    }
    let entries: Vec<u64> = rows.iter().map(|row| row.at.index).collect();
    let Some(row) = rows.iter().rev().find(|row| stands(row, at)) else {
        let until = rows.iter().filter_map(|row| row.valid_to).max();
        let how = until.map_or("none was in force yet".to_owned(), |to| {
            format!("the last was in force until {to}")
        });
        item.raise_as(&EXPIRED, Severity::High, format!("{words} at {at}; {how}"), entries);
        return;
    };
    item.cite([row.at.index]);
    item.read("document", &row.document);
    item.read("version", &row.version);
    let what =
        format!("{words}; {} version {} (entry {})", row.document, row.version, row.at.index);
    if row.review_due < at {
        item.raise(
            &EXPIRED,
            format!("{what} was due for review at {}", row.review_due),
            [row.at.index],
        );
    }
    signed(context, row, &what, item);
    one_digest(context, row, &what, item);
}

/// Whether somebody approved it in a role that may.
fn signed(context: &Context<'_>, row: &Document, what: &str, item: &mut Item) {
    let roles = context.parameters.ids(&ROLES);
    let same = context.facts.document_approved.of(Reference::Document, row.document.as_str());
    let same: Vec<&Document> =
        same.filter(|one| one.version == row.version && one.digest == row.digest).collect();
    let fits =
        |one: &&&Document| roles.is_empty() || roles.iter().any(|role| role == one.role.as_str());
    let fitting: Vec<&&Document> = same.iter().filter(fits).collect();
    if fitting.is_empty() {
        let sentence =
            format!("{what} was approved as {}, not as {}", row.role, roles.join(" or "));
        item.raise(&SIGNATORY, sentence, [row.at.index]);
    } else if fitting.iter().all(|one| one.approver.pseudonym.is_none()) {
        item.raise(&NOBODY, format!("{what} was approved by nobody who is known"), [row.at.index]);
    }
}

/// Whether the version has one digest, wherever it is spoken of.
fn one_digest(context: &Context<'_>, row: &Document, what: &str, item: &mut Item) {
    let same = context.facts.document_approved.of(Reference::Document, row.document.as_str());
    for other in same.filter(|one| one.version == row.version && one.digest != row.digest) {
        let sentence = format!(
            "{what} has digest {}, and the same version has {} (entry {})",
            row.digest.to_reference(),
            other.digest.to_reference(),
            other.at.index
        );
        item.raise(&DIGEST, sentence, [row.at.index, other.at.index]);
    }
}
