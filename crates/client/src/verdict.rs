//! What a server that breaks off thinks of our certificate. With TLS 1.3 it judges after the handshake, and closes a
//! connection that has a request of ours under way: its alert is then lost with the connection. So it is asked once more
//! by a connection that says nothing and only listens.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::cause::Cause;
use crate::rotation::CertHolder;

/// How long a server may take to say what it thinks, once the handshake is done.
const HEARING: Duration = Duration::from_secs(1);

/// Where to ask, and how we show ourselves there; as in the connection that was broken off.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    /// `host:port`.
    pub(crate) address: &'a str,
    /// The name that the server's certificate must bear, if not the address's host.
    pub(crate) server_name: Option<&'a str>,
    /// Root certificates in PEM form; without them the system's own.
    pub(crate) authority: Option<&'a [u8]>,
    pub(crate) certificate: Option<Arc<CertHolder>>,
}

impl Question<'_> {
    /// What TLS says, or nothing if the server is content with TLS, cannot be reached, or says nothing in time.
    pub(crate) async fn ask(self, limit: Duration) -> Option<Cause> {
        let heard = tokio::time::timeout(limit.min(HEARING), self.listen()).await.ok()??;
        Cause::of_tls(heard)
    }

    async fn listen(self) -> Option<std::io::Error> {
        let host = self.address.rsplit_once(':').map_or(self.address, |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(self.server_name.unwrap_or(host).to_owned()).ok()?;
        let connector = TlsConnector::from(Arc::new(self.config()?));
        let stream = TcpStream::connect(self.address).await.ok()?;
        match connector.connect(name, stream).await {
            Err(error) => Some(error),
            // HTTP/2 has its client speak first; whatever a server says to a silent one is about TLS, or of no interest.
            Ok(mut tls) => tls.read_u8().await.err(),
        }
    }

    fn config(&self) -> Option<ClientConfig> {
        let mut roots = RootCertStore::empty();
        match self.authority {
            Some(pem) => roots.add_parsable_certificates(CertificateDer::pem_slice_iter(pem).flatten()),
            None => roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs),
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
        let builder = builder.with_root_certificates(roots);
        let mut config = match &self.certificate {
            Some(certificate) => builder.with_client_cert_resolver(Arc::clone(certificate) as _),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols.push(b"h2".to_vec());
        Some(config)
    }
}
