//! Certificate: who dated, and who says that they may (RFC 5280; RFC 3161, section 2.3).

use pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use super::der::{self, BOOLEAN, INTEGER, OCTETS, OID, Reader, SEQUENCE};
use crate::error::{Error, Result};
use crate::hash::Sha256;
use crate::time::Timestamp;
use crate::{pem, x509};

/// For dating (RFC 5280, section 4.2.1.12: 1.3.6.1.5.5.7.3.8).
const TIME_STAMPING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];
/// Extended key usage: 2.5.29.37.
const EXTENDED_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
/// The certificates that a reader trusts to certify authorities for times.
#[derive(Clone, Debug)]
pub struct Roots {
    certificates: Vec<CertificateDer<'static>>,
    digest: Sha256,
}

impl Roots {
    /// The certificates of a PEM text (RFC 7468); what else is in it is passed over. Codes `roots-form`,
    /// `roots-none`.
    pub fn parse(text: &[u8]) -> Result<Self> {
        let form = |what: &str| {
            Error::malformed("roots-form", format!("the certificates {what}"))
                .hint("give a PEM file of the authority's root certificates")
        };
        let wanted = std::str::from_utf8(text).map_err(|_| form("are no text"))?;
        let mut certificates = Vec::new();
        for block in pem::blocks(wanted) {
            let block = block.map_err(|_| form("are not whole"))?;
            if block.label != "CERTIFICATE" {
                continue;
            }
            let certificate = block.der().map_err(|_| form("are not whole"))?;
            let certificate = CertificateDer::from(certificate);
            if anchor_from_trusted_cert(&certificate).is_err() {
                return Err(form("cannot be read"));
            }
            certificates.push(certificate);
        }
        if certificates.is_empty() {
            return Err(Error::malformed("roots-none", "there is no certificate in the file")
                .hint("give a PEM file of the authority's root certificates"));
        }
        Ok(Self { certificates, digest: Sha256::of(text) })
    }

    /// SHA-256 of the text that they were read from.
    pub fn digest(&self) -> Sha256 {
        self.digest
    }

    /// Whether the certificate was valid at that time under these roots, for dating.
    ///
    /// Codes `stamp-root` (nobody here certifies it: it cannot be told), `stamp-expired`, `stamp-chain`.
    /// Revocation is not looked at: that takes a list that somebody else keeps.
    pub(super) fn hold(&self, own: &[u8], others: &[Vec<u8>], at: Timestamp) -> Result<()> {
        let own = CertificateDer::from(own);
        let end = EndEntityCert::try_from(&own).map_err(|_| unread())?;
        let between: Vec<CertificateDer<'_>> =
            others.iter().map(|one| CertificateDer::from(one.as_slice())).collect();
        let usage = KeyUsage::required_if_present(TIME_STAMPING);
        match x509::certified(&end, &between, &self.certificates, at.seconds(), usage) {
            Ok(()) => Ok(()),
            Err(webpki::Error::UnknownIssuer) => Err(Error::unavailable(
                "stamp-root",
                "no root that was given certifies who dated it",
            )
            .hint("ask the authority for its root certificate, and give it with --tsa-roots")),
            Err(webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. }) => {
                Err(Error::untrue(
                    "stamp-expired",
                    format!("a certificate of who dated it was not valid at {at}"),
                ))
            }
            Err(error) => Err(Error::untrue(
                "stamp-chain",
                format!("who dated it is not certified for that: {error}"),
            )),
        }
    }
}

/// A certificate that may date: issuer and serial number, as they are written.
#[derive(Debug)]
pub(super) struct Certificate<'a> {
    pub(super) issuer: &'a [u8],
    pub(super) serial: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// Reads what names it, and demands that it is for dating only, and says so for all readers
    /// (RFC 3161, section 2.3: one purpose, critical); codes `stamp-der`, `stamp-usage`.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self> {
        let mut outer = Reader::only(bytes, SEQUENCE)?.inner();
        let mut fields = outer.take(SEQUENCE)?.inner();
        fields.optional(der::context(0))?;
        let serial = fields.take(INTEGER)?;
        fields.take(SEQUENCE)?;
        let issuer = fields.take(SEQUENCE)?;
        let rest = fields.all()?;
        let extensions = rest.iter().find(|element| element.tag == der::context(3));
        let mut found = None;
        if let Some(extensions) = extensions {
            for extension in Reader::only(extensions.value, SEQUENCE)?.inner().all()? {
                let mut parts = extension.inner();
                if parts.take(OID)?.value != EXTENDED_USAGE {
                    continue;
                }
                let critical = parts.optional(BOOLEAN)?.is_some_and(|flag| flag.value == [0xff]);
                let purposes = Reader::only(parts.take(OCTETS)?.value, SEQUENCE)?.inner().all()?;
                let only = matches!(purposes.as_slice(), [one] if one.value == TIME_STAMPING);
                found = Some(critical && only);
            }
        }
        if found != Some(true) {
            return Err(Error::untrue(
                "stamp-usage",
                "the certificate is not for dating alone, or does not say so as critical",
            ));
        }
        Ok(Self { issuer: issuer.raw, serial: serial.raw })
    }
}

/// Whether the signature over the message is by the certificate's key; codes `stamp-algorithm`,
/// `stamp-signature`.
pub(super) fn signed(
    certificate: &[u8],
    candidates: &[&'static dyn SignatureVerificationAlgorithm],
    message: &[u8],
    signature: &[u8],
) -> Result<()> {
    let certificate = CertificateDer::from(certificate);
    let end = EndEntityCert::try_from(&certificate).map_err(|_| unread())?;
    let holds = |algorithm: &&'static dyn SignatureVerificationAlgorithm| {
        end.verify_signature(*algorithm, message, signature).is_ok()
    };
    if candidates.iter().any(holds) {
        return Ok(());
    }
    Err(Error::untrue("stamp-signature", "the signature is not by the certificate's key"))
}

fn unread() -> Error {
    Error::untrue("stamp-chain", "the certificate cannot be read as one of an authority for times")
}
