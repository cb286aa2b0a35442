//! `ledger token`

use clap::{Args, Subcommand};
use ledger_core::event::is_id;
use ledger_core::json::Value;

use crate::clock;
use crate::context::Context;
use crate::failure::{Answer, Failure, Result};
use crate::tokens::{Scope, Tokens};

/// Tokens that the server asks for
#[derive(Subcommand, Debug)]
pub(crate) enum TokenCommand {
    New(New),
    List(List),
    Revoke(Revoke),
}

/// Make a token; it is shown once, and only its hash is kept
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger token new --for payments-ci --scope append --days 90")]
pub(crate) struct New {
    /// What it is for, like the name of a pipeline
    #[arg(long = "for", value_name = "ID")]
    purpose: String,
    /// What it allows: `append`, `gate`, `metrics`, `read`; may be repeated
    #[arg(long = "scope", value_name = "SCOPE", required = true)]
    scopes: Vec<String>,
    /// For how many days, at most 366
    #[arg(long, value_name = "DAYS", default_value_t = 90)]
    days: u64,
}

/// List the tokens, without what is secret in them
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger token list")]
pub(crate) struct List {}

/// Revoke a token, from now on and for good
#[derive(Args, Debug)]
#[command(after_help = "Example: ledger token revoke 5f0c6a1e9b3d2478")]
pub(crate) struct Revoke {
    /// Its id, as `ledger token list` shows it
    id: String,
}

/// Does what the subcommand says.
pub(crate) fn run(args: &TokenCommand, context: &mut Context) -> Result<Answer> {
    let folder = context.folder()?;
    let (state, origin, now) = (&folder.state, &folder.origin, clock::now()?);
    match args {
        TokenCommand::New(args) => {
            if !is_id(&args.purpose) {
                return Err(Failure::new(
                    "field-value",
                    format!("`{}` is no restricted id", args.purpose),
                )
                .within("--for")
                .hint("name a pipeline or a reader, never a person"));
            }
            let scopes: Result<Vec<Scope>> =
                args.scopes.iter().map(|word| Scope::parse(word)).collect();
            let scopes = scopes.map_err(|failure| failure.within("--scope"))?;
            let (token, text) =
                Tokens::make(state, origin, &args.purpose, &scopes, (now, args.days))?;
            let mut shown = token.members();
            shown.insert("token", Value::text(&text));
            context.out.value(&Value::Object(shown))?;
            context.out.line(text)?;
        }
        TokenCommand::List(_) => {
            let tokens = Tokens::read(state, origin)?;
            let all = tokens.all().iter().map(|token| Value::Object(token.members())).collect();
            context.out.object([("tokens", Value::List(all))])?;
            for token in tokens.all() {
                let state = match token.revoked {
                    Some(at) => format!("revoked {at}"),
                    None if token.expires <= now => format!("expired {}", token.expires),
                    None => format!("until {}", token.expires),
                };
                let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.word()).collect();
                let line =
                    format!("{}  {}  {}  {state}", token.id, token.purpose, scopes.join(","));
                context.out.line(line)?;
            }
        }
        TokenCommand::Revoke(args) => {
            let token = Tokens::revoke(state, origin, &args.id, now)?;
            context.out.value(&Value::Object(token.members()))?;
            context.out.line(format!("revoked {}  {}", token.id, token.purpose))?;
        }
    }
    Ok(Answer::Yes)
}
