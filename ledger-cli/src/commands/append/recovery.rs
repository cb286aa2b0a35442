//! What recovery set aside is recorded by the next append.

use ledger_core::json::Value;
use ledger_core::key::Signer;
use ledger_core::ledger::{Ledger, Mended, Receipt};

use crate::clock;
use crate::failure::Result;
use crate::output::talk;

/// Records what no `recovery.recorded` speaks of yet; without a key it waits for the next append.
pub(super) fn record(ledger: &mut Ledger, signers: &[&dyn Signer]) -> Result<Vec<Receipt>> {
    let Some(first) = signers.first() else { return Ok(Vec::new()) };
    let mut receipts = Vec::new();
    for mended in ledger.unrecorded()? {
        let receipt = super::one(ledger, &draft(&mended)?, "recovery", &[*first])?;
        talk(format!(
            "note: {} bytes were set aside by a recovery; recorded as entry {}",
            mended.set_aside_bytes, receipt.index
        ));
        receipts.push(receipt);
    }
    Ok(receipts)
}

/// The event about one recovery.
pub(super) fn draft(mended: &Mended) -> Result<Value> {
    Ok(Value::object([
        ("type", Value::text("recovery.recorded")),
        ("occurred_at", Value::text(clock::now()?.to_string())),
        (
            "data",
            Value::object([
                ("digest", Value::text(&mended.digest)),
                ("set_aside_bytes", Value::count(mended.set_aside_bytes)),
                ("size", Value::count(mended.size)),
            ]),
        ),
    ]))
}
