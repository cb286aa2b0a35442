//! The rules as they are written.

use super::{ERASE, REFUSE, one_of};
use crate::error::{Error, Result};
use crate::event::is_id;
use crate::json::{Value, read};

/// A class of records that can be destroyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Who a pseudonym is: names, addresses, logins, links.
    Identity,
    /// What opens sealed values: comments, titles, reasons.
    Text,
    /// Private attachments: raw originals, snapshots, extracts.
    Original,
}

impl Class {
    /// All classes.
    pub const ALL: [Self; 3] = [Self::Identity, Self::Text, Self::Original];

    /// Its word in rules and events.
    pub fn word(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Text => "text",
            Self::Original => "original",
        }
    }

    /// Reads the word; code `class-unknown`.
    pub fn parse(word: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|class| class.word() == word).ok_or_else(|| {
            Error::malformed("class-unknown", format!("`{word}` is no class of records"))
                .hint("one of `identity`, `text`, `original`; the log itself is never erased")
        })
    }
}

/// How long one class is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The rule's id, named in `retention.executed`.
    pub id: String,
    /// What it is about.
    pub class: Class,
    /// Days for which it must be kept.
    pub minimum_days: Option<u64>,
    /// Days after which it must go.
    pub maximum_days: Option<u64>,
    /// From when the days count.
    pub trigger: String,
    /// `statute`, `regulation`, `contract` or `policy`.
    pub basis: String,
    /// Where it is written; for a policy, that it is the company's.
    pub citation: String,
    /// One of the statutes: what a restriction by this rule cites instead of the rule's id.
    pub statute: Option<String>,
}

/// All rules in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    all: Vec<Rule>,
    statutes: Vec<String>,
    erase: Vec<String>,
}

impl Rules {
    /// Reads the rules; every class has exactly one. Codes `retention-rules`, `json-*`.
    pub fn parse(text: &[u8]) -> Result<Self> {
        let root = read(text)?;
        only(&root, "/", &["erasure_grounds", "format", "rules", "statutes"])?;
        if root.get("format").and_then(Value::as_text) != Some("release-ledger/retention@v1") {
            return Err(wrong("/format", "`release-ledger/retention@v1` stands here"));
        }
        let statutes = ids(&root, "statutes")?;
        let mut rules = Vec::new();
        for (at, rule) in items(&root, "rules")?.iter().enumerate() {
            let rule = parse_rule(rule, &format!("/rules/{at}"), &statutes)?;
            if rules.iter().any(|known: &Rule| known.class == rule.class) {
                return Err(wrong(&format!("/rules/{at}/class"), "the class has a rule already"));
            }
            rules.push(rule);
        }
        if let Some(class) =
            Class::ALL.iter().find(|class| !rules.iter().any(|rule| rule.class == **class))
        {
            return Err(wrong("/rules", &format!("class `{}` has no rule", class.word())));
        }
        Ok(Self { all: rules, statutes, erase: ids(&root, "erasure_grounds")? })
    }

    /// All rules, in the order in which they are written.
    pub fn all(&self) -> &[Rule] {
        &self.all
    }

    /// The rule of a class.
    pub fn rule(&self, class: Class) -> &Rule {
        static NONE: std::sync::OnceLock<Rule> = std::sync::OnceLock::new();
        // parsing saw to it that every class has one
        self.all.iter().find(|rule| rule.class == class).unwrap_or_else(|| {
            NONE.get_or_init(|| Rule {
                id: String::new(),
                class,
                minimum_days: None,
                maximum_days: None,
                trigger: String::new(),
                basis: String::new(),
                citation: String::new(),
                statute: None,
            })
        })
    }

    /// Whether it is a ground for erasing; codes `basis-unknown`, `basis-empty`.
    pub fn erasure(&self, ground: &str) -> Result<()> {
        one_of(ground, &ERASE, &self.erase)
    }

    /// Whether it is a ground for refusing; codes `basis-unknown`, `basis-empty`.
    pub fn refusal(&self, ground: &str) -> Result<()> {
        one_of(ground, &REFUSE, &self.statutes)
    }
}

fn parse_rule(rule: &Value, at: &str, statutes: &[String]) -> Result<Rule> {
    let known =
        ["basis", "citation", "class", "id", "maximum_days", "minimum_days", "statute", "trigger"];
    only(rule, at, &known)?;
    let text = |name: &str| {
        rule.get(name)
            .and_then(Value::as_text)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
            .ok_or_else(|| wrong(&format!("{at}/{name}"), "a text that is not empty stands here"))
    };
    let days = |name: &str| match rule.get(name) {
        None => Ok(None),
        Some(Value::Integer(days)) if (1..=36_525).contains(days) => Ok(u64::try_from(*days).ok()),
        Some(_) => Err(wrong(&format!("{at}/{name}"), "1 to 36525 days stand here")),
    };
    let (id, trigger, basis) = (text("id")?, text("trigger")?, text("basis")?);
    for (name, value) in [("id", &id), ("trigger", &trigger)] {
        if !is_id(value) {
            return Err(wrong(&format!("{at}/{name}"), "a restricted id stands here"));
        }
    }
    if !["statute", "regulation", "contract", "policy"].contains(&basis.as_str()) {
        let message = "one of `statute`, `regulation`, `contract`, `policy` stands here";
        return Err(wrong(&format!("{at}/basis"), message));
    }
    let (minimum_days, maximum_days) = (days("minimum_days")?, days("maximum_days")?);
    if let (Some(minimum), Some(maximum)) = (minimum_days, maximum_days)
        && minimum > maximum
    {
        return Err(wrong(at, "the minimum is longer than the maximum"));
    }
    let statute = rule.get("statute").map(|_| text("statute")).transpose()?;
    if statute.as_ref().is_some_and(|statute| !statutes.contains(statute)) {
        return Err(wrong(&format!("{at}/statute"), "one of `statutes` stands here"));
    }
    let class = Class::parse(&text("class")?).map_err(|error| error.at(format!("{at}/class")))?;
    let citation = text("citation")?;
    Ok(Rule { id, class, minimum_days, maximum_days, trigger, basis, citation, statute })
}

fn items<'a>(value: &'a Value, name: &str) -> Result<&'a [Value]> {
    match value.get(name) {
        Some(Value::List(items)) => Ok(items),
        _ => Err(wrong(&format!("/{name}"), "a list stands here")),
    }
}

fn ids(value: &Value, name: &str) -> Result<Vec<String>> {
    let id = |item: &Value| item.as_text().filter(|text| is_id(text)).map(str::to_owned);
    items(value, name)?
        .iter()
        .map(|item| id(item).ok_or_else(|| wrong(&format!("/{name}"), "restricted ids stand here")))
        .collect()
}

fn only(value: &Value, at: &str, known: &[&str]) -> Result<()> {
    let Value::Object(members) = value else { return Err(wrong(at, "an object stands here")) };
    match members.keys().find(|name| !known.contains(name)) {
        Some(name) => Err(wrong(at, &format!("`{name}` is not known here"))),
        None => Ok(()),
    }
}

fn wrong(at: &str, message: &str) -> Error {
    Error::malformed("retention-rules", message).at(at)
}
