//! Separation: the matrix of duties that one person must not hold at once (`controls/sod.toml`).

use serde::Deserialize;

use super::parse;
use crate::check::Severity;
use crate::check::matrix::{Matrix, Reach, Rule};
use crate::error::{Error, Result};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(rename = "version")]
    _version: String,
    duty: Vec<Duty>,
    rule: Vec<WrittenRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Duty {
    code: String,
    #[serde(rename = "meaning")]
    _meaning: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    id: String,
    duties: Vec<String>,
    kind: Vec<Kind>,
    severity: String,
    scope: Scope,
    #[serde(rename = "rationale")]
    _rationale: String,
    mitigation: Vec<Mitigation>,
    /// Whether a duty counts for whoever can read the secret of an account that has it.
    #[serde(default)]
    through_secret: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Static,
    Dynamic,
    Analytic,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Scope {
    SameChange,
    SameSystem,
    Any,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mitigation {
    id: String,
    #[serde(rename = "words")]
    _words: String,
}

impl Matrix {
    /// The matrix that is built in.
    pub fn shipped() -> Result<Self> {
        Self::read("controls/sod.toml", include_str!("../../../controls/sod.toml"))
    }

    /// Reads a matrix; code `control-file` with file and line, `sod-rule` for a rule that makes no sense.
    pub fn read(file: &str, text: &str) -> Result<Self> {
        let written: Written = parse(file, text)?;
        let known =
            |code: &String| code == "ANY" || written.duty.iter().any(|duty| duty.code == *code);
        let mut rules: Vec<Rule> = Vec::new();
        for rule in &written.rule {
            let wrong = |message: String| {
                Err(Error::refused("sod-rule", message).at(format!("{file}, rule {}", rule.id)))
            };
            let Some((duty, against)) = rule.duties.split_first() else {
                return wrong("a rule names at least two duties".to_owned());
            };
            if against.is_empty() {
                return wrong("a rule names at least two duties".to_owned());
            }
            if let Some(stray) = rule.duties.iter().find(|code| !known(code)) {
                return wrong(format!("`{stray}` is no duty"));
            }
            if rules.iter().any(|other| other.id == rule.id) {
                return wrong("it stands twice".to_owned());
            }
            let Some(severity) = Severity::parse(&rule.severity) else {
                return wrong(format!("`{}` is no severity", rule.severity));
            };
            rules.push(Rule {
                id: rule.id.clone(),
                duty: duty.clone(),
                against: against.to_vec(),
                reach: match rule.scope {
                    Scope::SameChange | Scope::SameSystem => Reach::SameSystem,
                    Scope::Any => Reach::Any,
                },
                severity,
                // two accounts of one person are one person already: there is nothing to pair
                standing: rule.kind.contains(&Kind::Static) && duty != "ANY",
                through_secret: rule.through_secret,
                mitigation: rule.mitigation.iter().map(|known| known.id.clone()).collect(),
            });
        }
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(Self { rules })
    }
}
