//! Snapshot: who may do what in a system at a time, as an `access.observed` lists it, and the items of a
//! review made of it (`spec/listing.md`).
//!
//! Both lists are in a normal form: one canonical JSON object on each line. Persons are pseudonyms;
//! an account is an opaque key, the same in all lists. A list with a row that cannot be read says
//! nothing: none of it is used.

use super::rows::lines;
use crate::error::Result;
use crate::time::Timestamp;
use crate::vault::persons::Pseudonym;

/// What an account is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountType {
    /// One person's.
    Personal,
    /// A program's.
    Service,
    /// Several persons'.
    Shared,
    /// For emergencies.
    BreakGlass,
}

/// How an entitlement came to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// To the account itself.
    Direct,
    /// Through a group.
    Group,
    /// Through a policy.
    Policy,
}

/// One entitlement of an account, or that the account is there.
#[derive(Clone, Debug)]
pub struct Row {
    /// The system.
    pub system: Box<str>,
    /// The account.
    pub account: Box<str>,
    /// Whose it is.
    pub person: Option<Pseudonym>,
    /// What it is for.
    pub account_type: Option<AccountType>,
    /// Whether it can be used.
    pub enabled: Option<bool>,
    /// Who answers for it.
    pub owner: Option<Box<str>>,
    /// What it is there for.
    pub purpose: Option<Box<str>>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When somebody last logged in.
    pub last_login: Option<Timestamp>,
    /// When it was last used.
    pub last_used: Option<Timestamp>,
    /// Whether it needs a second factor.
    pub mfa: Option<bool>,
    /// When its oldest key was changed.
    pub key_rotated_at: Option<Timestamp>,
    /// Whether it is somebody's from outside.
    pub external: Option<bool>,
    /// What it may do.
    pub entitlement: Option<Box<str>>,
    /// The same in words.
    pub description: Option<Box<str>>,
    /// Where.
    pub scope: Option<Box<str>>,
    /// How it came to it.
    pub source: Option<Path>,
    /// Whether it may do what few may.
    pub privileged: Option<bool>,
    /// When it was given.
    pub granted_at: Option<Timestamp>,
    /// Who gave it.
    pub granted_by: Option<Box<str>>,
    /// The approval that it names.
    pub approval: Option<Box<str>>,
    /// When it ends.
    pub expires: Option<Timestamp>,
    /// The account whose secret it opens.
    pub secret_of: Option<Box<str>>,
}

/// One item of an access review.
#[derive(Clone, Debug)]
pub struct ReviewItem {
    /// Its id, unique in its campaign.
    pub item: Box<str>,
    /// The system.
    pub system: Box<str>,
    /// The account.
    pub account: Box<str>,
    /// Whose it is.
    pub person: Option<Pseudonym>,
    /// What it may do.
    pub entitlement: Option<Box<str>>,
    /// Where.
    pub scope: Option<Box<str>>,
    /// Whether it may do what few may.
    pub privileged: Option<bool>,
}

/// What makes two rows the same: system, account, entitlement, scope.
pub type Key<'r> = (&'r str, &'r str, Option<&'r str>, Option<&'r str>);

impl Row {
    /// What makes it the same as another.
    pub fn key(&self) -> Key<'_> {
        let (entitlement, scope) = (self.entitlement.as_deref(), self.scope.as_deref());
        (&self.system, &self.account, entitlement, scope)
    }

    /// Whether the account can be used; what nobody says can be.
    pub fn is_enabled(&self) -> bool {
        self.enabled != Some(false)
    }

    /// Whether it is known to be privileged.
    pub fn is_privileged(&self) -> bool {
        self.privileged == Some(true)
    }
}

impl ReviewItem {
    /// What makes it the same as a row.
    pub fn key(&self) -> Key<'_> {
        let (entitlement, scope) = (self.entitlement.as_deref(), self.scope.as_deref());
        (&self.system, &self.account, entitlement, scope)
    }
}

/// The rows of a snapshot; codes `json-*`, `list-row`, `list-member`, `list-value`.
pub fn rows(bytes: &[u8]) -> Result<Vec<Row>> {
    lines(bytes, |members| {
        Some(Row {
            system: members.text("system")?,
            account: members.text("account")?,
            person: members.person("person"),
            account_type: members.word("account_type", |word| match word {
                "personal" => Some(AccountType::Personal),
                "service" => Some(AccountType::Service),
                "shared" => Some(AccountType::Shared),
                "break_glass" => Some(AccountType::BreakGlass),
                _ => None,
            }),
            enabled: members.flag("enabled"),
            owner: members.text("owner"),
            purpose: members.text("purpose"),
            created_at: members.time("created_at"),
            last_login: members.time("last_login"),
            last_used: members.time("last_used"),
            mfa: members.flag("mfa"),
            key_rotated_at: members.time("key_rotated_at"),
            external: members.flag("external"),
            entitlement: members.text("entitlement"),
            description: members.text("description"),
            scope: members.text("scope"),
            source: members.word("source", |word| match word {
                "direct" => Some(Path::Direct),
                "group" => Some(Path::Group),
                "policy" => Some(Path::Policy),
                _ => None,
            }),
            privileged: members.flag("privileged"),
            granted_at: members.time("granted_at"),
            granted_by: members.text("granted_by"),
            approval: members.text("approval"),
            expires: members.time("expires"),
            secret_of: members.text("secret_of"),
        })
    })
}

/// The items of a review; the codes are those of [`rows`].
pub fn items(bytes: &[u8]) -> Result<Vec<ReviewItem>> {
    lines(bytes, |members| {
        Some(ReviewItem {
            item: members.text("item")?,
            system: members.text("system")?,
            account: members.text("account")?,
            person: members.person("person"),
            entitlement: members.text("entitlement"),
            scope: members.text("scope"),
            privileged: members.flag("privileged"),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_with_anything_strange_is_refused() {
        let good = br#"{"account":"a-1","enabled":true,"privileged":false,"system":"shop"}"#;
        assert_eq!(rows(good).map(|rows| rows.len()).ok(), Some(1));
        let strange: [(&[u8], &str); 6] = [
            (b"", "json-empty"),
            (br#"{"account":"a-1"}"#, "list-row"),
            (br#"{"account":"a-1","system":"shop","what":true}"#, "list-member"),
            (br#"{"account":"a-1","enabled":"yes","system":"shop"}"#, "list-value"),
            (
                br#"{"account":"a-1","person":{"id":"7","issuer":"hr"},"system":"shop"}"#,
                "list-value",
            ),
            (br#"{"account":"a-1","account_type":"robot","system":"shop"}"#, "list-value"),
        ];
        for (bytes, code) in strange {
            assert_eq!(rows(bytes).map_err(|error| error.code()).err(), Some(code));
        }
    }
}
