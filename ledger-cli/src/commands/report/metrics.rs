//! `ledger report metrics`

use clap::Args;
use ledger_core::metric::{self, Metric, Value};
use ledger_core::time::Timestamp;

use crate::context::Context;
use crate::evaluated::{Asked, Span};
use crate::failure::{Answer, Failure, Result};
use crate::output::Out;

/// Things listed beside a metric that are shown; all are in the JSON.
const SHOWN: usize = 5;

/// Compute the release metrics of a period
///
/// Each value stands beside its numerator and denominator; what cannot be told is counted apart and
/// never counts as good. With --json each item of a metric names the entries it stands on.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger report metrics --period 2026-Q3 --service payments")]
pub(crate) struct Metrics {
    #[command(flatten)]
    span: Span,
    /// Only what is of this service
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    #[command(flatten)]
    asked: Asked,
}

/// Computes the metrics, and prints them.
pub(crate) fn run(args: &Metrics, context: &mut Context) -> Result<Answer> {
    let span = args.span.of(&args.asked.fiscal()?)?;
    let metrics = args.asked.evaluate(span, context)?.metrics()?;
    let service = args.service.as_deref();
    if let Some(name) = service {
        let of = |metric: &Metric| metric.value(service).is_some();
        if !metrics.metrics.iter().any(of) {
            let message = format!("nothing is known of a service `{name}` in the period");
            return Err(Failure::new("service", message)
                .hint("services are those that systems register, and that events name"));
        }
    }
    if context.out.json() {
        context.out.lazy(metrics.document(service))?;
    } else {
        print(&metrics, service, &mut context.out)?;
    }
    Ok(Answer::Yes)
}

fn print(metrics: &metric::Metrics, service: Option<&str>, out: &mut Out) -> Result<()> {
    let of = service.map_or_else(|| "all services".to_owned(), |name| format!("service {name}"));
    let last = Timestamp::from_micros(metrics.period.to.micros() - 1).unwrap_or(metrics.period.to);
    out.line(format!("{of}, {} to {last}\n", metrics.period.from))?;
    let titles = metrics.metrics.iter().map(|metric| metric.definition.title.chars().count());
    let width = titles.max().unwrap_or(0);
    for metric in &metrics.metrics {
        let none = Value::default();
        let value = metric.value(service).unwrap_or(&none);
        out.line(line(&metric.definition.title, width, metric, value))?;
        for part in metric.lines(service) {
            let name = format!("  {}", part.line.as_deref().unwrap_or_default());
            out.line(line(&name, width, metric, part))?;
        }
        for (mark, counts) in [("◆", &value.unknown), (" ", &value.left_out), ("+", &value.beside)]
        {
            for (why, count) in counts {
                out.line(format!("  {mark} {count} {why}"))?;
            }
        }
        // what is listed is of all services
        if service.is_none() {
            for known in metric.listed.iter().take(SHOWN) {
                out.line(format!("  · {}", known.sentence))?;
            }
            if metric.listed.len() > SHOWN {
                let more = metric.listed.len() - SHOWN;
                out.line(format!("  · and {more} more; --json has them all"))?;
            }
        }
    }
    for change in &metrics.changes {
        out.line(format!("\nchanged: {}", change.sentence))?;
    }
    out.line(format!("\ndefinitions {} {}", metrics.version, metrics.digest.to_reference()))?;
    out.line("◆ cannot be told and never counts as good; + stands beside the value")
}

/// A value, its two numbers, and what else a reader needs at once.
fn line(name: &str, width: usize, metric: &Metric, value: &Value) -> String {
    let mut more = String::new();
    if let Some(spread) = value.spread {
        let p90 = ledger_core::check::span(spread.p90);
        more = format!("p90 {p90}, n {}", value.n);
    }
    if let Some((low, high)) = value.interval {
        let percent = |parts: u64| format!("{}.{:02}", parts / 100, parts % 100);
        more = format!("{} to {} % (Wilson, 95 %)", percent(low), percent(high));
    }
    if let Some(word) = value.word {
        word.clone_into(&mut more);
    }
    let words = value.words(&metric.definition);
    format!("{name:<width$}  {words:>18}  {:>13}  {more}", value.pair()).trim_end().to_owned()
}
