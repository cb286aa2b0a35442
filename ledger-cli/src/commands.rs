//! The commands: each file holds its arguments, its help and its doing.

pub(crate) mod append;
pub(crate) mod init;
pub(crate) mod key;
pub(crate) mod log;
pub(crate) mod show;
