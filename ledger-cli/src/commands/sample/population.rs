//! The items of a control's test over a period, of the entries below a checkpoint.

use clap::Args;
use ledger_core::control::{Catalogue, Control};
use ledger_core::exception::{item_id, items};
use ledger_core::sample::Population;
use ledger_core::time::Timestamp;

use crate::context::Context;
use crate::evaluated::{Asked, day, period};
use crate::failure::{Failure, Result};

/// Of which items.
#[derive(Args, Debug)]
pub(super) struct Of {
    /// The test whose items they are [default: the first that counts for the control]
    #[arg(long, value_name = "TEST")]
    test: Option<String>,
    /// First day of the period, UTC
    #[arg(long, value_name = "DAY", value_parser = day)]
    from: Timestamp,
    /// Last day of the period, UTC
    #[arg(long, value_name = "DAY", value_parser = day)]
    to: Timestamp,
    /// Last day on which evidence could be recorded [default: 15 days after the period]
    #[arg(long, value_name = "DAY", value_parser = day)]
    cutoff: Option<Timestamp>,
    /// Overlay: a region that is built in, like `eu`, or a file; may be repeated
    #[arg(long = "overlay", value_name = "NAME|FILE")]
    overlays: Vec<String>,
}

impl Of {
    /// The population of a control, of the first `size` entries; codes `control`, `sample-test` and of
    /// an evaluation.
    pub(super) fn population(
        &self,
        control: &str,
        size: u64,
        context: &Context,
    ) -> Result<Population> {
        let control = known(control)?;
        let first = || control.counted.first().or(control.tests.first()).cloned();
        let test = self.test.clone().or_else(first).unwrap_or_default();
        if !control.tests.contains(&test) {
            return Err(Failure::new(
                "sample-test",
                format!("`{test}` is no test of `{}`", control.id),
            )
            .within("--test")
            .hint(format!("it has `{}`", control.tests.join("`, `"))));
        }
        let asked = Asked {
            frameworks: vec![control.framework.clone()],
            cutoff: self.cutoff,
            overlays: self.overlays.clone(),
            calendar: None,
            policy: None,
            as_of: Some(size),
            covered: None,
        };
        let evaluation = asked.evaluate(period(self.from, self.to)?, context)?.evaluation;
        let mut ids = Vec::new();
        for outcome in evaluation.outcomes.iter().filter(|known| known.control.id == control.id) {
            let own = items(&evaluation, outcome).filter(|(run, _)| run.test.id == test);
            ids.extend(own.map(|(_, item)| item_id(&item.id)));
        }
        Ok(Population::new(ids)?)
    }
}

/// A control of the catalogue; code `control`.
fn known(id: &str) -> Result<Control> {
    Catalogue::shipped()?.control(id).cloned().ok_or_else(|| {
        Failure::new("control", format!("there is no control `{id}`"))
            .hint("`ledger controls list` has all of them")
    })
}
