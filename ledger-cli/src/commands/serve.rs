//! `ledger serve`

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use ledger_core::json::Value;
use ledger_core::store::Store;
use ledger_core::store::dir::Dir;

use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::output::{self, talk};
use crate::serve::{self, Choice, Connector, Settings, TlsFiles, VENDORS};
use crate::state::State;
use crate::{asked, clock, files, hook, import, keys};

/// Serve the ledger to pipelines on many machines
///
/// Takes signed events over HTTP and answers when they are durable, many requests in one commit; the
/// command line may append to the same folder meanwhile. Whoever asks shows a token of `ledger token
/// new`, or a certificate of --client-ca. `/openapi.json` describes what can be asked. Ends, after what
/// it accepted is written, when it is told to (SIGTERM).
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger serve --listen 0.0.0.0:8443 --tls-cert server.pem --tls-key server.key --checkpoint-key checkpoint.pem --key server-events.pem"
)]
pub(crate) struct Serve {
    /// Address and port; port 0 takes a free one and prints it
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Certificate of the server, PEM, with those between it and its root
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Key of the certificate, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Every client must show a certificate of this CA, and needs no token to append
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    client_ca: Option<PathBuf>,
    /// Without TLS also where others can listen in: a proxy before this server does it
    #[arg(long, conflicts_with = "tls_cert")]
    behind_proxy: bool,
    /// Key that signs checkpoints, a new one at least each second while events arrive
    #[arg(long, value_name = "FILE")]
    checkpoint_key: Option<PathBuf>,
    /// Key that signs what the server itself records: forks, conflicts, recoveries
    #[arg(long, value_name = "KEY")]
    key: Option<PathBuf>,
    /// Key that signs what another system sends, with the capability `relay:SOURCE`; also of `cloudevents`
    /// and `cdevents`; may be repeated
    #[arg(long = "connector-key", value_name = "SOURCE=KEY")]
    connectors: Vec<String>,
    /// File of the secret that the other system signs with, or of two while one is replaced; may be
    /// repeated
    #[arg(long = "webhook-secret", value_name = "SOURCE=FILE")]
    secrets: Vec<String>,
    /// Key that signs the answers of gates, with the capability `gate:NAME`; without it none is asked
    #[arg(long, value_name = "KEY")]
    gate_key: Option<PathBuf>,
    /// Overlay by which gates are judged: a region that is built in, like `eu`, or a file; may be repeated
    #[arg(long = "overlay", value_name = "NAME|FILE")]
    overlays: Vec<String>,
    /// What everybody may read; may be repeated
    #[arg(long = "public", value_name = "WHAT")]
    public: Vec<Choice>,
    /// A line on standard error for every request, not only for those that are refused
    #[arg(long)]
    log_requests: bool,
    /// Print the OpenAPI document, and end
    #[arg(long)]
    openapi: bool,
}

/// Serves.
pub(crate) fn run(args: &Serve, context: &mut Context) -> Result<Answer> {
    if args.openapi {
        let text = output::pretty(&serve::document()) + "\n";
        context.out.bytes(text.as_bytes())?;
        return Ok(Answer::Yes);
    }
    guarded(args)?;
    let key = args.key.as_ref().map(|key| hook::load(Some(key))).transpose()?;
    let gate_key = args.gate_key.as_ref().map(|key| hook::load(Some(key))).transpose()?;
    // what is wrong with an overlay is said now, not to the first who asks a gate
    asked::rules(&args.overlays, clock::now()?)?;
    let signer = args.checkpoint_key.as_ref().map(|key| keys::load_file(Some(key))).transpose()?;
    let (folder, ledger) = context.open_to_append()?;
    // another server here would be lawful, and pointless: each would wait for the other's commits
    let _alone = alone(&folder.state, &State::of(&folder.origin, "server.lock"))?;
    let _signer = match &signer {
        Some(_) => {
            let name = format!("{}.lock", State::signer(&folder.origin));
            Some(alone(&folder.state, &name)?)
        }
        None => None,
    };
    let tls = args.tls_cert.clone().zip(args.tls_key.clone()).map(|(certificate, key)| TlsFiles {
        certificate,
        key,
        client_ca: args.client_ca.clone(),
    });
    if signer.is_none() {
        talk("note: this server signs no checkpoints; --checkpoint-key names the key that does");
    }
    let scheme = if tls.is_some() { "https" } else { "http" };
    let settings = Settings {
        listen: args.listen,
        tls,
        public: args.public.clone(),
        key,
        connectors: connectors(args)?,
        gate_key,
        overlays: args.overlays.clone(),
        signer,
        all_requests: args.log_requests,
    };
    let out = &mut context.out;
    serve::run(settings, folder, ledger, |address| {
        let url = format!("{scheme}://{address}");
        out.object([("listening", Value::text(&url))])?;
        out.line(format!("listening {url}"))?;
        out.flush()
    })?;
    Ok(Answer::Yes)
}

/// The other systems that are heard here.
fn connectors(args: &Serve) -> Result<Vec<Connector>> {
    let mut found: Vec<Connector> = Vec::new();
    for text in &args.connectors {
        let (source, file) = pair("--connector-key", text)?;
        let source =
            import::find(source).filter(|source| is_heard(source.name)).ok_or_else(|| {
                Failure::new("import-source", format!("`{source}` does not send webhooks"))
                    .within("--connector-key")
                    .hint(format!("those are heard: `{}`", heard().join("`, `")))
            })?;
        let key = keys::load_file(Some(&PathBuf::from(file)))?;
        found.push(Connector { source, key, secrets: Vec::new() });
    }
    for text in &args.secrets {
        let (source, file) = pair("--webhook-secret", text)?;
        let connector = found.iter_mut().find(|connector| connector.source.name == source);
        let connector = connector.ok_or_else(|| {
            Failure::new("import-source", format!("`{source}` has a secret and no key"))
                .within("--webhook-secret")
                .hint(format!("give --connector-key {source}=KEY too"))
        })?;
        let bytes = files::read(Path::new(file))?;
        let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        connector.secrets.extend(lines.filter(|line| !line.is_empty()).map(<[u8]>::to_vec));
        if connector.secrets.is_empty() {
            return Err(Failure::new("webhook-secret", "there is no secret in the file")
                .within(file.to_owned()));
        }
    }
    Ok(found)
}

fn heard() -> Vec<&'static str> {
    let vendors = VENDORS.iter().map(|vendor| vendor.source);
    vendors.chain(["cloudevents", "cdevents"]).collect()
}

fn is_heard(source: &str) -> bool {
    heard().contains(&source)
}

fn pair<'a>(option: &str, text: &'a str) -> Result<(&'a str, &'a str)> {
    let found = text.split_once('=').filter(|(name, file)| !name.is_empty() && !file.is_empty());
    found.ok_or_else(|| {
        Failure::new("field-value", format!("`{text}` is not SOURCE=FILE"))
            .within(option.to_owned())
    })
}

/// Tokens and what events seal travel in the clear only where nobody else can listen; code `plain-http`.
fn guarded(args: &Serve) -> Result<()> {
    if args.listen.ip().is_loopback() || args.tls_cert.is_some() || args.behind_proxy {
        return Ok(());
    }
    Err(Failure::new("plain-http", format!("`{}` can be reached from elsewhere", args.listen))
        .within("--listen")
        .hint("give --tls-cert and --tls-key, or --behind-proxy if a proxy before it does TLS"))
}

/// A lock of the state that only one server holds; code `busy`.
fn alone(state: &State, name: &str) -> Result<Box<dyn ledger_core::store::Lock>> {
    state.make_folder_of(name)?;
    let dir = Dir::open(state.path(""), std::time::Duration::from_millis(300))?;
    dir.lock(name).map_err(|error| {
        let place = state.path(name).display().to_string();
        if error.code() != "busy" {
            return Failure::from(error).within(place);
        }
        Failure::new("busy", "another server, or a signer of checkpoints, runs for this ledger")
            .within(place)
            .hint("end it first")
    })
}
