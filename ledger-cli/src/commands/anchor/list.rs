//! `ledger anchor list`

use std::path::PathBuf;

use clap::Args;
use ledger_core::anchor::{Anchor, Kind};
use ledger_core::json::Value;
use ledger_core::verify;

use crate::context::Context;
use crate::failure::{Answer, Result};
use crate::output::talk;
use crate::verified::read_policy;

/// List the anchors: who dated the ledger, and when
///
/// Each is held against the archive of checkpoints, and against whom you trust: authorities by the roots that you
/// give, witnesses by your policy. Status 1 if one does not hold.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger anchor list --tsa-roots tsa.pem --policy mine")]
pub(crate) struct List {
    /// Root certificates of authorities for times that you trust, PEM
    #[arg(long, value_name = "FILE")]
    tsa_roots: Option<PathBuf>,
    /// The policy that names the witnesses whose cosignatures count
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

/// Lists them by size.
pub(super) fn run(args: &List, context: &mut Context) -> Result<Answer> {
    let roots = args.tsa_roots.as_deref().map(super::read_roots).transpose()?;
    let policy = args.policy.as_deref().map(read_policy).transpose()?;
    let folder = context.folder()?;
    let found = verify::dated(&*folder.store, roots.as_ref(), policy.as_ref())?;
    if context.out.json() {
        let faults = found.faults.iter().map(|fault| {
            Value::object([
                ("code", Value::text(fault.code)),
                ("message", Value::text(&fault.message)),
            ])
        });
        context.out.object([
            ("anchors", Value::List(found.anchors.iter().map(value).collect())),
            ("faults", Value::List(faults.collect())),
        ])?;
    } else {
        for anchor in &found.anchors {
            context.out.line(line(anchor))?;
        }
        for fault in &found.faults {
            context.out.line(format!("fault        {} [{}]", fault.message, fault.code))?;
        }
        for notice in &found.notices {
            talk(format!("note: {}", notice.message));
        }
    }
    Ok(if found.faults.is_empty() { Answer::Yes } else { Answer::No })
}

/// A line for people.
pub(super) fn line(anchor: &Anchor) -> String {
    let by = match anchor.kind {
        Kind::Witness => anchor.by.clone(),
        Kind::Token => format!("sha256:{}…", anchor.by.get(..16).unwrap_or_default()),
    };
    let trusted = if anchor.trusted { "" } else { "  not trusted here" };
    let (size, latest, kind) = (anchor.size, anchor.latest, anchor.kind.word());
    format!("{size:>12}  existed at {latest}  {kind:<8} {by}{trusted}")
}

/// The stable shape of `docs/output.md`.
pub(crate) fn value(anchor: &Anchor) -> Value {
    Value::object([
        ("by", Value::text(&anchor.by)),
        ("earliest", Value::text(anchor.earliest.to_string())),
        ("kind", Value::text(anchor.kind.word())),
        ("latest", Value::text(anchor.latest.to_string())),
        ("name", Value::text(&anchor.name)),
        ("size", Value::count(anchor.size)),
        ("trusted", Value::Bool(anchor.trusted)),
    ])
}
