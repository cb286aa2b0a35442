//! The files of an import: found, unpacked, cut into pieces; what is no record is put aside.

use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use ledger_core::encoding::base64;
use ledger_core::json::Value;

use crate::failure::{Failure, Result};
use crate::files;
use crate::import::Reason;
use crate::import::split::{Framing, Piece, Splitter};

/// What the names of files with quarantined records end with.
pub(crate) const ASIDE: &str = ".quarantine.jsonl";

/// One file on its way.
pub(crate) struct Input {
    name: String,
    pieces: std::iter::Fuse<Splitter<Box<dyn Read>>>,
    aside: PathBuf,
    opened: Option<File>,
}

/// The files that the arguments name: a folder stands for all that is in it, in order of the names.
pub(crate) fn files(given: &[PathBuf]) -> Result<Vec<PathBuf>> {
    if given.is_empty() {
        return Ok(vec![PathBuf::from(files::STDIN)]);
    }
    let mut found = Vec::new();
    for path in given {
        if path.as_os_str() != files::STDIN && path.is_dir() {
            walk(path, &mut found)?;
        } else {
            found.push(path.clone());
        }
    }
    if found.is_empty() {
        return Err(Failure::new("import-empty", "there is no file to import")
            .hint("name a file, or a folder with files"));
    }
    Ok(found)
}

pub(crate) fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let fail = |error: std::io::Error| {
        Failure::new("io", format!("cannot read `{}`: {error}", folder.display()))
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        paths.push(entry.map_err(fail)?.path());
    }
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            walk(&path, found)?;
        } else if !name.ends_with(ASIDE) && !name.starts_with('.') {
            found.push(path);
        }
    }
    Ok(())
}

/// The content of a file, or of standard input; gzip is unpacked.
pub(crate) fn unpacked(path: &Path) -> Result<Box<dyn Read>> {
    let input: Box<dyn Read> = if path.as_os_str() == files::STDIN {
        Box::new(std::io::stdin().lock())
    } else {
        let file = File::open(path).map_err(|error| {
            Failure::new("import-file", format!("cannot read `{}`: {error}", path.display()))
                .hint("check its name and its permissions")
        })?;
        Box::new(file)
    };
    let fail = |error: std::io::Error| {
        Failure::new("io", format!("cannot read: {error}")).within(files::shown(path))
    };
    let mut buffered = BufReader::with_capacity(256 * 1024, input);
    let packed = std::io::BufRead::fill_buf(&mut buffered).map_err(fail)?;
    if packed.starts_with(&[0x1f, 0x8b]) {
        return Ok(Box::new(MultiGzDecoder::new(buffered)));
    }
    Ok(Box::new(buffered))
}

impl Input {
    pub(crate) fn open(path: &Path, framing: Framing, aside: Option<&Path>) -> Result<Self> {
        let (name, input) = (files::shown(path), unpacked(path)?);
        let aside = if let Some(path) = aside {
            path.to_path_buf()
        } else {
            let mut beside = if path.as_os_str() == files::STDIN {
                std::ffi::OsString::from("stdin")
            } else {
                path.as_os_str().to_owned()
            };
            beside.push(ASIDE);
            PathBuf::from(beside)
        };
        Ok(Self { name, pieces: Splitter::new(input, framing).fuse(), aside, opened: None })
    }

    /// The next pieces, at most so many and about so many bytes; none at the end.
    pub(crate) fn some(&mut self, count: usize, bytes: usize) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut length = 0;
        while pieces.len() < count && length < bytes {
            let Some(piece) = self.pieces.next() else { break };
            length += piece.bytes.len();
            pieces.push(piece);
        }
        pieces
    }

    /// Puts a piece aside, with its place and reason.
    pub(crate) fn quarantine(&mut self, piece: &Piece, reason: &Reason) -> Result<()> {
        let line = Value::object([
            ("code", Value::text(reason.code)),
            ("file", Value::text(&self.name)),
            ("length", Value::count(piece.bytes.len() as u64)),
            ("message", Value::text(&reason.message)),
            ("offset", Value::count(piece.offset)),
            ("original", Value::text(base64(&piece.bytes))),
        ]);
        let aside = &self.aside;
        let fail = |error: std::io::Error| {
            Failure::new("quarantine", format!("cannot write `{}`: {error}", aside.display()))
                .hint("give another place with --quarantine FILE")
        };
        if self.opened.is_none() {
            // records may name persons: only the owner reads them
            let mut options = OpenOptions::new();
            options.append(true).create(true).mode(0o600);
            self.opened = Some(options.open(aside).map_err(fail)?);
        }
        match &mut self.opened {
            Some(file) => {
                file.write_all(format!("{}\n", line.to_canonical()).as_bytes()).map_err(fail)
            }
            None => Ok(()),
        }
    }

    /// Makes what was put aside durable.
    pub(crate) fn finish(self) -> Result<()> {
        match self.opened {
            Some(file) => file
                .sync_all()
                .map_err(|error| Failure::new("quarantine", format!("cannot sync: {error}"))),
            None => Ok(()),
        }
    }
}
