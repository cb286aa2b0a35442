//! The fields of a type of events as options, typed from its schema, and an event from what was given.

use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches, Subcommand};
use ledger_core::json::{Object, Value, read};
use ledger_core::schema::{self, EventType, Field, Need, Shape, TYPES};

use crate::failure::{Failure, Result};
use crate::keys;

/// What is an option of every command here: a field of that name is spelt with `data-` before it.
const RESERVED: &[&str] = &[
    "actor",
    "actor-kind",
    "attach",
    "attach-private",
    "dry-run",
    "from",
    "help",
    "json",
    "key",
    "ledger",
    "occurred-at",
    "origin",
    "proof",
    "proof-wait",
    "require-ack",
    "state",
    "subject",
    "to",
    "version",
    "workspace",
];

/// A type, and what was given for its fields.
#[derive(Clone, Debug)]
pub(crate) struct Typed {
    /// The type.
    pub(crate) kind: &'static EventType,
    /// Option, pointer and value, as they were given.
    given: Vec<(String, String, Value)>,
    /// The first value that could not be taken.
    wrong: Option<(String, String)>,
}

/// One option of a type.
struct Spelt {
    /// The option without its dashes.
    long: String,
    /// Where its value goes; a name may stand in the subject and in the data.
    pointers: Vec<String>,
    shape: Shape,
    required: bool,
    help: String,
}

impl Typed {
    /// The event's members that were given: `type`, `subject`, `data`.
    pub(crate) fn draft(&self) -> Result<Value> {
        if let Some((option, problem)) = &self.wrong {
            let code = if problem.ends_with("empty") { "field-empty" } else { "field-value" };
            return Err(Failure::new(code, problem.clone()).within(format!("--{option}")).hint(
                format!(
                    "an unset variable is no value: give one, or leave the option out; `ledger record {} --help`",
                    self.kind.name
                ),
            ));
        }
        let mut draft = Value::object([("type", Value::text(self.kind.name))]);
        for (_, pointer, value) in &self.given {
            put(&mut draft, pointer, value.clone());
        }
        if !self.kind.data.is_empty() {
            put(&mut draft, "/data", Value::object::<String>([]));
        }
        Ok(draft)
    }

    /// What the type demands and the draft does not have; code `field-missing`.
    pub(crate) fn complete(&self, draft: &Value) -> Result<()> {
        let missing: Vec<String> = spelt(self.kind)
            .into_iter()
            .filter(|option| option.required)
            .filter(|option| option.pointers.iter().any(|at| find(draft, at).is_none()))
            .map(|option| format!("`--{}`", option.long))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let message = format!("{} must be given for `{}`", missing.join(", "), self.kind.name);
        Err(Failure::new("field-missing", message)
            .hint(format!("`ledger record {} --help` shows its fields", self.kind.name)))
    }
}

/// The value at a pointer without escapes.
pub(crate) fn find<'a>(value: &'a Value, pointer: &str) -> Option<&'a Value> {
    pointer.split('/').skip(1).try_fold(value, |value, name| value.get(name))
}

/// Puts a value where a pointer says; an object that stands there already is kept.
pub(crate) fn put(into: &mut Value, pointer: &str, value: Value) {
    let mut at = into;
    let mut names = pointer.split('/').skip(1).peekable();
    while let Some(name) = names.next() {
        let Value::Object(members) = at else { return };
        if names.peek().is_none() {
            members.or_insert_with(name.to_owned(), || value);
            return;
        }
        let inner = members.or_insert_with(name.to_owned(), || Value::Object(Object::new()));
        let Some(inner) = inner else { return };
        at = inner;
    }
}

impl Subcommand for Typed {
    fn augment_subcommands(command: Command) -> Command {
        let types = TYPES.iter().filter(|kind| kind.need != Need::Genesis);
        types.fold(command, |command, kind| {
            command.subcommand(Command::new(kind.name).about(kind.meaning).defer(arguments))
        })
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        schema::find(name).is_some()
    }
}

impl FromArgMatches for Typed {
    fn from_arg_matches(matches: &ArgMatches) -> std::result::Result<Self, clap::Error> {
        let found =
            matches.subcommand().and_then(|(name, given)| Some((schema::find(name)?, given)));
        let Some((kind, matches)) = found else {
            return Err(clap::Error::new(ErrorKind::MissingSubcommand));
        };
        let mut typed = Self { kind, given: Vec::new(), wrong: None };
        for option in spelt(kind) {
            match option.value(matches) {
                Ok(Some(value)) => typed.given.extend(
                    option
                        .pointers
                        .iter()
                        .map(|pointer| (option.long.clone(), pointer.clone(), value.clone())),
                ),
                Ok(None) => {}
                Err(problem) => {
                    typed.wrong.get_or_insert((option.long.clone(), problem));
                }
            }
        }
        Ok(typed)
    }

    fn update_from_arg_matches(
        &mut self,
        matches: &ArgMatches,
    ) -> std::result::Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The options of a type; made when the type is the one that was typed.
fn arguments(command: Command) -> Command {
    let Some(kind) = schema::find(command.get_name()) else { return command };
    let example = format!("Example: ledger events {}, which prints the whole event", kind.name);
    spelt(kind)
        .iter()
        .fold(command.after_help(example), |command, option| command.arg(option.arg()))
}

/// All options of a type, those that it demands first.
fn spelt(kind: &EventType) -> Vec<Spelt> {
    let mut options: Vec<Spelt> = Vec::new();
    for name in kind.subject {
        options.push(Spelt {
            long: free(name, ""),
            pointers: vec![format!("/subject/{name}")],
            shape: if *name == "artifact" { Shape::Digest } else { Shape::Id },
            required: true,
            help: "what the event is about".to_owned(),
        });
    }
    collect(kind.data, "", "/data", true, &mut options);
    options.sort_by_key(|option| !option.required);
    options
}

fn collect(fields: &[Field], prefix: &str, at: &str, required: bool, options: &mut Vec<Spelt>) {
    for field in fields {
        let long = free(field.name, prefix);
        let pointer = format!("{at}/{}", field.name);
        let required = required && field.required;
        if let Shape::Object(inner) = field.shape {
            collect(inner, &format!("{long}."), &pointer, required, options);
        } else if let Some(same) = options.iter_mut().find(|option| option.long == long) {
            same.pointers.push(pointer);
        } else {
            let help = field.meaning.to_owned();
            options.push(Spelt {
                long,
                pointers: vec![pointer],
                shape: field.shape,
                required,
                help,
            });
        }
    }
}

/// The option of a field: `_` becomes `-`, a name that is taken gets `data-` before it.
fn free(name: &str, prefix: &str) -> String {
    let long = format!("{prefix}{}", name.replace('_', "-"));
    if RESERVED.contains(&long.as_str()) { format!("data-{long}") } else { long }
}

impl Spelt {
    fn arg(&self) -> Arg {
        let arg = Arg::new(self.long.clone()).long(self.long.clone()).help_heading("Fields");
        if matches!(self.shape, Shape::Flag) {
            return arg.action(ArgAction::SetTrue).help(self.help.clone());
        }
        let many = matches!(self.shape, Shape::List(_) | Shape::Filled(_) | Shape::Map(_));
        let action = if many { ArgAction::Append } else { ArgAction::Set };
        let needed = if self.required { "[needed] " } else { "" };
        arg.action(action)
            .value_name(value_name(&self.shape))
            .help(format!("{needed}{}{}", self.help, if many { " (may be repeated)" } else { "" }))
            .value_parser(Words(words(&self.shape)))
    }

    /// The value that was given; the problem with it otherwise.
    fn value(&self, matches: &ArgMatches) -> std::result::Result<Option<Value>, String> {
        if matches!(self.shape, Shape::Flag) {
            return Ok(matches.get_flag(&self.long).then_some(Value::Bool(true)));
        }
        let Some(mut texts) = matches.get_many::<String>(&self.long) else { return Ok(None) };
        match &self.shape {
            Shape::List(item) | Shape::Filled(item) => {
                let items = texts.map(|text| value(item, text));
                items.collect::<std::result::Result<_, _>>().map(|items| Some(Value::List(items)))
            }
            Shape::Map(item) => {
                let pairs = texts.map(|text| match text.split_once('=') {
                    Some((name, text)) => Ok((name.to_owned(), value(item, text)?)),
                    None => Err(format!("`{text}` is not NAME=VALUE")),
                });
                let pairs: Vec<_> = pairs.collect::<std::result::Result<_, _>>()?;
                Ok(Some(Value::object(pairs)))
            }
            shape => texts.next().map(|text| value(shape, text)).transpose(),
        }
    }
}

fn value(shape: &Shape, text: &str) -> std::result::Result<Value, String> {
    if text.trim().is_empty() {
        return Err("the value is empty".to_owned());
    }
    match shape {
        Shape::Count => text
            .parse::<u32>()
            .map(u64::from)
            .or_else(|_| text.parse::<u64>())
            .ok()
            .filter(|count| *count < 1 << 53 && count.to_string() == text)
            .map(Value::count)
            .ok_or_else(|| format!("`{text}` is not a whole number from 0")),
        Shape::Boolean | Shape::Flag => match text {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(format!("`{text}` is neither `true` nor `false`")),
        },
        Shape::Enum(words) if !words.contains(&text) => {
            Err(format!("`{text}` is none of `{}`", words.join("`, `")))
        }
        Shape::Person => keys::identity(text).map_err(|failure| failure.message().to_owned()),
        Shape::Object(_) | Shape::Attached | Shape::List(_) | Shape::Filled(_) | Shape::Map(_) => {
            read(text.as_bytes()).map_err(|error| format!("it is not JSON: {}", error.message()))
        }
        _ => Ok(Value::text(text)),
    }
}

fn value_name(shape: &Shape) -> &'static str {
    match shape {
        Shape::Enum(_) => "WORD",
        Shape::Digest => "sha256:HEX",
        Shape::Time => "TIME",
        Shape::Duration => "DURATION",
        Shape::Count => "NUMBER",
        Shape::Decimal => "DECIMAL",
        Shape::Boolean => "true|false",
        Shape::Person => "ISSUER:ID",
        Shape::Sealed => "TEXT",
        Shape::Map(_) => "NAME=VALUE",
        Shape::Object(_) | Shape::Attached => "JSON",
        Shape::List(item) | Shape::Filled(item) => value_name(item),
        _ => "ID",
    }
}

fn words(shape: &Shape) -> &'static [&'static str] {
    match shape {
        Shape::Enum(words) => words,
        Shape::List(item) | Shape::Filled(item) => words(item),
        Shape::Boolean => &["true", "false"],
        _ => &[],
    }
}

/// Takes any text, and lets completions know the words: what is wrong with a value is said by us.
#[derive(Clone)]
struct Words(&'static [&'static str]);

impl TypedValueParser for Words {
    type Value = String;

    fn parse_ref(
        &self,
        _: &Command,
        _: Option<&Arg>,
        value: &std::ffi::OsStr,
    ) -> std::result::Result<String, clap::Error> {
        value.to_str().map(str::to_owned).ok_or_else(|| clap::Error::new(ErrorKind::InvalidUtf8))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let words = self.0.iter().map(|word| PossibleValue::new(*word));
        (!self.0.is_empty()).then(|| Box::new(words) as Box<dyn Iterator<Item = PossibleValue>>)
    }
}
