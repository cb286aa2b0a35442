//! The formats that say whether something is true: tree, note, checkpoint, cosignature, proof, range,
//! policy, tile. Published examples, vectors, and properties against the naive definitions.

#![allow(
    unreachable_pub,
    dead_code,
    clippy::expect_used,
    clippy::format_collect,
    clippy::format_push_string,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too, and builds its texts plainly"
)]

#[path = "formats/checkpoint.rs"]
mod checkpoint;
mod common;
#[path = "formats/known.rs"]
mod known;
#[path = "formats/naive.rs"]
mod naive;
#[path = "formats/note.rs"]
mod note;
#[path = "formats/policy.rs"]
mod policy;
#[path = "formats/spec.rs"]
mod spec;
#[path = "formats/tile.rs"]
mod tile;
#[path = "formats/tree.rs"]
mod tree;
