//! `ledger evaluate`

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use ledger_core::check::State;
use ledger_core::evaluate::Evaluation;
use ledger_core::time::Timestamp;

use crate::context::Context;
use crate::evaluated::{Asked, Span, answer, verdict, words};
use crate::failure::{Answer, Result};
use crate::files;
use crate::output::Out;

/// More exceptions than this are counted; all are in the JSON.
const SHOWN: usize = 30;

/// Evaluate controls over a period
///
/// Runs each test of each control over its whole population, from the entries alone. In front stand two
/// verdicts: whether the ledger is true (INTEGRITY) and whether it is all (COMPLETENESS). The same
/// entries, catalogue and version give the same bytes. Status 0: no exceptions. 1: exceptions. 2: it
/// cannot be told.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger evaluate --framework sox --from 2026-07-01 --to 2026-09-30"
)]
pub(crate) struct Evaluate {
    #[command(flatten)]
    span: Span,
    #[command(flatten)]
    asked: Asked,
    /// Write the whole result to this file, as canonical JSON
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Evaluates, and prints what came of it.
pub(crate) fn run(args: &Evaluate, context: &mut Context) -> Result<Answer> {
    let span = args.span.of(&args.asked.fiscal()?)?;
    let evaluation = args.asked.evaluate(span, context)?.evaluation;
    if let Some(file) = &args.out {
        files::create_with(file, 0o644, |to| {
            evaluation.document().write(&mut |piece: &str| to.write_all(piece.as_bytes()))?;
            to.write_all(b"\n")
        })?;
    }
    if context.out.json() {
        context.out.lazy(evaluation.document())?;
    } else {
        print(&evaluation, &mut context.out)?;
    }
    Ok(answer(&evaluation))
}

fn print(evaluation: &Evaluation, out: &mut Out) -> Result<()> {
    let front = &evaluation.front;
    for (name, known) in [("INTEGRITY", &front.integrity), ("COMPLETENESS", &front.completeness)] {
        out.line(format!("{:<13} {}", name, verdict(known.state)))?;
        for reason in known.reasons.iter().take(SHOWN) {
            out.line(format!("{:<13} {reason}", ""))?;
        }
    }
    let question = &evaluation.question;
    let last =
        Timestamp::from_micros(question.period.to.micros() - 1).unwrap_or(question.period.to);
    out.line(format!("\n{} entries, {} to {last}\n", front.size, question.period.from))?;
    let width = evaluation.outcomes.iter().map(|known| known.control.id.len()).max().unwrap_or(0);
    for known in &evaluation.outcomes {
        let items: u64 = known.counts.values().sum();
        let passed = known.counts.get(&State::Pass).copied().unwrap_or(0);
        let counts = if items == 0 { String::new() } else { format!("{passed} of {items}") };
        out.line(format!(
            "{:<width$}  {:<21} {counts:>14}  {}",
            known.control.id,
            words(known.state),
            known.control.title
        ))?;
        for reason in &known.reasons {
            out.line(format!("{:<width$}  {reason}", ""))?;
        }
    }
    let mut left = SHOWN;
    let mut more = 0_usize;
    for run in &evaluation.runs {
        for item in &run.census.items {
            for exception in &item.exceptions {
                if left == 0 {
                    more += 1;
                    continue;
                }
                if left == SHOWN {
                    out.line("")?;
                }
                left -= 1;
                let severity = exception.severity.as_str();
                out.line(format!(
                    "{:<9} {} {}: {}",
                    severity, run.test.id, exception.code, exception.sentence
                ))?;
            }
        }
    }
    if more > 0 {
        out.line(format!("and {more} more; --out FILE has them all"))?;
    }
    Ok(())
}
