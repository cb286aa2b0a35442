//! Tokens that a server asks for (`docs/server.md`): whoever shows one may do what its
//! scopes say, until it expires or is revoked. The state keeps a hash of each, never the token.
//!
//! ```text
//! <state>/<genesis hash>/tokens    {"created":"…","expires":"…","for":"…","hash":"…","id":"…","revoked":"…"?,"scopes":["…"]}
//! ```

use ledger_core::checkpoint::Origin;
use ledger_core::encoding::{base64, base64url, from_base64, from_base64url, hex};
use ledger_core::json::{self, Object, Value};
use ledger_core::time::Timestamp;

use crate::failure::{Failure, Result};
use crate::random;
use crate::state::State;

/// How a token begins, so that it is known when it is found where it should not be.
const PREFIX: &str = "ledger_";
/// What the hash of a token is a hash of.
const CONTEXT: &str = "release-ledger/v1 token";
/// The longest that a token lives, in days.
pub(crate) const MAX_DAYS: u64 = 366;
const DAY: u64 = 24 * 3600 * 1_000_000;

/// What a token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// Delivering signed events and their attachments.
    Append,
    /// Asking a gate, which records its answer.
    Gate,
    /// Reading the counters of the server.
    Metrics,
    /// Reading entries and what follows from them; persons are pseudonyms there.
    Read,
}

impl Scope {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Append, Self::Gate, Self::Metrics, Self::Read];

    /// Its word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Gate => "gate",
            Self::Metrics => "metrics",
            Self::Read => "read",
        }
    }

    /// The scope of a word; code `token-scope`.
    pub(crate) fn parse(word: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|scope| scope.word() == word).ok_or_else(|| {
            Failure::new("token-scope", format!("`{word}` is no scope"))
                .hint("the scopes are `append`, `gate`, `metrics`, `read`")
        })
    }
}

/// A token as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// 16 hex digits: its name in lists and logs.
    pub(crate) id: String,
    /// For what it was made: a restricted id, never a person's name.
    pub(crate) purpose: String,
    /// What it allows.
    pub(crate) scopes: Vec<Scope>,
    /// When it was made.
    pub(crate) created: Timestamp,
    /// When it ends.
    pub(crate) expires: Timestamp,
    /// When it was revoked, if it was.
    pub(crate) revoked: Option<Timestamp>,
    hash: [u8; 32],
}

/// The tokens of one ledger.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tokens {
    all: Vec<Token>,
}

impl Tokens {
    /// Reads them; code `state-damaged`.
    pub(crate) fn read(state: &State, origin: &Origin) -> Result<Self> {
        let name = State::of(origin, FILE);
        let bytes = state.read(&name)?.unwrap_or_default();
        let lines = bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        let all = lines.map(parse).collect::<Option<Vec<_>>>().ok_or_else(|| {
            Failure::new("state-damaged", "the remembered tokens are not what was written")
                .within(state.path(&name).display().to_string())
                .hint("restore the file from a copy; without it no token is valid")
        })?;
        Ok(Self { all })
    }

    /// Makes a token; gives its text, which nobody can show again.
    pub(crate) fn make(
        state: &State,
        origin: &Origin,
        purpose: &str,
        scopes: &[Scope],
        (now, days): (Timestamp, u64),
    ) -> Result<(Token, String)> {
        let secret: [u8; 32] = random::bytes()?;
        let expires = Timestamp::from_micros(now.micros().saturating_add(days.saturating_mul(DAY)));
        let expires = expires.filter(|_| (1..=MAX_DAYS).contains(&days)).ok_or_else(|| {
            Failure::new("token-days", format!("a token lives 1 to {MAX_DAYS} days, not {days}"))
                .within("--days")
        })?;
        let mut scopes = scopes.to_vec();
        scopes.sort_unstable();
        scopes.dedup();
        let token = Token {
            id: hex(&random::bytes::<8>()?),
            purpose: purpose.to_owned(),
            scopes,
            created: now,
            expires,
            revoked: None,
            hash: hash(&secret),
        };
        let text = format!("{PREFIX}{}_{}", token.id, base64url(&secret));
        let _lock = state.lock(&State::of(origin, "tokens.lock"))?;
        let mut tokens = Self::read(state, origin)?;
        tokens.all.push(token.clone());
        tokens.write(state, origin)?;
        Ok((token, text))
    }

    /// Revokes a token, for good; code `token-none`.
    pub(crate) fn revoke(
        state: &State,
        origin: &Origin,
        id: &str,
        now: Timestamp,
    ) -> Result<Token> {
        let _lock = state.lock(&State::of(origin, "tokens.lock"))?;
        let mut tokens = Self::read(state, origin)?;
        let found = tokens.all.iter_mut().find(|token| token.id == id).ok_or_else(|| {
            Failure::new("token-none", format!("there is no token `{id}`"))
                .hint("`ledger token list` names them")
        })?;
        found.revoked.get_or_insert(now);
        let found = found.clone();
        tokens.write(state, origin)?;
        Ok(found)
    }

    /// All of them, in the order in which they were made.
    pub(crate) fn all(&self) -> &[Token] {
        &self.all
    }

    /// The token of this text, as it stands now. Codes `token`, `token-expired`, `token-revoked`.
    pub(crate) fn admit(&self, text: &str, now: Timestamp) -> Result<&Token> {
        let refused = |code, message: &str| {
            Err(Failure::refused(code, message).hint("`ledger token new` makes one"))
        };
        let parts = text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_'));
        let secret = parts.and_then(|(id, secret)| {
            let secret: [u8; 32] = from_base64url(secret.as_bytes()).ok()?;
            Some((id, blake3::Hash::from(hash(&secret))))
        });
        // the comparison takes as long wherever two hashes differ
        let found = secret.and_then(|(id, secret)| {
            self.all.iter().find(|token| token.id == id && secret == token.hash)
        });
        match found {
            None => refused("token", "the token is not one of this server"),
            Some(token) if token.revoked.is_some() => {
                refused("token-revoked", "the token was revoked")
            }
            Some(token) if token.expires <= now => {
                refused("token-expired", "the token has expired")
            }
            Some(token) => Ok(token),
        }
    }

    fn write(&self, state: &State, origin: &Origin) -> Result<()> {
        let lines: Vec<String> = self.all.iter().map(|token| encode(token) + "\n").collect();
        let name = State::of(origin, FILE);
        crate::files::replace(&state.path(&name), lines.concat().as_bytes(), 0o600, true)
    }
}

/// The file in the state.
const FILE: &str = "tokens";

fn hash(secret: &[u8; 32]) -> [u8; 32] {
    blake3::derive_key(CONTEXT, secret)
}

impl Token {
    /// What is said of it, for machines; its hash is nobody's business.
    pub(crate) fn members(&self) -> Object {
        let scopes = self.scopes.iter().map(|scope| Value::text(scope.word()));
        let mut members = Object::from([
            ("created", Value::text(self.created.to_string())),
            ("expires", Value::text(self.expires.to_string())),
            ("for", Value::text(&self.purpose)),
            ("id", Value::text(&self.id)),
            ("scopes", Value::List(scopes.collect())),
        ]);
        members.extend(self.revoked.map(|at| ("revoked", Value::text(at.to_string()))));
        members
    }
}

fn encode(token: &Token) -> String {
    let mut members = token.members();
    members.insert("hash", Value::text(base64(&token.hash)));
    Value::Object(members).to_canonical()
}

fn parse(line: &[u8]) -> Option<Token> {
    let value = json::read(line).ok()?;
    let text = |name: &str| value.get(name).and_then(Value::as_text);
    let time = |name: &str| Timestamp::parse(text(name)?.as_bytes()).ok();
    let Some(Value::List(scopes)) = value.get("scopes") else { return None };
    let scopes = scopes.iter().map(|scope| Scope::parse(scope.as_text()?).ok());
    Some(Token {
        id: text("id")?.to_owned(),
        purpose: text("for")?.to_owned(),
        scopes: scopes.collect::<Option<Vec<_>>>()?,
        created: time("created")?,
        expires: time("expires")?,
        revoked: if value.get("revoked").is_some() { Some(time("revoked")?) } else { None },
        hash: from_base64(text("hash")?.as_bytes()).ok()?,
    })
}
