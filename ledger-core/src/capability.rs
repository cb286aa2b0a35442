//! Capability: one thing a key may do, and its spelling.
//!
//! Spec page: `spec/trust.md`. A key that appends cannot change the rules, nor speak for a person:
//! each power has its own word, and `checkpoint` and `witness` stand alone.

use std::fmt;

use crate::error::{Error, Result};
use crate::event::{is_id, is_label};

/// One power of a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// `append:<pattern>`: events whose type fits; the pattern is a type with an optional final `*`.
    Append(String),
    /// `approve`: approvals in the name of the key's person.
    Approve,
    /// `review`: access-review decisions in the name of the key's person.
    Review,
    /// `sign_off`: sign-offs and acceptances in the name of the key's person.
    SignOff,
    /// `relay:<source>`: imported events of that source, also of persons.
    Relay(String),
    /// `gate:<name>`: verdicts of that gate.
    Gate(String),
    /// `policy`: rules, with others.
    Policy,
    /// `admin`: keys, with others.
    Admin,
    /// `checkpoint`: signs checkpoints and nothing else.
    Checkpoint,
    /// `witness`: cosigns checkpoints and nothing else.
    Witness,
}

impl Capability {
    /// Reads one capability; code `capability`.
    pub fn parse(text: &str) -> Result<Self> {
        let (word, of) = text.split_once(':').map_or((text, None), |(word, of)| (word, Some(of)));
        let found = match (word, of) {
            ("append", Some(pattern)) if is_pattern(pattern) => Self::Append(pattern.to_owned()),
            ("relay", Some(source)) if is_id(source) => Self::Relay(source.to_owned()),
            ("gate", Some(name)) if is_label(name) => Self::Gate(name.to_owned()),
            ("approve", None) => Self::Approve,
            ("review", None) => Self::Review,
            ("sign_off", None) => Self::SignOff,
            ("policy", None) => Self::Policy,
            ("admin", None) => Self::Admin,
            ("checkpoint", None) => Self::Checkpoint,
            ("witness", None) => Self::Witness,
            _ => {
                return Err(Error::malformed(
                    "capability",
                    format!("`{text}` is not a capability"),
                )
                .hint("like `append:deployment.*`, `approve`, `relay:github` or `checkpoint`"));
            }
        };
        Ok(found)
    }

    /// Whether it allows appending events of the type.
    pub fn appends(&self, kind: &str) -> bool {
        match self {
            Self::Append(pattern) => match pattern.strip_suffix('*') {
                Some(prefix) => kind.starts_with(prefix),
                None => kind == pattern,
            },
            _ => false,
        }
    }

    /// What it allows, in plain words for whoever is asked to grant it.
    pub fn meaning(&self) -> &'static str {
        match self {
            Self::Append(pattern) if pattern == "*" => "appends events of nearly all types",
            Self::Append(pattern) if pattern.ends_with('*') => {
                "appends events of all types that begin so"
            }
            Self::Append(_) => "appends events of this type",
            Self::Approve => "approves in the name of its holder",
            Self::Review => "decides access reviews in the name of its holder",
            Self::SignOff => "signs off and accepts risks in the name of its holder",
            Self::Relay(_) => "speaks for the persons of this source",
            Self::Gate(_) => "gives the verdicts of this gate",
            Self::Policy => "changes rules, together with other persons",
            Self::Admin => "registers and revokes keys, together with other persons",
            Self::Checkpoint => "signs checkpoints of the log, and nothing else",
            Self::Witness => "cosigns checkpoints, and nothing else",
        }
    }

    /// Whether it spells this type in full: what may be granted to nobody by accident.
    pub fn spells(&self, kind: &str) -> bool {
        matches!(self, Self::Append(pattern) if pattern == kind)
    }

    /// Whether it relays imported events of the source.
    pub fn relays(&self, source: &str) -> bool {
        matches!(self, Self::Relay(known) if known == source)
    }

    /// Whether it gives verdicts of the gate.
    pub fn judges(&self, gate: &str) -> bool {
        matches!(self, Self::Gate(known) if known == gate)
    }

    /// Whether a key with it speaks in a person's name.
    pub fn is_personal(&self) -> bool {
        matches!(self, Self::Approve | Self::Review | Self::SignOff)
    }

    /// Whether a key may hold it only alone.
    pub fn stands_alone(&self) -> bool {
        matches!(self, Self::Checkpoint | Self::Witness)
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Append(pattern) => write!(f, "append:{pattern}"),
            Self::Relay(source) => write!(f, "relay:{source}"),
            Self::Gate(name) => write!(f, "gate:{name}"),
            Self::Approve => f.write_str("approve"),
            Self::Review => f.write_str("review"),
            Self::SignOff => f.write_str("sign_off"),
            Self::Policy => f.write_str("policy"),
            Self::Admin => f.write_str("admin"),
            Self::Checkpoint => f.write_str("checkpoint"),
            Self::Witness => f.write_str("witness"),
        }
    }
}

/// `[a-z_.]*` with an optional final `*`.
fn is_pattern(text: &str) -> bool {
    let stem = text.strip_suffix('*').unwrap_or(text);
    text.len() <= 64
        && !text.is_empty()
        && stem.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_and_what_it_allows() {
        for good in ["append:*", "append:deployment.*", "append:a.b", "approve", "relay:github"] {
            assert_eq!(Capability::parse(good).unwrap().to_string(), good);
        }
        for bad in [
            "",
            "append",
            "append:",
            "append:A",
            "append:*x",
            "relay:",
            "relay:A B",
            "approve:x",
            "root",
        ] {
            assert!(Capability::parse(bad).is_err(), "{bad}");
        }
        assert!(Capability::parse("append:deployment.*").unwrap().appends("deployment.started"));
        assert!(!Capability::parse("append:deployment.*").unwrap().appends("deploy.started"));
        assert!(!Capability::parse("approve").unwrap().appends("approval.decided"));
        let [wide, full] = ["append:person.*", "append:person.erased"]
            .map(|text| Capability::parse(text).unwrap());
        assert!(wide.appends("person.erased") && !wide.spells("person.erased"));
        assert!(full.appends("person.erased") && full.spells("person.erased"));
        let gate = Capability::parse("gate:release").unwrap();
        assert!(gate.judges("release") && !gate.judges("release2") && !gate.relays("release"));
        assert!(Capability::parse("relay:github").unwrap().relays("github"));
    }
}
