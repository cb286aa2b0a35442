//! A person's decision: what it is about and what the ledger says about that is shown, the person is
//! asked, and signs with a key of their own, here or on a machine without the ledger.

mod event;
mod evidence;
mod until;

use std::path::PathBuf;

use clap::Args;
use ledger_core::approval::{About, Request, Standing};
use ledger_core::blob;
use ledger_core::checkpoint::Origin;
use ledger_core::event::{is_digest, is_id};
use ledger_core::json::Value;
use ledger_core::ledger::Ledger;
use ledger_core::producer::Position;

use crate::collect::{self, Signers};
use crate::consent::{self, Question};
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::hook::target::{self, remote};
use crate::keys::Key;
use crate::{clock, delivery, files, hook, random, seen};

pub(crate) use event::{actor, person};
pub(crate) use until::{moment, until};

/// The label of the streams of decisions.
const LABEL: &str = "approval";

/// What is decided about.
#[derive(Args, Clone, Debug)]
pub(crate) struct What {
    /// The change, like PAY-42
    #[arg(required_unless_present = "from", conflicts_with = "from")]
    pub(crate) change: Option<String>,
    /// Digest of the artifact, sha256:HEX
    #[arg(long, value_name = "DIGEST", required_unless_present = "from", conflicts_with = "from")]
    pub(crate) artifact: Option<String>,
    /// Where it may run, like `production`
    #[arg(long, value_name = "ID", required_unless_present = "from", conflicts_with = "from")]
    pub(crate) environment: Option<String>,
    /// Digest of the configuration that is decided with it, sha256:HEX
    #[arg(long, value_name = "DIGEST", conflicts_with = "from")]
    pub(crate) config: Option<String>,
    /// The service; else the one that the ledger names for the artifact
    #[arg(long, value_name = "ID", conflicts_with = "from")]
    pub(crate) service: Option<String>,
}

/// Who decides, with which key, and how the decision travels.
#[derive(Args, Clone, Debug)]
pub(crate) struct How {
    /// The person's own key, a file or agent:SHA256:… [or LEDGER_KEY]
    #[arg(long, value_name = "KEY")]
    key: Option<PathBuf>,
    /// Who decides, the holder of the key [or LEDGER_PERSON]
    #[arg(long = "as", value_name = "ISSUER:ID")]
    person: Option<String>,
    /// In which role, like `release_manager`
    #[arg(long, value_name = "ID", required_unless_present = "request")]
    role: Option<String>,
    /// Why, in words; sealed
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    /// Do not ask; needed where nobody can be asked
    #[arg(long)]
    yes: bool,
    /// Only write down what is to be decided, to be signed where the key is; needs no key
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from", "out", "yes"])]
    request: Option<PathBuf>,
    /// Decide about what was written down with --request; needs no ledger with --out
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Write the signed event to this new file, for `ledger append --signed`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// What a decision says beside what it is about.
pub(crate) struct Decision {
    /// The word in the event.
    pub(crate) word: &'static str,
    /// What the person does, for the question.
    pub(crate) verb: &'static str,
    /// What more the person must see: the name of a line and what stands there.
    pub(crate) shown: Option<(&'static str, String)>,
    /// Further members of the event's data.
    pub(crate) data: Vec<(&'static str, Value)>,
}

impl What {
    /// Nothing yet: the request that is read says it.
    pub(crate) fn nothing() -> Self {
        Self { change: None, artifact: None, environment: None, config: None, service: None }
    }

    /// The artifact, environment and configuration of an approval that the ledger has.
    pub(crate) fn of_approval(change: &str, approval: &str, context: &Context) -> Result<Self> {
        let found = match context.server()? {
            Some(address) => {
                remote::approved(&address, change, approval, context).map_err(hook::refused)?
            }
            None => evidence::approved(&context.open()?.1, change, approval)?,
        };
        let found = found.ok_or_else(|| {
            Failure::new("approval-none", format!("`{change}` has no approval `{approval}`"))
                .hint(format!("`ledger log --subject change:{change}` lists what was decided"))
        })?;
        let text = |name: &str| found.get(name).and_then(Value::as_text).map(str::to_owned);
        Ok(Self {
            change: Some(change.to_owned()),
            artifact: text("artifact"),
            environment: text("environment"),
            config: text("config"),
            service: None,
        })
    }
}

/// Shows, asks, signs and delivers; or writes down what is to be shown and signed elsewhere.
pub(crate) fn run(
    what: &What,
    how: &How,
    decision: &Decision,
    context: &mut Context,
) -> Result<Answer> {
    let request = match &how.from {
        Some(file) => Request::parse(&files::read(file)?)
            .map_err(|error| Failure::from(error).within(files::shown(file)))?,
        None => match context.server()? {
            Some(address) => from_server(what, &address, context)?,
            None => asked_about(what, &open(context)?.1)?,
        },
    };
    if let Some(file) = &how.request {
        files::create(file, request.encode().as_bytes(), 0o644)?;
        keep(&request, context)?;
        show(&request, decision.verb, context)?;
        let (name, digest) = (file.display().to_string(), request.digest());
        context.out.object([("digest", Value::text(&digest)), ("file", Value::text(&name))])?;
        context.out.line(format!("written      {name}, {digest}"))?;
        context
            .out
            .line(format!("next         ledger {} --from {name} --out FILE", decision.verb))?;
        return Ok(Answer::Yes);
    }
    let key = hook::load(how.key.as_ref())?;
    let draft = event::draft(&request, how, decision.word, &decision.data, &key)?;
    show(&request, decision.verb, context)?;
    show_decision(how, decision, context)?;
    context.out.flush()?;
    if !how.yes {
        consent::ask(&Question {
            text: format!("{} `{}` in `{}`?", decision.verb, request.change, request.environment),
            unasked: "approval-unasked",
            declined: "approval-declined",
            hint: "read what is shown, then say --yes",
        })?;
    }
    if let Some(out) = &how.out {
        let genesis = request.ledger.genesis().0;
        return collect::write(&draft, LABEL, genesis, &Signers::only(key), out, context);
    }
    deliver(&draft, &request, &key, context)
}

/// What is to be decided, with all that the ledger says about it.
pub(crate) fn asked_about(what: &What, ledger: &Ledger) -> Result<Request> {
    let given = |name: &str, value: &Option<String>, legal: fn(&str) -> bool| match value {
        Some(value) if legal(value) => Ok(value.clone()),
        value => Err(Failure::new(
            "field-value",
            format!("`{}` does not name one", value.as_deref().unwrap_or_default()),
        )
        .within(name.to_owned())
        .hint("an unset variable is no value; a digest is `sha256:` and 64 hex digits")),
    };
    let maybe = |name: &str, value: &Option<String>, legal: fn(&str) -> bool| {
        value.is_some().then(|| given(name, value, legal)).transpose()
    };
    let change = given("CHANGE", &what.change, is_id)?;
    let artifact = given("--artifact", &what.artifact, is_digest)?;
    let environment = given("--environment", &what.environment, is_id)?;
    let config = maybe("--config", &what.config, is_digest)?;
    let named = maybe("--service", &what.service, is_id)?;
    let service = match named {
        Some(service) => Some(service),
        None => evidence::service(ledger, &artifact)?,
    };
    let mut request = Request {
        ledger: ledger.origin().clone(),
        at: clock::now()?,
        size: ledger.size(),
        change,
        artifact,
        environment,
        config,
        service,
        answers: None,
        facts: Vec::new(),
    };
    request.answers = evidence::asked(ledger, &request)?;
    request.facts = evidence::facts(ledger, &request, request.at)?;
    Ok(request)
}

fn open(context: &Context) -> Result<(crate::context::Folder, Ledger)> {
    context.open().map_err(|failure| {
        if failure.code() == "ledger-none" || failure.code() == "ledger-unnamed" {
            return failure.instead(
                "write a request with --request FILE where the ledger is, and sign it here with --from",
            );
        }
        failure
    })
}

/// What was shown stays with the ledger, before anybody decides on it.
fn keep(request: &Request, context: &Context) -> Result<()> {
    if context.server()?.is_some() {
        return target::open(context)?.put(request.encode().as_bytes());
    }
    let (folder, ledger) = open(context).map_err(|failure| match failure.code() {
        "ledger-none" | "ledger-unnamed" => failure.instead(
            "--out FILE writes the signed event, for `ledger append --signed` where the ledger is",
        ),
        _ => failure,
    })?;
    if *ledger.origin() != request.ledger {
        return Err(other(request, ledger.origin()).within(folder.shown()));
    }
    // if we stop after this, a file is left that no entry names
    blob::put(&**ledger.store(), request.encode().as_bytes())?;
    Ok(())
}

/// All that is decided about, line by line; nothing with `--json`.
fn show(request: &Request, verb: &str, context: &mut Context) -> Result<()> {
    let out = &mut context.out;
    let or = |value: &Option<String>, none: &str| value.as_deref().unwrap_or(none).to_owned();
    let any = "none is named: it holds for any configuration";
    let head = [
        (verb, request.change.clone()),
        ("artifact", request.artifact.clone()),
        ("environment", request.environment.clone()),
        ("config", or(&request.config, any)),
        ("service", or(&request.service, "not recorded")),
        ("ledger", format!("{}, {} entries, {}", request.ledger, request.size, request.at)),
    ];
    for (name, value) in head {
        out.line(format!("{name:<12} {value}"))?;
    }
    let mut before: Option<About> = None;
    for fact in &request.facts {
        let about = if before == Some(fact.about) { "" } else { fact.about.word() };
        let glyph = match fact.standing {
            Standing::Good => '●',
            Standing::Bad => '▲',
            Standing::Unknown => '◆',
            Standing::Plain => ' ',
        };
        let entries: Vec<String> = fact.entries.iter().map(ToString::to_string).collect();
        let cited = match entries.len() {
            0 => String::new(),
            1 => format!("  (entry {})", entries.join(", ")),
            _ => format!("  (entries {})", entries.join(", ")),
        };
        out.line(format!("{about:<12} {glyph} {}{cited}", fact.text))?;
        before = Some(fact.about);
    }
    Ok(())
}

/// What the person adds to what is shown: all of it is signed.
fn show_decision(how: &How, decision: &Decision, context: &mut Context) -> Result<()> {
    let out = &mut context.out;
    if let Some((name, value)) = &decision.shown {
        out.line(format!("{name:<12} {value}"))?;
    }
    let until = decision.data.iter().find(|(name, _)| *name == "valid_until");
    let until = until.and_then(|(_, until)| until.as_text());
    let until = until.map_or_else(String::new, |until| format!(", until {until}"));
    let role = how.role.as_deref().unwrap_or_default();
    out.line(format!("decision     {} in the role `{role}`{until}", decision.word))?;
    match &how.comment {
        Some(comment) => out.line(format!("comment      {comment}")),
        None => Ok(()),
    }
}

/// Into the ledger, now: a decision that nobody can see is none.
fn deliver(draft: &Value, request: &Request, key: &Key, context: &mut Context) -> Result<Answer> {
    if context.server()?.is_some() {
        return send(draft, request, key, context);
    }
    keep(request, context)?;
    let (folder, mut ledger, sight) = seen::open(context)?;
    let receipt = delivery::one(&mut ledger, &sight, draft, LABEL, &[key]);
    let receipt = receipt.map_err(|failure| hook::refused(folder.place(failure)))?;
    delivery::settle(receipt, (&folder, &mut ledger, &sight), context)
}

/// What is to be decided, as the server says it.
fn from_server(what: &What, address: &str, context: &Context) -> Result<Request> {
    let mut asked = Vec::new();
    let given = [
        ("artifact", &what.artifact),
        ("config", &what.config),
        ("environment", &what.environment),
        ("service", &what.service),
    ];
    for (name, value) in given {
        asked.extend(value.as_ref().map(|value| (name, value.as_str())));
    }
    let change = what.change.as_deref().unwrap_or_default();
    remote::request(address, change, &asked, context).map_err(hook::refused)
}

/// To the server, now: what was shown, and then the decision on it.
fn send(draft: &Value, request: &Request, key: &Key, context: &mut Context) -> Result<Answer> {
    let mut target = target::open(context).map_err(hook::refused)?;
    if *target.origin() != request.ledger {
        return Err(other(request, target.origin()));
    }
    target.put(request.encode().as_bytes()).map_err(hook::refused)?;
    let position = Position::one_shot(LABEL, random::bytes()?);
    let draft = target.sight().named(draft);
    let event = delivery::sign(target.origin(), &draft, &position, &[key])?;
    let receipts =
        target.together(vec![event], &[key]).map_err(hook::refused)?.map_err(hook::refused)?;
    delivery::acknowledge(&receipts, context)?;
    target.settle(&[key]);
    Ok(Answer::Yes)
}

fn other(request: &Request, there: &Origin) -> Failure {
    let message = format!("the request is for `{}`, not for `{there}`", request.ledger);
    Failure::refused("approval-ledger", message).exit(4)
}
