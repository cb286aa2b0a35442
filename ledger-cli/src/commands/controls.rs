//! `ledger controls`

mod diff;

use clap::{Args, Subcommand};
use ledger_core::check;
use ledger_core::control::{Catalogue, Control, Resolved};
use ledger_core::json::Value;
use ledger_core::time::Timestamp;

use crate::context::Context;
use crate::evaluated::layers;
use crate::failure::{Answer, Failure, Result};
use crate::{clock, output::pretty};

/// The catalogue of controls, and what overlays make of it
#[derive(Subcommand, Debug)]
pub(crate) enum Controls {
    List(List),
    Show(Show),
    Check(Check),
    Resolve(Resolve),
    Diff(diff::Diff),
}

/// List the controls
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger controls list --framework sox")]
pub(crate) struct List {
    /// Framework; may be repeated [default: all]
    #[arg(long = "framework", value_name = "NAME", value_delimiter = ',')]
    frameworks: Vec<String>,
}

/// Show one control
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger controls show SOX-CM-01")]
pub(crate) struct Show {
    /// Control, like `SOX-CM-01`
    control: String,
    #[command(flatten)]
    layered: Layered,
}

/// Check overlays against the catalogue
///
/// A limit may only become stricter where the catalogue says so, and nothing may be named that is not
/// there.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger controls check --overlay eu --overlay company.toml")]
pub(crate) struct Check {
    #[command(flatten)]
    layered: Layered,
}

/// Print the catalogue with its overlays applied, as canonical JSON
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger controls resolve --overlay eu --json")]
pub(crate) struct Resolve {
    #[command(flatten)]
    layered: Layered,
}

#[derive(Args, Debug)]
struct Layered {
    /// Overlay: a region that is built in, like `eu`, or a file; may be repeated
    #[arg(long = "overlay", value_name = "NAME|FILE")]
    overlays: Vec<String>,
    /// As of this day [default: today]
    #[arg(long, value_name = "DAY")]
    on: Option<String>,
}

impl Layered {
    fn resolve(&self) -> Result<Resolved> {
        let at = match &self.on {
            None => clock::now()?,
            Some(day) => Timestamp::of_day(day).map_err(|_| {
                Failure::new("day", format!("`{day}` is no day")).hint("like 2026-07-01")
            })?,
        };
        Ok(Resolved::at(Catalogue::shipped()?, &layers(&self.overlays)?, at)?)
    }
}

/// Runs the command.
pub(crate) fn run(command: &Controls, context: &mut Context) -> Result<Answer> {
    match command {
        Controls::List(args) => list(args, context),
        Controls::Show(args) => show(args, context),
        Controls::Check(args) => check(args, context),
        Controls::Diff(args) => diff::run(args, context),
        Controls::Resolve(args) => {
            let resolved = args.layered.resolve()?.to_json();
            context.out.document(&resolved)?;
            context.out.line(pretty(&resolved))?;
            Ok(Answer::Yes)
        }
    }
}

fn list(args: &List, context: &mut Context) -> Result<Answer> {
    let catalogue = Catalogue::shipped()?;
    let asked = |control: &&Control| {
        args.frameworks.is_empty() || args.frameworks.contains(&control.framework)
    };
    let controls: Vec<&Control> = catalogue.controls.iter().filter(asked).collect();
    if controls.is_empty() {
        return Err(
            Failure::new("framework", "there is no such framework").hint("sox, hipaa or gdpr")
        );
    }
    let out = &mut context.out;
    let value = |control: &&Control| {
        Value::object([
            ("framework", Value::text(&control.framework)),
            ("id", Value::text(&control.id)),
            ("key", Value::Bool(control.key)),
            ("strength", Value::text(control.strength.as_str())),
            ("tests", Value::List(control.tests.iter().map(Value::text).collect())),
            ("title", Value::text(&control.title)),
        ])
    };
    out.object([("controls", Value::List(controls.iter().map(value).collect()))])?;
    let width = controls.iter().map(|control| control.id.len()).max().unwrap_or(0);
    for control in &controls {
        let key = if control.key { "key" } else { "" };
        let strength = control.strength.as_str();
        out.line(format!(
            "{:<width$}  {key:<3}  {strength:<9}  {:<15}  {}",
            control.id,
            control.tests.join(" "),
            control.title
        ))?;
    }
    let missing = catalogue.not_evidenced.len();
    out.line(format!("\n{} controls; {missing} requirements that release evidence cannot show are in `ledger controls resolve`", controls.len()))?;
    Ok(Answer::Yes)
}

fn show(args: &Show, context: &mut Context) -> Result<Answer> {
    let resolved = args.layered.resolve()?;
    let Some(control) = resolved.catalogue.control(&args.control) else {
        return Err(Failure::new("control", format!("there is no control `{}`", args.control))
            .hint("`ledger controls list` has all of them"));
    };
    let out = &mut context.out;
    let whole = resolved.to_json();
    let found = match whole.get("controls") {
        Some(Value::List(all)) => {
            all.iter().find(|known| known.get("id").and_then(Value::as_text) == Some(&*control.id))
        }
        _ => None,
    };
    if let Some(found) = found {
        out.document(found)?;
    }
    out.line(format!("{}  {}", control.id, control.title))?;
    let mut fact = |name: &str, text: &str| out.line(format!("  {name:<12} {text}"));
    fact("asks", &control.requirement)?;
    fact("does", &control.control)?;
    for citation in &control.citations {
        let via = citation.via.as_ref().map(|via| format!(" via {via}")).unwrap_or_default();
        let word =
            citation.implementation.map(|word| format!(" ({})", word.as_str())).unwrap_or_default();
        fact("cites", &format!("{}{via}{word}", citation.reference))?;
    }
    fact("reaches", control.strength.as_str())?;
    fact(
        "works",
        &format!(
            "{}, {}{}",
            control.kind,
            control.frequency.as_str(),
            if control.key { ", key" } else { "" }
        ),
    )?;
    fact("population", &control.population)?;
    for id in &control.tests {
        let known = check::find(id);
        let name = known.map_or("cannot be run by this version", |test| test.name);
        let counts =
            if control.counted.contains(id) { "" } else { " (its exceptions do not count here)" };
        fact("test", &format!("{id} {name}{counts}"))?;
        let Some(test) = known else { continue };
        let parameters = resolved.parameters(control, test)?;
        for limit in test.parameters {
            let key = (id.clone(), limit.name.to_owned());
            let layer = resolved.limits.get(&key).map_or("catalogue", |set| set.layer.as_str());
            let own = control.limits.iter().any(|(of, name, _)| of == id && name == limit.name);
            let by = if own { "this control" } else { layer };
            let value = ledger_core::evaluate::limit_words(&parameters.get(limit));
            fact("", &format!("{} = {value} (by {by}): {}", limit.name, limit.meaning))?;
        }
    }
    for (name, ids) in &control.crosswalk {
        fact(name, &ids.join(", "))?;
    }
    for text in &control.guidance {
        fact("guidance", text)?;
    }
    Ok(Answer::Yes)
}

fn check(args: &Check, context: &mut Context) -> Result<Answer> {
    let resolved = args.layered.resolve()?;
    // every control's own limits must fit the tests that are run for it
    for control in &resolved.catalogue.controls {
        for test in control.tests.iter().filter_map(|id| check::find(id)) {
            resolved.parameters(control, test)?;
        }
    }
    let out = &mut context.out;
    let digest = resolved.digest().to_reference();
    out.object([
        ("catalogue", Value::text(&digest)),
        ("controls", Value::count(resolved.catalogue.controls.len() as u64)),
        ("layers", Value::List(resolved.layers.iter().map(|(id, _, _)| Value::text(id)).collect())),
        ("tailored_out", Value::count(resolved.tailored.len() as u64)),
    ])?;
    let layers: Vec<String> =
        resolved.layers.iter().map(|(id, version, _)| format!("{id} {version}")).collect();
    let layers = if layers.is_empty() { "no overlay".to_owned() } else { layers.join(", ") };
    out.line(format!(
        "{} controls, {} left out; {layers}; catalogue {digest}",
        resolved.catalogue.controls.len(),
        resolved.tailored.len()
    ))?;
    Ok(Answer::Yes)
}
