//! What may be erased: the persons of the log, and the inbox of the disclosures.
//!
//! Nothing here is needed to verify a log. Appenders look persons up and add to the inbox; only the
//! holder of the vault's secret key reads it.

pub mod attachment;
pub mod cipher;
pub mod inbox;
pub mod key;
pub mod persons;
pub mod record;
pub mod texts;
