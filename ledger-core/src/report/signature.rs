//! Signature: who signed a report, as a document of its own that names the report's digest.
//!
//! Spec page: `spec/report.md`. The report is not changed by a signature; this is made anew with each.

use std::collections::BTreeMap;

use super::Made;
use super::pseudonym::beside;
use crate::check::State;
use crate::fact::{Facts, Read};
use crate::json::Value;
use crate::schema::records::AttestedThing;
use crate::vault::persons::Pseudonym;

/// A statement over the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// In which role.
    pub role: String,
    /// Who signed, a pseudonym.
    pub who: String,
    /// The entry that erased that person, if one did.
    pub erased: Option<u64>,
    /// The digest of the words.
    pub text_digest: String,
    /// When, as the entry says.
    pub at: String,
    /// The entry.
    pub entry: u64,
    /// Why it is no evidence, if it is none.
    pub doubt: Option<String>,
}

/// A signed checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// How many entries it is over.
    pub size: u64,
    /// Its root, base64.
    pub root: String,
    /// The names of the keys that signed it: the log's first, then witnesses'.
    pub by: Vec<String>,
}

/// All signatures over a report.
#[derive(Clone, Debug)]
pub struct Signatures {
    /// The report's id.
    pub report: String,
    /// The digest of its document.
    pub digest: String,
    /// Its title, entity and period, as it has them.
    pub title: String,
    /// The legal entity.
    pub entity: String,
    /// The period in a word.
    pub period: String,
    /// How many entries it stands on.
    pub size: u64,
    /// The entry that says it was issued.
    pub issued: Option<u64>,
    /// The entry that put another report in its place, and that report's id.
    pub superseded: Option<(u64, String)>,
    /// The statements, by entry.
    pub signed: Vec<Statement>,
    /// A signed checkpoint: the smallest over all its entries, else the largest there is.
    pub checkpoint: Option<Seen>,
}

impl Statement {
    /// Who signed, as it is shown: the entry that erased that person stands beside the pseudonym.
    pub fn signer(&self) -> String {
        match self.erased {
            Some(entry) => beside(&self.who, entry),
            None => self.who.clone(),
        }
    }
}

impl Signatures {
    /// The signatures over a report. `attested` are entries of `attestation.signed`, each with why it is
    /// no evidence; `issued` the entries of `report.issued`; `erased` the persons whom an entry erased.
    pub fn of(
        made: &Made,
        attested: Vec<(Read, Option<String>)>,
        issued: &Facts,
        erased: &BTreeMap<Pseudonym, u64>,
        checkpoint: Option<Seen>,
    ) -> Self {
        let digest = made.digest.to_reference();
        let mut signed = Vec::new();
        for (read, doubt) in attested {
            let facts = Facts::from_read(vec![read]);
            for row in facts.attestation_signed.all() {
                if row.of != AttestedThing::Report || row.digest != made.digest {
                    continue;
                }
                signed.push(Statement {
                    role: row.role.to_string(),
                    who: row.signer.pseudonym.map(|who| who.to_string()).unwrap_or_default(),
                    erased: row.signer.pseudonym.and_then(|who| erased.get(&who)).copied(),
                    text_digest: row.text_digest.to_reference(),
                    at: row.at.occurred.to_string(),
                    entry: row.at.index,
                    doubt: doubt.clone(),
                });
            }
        }
        signed.sort_by_key(|known| known.entry);
        let id = made.front("id");
        let all = issued.report_issued.all();
        let own = all.iter().find(|row| row.digest == made.digest);
        let newer = all
            .iter()
            .find(|row| row.supersedes.as_ref().is_some_and(|known| known.as_str() == id));
        Self {
            report: id.to_owned(),
            title: made.front("title").to_owned(),
            entity: made.front("entity").to_owned(),
            period: made.text(&["front", "period", "word"]).to_owned(),
            size: made.stands_on().map(|(size, _)| size).unwrap_or_default(),
            issued: own.map(|row| row.at.index),
            superseded: newer.map(|row| (row.at.index, row.what.report.to_string())),
            digest,
            signed,
            checkpoint,
        }
    }

    /// Whether nobody has signed it with a key that holds.
    pub fn is_draft(&self) -> bool {
        self.signed.iter().all(|known| known.doubt.is_some())
    }

    /// Pass: signed. Fail: another report stands in its place. Indeterminate: nobody signed it.
    pub fn state(&self) -> State {
        match (&self.superseded, self.is_draft()) {
            (Some(_), _) => State::Fail,
            (None, true) => State::Indeterminate,
            (None, false) => State::Pass,
        }
    }

    /// What there is to say first.
    pub fn sentence(&self) -> String {
        if let Some((entry, report)) = &self.superseded {
            return format!("SUPERSEDED: entry {entry} put {report} in its place.");
        }
        let valid = self.signed.iter().filter(|known| known.doubt.is_none()).count();
        let issued = match self.issued {
            Some(entry) => format!("entry {entry} says that it was issued"),
            None => "no entry says that it was issued".to_owned(),
        };
        match valid {
            0 => format!("DRAFT: nobody has signed this report; {issued}."),
            1 => format!("1 statement is signed over this report; {issued}."),
            many => format!("{many} statements are signed over this report; {issued}."),
        }
    }

    /// The whole as one document, `ledger/signatures/v1`.
    pub fn to_json(&self) -> Value {
        let statement = |known: &Statement| {
            let mut members = vec![
                ("at", Value::text(&known.at)),
                ("entry", Value::count(known.entry)),
                ("role", Value::text(&known.role)),
                ("signer", Value::text(&known.who)),
                ("text_digest", Value::text(&known.text_digest)),
            ];
            members.extend(known.erased.map(|entry| ("erased", Value::count(entry))));
            members.extend(known.doubt.as_ref().map(|why| ("no_evidence", Value::text(why))));
            Value::object(members)
        };
        let mut members = vec![
            ("digest", Value::text(&self.digest)),
            ("draft", Value::Bool(self.is_draft())),
            ("entity", Value::text(&self.entity)),
            ("format", Value::text("ledger/signatures/v1")),
            ("period", Value::text(&self.period)),
            ("report", Value::text(&self.report)),
            ("signed", Value::List(self.signed.iter().map(statement).collect())),
            ("size", Value::count(self.size)),
            ("title", Value::text(&self.title)),
        ];
        members.extend(self.issued.map(|entry| ("issued", Value::count(entry))));
        members.extend(self.superseded.as_ref().map(|(entry, report)| {
            let said = [("entry", Value::count(*entry)), ("report", Value::text(report))];
            ("superseded", Value::object(said))
        }));
        members.extend(self.checkpoint.as_ref().map(|seen| {
            let said = [
                ("by", Value::List(seen.by.iter().map(Value::text).collect())),
                ("root", Value::text(&seen.root)),
                ("size", Value::count(seen.size)),
            ];
            ("checkpoint", Value::object(said))
        }));
        Value::object(members)
    }
}
