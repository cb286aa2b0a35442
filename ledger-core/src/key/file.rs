//! Which kind of key file this is, and a clear word about those that do not serve.

use crate::error::{Error, Result};

/// The largest key file that is read, in bytes; real ones stay under 1 KiB.
pub const KEY_FILE_LIMIT: usize = 16 * 1024;

/// The kinds of file that can be read further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// PKCS#8 PEM, a secret.
    Pkcs8,
    /// OpenSSH's own PEM, a secret.
    OpenSsh,
    /// SubjectPublicKeyInfo PEM.
    Spki,
    /// One line of an OpenSSH `.pub` file.
    OpenSshLine,
}

/// Recognises the file; refuses what is no Ed25519 key file, each reason by its own code.
pub(super) fn recognise(bytes: &[u8]) -> Result<(Kind, &str)> {
    if bytes.len() > KEY_FILE_LIMIT {
        return Err(Error::refused("key-too-long", "the key file is above 16 KiB"));
    }
    if bytes.trim_ascii().is_empty() {
        return Err(Error::malformed("key-empty", "the key file is empty"));
    }
    let text = std::str::from_utf8(bytes).ok().filter(|text| is_plain(text)).ok_or_else(unknown)?;
    if text.contains('\r') {
        return Err(Error::malformed("key-crlf", "the key file has Windows line ends").hint(
            "convert it, e.g. with `dos2unix`; secrets stored in a web form often get them",
        ));
    }
    let first = text.lines().next().unwrap_or_default();
    let kind = match first.strip_prefix("-----BEGIN ").and_then(|l| l.strip_suffix("-----")) {
        Some(label) => {
            ends_with_its_block(text, label)?;
            pem_kind(label)?
        }
        None => line_kind(text, first)?,
    };
    Ok((kind, text))
}

/// No control characters but line ends; comments may be in any script.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| !byte.is_ascii_control() || matches!(byte, b'\n' | b'\r'))
}

fn pem_kind(label: &str) -> Result<Kind> {
    match label {
        "PRIVATE KEY" => Ok(Kind::Pkcs8),
        "OPENSSH PRIVATE KEY" => Ok(Kind::OpenSsh),
        "PUBLIC KEY" => Ok(Kind::Spki),
        "ENCRYPTED PRIVATE KEY" => Err(encrypted()
            .hint("remove the passphrase: `openssl pkey -in FILE -out NEW`, or use an agent")),
        "RSA PRIVATE KEY" | "RSA PUBLIC KEY" => Err(algorithm("ssh-rsa")),
        "EC PRIVATE KEY" | "EC PARAMETERS" => Err(algorithm("ecdsa")),
        "DSA PRIVATE KEY" | "DSA PARAMETERS" => Err(algorithm("ssh-dss")),
        label if label.contains("CERTIFICATE") => Err(algorithm("-cert-")),
        _ => Err(unknown()),
    }
}

/// A public line is `algorithm base64 comment`; the algorithm's name says what it is.
fn line_kind(text: &str, first: &str) -> Result<Kind> {
    let name = first.split(' ').next().unwrap_or_default();
    if !["ssh-", "ecdsa-", "sk-"].iter().any(|start| name.starts_with(start)) {
        return Err(unknown());
    }
    if name != "ssh-ed25519" {
        return Err(algorithm(name));
    }
    let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
    if rest.is_empty() { Ok(Kind::OpenSshLine) } else { Err(trailing()) }
}

/// Nothing but one line end may follow the block: two keys in a file leave open which is meant.
fn ends_with_its_block(text: &str, label: &str) -> Result<()> {
    let end = format!("\n-----END {label}-----");
    match text.split_once(&end) {
        Some((_, "" | "\n")) => Ok(()),
        Some(_) => Err(trailing()),
        None => Err(broken("it has no end line")),
    }
}

/// The refusal of a key of another algorithm, by its OpenSSH name.
pub(super) fn algorithm(name: &str) -> Error {
    if name.contains("-cert-") {
        return Error::refused("key-certificate", "this is a certificate, not a key")
            .hint("give the key file that the certificate was made for");
    }
    if name.starts_with("sk-") {
        return Error::refused("key-fido", "keys of FIDO tokens (`sk-`) sign something else")
            .hint("generate a plain key: `ssh-keygen -t ed25519`");
    }
    let (code, shown) = match name {
        "ssh-rsa" => ("key-rsa", "an RSA key"),
        _ if name.starts_with("ecdsa") => ("key-ecdsa", "an ECDSA key"),
        _ => ("key-algorithm", "a key of another algorithm"),
    };
    Error::refused(code, format!("this is {shown}; only Ed25519 keys are used"))
        .hint("generate one: `openssl genpkey -algorithm ed25519`")
}

/// The refusal of a file whose secret is locked by a passphrase.
pub(super) fn encrypted() -> Error {
    Error::refused("key-encrypted", "the key file is locked by a passphrase")
}

/// The refusal of a file that is of a known kind, but broken.
pub(super) fn broken(how: &str) -> Error {
    Error::malformed("key-broken", format!("the key file is broken: {how}"))
}

/// The refusal of a file whose public and secret parts belong to different keys.
pub(super) fn mismatch() -> Error {
    Error::refused(
        "key-mismatch",
        "the public and the secret part of the key file do not belong together",
    )
}

fn trailing() -> Error {
    Error::malformed("key-trailing", "the key file goes on after the key")
        .hint("keep one key in a file")
}

fn unknown() -> Error {
    Error::malformed("key-unknown", "this is no key file")
        .hint("PKCS#8 PEM and OpenSSH files are read: their first line names the kind of key")
}
