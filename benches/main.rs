//! Seeded benches.

fn main() {}
