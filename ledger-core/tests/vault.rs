//! Sealed values, persons and the inbox, against their vectors and against crashes.

#[path = "vault/files.rs"]
mod files;
#[path = "vault/persons.rs"]
mod persons;
