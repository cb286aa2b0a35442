//! `ledger key`

mod list;
mod register;
mod revoke;
mod rotate;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ledger_core::json::Value;
use ledger_core::key::{PublicKey, SigningKey};
use ledger_core::note::{KeyType, VerifierKey};
use ssh_key::LineEnding;
use ssh_key::private::{Ed25519Keypair, Ed25519PrivateKey};
use ssh_key::public::Ed25519PublicKey;

use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::{files, keys, random};

/// Make, show, register, rotate, revoke and list keys
#[derive(Subcommand, Debug)]
pub(crate) enum Key {
    New(New),
    Show(Show),
    Register(register::Register),
    Rotate(rotate::Rotate),
    Revoke(revoke::Revoke),
    List(list::List),
}

/// Make a new secret key
///
/// Writes PKCS#8 in PEM, which `openssl pkey` reads, or OpenSSH's own format. Only you may read the
/// file; an existing one is never overwritten.
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger key new ci.pem")]
pub(crate) struct New {
    /// File to write
    file: PathBuf,
    /// Write OpenSSH's format instead of PKCS#8
    #[arg(long)]
    openssh: bool,
}

/// Show the id and the public half of a key
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger key show signer.pem --name ORIGIN")]
pub(crate) struct Show {
    /// Secret or public key, PEM or OpenSSH; or agent:SHA256:…
    file: PathBuf,
    /// Also show the key as a verifier key of this name, for policies and witnesses; the name of a
    /// ledger's checkpoint key is its origin
    #[arg(long)]
    name: Option<String>,
    /// Show the verifier key of a witness (type 0x04) instead of a log (0x01)
    #[arg(long, requires = "name")]
    witness: bool,
}

/// Does what the subcommand says.
pub(crate) fn run(args: &Key, context: &mut Context) -> Result<Answer> {
    match args {
        Key::New(args) => new(args, context),
        Key::Show(args) => show(args, context),
        Key::Register(args) => register::run(args, context),
        Key::Rotate(args) => rotate::run(args, context),
        Key::Revoke(args) => revoke::run(args, context),
        Key::List(args) => list::run(args, context),
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
    let public = keys::public(&args.file)?;
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
