//! PEM from a file or a text, parsed with the ring provider. Errors name the setting and the file.

use std::sync::Arc;

use mainspring_settings::connection::{ClientPair, Pem};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, RootCertStore};

use crate::error::ClientError;
use crate::target::{PemPart, setting_of};

/// Reads the PEM, wherever it is.
pub(crate) fn read(pem: &Pem, part: PemPart) -> Result<Vec<u8>, ClientError> {
    match pem {
        Pem::Text(text) => Ok(text.expose().as_bytes().to_vec()),
        Pem::Path(path) => std::fs::read(path).map_err(|error| bad(pem, part, error.to_string())),
    }
}

/// The same without blocking the thread.
pub(crate) async fn read_again(pem: &Pem, part: PemPart) -> Result<Vec<u8>, ClientError> {
    match pem {
        Pem::Text(_) => read(pem, part),
        Pem::Path(path) => tokio::fs::read(path).await.map_err(|error| bad(pem, part, error.to_string())),
    }
}

/// Root certificates, seen to be usable, as the bytes that they came in.
pub(crate) fn authority(pem: &Pem) -> Result<Vec<u8>, ClientError> {
    let bytes = read(pem, PemPart::Authority)?;
    let mut roots = RootCertStore::empty();
    for certificate in chain(&bytes).map_err(|reason| bad(pem, PemPart::Authority, reason))? {
        roots
            .add(certificate)
            .map_err(|error| bad(pem, PemPart::Authority, format!("a certificate in it is malformed ({error})")))?;
    }
    Ok(bytes)
}

/// A client certificate with its key, if both can be used and belong together.
pub(crate) fn client(pair: &ClientPair, cert: &[u8], key: &[u8]) -> Result<Arc<CertifiedKey>, ClientError> {
    let chain = chain(cert).map_err(|reason| bad(&pair.cert, PemPart::Certificate, reason))?;
    let bad_key = |reason| bad(&pair.key, PemPart::Key, reason);
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|_| bad_key("it holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)".to_owned()))?;
    let provider = rustls::crypto::ring::default_provider();
    let certified = CertifiedKey::from_der(chain, key, &provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            bad_key(format!("it is not the key of the certificate in {}", setting_of(&pair.cert, PemPart::Certificate)))
        }
        rustls::Error::InvalidCertificate(reason) => {
            bad(&pair.cert, PemPart::Certificate, format!("a certificate in it is malformed ({reason})"))
        }
        other => bad_key(format!("its private key is of no use: {other}")),
    })?;
    Ok(Arc::new(certified))
}

fn chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match chain {
        Err(error) => Err(format!("it is not PEM ({error})")),
        Ok(chain) if chain.is_empty() => {
            Err("it holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)".to_owned())
        }
        Ok(chain) => Ok(chain),
    }
}

fn bad(pem: &Pem, part: PemPart, reason: String) -> ClientError {
    let path = match pem {
        Pem::Path(path) => Some(path.clone()),
        Pem::Text(_) => None,
    };
    ClientError::BadCertificate { setting: setting_of(pem, part), path, reason }
}
