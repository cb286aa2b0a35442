//! Sealed values, persons and the inbox, against their vectors and against crashes.

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
