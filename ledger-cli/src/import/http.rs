//! A record that came as a request: its headers and its body, kept together as they arrived.

use std::borrow::Cow;

use super::Reason;

/// The headers, names in lower case, and the body.
pub(super) struct Request<'a> {
    headers: Vec<(String, Cow<'a, str>)>,
    /// What stands behind the headers; all of a record that has none.
    pub(super) body: &'a [u8],
}

impl<'a> Request<'a> {
    /// Splits a dump of a request; a record without headers is a body. Code `http-headers`.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Reason> {
        if bytes
            .iter()
            .find(|byte| !byte.is_ascii_whitespace())
            .is_none_or(|byte| b"{[".contains(byte))
        {
            return Ok(Self { headers: Vec::new(), body: bytes });
        }
        let mut headers = Vec::new();
        let mut rest = bytes;
        loop {
            let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            let (line, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            rest = after.strip_prefix(b"\n").unwrap_or(after);
            let line = std::str::from_utf8(line)
                .map_err(|_| Reason::new("http-headers", "a header is not UTF-8"))?
                .trim();
            if line.is_empty() {
                return Ok(Self { headers, body: rest });
            }
            if let Some((name, value)) = line.split_once(':') {
                headers.push((name.trim().to_ascii_lowercase(), Cow::Borrowed(value.trim())));
            }
            if rest.is_empty() {
                return Ok(Self { headers, body: rest });
            }
        }
    }

    /// A header, by its name in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| &**value).filter(|value| !value.is_empty())
    }

    /// All headers.
    pub(super) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), &**value))
    }
}
