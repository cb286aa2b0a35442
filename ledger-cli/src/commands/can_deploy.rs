//! `ledger can-deploy`

use std::collections::BTreeSet;

use clap::Args;
use ledger_core::gate::{Member, together};

use crate::asked::{digest, id};
use crate::clock;
use crate::commands::gate::{answer, word};
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};

/// Do these versions go together?
///
/// Holds each pair of services with a contract against `contract.verified` in exactly these versions, with
/// what runs in the environment already; releases against their members and constraints; and the lock of
/// the environment. Says in which order to deploy. Status 0: yes. 1: no. 2: it cannot be told.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger can-deploy --environment production --with payments=sha256:d223a729c13fef201f03d7fbe6d9278ce8487f4586756807021f7206fb1215a1"
)]
pub(crate) struct CanDeploy {
    /// Where to
    #[arg(long, value_name = "ID")]
    environment: String,
    /// A service and the digest of its artifact; may be repeated
    #[arg(long = "with", value_name = "SERVICE=DIGEST", required = true, num_args = 1..)]
    members: Vec<String>,
}

/// Answers.
pub(crate) fn run(args: &CanDeploy, context: &mut Context) -> Result<Answer> {
    asked(args, context).map_err(|failure| failure.exit(2))
}

fn asked(args: &CanDeploy, context: &mut Context) -> Result<Answer> {
    let environment = id("--environment", &args.environment)?;
    let mut members = Vec::new();
    let mut seen = BTreeSet::new();
    for text in &args.members {
        let Some((service, artifact)) = text.split_once('=') else {
            return Err(Failure::new("field-value", format!("`{text}` names no version"))
                .within("--with")
                .hint("write SERVICE=sha256:HEX"));
        };
        let member =
            Member { service: id("--with", service)?, artifact: digest("--with", artifact)? };
        if !seen.insert(member.service.clone()) {
            return Err(
                Failure::new("field-value", format!("`{service}` is named twice")).within("--with")
            );
        }
        members.push(member);
    }
    members.sort();
    let (_, ledger) = context.open()?;
    let found = together(&ledger, &environment, members, clock::now()?)?;
    let out = &mut context.out;
    out.document(&found.to_json())?;
    out.line(format!(
        "{}: {} services to {environment}",
        word(found.verdict),
        found.members.len()
    ))?;
    for finding in &found.findings {
        out.line(format!("{:<15} {:<10} {}", word(finding.state), finding.kind, finding.sentence))?;
    }
    let order: Vec<&str> = found.order.iter().map(ledger_core::schema::typed::Id::as_str).collect();
    out.line(format!("order           {}", order.join(", ")))?;
    Ok(answer(found.verdict))
}
