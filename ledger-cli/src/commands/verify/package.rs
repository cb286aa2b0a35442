//! One evidence package, zipped or as a folder, held against a policy: no ledger, no network.

use std::collections::BTreeMap;
use std::path::Path;

use ledger_core::error::Error;
use ledger_core::evidence::build::views;
use ledger_core::evidence::{self, Fault, ITEMS, Layer, Outcome, Shown, Trust, zip};
use ledger_core::json::Value;

use super::report::{glyph, headline, words};
use super::{answer, population};
use crate::context::Context;
use crate::failure::{Answer, Result};
use crate::files;
use crate::output::Out;

/// What is said of the rest of the report, beside the verdict.
const TOTALS: &str =
    "totals        attested, not re-performed: what this kind of package cannot tell";

/// Verifies the package and prints the verdict; none if the file is none.
pub(super) fn run(file: &Path, trust: Trust<'_>, context: &mut Context) -> Result<Option<Answer>> {
    if let Some(outcome) = population::run(file, trust)? {
        tell(&outcome, context)?;
        return Ok(Some(answer(outcome.verdict)));
    }
    let outcome = if file.is_dir() {
        let members = folder(file)?.and_then(|members| {
            zip::check_names(members.keys().map(String::as_str)).map(|()| members)
        });
        match members {
            Ok(members) => evidence::verify(views(&members), trust),
            Err(error) => Outcome::unreadable(error),
        }
    } else {
        let bytes = files::read_input(file)?;
        if !bytes.starts_with(b"PK") {
            return Ok(None);
        }
        evidence::verify_zip(&bytes, trust)
    };
    tell(&outcome, context)?;
    Ok(Some(answer(outcome.verdict)))
}

fn tell(outcome: &Outcome, context: &mut Context) -> Result<()> {
    if context.out.json() {
        context.out.value(&value(outcome))
    } else {
        print(outcome, &mut context.out)
    }
}

/// The files below a folder, by their paths; code `zip-link` for what is neither file nor folder.
fn folder(root: &Path) -> Result<std::result::Result<BTreeMap<String, Vec<u8>>, Error>> {
    let mut members = BTreeMap::new();
    for (name, path, kind) in files::below(root)? {
        if !kind.is_file() {
            let message = "a package holds files and folders only";
            return Ok(Err(Error::refused("zip-link", message).at(name)));
        }
        members.insert(name, files::read(&path)?);
    }
    Ok(Ok(members))
}

fn print(outcome: &Outcome, out: &mut Out) -> Result<()> {
    let claim = outcome.claim.as_ref();
    let what = claim.map_or_else(String::new, |claim| {
        claim.drawn.as_ref().map_or_else(
            || "the whole population".to_owned(),
            |drawn| format!("sample {}, {}, of {}", drawn.sample, drawn.words(), drawn.control),
        )
    });
    let bundle = || format!("bundle of {} entries", outcome.shown.len());
    let what = if outcome.shown.is_empty() { what } else { bundle() };
    out.line(headline("EVIDENCE", outcome.verdict, &what))?;
    if let Some(claim) = claim {
        out.line(format!("  ledger        {}", claim.origin))?;
        out.line(format!(
            "  checkpoint    {} entries, root {}",
            claim.size,
            claim.root.to_base64()
        ))?;
        out.line(format!("  report        {}", claim.report.to_reference()))?;
        out.line(format!("  level         {}", claim.level))?;
    }
    for shown in &outcome.shown {
        let Shown { index, kind, occurred_at, subject } = shown;
        out.line(format!("  entry {index:<7} {occurred_at}  {kind}  {subject}"))?;
    }
    out.line("")?;
    for layer in &outcome.layers {
        let line = format!(
            "{} {:<13} {:<13}  {}",
            glyph(layer.verdict),
            layer.name,
            words(layer.verdict),
            layer.looked_at
        );
        out.line(line.trim_end())?;
        for fault in &layer.faults {
            let place =
                if fault.place.is_empty() { String::new() } else { format!("{}: ", fault.place) };
            out.line(format!("    {place}{} [{}]", fault.message, fault.code))?;
        }
        if layer.more > 0 {
            out.line(format!("    and {} more", layer.more))?;
        }
        if layer.name == ITEMS {
            out.line(format!("  {TOTALS}"))?;
        }
    }
    Ok(())
}

fn value(outcome: &Outcome) -> Value {
    let fault = |fault: &Fault| {
        Value::object([
            ("code", Value::text(fault.code)),
            ("message", Value::text(&fault.message)),
            ("place", Value::text(&fault.place)),
        ])
    };
    let layer = |layer: &Layer| {
        Value::object([
            ("faults", Value::List(layer.faults.iter().map(fault).collect())),
            ("looked_at", Value::text(&layer.looked_at)),
            ("more", Value::count(layer.more as u64)),
            ("name", Value::text(layer.name)),
            ("verdict", Value::text(words(layer.verdict))),
        ])
    };
    let mut members = vec![
        ("kind", Value::text("evidence")),
        ("layers", Value::List(outcome.layers.iter().map(layer).collect())),
        ("verdict", Value::text(words(outcome.verdict))),
    ];
    let sample = outcome.layers.iter().any(|layer| layer.name == ITEMS);
    if sample {
        members.push(("totals", Value::text("attested")));
    }
    if !outcome.shown.is_empty() {
        members.push(("entries", Value::List(outcome.shown.iter().map(shown).collect())));
    }
    if let Some(claim) = &outcome.claim {
        members.push(("level", Value::text(&claim.level)));
        members.push(("origin", Value::text(&claim.origin)));
        members.push(("report", Value::text(claim.report.to_reference())));
        members.push(("root", Value::text(claim.root.to_base64())));
        members.push(("size", Value::count(claim.size)));
    }
    Value::object(members)
}

fn shown(shown: &Shown) -> Value {
    Value::object([
        ("index", Value::count(shown.index)),
        ("occurred_at", Value::text(&shown.occurred_at)),
        ("subject", Value::text(&shown.subject)),
        ("type", Value::text(&shown.kind)),
    ])
}
