//! The owner of the vault: the secret at hand, the vault open, and what is due carried out.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use ledger_core::custody::{self, Health, Home, Vault};
use ledger_core::json::Value;
use ledger_core::key::Signer;
use ledger_core::ledger::Ledger;
use ledger_core::retention::Rules;
use ledger_core::store::dir::Dir;
use ledger_core::store::records::sled::Folder as Databases;
use ledger_core::vault::key::VaultSecret;
use ledger_core::vault::persons::{Persons, Pseudonym};

use crate::context::{Context, Folder, PATIENCE};
use crate::delivery;
use crate::failure::{Failure, Result};
use crate::output::talk;
use crate::seen::{self, Sight};
use crate::state::State;
use crate::{files, keys, random};

/// The rules that hold unless a file names others.
const RULES: &str = include_str!("../../../controls/retention.json");

/// Where the vault is, and what opens it.
#[derive(Args, Debug)]
pub(crate) struct Where {
    /// Folder of the vault; without it `vault` in the ledger's folder
    #[arg(long, value_name = "DIR")]
    vault: Option<PathBuf>,
    /// File of the vault's secret key; without it the one that `ledger init` keeps in the state
    #[arg(long, value_name = "FILE")]
    secret: Option<PathBuf>,
}

/// Who acts, who agreed, and whose key signs.
#[derive(Args, Debug)]
pub(crate) struct Acting {
    /// Key file that signs; it needs the type's own capability, like `append:person.erased`
    #[arg(long = "key", value_name = "FILE")]
    pub(crate) keys: Vec<PathBuf>,
    /// Who acts
    #[arg(long, value_name = "ISSUER:ID")]
    pub(crate) actor: String,
    /// Who approved; once for each
    #[arg(long = "approver", value_name = "ISSUER:ID", required = true)]
    pub(crate) approvers: Vec<String>,
}

impl Acting {
    /// The acting person as an event names it.
    pub(crate) fn actor(&self) -> Result<Value> {
        keys::identity(&self.actor)
    }

    /// The approvers as an event names them.
    pub(crate) fn approvers(&self) -> Result<Vec<Value>> {
        self.approvers.iter().map(|text| keys::identity(text)).collect()
    }
}

/// The ledger and its vault, both open.
pub(crate) struct Owner {
    pub(crate) folder: Folder,
    pub(crate) ledger: Ledger,
    pub(crate) vault: Vault,
    sight: Sight,
}

impl Owner {
    /// Signs and appends one event of the owner's, and remembers that it stands.
    pub(crate) fn append(&mut self, draft: &Value, signers: &[&dyn Signer]) -> Result<u64> {
        let receipt = delivery::one(&mut self.ledger, &self.sight, draft, "vault", signers)?;
        delivery::remember(&self.folder, &self.ledger)?;
        self.sight.remember(&self.folder)?;
        Ok(receipt.index)
    }
}

impl Where {
    /// Opens both. What an earlier erasure or a restored backup left to do is done first.
    pub(crate) fn open(&self, context: &Context) -> Result<Owner> {
        let (folder, mut ledger, sight) = seen::open(context)?;
        let secret = self.secret(&folder)?;
        let home = self.home(&folder)?;
        let vault = Vault::open(home, &mut ledger, &secret, random::bytes()?)?;
        Ok(Owner { folder, ledger, vault, sight })
    }

    /// As [`Where::open`]; where there is no vault yet, an empty one is made.
    pub(crate) fn open_or_make(&self, context: &Context) -> Result<Owner> {
        let (folder, mut ledger, sight) = seen::open(context)?;
        let secret = self.secret(&folder)?;
        let home = self.home(&folder)?;
        let vault = if custody::health(&home)? == Health::Missing {
            talk("note: there was no vault here, so an empty one was made");
            Vault::create(home, ledger.origin().genesis().0, &secret)?
        } else {
            Vault::open(home, &mut ledger, &secret, random::bytes()?)?
        };
        Ok(Owner { folder, ledger, vault, sight })
    }

    /// The vault's place; its folder is made if it is not there.
    pub(crate) fn home(&self, folder: &Folder) -> Result<Home> {
        home_at(&self.path(folder))
    }

    /// Where the vault is, or would be.
    pub(crate) fn path(&self, folder: &Folder) -> PathBuf {
        self.vault.clone().unwrap_or_else(|| folder.path.join("vault"))
    }

    /// Where its secret key is, or would be.
    pub(crate) fn secret_path(&self, folder: &Folder) -> PathBuf {
        let kept = || folder.state.path(&State::of(&folder.origin, "vault.secret"));
        self.secret.clone().unwrap_or_else(kept)
    }

    /// The secret key, held against the public one in the ledger's folder.
    pub(crate) fn secret(&self, folder: &Folder) -> Result<VaultSecret> {
        let path = self.secret_path(folder);
        let bytes = files::read(&path)
            .map_err(|failure| failure.hint("name the vault's secret key with --secret FILE"))?;
        VaultSecret::parse(&bytes).map_err(|error| Failure::from(error).within(files::shown(&path)))
    }
}

/// The place of a vault in a folder, which is made if it is not there.
pub(crate) fn home_at(path: &Path) -> Result<Home> {
    let files = Dir::create(path, PATIENCE)?;
    Ok(Home { files: Arc::new(files), databases: Box::new(Databases::new(path)) })
}

/// The place of a vault in a folder that is there.
pub(crate) fn home_in(path: &Path) -> Result<Home> {
    let files = Dir::open(path, PATIENCE).map_err(|error| {
        Failure::from(error).hint("name the folder that `ledger vault backup` made")
    })?;
    Ok(Home { files: Arc::new(files), databases: Box::new(Databases::new(path)) })
}

/// A person as people name one: the pseudonym, or an account as `ISSUER:ID`.
pub(crate) fn person(ledger: &Ledger, text: &str) -> Result<Pseudonym> {
    if let Ok(name) = text.parse() {
        return Ok(name);
    }
    let identity = keys::identity(text).map_err(|_| {
        Failure::new("person", format!("`{text}` does not name a person"))
            .hint("give the pseudonym of 26 characters, or ISSUER:ID like `github:583231`")
    })?;
    let part = |name: &str| identity.get(name).and_then(Value::as_text).unwrap_or_default();
    let store = &**ledger.store();
    let found = match Persons::open(store)? {
        Some(mut persons) => persons.resolve(store, part("issuer"), part("id"))?,
        None => None,
    };
    found.ok_or_else(|| {
        Failure::new("person-unknown", format!("nobody here is `{text}`"))
            .hint("the person never occurred, or was erased; `ledger show` prints pseudonyms")
    })
}

/// The rules of retention: those of the file, else those that came with the program.
pub(crate) fn rules(file: Option<&PathBuf>) -> Result<Rules> {
    match file {
        None => Ok(Rules::parse(RULES.as_bytes())?),
        Some(path) => Rules::parse(&files::read(path)?)
            .map_err(|error| Failure::from(error).within(files::shown(path))),
    }
}
