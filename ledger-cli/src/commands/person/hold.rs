//! `ledger person hold`

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use ledger_core::json::Value;
use ledger_core::retention::Class;

use crate::context::Context;
use crate::failure::{Answer, Result};
use crate::{clock, keys};

/// Place or release a legal hold: nothing it covers is destroyed
///
/// Without a person and a system it covers everybody, without a class everything:
/// `ledger person hold matter-7 --place --person github:583231 --by hr:4 --key counsel.pem`.
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("action").required(true).args(["place", "release"])))]
pub(crate) struct Hold {
    /// The hold's id
    id: String,
    /// Place it
    #[arg(long)]
    place: bool,
    /// Release it
    #[arg(long)]
    release: bool,
    /// Whose records it covers; may be repeated
    #[arg(long = "person", value_name = "ISSUER:ID")]
    persons: Vec<String>,
    /// Class it covers: identity, text, original; may be repeated
    #[arg(long = "class", value_name = "CLASS")]
    classes: Vec<String>,
    /// System whose persons it covers: whom its entries name; may be repeated
    #[arg(long = "system", value_name = "ID")]
    systems: Vec<String>,
    /// Who placed or released it
    #[arg(long, value_name = "ISSUER:ID")]
    by: String,
    /// Key file that signs; it needs `append:hold.changed`
    #[arg(long = "key", value_name = "FILE")]
    keys: Vec<PathBuf>,
}

pub(super) fn run(args: &Hold, context: &mut Context) -> Result<Answer> {
    for class in &args.classes {
        Class::parse(class)?;
    }
    let list = |items: &[String]| Value::List(items.iter().map(Value::text).collect());
    let persons = args.persons.iter().map(|text| keys::identity(text)).collect::<Result<_>>()?;
    let by = keys::identity(&args.by)?;
    let data = Value::object([
        ("action", Value::text(if args.place { "placed" } else { "released" })),
        ("by", by.clone()),
        ("classes", list(&args.classes)),
        ("custodians", Value::List(persons)),
        ("systems", list(&args.systems)),
    ]);
    let draft = Value::object([
        ("actor", Value::object([("id", by), ("kind", Value::text("human"))])),
        ("data", data),
        ("occurred_at", Value::text(clock::now()?.to_string())),
        ("subject", Value::object([("hold", Value::text(&args.id))])),
        ("type", Value::text("hold.changed")),
    ]);
    super::record(&draft, &args.keys, context)
}
