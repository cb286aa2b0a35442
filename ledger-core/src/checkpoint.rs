//! Checkpoints: the body of a signed note that states a log's size and root (C2SP
//! `tlog-checkpoint`), and the origins that our ledgers have.
//!
//! ```text
//! example.com/behind-the-sofa
//! 20852163
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//! ```
//!
//! A body by itself proves nothing: open the note around it first, best by a policy.
//! Specification: `spec/checkpoint.md`.

use std::fmt;

use crate::encoding;
use crate::error::{Error, Result};
use crate::hash::Sha256;
use crate::tree;

/// The most bytes of a checkpoint's body.
pub const MAX_BYTES: usize = 65_536;

/// A log's size and root. One legal spelling: what is parsed encodes to the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Sha256,
    extensions: Vec<String>,
}

impl Checkpoint {
    /// A checkpoint without extension lines, as every ledger of ours makes them.
    ///
    /// Codes: `checkpoint-origin` (empty, or holding a control character), `checkpoint-root` (a log
    /// without entries with another root than that of nothing).
    pub fn new(origin: &str, size: u64, root: Sha256) -> Result<Self> {
        let checkpoint = Self { origin: origin.to_owned(), size, root, extensions: Vec::new() };
        Self::parse(&checkpoint.encode())
    }

    /// Reads the text of a note.
    ///
    /// Codes: `checkpoint-large`, `checkpoint-lines` (fewer than three lines, or no final newline),
    /// `checkpoint-origin`, `checkpoint-size` (not a decimal of 64 bits in its shortest form),
    /// `checkpoint-root` (not 32 bytes in base64, or not the root of a log without entries),
    /// `checkpoint-extension` (an empty line, or a control character).
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() > MAX_BYTES {
            return Err(Error::malformed(
                "checkpoint-large",
                format!("a checkpoint has at most {MAX_BYTES} bytes"),
            ));
        }
        let few = || {
            Error::malformed(
                "checkpoint-lines",
                "a checkpoint has an origin, a size and a root, each on a line of its own",
            )
        };
        let mut lines = text.strip_suffix('\n').ok_or_else(few)?.split('\n');
        let origin = plain(lines.next().ok_or_else(few)?, "checkpoint-origin", "origin")?;
        let size = parse_decimal(lines.next().ok_or_else(few)?.as_bytes()).ok_or_else(|| {
            Error::malformed("checkpoint-size", "the size is not a plain decimal of 64 bits")
        })?;
        let root = Sha256::from_base64(lines.next().ok_or_else(few)?.as_bytes()).map_err(|_| {
            Error::malformed("checkpoint-root", "the root is not 32 bytes in base64")
        })?;
        if size == 0 && root != tree::empty_root() {
            return Err(Error::malformed(
                "checkpoint-root",
                "a log without entries has the hash of nothing as its root",
            ));
        }
        let extensions = lines
            .map(|line| plain(line, "checkpoint-extension", "extension line"))
            .collect::<Result<_>>()?;
        Ok(Self { origin, size, root, extensions })
    }

    /// The text of a note, with its final newline.
    pub fn encode(&self) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64());
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// The name of the log; of ours, an [`Origin`].
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// How many entries the log has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Root of the tree over all entries.
    pub fn root(&self) -> &Sha256 {
        &self.root
    }

    /// Lines after the root: signed by the log, without meaning to us.
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }
}

/// The name of a ledger with the hash of the event that created it: `<name>/<64 hex digits>`.
///
/// Who trusts an origin has pinned the root keys, because entry 0 lists them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    name: String,
    genesis: Sha256,
}

/// The longest name of a ledger, in characters.
pub const MAX_NAME: usize = 100;

impl Origin {
    /// From a ledger's name and the SHA-256 of entry 0's event bytes; `origin-name` unless the name
    /// is 1 to 100 characters of `[a-z0-9./-]`.
    pub fn new(name: &str, genesis: &Sha256) -> Result<Self> {
        let letters = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'/' | b'-');
        if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(letters) {
            return Err(Error::malformed(
                "origin-name",
                format!("a ledger's name is 1 to {MAX_NAME} characters of a-z, 0-9, `.`, `/`, `-`"),
            ));
        }
        Ok(Self { name: name.to_owned(), genesis: *genesis })
    }

    /// Reads `<name>/<64 hex digits>`; codes `origin-form` and `origin-name`.
    pub fn parse(text: &str) -> Result<Self> {
        let form = || {
            Error::malformed("origin-form", "an origin is a name, `/` and 64 lower-case hex digits")
        };
        let (name, hash) = text.rsplit_once('/').ok_or_else(form)?;
        let genesis = encoding::from_hex(hash.as_bytes()).map(Sha256).map_err(|_| form())?;
        Self::new(name, &genesis)
    }

    /// The ledger's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256 of the event bytes of entry 0.
    pub fn genesis(&self) -> Sha256 {
        self.genesis
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.name, encoding::hex(&self.genesis.0))
    }
}

/// A decimal of 64 bits in its shortest form: no sign, no leading zero.
pub(crate) fn parse_decimal(text: &[u8]) -> Option<u64> {
    let shortest = matches!(text, [b'0'] | [b'1'..=b'9', ..]);
    (shortest && text.iter().all(u8::is_ascii_digit))
        .then(|| std::str::from_utf8(text).ok()?.parse().ok())
        .flatten()
}

/// A line that has something in it and no control character.
fn plain(line: &str, code: &'static str, what: &str) -> Result<String> {
    if line.is_empty() || line.bytes().any(|byte| byte < 0x20) {
        return Err(Error::malformed(
            code,
            format!("the {what} is empty or holds a control character"),
        ));
    }
    Ok(line.to_owned())
}
