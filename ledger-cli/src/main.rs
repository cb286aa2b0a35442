//! The command `ledger`.

fn main() {}
