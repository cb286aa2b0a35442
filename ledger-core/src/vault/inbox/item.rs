//! What an appender tells the vault: one line of canonical JSON each.

use std::fmt;

use crate::encoding;
use crate::error::{Error, Result};
use crate::hash::Sha256;
use crate::json::{Document, Names, quote};
use crate::seal::Disclosure;
use crate::vault::cipher::DataKey;
use crate::vault::persons::Pseudonym;

/// What tells a person from a disclosure.
const PERSON: &[u8] = b"{\"identity\":";

const IDENTITY: &str = "{\"identity\":{\"id\":";
const ISSUER: &str = ",\"issuer\":";
const PSEUDONYM: &str = "},\"pseudonym\":\"";
const CLOSE: &str = "\"}";

/// What tells the key of an attachment from the others.
const ATTACHMENT: &str = "{\"attachment\":\"";
const KEY: &str = "\",\"key\":\"";

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
    /// `{"attachment":"sha256:…","key":"…"}`: opens a private attachment of the group's events.
    Attachment {
        /// SHA-256 of its ciphertext, as the event names it.
        digest: Sha256,
        /// What opens it.
        key: DataKey,
    },
}

impl Item {
    /// Appends the line, with its newline; codes of [`Disclosure::check`].
    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<()> {
        match self {
            Self::Disclosure(disclosure) => {
                disclosure.check()?;
                disclosure.write_json(out);
            }
            Self::Person { issuer, id, pseudonym } => {
                out.extend_from_slice(person(issuer, id, *pseudonym).as_bytes());
            }
            Self::Attachment { digest, key } => {
                out.extend_from_slice(attachment_line(*digest, key).as_bytes());
            }
        }
        out.push(b'\n');
        Ok(())
    }

    /// Reads a line without its newline; code `inbox-line`, or those of
    /// [`Disclosure::from_json`].
    pub(super) fn parse(line: &[u8]) -> Result<Self> {
        if line.starts_with(ATTACHMENT.as_bytes()) {
            return parse_attachment(line).ok_or_else(|| {
                Error::malformed("inbox-line", "not the one spelling of an attachment's key")
            });
        }
        if !line.starts_with(PERSON) {
            return Disclosure::from_json(line).map(Self::Disclosure);
        }
        parse_person(line)
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
            Self::Attachment { digest, .. } => {
                f.debug_struct("Attachment").field("digest", digest).finish_non_exhaustive()
            }
        }
    }
}

fn person(issuer: &str, id: &str, pseudonym: Pseudonym) -> String {
    let mut line = String::from(IDENTITY);
    quote(id, &mut line);
    line.push_str(ISSUER);
    quote(issuer, &mut line);
    line.push_str(PSEUDONYM);
    line.push_str(&pseudonym.to_string());
    line.push_str(CLOSE);
    line
}

fn attachment_line(digest: Sha256, key: &DataKey) -> String {
    let (digest, key) = (digest.to_reference(), encoding::base64(&key.to_bytes()));
    format!("{ATTACHMENT}{digest}{KEY}{key}{CLOSE}")
}

fn parse_attachment(line: &[u8]) -> Option<Item> {
    let line = std::str::from_utf8(line).ok()?;
    let (digest, key) = line.strip_prefix(ATTACHMENT)?.strip_suffix(CLOSE)?.split_once(KEY)?;
    let digest = Sha256::from_reference(digest)?;
    let key = DataKey::from_bytes(encoding::from_base64(key.as_bytes()).ok()?);
    Some(Item::Attachment { digest, key })
}

fn parse_person(line: &[u8]) -> Option<Item> {
    let mut document = Document::default();
    let view = document.parse(line, Names::Plain).ok()?;
    let identity = view.get("identity")?;
    let (issuer, id) = (identity.get("issuer")?.text()?, identity.get("id")?.text()?);
    let pseudonym = view.get("pseudonym")?.plain()?.parse().ok()?;
    // what is written again must be the line: nothing may stand beside these members
    let same = person(&issuer, &id, pseudonym).as_bytes() == line;
    let (issuer, id) = (issuer.into_owned(), id.into_owned());
    same.then_some(Item::Person { issuer, id, pseudonym })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(item: &Item) -> Vec<u8> {
        let mut out = Vec::new();
        item.write(&mut out).unwrap();
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
