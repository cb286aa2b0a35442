//! Commitments and disclosures against their vectors.

use ledger_core::encoding::from_base64;
use ledger_core::error::Result;
use ledger_core::hash::Blake3;
use ledger_core::seal::{Disclosure, Scope};

use crate::common::{Vector, vectors};

#[test]
fn all_vectors() {
    for case in vectors("seal") {
        case.check(outcome(&case).err().map(|error| error.code()));
    }
}

fn outcome(case: &Vector) -> Result<()> {
    let scope = match case.header.get("nonce") {
        Some(nonce) => Scope::Genesis { nonce: from_base64(nonce.as_bytes())? },
        None => Scope::Ledger(from_base64(case.header("ledger").as_bytes())?),
    };
    let sealed = Blake3::from_base64(case.header("sealed").as_bytes())?;
    let seq = case.header("seq").parse().unwrap();
    let disclosure = Disclosure::from_json(&case.bytes)?;
    disclosure.open(sealed, scope, case.header("stream"), seq, case.header("pointer"))?;
    assert_eq!(disclosure.to_json(), case.bytes, "{}", case.name);
    Ok(())
}
