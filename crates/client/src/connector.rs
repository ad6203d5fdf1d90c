//! From settings to connections. A connector tries until patience is spent, and says what it tried.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use mainspring_settings::Secret;
use mainspring_settings::connection::{Compression, ConnectionSettings, Tls};
use temporalio_client::callback_based::CallbackBasedGrpcService;
use temporalio_client::tonic::codegen::http::Uri;
use temporalio_client::tonic::metadata::{AsciiMetadataKey, AsciiMetadataValue};
use temporalio_client::{
    Client, ClientOptions, Connection, ConnectionOptions, DnsLoadBalancingOptions, GrpcCompression, TlsOptions, Url,
};
use temporalio_common::data_converters::DataConverter;
use temporalio_common::telemetry::metrics::TemporalMeter;

use crate::attempt::attempt;
use crate::cause::{Cause, Kind};
use crate::error::ClientError;
use crate::link::Link;
use crate::payload::Payloads;
use crate::rotation::{Credentials, Follower, pem};
use crate::target::Target;
use crate::verdict::Question;

/// How long a command tries to connect.
pub const PATIENCE_COMMAND: Duration = Duration::from_secs(5);
/// How long a worker tries to connect.
pub const PATIENCE_WORKER: Duration = Duration::from_secs(60);
/// How often the files of credentials are read again, unless [`Connector::with_rotation_interval`] says otherwise.
pub const ROTATION_INTERVAL: Duration = Duration::from_secs(5);

/// One attempt takes no longer than this for each of its two steps, so that one lost packet does not eat all patience.
const ATTEMPT: Duration = Duration::from_secs(5);
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// Makes connections to one Temporal namespace. Cheap to clone; clones share the credentials that they read.
#[derive(Clone, Debug)]
pub struct Connector {
    shared: Arc<Shared>,
    data_converter: DataConverter,
    meter: Option<TemporalMeter>,
    identity: String,
    rotation_interval: Duration,
    service: Option<CallbackBasedGrpcService>,
}

#[derive(Debug)]
struct Shared {
    settings: ConnectionSettings,
    target: Target,
    url: Url,
    authority: Option<Vec<u8>>,
    credentials: Arc<Credentials>,
}

impl Connector {
    /// Reads and parses every file that the settings name. It connects to nothing yet.
    ///
    /// # Errors
    /// [`ClientError::BadCertificate`], [`ClientError::BadApiKey`] or [`ClientError::BadSetting`], naming the setting
    /// and the file.
    pub fn new(settings: ConnectionSettings) -> Result<Self, ClientError> {
        check_headers(&settings)?;
        let url = url(&settings)?;
        let authority = match &settings.tls {
            Tls::Off => None,
            Tls::On(parts) => parts.ca.as_ref().map(pem::authority).transpose()?,
        };
        let credentials = Arc::new(Credentials::new(&settings)?);
        let identity = settings.identity.clone().unwrap_or_else(default_identity);
        let target = Target::of(&settings);
        Ok(Self {
            shared: Arc::new(Shared { settings, target, url, authority, credentials }),
            data_converter: DataConverter::default(),
            meter: None,
            identity,
            rotation_interval: ROTATION_INTERVAL,
            service: None,
        })
    }

    /// Records the SDK's client metrics (`temporal_request` and its kin) with this meter; none without it.
    #[must_use]
    pub fn with_meter(self, meter: TemporalMeter) -> Self {
        Self { meter: Some(meter), ..self }
    }

    /// Reads and writes payloads with this converter and its codec; the default is plain JSON.
    #[must_use]
    pub fn with_data_converter(self, data_converter: DataConverter) -> Self {
        Self { data_converter, ..self }
    }

    /// Appears in Temporal under this name; the default is TEMPORAL_IDENTITY, else `pid@host`.
    #[must_use]
    pub fn with_identity(self, identity: String) -> Self {
        Self { identity, ..self }
    }

    /// Reads the files of credentials again at this interval; the default is [`ROTATION_INTERVAL`].
    #[must_use]
    pub fn with_rotation_interval(self, interval: Duration) -> Self {
        Self { rotation_interval: interval, ..self }
    }

    /// Asks this service, in this process, in place of the server of the settings.
    #[must_use]
    pub fn with_service(self, service: CallbackBasedGrpcService) -> Self {
        Self { service: Some(service), ..self }
    }

    /// A new connection, each time. While the server cannot be reached or is not ready it tries again, with backoff
    /// and jitter, until `patience` is spent; MAINSPRING_CONNECT_TIMEOUT, if set, replaces `patience`. What no
    /// waiting can mend is an error at once: credentials, certificates, a namespace that does not exist.
    ///
    /// Call it on the runtime that shall read the credentials' files again.
    ///
    /// # Errors
    /// [`ClientError`], with what was tried, how often, the last cause and what to check.
    pub async fn connect(&self, patience: Duration) -> Result<Link, ClientError> {
        let patience = self.shared.settings.connect_timeout.unwrap_or(patience);
        let start = Instant::now();
        let mut waits = waits(patience);
        let mut attempts = 1;
        loop {
            let left = patience.saturating_sub(start.elapsed());
            let cause = match self.connect_once(ATTEMPT.min(left).max(FIRST_WAIT)).await {
                Ok(link) => return Ok(link),
                Err(cause) => cause,
            };
            let left = patience.saturating_sub(start.elapsed());
            if cause.kind != Kind::Unreachable || left < FIRST_WAIT {
                return Err(ClientError::of_attempts(&self.shared.target, attempts, start.elapsed(), cause));
            }
            tracing::debug!(target = %self.shared.target, attempts, cause = %cause.text, "no connection to Temporal yet");
            // The last waits halve, so that the last attempt is close to the end of patience.
            tokio::time::sleep(waits.next().unwrap_or(patience).min(left / 2)).await;
            attempts += 1;
        }
    }

    /// What it connects to: `127.0.0.1:7233, namespace default, without TLS`. Never a secret.
    pub fn describe(&self) -> String {
        self.shared.target.to_string()
    }

    /// What it connects to, in parts.
    pub fn target(&self) -> &Target {
        &self.shared.target
    }

    /// Its name in Temporal.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// Who is said to start workflows, as a search attribute: TEMPORAL_IDENTITY, else `user@host`.
    pub fn started_by(&self) -> String {
        self.shared.settings.identity.clone().unwrap_or_else(default_user)
    }

    /// Reads and writes payloads.
    pub const fn data_converter(&self) -> &DataConverter {
        &self.data_converter
    }

    /// The one way from values to payloads and back, for what the SDK does not encode by itself.
    pub fn payloads(&self) -> Payloads {
        Payloads::new(self.data_converter.clone())
    }

    async fn connect_once(&self, limit: Duration) -> Result<Link, Cause> {
        // A key may have been replaced since the last attempt, or since the start of the process.
        self.shared.credentials.refresh().await;
        let key = self.shared.credentials.key();
        let namespace = self.shared.settings.namespace.clone();
        let connection = match attempt(self.options(key.as_deref(), limit), &namespace, limit).await {
            Ok(connection) => connection,
            Err(cause) if cause.broke_off => return Err(self.verdict(limit).await.unwrap_or(cause)),
            Err(cause) => return Err(cause),
        };
        let client = self.client(connection.clone(), namespace)?;
        let credentials = Arc::clone(&self.shared.credentials);
        let follower = Follower::start(credentials, connection, key, self.rotation_interval);
        Ok(Link::new(client, follower))
    }

    /// What the server's TLS says to a connection of ours; nothing without TLS.
    async fn verdict(&self, limit: Duration) -> Option<Cause> {
        let settings = &self.shared.settings;
        let Tls::On(parts) = &settings.tls else { return None };
        let question = Question {
            address: &settings.address,
            server_name: parts.server_name.as_deref(),
            authority: self.shared.authority.as_deref(),
            certificate: self.shared.credentials.cert(),
        };
        question.ask(limit).await
    }

    fn client(&self, connection: Connection, namespace: String) -> Result<Client, Cause> {
        let options = ClientOptions::new(namespace).data_converter(self.data_converter.clone()).build();
        Client::new(connection, options).map_err(|error| Cause::of_connect(error.into()))
    }

    fn options(&self, key: Option<&Secret>, limit: Duration) -> ConnectionOptions {
        let settings = &self.shared.settings;
        let cert = self.shared.credentials.cert();
        // The SDK cannot have both a client certificate that rotates and an address of each server behind a name.
        let balancing =
            if cert.is_some() || self.service.is_some() { None } else { Some(DnsLoadBalancingOptions::default()) };
        let tls = match &settings.tls {
            Tls::Off => None,
            Tls::On(parts) => Some(
                TlsOptions::builder()
                    .maybe_server_root_ca_cert(self.shared.authority.clone())
                    .maybe_domain(parts.server_name.clone())
                    .maybe_client_cert_resolver(cert.map(|cert| cert as _))
                    .build(),
            ),
        };
        // What the server is told: `https`, also where the target must read `http`. With a server name the SDK does it.
        let origin = match &settings.tls {
            Tls::On(parts) if parts.server_name.is_none() => {
                format!("https://{}", settings.address).parse::<Uri>().ok()
            }
            _ => None,
        };
        let headers: HashMap<_, _> = settings.grpc_meta.clone().into_iter().collect();
        ConnectionOptions::new(self.shared.url.clone())
            .identity(self.identity.clone())
            .maybe_metrics_meter(self.meter.clone())
            .maybe_tls_options(tls)
            .maybe_api_key(key.map(|key| key.expose().clone()))
            .maybe_override_origin(origin)
            .connect_timeout(limit)
            .dns_load_balancing(balancing)
            .maybe_service_override(self.service.clone())
            .headers(headers)
            .grpc_compression(match settings.compression {
                // A service in this process reads no compressed message.
                Compression::Gzip if self.service.is_none() => GrpcCompression::Gzip,
                Compression::Gzip | Compression::None => GrpcCompression::None,
            })
            .build()
    }
}

/// Waits between attempts: 0.1 s, doubled each time, each up to twice as long by chance so that a fleet does not
/// come back in one beat; at most 1.2 s for a command and 5 s for a worker.
fn waits(patience: Duration) -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(FIRST_WAIT)
        .with_factor(2.0)
        .with_max_delay((patience / 8).clamp(FIRST_WAIT, Duration::from_millis(2500)))
        .with_jitter()
        .without_max_times()
        .build()
}

/// The SDK's connector for client certificates always speaks TLS, but its transport refuses an `https` target there
/// ("Connecting to HTTPS without TLS enabled"); so only TLS without a client certificate is `https` here.
fn url(settings: &ConnectionSettings) -> Result<Url, ClientError> {
    let scheme = match &settings.tls {
        Tls::On(parts) if parts.client.is_none() => "https",
        _ => "http",
    };
    Url::parse(&format!("{scheme}://{}", settings.address)).map_err(|error| ClientError::BadSetting {
        setting: "TEMPORAL_ADDRESS".to_owned(),
        reason: format!(
            "is {:?}, which is not an address ({error}): write HOST:PORT, such as 127.0.0.1:7233",
            settings.address
        ),
    })
}

/// A header's value may be a secret, so the message has its name alone.
fn check_headers(settings: &ConnectionSettings) -> Result<(), ClientError> {
    for (name, value) in &settings.grpc_meta {
        let setting = || format!("TEMPORAL_GRPC_META_{}", name.to_uppercase().replace('-', "_"));
        if AsciiMetadataKey::from_bytes(name.as_bytes()).is_err() {
            let reason = "is not a name that a gRPC header can have: use letters, digits and _, and no _BIN at the end";
            return Err(ClientError::BadSetting { setting: setting(), reason: reason.to_owned() });
        }
        if AsciiMetadataValue::try_from(value.as_str()).is_err() {
            let reason = "has a value that no gRPC header can have: use visible ASCII and blanks, on one line";
            return Err(ClientError::BadSetting { setting: setting(), reason: reason.to_owned() });
        }
    }
    Ok(())
}

fn default_user() -> String {
    let user =
        ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()));
    format!("{}@{}", user.as_deref().unwrap_or("unknown"), gethostname::gethostname().to_string_lossy())
}

fn default_identity() -> String {
    format!("{}@{}", std::process::id(), gethostname::gethostname().to_string_lossy())
}

#[cfg(test)]
mod tests {
    use mainspring_settings::{Sources, load};

    use super::*;

    fn connector<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Connector, ClientError> {
        Connector::new(load(&Sources::from_pairs(pairs)).unwrap())
    }

    #[test]
    fn waits_grow_with_jitter_and_stay_within_a_share_of_patience() {
        for (patience, ceiling) in [(PATIENCE_COMMAND, 1.25), (PATIENCE_WORKER, 5.0)] {
            let waits: Vec<f64> = waits(patience).take(200).map(|wait| wait.as_secs_f64()).collect();
            assert!((0.1..=0.2).contains(&waits[0]), "{}", waits[0]);
            assert!(waits.iter().all(|wait| *wait <= ceiling), "{waits:?}");
            let late: Vec<u64> = waits[100..].iter().map(|wait| (wait * 1e6) as u64).collect();
            assert!(late.iter().any(|wait| *wait != late[0]), "without jitter: {late:?}");
        }
    }

    #[test]
    fn a_header_that_cannot_be_sent_is_refused_without_its_value() {
        let error = connector([("TEMPORAL_GRPC_META_X_TENANT", "hunter2\n3")]).unwrap_err().to_string();
        assert!(error.starts_with("TEMPORAL_GRPC_META_X_TENANT has a value"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
        let error = connector([("TEMPORAL_GRPC_META_X_BIN", "1")]).unwrap_err().to_string();
        assert!(error.starts_with("TEMPORAL_GRPC_META_X_BIN is not a name"), "{error}");
    }

    #[test]
    fn an_address_that_is_no_address_is_refused() {
        let error = connector([("TEMPORAL_ADDRESS", "::1:7233")]).unwrap_err().to_string();
        assert!(error.starts_with("TEMPORAL_ADDRESS is \"::1:7233\", which is not an address"), "{error}");
    }

    #[test]
    fn an_authority_that_is_none_is_refused_with_its_setting() {
        let error = connector([("TEMPORAL_CLIENT_ROOT_CA", "nothing")]).unwrap_err().to_string();
        assert!(
            error.starts_with("TEMPORAL_TLS_SERVER_CA_CERT_DATA cannot be used: it holds no certificate"),
            "{error}"
        );
    }

    #[test]
    fn debug_shows_no_secret() {
        let secrets = [("TEMPORAL_API_KEY", "hunter2"), ("TEMPORAL_TLS", "true")];
        let connector = connector(secrets).unwrap();
        let options = connector.shared.credentials.key().unwrap();
        assert_eq!(options.expose(), "hunter2");
        assert!(!format!("{connector:?}").contains("hunter2"));
    }

    #[test]
    fn the_default_identity_is_process_and_host() {
        let identity = connector([]).unwrap().identity().to_owned();
        assert!(identity.starts_with(&format!("{}@", std::process::id())) && !identity.ends_with('@'), "{identity}");
        assert_eq!(connector([("TEMPORAL_IDENTITY", "me")]).unwrap().identity(), "me");
    }
}
