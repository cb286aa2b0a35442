//! OpenSSH's key files: `openssh-key-v1` secrets and the one line of a `.pub` file.
//!
//! The kind of key and its lock stand in the clear part and are looked at first, so that each
//! refusal names its reason; only then the library reads the secret.

use data_encoding::BASE64;
use ed25519_dalek::pkcs8::spki::der::zeroize::Zeroizing;
use ssh_key::PrivateKey;
use ssh_key::private::KeypairData;
use ssh_key::public::KeyData;

use super::{PublicKey, SigningKey, file};
use crate::error::{Error, Result};

const MAGIC: &[u8] = b"openssh-key-v1\0";

/// The most rounds of bcrypt-pbkdf that are run for a passphrase: minutes on a slow machine.
const MAX_ROUNDS: u32 = 4096;

/// What stands before the secret part.
struct Clear {
    locked: bool,
    rounds: u32,
    algorithm: String,
}

/// Reads the secret; a passphrase is used only if the file is locked.
pub(super) fn read_private(text: &str, passphrase: Option<&[u8]>) -> Result<SigningKey> {
    let clear = decode(text)
        .and_then(|bytes| clear(&bytes))
        .ok_or_else(|| file::broken("its clear part cannot be read"))?;
    if clear.algorithm != "ssh-ed25519" {
        return Err(file::algorithm(&clear.algorithm));
    }
    let key =
        PrivateKey::from_openssh(text).map_err(|_| file::broken("it is not OpenSSH's format"))?;
    let key = match passphrase {
        _ if !clear.locked => key,
        Some(_) if clear.rounds > MAX_ROUNDS => {
            return Err(Error::refused(
                "key-rounds",
                format!("the passphrase is stretched by more than {MAX_ROUNDS} rounds"),
            ));
        }
        Some(passphrase) => key.decrypt(passphrase).map_err(|_| {
            Error::refused("key-passphrase", "the passphrase does not open the key file")
        })?,
        None => {
            return Err(file::encrypted()
                .hint("remove the passphrase: `ssh-keygen -p -N '' -f FILE`, or use an agent"));
        }
    };
    let KeypairData::Ed25519(pair) = key.key_data() else {
        return Err(file::broken("it holds no Ed25519 secret"));
    };
    let seed = Zeroizing::new(pair.private.to_bytes());
    let signing = SigningKey::from_seed(*seed);
    let declared = key.public_key().key_data().ed25519();
    if declared.is_some_and(|declared| declared.as_ref() == signing.public().as_bytes()) {
        Ok(signing)
    } else {
        Err(file::mismatch())
    }
}

/// Reads `ssh-ed25519 <base64> [comment]`.
pub(super) fn read_line(text: &str) -> Result<PublicKey> {
    let key = ssh_key::PublicKey::from_openssh(text)
        .map_err(|_| file::broken("it is not a line of OpenSSH"))?;
    match key.key_data() {
        KeyData::Ed25519(bytes) => PublicKey::from_bytes(bytes.as_ref()),
        _ => Err(file::algorithm("")),
    }
}

/// The whole file's bytes, the secret among them, hence wiped.
fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut body = Zeroizing::new(String::with_capacity(text.len()));
    text.lines().filter(|line| !line.starts_with('-')).for_each(|line| body.push_str(line));
    BASE64.decode(body.as_bytes()).ok().map(Zeroizing::new)
}

/// OpenSSH's PROTOCOL.key, section 1: cipher, key stretching, number of keys, public key.
fn clear(bytes: &[u8]) -> Option<Clear> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (cipher, rest) = string(rest)?;
    let (_stretching, rest) = string(rest)?;
    let (options, rest) = string(rest)?;
    let (keys, rest) = number(rest)?;
    let (public, _) = string(rest)?;
    let (algorithm, _) = string(public)?;
    let rounds = string(options).and_then(|(_salt, rest)| number(rest)).map_or(0, |(n, _)| n);
    let algorithm = String::from_utf8(algorithm.to_vec()).ok()?;
    (keys == 1).then_some(Clear { locked: cipher != b"none", rounds, algorithm })
}

fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = number(bytes)?;
    rest.split_at_checked(usize::try_from(length).ok()?)
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*number), rest))
}
