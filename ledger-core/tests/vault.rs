//! Sealed values, persons and the inbox, against their vectors and against crashes.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests stop at the first surprise"
)]

#[allow(unreachable_pub, reason = "a module that several test binaries share")]
mod common;
#[path = "vault/files.rs"]
mod files;
#[path = "vault/inbox.rs"]
mod inbox;
#[path = "vault/persons.rs"]
mod persons;
#[path = "vault/seal.rs"]
mod seal;
