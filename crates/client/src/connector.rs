//! Makes connections: with retries while nobody answers, and with a plain word when trying again cannot help.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable};
use mainspring_settings::connection::{Compression, ConnectionSettings, Tls};
use temporalio_client::errors::ClientConnectError;
use temporalio_client::grpc::WorkflowService;
use temporalio_client::tonic::{Code, IntoRequest, Status};
use temporalio_client::{
    Client, ClientOptions, Connection, ConnectionOptions, GrpcCompression, ResolvesClientCert, TlsOptions, Url,
};
use temporalio_common::data_converters::DataConverter;
use temporalio_common::protos::temporal::api::workflowservice::v1::DescribeNamespaceRequest;
use temporalio_common::telemetry::metrics::TemporalMeter;

use crate::certificates::{ClientCertificate, roots};
use crate::key::KeySource;
use crate::{ClientError, Link, Payloads};

/// How long a command tries to connect: a person waits.
pub const PATIENCE_COMMAND: Duration = Duration::from_secs(5);
/// How long a worker tries to connect: a server may be on its way up, and a restart by Kubernetes costs more.
pub const PATIENCE_WORKER: Duration = Duration::from_secs(60);
/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(5);

/// Makes connections to one namespace. Cheap to clone.
#[derive(Clone)]
pub struct Connector {
    settings: Arc<ConnectionSettings>,
    ca: Option<Arc<Vec<u8>>>,
    client_cert: Option<Arc<dyn ResolvesClientCert>>,
    key: Option<KeySource>,
    meter: Option<TemporalMeter>,
    converter: DataConverter,
}

impl Connector {
    /// Reads and checks certificates and keys; connects nothing yet.
    ///
    /// # Errors
    /// A certificate, key or API key file that cannot be used.
    pub fn new(settings: ConnectionSettings) -> Result<Self, ClientError> {
        let (mut ca, mut client_cert) = (None, None);
        if let Tls::On(parts) = &settings.tls {
            ca = parts.ca.as_ref().map(roots).transpose()?.map(Arc::new);
            if let Some(pair) = &parts.client {
                client_cert = Some(Arc::new(ClientCertificate::new(pair.clone())?) as Arc<dyn ResolvesClientCert>);
            }
        }
        let key = settings.api_key.clone().map(KeySource::new);
        if let Some(key) = &key {
            key.read()?;
        }
        Ok(Self {
            settings: Arc::new(settings),
            ca,
            client_cert,
            key,
            meter: None,
            converter: DataConverter::default(),
        })
    }

    /// Records the SDK's client metrics with that meter.
    #[must_use]
    pub fn with_meter(mut self, meter: TemporalMeter) -> Self {
        self.meter = Some(meter);
        self
    }

    /// Encodes and decodes payloads with that converter in place of the SDK's default.
    #[must_use]
    pub fn with_data_converter(mut self, converter: DataConverter) -> Self {
        self.converter = converter;
        self
    }

    /// The one way in which payloads are encoded, for every path that the SDK's client does not cover.
    pub fn payloads(&self) -> Payloads {
        Payloads::new(self.converter.clone())
    }

    /// What is connected to, for messages: address, namespace, TLS or not; never a secret.
    pub fn describe(&self) -> String {
        let ConnectionSettings { address, namespace, tls, .. } = &*self.settings;
        let key = if self.key.is_some() { " and an API key" } else { "" };
        format!("{address} (namespace {namespace}, {tls}{key})")
    }

    /// Makes a new connection, and checks that the namespace is there. Tries for `patience`, or for
    /// MAINSPRING_CONNECT_TIMEOUT where that is set, with growing, jittered pauses.
    ///
    /// # Errors
    /// Nobody answered in time; or, at once, what trying again cannot mend.
    pub async fn connect(&self, patience: Duration) -> Result<Link, ClientError> {
        let patience = self.settings.connect_timeout.unwrap_or(patience);
        let (began, attempts) = (Instant::now(), AtomicUsize::new(0));
        let pauses = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(100))
            .with_max_delay(Duration::from_secs(2))
            .with_factor(1.7)
            .with_jitter()
            .without_max_times()
            .with_total_delay(Some(patience));
        let attempt = || async {
            attempts.fetch_add(1, Ordering::Relaxed);
            let left = patience.saturating_sub(began.elapsed()).max(Duration::from_millis(100));
            match tokio::time::timeout(left.min(ATTEMPT), self.attempt()).await {
                Ok(outcome) => outcome,
                Err(_) => Err(self.unreachable("no answer".to_owned())),
            }
        };
        let in_time = |error: &ClientError| error.is_passing() && began.elapsed() < patience;
        let outcome = attempt.retry(pauses).when(in_time).await;
        outcome.map_err(|error| match error {
            ClientError::Unreachable { target, cause, .. } => {
                let attempts = attempts.load(Ordering::Relaxed);
                ClientError::Unreachable { target, attempts, waited: began.elapsed(), cause }
            }
            other => other,
        })
    }

    async fn attempt(&self) -> Result<Link, ClientError> {
        let key = self.key.as_ref().map(KeySource::read).transpose()?;
        let mut options = self.options()?;
        options.api_key = key.as_ref().map(|key| key.expose().clone());
        let connection = Connection::connect(options).await.map_err(|error| self.connect_error(&error))?;
        self.check_namespace(&connection).await?;
        let follower = self.key.as_ref().zip(key).and_then(|(source, key)| source.follow(connection.clone(), key));
        let options =
            ClientOptions::new(self.settings.namespace.clone()).data_converter(self.converter.clone()).build();
        let client = Client::new(connection, options).map_err(|error| self.invalid(&error))?;
        Ok(Link::new(client, follower))
    }

    fn options(&self) -> Result<ConnectionOptions, ClientError> {
        let settings = &self.settings;
        let scheme = if settings.tls == Tls::Off { "http" } else { "https" };
        let url = Url::parse(&format!("{scheme}://{}", settings.address)).map_err(|error| self.invalid(&error))?;
        let mut options = ConnectionOptions::new(url).build();
        options.identity = settings.identity.clone().unwrap_or_else(identity);
        options.metrics_meter = self.meter.clone();
        options.connect_timeout = Some(ATTEMPT);
        options.grpc_compression = match settings.compression {
            Compression::None => GrpcCompression::None,
            Compression::Gzip => GrpcCompression::Gzip,
        };
        if !settings.grpc_meta.is_empty() {
            options.headers = Some(settings.grpc_meta.clone().into_iter().collect::<HashMap<_, _>>());
        }
        if let Tls::On(parts) = &settings.tls {
            let mut tls = TlsOptions::default();
            tls.server_root_ca_cert = self.ca.as_ref().map(|ca| ca.to_vec());
            tls.domain = parts.server_name.clone();
            tls.client_cert_resolver = self.client_cert.clone();
            options.tls_options = Some(tls);
        }
        if self.client_cert.is_some() {
            // The SDK cannot do both; one address is resolved anew with each connection.
            options.dns_load_balancing = None;
        }
        Ok(options)
    }

    async fn check_namespace(&self, connection: &Connection) -> Result<(), ClientError> {
        let namespace = self.settings.namespace.clone();
        let mut service = connection.clone();
        let request = DescribeNamespaceRequest { namespace, ..DescribeNamespaceRequest::default() };
        match WorkflowService::describe_namespace(&mut service, request.into_request()).await {
            Ok(_) => Ok(()),
            // Some deployments let a worker poll and not describe; the SDK's own check tolerates that too.
            Err(status) if status.code() == Code::Unimplemented => Ok(()),
            Err(status) => Err(self.refused(&status)),
        }
    }

    fn refused(&self, status: &Status) -> ClientError {
        let (target, cause) = (self.describe(), status.message().to_owned());
        match status.code() {
            Code::Unauthenticated => ClientError::Unauthenticated { target, cause },
            Code::PermissionDenied => ClientError::Denied { target, cause },
            Code::NotFound | Code::InvalidArgument => ClientError::NamespaceNotFound { target, cause },
            _ => self.from_transport(status),
        }
    }

    fn connect_error(&self, error: &ClientConnectError) -> ClientError {
        match error {
            ClientConnectError::SystemInfoCallError(status) => self.refused(status),
            ClientConnectError::TonicTransportError(source) => self.from_transport(source),
            ClientConnectError::DnsResolutionError { .. } => self.unreachable(causes(error)),
            other => self.invalid(other),
        }
    }

    /// A certificate that does not fit will not fit in a second either; everything else may pass.
    fn from_transport(&self, error: &(dyn std::error::Error + 'static)) -> ClientError {
        let cause = causes(error);
        let mut source = Some(error);
        while let Some(inner) = source {
            let of_io = inner.downcast_ref::<std::io::Error>().and_then(|error| error.get_ref());
            let tls = inner.downcast_ref::<rustls::Error>().or_else(|| of_io.and_then(|inner| inner.downcast_ref()));
            if let Some(tls) = tls {
                return ClientError::Tls { target: self.describe(), cause: tls.to_string() };
            }
            source = inner.source();
        }
        self.unreachable(cause)
    }

    fn unreachable(&self, cause: String) -> ClientError {
        ClientError::Unreachable { target: self.describe(), attempts: 1, waited: Duration::ZERO, cause }
    }

    fn invalid(&self, cause: &dyn std::error::Error) -> ClientError {
        ClientError::Invalid { target: self.describe(), cause: causes(cause) }
    }
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Connector").field(&self.describe()).finish()
    }
}

/// The innermost cause says most; the outer ones only that there was one.
fn causes(error: &(dyn std::error::Error + '_)) -> String {
    let mut texts = vec![error.to_string()];
    let mut source = error.source();
    while let Some(inner) = source {
        texts.push(inner.to_string());
        source = inner.source();
    }
    texts.dedup();
    texts.into_iter().next_back().unwrap_or_default()
}

fn identity() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| std::fs::read_to_string("/etc/hostname"));
    let host = host.ok().or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_else(|| "localhost".to_owned());
    format!("{}@{}", std::process::id(), host.trim())
}
