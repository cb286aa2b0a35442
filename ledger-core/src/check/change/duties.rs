//! T02 duties-separated: who wrote or deployed it did not alone approve it, and nothing was added after.
//!
//! Authors are those of all commits since what ran in production before, with co-authors. An author
//! may deploy only through a pipeline that stayed protected and took nothing that an operator typed.

mod mutual;

use self::mutual::{CHANGES, MUTUAL, Pairs, SHARE};
use super::approval::{Decided, counted};
use super::people::{Others, deployer, none_of};
use super::{UNDECLARED, UNREAD};
use crate::check::{
    Census, Context, Direction, Item, Kind, Other, Parameter, Severity, Test, Value, entries,
};
use crate::fact::author::{Authored, Authors, Party};
use crate::fact::deployment::Deployment;
use crate::fact::line::Lines;
use crate::schema::approve::ApprovalDecision;
use crate::schema::deploy::OperatorInput;
use crate::schema::words::{Class, Reference};

use super::config::Protection;

const CLASSES: Parameter = Parameter::new(
    "classes",
    || Value::Ids(vec!["normal".to_owned(), "emergency".to_owned()]),
    Direction::Larger,
    "classes of change whose deployments are tested",
);
const MIN_INDEPENDENT: Parameter = Parameter::new(
    "min_independent",
    || Value::Count(1),
    Direction::Larger,
    "approvers who are neither author nor deployer",
);
const DEPLOYER_MAY_BE_AUTHOR: Parameter = Parameter::new(
    "deployer_may_be_author",
    || Value::Flag(true),
    Direction::Smaller,
    "author and deployer may be one person, if the pipeline stayed protected and took no free operator input",
);

const SELF: Kind = Kind::fails(
    "self-approval",
    Severity::Critical,
    "who wrote it approved it, and nobody else did",
);
const DEPLOYER: Kind =
    Kind::fails("approver-deployed", Severity::High, "who approved it deployed it");
const FEW: Kind = Kind::fails(
    "too-few-independent",
    Severity::High,
    "fewer independent persons approved it than needed",
);
const PUSHED: Kind =
    Kind::fails("push-after-approval", Severity::High, "commits were added after the approval");
const AUTHOR: Kind = Kind::fails(
    "author-deployed-unprotected",
    Severity::High,
    "who wrote it deployed it, past what protects the pipeline",
);
const UNRESOLVED: Kind = Kind::undecided(
    "person-unresolved",
    Severity::Medium,
    "it cannot be told whether author, approver and deployer are different persons",
);
const UNKNOWN: Kind = Kind::undecided(
    "commits-unknown",
    Severity::High,
    "it cannot be told what was committed since production before, by whom or when",
);
const PATH: Kind = Kind::undecided(
    "path-unknown",
    Severity::Medium,
    "it cannot be told whether the pipeline was protected and took no operator input",
);

/// T02.
pub const TEST: Test = Test {
    id: "T02",
    name: "duties-separated",
    version: "1",
    population: "deployments to production",
    rule: "Enough persons approved it who are neither among its authors nor its deployer, nothing was \
           committed after their approvals, and an author deployed it, if at all, only through a \
           protected pipeline.",
    parameters: &[CLASSES, MIN_INDEPENDENT, DEPLOYER_MAY_BE_AUTHOR, SHARE, CHANGES],
    kinds: &[
        SELF, DEPLOYER, FEW, PUSHED, AUTHOR, MUTUAL, UNRESOLVED, UNKNOWN, PATH, UNREAD, UNDECLARED,
    ],
    run,
};

fn run(context: &Context<'_>) -> Census {
    let mut census = Census::default();
    let classes = super::classes(context, &CLASSES);
    let (authors, lines) = (Authors::of(context.facts), Lines::of(context.facts));
    let protection = Protection::of(context);
    let mut pairs = Pairs::of(context);
    for (deployment, mut item) in super::deployments(context, &classes, &mut census) {
        let authored = authors.authored(&deployment, &lines);
        item.cite(authored.entries.iter().copied());
        item.read("authors", authored.authors.len());
        for (why, said) in &authored.gaps {
            let sentence = format!("{}; {why}", deployment.words());
            item.raise(&UNKNOWN, sentence, deployment.entries().chain(said.iter().copied()));
        }
        let approvals = approvals(context, &deployment);
        item.cite(approvals.iter().map(|row| row.at.index));
        pairs.count(&deployment, &authored, &approvals);
        let seen = independent(context, &deployment, &authored, &approvals, &mut item);
        pushed(&deployment, &authored, seen, &mut item);
        path(context, &deployment, &authored, &lines, &protection, &mut item);
        census.items.push(item);
    }
    census.items.extend(pairs.items());
    census
}

/// What counts as approval; an emergency may be ratified afterwards.
fn approvals<'c>(context: &Context<'c>, deployment: &Deployment<'_>) -> Vec<&'c Decided> {
    let mut rows = counted(context, deployment);
    let emergency = deployment.class().map(|(class, _)| class) == Some(Class::Emergency);
    if let (true, Some(change)) = (emergency, deployment.change()) {
        let ratified = context.facts.approval_decided.of(Reference::Change, change.as_str());
        rows.extend(ratified.filter(|row| {
            row.decision == ApprovalDecision::Ratified
                && row.r#for.artifact.is_some()
                && row.r#for.artifact == deployment.artifact()
                && row.r#for.environment.as_ref() == Some(deployment.environment)
        }));
    }
    rows
}

/// On which side each approver stands.
struct Sides<'c> {
    /// Who is neither author nor deployer.
    found: Others,
    /// Entries of those of whom that cannot be told.
    unsure: Vec<u64>,
    /// Entries of those who wrote it.
    wrote: Vec<u64>,
    /// Entries of those who deployed it.
    ran: Vec<u64>,
    /// The approval since which enough had said yes; where there are not enough, the last of all.
    seen: Option<&'c Decided>,
}

fn sides<'c>(
    context: &Context<'c>,
    deployment: &Deployment<'_>,
    authored: &Authored<'_>,
    approvals: &[&'c Decided],
    item: &mut Item,
) -> Sides<'c> {
    let needed = context.parameters.count(&MIN_INDEPENDENT);
    let deployer = [deployer(deployment)];
    // the newest first: what was approved last was approved as it then stood
    let mut newest = approvals.to_vec();
    newest.sort_by_key(|row| std::cmp::Reverse((row.at.occurred, row.at.index)));
    let seen = newest.first().copied();
    // who is whom is judged as it stood at the last word
    let last = seen.map_or(deployment.at, |row| deployment.at.max(row.at.occurred));
    let found = Others::at(last);
    let mut sides = Sides { found, unsure: Vec::new(), wrote: Vec::new(), ran: Vec::new(), seen };
    for row in newest {
        let who = row.approver.pseudonym;
        let at = deployment.at.max(row.at.occurred);
        let (author, said_author) = none_of(context, who, &authored.authors, at);
        let (runner, said_runner) = none_of(context, who, &deployer, at);
        let (again, said_again) = sides.found.other(context, who);
        item.cite(said_author.iter().chain(&said_runner).chain(&said_again).copied());
        if author == Other::No {
            sides.wrote.push(row.at.index);
            sides.wrote.extend(said_author);
        }
        if runner == Other::No {
            sides.ran.push(row.at.index);
            sides.ran.extend(said_runner);
        }
        match (author, runner, again) {
            (Other::Yes, Other::Yes, Other::Yes) => {
                sides.found.add(context, Party { who, entry: row.at.index });
                if sides.found.len() as u64 == needed {
                    sides.seen = Some(row);
                }
            }
            (Other::No, ..) | (_, Other::No, _) | (.., Other::No) => {}
            _ => sides.unsure.push(row.at.index),
        }
    }
    sides
}

/// Whether enough approvers are neither author nor deployer; the approval that counts for what was
/// added later.
fn independent<'c>(
    context: &Context<'c>,
    deployment: &Deployment<'_>,
    authored: &Authored<'_>,
    approvals: &[&'c Decided],
    item: &mut Item,
) -> Option<&'c Decided> {
    let words = deployment.words();
    let needed = context.parameters.count(&MIN_INDEPENDENT);
    let strict = !context.parameters.flag(&DEPLOYER_MAY_BE_AUTHOR);
    let Sides { found, unsure, wrote, ran, seen } =
        sides(context, deployment, authored, approvals, item);
    item.read("independent", found.len());
    let enough = found.len() as u64 >= needed;
    let first = |indexes: &[u64]| indexes.first().copied().unwrap_or(deployment.first);
    if !ran.is_empty() && (strict || !enough) {
        let by = first(&ran);
        let sentence = format!("{words}; who approved it (entry {by}) also deployed it");
        item.raise(&DEPLOYER, sentence, deployment.entries().chain(ran.iter().copied()));
    }
    if enough {
        return seen;
    }
    if !wrote.is_empty() {
        let by = first(&wrote);
        let sentence = format!(
            "{words}; who approved it (entry {by}) is among its authors, and {} of {needed} others did",
            found.len()
        );
        item.raise(&SELF, sentence, deployment.entries().chain(wrote.iter().copied()));
    }
    if (found.len() + unsure.len()) as u64 >= needed {
        let sentence = format!(
            "{words}; it cannot be told whether who approved it ({}) is another person than its authors and deployer",
            entries(&unsure)
        );
        item.raise(&UNRESOLVED, sentence, deployment.entries().chain(unsure));
    } else if wrote.is_empty() && ran.is_empty() {
        let sentence =
            format!("{words}; {} of {needed} independent persons approved it", found.len());
        let cited = approvals.iter().map(|row| row.at.index);
        item.raise(&FEW, sentence, deployment.entries().chain(cited));
    }
    seen
}

/// Whether something was committed after the approval that counts.
fn pushed(
    deployment: &Deployment<'_>,
    authored: &Authored<'_>,
    seen: Option<&Decided>,
    item: &mut Item,
) {
    let Some(last) = seen else { return };
    let words = deployment.words();
    let mut undated = Vec::new();
    for (commit, entry) in &authored.commits {
        let Some(at) = commit.pushed_at.or(commit.committed_at) else {
            undated.push(*entry);
            continue;
        };
        if at > last.at.occurred && at <= deployment.at {
            let sentence = format!(
                "{words}; commit {} came at {at}, after the approval at {} (entry {})",
                commit.sha, last.at.occurred, last.at.index
            );
            let cited = deployment.entries().chain([*entry, last.at.index]);
            item.raise(&PUSHED, sentence, cited);
        }
    }
    if !undated.is_empty() {
        undated.dedup();
        let sentence = format!(
            "{words}; {} of its commits have no time ({}), so they may have come after the approval",
            undated.len(),
            entries(&undated)
        );
        item.raise(&UNKNOWN, sentence, deployment.entries().chain(undated));
    }
}

/// Whether an author deployed it, and how.
fn path(
    context: &Context<'_>,
    deployment: &Deployment<'_>,
    authored: &Authored<'_>,
    lines: &Lines<'_>,
    protection: &Protection<'_>,
    item: &mut Item,
) {
    let words = deployment.words();
    let runner = deployer(deployment);
    let (other, said) = none_of(context, runner.who, &authored.authors, deployment.at);
    item.cite(said.iter().copied());
    if other == Other::Yes {
        return;
    }
    let cited = || deployment.entries().chain(said.iter().copied());
    let allowed = context.parameters.flag(&DEPLOYER_MAY_BE_AUTHOR);
    if !allowed {
        if other == Other::No {
            let sentence =
                format!("{words}; its deployer is among its authors, which is not allowed");
            item.raise(&AUTHOR, sentence, cited());
        } else {
            let sentence =
                format!("{words}; it cannot be told whether its deployer is among its authors");
            item.raise(&UNRESOLVED, sentence, cited());
        }
        return;
    }
    let since = lines.previous(deployment).map(|previous| previous.at);
    let systems = deployment.standing(context.facts);
    let open = protection.broken(systems.systems(), since, deployment.at);
    item.cite(open.iter().map(|gap| gap.entry));
    let broken: Vec<u64> = open.iter().filter(|gap| gap.surely).map(|gap| gap.entry).collect();
    let input = deployment.started.and_then(|row| row.operator_input);
    let maybe = if other == Other::No { "is" } else { "may be" };
    let (kind, why) = match (input, broken.is_empty(), open.is_empty()) {
        (Some(OperatorInput::Free), ..) => {
            (&AUTHOR, "the run took what an operator typed".to_owned())
        }
        (_, false, _) => {
            (&AUTHOR, format!("the pipeline was not protected ({})", entries(&broken)))
        }
        (None, ..) => (&PATH, "nothing says whether the run took operator input".to_owned()),
        (_, _, false) => (&PATH, "it cannot be told whether the pipeline was protected".to_owned()),
        _ => return,
    };
    let kind = if other == Other::No { kind } else { &UNRESOLVED };
    let sentence = format!("{words}; its deployer {maybe} among its authors, and {why}");
    item.raise(kind, sentence, cited().chain(open.iter().map(|gap| gap.entry)));
}
