//! What an appender tells the vault: one line of canonical JSON each.

use std::fmt;

use crate::encoding;
use crate::error::{Error, Result};
use crate::seal::Disclosure;
use crate::vault::persons::Pseudonym;

const IDENTITY: &str = "{\"identity\":{\"id\":";
const ISSUER: &str = ",\"issuer\":";
const PSEUDONYM: &str = "},\"pseudonym\":\"";
const CLOSE: &str = "\"}";

/// One line of the inbox.
#[derive(Clone, PartialEq, Eq)]
pub enum Item {
    /// `{"commitment":"…","salt":"…","value":…}`: opens a sealed value of the group's events.
    Disclosure(Disclosure),
    /// `{"identity":{"id":"…","issuer":"…"},"pseudonym":"…"}`: a person was met for the first time.
    Person {
        /// Who names the person: an identity provider, a code host, a directory.
        issuer: String,
        /// The name it gives.
        id: String,
        /// The pseudonym that the log has for the person.
        pseudonym: Pseudonym,
    },
}

impl Item {
    /// Appends the line, with its newline.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Disclosure(disclosure) => disclosure.write_json(out),
            Self::Person { issuer, id, pseudonym } => {
                out.extend_from_slice(person(issuer, id, &pseudonym.to_string()).as_bytes());
            }
        }
        out.push(b'\n');
    }

    /// Reads a line without its newline; code `inbox-line`, or those of
    /// [`Disclosure::from_json`].
    pub(super) fn parse(line: &[u8]) -> Result<Self> {
        if !line.starts_with(IDENTITY.as_bytes()) {
            return Disclosure::from_json(line).map(Self::Disclosure);
        }
        std::str::from_utf8(line)
            .ok()
            .and_then(parse_person)
            .ok_or_else(|| Error::malformed("inbox-line", "not the one spelling of a person"))
    }
}

/// Shows no person.
impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disclosure(disclosure) => disclosure.fmt(f),
            Self::Person { pseudonym, .. } => {
                f.debug_struct("Person").field("pseudonym", pseudonym).finish_non_exhaustive()
            }
        }
    }
}

fn person(issuer: &str, id: &str, pseudonym: &str) -> String {
    let (issuer, id) = (quote(issuer), quote(id));
    [IDENTITY, &id, ISSUER, &issuer, PSEUDONYM, pseudonym, CLOSE].concat()
}

fn parse_person(line: &str) -> Option<Item> {
    let (id, rest) = unquote(line.strip_prefix(IDENTITY)?)?;
    let (issuer, rest) = unquote(rest.strip_prefix(ISSUER)?)?;
    let text = rest.strip_prefix(PSEUDONYM)?.strip_suffix(CLOSE)?;
    let pseudonym = text.parse().ok()?;
    (person(&issuer, &id, text) == line).then_some(Item::Person { issuer, id, pseudonym })
}

/// The JSON string of RFC 8785 section 3.2.2.2.
fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if c < ' ' => {
                out.push_str("\\u00");
                out.push_str(&encoding::hex(&[u8::try_from(c).unwrap_or_default()]));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Reads a JSON string, and returns what is after it. Lenient: the caller compares spellings.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut rest = text.strip_prefix('"')?.chars();
    loop {
        match rest.next()? {
            '"' => return Some((out, rest.as_str())),
            '\\' => out.push(match rest.next()? {
                'b' => '\u{8}',
                't' => '\t',
                'n' => '\n',
                'f' => '\u{c}',
                'r' => '\r',
                'u' => {
                    let (digits, after) = rest.as_str().split_at_checked(4)?;
                    rest = after.chars();
                    char::from_u32(u32::from_str_radix(digits, 16).ok()?)?
                }
                c => c,
            }),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(item: &Item) -> Vec<u8> {
        let mut out = Vec::new();
        item.write(&mut out);
        assert_eq!(out.pop(), Some(b'\n'));
        out
    }

    proptest! {
        #[test]
        fn a_person_has_one_spelling(issuer: String, id: String, name: [u8; 16], at: usize, other: u8) {
            let item = Item::Person { issuer: issuer.clone(), id: id.clone(), pseudonym: Pseudonym(name) };
            let text = line(&item);
            prop_assert!(!text.contains(&b'\n'));
            prop_assert_eq!(&Item::parse(&text).unwrap(), &item);
            // another writer of JSON agrees
            let value: serde_json::Value = serde_json::from_slice(&text).unwrap();
            prop_assert_eq!(value["identity"]["issuer"].as_str(), Some(issuer.as_str()));
            prop_assert_eq!(value["identity"]["id"].as_str(), Some(id.as_str()));
            prop_assert_eq!(serde_json::to_string(&value).unwrap().into_bytes(), text.clone());
            let mut changed = text;
            let at = at % changed.len();
            changed[at] = other;
            if let Ok(read) = Item::parse(&changed) {
                prop_assert_eq!(line(&read), changed);
            }
        }
    }

    #[test]
    fn says_no_name() {
        let (issuer, id) = ("issuer".to_owned(), "somebody".to_owned());
        let item = Item::Person { issuer, id, pseudonym: Pseudonym([0; 16]) };
        assert!(!format!("{item:?}").contains("somebody"));
    }
}
