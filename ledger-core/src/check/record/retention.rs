//! T27 retention-and-hold-honoured: nothing was destroyed too early or under a hold, and what is
//! personal does not stay for ever.
//!
//! The log itself is never destroyed; records are the vault's. Evidence counts from when its fiscal
//! year was closed or its audit concluded, where the disposal says so, else from its own time.

use crate::check::scope::{UNREAD, minus, plus, since};
use crate::check::{
    Census, Context, Direction, Item, Kind, Other, Parameter, Period, Severity, Test, Value, span,
};
use crate::fact::Said;
use crate::schema::records::{
    HoldAction, HoldChanged, HoldCheck, PeriodAction, RetentionAction, RetentionExecuted,
};
use crate::schema::words::Reference;
use crate::time::Timestamp;

const EVIDENCE: Parameter = Parameter::new(
    "evidence_minimum",
    || Value::days(7 * 365),
    Direction::Larger,
    "shortest retention of evidence of releases and access; practice that follows 17 CFR 210.2-06, which does not bind the issuer",
);
const DOCUMENTATION: Parameter = Parameter::new(
    "hipaa_documentation_minimum",
    || Value::days(6 * 365),
    Direction::Larger,
    "shortest retention of required documentation, from creation or from when it was last in effect",
);
const PERSONAL: Parameter = Parameter::new(
    "personal_maximum",
    || Value::days(396),
    Direction::Smaller,
    "longest retention of sealed texts and private originals",
);
const SLACK: Parameter = Parameter::new(
    "disposal_slack",
    || Value::days(31),
    Direction::Smaller,
    "how much longer than its maximum a record may stay until the next disposal",
);

const EARLY: Kind = Kind::fails(
    "early-disposal",
    Severity::Critical,
    "records were destroyed before their minimum was over",
);
const HELD: Kind = Kind::fails(
    "disposal-under-hold",
    Severity::Critical,
    "records were destroyed that a hold covers",
);
const ALONE: Kind = Kind::fails(
    "disposal-not-approved",
    Severity::High,
    "whoever destroyed the records also approved it",
);
const OVER: Kind = Kind::fails(
    "over-retention",
    Severity::High,
    "what is personal was kept for longer than its maximum",
);
const UNMAPPED: Kind =
    Kind::fails("class-unmapped", Severity::Medium, "the class of the records has no rule here");
const NOBODY: Kind = Kind::undecided(
    "person-unresolved",
    Severity::Medium,
    "it cannot be told whether another person approved the disposal",
);
const TRIGGER: Kind = Kind::undecided(
    "trigger-unknown",
    Severity::High,
    "what the minimum counts from is not recorded",
);

/// T27.
pub const TEST: Test = Test {
    id: "T27",
    name: "retention-and-hold-honoured",
    version: "1",
    population: "disposals, and classes of personal records",
    rule: "Each disposal was approved by another person, came after the minimum of its class, and touched \
           nothing under a hold; sealed texts and private originals go when their maximum is over.",
    parameters: &[EVIDENCE, DOCUMENTATION, PERSONAL, SLACK],
    kinds: &[EARLY, HELD, ALONE, OVER, UNMAPPED, NOBODY, TRIGGER, UNREAD],
    run,
};

type Executed = Said<RetentionExecuted>;

/// How long a class is kept at least.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Minimum {
    Evidence,
    Documentation,
    None,
    Unmapped,
}

fn minimum(class: &str) -> Minimum {
    match class {
        "access" | "approval" | "artifact" | "change" | "config" | "deployment" | "evidence"
        | "gate" | "incident" | "review" | "test" => Minimum::Evidence,
        "assessment" | "document" | "documentation" | "policy" => Minimum::Documentation,
        "identity" | "original" | "text" => Minimum::None,
        _ => Minimum::Unmapped,
    }
}

fn run(context: &Context<'_>) -> Census {
    let mut census = Census::default();
    for row in context.facts.retention_executed.all() {
        if !context.period.has(row.at.occurred) {
            continue;
        }
        let mut item = Item::new(format!("{}/{}/{}", row.class, row.from, row.to), row.at.occurred);
        item.cite([row.at.index]);
        if row.action == RetentionAction::Archived {
            census.exclude("records were archived, not destroyed");
            continue;
        }
        item.read("records", row.count);
        item.read("rule", &row.rule);
        approved(context, row, &mut item);
        early(context, row, &mut item);
        held(context, row, &mut item);
        census.items.push(item);
    }
    for class in ["original", "text"] {
        personal(context, class, &mut census);
    }
    census
}

fn words(row: &Executed) -> String {
    format!(
        "{} records of class {} from {} to {} were {} at {}",
        row.count,
        row.class,
        row.from,
        row.to,
        row.action.as_str(),
        row.at.occurred
    )
}

fn approved(context: &Context<'_>, row: &Executed, item: &mut Item) {
    let (other, said) = context.other(row.approver.pseudonym, row.at.actor, row.at.occurred);
    item.cite(said);
    let entry = [row.at.index];
    match other {
        Other::Yes => {}
        Other::No => {
            let sentence = format!("{}; who did it also approved it", words(row));
            item.raise(&ALONE, sentence, entry);
        }
        Other::Unknown => {
            let sentence =
                format!("{}; it cannot be told whether another person approved it", words(row));
            item.raise(&NOBODY, sentence, entry);
        }
    }
}

fn early(context: &Context<'_>, row: &Executed, item: &mut Item) {
    let (evidence, documentation) =
        (context.parameters.span(&EVIDENCE), context.parameters.span(&DOCUMENTATION));
    let entry = [row.at.index];
    let least = match minimum(row.class.as_str()) {
        Minimum::None => return,
        Minimum::Evidence => evidence,
        Minimum::Documentation => documentation,
        Minimum::Unmapped => {
            let sentence = format!("{}, and no rule knows the class", words(row));
            item.raise(&UNMAPPED, sentence, entry);
            // of what nobody knows the longest minimum holds
            evidence.max(documentation)
        }
    };
    let action = match row.trigger.as_str() {
        "fiscal_year_closed" => Some(PeriodAction::FiscalYearClosed),
        "audit_concluded" => Some(PeriodAction::AuditConcluded),
        _ => None,
    };
    let mut from = row.to;
    if let Some(action) = action {
        let ends = context.facts.period_changed.all().iter();
        let ends = ends.filter(|end| end.action == action && end.what.at >= row.to);
        let Some(end) = ends.min_by_key(|end| (end.what.at, end.at.index)) else {
            let sentence = format!("{}; {} after them is not recorded", words(row), row.trigger);
            item.raise(&TRIGGER, sentence, entry);
            return;
        };
        item.cite([end.at.index]);
        from = end.what.at;
    }
    let kept = since(from, row.at.occurred);
    item.read("kept", span(kept));
    if kept < least {
        let sentence = format!(
            "{}, {} after {from}; they are kept for {} at least",
            words(row),
            span(kept),
            span(least)
        );
        item.raise(&EARLY, sentence, entry);
    }
}

/// Whether a hold covered the class when it was destroyed.
fn held(context: &Context<'_>, row: &Executed, item: &mut Item) {
    let table = &context.facts.hold_changed;
    for id in table.ids(Reference::Hold) {
        let when = |hold: &Said<HoldChanged>| hold.issued_at.unwrap_or(hold.at.occurred);
        let newest = table
            .of(Reference::Hold, id.as_str())
            .filter(|hold| when(hold) <= row.at.occurred)
            .max_by_key(|hold| (when(hold), hold.at.index));
        let Some(hold) = newest.filter(|hold| hold.action == HoldAction::Placed) else { continue };
        let covers = hold.classes.is_empty() || hold.classes.contains(&row.class);
        // one that names systems or custodians covers a part: leaving that out honours it
        let part = !hold.systems.is_empty() || !hold.custodians.is_empty();
        if !covers || part && row.hold_check == HoldCheck::Excluded {
            continue;
        }
        let sentence = format!(
            "{}, while hold {id} of {} covered them (entry {})",
            words(row),
            when(hold),
            hold.at.index
        );
        item.raise(&HELD, sentence, [row.at.index, hold.at.index]);
    }
    context.tell_unread_of(item, "hold.changed", until(row.at.occurred));
}

fn until(at: Timestamp) -> Period {
    Period { from: Timestamp::from_micros(0).unwrap_or(at), to: at }
}

/// Whether what is older than the maximum was destroyed.
fn personal(context: &Context<'_>, class: &str, census: &mut Census) {
    let end = context.period.to.min(context.now);
    let most = context.parameters.span(&PERSONAL).saturating_add(context.parameters.span(&SLACK));
    let must = minus(end, most);
    let mut item = Item::new(format!("class/{class}"), minus(end, 1));
    // the vault keeps such records from the first entries on
    let mut oldest = None;
    context.facts.references(&mut |_, _, at| {
        let found = (at.occurred, at.index);
        oldest = Some(oldest.map_or(found, |known: (Timestamp, u64)| known.min(found)));
    });
    let Some((oldest, first)) = oldest else { return };
    item.cite([first]);
    let rows = context.facts.retention_executed.of(Reference::Class, class);
    let rows = rows.filter(|row| row.at.occurred <= end && row.action != RetentionAction::Archived);
    let newest = rows.max_by_key(|row| (row.to, row.at.index));
    item.cite(newest.map(|row| row.at.index));
    let kept = newest.map_or(oldest, |row| row.to.max(oldest));
    item.read("kept from", kept);
    if kept < must {
        let sentence = format!(
            "records of class {class} from {kept} on are still kept at {end}; they had to go {} after they were made, at {}",
            span(context.parameters.span(&PERSONAL)),
            plus(kept, context.parameters.span(&PERSONAL))
        );
        item.raise(&OVER, sentence, [first].into_iter().chain(newest.map(|row| row.at.index)));
    }
    census.items.push(item);
}
