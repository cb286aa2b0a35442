//! `ledger gate deploy`

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use ledger_core::evaluate::limit_words;
use ledger_core::gate::{self, Answer as Verdict, Judged, Record, remedy};
use ledger_core::json::Value;
use ledger_core::ledger::{Ledger, Receipt};
use ledger_core::schema::deploy::OperatorInput;
use ledger_core::schema::words::Class;
use ledger_core::vault::persons::{Persons, Pseudonym};

use super::{answer, word};
use crate::asked::{Deployment, rules};
use crate::commands::owner;
use crate::context::Context;
use crate::evaluated::Blobs;
use crate::failure::{Answer, Failure, Result};
use crate::output::Out;
use crate::{clock, delivery, hook, seen};

/// The label of the streams of gates.
const LABEL: &str = "gate";

/// May exactly this be deployed now?
///
/// Asks the tests that will judge the deployment afterwards, over all the ledger has about it, and records
/// the answer with its reasons before it ends. Status 0: yes. 1: no. 2: it cannot be told, or could not be
/// recorded: never a yes.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger gate deploy --service payments --environment production --artifact sha256:d223a729c13fef201f03d7fbe6d9278ce8487f4586756807021f7206fb1215a1 --change PAY-42 --overlay company.toml --key gate.pem"
)]
pub(crate) struct Deploy {
    /// The service
    #[arg(long, value_name = "ID")]
    service: String,
    /// Where to
    #[arg(long, value_name = "ID")]
    environment: String,
    /// Digest of the artifact, sha256:HEX
    #[arg(long, value_name = "DIGEST")]
    artifact: String,
    /// The change that it implements
    #[arg(long, value_name = "ID")]
    change: String,
    /// Name of the gate: the key has the capability `gate:NAME`
    #[arg(long = "gate", value_name = "NAME", default_value = "release")]
    name: String,
    /// Key that signs the answer [or LEDGER_KEY]
    #[arg(long, value_name = "KEY")]
    key: Option<PathBuf>,
    /// Overlay: a region that is built in, like `eu`, or a file; may be repeated
    #[arg(long = "overlay", value_name = "NAME|FILE")]
    overlays: Vec<String>,
    /// Who sets it running [else whoever set the pipeline going]
    #[arg(long, value_name = "ISSUER:ID")]
    initiator: Option<String>,
    /// Id of the deployment, if it has one already: a lock that it holds is its own
    #[arg(long, value_name = "ID")]
    deployment: Option<String>,
    /// The system
    #[arg(long, value_name = "ID")]
    system: Option<String>,
    /// The region
    #[arg(long, value_name = "ID")]
    region: Option<String>,
    /// Digest of the configuration, sha256:HEX
    #[arg(long, value_name = "DIGEST")]
    config: Option<String>,
    /// The incident, for an emergency
    #[arg(long, value_name = "ID")]
    incident: Option<String>,
    /// Class of the change where nobody classified it
    #[arg(long, value_name = "CLASS")]
    class: Option<ClassName>,
    /// What an operator may type into the run
    #[arg(long, value_name = "WORD")]
    operator_input: Option<Input>,
    /// Show each rule, the values that were read, and what would let it pass
    #[arg(long)]
    explain: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ClassName {
    Standard,
    Normal,
    Emergency,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Input {
    None,
    Declared,
    Free,
}

/// Asks, records, and then says.
pub(super) fn run(args: &Deploy, context: &mut Context) -> Result<Answer> {
    let now = clock::now()?;
    let key = hook::load(args.key.as_ref())?;
    let rules = rules(&args.overlays, now)?;
    let (folder, mut ledger, sight) = seen::open(context)?;
    let asked = Deployment {
        gate: &args.name,
        service: &args.service,
        environment: &args.environment,
        artifact: &args.artifact,
        change: &args.change,
        id: args.deployment.as_deref(),
        system: args.system.as_deref(),
        region: args.region.as_deref(),
        config: args.config.as_deref(),
        incident: args.incident.as_deref(),
    };
    let class = args.class.map(|class| match class {
        ClassName::Standard => Class::Standard,
        ClassName::Normal => Class::Normal,
        ClassName::Emergency => Class::Emergency,
    });
    let input = args.operator_input.map(|input| match input {
        Input::None => OperatorInput::None,
        Input::Declared => OperatorInput::Declared,
        Input::Free => OperatorInput::Free,
    });
    let question = asked.question("--", (class, input), (initiator(args, &ledger)?, now))?;
    let verdict = gate::ask(&ledger, &Blobs(&*folder.store), question, &rules)?;
    let draft = gate::record(&Record { answer: &verdict, version: env!("CARGO_PKG_VERSION") });
    // durable before anybody hears it; if we stop after this, the answer stands in the log alone
    let receipt = delivery::one(&mut ledger, &sight, &draft, LABEL, &[&key])?;
    say(args, &verdict, receipt, &mut context.out)?;
    context.out.flush()?;
    sight.remember(&folder)?;
    delivery::tidy(&folder, &mut ledger)?;
    Ok(answer(verdict.verdict))
}

/// Who sets it running: as said, else as the pipeline says; somebody whom the ledger does not know
/// cannot be told from others.
fn initiator(args: &Deploy, ledger: &Ledger) -> Result<Option<Pseudonym>> {
    if let Some(text) = &args.initiator {
        return owner::person(ledger, text)
            .map(Some)
            .map_err(|failure| failure.within("--initiator"));
    }
    let Some(identity) = hook::look()?.initiator() else { return Ok(None) };
    let part = |name: &str| identity.get(name).and_then(Value::as_text).unwrap_or_default();
    let store = &**ledger.store();
    Ok(match Persons::open(store)? {
        Some(mut persons) => persons.resolve(store, part("issuer"), part("id"))?,
        None => None,
    })
}

fn say(args: &Deploy, verdict: &Verdict, receipt: Receipt, out: &mut Out) -> Result<()> {
    let question = &verdict.question;
    if out.json() {
        let mut whole = verdict.to_json();
        let members = whole.members_mut().ok_or_else(|| Failure::new("gate", "no answer"))?;
        members.insert("recorded".to_owned(), Value::count(receipt.index));
        return out.document(&whole);
    }
    let (service, environment) = (&question.service, &question.environment);
    let artifact = question.artifact.to_reference();
    let change = question.change.as_ref().map_or("-", |change| change.as_str());
    out.line(format!("{}: {service} to {environment}", word(verdict.verdict)))?;
    out.line(format!("artifact     {artifact}"))?;
    out.line(format!("change       {change}"))?;
    out.line(format!(
        "recorded     entry {}, gate {}, rules {}",
        receipt.index,
        question.gate,
        verdict.rules.to_reference()
    ))?;
    if args.explain {
        out.line(format!("read         {} of {} entries", verdict.read, verdict.size))?;
        for judged in &verdict.judged {
            explain(judged, out)?;
        }
        for condition in &verdict.conditions {
            out.line(format!("\n{:<15} {}", word(condition.state), condition.name))?;
            out.line(format!("  {}", condition.sentence))?;
            if let Some(would) = &condition.would {
                out.line(format!("  → {would}"))?;
            }
        }
        return Ok(());
    }
    let reasons = verdict.reasons();
    if !reasons.is_empty() {
        out.line("")?;
    }
    for (rule, severity, why) in &reasons {
        out.line(format!("{:<9} {rule:<11} {why}", severity.as_str()))?;
    }
    if !reasons.is_empty() {
        out.line("\n--explain shows each rule, what it read, and what would let it pass")?;
    }
    Ok(())
}

/// One rule: what it asks for, what it read, what stands in the way.
fn explain(judged: &Judged, out: &mut Out) -> Result<()> {
    let test = judged.test;
    let controls = if judged.controls.is_empty() {
        String::new()
    } else {
        format!("  ({})", judged.controls.join(", "))
    };
    out.line(format!("\n{:<15} {} {}{controls}", word(judged.state), test.id, test.name))?;
    if let Some(why) = judged.excluded.filter(|_| judged.item.is_none()) {
        return out.line(format!("  {why}"));
    }
    out.line(format!("  {}", test.rule))?;
    let limits = test
        .parameters
        .iter()
        .map(|known| format!("{} = {}", known.name, limit_words(&judged.parameters.get(known))));
    out.line(format!("  limits: {}", limits.collect::<Vec<_>>().join("; ")))?;
    let Some(item) = &judged.item else { return Ok(()) };
    let read = item.values.iter().map(|(name, value)| format!("{name} = {value}"));
    let read: Vec<String> = read.collect();
    let cited: Vec<String> = item.entries.iter().map(ToString::to_string).collect();
    out.line(format!("  read: {}; entries {}", read.join("; "), cited.join(", ")))?;
    if !judged.accepted.is_empty() {
        let by: Vec<String> = judged.accepted.iter().map(ToString::to_string).collect();
        out.line(format!("  the risk was accepted: entries {}", by.join(", ")))?;
    }
    for exception in &item.exceptions {
        out.line(format!("  {}: {}", exception.severity.as_str(), exception.sentence))?;
        if let Some(would) = remedy(test.id, exception.code) {
            out.line(format!("  → {would}"))?;
        }
    }
    Ok(())
}
