//! The command `ledger`: one file per command, thin over `ledger-core`.
//!
//! What the library may not touch is here, each in one module: the clock (`clock`), randomness
//! (`random`), the environment (`environment`), the terminal (`output`, `progress`).

mod agent;
mod approval;
mod asked;
mod attachments;
mod awaited;
mod cli;
mod clock;
mod collect;
mod commands;
mod consent;
mod context;
mod delivery;
mod drafts;
mod environment;
mod evaluated;
mod failure;
mod files;
mod frozen;
mod hashes;
mod hook;
mod import;
mod importing;
mod keys;
mod listing;
mod output;
mod progress;
mod published;
mod random;
mod seen;
mod serve;
mod state;
mod submission;
mod tokens;
mod tool;
mod verified;
mod web;

/// Records are made on one core and dropped on another: glibc's allocator takes a quarter of an import.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::run()
}
