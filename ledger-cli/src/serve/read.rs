//! What readers ask: entries, and what follows from them. Persons are pseudonyms in all of it: who
//! stands behind one is in the vault, which no endpoint opens.

use axum::http::StatusCode;
use ledger_core::fact::Facts;
use ledger_core::fact::dossier::{Dossier, Thing};
use ledger_core::gate::{self, Standing};
use ledger_core::json::Value;

use super::Server;
use super::prove::number;
use super::reply::{self, Answered};
use super::request::Asked;
use crate::asked::{self, rules};
use crate::clock;
use crate::evaluated::Blobs;
use crate::failure::{Failure, Result};
use crate::listing::{self, Filter};

/// The most entries of one answer, and how many there are unless more are asked for.
const MOST: u64 = 1000;
const SOME: u64 = 100;
/// The most bytes of lines in one answer; a line that begins before is whole.
const BYTES: usize = 4 << 20;

/// `GET /v1/entries/{index}`
pub(super) fn entry(server: &Server, asked: &Asked) -> Answered {
    let index = number("index", asked.param("index"))?;
    let mut line = server.readers.with(|ledger| Ok(ledger.line(index)?))?;
    line.push(b'\n');
    Ok(reply::packed(&asked.headers, "application/json", line))
}

/// `GET /v1/entries`
pub(super) fn entries(server: &Server, asked: &Asked) -> Answered {
    let (from, limit) = (from(asked)?, limit(asked)?);
    let lines = server.readers.with(|ledger| {
        let mut lines = Vec::new();
        for index in from..from.saturating_add(limit).min(ledger.size()) {
            if lines.len() >= BYTES {
                break;
            }
            lines.extend(ledger.line(index)?);
            lines.push(b'\n');
        }
        Ok(lines)
    })?;
    Ok(reply::packed(&asked.headers, "application/jsonl", lines))
}

/// `GET /v1/query`
pub(super) fn query(server: &Server, asked: &Asked) -> Answered {
    let wanted = listing::Asked {
        kind: asked.query("type")?,
        subject: asked.query("subject")?,
        person: asked.query("person")?,
        since: asked.query("since")?,
        until: asked.query("until")?,
    };
    let filter = Filter::read(&wanted, "")?;
    let (from, reverse) = (from(asked)?, asked.flag("reverse")?);
    let limit = usize::try_from(limit(asked)?).unwrap_or(usize::MAX);
    let (found, next, size) = server.readers.with(|ledger| {
        let (mut found, mut next) = (Vec::new(), None);
        filter.each(ledger, reverse, from, |entry| {
            if found.len() == limit {
                next = Some(entry.index);
                return Ok(false);
            }
            found.push(listing::value(entry));
            Ok(true)
        })?;
        Ok((found, next, ledger.size()))
    })?;
    let mut members = vec![("entries", Value::List(found)), ("size", Value::count(size))];
    // against the order of the log there is no index from which to go on
    members.extend(next.filter(|_| !reverse).map(|next| ("next", Value::count(next))));
    let text = Value::object(members).to_canonical() + "\n";
    Ok(reply::packed(&asked.headers, "application/json", text.into_bytes()))
}

/// `GET /v1/dossier/{kind}/{id}`
pub(super) fn dossier(server: &Server, asked: &Asked) -> Answered {
    let (kind, id) = (asked.param("kind"), asked.param("id"));
    let thing = if kind == "person" {
        Thing::Person(id.parse().map_err(|_| {
            Failure::new("pseudonym", format!("`{id}` is not a pseudonym"))
                .hint("a pseudonym is 26 characters; who it is, is not asked here")
        })?)
    } else {
        asked::thing(kind, id)?
    };
    let dossier = server.readers.with(|ledger| Ok(Dossier::of(&*ledger, thing)?))?;
    let text = dossier.to_json().to_canonical() + "\n";
    Ok(reply::packed(&asked.headers, "application/json", text.into_bytes()))
}

/// `GET /v1/obligations`
pub(super) fn obligations(server: &Server, asked: &Asked) -> Answered {
    let (now, overdue) = (clock::now()?, asked.flag("overdue")?);
    let rules = rules(&server.overlays, now)?;
    let facts = server.readers.with(|ledger| Ok(Facts::of(ledger, u64::MAX, now)?))?;
    let mut all = gate::obligations(&facts, &Blobs(&*server.folder.store), &rules, now)?;
    if overdue {
        all.retain(|known| known.standing == Standing::Overdue);
    }
    Ok(reply::json(StatusCode::OK, &asked::obligations(&all, facts.unread.all().len(), now)))
}

fn from(asked: &Asked) -> Result<u64> {
    asked.query("from")?.map_or(Ok(0), |text| number("from", text))
}

fn limit(asked: &Asked) -> Result<u64> {
    let limit = asked.query("limit")?.map_or(Ok(SOME), |text| number("limit", text))?;
    if (1..=MOST).contains(&limit) {
        return Ok(limit);
    }
    Err(Failure::new("field-value", format!("`{limit}` is not from 1 to {MOST}")).within("limit"))
}
