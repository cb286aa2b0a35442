//! Frozen: the lists of a review beside the event that opened it: put into the folder before it, and read
//! again by its own word.

use ledger_core::blob;
use ledger_core::hash::Sha256;
use ledger_core::json::{Value, View};
use ledger_core::ledger::Ledger;
use ledger_core::review::Desk;
use ledger_core::review::evidence::{self, Evidence};
use ledger_core::review::standing::Standing;
use ledger_core::schema::words::Reference;
use ledger_core::store::Store;

use crate::failure::{Failure, Result};

/// The file of the items.
pub(crate) const ITEMS: &str = "review-items.jsonl";
/// The file of what was known of them.
pub(crate) const EVIDENCE: &str = "review-evidence.jsonl";

/// Puts a list into the folder; gives what an event says of it, and its digest.
pub(crate) fn put(store: &dyn Store, name: &str, list: &str) -> Result<(Value, Sha256)> {
    // if we stop after this, a file is left that no entry names
    let reference = blob::put(store, list.as_bytes())?;
    let digest = Sha256::from_reference(&reference);
    let attached = Value::object([
        ("digest", Value::text(reference)),
        ("media_type", Value::text("application/jsonl")),
        ("name", Value::text(name)),
        ("size", Value::count(list.len() as u64)),
    ]);
    Ok((attached, digest.unwrap_or_else(|| Sha256::of(list.as_bytes()))))
}

/// A review as it stands, with the evidence that its own event names; codes of [`Standing::of`].
pub(crate) fn standing<'d>(
    desk: &Desk<'d>,
    campaign: &str,
    ledger: &Ledger,
) -> Result<Standing<'d>> {
    let opened = desk.context.facts.campaign_opened.of(Reference::Campaign, campaign).next();
    let evidence = match opened {
        Some(opened) => evidence(ledger, opened.at.index)?,
        None => Vec::new(),
    };
    Standing::of(desk, campaign, evidence).map_err(|error| Failure::by_law(&error))
}

/// The evidence that an event froze; none where it names none.
fn evidence(ledger: &Ledger, index: u64) -> Result<Vec<Evidence>> {
    let digest = ledger.entry(index, |entry| {
        let attachments = entry.event.root.get("attachments");
        let named = attachments.iter().flat_map(View::items).find(|item| {
            item.get("name").and_then(|name| name.plain().map(str::to_owned)).as_deref()
                == Some(EVIDENCE)
        });
        let digest = named.and_then(|item| item.get("digest"));
        digest.and_then(|digest| Sha256::from_reference(digest.plain()?))
    })?;
    let Some(digest) = digest else { return Ok(Vec::new()) };
    let Some(bytes) = blob::get(&**ledger.store(), digest)? else {
        let message = format!("the evidence {} of the review is not there", digest.to_reference());
        return Err(Failure::new("review-evidence", message)
            .within(format!("entry {index}"))
            .hint("bring the attachments of the ledger with its folder"));
    };
    Ok(evidence::read(&bytes)?)
}
