//! A client that calls as a gRPC client does: one HTTP/2 connection, plain or TLS.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use mainspring_servers::proxy::{TestCertificate, WireProxy};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::sync::CancellationToken;

pub(crate) type AnyError = Box<dyn std::error::Error + Send + Sync>;
pub(crate) type Body = UnsyncBoxBody<Bytes, AnyError>;

#[derive(Clone)]
pub(crate) struct Client {
    sender: SendRequest<Body>,
    ended: CancellationToken,
}

/// A whole answer; status and message from its trailers, or from its headers if it has no others.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) trailers: Option<HeaderMap>,
}

impl Answer {
    pub(crate) fn text(&self, name: &str) -> &str {
        let value = self.trailers.as_ref().and_then(|trailers| trailers.get(name)).or_else(|| self.headers.get(name));
        value.map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn status(&self) -> &str {
        self.text("grpc-status")
    }
}

impl Client {
    pub(crate) async fn connect(proxy: &WireProxy) -> Result<Self, AnyError> {
        Self::over(TcpStream::connect(proxy.address()).await?).await
    }

    /// TLS to the proxy under the name `localhost`, trusting `ca_pem` alone.
    pub(crate) async fn tls(
        proxy: &WireProxy,
        ca_pem: &str,
        certificate: Option<&TestCertificate>,
    ) -> Result<Self, AnyError> {
        Self::over(shake_hands(proxy, ca_pem, certificate).await?).await
    }

    async fn over(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Result<Self, AnyError> {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder.initial_max_send_streams(10_000);
        let (sender, driver) = builder.handshake(TokioIo::new(stream)).await?;
        let ended = CancellationToken::new();
        let end = ended.clone().drop_guard();
        tokio::spawn(async move {
            let _end = end;
            let _ = driver.await;
        });
        Ok(Self { sender, ended })
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Result<Response<Incoming>, AnyError> {
        let mut sender = self.sender.clone();
        crate::soon(async move {
            sender.ready().await?;
            Ok(sender.send_request(request).await?)
        })
        .await
    }

    pub(crate) async fn call(&self, method: &str, body: impl Into<Bytes>) -> Result<Answer, AnyError> {
        self.call_with(method, body, &[]).await
    }

    pub(crate) async fn call_with(
        &self,
        method: &str,
        body: impl Into<Bytes>,
        headers: &[(&str, &str)],
    ) -> Result<Answer, AnyError> {
        let mut request = request(method, Full::new(body.into()).map_err(|never| match never {}).boxed_unsync());
        for (name, value) in headers {
            request.headers_mut().insert(name.parse::<http::HeaderName>()?, value.parse()?);
        }
        let (head, body) = self.send(request).await?.into_parts();
        let body = crate::soon(body.collect()).await?;
        let trailers = body.trailers().cloned();
        Ok(Answer { headers: head.headers, body: body.to_bytes(), trailers })
    }

    /// Waits until the connection has broken.
    pub(crate) async fn broken(&self) {
        crate::soon(self.ended.cancelled()).await;
    }
}

pub(crate) fn request(method: &str, body: Body) -> Request<Body> {
    let uri = format!("http://somewhere/test.v1.Echo/{method}");
    let request = Request::post(uri).header("content-type", "application/grpc").header("te", "trailers");
    request.body(body).unwrap()
}

/// TLS to the proxy under the name `localhost`, trusting `ca_pem` alone; nothing of HTTP/2 yet.
pub(crate) async fn shake_hands(
    proxy: &WireProxy,
    ca_pem: &str,
    certificate: Option<&TestCertificate>,
) -> Result<TlsStream<TcpStream>, AnyError> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca_pem.as_bytes())?)?;
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    let mut config = match certificate {
        None => config.with_no_client_auth(),
        Some(certificate) => config.with_client_auth_cert(
            vec![CertificateDer::from_pem_slice(certificate.pem().as_bytes())?],
            PrivateKeyDer::from_pem_slice(certificate.key_pem().as_bytes())?,
        )?,
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(proxy.address()).await?;
    let stream = TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost")?, stream).await?;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    Ok(stream)
}
