//! The formats that say whether something is true: tree, note, checkpoint, cosignature, proof, range,
//! policy, tile. Published examples, vectors, and properties against the naive definitions.

#![allow(unreachable_pub, dead_code, reason = "helpers that several tests share")]

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
#[path = "formats/tile.rs"]
mod tile;
#[path = "formats/tree.rs"]
mod tree;
