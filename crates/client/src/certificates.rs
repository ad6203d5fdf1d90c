//! Certificates: read and checked at start, and the client's read again when its files change. A new connection presents
//! the new certificate; one that stands goes on until the server or the network ends it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mainspring_settings::connection::{ClientPair, Pem};
use parking_lot::Mutex;
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::ClientError;

/// The shortest time between two looks at the files: a handshake asks, and a storm of them must not read files.
const LOOK: Duration = Duration::from_secs(1);

/// Names of the settings that a PEM may come from.
pub(crate) const CA: &str = "TEMPORAL_TLS_SERVER_CA_CERT_PATH";
const CERT: &str = "TEMPORAL_TLS_CLIENT_CERT_PATH";
const KEY: &str = "TEMPORAL_TLS_CLIENT_KEY_PATH";

/// The text of a PEM, checked to hold at least one certificate.
pub(crate) fn roots(pem: &Pem) -> Result<Vec<u8>, ClientError> {
    let text = read(pem, CA)?;
    certificates(&text).map_err(|cause| credential(CA, pem, cause))?;
    Ok(text)
}

/// Presents a client certificate, and reads it again when it changed.
#[derive(Debug)]
pub(crate) struct ClientCertificate {
    pair: ClientPair,
    current: Mutex<(Arc<CertifiedKey>, Instant)>,
}

impl ClientCertificate {
    pub(crate) fn new(pair: ClientPair) -> Result<Self, ClientError> {
        let key = load(&pair)?;
        Ok(Self { pair, current: Mutex::new((Arc::new(key), Instant::now())) })
    }

    fn now(&self) -> Arc<CertifiedKey> {
        let mut current = self.current.lock();
        if current.1.elapsed() >= LOOK && matches!((&self.pair.cert, &self.pair.key), (Pem::Path(_), Pem::Path(_))) {
            current.1 = Instant::now();
            match load(&self.pair) {
                // A pair that is half replaced does not match; the pair before stays until it does.
                Ok(key) if key.cert != current.0.cert => {
                    current.0 = Arc::new(key);
                    tracing::info!("the client certificate was read again");
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(error = %error, "the client certificate before stays"),
            }
        }
        current.0.clone()
    }
}

impl ResolvesClientCert for ClientCertificate {
    fn resolve(&self, _roots: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.now())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

fn load(pair: &ClientPair) -> Result<CertifiedKey, ClientError> {
    let (cert_text, key_text) = (read(&pair.cert, CERT)?, read(&pair.key, KEY)?);
    let chain = certificates(&cert_text).map_err(|cause| credential(CERT, &pair.cert, cause))?;
    let key = PrivateKeyDer::from_pem_slice(&key_text)
        .map_err(|_| credential(KEY, &pair.key, "it holds no private key in PEM form".to_owned()))?;
    let signing = rustls::crypto::ring::sign::any_supported_type(&key)
        .map_err(|error| credential(KEY, &pair.key, error.to_string()))?;
    let certified = CertifiedKey::new(chain, signing);
    match certified.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => Ok(certified),
        Err(_) => Err(credential(KEY, &pair.key, "it is not the key of the client certificate".to_owned())),
    }
}

fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    match found {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err("it holds no certificate in PEM form".to_owned()),
    }
}

fn read(pem: &Pem, setting: &'static str) -> Result<Vec<u8>, ClientError> {
    match pem {
        Pem::Text(text) => Ok(text.expose().clone().into_bytes()),
        Pem::Path(path) => std::fs::read(path).map_err(|error| credential(setting, pem, error.to_string())),
    }
}

fn credential(setting: &'static str, pem: &Pem, cause: String) -> ClientError {
    let path: Option<PathBuf> = match pem {
        Pem::Path(path) => Some(path.clone()),
        Pem::Text(_) => None,
    };
    ClientError::Credential { setting, path, cause }
}
