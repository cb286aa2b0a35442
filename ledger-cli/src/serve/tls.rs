//! TLS: the server's certificate, and the CA whose clients need no token to deliver.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pki_types::pem::PemObject as _;
use pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

use crate::failure::{Failure, Result};
use crate::files;

/// Where certificate and keys are, all of them PEM.
pub(crate) struct Files {
    /// The server's certificate, and those between it and its root.
    pub(crate) certificate: PathBuf,
    /// Its key.
    pub(crate) key: PathBuf,
    /// Every client must show a certificate of one of these.
    pub(crate) client_ca: Option<PathBuf>,
}

/// What takes up TLS connections: 1.2 and 1.3 with the suites of `ring`.
pub(super) fn acceptor(files: &Files) -> Result<TlsAcceptor> {
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::new("tls", format!("the certificate cannot be used: {error}"))
            .within(files::shown(&files.certificate))
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(&error))?;
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(file) => {
            let place = |error: &dyn std::fmt::Display| {
                Failure::new("tls", format!("the client CA cannot be used: {error}"))
                    .within(files::shown(file))
            };
            let mut roots = RootCertStore::empty();
            for certificate in certificates(file)? {
                roots.add(certificate).map_err(|error| place(&error))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().map_err(|error| place(&error))?)
        }
    };
    let bytes = files::read(&files.key)?;
    let key = PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| {
        Failure::new("tls", "there is no private key in the file")
            .within(files::shown(&files.key))
            .hint("a key is PEM: PKCS#8, SEC1 or PKCS#1")
    })?;
    let config = builder
        .with_single_cert(certificates(&files.certificate)?, key)
        .map_err(|error| wrong(&error))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The certificates of a PEM file, at least one.
fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let bytes = files::read(file)?;
    let read: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match read {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(Failure::new("tls", "there is no certificate in the file")
            .within(files::shown(file))
            .hint("a certificate is PEM, `-----BEGIN CERTIFICATE-----`")),
    }
}
