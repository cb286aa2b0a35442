//! The commands: each file holds its arguments, its help and its doing.

pub(crate) mod append;
pub(crate) mod checkpoint;
mod collect;
pub(crate) mod consistency;
pub(crate) mod cosign;
pub(crate) mod demo;
pub(crate) mod events;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod key;
pub(crate) mod log;
pub(crate) mod man;
pub(crate) mod owner;
pub(crate) mod person;
pub(crate) mod prove;
pub(crate) mod recover;
pub(crate) mod retention;
pub(crate) mod schema;
pub(crate) mod show;
pub(crate) mod sign;
pub(crate) mod tiles;
pub(crate) mod vault;
pub(crate) mod verify;
pub(crate) mod witness;
