//! What the files of an import say of each other, and the keys that are given to judge it: read before
//! anything is mapped, for sources read no files.

use std::collections::HashMap;
use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use ledger_core::hash::Sha256;
use ring::digest::{Context, SHA256};

use crate::failure::{Failure, Result};
use crate::files;
use crate::import::{Trail, json};
use crate::importing::input;

/// What the file of a signature ends with.
const SIGNATURE: &str = ".sig";
/// A longer file is no digest file.
const SMALL: usize = 4 * 1024 * 1024;

/// All keys, certificates and trusted roots of a folder, in the order of their names.
pub(super) fn roots(folder: &Path) -> Result<String> {
    let mut paths = Vec::new();
    input::walk(folder, &mut paths)?;
    let mut text = String::new();
    for path in paths {
        let bytes = files::read(&path)?;
        let content = String::from_utf8(bytes).map_err(|_| {
            Failure::new("import-roots", "this is no PEM text and no JSON")
                .within(path.display().to_string())
        })?;
        text.push_str(&pem(&content));
        text.push('\n');
    }
    if text.trim().is_empty() {
        return Err(Failure::new("import-roots", "the folder of roots has nothing in it")
            .within(folder.display().to_string())
            .hint("put the PEM files of public keys and certificates there"));
    }
    Ok(text)
}

/// The authorities and logs of a `trusted_root.json` (Sigstore's trusted root, version 0.1) as PEM; any
/// other text as it is.
fn pem(content: &str) -> String {
    let Ok(root) = json::read(content.as_bytes()) else { return content.to_owned() };
    let block = |label: &str, bytes: &json::Json<'_>| {
        let body = bytes.text()?;
        Some(format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n"))
    };
    let authorities = root.get("certificateAuthorities").items().iter();
    let chains = authorities.flat_map(|one| one.at("certChain.certificates").items());
    let certificates = chains.filter_map(|one| block("CERTIFICATE", one.get("rawBytes")));
    let logs = root.get("tlogs").items().iter();
    let keys = logs.filter_map(|one| block("PUBLIC KEY", one.at("publicKey.rawBytes")));
    certificates.chain(keys).collect()
}

/// Reads all files once; leaves those that are signatures of others out of `paths`.
pub(super) fn read(paths: &mut Vec<PathBuf>) -> Result<Trail> {
    paths.retain(|path| signed_by(path).is_none());
    let mut trail = Trail::default();
    for path in paths.iter().filter(|path| path.as_os_str() != files::STDIN) {
        note(&mut trail, path, true)?;
    }
    Ok(trail)
}

/// What a file looked like: its length, and when it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    length: u64,
    seconds: i64,
    nanoseconds: i64,
}

impl Look {
    /// Of a file; none if it is gone.
    pub(super) fn at(path: &Path) -> Option<Self> {
        let data = fs::metadata(path).ok()?;
        let (seconds, nanoseconds) = (data.mtime(), data.mtime_nsec());
        Some(Self { length: data.len(), seconds, nanoseconds })
    }

    /// As it is remembered.
    pub(super) fn text(self) -> String {
        format!("{} {}.{:09}", self.length, self.seconds, self.nanoseconds)
    }
}

/// The files of a folder that is followed, as they come.
///
/// What signs a digest file is the next one, an hour later, or lies beside it: until then it waits.
#[derive(Default)]
pub(super) struct Coming {
    trail: Trail,
    known: HashMap<PathBuf, Look>,
    /// The digest files, by where they lie in S3.
    digests: HashMap<PathBuf, String>,
}

impl Coming {
    /// Whether the file was taken note of as it looks now.
    pub(super) fn knows(&self, path: &Path, look: Look) -> bool {
        self.known.get(path) == Some(&look)
    }

    /// Takes note of a file that no longer grows; false if it is the signature of another one.
    pub(super) fn add(&mut self, path: &Path, look: Look) -> Result<bool> {
        self.known.insert(path.to_path_buf(), look);
        if let Some(other) = signed_by(path) {
            note(&mut self.trail, &other, true)?;
            return Ok(false);
        }
        let beside = self.known.contains_key(&beside(path));
        if let Some(place) = note(&mut self.trail, path, beside)? {
            self.digests.insert(path.to_path_buf(), place);
        }
        Ok(true)
    }

    /// Whether it is a digest file, and what signs it has not come.
    pub(super) fn waits(&self, path: &Path) -> bool {
        self.digests.get(path).is_some_and(|place| !self.trail.is_signed(place))
    }

    /// What the files that came say of each other.
    pub(super) fn trail(&self) -> Trail {
        self.trail.clone()
    }
}

/// The file whose signature this one is.
fn signed_by(path: &Path) -> Option<PathBuf> {
    let name = path.to_string_lossy();
    name.strip_suffix(SIGNATURE).map(PathBuf::from).filter(|other| other.exists())
}

/// Where the signature of a file would lie.
fn beside(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(SIGNATURE);
    PathBuf::from(beside)
}

/// Adds a file to the trail; its place in S3 if it is a digest file.
fn note(trail: &mut Trail, path: &Path, signed: bool) -> Result<Option<String>> {
    let (hash, small) = hashed(path)?;
    let signature = signed.then(|| fs::read_to_string(beside(path)).ok()).flatten();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(trail.add(&name, &hash, &small, signature.as_deref()))
}

/// The digest of the unpacked file, and its bytes unless they are many.
fn hashed(path: &Path) -> Result<(Sha256, Vec<u8>)> {
    let mut input = input::unpacked(path)?;
    let (mut hasher, mut small) = (Context::new(&SHA256), Vec::new());
    let mut block = vec![0; 256 * 1024];
    loop {
        // a file that cannot be read to its end is no log file that a digest names
        let count = match input.read(&mut block) {
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => 0,
        };
        let read = block.get(..count).unwrap_or_default();
        if read.is_empty() {
            let hash = <[u8; 32]>::try_from(hasher.finish().as_ref()).unwrap_or_default();
            return Ok((Sha256(hash), small));
        }
        hasher.update(read);
        if small.len() <= SMALL {
            small.extend_from_slice(read);
        }
    }
}
