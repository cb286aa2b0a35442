//! The program itself: which version, made from which sources.

use ledger_core::json::Value;

/// The version of the program; reports name it, as their bytes depend on nothing else of it.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The build digest: `sha256:` and the digest of the list of the sources' digests (`build.rs`).
pub(crate) const BUILD: &str = env!("LEDGER_BUILD");

/// What `--version` prints after the program's name.
pub(crate) const LONG: &str = concat!(env!("CARGO_PKG_VERSION"), "\nbuild ", env!("LEDGER_BUILD"));

/// Version and build as machines read them: `{"build","name","version"}`.
pub(crate) fn value() -> Value {
    Value::object([
        ("build", Value::text(BUILD)),
        ("name", Value::text("ledger")),
        ("version", Value::text(VERSION)),
    ])
}
