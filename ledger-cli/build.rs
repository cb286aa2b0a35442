//! The build digest: which sources this program was made from, so that two that print the same digest
//! and version were made from the same bytes.
//!
//! It is what these commands print in the root of the repository, so anybody can make it again:
//!
//! ```sh
//! find Cargo.toml Cargo.lock controls ledger-core/Cargo.toml ledger-core/src ledger-core/page \
//!   ledger-cli/Cargo.toml ledger-cli/build.rs ledger-cli/src report-templates/Cargo.toml \
//!   report-templates/src report-templates/templates report-templates/fonts \
//!   -type f ! -name '.*' | LC_ALL=C sort | xargs sha256sum | sha256sum
//! ```

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

/// Files and folders, from the root of the workspace, that decide what the program does.
const SOURCES: &str = "Cargo.toml Cargo.lock controls ledger-core/Cargo.toml ledger-core/src \
    ledger-core/page ledger-cli/Cargo.toml ledger-cli/build.rs ledger-cli/src \
    report-templates/Cargo.toml report-templates/src report-templates/templates report-templates/fonts";

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new("..");
    let mut names = Vec::new();
    for source in SOURCES.split_whitespace() {
        println!("cargo::rerun-if-changed={}", root.join(source).display());
        collect(root, source, &mut names)?;
    }
    names.sort();
    let mut lines = String::new();
    for name in names {
        let digest = hex(&std::fs::read(root.join(&name))?);
        writeln!(lines, "{digest}  {name}")?;
    }
    println!("cargo::rustc-env=LEDGER_BUILD=sha256:{}", hex(lines.as_bytes()));
    println!("cargo::rustc-env=LEDGER_BUILD_SOURCES={SOURCES}");
    Ok(())
}

/// The files at and below a name; hidden ones are no sources.
fn collect(root: &Path, name: &str, names: &mut Vec<String>) -> std::io::Result<()> {
    let path = root.join(name);
    if !path.is_dir() {
        names.push(name.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(path)? {
        let inner = entry?.file_name().to_string_lossy().into_owned();
        if !inner.starts_with('.') {
            collect(root, &format!("{name}/{inner}"), names)?;
        }
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        // a string takes whatever is written to it
        let _ = write!(text, "{byte:02x}");
        text
    })
}
