//! `ledger break-glass`

use clap::Args;
use ledger_core::encoding::hex;
use ledger_core::json::Value;

use crate::approval;
use crate::commands::record;
use crate::context::Context;
use crate::drafts::Draft;
use crate::failure::{Answer, Failure, Result};
use crate::hook::{Hook, Next, Options};
use crate::output::talk;
use crate::{clock, delivery, random};

/// Go past the gate in an emergency, on record
///
/// Needs an incident and a reason, and the own key of the person who does it. It is recorded, in the spool if
/// the ledger is away, and starts the clocks of the emergency controls: what was done has to be ratified,
/// and what was skipped made up for.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger break-glass --incident INC-7 --reason 'payouts are stuck, the fix is tested by hand' --deployment d-118 --as hr:1042 --key ada.pem"
)]
pub(crate) struct BreakGlass {
    #[command(flatten)]
    options: Options,
    /// The incident, like INC-7
    #[arg(long, value_name = "ID")]
    incident: String,
    /// Why, in words; sealed
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who does it, the holder of the key [or LEDGER_PERSON]
    #[arg(long = "as", value_name = "ISSUER:ID")]
    person: Option<String>,
    /// Until when: a time, or a duration from now on
    #[arg(long, value_name = "TIME", default_value = "PT4H")]
    until: String,
    /// The deployment that goes past the controls; without it a session begins
    #[arg(long, value_name = "ID")]
    deployment: Option<String>,
    /// The session, if it has a name already
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// The service
    #[arg(long, value_name = "ID")]
    service: Option<String>,
    /// The environment
    #[arg(long, value_name = "ID")]
    environment: Option<String>,
    /// The change
    #[arg(long, value_name = "ID")]
    change: Option<String>,
    /// Digest of the artifact, sha256:HEX
    #[arg(long, value_name = "DIGEST")]
    artifact: Option<String>,
    /// A gate or control that is passed by; once for each
    #[arg(long, value_name = "ID")]
    bypassed: Vec<String>,
}

/// Records it.
pub(crate) fn run(args: &BreakGlass, context: &mut Context) -> Result<Answer> {
    let draft = draft(args)?;
    let mut hook = Hook::begin(&args.options, context)?;
    let next = Next::Alone(&draft);
    let told = hook.record(&next, |receipts| delivery::acknowledge(receipts, context))?;
    if let Some(session) = draft.value.get("subject").and_then(|s| s.get("session")?.as_text()) {
        talk(format!("note: the session is `{session}`"));
    }
    record::tell(told, hook.require_ack, context)
}

fn draft(args: &BreakGlass) -> Result<Draft> {
    for (option, value) in [("--incident", &args.incident), ("--reason", &args.reason)] {
        if value.trim().is_empty() {
            return Err(Failure::new("field-empty", "the value is empty")
                .within(option)
                .hint("nobody goes past the controls without an incident and a reason"));
        }
    }
    let person = approval::person(args.person.as_ref())?;
    let mut subject = vec![("incident", Value::text(&args.incident))];
    let given = [
        ("artifact", &args.artifact),
        ("change", &args.change),
        ("deployment", &args.deployment),
        ("environment", &args.environment),
        ("service", &args.service),
        ("session", &args.session),
    ];
    subject.extend(
        given.into_iter().filter_map(|(name, value)| Some((name, Value::text(value.as_ref()?)))),
    );
    if args.deployment.is_none() && args.session.is_none() {
        let session = format!("break-glass-{}", hex(&random::bytes::<8>()?));
        subject.push(("session", Value::text(session)));
    }
    let mut data = vec![
        ("by", person.clone()),
        ("incident", Value::text(&args.incident)),
        ("reason", Value::text(&args.reason)),
        ("until", approval::until(&args.until)?),
    ];
    if !args.bypassed.is_empty() {
        data.push(("bypassed", Value::List(args.bypassed.iter().map(Value::text).collect())));
    }
    let value = Value::object([
        ("actor", approval::actor(&person)),
        ("data", Value::object(data)),
        ("occurred_at", Value::text(clock::now()?.to_string())),
        ("subject", Value::object(subject)),
        ("type", Value::text("break_glass.used")),
    ]);
    Ok(Draft { file: "`break_glass.used`".to_owned(), line: None, value })
}
