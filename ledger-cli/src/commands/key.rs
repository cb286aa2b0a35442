//! `ledger key`

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, Subcommand};
use ledger_core::json::Value;
use ledger_core::key::{self, PublicKey, SigningKey};
use ledger_core::note::{KeyType, VerifierKey};
use ssh_key::LineEnding;
use ssh_key::private::{Ed25519Keypair, Ed25519PrivateKey};
use ssh_key::public::Ed25519PublicKey;

use crate::commands::append;
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::{clock, files, keys, random, seen};

/// Make, show and register keys
#[derive(Subcommand, Debug)]
pub(crate) enum Key {
    New(New),
    Show(Show),
    Register(Register),
}

/// Make a new secret key
///
/// Writes PKCS#8 in PEM, which `openssl pkey` reads, or OpenSSH's own format. Only you may read the
/// file; an existing one is never overwritten.
#[derive(Args, Debug)]
pub(crate) struct New {
    /// File to write
    file: PathBuf,
    /// Write OpenSSH's format instead of PKCS#8
    #[arg(long)]
    openssh: bool,
}

/// Show the id and the public half of a key
#[derive(Args, Debug)]
pub(crate) struct Show {
    /// Secret or public key, PEM or OpenSSH
    file: PathBuf,
    /// Also show the key as a verifier key of this name, for policies and witnesses; the name of a
    /// ledger's checkpoint key is its origin
    #[arg(long)]
    name: Option<String>,
    /// Show the verifier key of a witness (type 0x04) instead of a log (0x01)
    #[arg(long, requires = "name")]
    witness: bool,
}

/// Register a key, so that it may sign from here on
///
/// Signed by root keys of as many persons as the ledger's threshold asks for, and by the new key.
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("holder").required(true).args(["person", "service"])))]
pub(crate) struct Register {
    /// Key file of a root; once for each
    #[arg(long = "key", value_name = "FILE")]
    keys: Vec<PathBuf>,
    /// File of the secret key to register
    #[arg(long, value_name = "FILE")]
    new: PathBuf,
    /// Person who holds the key
    #[arg(long, value_name = "ISSUER:ID")]
    person: Option<String>,
    /// Service that holds the key
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// What the key may do, like `append:deployment.*`, `approve`, `relay:github`, `checkpoint`
    #[arg(long = "capability", value_name = "CAPABILITY", required = true)]
    capabilities: Vec<String>,
    /// Restrict the key to a service; may be repeated
    #[arg(long, value_name = "SERVICE")]
    service_scope: Vec<String>,
    /// Restrict the key to an environment; may be repeated
    #[arg(long, value_name = "ENVIRONMENT")]
    environment: Vec<String>,
}

/// Does what the subcommand says.
pub(crate) fn run(args: &Key, context: &mut Context) -> Result<Answer> {
    match args {
        Key::New(args) => new(args, context),
        Key::Show(args) => show(args, context),
        Key::Register(args) => register(args, context),
    }
}

fn new(args: &New, context: &mut Context) -> Result<Answer> {
    let seed = random::bytes()?;
    let key = SigningKey::from_seed(seed);
    if args.openssh {
        files::create(&args.file, openssh(&key, &seed)?.as_bytes(), 0o600)?;
    } else {
        files::create(&args.file, key.to_pem()?.as_bytes(), 0o600)?;
    }
    print(context, key.public(), None)
}

fn openssh(key: &SigningKey, seed: &[u8; 32]) -> Result<impl std::ops::Deref<Target = String>> {
    let pair = Ed25519Keypair {
        public: Ed25519PublicKey(*key.public().as_bytes()),
        private: Ed25519PrivateKey::from_bytes(seed),
    };
    let failed = || Failure::new("key-write", "the key cannot be written in OpenSSH's format");
    ssh_key::PrivateKey::from(pair).to_openssh(LineEnding::LF).map_err(|_| failed())
}

fn show(args: &Show, context: &mut Context) -> Result<Answer> {
    let bytes = files::read(&args.file)?;
    let public = match key::read_public(&bytes) {
        Err(error) if error.code() == "key-private" => {
            key::read_private(&bytes).map(|key| *key.public())
        }
        public => public,
    };
    let public = public.map_err(|error| Failure::from(error).within(files::shown(&args.file)))?;
    let verifier = args.name.as_ref().map(|name| {
        let kind = if args.witness { KeyType::Cosignature } else { KeyType::Ed25519 };
        VerifierKey::new(name, kind, *public.verifying()).map(|verifier| verifier.to_string())
    });
    print(context, &public, verifier.transpose()?)
}

fn print(context: &mut Context, public: &PublicKey, verifier: Option<String>) -> Result<Answer> {
    let out = &mut context.out;
    let mut members = vec![
        ("id", Value::text(public.id().to_string())),
        ("public_key", Value::text(public.to_base64())),
    ];
    members.extend(verifier.iter().map(|verifier| ("verifier_key", Value::text(verifier))));
    out.value(&Value::object(members))?;
    out.line(format!("id            {}", public.id()))?;
    out.line(format!("public key    {}", public.to_base64()))?;
    if let Some(verifier) = verifier {
        out.line(format!("verifier key  {verifier}"))?;
    }
    Ok(Answer::Yes)
}

fn register(args: &Register, context: &mut Context) -> Result<Answer> {
    let roots = keys::load_all(&args.keys)?;
    let new = load_secret(&args.new)?;
    let mut capabilities = args.capabilities.clone();
    capabilities.sort();
    capabilities.dedup();
    let list = |items: &[String]| Value::List(items.iter().map(Value::text).collect());
    let mut data = vec![
        ("capabilities", list(&capabilities)),
        ("public_key", Value::text(new.public().to_base64())),
    ];
    match (&args.person, &args.service) {
        (Some(person), _) => data.push(("holder", keys::identity(person)?)),
        (None, service) => data.extend(service.iter().map(|name| ("service", Value::text(name)))),
    }
    let scopes = [("services", &args.service_scope), ("environments", &args.environment)];
    let scope: Vec<_> = scopes
        .iter()
        .filter(|(_, items)| !items.is_empty())
        .map(|(name, items)| (*name, list(items)))
        .collect();
    if !scope.is_empty() {
        data.push(("scope", Value::object(scope)));
    }
    let now = clock::now()?;
    let draft = Value::object([
        ("type", Value::text("key.registered")),
        ("occurred_at", Value::text(now.to_string())),
        ("subject", Value::object([("key", Value::text(new.public().id().to_string()))])),
        ("data", Value::object(data)),
    ]);
    let mut signing = keys::signers(&roots);
    signing.push(&new);
    let (folder, mut ledger, sight) = seen::open(context)?;
    let receipt = append::one(&mut ledger, &sight, &draft, "keys", &signing);
    let receipt = receipt.map_err(|failure| {
        folder.place(failure).hint("`ledger key register --help` says what is given, and who signs")
    })?;
    append::acknowledge(&[receipt], context)?;
    sight.remember(&folder)?;
    append::tidy(&folder, &mut ledger)
}

fn load_secret(path: &Path) -> Result<SigningKey> {
    keys::load(path).map_err(|failure| {
        if failure.code() == "key-public" {
            failure.hint("the new key signs its own registration, so its secret is needed here")
        } else {
            failure
        }
    })
}
