//! What goes into the inbox comes out for the vault's owner, and for nobody else, whole or not at
//! all.

use ledger_core::hash::Blake3;
use ledger_core::seal::{Disclosure, Scope};
use ledger_core::store::Store as _;
use ledger_core::store::memory::Memory;
use ledger_core::vault::inbox::{self, Item};
use ledger_core::vault::key::{VaultKey, VaultSecret};
use ledger_core::vault::persons::Pseudonym;
use proptest::prelude::*;

use crate::common::{Vector, vectors};

const LEDGER: [u8; 32] = [7; 32];

fn secret() -> VaultSecret {
    VaultSecret::generate(&[1; 32])
}

fn disclosure(number: usize, length: usize) -> Item {
    let value = format!("{{\"id\":\"{}\"}}", "x".repeat(length));
    let salt = *blake3::hash(&number.to_be_bytes()).as_bytes();
    let scope = Scope::Ledger(LEDGER);
    Item::Disclosure(
        Disclosure::seal(scope, "stream", number as u64, "/actor/id", salt, value.as_bytes())
            .unwrap(),
    )
}

fn person(number: usize) -> Item {
    let id = format!("person-{number}");
    Item::Person { issuer: "https://id.example.com".to_owned(), id, pseudonym: Pseudonym([9; 16]) }
}

fn sealed(items: &[Item]) -> Vec<u8> {
    inbox::seal_group(secret().public(), LEDGER, 42, items, &[3; 32]).unwrap().1
}

fn code(bytes: &[u8]) -> String {
    match inbox::open_group(&secret(), LEDGER, bytes) {
        Ok(_) => "accept".to_owned(),
        Err(error) => error.code().to_owned(),
    }
}

#[test]
fn all_vectors() {
    for case in vectors("inbox") {
        case.check(outcome(&case).err().map(|error| error.code()));
    }
}

fn outcome(case: &Vector) -> ledger_core::error::Result<()> {
    let secret = VaultSecret::parse(format!("{}\n", case.header("secret")).as_bytes())?;
    let ledger = ledger_core::encoding::from_base64(case.header("ledger").as_bytes()).unwrap();
    let group = inbox::open_group(&secret, ledger, &case.bytes)?;
    assert_eq!(group.first_index.to_string(), case.header("first"), "{}", case.name);
    assert_eq!(group.items.len().to_string(), case.header("items"), "{}", case.name);
    Ok(())
}

#[test]
fn what_goes_in_comes_out() {
    // none of these fills a chunk exactly; 5,000 items need ten
    for count in [1, 2, 300, 5_000] {
        let items: Vec<_> =
            (0..count).map(|n| if n % 5 == 0 { person(n) } else { disclosure(n, 20) }).collect();
        let bytes = sealed(&items);
        let group = inbox::open_group(&secret(), LEDGER, &bytes).unwrap();
        assert_eq!((group.first_index, &group.items), (42, &items));
    }
    let longest = disclosure(0, ledger_core::seal::VALUE_MAX - 9);
    assert_eq!(inbox::open_group(&secret(), LEDGER, &sealed(&[longest])).unwrap().items.len(), 1);
}

#[test]
fn refuses_what_cannot_be_a_group() {
    let seal = |items: &[Item]| {
        inbox::seal_group(secret().public(), LEDGER, 0, items, &[3; 32]).map_err(|e| e.code()).err()
    };
    assert_eq!(seal(&[]), Some("inbox-empty"));
    let id = "x".repeat(inbox::CHUNK_MAX);
    let big = Item::Person { issuer: String::new(), id, pseudonym: Pseudonym([0; 16]) };
    assert_eq!(seal(&[person(1), big]), Some("inbox-item-size"));
    let value = b"1\n2".to_vec();
    let broken = Disclosure { commitment: Blake3([0; 32]), salt: [0; 32], value };
    assert_eq!(seal(&[Item::Disclosure(broken)]), Some("seal-value"));
}

#[test]
fn the_same_randomness_never_makes_the_same_key_twice() {
    let (first, one) =
        inbox::seal_group(secret().public(), LEDGER, 42, &[person(1)], &[3; 32]).unwrap();
    let (second, two) =
        inbox::seal_group(secret().public(), LEDGER, 42, &[person(2)], &[3; 32]).unwrap();
    assert_ne!(first, second);
    let key = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().nth(2).unwrap().to_owned();
    assert!(key(&one).starts_with("key "));
    assert_ne!(key(&one), key(&two));
}

#[test]
fn only_the_owner_and_only_for_this_ledger() {
    let bytes = sealed(&[person(1)]);
    let other = VaultSecret::generate(&[2; 32]);
    let error = inbox::open_group(&other, LEDGER, &bytes).unwrap_err();
    assert_eq!(error.code(), "inbox-recipient");
    assert_eq!(inbox::open_group(&secret(), [8; 32], &bytes).unwrap_err().code(), "inbox-sealed");
    assert!(!bytes.windows(6).any(|window| window == b"person"));
}

#[test]
fn a_cut_file_is_told_from_a_whole_one() {
    let items: Vec<_> = (0..1_000).map(|n| disclosure(n, 20)).collect();
    let bytes = sealed(&items);
    let step = if cfg!(debug_assertions) { 997 } else { 101 };
    for length in (0..bytes.len()).step_by(step) {
        let code = code(&bytes[..length]);
        let expected = ["inbox-format", "inbox-header", "inbox-truncated"];
        assert!(expected.contains(&code.as_str()), "{code} at {length}");
    }
    // cut after a whole chunk, and said to be the last
    let start = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap() + 2;
    let word: [u8; 4] = bytes[start..start + 4].try_into().unwrap();
    let end = start + 4 + u32::from_be_bytes(word) as usize;
    assert_eq!(code(&bytes[..end]), "inbox-truncated");
    let mut shortened = bytes[..end].to_vec();
    shortened[start] |= 0x80;
    assert_eq!(code(&shortened), "inbox-sealed");
    assert_eq!(code(&[&bytes[..], b"x"].concat()), "inbox-trailing");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_change_is_refused(count in 1usize..8, at: usize, bit in 0u8..8) {
        let items: Vec<_> = (0..count).map(|n| disclosure(n, 20)).collect();
        let mut bytes = sealed(&items);
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        prop_assert_ne!(code(&bytes), "accept");
    }

    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300), header: bool) {
        let whole = sealed(&[person(1)]);
        let start = whole.windows(2).position(|pair| pair == b"\n\n").unwrap() + 2;
        let bytes = if header { [&whole[..start], &bytes].concat() } else { bytes };
        prop_assert_ne!(code(&bytes), "accept");
    }
}

/// Every bit of the encapsulated key counts, also the one that X25519 ignores.
#[test]
fn every_bit_of_the_encapsulated_key_counts() {
    let bytes = sealed(&[person(1)]);
    let start = bytes.windows(5).position(|window| window == b"\nkey ").unwrap() + 5;
    let key: [u8; 32] = ledger_core::encoding::from_base64(&bytes[start..start + 44]).unwrap();
    for bit in 0..256 {
        let mut key = key;
        key[bit / 8] ^= 1 << (bit % 8);
        let mut bytes = bytes.clone();
        bytes[start..start + 44].copy_from_slice(ledger_core::encoding::base64(&key).as_bytes());
        assert_eq!(code(&bytes), "inbox-sealed", "bit {bit}");
    }
}

#[test]
fn delivered_and_waiting() {
    let store = Memory::default();
    let mut names = Vec::new();
    for first in [5, 42, 7] {
        let (name, bytes) =
            inbox::seal_group(secret().public(), LEDGER, first, &[person(1)], &[3; 32]).unwrap();
        inbox::deliver(&store, &name, &bytes).unwrap();
        assert_eq!(inbox::first_index(&name), Some(first));
        names.push(name);
    }
    names.sort();
    // what a delivery that stopped leaves, and what is no delivery
    for stray in [format!("{}.tmp", names[0]), "notes.txt".to_owned()] {
        store.write(&format!("{}/{stray}", inbox::FOLDER), 0, b"x").unwrap();
    }
    assert_eq!(inbox::waiting(&store).unwrap(), names);
    for name in ["5-00.sealed", "00000000000000000005-0011223344556677", "-.sealed", ""] {
        assert_eq!(inbox::first_index(name), None, "{name}");
    }
}

#[test]
fn the_line_of_the_key_is_a_file() {
    let line = secret().public().to_string();
    assert!(line.starts_with("release-ledger/vault-key@v1 ") && line.ends_with("=\n"));
    assert_eq!(VaultKey::parse(line.as_bytes()).unwrap(), secret().public());
    assert_eq!(VaultKey::parse(line.trim_end().as_bytes()).unwrap_err().code(), "vault-key");
}
