//! What the caller gives for records that do not say it themselves: which artifact a report is
//! about, in which run it was made, who brought it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::audit::digest_of;
use super::{Person, Trail};

/// Values by name, as given with `--given NAME=VALUE`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Given {
    values: BTreeMap<String, String>,
    /// What the files of the import say of each other.
    trail: Option<Arc<Trail>>,
}

/// The names that some source asks for, and what they are.
pub(crate) const NAMES: &[(&str, &str)] = &[
    ("artifact", "digest of the artifact that the record is about"),
    ("attempt", "which attempt of the run, from 1; 1 if not given"),
    ("by", "who did it, as ISSUER/ID"),
    ("collector", "what collected a snapshot"),
    ("complete", "`yes`, if whoever collected a snapshot knows that it is whole"),
    ("environment", "environment that the record is about"),
    ("keys", "PEM file of public keys to verify signatures with"),
    ("level", "level of the tests, like `unit`"),
    ("mapping", "file that says which column of a CSV is what"),
    ("minimum", "least coverage in percent, like `80` or `82.5`"),
    ("pages", "number of pages that a snapshot came in"),
    ("query", "how a snapshot was asked for"),
    ("region", "region that the record is about"),
    ("role", "role that a list was asked for by"),
    ("run", "run that made the report"),
    ("scope", "team, repository, application or group that a list is of"),
    ("service", "service that the record is about"),
    ("system", "system that the record is about"),
    ("taken_at", "when a snapshot was taken"),
    ("total", "number of items that the system says there are"),
];

impl Given {
    /// From texts `NAME=VALUE`; the text that is not one, if any.
    pub(crate) fn parse(texts: &[String]) -> Result<Self, String> {
        let mut values = BTreeMap::new();
        for text in texts {
            let wrong = || text.clone();
            let (name, value) = text.split_once('=').ok_or_else(wrong)?;
            let known = NAMES.iter().any(|(known, _)| *known == name);
            let twice = values.insert(name.to_owned(), value.to_owned()).is_some();
            if !known || value.trim().is_empty() || twice {
                return Err(wrong());
            }
        }
        Ok(Self { values, trail: None })
    }

    /// The value of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// With what stands in a file in place of its name.
    pub(crate) fn with(mut self, name: &str, content: String) -> Self {
        self.values.insert(name.to_owned(), content);
        self
    }

    /// With what the files of the import say of each other.
    pub(crate) fn beside(mut self, trail: Trail) -> Self {
        self.trail = Some(Arc::new(trail));
        self
    }

    /// What the files of the import say of each other.
    pub(crate) fn trail(&self) -> Option<&Trail> {
        self.trail.as_deref()
    }

    /// The identity of a report without one: its digest, together with what it is bound to. The same
    /// bytes can be the report of two artifacts.
    pub(crate) fn identity(&self, bytes: &[u8]) -> String {
        let bound: Vec<&str> = ["artifact", "run", "attempt", "taken_at"]
            .iter()
            .filter_map(|name| self.get(name))
            .collect();
        let own = digest_of(bytes);
        if bound.is_empty() {
            return own;
        }
        digest_of(format!("{own} {}", bound.join(" ")).as_bytes())
    }

    /// Who did it.
    pub(crate) fn by(&self) -> Option<Person> {
        let (issuer, id) = self.get("by")?.split_once('/')?;
        Person::new(issuer, Some(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_names_with_a_value_are_given_and_each_once() {
        let parse = |texts: &[&str]| {
            Given::parse(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
        };
        let given = parse(&["run=ci-1", "by=ci/runner-2"]).unwrap();
        assert_eq!((given.get("run"), given.get("level")), (Some("ci-1"), None));
        assert_eq!(given.by(), Person::new("ci", Some("runner-2")));
        for wrong in [&["run"][..], &["run="], &["run= "], &["colour=red"], &["run=1", "run=1"]] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
