//! Connectors: other systems that send requests here, how each shows that one is its own, and where a
//! request is kept until it is imported.
//!
//! ```text
//! <state>/<genesis hash>/inbound/<source>/<16 hex digits>.request      headers that count, and the body
//! <state>/<genesis hash>/inbound/<source>/unreadable.quarantine.jsonl  what was no record
//! ```

use std::path::{Path, PathBuf};

use axum::http::{HeaderMap, HeaderValue};
use ledger_core::encoding::hex;
use ledger_core::key::SigningKey;
use ledger_core::ledger::Ledger;
use ring::hmac;

use crate::context::Folder;
use crate::failure::{Failure, Result};
use crate::import::{Given, Source};
use crate::importing::flow::Job as Reading;
use crate::importing::{self, Summary};
use crate::seen::Sight;
use crate::state::State;
use crate::{files, random};

/// The ending of what is kept.
const ENDING: &str = "request";

/// How a vendor shows that a request is its own.
#[derive(Clone, Copy, Debug)]
enum Proof {
    /// HMAC-SHA256 of the body in hex, behind this in the header; of several, separated by commas, one.
    Hmac(&'static str),
    /// The secret itself.
    Secret,
}

/// A system that sends webhooks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vendor {
    /// The source of what it sends.
    pub(crate) source: &'static str,
    pub(super) header: &'static str,
    proof: Proof,
}

/// Those whose webhooks are taken.
pub(crate) const VENDORS: [Vendor; 6] = [
    vendor("bitbucket", "x-hub-signature", Proof::Hmac("sha256=")),
    vendor("github", "x-hub-signature-256", Proof::Hmac("sha256=")),
    vendor("gitlab", "x-gitlab-token", Proof::Secret),
    vendor("jira", "x-hub-signature", Proof::Hmac("sha256=")),
    vendor("launchdarkly", "x-ld-signature", Proof::Hmac("")),
    vendor("pagerduty", "x-pagerduty-signature", Proof::Hmac("v1=")),
];

const fn vendor(source: &'static str, header: &'static str, proof: Proof) -> Vendor {
    Vendor { source, header, proof }
}

/// Another system, the key that signs what it sends, and the secrets that it signs with.
pub(crate) struct Connector {
    /// What its records are.
    pub(crate) source: &'static Source,
    /// Signs events; it needs `relay:<source>`.
    pub(crate) key: SigningKey,
    /// One, or two while one is replaced; none for what a token admits.
    pub(crate) secrets: Vec<Vec<u8>>,
}

impl Connector {
    /// Imports a request that was kept.
    pub(super) fn import(&self, file: &Path, ledger: &mut Ledger) -> Result<Summary> {
        let aside = file.with_file_name("unreadable.quarantine.jsonl");
        let (given, paths) = (Given::default(), [file.to_path_buf()]);
        let job =
            Reading { source: self.source, given: &given, files: &paths, aside: Some(&aside) };
        let mut summary = Summary::default();
        importing::run(&job, &self.key, (ledger, &Sight::default()), &mut summary)?;
        Ok(summary)
    }

    /// What was kept and is not imported yet.
    pub(super) fn kept(&self, folder: &Folder) -> Vec<PathBuf> {
        let place = folder.state.path(&place(folder, self.source));
        let found = std::fs::read_dir(place).into_iter().flatten().flatten();
        let mut kept: Vec<PathBuf> = found
            .map(|file| file.path())
            .filter(|path| path.extension().is_some_and(|ending| ending == ENDING))
            .collect();
        kept.sort();
        kept
    }

    /// Keeps a request, durably; names of persons may stand in it, so that only its owner reads it.
    pub(super) fn keep(&self, folder: &Folder, request: &[u8]) -> Result<PathBuf> {
        let name =
            format!("{}/{}.{ENDING}", place(folder, self.source), hex(&random::bytes::<8>()?));
        folder.state.make_folder_of(&name)?;
        let path = folder.state.path(&name);
        // who looks for what is left over finds it whole or not at all
        files::replace(&path, request, 0o600, true)?;
        Ok(path)
    }

    /// Whether the request is of somebody who knows a secret.
    pub(super) fn believes(&self, vendor: &Vendor, headers: &HeaderMap, body: &[u8]) -> bool {
        let shown = headers.get(vendor.header).map(HeaderValue::as_bytes).unwrap_or_default();
        self.secrets.iter().any(|secret| match vendor.proof {
            Proof::Secret => same(secret, shown),
            Proof::Hmac(prefix) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
                shown.split(|byte| *byte == b',').any(|one| {
                    let one = one.trim_ascii().strip_prefix(prefix.as_bytes()).and_then(unhex);
                    one.is_some_and(|tag| hmac::verify(&key, body, &tag).is_ok())
                })
            }
        })
    }
}

fn place(folder: &Folder, source: &Source) -> String {
    State::of(&folder.origin, &format!("inbound/{}", source.name))
}

/// Nothing is set up for the source.
pub(super) fn unknown(name: &str) -> Failure {
    Failure::refused("import-source", format!("nothing is set up for `{name}` here"))
        .hint("start the server with --connector-key")
}

/// Whether two secrets are the same, in a time that does not tell where they differ.
fn same(one: &[u8], other: &[u8]) -> bool {
    blake3::hash(one) == blake3::hash(other)
}

/// Bytes of hex digits of either case.
fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digit =
        |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use ledger_core::checkpoint::Origin;
    use ledger_core::store::memory::Memory;

    use super::*;
    use crate::import;

    /// Whoever looks for what is left over must not find a request that is still being written: half
    /// of it would be taken for all, and let go of.
    #[test]
    fn a_request_is_found_whole_or_not_at_all() {
        let temp = tempfile::tempdir().unwrap();
        let folder = Folder {
            store: Arc::new(Memory::new()),
            path: temp.path().to_path_buf(),
            origin: Origin::parse(&format!("example.com/rel/{}", "0".repeat(64))).unwrap(),
            state: State::at(temp.path().to_path_buf()),
            pinned: None,
        };
        let source = import::find("github").unwrap();
        let connector =
            Connector { source, key: SigningKey::from_seed([1; 32]), secrets: Vec::new() };
        let request = vec![b'x'; 8 << 20];
        let written = AtomicBool::new(false);
        let lengths = std::thread::scope(|scope| {
            let looking = scope.spawn(|| {
                let mut lengths = Vec::new();
                while !written.load(Ordering::Relaxed) {
                    let found = connector.kept(&folder);
                    lengths.extend(found.iter().filter_map(|path| path.metadata().ok()));
                }
                lengths.iter().map(std::fs::Metadata::len).collect::<Vec<u64>>()
            });
            for _ in 0..8 {
                connector.keep(&folder, &request).unwrap();
            }
            written.store(true, Ordering::Relaxed);
            looking.join().unwrap()
        });
        assert_eq!(connector.kept(&folder).len(), 8);
        assert!(lengths.iter().all(|length| *length == request.len() as u64), "{lengths:?}");
    }
}
