//! `ledger init`

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use ledger_core::checkpoint::Origin;
use ledger_core::encoding::base64;
use ledger_core::json::Value;
use ledger_core::key::Signer as _;
use ledger_core::ledger::{self, Beginning, Group};
use ledger_core::producer::{self, Position};
use ledger_core::store::dir::Dir;
use ledger_core::vault::key::{VaultKey, VaultSecret};
use ledger_core::vault::persons::Key;

use crate::context::{Context, PATIENCE};
use crate::failure::{Answer, Failure, Result};
use crate::keys::Key as Root;
use crate::output::talk;
use crate::state::State;
use crate::{clock, files, keys, random};

/// Make a new ledger
///
/// The folder must not exist, or be empty. Entry 0 names the root keys and is signed by all of them;
/// its hash becomes part of the ledger's origin, so whoever trusts the origin trusts these roots.
/// The origin and the folder's path are pinned in the state folder, outside the ledger.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: ledger init /srv/ledger --name example.com/releases --root alice.pem=hr:1 --root bob.pem=hr:2"
)]
pub(crate) struct Init {
    /// Folder of the new ledger
    dir: PathBuf,
    /// Name of the ledger, like `example.com/releases`
    #[arg(long)]
    name: String,
    /// Key file of a root and the person who holds it; once for each root
    #[arg(long = "root", value_name = "FILE=ISSUER:ID", required = true)]
    roots: Vec<String>,
    /// How many persons must sign changes of keys and rules
    #[arg(long, value_name = "N", default_value_t = 2, conflicts_with = "solo")]
    threshold: u64,
    /// One person alone may change keys and rules; printed beside every verdict
    #[arg(long)]
    solo: bool,
    /// Public key of an existing vault; without it a new vault key is made in the state folder
    #[arg(long, value_name = "FILE")]
    vault_key: Option<PathBuf>,
}

/// Makes the ledger.
pub(crate) fn run(args: &Init, context: &mut Context) -> Result<Answer> {
    let state = context.state()?;
    let (roots, persons) = roots(&args.roots)?;
    enough(args, &persons)?;
    let now = clock::now()?;
    let draft = draft(args, &roots, &persons, now.to_string())?;
    let position = Position::one_shot("roots", random::bytes()?);
    let signers = keys::signers(&roots);
    let genesis = producer::sign(&draft, None, &position, &signers, random::bytes()?)
        .map_err(|error| named(error, &args.name))?;
    let origin = ledger::origin(&genesis.event).map_err(|error| named(error, &args.name))?;
    new_folder(&args.dir)?;
    let (vault_key, secret) = vault(args, &state, &origin)?;
    let new = Beginning {
        persons_key: Key(random::bytes()?),
        vault_key,
        group: Group { now, random: random::bytes()?, all_or_nothing: true },
    };
    let made = Dir::create(&args.dir, PATIENCE)
        .and_then(|dir| ledger::create(Arc::new(dir), genesis, new));
    if made.is_err() && !args.dir.join(ledger::FORMAT).exists() {
        // it never became a ledger: nothing is left of it, nor of its vault's key
        let _ = std::fs::remove_dir_all(&args.dir);
        let _ = secret.as_ref().map(std::fs::remove_file);
    }
    let made = made.map_err(|error| Failure::by_law(&error))?;
    let path = files::absolute(&args.dir)?;
    if let Some(before) = state.pin(made.origin(), &path)? {
        talk(format!("note: another ledger was pinned at this path before: `{before}`"));
    }
    show(context, &origin, &roots, &state, &path, secret.as_deref())
}

fn roots(given: &[String]) -> Result<(Vec<Root>, Vec<Value>)> {
    let mut roots = Vec::new();
    let mut persons = Vec::new();
    for text in given {
        let (file, person) = text.split_once('=').ok_or_else(|| {
            Failure::new("root", format!("`{text}` does not name a root"))
                .hint("write FILE=ISSUER:ID, like `alice.pem=hr:4711`")
        })?;
        roots.push(keys::load(Path::new(file))?);
        persons.push(keys::identity(person)?);
    }
    Ok((roots, persons))
}

/// The law of entry 0, told before anything is made; the log judges again.
fn enough(args: &Init, persons: &[Value]) -> Result<()> {
    let distinct: BTreeSet<String> = persons.iter().map(Value::to_canonical).collect();
    let hint = "name a root for each of at least two persons, or say --solo";
    if !args.solo && args.threshold < 2 {
        return Err(Failure::new("genesis", "the threshold is at least 2").hint(hint));
    }
    if !args.solo && (distinct.len() as u64) < args.threshold {
        let (have, need) = (distinct.len(), args.threshold);
        let message =
            format!("{need} persons must sign changes of keys, and the roots have {have}");
        return Err(Failure::new("genesis", message).hint(hint));
    }
    Ok(())
}

fn draft(args: &Init, roots: &[Root], persons: &[Value], now: String) -> Result<Value> {
    let list = roots.iter().zip(persons).map(|(root, person)| {
        Value::object([
            ("person", person.clone()),
            ("public_key", Value::text(root.public().to_base64())),
        ])
    });
    let threshold = if args.solo { 1 } else { args.threshold };
    let mut data = vec![
        ("name", Value::text(&args.name)),
        ("nonce", Value::text(base64(&random::bytes::<32>()?))),
        ("roots", Value::List(list.collect())),
        ("threshold", Value::count(threshold)),
    ];
    if args.solo {
        data.push(("solo", Value::Bool(true)));
    }
    Ok(Value::object([
        ("type", Value::text("ledger.created")),
        ("occurred_at", Value::text(now)),
        ("data", Value::object(data)),
    ]))
}

fn named(error: ledger_core::error::Error, name: &str) -> Failure {
    if error.place() == Some("/data/name") || error.code() == "origin-name" {
        return Failure::new("origin-name", format!("`{name}` is not a name for a ledger"))
            .hint("a name is 1 to 100 characters of a-z, 0-9, `.`, `/` and `-`");
    }
    error.into()
}

fn new_folder(dir: &Path) -> Result<()> {
    let taken = |message: &str| {
        Failure::new("folder-taken", message).within(dir.display().to_string()).hint(
            "a ledger is made in a folder that does not exist or is empty; nothing was changed",
        )
    };
    match std::fs::read_dir(dir).map(Iterator::count) {
        Ok(0) => Ok(()),
        Ok(_) if dir.join(ledger::FORMAT).exists() => Err(taken("there is a ledger here already")),
        Ok(_) => Err(taken("the folder is not empty")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
            Err(taken("this is a file; a folder is expected"))
        }
        Err(error) => Err(Failure::new("io", format!("cannot read the folder: {error}"))
            .within(dir.display().to_string())),
    }
}

/// The vault's public key, and where its secret lies if it was made here.
fn vault(args: &Init, state: &State, origin: &Origin) -> Result<(VaultKey, Option<PathBuf>)> {
    if let Some(file) = &args.vault_key {
        let bytes = files::read(file)?;
        let key = VaultSecret::parse(&bytes).map(|secret| secret.public());
        let key = key.or_else(|_| VaultKey::parse(&bytes));
        let place = |error| Failure::from(error).within(files::shown(file));
        return key.map(|key| (key, None)).map_err(place);
    }
    let secret = VaultSecret::generate(&random::bytes()?);
    let name = State::of(origin, "vault.secret");
    state.make_folder_of(&name)?;
    let path = state.path(&name);
    files::create(&path, secret.to_line().as_bytes(), 0o600)?;
    Ok((secret.public(), Some(path)))
}

fn show(
    context: &mut Context,
    origin: &Origin,
    roots: &[Root],
    state: &State,
    path: &Path,
    secret: Option<&Path>,
) -> Result<Answer> {
    let pin = state.path(&State::of(origin, "pin"));
    let ids: Vec<String> = roots.iter().map(|root| root.public().id().to_string()).collect();
    let mut members = vec![
        ("origin", Value::text(origin.to_string())),
        ("path", Value::text(path.display().to_string())),
        ("pin", Value::text(pin.display().to_string())),
        ("roots", Value::List(ids.iter().map(Value::text).collect())),
    ];
    if let Some(secret) = secret {
        members.push(("vault_secret", Value::text(secret.display().to_string())));
    }
    let out = &mut context.out;
    out.value(&Value::object(members))?;
    out.line(format!("origin        {origin}"))?;
    for id in &ids {
        out.line(format!("root          {id}"))?;
    }
    out.line(format!("ledger        {}", path.display()))?;
    out.line(format!("pin           {}", pin.display()))?;
    if let Some(secret) = secret {
        out.line(format!("vault secret  {}", secret.display()))?;
        out.flush()?;
        talk("keep the vault secret and the root keys apart from the ledger, and a copy of each");
    }
    if !out.json() {
        let dir = path.display();
        talk("next:");
        talk(format!("  export LEDGER_DIR={dir}"));
        talk("  ledger key new ci.pem");
        talk(
            "  ledger key register --key ROOT … --new ci.pem --service ci --capability 'append:*'",
        );
        talk("  ledger append event.json --key ci.pem");
    }
    Ok(Answer::Yes)
}
