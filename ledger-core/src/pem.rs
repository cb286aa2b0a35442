//! PEM: blocks of text in which keys and certificates travel (RFC 7468).

use crate::encoding;

const BEGIN: &str = "-----BEGIN ";

/// Why a text is no row of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The line that begins a block is cut.
    Cut,
    /// A block has no end of its own label.
    Endless,
    /// What is in a block is not base64.
    Encoding,
}

/// One block.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    /// What it is.
    pub label: &'a str,
    body: &'a str,
}

impl Block<'_> {
    /// What is in it.
    pub fn der(&self) -> Result<Vec<u8>, Broken> {
        let body: String = self.body.split_ascii_whitespace().collect();
        encoding::from_base64_any(body.as_bytes()).map_err(|_| Broken::Encoding)
    }
}

/// The blocks of a text; what stands between them is passed over.
pub fn blocks(text: &str) -> impl Iterator<Item = Result<Block<'_>, Broken>> {
    text.split(BEGIN).skip(1).map(|block| {
        let (label, body) = block.split_once("-----").ok_or(Broken::Cut)?;
        let end = format!("-----END {label}-----");
        let (body, _) = body.split_once(&end).ok_or(Broken::Endless)?;
        Ok(Block { label, body })
    })
}
