//! What may be erased: the inbox and the persons of the log.

pub mod inbox;
pub mod persons;
