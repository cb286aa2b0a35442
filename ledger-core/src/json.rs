//! Canonical JSON: RFC 8785 over a domain so small that there is one spelling of every value.
//!
//! Spec page: `spec/json.md`. Integers |n| ≤ 2^53−1, no −0, no floats, no null; member names
//! `[a-z0-9_]+` in ascending order (JSON pointers in an entry's `persons`); UTF-8, shortest escapes,
//! no white space. [`Document`] reads canonical text and nothing else; [`read`] reads what people
//! and programs write and gives a [`Value`], which has one canonical spelling.

mod document;
mod lazy;
mod object;
mod read;
mod value;
mod view;

pub use document::{Document, Names};
pub use lazy::Lazy;
pub use object::{Name, Object};
pub use read::{read, read_document};
pub use value::{Value, quote};
pub use view::{Kind, Known, Members, View};

/// Largest magnitude of an integer: 2^53 − 1 (RFC 8785, section 3.2.2.3; I-JSON).
pub const MAX_INTEGER: i64 = (1 << 53) - 1;

/// Deepest nesting of objects and arrays.
pub const MAX_DEPTH: usize = 16;
