//! Sealed values, persons and the inbox, against their vectors and against crashes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test stops at the first surprise"
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
