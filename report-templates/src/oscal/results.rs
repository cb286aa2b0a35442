//! Results: what each test observed, what each control came to, and what was found.

use std::collections::BTreeSet;

use ledger_core::check::State;
use ledger_core::json::{Lazy, Value};
use ledger_core::report::{Performed, Tested, words};

use super::catalog::{back_matter, objective};
use super::part::{Row, Writer, lazy, lazy_list, line, list, marked, object, prop, token};

pub(super) fn results(to: Writer<'_>) -> Lazy<'_> {
    let front = &to.report.front;
    let last = ledger_core::report::period::last(ledger_core::check::Period {
        from: front.from,
        to: front.to,
    });
    let sentences = to.report.conclusion.sentences.join(" ");
    let findings = to.report.controls.iter().filter(|control| reviewed(control));
    let result = lazy([
        ("description", Some(Value::text(marked(&sentences)).into())),
        ("end", Some(Value::text(last.to_string()).into())),
        ("findings", lazy_list(findings.map(move |control| finding(&to, control)))),
        ("observations", list(observations(&to)).map(Lazy::from)),
        ("props", list(verdicts(&to)).map(Lazy::from)),
        ("reviewed-controls", Some(reviewed_controls(&to).into())),
        ("risks", lazy_list(to.exceptions().map(move |row| risk(&to, &row)))),
        ("start", Some(Value::text(front.from.to_string()).into())),
        ("title", Some(Value::text(line(&format!("{} {}", front.title, front.period))).into())),
        ("uuid", Some(to.own("result", "period").into())),
    ]);
    let Value::Text(report) = to.own("resource", "report") else { return Value::text("").into() };
    let plan = Value::object([
        ("href", Value::text(format!("#{report}"))),
        (
            "remarks",
            Value::text(
                "There is no plan of its own: every test runs over its whole population, as the catalogue says.",
            ),
        ),
    ]);
    let content = lazy([
        ("back-matter", Some(back_matter(&to).into())),
        ("import-ap", Some(plan.into())),
        ("metadata", Some(to.metadata("Assessment results").into())),
        ("results", Some(Lazy::list(std::iter::once(result)))),
        ("uuid", Some(to.own("document", "assessment-results").into())),
    ]);
    Lazy::object([("assessment-results", content)])
}

/// The two verdicts in front, with their reasons.
fn verdicts(to: &Writer<'_>) -> Vec<Value> {
    let both = [("integrity", &to.report.integrity), ("completeness", &to.report.completeness)];
    let mut props = Vec::new();
    for (name, verdict) in both {
        props.extend(prop(name, verdict.state.as_str()));
        let reason = format!("{name}-reason");
        props.extend(verdict.reasons.iter().filter_map(|why| prop(&reason, why)));
    }
    props
}

/// Whether anything was tested: what does not apply, or did not occur, is neither satisfied nor not.
fn reviewed(control: &Tested) -> bool {
    !matches!(control.state, State::NotApplicable | State::NoOccurrence)
}

fn reviewed_controls(to: &Writer<'_>) -> Value {
    let named = |control: &Tested| Value::object([("control-id", Value::text(token(&control.id)))]);
    let (tested, apart): (Vec<&Tested>, Vec<&Tested>) =
        to.report.controls.iter().partition(|control| reviewed(control));
    let selection = match list(tested.iter().map(|control| named(control))) {
        Some(tested) => object([("include-controls", Some(tested))]),
        None => object([
            ("exclude-controls", list(apart.iter().map(|control| named(control)))),
            ("include-all", Some(Value::object::<&str>([]))),
        ]),
    };
    let told = apart.iter().map(|control| format!("{}: {}", control.id, words(control.state)));
    let told: Vec<String> = told.collect();
    let remarks =
        (!told.is_empty()).then(|| marked(&format!("Not reviewed: {}.", told.join("; "))));
    object([("control-selections", list([selection])), ("remarks", remarks.map(Value::text))])
}

/// One observation for each run of a test, however many controls stand on it.
fn observations(to: &Writer<'_>) -> Vec<Value> {
    let mut seen = BTreeSet::new();
    let tests = to.report.controls.iter().flat_map(|control| &control.tests);
    let mut first = tests.filter(|test| seen.insert(&test.dataset)).collect::<Vec<_>>();
    first.sort_by_key(|test| &test.dataset);
    first.into_iter().map(|test| observation(to, test)).collect()
}

fn observation(to: &Writer<'_>, test: &Performed) -> Value {
    let counts = test.counts.iter().map(|(state, count)| format!("{}: {count}", words(*state)));
    let counts: Vec<String> = counts.collect();
    let left: u64 = test.excluded.values().sum();
    let told = format!(
        "{} Population: {}. In scope: {}; left out: {left}.",
        test.rule,
        test.population,
        if counts.is_empty() { "none".to_owned() } else { counts.join(", ") },
    );
    let file = to.report.about(&test.dataset);
    let evidence = file.map(|about| {
        let what = format!("{} rows, {}", about.rows, about.digest.to_reference());
        Writer::evidence(&about.file(), &what)
    });
    let counted = test.counts.iter().filter_map(|(state, n)| prop(state.as_str(), &n.to_string()));
    object([
        ("collected", Some(Value::text(to.report.front.cutoff.to_string()))),
        ("description", Some(Value::text(marked(&told)))),
        ("methods", Some(Value::List(vec![Value::text("TEST")]))),
        ("props", list(counted.chain(prop("test", &format!("{}@{}", test.id, test.version))))),
        ("relevant-evidence", list(evidence)),
        ("title", Some(Value::text(line(&format!("{} {}", test.id, test.name))))),
        ("types", Some(Value::List(vec![Value::text("control-objective")]))),
        ("uuid", Some(to.own("observation", &test.dataset))),
    ])
}

fn finding(to: &Writer<'_>, control: &Tested) -> Value {
    let (state, reason) = match control.state {
        State::Pass => ("satisfied", "pass"),
        State::Fail => ("not-satisfied", "fail"),
        // what cannot be told is not satisfied, and neither is what somebody accepted
        _ => ("not-satisfied", "other"),
    };
    let status = Value::object([("reason", Value::text(reason)), ("state", Value::text(state))]);
    let target = Value::object([
        ("status", status),
        ("target-id", Value::text(objective(&control.id))),
        ("type", Value::text("objective-id")),
    ]);
    let told: Vec<&str> = [control.conclusion.as_str()]
        .into_iter()
        .chain(control.reasons.iter().map(String::as_str))
        .collect();
    let observed = control
        .tests
        .iter()
        .map(|test| Value::object([("observation-uuid", to.own("observation", &test.dataset))]));
    let own = to.exceptions().filter(|row| row.text("control") == control.id);
    let risks =
        own.map(|row| Value::object([("risk-uuid", to.lasting("risk", &row.text("exception")))]));
    object([
        ("description", Some(Value::text(marked(&told.join(" "))))),
        ("props", list(prop("result", control.state.as_str()))),
        ("related-observations", list(observed)),
        ("related-risks", list(risks)),
        ("target", Some(target)),
        ("title", Some(Value::text(line(&format!("{} {}", control.id, control.title))))),
        ("uuid", Some(to.own("finding", &control.id))),
    ])
}

/// An exception. Its id lasts from report to report, as the exception's own does.
pub(super) fn risk(to: &Writer<'_>, row: &Row<'_>) -> Value {
    let status = match &*row.text("stands") {
        "closed" => "closed",
        "risk accepted" => "deviation-approved",
        "assigned" | "dispositioned" | "responded" => "investigating",
        "remediated" | "retested" => "remediating",
        _ => "open",
    };
    let names = [
        "exception",
        "control",
        "test",
        "item",
        "system",
        "severity",
        "result",
        "stands",
        "disposition",
        "owner",
        "entries",
    ];
    let props = names.iter().filter_map(|name| prop(name, &row.text(name)));
    let due = Some(row.text("due")).filter(|due| !due.is_empty());
    let title = format!("{} {}: {}", row.text("control"), row.text("test"), row.text("item"));
    object([
        ("deadline", due.map(Value::text)),
        ("description", Some(Value::text(marked(&row.text("what happened"))))),
        ("props", list(props)),
        ("statement", Some(Value::text(marked(&row.text("what happened"))))),
        ("status", Some(Value::text(status))),
        ("title", Some(Value::text(line(&title)))),
        ("uuid", Some(to.lasting("risk", &row.text("exception")))),
    ])
}
