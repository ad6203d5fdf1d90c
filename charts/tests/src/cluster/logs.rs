//! What containers said, kept for the API server: it asks the kubelet of a pod's node, over TLS, when somebody asks it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mainspring_servers::proxy::TestAuthority;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::ChartError;

/// Lines by `NAMESPACE/POD/CONTAINER`.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines(Arc<Mutex<BTreeMap<String, String>>>);

impl Lines {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on there is a log, if an empty one.
    pub(super) fn begin(&self, of: &str) {
        self.all().insert(of.to_owned(), String::new());
    }

    pub(super) fn add(&self, of: &str, line: &str) {
        let mut all = self.all();
        let text = all.entry(of.to_owned()).or_default();
        text.push_str(line);
        text.push('\n');
    }

    pub(super) fn of(&self, of: &str) -> Option<String> {
        self.all().get(of).cloned()
    }
}

/// The kubelet's own server. It ends when it is dropped.
#[derive(Debug)]
pub(super) struct LogServer {
    pub(super) address: SocketAddr,
    task: JoinHandle<()>,
}

impl LogServer {
    pub(super) async fn start(lines: Lines) -> Result<Self, ChartError> {
        let failed = |error: &dyn std::error::Error| ChartError::Cluster(format!("the kubelet's server: {error}"));
        let certificate = TestAuthority::new("kubelet").and_then(|authority| authority.server_cert(["127.0.0.1"]));
        let certificate = certificate.map_err(|error| failed(&error))?;
        let key = PrivateKeyDer::from_pem_slice(certificate.key_pem().as_bytes()).map_err(|error| failed(&error))?;
        let pem = CertificateDer::from_pem_slice(certificate.pem().as_bytes()).map_err(|error| failed(&error))?;
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(vec![pem], key))
            .map_err(|error| failed(&error))?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|error| failed(&error))?;
        let address = listener.local_addr().map_err(|error| failed(&error))?;
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Whoever breaks off has what it wanted.
                tokio::spawn(answer(acceptor.clone(), stream, lines.clone()));
            }
        });
        Ok(Self { address, task })
    }
}

impl Drop for LogServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(acceptor: TlsAcceptor, stream: TcpStream, lines: Lines) -> std::io::Result<()> {
    let mut stream = acceptor.accept(stream).await?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head);
    let path = head.split(' ').nth(1).and_then(|target| target.split('?').next()).unwrap_or_default();
    let found = path.strip_prefix("/containerLogs/").and_then(|of| lines.of(of));
    let status = if found.is_some() { "200 OK" } else { "404 Not Found" };
    let text = found.unwrap_or_default();
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n", text.len());
    stream.write_all(format!("{head}Connection: close\r\n\r\n{text}").as_bytes()).await?;
    stream.shutdown().await
}
