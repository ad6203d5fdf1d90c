//! TLS towards the client: TLS 1.2 and 1.3, ALPN `h2`, with or without a certificate of the client.

use std::fmt;
use std::sync::Arc;

use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use tokio_rustls::TlsAcceptor;

use super::authority::TestCertificate;
use super::error::ProxyError;
use super::record::Fingerprint;

/// How a proxy serves TLS.
#[derive(Clone)]
pub struct ServerTls {
    certificates: String,
    key: String,
    client_authority: Option<String>,
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let client_certificate = self.client_authority.is_some();
        formatter.debug_struct("ServerTls").field("client_certificate", &client_certificate).finish_non_exhaustive()
    }
}

impl ServerTls {
    /// TLS with this certificate; a client needs none.
    pub fn new(certificate: &TestCertificate) -> Self {
        Self::from_pem(certificate.pem(), certificate.key_pem())
    }

    /// TLS with a chain, the server's own certificate first, and its private key, both as PEM text.
    pub fn from_pem(certificates: impl Into<String>, key: impl Into<String>) -> Self {
        Self { certificates: certificates.into(), key: key.into(), client_authority: None }
    }

    /// mTLS: a client must show a certificate of one of these authorities (PEM text).
    #[must_use]
    pub fn require_client_cert(self, authorities: impl Into<String>) -> Self {
        Self { client_authority: Some(authorities.into()), ..self }
    }

    pub(crate) fn acceptor(&self) -> Result<TlsAcceptor, ProxyError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(unusable("set of protocol versions"))?;
        let builder = match &self.client_authority {
            None => builder.with_no_client_auth(),
            Some(authorities) => {
                let mut roots = RootCertStore::empty();
                for authority in chain(authorities).map_err(unusable("client authority"))? {
                    roots.add(authority).map_err(unusable("client authority"))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().map_err(unusable("client authority"))?)
            }
        };
        let certificates = chain(&self.certificates).map_err(unusable("server certificate"))?;
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).map_err(unusable("server key"))?;
        let mut config = builder.with_single_cert(certificates, key).map_err(unusable("server certificate"))?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        // Each connection is a whole handshake: a resumed one would show the client certificate of the one before.
        config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn chain(pem: &str) -> Result<Vec<CertificateDer<'static>>, rustls_pki_types::pem::Error> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>()?;
    if chain.is_empty() { Err(rustls_pki_types::pem::Error::NoItemsFound) } else { Ok(chain) }
}

fn unusable<E>(part: &'static str) -> impl FnOnce(E) -> ProxyError
where
    E: std::error::Error + Send + Sync + 'static,
{
    move |source| ProxyError::Tls { part, source: Box::new(source) }
}

/// What tells certificates apart in a record.
pub(crate) fn fingerprint(certificate: &CertificateDer<'_>) -> Fingerprint {
    let hex: String = Sha256::digest(certificate).iter().map(|byte| format!("{byte:02x}")).collect();
    Fingerprint::from(hex)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::TestAuthority;

    #[test]
    fn an_unusable_part_is_named() {
        let authority = TestAuthority::new("ours").unwrap();
        let certificate = authority.server_cert(["localhost"]).unwrap();
        let other = authority.server_cert(["localhost"]).unwrap();
        let refusal = |tls: ServerTls| tls.acceptor().err().unwrap().to_string();
        let start = "the wire proxy cannot serve TLS: the ";
        assert_eq!(
            refusal(ServerTls::from_pem("nothing", certificate.key_pem())),
            format!("{start}server certificate is not usable: no items found; give PEM text")
        );
        assert!(refusal(ServerTls::from_pem(certificate.pem(), "nothing")).starts_with(&format!("{start}server key")));
        assert!(
            refusal(ServerTls::from_pem(certificate.pem(), other.key_pem()))
                .starts_with(&format!("{start}server certificate is not usable: keys may not be consistent"))
        );
        assert!(
            refusal(ServerTls::new(&certificate).require_client_cert("nothing"))
                .starts_with(&format!("{start}client authority"))
        );
    }

    #[test]
    fn debug_shows_no_key() {
        let certificate = TestAuthority::new("ours").unwrap().server_cert(["localhost"]).unwrap();
        let shown = format!("{:?} {certificate:?}", ServerTls::new(&certificate));
        assert!(!shown.contains("PRIVATE KEY"), "{shown}");
    }
}
