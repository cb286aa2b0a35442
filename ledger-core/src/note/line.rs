//! One signature line of a note.

use std::fmt;

use crate::encoding;
use crate::error::{Error, Result};

/// The longest name of a key, in bytes: what one byte can count, as the post-quantum cosignature does.
pub const MAX_NAME: usize = 255;

/// `— <name> <base64 of key id and signature>`, of a known or an unknown key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureLine {
    name: String,
    id: [u8; 4],
    signature: Vec<u8>,
}

impl SignatureLine {
    /// Codes: `note-name`; `note-line` for a signature without bytes.
    pub fn new(name: &str, id: [u8; 4], signature: &[u8]) -> Result<Self> {
        check_name(name)?;
        if signature.is_empty() {
            return Err(Error::malformed("note-line", "a signature has at least one byte"));
        }
        Ok(Self { name: name.to_owned(), id, signature: signature.to_vec() })
    }

    /// Reads a line without its newline; codes `note-line`, `note-name`.
    pub fn parse(line: &str) -> Result<Self> {
        let malformed = || {
            Error::malformed("note-line", "a signature line is `— `, a name, a space and base64")
        };
        let (name, blob) =
            line.strip_prefix("— ").and_then(|rest| rest.split_once(' ')).ok_or_else(malformed)?;
        let blob = encoding::from_base64_any(blob.as_bytes()).map_err(|_| malformed())?;
        let (id, signature) = blob.split_first_chunk::<4>().ok_or_else(malformed)?;
        Self::new(name, *id, signature)
    }

    /// The signer's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key's id, which only together with the name says which key it is.
    pub fn id(&self) -> [u8; 4] {
        self.id
    }

    /// The bytes behind the id.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }
}

impl fmt::Display for SignatureLine {
    /// The line without its newline.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blob = [self.id.as_slice(), &self.signature].concat();
        write!(f, "— {} {}", self.name, encoding::base64(&blob))
    }
}

/// Refuses a name that is empty or longer than [`MAX_NAME`], or holds a space, a plus or a control
/// character; `note-name`.
pub(super) fn check_name(name: &str) -> Result<()> {
    let wrong = |letter: char| letter.is_whitespace() || letter == '+' || letter < ' ';
    if name.is_empty() || name.len() > MAX_NAME || name.contains(wrong) {
        return Err(Error::malformed(
            "note-name",
            format!("a key's name is 1 to {MAX_NAME} bytes without spaces and `+`"),
        ));
    }
    Ok(())
}
