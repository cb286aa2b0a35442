//! The owner's side of the vault: taking in, finding again, destroying, and dying at every step.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test stops at the first surprise"
)]

#[path = "custody/absorb.rs"]
mod absorb;
#[path = "custody/case.rs"]
mod case;
#[allow(unreachable_pub, reason = "a module that several test binaries share")]
mod common;
#[path = "custody/erase.rs"]
mod erase;
#[path = "custody/folder.rs"]
mod folder;
#[path = "custody/formats.rs"]
mod formats;
#[path = "custody/person.rs"]
mod person;
#[path = "custody/retain.rs"]
mod retain;
#[path = "common/world.rs"]
mod world;
