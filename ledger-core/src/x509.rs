//! X.509: whether a certificate holds at a time under the roots that somebody trusts (RFC 5280, section 6).

use std::time::Duration;

use pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert, ring as algorithms};

/// What a certificate may be signed with.
static CHAIN: &[&dyn SignatureVerificationAlgorithm] = &[
    algorithms::ECDSA_P256_SHA256,
    algorithms::ECDSA_P256_SHA384,
    algorithms::ECDSA_P384_SHA256,
    algorithms::ECDSA_P384_SHA384,
    algorithms::ED25519,
    algorithms::RSA_PKCS1_2048_8192_SHA256,
    algorithms::RSA_PKCS1_2048_8192_SHA384,
    algorithms::RSA_PKCS1_2048_8192_SHA512,
];

/// Whether the roots certify it for that use, through certificates between, `at` so many seconds after
/// 1970; why they do not. Revocation is not looked at: that takes a list that somebody else keeps.
pub fn certified(
    end: &EndEntityCert<'_>,
    between: &[CertificateDer<'_>],
    roots: &[CertificateDer<'_>],
    at: u64,
    usage: KeyUsage,
) -> Result<(), webpki::Error> {
    let anchors: Vec<TrustAnchor<'_>> =
        roots.iter().filter_map(|one| anchor_from_trusted_cert(one).ok()).collect();
    let time = UnixTime::since_unix_epoch(Duration::from_secs(at));
    end.verify_for_usage(CHAIN, &anchors, between, time, usage, None, None).map(drop)
}
