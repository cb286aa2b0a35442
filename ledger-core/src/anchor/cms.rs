//! CMS: who signed a token, and over what (RFC 5652; RFC 5035 for the certificate that is meant).

use pki_types::SignatureVerificationAlgorithm;
use ring::digest::{self, Algorithm};
use webpki::ring as algorithms;

use super::certificate::{Certificate, signed};
use super::der::{self, Element, INTEGER, OCTETS, OID, Reader, SEQUENCE, SET};
use crate::error::{Error, Result};

const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];
const CERTIFICATE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x0c];
const CERTIFICATE_V2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x2f];

/// What a token's envelope holds, after everything within it was held against the rest.
#[derive(Debug)]
pub(super) struct Opened<'a> {
    /// The token itself: DER of `TSTInfo`.
    pub(super) content: &'a [u8],
    /// The certificate of who signed.
    pub(super) signer: &'a [u8],
    /// The others that came along.
    pub(super) others: Vec<&'a [u8]>,
}

/// Opens the envelope. Codes `stamp-der`, `stamp-form` (not signed data of a token), `stamp-signers`,
/// `stamp-attributes`, `stamp-certificate`, `stamp-usage`, `stamp-algorithm`, `stamp-signature`.
pub(super) fn open(token: Element<'_>) -> Result<Opened<'_>> {
    let mut outer = token.inner();
    if outer.take(OID)?.value != SIGNED_DATA {
        return Err(form());
    }
    let inner = outer.take(der::context(0))?;
    outer.end()?;
    let mut data = Reader::only(inner.value, SEQUENCE)?.inner();
    data.take(INTEGER)?;
    data.take(SET)?;
    let mut content = data.take(SEQUENCE)?.inner();
    if content.take(OID)?.value != TST_INFO {
        return Err(form());
    }
    let inner = content.take(der::context(0))?;
    content.end()?;
    let content = Reader::only(inner.value, OCTETS)?.value;
    let certificates =
        data.optional(der::context(0))?.map_or(Ok(Vec::new()), |set| set.inner().all())?;
    data.optional(der::context(1))?;
    let signers = data.take(SET)?.inner().all()?;
    data.end()?;
    let [signer] = signers.as_slice() else {
        let message = format!("{} sign it, and a token is signed by one", signers.len());
        return Err(Error::refused("stamp-signers", message));
    };
    let certificates: Vec<&[u8]> = certificates.iter().map(|element| element.raw).collect();
    let signer = judged(*signer, content, &certificates)?;
    let others = certificates.into_iter().filter(|one| *one != signer).collect();
    Ok(Opened { content, signer, others })
}

/// The certificate of who signed, once their signature holds.
fn judged<'a>(signer: Element<'a>, content: &[u8], certificates: &[&'a [u8]]) -> Result<&'a [u8]> {
    let mut fields = signer.inner();
    fields.take(INTEGER)?;
    let name = fields.any()?;
    let digest = algorithm(fields.take(SEQUENCE)?)?;
    let attributes = fields.optional(der::context(0))?.ok_or_else(|| attribute("are none"))?;
    let method = fields.take(SEQUENCE)?.inner().take(OID)?.value;
    let signature = fields.take(OCTETS)?.value;
    fields.optional(der::context(1))?;
    fields.end()?;
    let (hash, candidates) = methods(method, digest)?;
    let certificate = attested(attributes, content, hash, certificates)?;
    let own = Certificate::read(certificate)?;
    // by issuer and number, or by a key's name, which the attribute above makes superfluous
    if name.tag == SEQUENCE && name.value != [own.issuer, own.serial].concat() {
        return Err(Error::untrue(
            "stamp-certificate",
            "the signer is another than the certificate's",
        ));
    }
    // what is signed is a set, which stands here under another tag (RFC 5652, section 5.4)
    let message = der::write(SET, attributes.value);
    signed(certificate, &candidates, &message, signature)?;
    Ok(certificate)
}

/// Holds the attributes against the content, and gives the certificate that they name.
fn attested<'a>(
    attributes: Element<'_>,
    content: &[u8],
    hash: &'static Algorithm,
    certificates: &[&'a [u8]],
) -> Result<&'a [u8]> {
    let (mut kind, mut digest, mut named) = (0, 0, Vec::new());
    for element in attributes.inner().all()? {
        let mut parts = element.inner();
        let name = parts.take(OID)?.value;
        let values = parts.take(SET)?.inner().all()?;
        parts.end()?;
        let one = match values.as_slice() {
            [one] => *one,
            _ if [CONTENT_TYPE, MESSAGE_DIGEST, CERTIFICATE, CERTIFICATE_V2].contains(&name) => {
                return Err(attribute("have a value more than once"));
            }
            _ => continue,
        };
        match name {
            CONTENT_TYPE if one.tag == OID && one.value == TST_INFO => kind += 1,
            CONTENT_TYPE => return Err(attribute("name another content")),
            MESSAGE_DIGEST if one.value == digest::digest(hash, content).as_ref() => digest += 1,
            MESSAGE_DIGEST => return Err(attribute("are of another content")),
            CERTIFICATE => named.push(hashed(one, Some(&digest::SHA1_FOR_LEGACY_USE_ONLY))?),
            CERTIFICATE_V2 => named.push(hashed(one, None)?),
            _ => {}
        }
    }
    if (kind, digest) != (1, 1) {
        return Err(attribute("do not name the content, once"));
    }
    let missing = || {
        Error::untrue(
            "stamp-certificate",
            "the certificate that signed is not the one that is named",
        )
        .hint("ask with `ledger anchor request`, which asks for the certificate")
    };
    let (algorithm, hash) = named.first().ok_or_else(missing)?;
    let is = |one: &[u8], algorithm, hash: &[u8]| digest::digest(algorithm, one).as_ref() == hash;
    let found = certificates.iter().copied().find(|one| is(one, algorithm, hash));
    let found = found.ok_or_else(missing)?;
    let all = named.iter().all(|(algorithm, hash)| is(found, algorithm, hash));
    if all { Ok(found) } else { Err(missing()) }
}

/// The first certificate that an attribute names: how it is hashed, and the hash.
fn hashed<'a>(
    value: Element<'a>,
    fixed: Option<&'static Algorithm>,
) -> Result<(&'static Algorithm, &'a [u8])> {
    if value.tag != SEQUENCE {
        return Err(der::wrong());
    }
    let mut parts = value.inner().take(SEQUENCE)?.inner().take(SEQUENCE)?.inner();
    let algorithm = match fixed {
        Some(algorithm) => algorithm,
        None => match parts.optional(SEQUENCE)? {
            Some(named) => algorithm(named)?,
            None => &digest::SHA256,
        },
    };
    Ok((algorithm, parts.take(OCTETS)?.value))
}

/// The SHA-2 of an algorithm identifier: 2.16.840.1.101.3.4.2.
fn algorithm(element: Element<'_>) -> Result<&'static Algorithm> {
    match element.inner().take(OID)?.value {
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 1] => Ok(&digest::SHA256),
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 2] => Ok(&digest::SHA384),
        [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 3] => Ok(&digest::SHA512),
        _ => Err(unknown()),
    }
}

type Methods = (&'static Algorithm, Vec<&'static dyn SignatureVerificationAlgorithm>);

/// How a signature of this method over this hash is checked.
fn methods(method: &[u8], hash: &'static Algorithm) -> Result<Methods> {
    const PKCS1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
    const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03];
    const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
    let rsa = || -> Vec<&'static dyn SignatureVerificationAlgorithm> {
        vec![match hash {
            hash if *hash == digest::SHA384 => algorithms::RSA_PKCS1_2048_8192_SHA384,
            hash if *hash == digest::SHA512 => algorithms::RSA_PKCS1_2048_8192_SHA512,
            _ => algorithms::RSA_PKCS1_2048_8192_SHA256,
        }]
    };
    let fits = |last: u8, rsa: [u8; 3]| match last {
        last if last == rsa[0] => *hash == digest::SHA256,
        last if last == rsa[1] => *hash == digest::SHA384,
        last if last == rsa[2] => *hash == digest::SHA512,
        _ => false,
    };
    let candidates = match method.split_last() {
        // plain RSA: the hash is the one of the signer
        Some((1, PKCS1)) => rsa(),
        Some((last, PKCS1)) if fits(*last, [11, 12, 13]) => rsa(),
        Some((2, ECDSA)) if *hash == digest::SHA256 => {
            vec![algorithms::ECDSA_P256_SHA256, algorithms::ECDSA_P384_SHA256]
        }
        Some((3, ECDSA)) if *hash == digest::SHA384 => {
            vec![algorithms::ECDSA_P256_SHA384, algorithms::ECDSA_P384_SHA384]
        }
        _ if method == ED25519 && *hash == digest::SHA512 => vec![algorithms::ED25519],
        _ => return Err(unknown()),
    };
    Ok((hash, candidates))
}

fn form() -> Error {
    Error::refused("stamp-form", "it is no token of a time")
}

fn attribute(what: &str) -> Error {
    Error::untrue("stamp-attributes", format!("the signed attributes {what}"))
}

fn unknown() -> Error {
    Error::refused(
        "stamp-algorithm",
        "the algorithm is none of those that are checked here: RSA of 2048 bits or more, ECDSA over P-256 or P-384, Ed25519, each with SHA-2",
    )
}
