//! What recovery did is recorded by the next append, if it was not at once.

use ledger_core::json::{self, Value};
use ledger_core::key::Signer;
use ledger_core::ledger::{Ledger, Mended, Receipt};

use crate::clock;
use crate::context::Folder;
use crate::failure::{Failure, Result};
use crate::seen::Sight;
use crate::state::State;

/// Recoveries that set nothing aside leave no trace in the folder: they wait here, in the state.
const UNRECORDED: &str = "unrecorded";

/// Records what no `recovery.recorded` speaks of yet; without a key it waits for the next append.
pub(crate) fn record_all(
    folder: &Folder,
    ledger: &mut Ledger,
    sight: &Sight,
    signers: &[&dyn Signer],
) -> Result<usize> {
    let Some(first) = signers.first() else { return Ok(0) };
    let mut count = 0;
    for mended in ledger.unrecorded()? {
        append(ledger, sight, data(&mended), *first)?;
        count += 1;
    }
    let name = State::of(&folder.origin, UNRECORDED);
    let Some(waiting) = folder.state.read(&name)?.filter(|bytes| !bytes.is_empty()) else {
        return Ok(count);
    };
    for line in waiting.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let data = json::read(line).map_err(|error| {
            Failure::from(error).within(folder.state.path(&name).display().to_string())
        })?;
        append(ledger, sight, data, *first)?;
        count += 1;
    }
    folder.state.keep(&name, b"")?;
    Ok(count)
}

/// Records one recovery now.
pub(crate) fn record(ledger: &mut Ledger, mended: &Mended, signer: &dyn Signer) -> Result<Receipt> {
    append(ledger, &Sight::default(), data(mended), signer)
}

/// Lets the next append record it, unless the folder itself shows that something was set aside.
pub(crate) fn record_later(folder: &Folder, mended: &Mended) -> Result<()> {
    if mended.set_aside_bytes > 0 {
        return Ok(());
    }
    let name = State::of(&folder.origin, UNRECORDED);
    let mut waiting = folder.state.read(&name)?.unwrap_or_default();
    waiting.extend_from_slice(data(mended).to_canonical().as_bytes());
    waiting.push(b'\n');
    folder.state.keep(&name, &waiting)
}

fn append(ledger: &mut Ledger, sight: &Sight, data: Value, signer: &dyn Signer) -> Result<Receipt> {
    let draft = Value::object([
        ("type", Value::text("recovery.recorded")),
        ("occurred_at", Value::text(clock::now()?.to_string())),
        ("data", data),
    ]);
    super::one(ledger, sight, &draft, "recovery", &[signer])
}

fn data(mended: &Mended) -> Value {
    Value::object([
        ("digest", Value::text(&mended.digest)),
        ("set_aside_bytes", Value::count(mended.set_aside_bytes)),
        ("size", Value::count(mended.size)),
    ])
}
