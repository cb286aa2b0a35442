//! The vault's formats against their vectors.

use ledger_core::custody::read_mark;
use ledger_core::encoding::{base64, from_base64};
use ledger_core::error::Result;
use ledger_core::retention::Rules;
use ledger_core::vault::attachment;
use ledger_core::vault::cipher::DataKey;
use ledger_core::vault::key::VaultSecret;
use ledger_core::vault::texts;

use crate::common::{Vector, vectors};

type Outcome = fn(&Vector) -> Result<()>;

#[test]
fn all_vectors() {
    let formats: [(&str, Outcome); 4] =
        [("attachment", sealed), ("texts", text), ("vault", mark), ("retention", rules)];
    for (format, outcome) in formats {
        for case in vectors(format) {
            case.check(outcome(&case).err().map(|error| error.code()));
        }
    }
}

fn key(text: &str) -> DataKey {
    DataKey::from_bytes(from_base64(text.as_bytes()).unwrap())
}

fn sealed(case: &Vector) -> Result<()> {
    let plain = attachment::open(&key(case.header("key")), &case.bytes)?;
    assert_eq!(base64(blake3::hash(&plain).as_bytes()), case.header("plain"), "{}", case.name);
    Ok(())
}

fn text(case: &Vector) -> Result<()> {
    let frames = texts::read(case.header("number").parse().unwrap(), &case.bytes)?;
    let keys: Vec<DataKey> = case.header("keys").split(' ').map(key).collect();
    let frame = &frames[0];
    let text = frame.open(&texts::key(&keys, frame.head.commitment))?;
    assert_eq!(text.pointer, case.header("pointer"), "{}", case.name);
    assert_eq!(frames.len().to_string(), case.header("frames"), "{}", case.name);
    Ok(())
}

fn mark(case: &Vector) -> Result<()> {
    let secret = VaultSecret::parse(format!("{}\n", case.header("secret")).as_bytes())?;
    let ledger = from_base64(case.header("ledger").as_bytes())?;
    let (generation, batches) = read_mark(&case.bytes, &ledger, &secret)?;
    assert_eq!(format!("{generation} {batches}"), case.header("says"), "{}", case.name);
    Ok(())
}

fn rules(case: &Vector) -> Result<()> {
    Rules::parse(&case.bytes).map(drop)
}
