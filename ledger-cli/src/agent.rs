//! The ssh-agent: keys that sign without ever leaving it (draft-ietf-sshm-ssh-agent, sections 3 and 4).
//!
//! Two messages are enough: list the keys, sign with one. Only plain `ssh-ed25519` keys are used: they
//! sign the message as it is. A token's key (`sk-…`) signs something else, and is refused.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use ledger_core::encoding;
use ledger_core::error::Error;
use ledger_core::hash::Sha256;
use ledger_core::key::{PublicKey, Signer};
use ledger_core::signature;

use crate::environment;
use crate::failure::{Failure, Result};

const FAILURE: u8 = 5;
const LIST: u8 = 11;
const LISTED: u8 = 12;
const SIGN: u8 = 13;
const SIGNED: u8 = 14;
/// Longest answer that is read, as OpenSSH's own limit.
const MAX_ANSWER: u32 = 256 * 1024;
/// How long an agent may take: somebody may have to press a button.
const PATIENCE: Duration = Duration::from_mins(2);
const PLAIN: &[u8] = b"ssh-ed25519";

/// A key that lives in the agent.
#[derive(Debug)]
pub(crate) struct AgentKey {
    public: PublicKey,
    /// The key as SSH spells it: what the agent knows it by.
    blob: Vec<u8>,
}

/// The agent's key with this fingerprint, as `ssh-add -l` prints it: `SHA256:…`.
pub(crate) fn find(fingerprint: &str) -> Result<AgentKey> {
    let given = fingerprint.strip_prefix("SHA256:").unwrap_or_default();
    if given.len() != 43 {
        return Err(Failure::new("key-fingerprint", format!("`{fingerprint}` is no fingerprint"))
            .hint("write agent:SHA256:…, as `ssh-add -l` prints it"));
    }
    let answer = ask(&[LIST])?;
    let keys = answer.strip_prefix(&[LISTED]).and_then(listed).ok_or_else(nonsense)?;
    let count = keys.len();
    let found = keys.into_iter().find(|blob| {
        let hash = encoding::base64(&Sha256::of(blob).0);
        hash.trim_end_matches('=') == given
    });
    let blob = found.ok_or_else(|| {
        Failure::new("key-agent", format!("the agent has no key `{fingerprint}`; it has {count}"))
            .hint("`ssh-add -l` lists its keys, `ssh-add FILE` adds one")
    })?;
    let (kind, rest) = string(&blob).ok_or_else(nonsense)?;
    if kind != PLAIN {
        let kind = String::from_utf8_lossy(kind).escape_default().to_string();
        return Err(if kind.starts_with("sk-") {
            Failure::new("key-fido", format!("`{kind}`: the key of a token signs something else"))
        } else {
            Failure::new("key-algorithm", format!("`{kind}` is no Ed25519 key"))
        }
        .hint("use a plain key: `ssh-keygen -t ed25519`"));
    }
    let bytes = string(rest).and_then(|(bytes, _)| bytes.try_into().ok()).ok_or_else(nonsense)?;
    Ok(AgentKey { public: PublicKey::from_bytes(&bytes)?, blob })
}

impl Signer for AgentKey {
    fn public(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> ledger_core::error::Result<[u8; 64]> {
        let out = |what: String| Error::unavailable("key-agent", what);
        let mut request = vec![SIGN];
        push(&mut request, &self.blob);
        push(&mut request, message);
        request.extend_from_slice(&0_u32.to_be_bytes());
        let answer = ask(&request).map_err(|failure| out(failure.message().to_owned()))?;
        if answer.first() == Some(&FAILURE) {
            return Err(out("the agent did not sign".to_owned())
                .hint("it may be locked, or somebody said no"));
        }
        let bytes = answer.strip_prefix(&[SIGNED]).and_then(signed);
        let bytes = bytes.ok_or_else(|| out("the agent's answer cannot be read".to_owned()))?;
        // what the agent made is not believed before it holds
        signature::verify_raw(&self.public, message, &bytes)?;
        Ok(bytes)
    }
}

/// One request, one answer, without their lengths.
fn ask(request: &[u8]) -> Result<Vec<u8>> {
    let path = environment::agent()?.ok_or_else(|| {
        Failure::new("key-agent", "no agent is running here: `SSH_AUTH_SOCK` is not set")
            .hint("start one with `ssh-agent`, or give the file of the key")
    })?;
    let fail = |what: &str, error: std::io::Error| {
        Failure::new("key-agent", format!("cannot {what} the agent: {error}"))
            .within(path.display().to_string())
    };
    let mut stream = UnixStream::connect(&path).map_err(|error| fail("reach", error))?;
    let timeout = stream
        .set_read_timeout(Some(PATIENCE))
        .and_then(|()| stream.set_write_timeout(Some(PATIENCE)));
    timeout.map_err(|error| fail("reach", error))?;
    let mut framed = Vec::new();
    push(&mut framed, request);
    stream.write_all(&framed).map_err(|error| fail("ask", error))?;
    let mut length = [0; 4];
    stream.read_exact(&mut length).map_err(|error| fail("hear", error))?;
    let length = u32::from_be_bytes(length);
    if length > MAX_ANSWER {
        return Err(nonsense());
    }
    let mut answer = Vec::new();
    stream.take(u64::from(length)).read_to_end(&mut answer).map_err(|error| fail("hear", error))?;
    if answer.len() as u64 == u64::from(length) { Ok(answer) } else { Err(nonsense()) }
}

fn nonsense() -> Failure {
    Failure::new("key-agent", "the agent's answer cannot be read")
}

/// The keys of an answer, each as SSH spells it.
fn listed(answer: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (count, mut rest) = number(answer)?;
    let mut keys = Vec::new();
    for _ in 0..count {
        let (blob, after) = string(rest)?;
        let (_comment, after) = string(after)?;
        keys.push(blob.to_vec());
        rest = after;
    }
    Some(keys)
}

/// The 64 bytes of an Ed25519 signature.
fn signed(answer: &[u8]) -> Option<[u8; 64]> {
    let (signature, _) = string(answer)?;
    let (kind, rest) = string(signature)?;
    let (bytes, _) = string(rest)?;
    if kind == PLAIN { bytes.try_into().ok() } else { None }
}

fn push(to: &mut Vec<u8>, bytes: &[u8]) {
    to.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    to.extend_from_slice(bytes);
}

fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = number(bytes)?;
    rest.split_at_checked(usize::try_from(length).ok()?)
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*number), rest))
}
