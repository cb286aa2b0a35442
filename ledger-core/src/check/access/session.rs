//! T16 privileged-session-justified: a session with more rights had a reason and another person's
//! approval, ended in time, was logged, and was looked at afterwards.

use std::collections::BTreeMap;

use crate::check::scope::{UNDECLARED, UNREAD, plus, since};
use crate::check::{
    Census, Context, Direction, Item, Kind, Other, Parameter, Severity, Test, Value, span,
};
use crate::fact::Said;
use crate::schema::access::{SessionElevated, SessionKind, SessionPhase};
use crate::schema::words::{Answer, Reference};
use crate::time::Timestamp;

const LONGEST: Parameter = Parameter::new(
    "max_duration",
    || Value::hours(4),
    Direction::Smaller,
    "longest elevated session",
);
const RATIFY: Parameter = Parameter::new(
    "ratify_within",
    || Value::hours(24),
    Direction::Smaller,
    "time in which a session opened without approval is approved afterwards",
);
const REVIEW: Parameter = Parameter::new(
    "review_within",
    || Value::BusinessDays(2),
    Direction::Smaller,
    "time from the end of a session to its independent review",
);
const ROTATE: Parameter = Parameter::new(
    "rotate_credential",
    || Value::Flag(true),
    Direction::Larger,
    "the credential is changed after a break-glass session",
);

const REASON: Kind =
    Kind::fails("no-reason", Severity::High, "the session has no reason or no ticket");
const APPROVAL: Kind = Kind::fails(
    "session-not-approved",
    Severity::High,
    "no other person approved the session in time",
);
const SELF: Kind = Kind::fails(
    "session-self-reviewed",
    Severity::High,
    "whoever opened the session also reviewed it",
);
const LONG: Kind = Kind::fails(
    "session-too-long",
    Severity::High,
    "the session was open for too long, or never closed",
);
const REVIEWED: Kind =
    Kind::fails("session-not-reviewed", Severity::Medium, "nobody reviewed the session in time");
const LOG: Kind =
    Kind::fails("session-log-missing", Severity::High, "no log of the session was kept");
const CREDENTIAL: Kind = Kind::fails(
    "credential-not-rotated",
    Severity::Medium,
    "the credential was not changed after the session",
);
const NOBODY: Kind = Kind::undecided(
    "person-unresolved",
    Severity::Medium,
    "it cannot be told whether the approver or reviewer is another person",
);
const OPENING: Kind = Kind::undecided(
    "opening-unknown",
    Severity::Medium,
    "nobody recorded its opening, so it cannot be told when it began and for whom",
);
const RUNS: Kind = Kind::undecided(
    "session-running",
    Severity::Low,
    "the time to close, approve or review the session is not over",
);

/// T16.
pub const TEST: Test = Test {
    id: "T16",
    name: "privileged-session-justified",
    version: "1",
    population: "elevated, break-glass and vault-reveal sessions",
    rule: "Each session has a reason and a ticket, was approved by another person before or soon after, ended \
           in time, left a log, had its credential changed after breaking the glass, and was reviewed by \
           another person.",
    parameters: &[LONGEST, RATIFY, REVIEW, ROTATE],
    kinds: &[
        REASON, APPROVAL, SELF, LONG, REVIEWED, LOG, CREDENTIAL, NOBODY, OPENING, RUNS, UNDECLARED,
        UNREAD,
    ],
    run,
};

type Told = Said<SessionElevated>;

/// All that was said about one session.
struct Session<'c> {
    opened: &'c Told,
    all: Vec<&'c Told>,
    closed: Option<&'c Told>,
}

fn run(context: &Context<'_>) -> Census {
    let mut census = Census::default();
    let mut sessions: BTreeMap<&str, Vec<&Told>> = BTreeMap::new();
    for row in context.facts.session_elevated.all() {
        sessions.entry(row.session.as_str()).or_default().push(row);
    }
    for (id, mut all) in sessions {
        all.sort_by_key(|row| (row.at.occurred, row.at.index));
        let opened = all.iter().find(|row| row.phase == SessionPhase::Opened);
        // a session whose opening nobody recorded begins with the first word on it
        let Some(opened) = opened.or(all.first()).copied() else { continue };
        if !context.period.has(opened.at.occurred) {
            continue;
        }
        let closed = all.iter().find(|row| row.phase == SessionPhase::Closed).copied();
        let mut item = Item::new(id, opened.at.occurred);
        item.cite(all.iter().map(|row| row.at.index));
        item.read("kind", opened.kind.as_str());
        let session = Session { opened, all, closed };
        let words = words(&session);
        if !context.counts(&mut item, opened.system.as_str(), &words, &mut census) {
            continue;
        }
        context.tell_unread(&mut item, Reference::Session, id);
        judge(context, &session, &words, &mut item);
        census.items.push(item);
    }
    census
}

fn words(session: &Session<'_>) -> String {
    let opened = session.opened;
    let (kind, at) = (opened.kind.as_str(), opened.at.occurred);
    format!("{kind} session {} on {} was opened at {at}", opened.session, opened.system)
}

fn judge(context: &Context<'_>, session: &Session<'_>, words: &str, item: &mut Item) {
    let opened = session.opened;
    let (said, first) = (|| session.all.iter().map(|row| row.at.index), opened.at.index);
    if opened.phase != SessionPhase::Opened {
        item.raise(&OPENING, format!("{words}, as the first word on it says"), [first]);
    }
    let reason = session.all.iter().any(|row| row.reason.is_some());
    let ticket = session.all.iter().find_map(|row| row.ticket.as_ref());
    if let Some(ticket) = ticket {
        item.read("ticket", ticket);
    }
    if !reason || ticket.is_none() {
        let missing = if reason { "ticket" } else { "reason" };
        item.raise(&REASON, format!("{words} and names no {missing}"), said());
    }
    approved(context, session, words, item);
    let end = length(context, session, words, item);
    let Some(end) = end else { return };
    if !session.all.iter().any(|row| row.log_digest.is_some()) {
        let sentence = format!("{words} and closed at {end}; no log of it was kept");
        item.raise(&LOG, sentence, said());
    }
    let rotated = session.all.iter().any(|row| row.credential_rotated == Some(Answer::Yes));
    let must = opened.kind == SessionKind::BreakGlass && context.parameters.flag(&ROTATE);
    if must && !rotated {
        let sentence =
            format!("{words} and closed at {end}; nothing says that the credential was changed");
        item.raise(&CREDENTIAL, sentence, said().chain([first]));
    }
    reviewed(context, session, end, words, item);
}

/// Whether another person approved it before, or soon after.
fn approved(context: &Context<'_>, session: &Session<'_>, words: &str, item: &mut Item) {
    let opened = session.opened;
    let last = plus(opened.at.occurred, context.parameters.span(&RATIFY));
    let named = session.all.iter().filter(|row| row.approver.is_some());
    let named: Vec<&&Told> = named.filter(|row| row.at.occurred <= last).collect();
    let mut unsure = Vec::new();
    for row in &named {
        let approver = row.approver.and_then(|approver| approver.pseudonym);
        let (other, cited) = context.other(approver, opened.principal.pseudonym, row.at.occurred);
        item.cite(cited);
        match other {
            Other::Yes => return,
            Other::Unknown => unsure.push(row.at.index),
            Other::No => {}
        }
    }
    if !unsure.is_empty() {
        let sentence = format!("{words}; it cannot be told whether its approver is another person");
        item.raise(&NOBODY, sentence, unsure);
        return;
    }
    let cited = session.all.iter().map(|row| row.at.index);
    if named.is_empty() && context.now < last {
        item.raise(
            &RUNS,
            format!("{words} without approval; it can be approved until {last}"),
            cited,
        );
        return;
    }
    let how = if named.is_empty() { "nobody" } else { "only who opened it" };
    item.raise(&APPROVAL, format!("{words}; {how} approved it until {last}"), cited);
}

/// Whether it ended in time; its end, if it is known.
fn length(
    context: &Context<'_>,
    session: &Session<'_>,
    words: &str,
    item: &mut Item,
) -> Option<Timestamp> {
    let opened = session.opened;
    let most = plus(opened.at.occurred, context.parameters.span(&LONGEST));
    let last = opened.max_until.map_or(most, |until| until.min(most));
    let cited = session.all.iter().map(|row| row.at.index);
    match session.closed.map(|row| row.at.occurred) {
        Some(end) => {
            item.read("open for", span(since(opened.at.occurred, end)));
            if end > last {
                let sentence =
                    format!("{words} and closed at {end}, {} too late", span(since(last, end)));
                item.raise(&LONG, sentence, cited);
            }
            Some(end)
        }
        None if context.now < last => {
            item.raise(&RUNS, format!("{words} and may be open until {last}"), cited);
            None
        }
        None => {
            item.raise(
                &LONG,
                format!("{words} until {last} at most, and nothing says that it was closed"),
                cited,
            );
            None
        }
    }
}

/// Whether another person looked at it soon after.
fn reviewed(
    context: &Context<'_>,
    session: &Session<'_>,
    end: Timestamp,
    words: &str,
    item: &mut Item,
) {
    let last = context.calendar.after(end, context.parameters.count(&REVIEW));
    let reviews = session.all.iter().filter(|row| row.phase == SessionPhase::Reviewed);
    let reviews: Vec<&&Told> = reviews.filter(|row| row.at.occurred <= last).collect();
    let cited = || session.all.iter().map(|row| row.at.index);
    let (mut own, mut unsure) = (Vec::new(), Vec::new());
    for row in reviews {
        let reviewer = row.reviewer.and_then(|reviewer| reviewer.pseudonym);
        let (other, said) =
            context.other(reviewer, session.opened.principal.pseudonym, row.at.occurred);
        item.cite(said);
        match other {
            Other::Yes => return,
            Other::Unknown => unsure.push(row.at.index),
            Other::No => own.push(row.at.index),
        }
    }
    if !unsure.is_empty() {
        let sentence = format!("{words}; it cannot be told whether its reviewer is another person");
        item.raise(&NOBODY, sentence, unsure);
    } else if !own.is_empty() {
        item.raise(&SELF, format!("{words}, and who opened it reviewed it"), own);
    } else if context.now < last {
        item.raise(&RUNS, format!("{words} and has to be reviewed until {last}"), cited());
    } else {
        item.raise(&REVIEWED, format!("{words} and was not reviewed until {last}"), cited());
    }
}
