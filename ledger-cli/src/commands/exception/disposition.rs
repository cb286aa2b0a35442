//! `ledger exception disposition`

use clap::{Args, ValueEnum};
use ledger_core::exception::{Life, may_change};
use ledger_core::json::Value;
use ledger_core::schema::records::{Disposition, RootCause};
use ledger_core::schema::words::TestResult;

use super::about::{About, Over, begin};
use crate::commands::speaker::{By, filled};
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};

/// Say what an exception turned out to be
///
/// A control that stood in can lower the class of a deviation; it never removes the exception.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger exception disposition x-41d2c7a9e0b35f6841d2c7a9e0b35f68 true-deviation --root-cause tool --class deficiency --as hr:1042 --key ada.pem"
)]
pub(crate) struct Dispose {
    /// The exception
    id: String,
    /// What it is
    what: Word,
    /// Where it came from
    #[arg(long, value_name = "WORD")]
    root_cause: Option<Cause>,
    /// How management ranks it, like `deficiency`
    #[arg(long, value_name = "ID")]
    class: Option<String>,
    /// A control that stood in, and how it tested, like SOX-CM-03=pass
    #[arg(long, value_name = "CONTROL=RESULT")]
    compensating: Option<String>,
    /// Exceptions of the same cause share a group
    #[arg(long, value_name = "ID")]
    group: Option<String>,
    /// Why, in words; sealed
    #[arg(long, value_name = "TEXT")]
    response: Option<String>,
    #[command(flatten)]
    over: Over,
    #[command(flatten)]
    by: By,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Word {
    FalsePositive,
    EvidenceLate,
    TrueDeviation,
    AcceptedRisk,
}

impl Word {
    fn in_events(self) -> Disposition {
        match self {
            Self::FalsePositive => Disposition::FalsePositive,
            Self::EvidenceLate => Disposition::EvidenceLate,
            Self::TrueDeviation => Disposition::TrueDeviation,
            Self::AcceptedRisk => Disposition::AcceptedRisk,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Cause {
    Design,
    People,
    Tool,
    Data,
    Vendor,
}

impl Cause {
    fn in_events(self) -> RootCause {
        match self {
            Self::Design => RootCause::Design,
            Self::People => RootCause::People,
            Self::Tool => RootCause::Tool,
            Self::Data => RootCause::Data,
            Self::Vendor => RootCause::Vendor,
        }
    }
}

pub(super) fn run(args: &Dispose, context: &mut Context) -> Result<Answer> {
    let mut more = vec![("disposition", Value::text(args.what.in_events().as_str()))];
    more.extend(
        args.root_cause.map(|cause| ("root_cause", Value::text(cause.in_events().as_str()))),
    );
    let texts = [
        ("class", "--class", &args.class),
        ("group", "--group", &args.group),
        ("response", "--response", &args.response),
    ];
    for (name, option, text) in texts {
        if let Some(text) = text {
            more.push((name, Value::text(filled(option, text)?)));
        }
    }
    if let Some(text) = &args.compensating {
        more.push(("compensating", compensating(text)?));
    }
    let (speaker, facts) = begin(&args.by, context, &args.id)?;
    if let Some(life) = Life::of(&facts, &args.id) {
        may_change(&life).map_err(|error| Failure::by_law(&error))?;
    }
    let about = About::of(&args.id, &args.over, &facts, context)?;
    about.say("dispositioned", more, speaker, context)
}

fn compensating(text: &str) -> Result<Value> {
    let wrong = || {
        Failure::new("compensating", format!("`{text}` is no control with its result"))
            .within("--compensating")
            .hint("like SOX-CM-03=pass; `ledger evaluate` says how it tested over the same time")
    };
    let (control, result) =
        text.split_once('=').filter(|(id, _)| !id.is_empty()).ok_or_else(wrong)?;
    let result = TestResult::parse(result).ok_or_else(wrong)?;
    Ok(Value::object([("control", Value::text(control)), ("result", Value::text(result.as_str()))]))
}
