//! One POST of JSON to a service, within bounds of time and size, and what its outcome means for Temporal.
//!
//! A call bears `Idempotency-Key`, which the service keeps: the same key is the same request, however often it comes.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mainspring::SetupError;
use mainspring::client::with_causes;
use mainspring::settings::Secret;
use mainspring::vocabulary::outside::{self, Outlook};
use onboarding_contract::ServiceError;
use reqwest::header::{LOCATION, RETRY_AFTER};
use reqwest::{Client, Response, redirect};
use rustls::RootCertStore;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;
use url::form_urlencoded::byte_serialize;

use crate::Endpoint;

/// The longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The largest answer that is read, in bytes: each service answers with a few ids.
const LARGEST_ANSWER: usize = 64 << 10;

/// What is kept of the text of a refusal, in characters: it goes into the workflow's history.
const LONGEST_REASON: usize = 300;

/// The same for every attempt of a step, and for a second run under the same workflow id. Bytes that a header cannot hold
/// are escaped.
pub(crate) fn idempotency_key(workflow_id: &str, step: &str) -> String {
    format!("{}/{step}", byte_serialize(workflow_id.as_bytes()).collect::<String>())
}

/// The root certificates of this machine; `SSL_CERT_FILE` names others.
pub(crate) fn machine_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

/// A client for all services: rustls, no redirects, no proxy that the environment does not name.
///
/// # Errors
/// The TLS configuration could not be made.
pub(crate) fn client(timeout: Duration, roots: RootCertStore) -> Result<Client, SetupError> {
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(CONNECT_TIMEOUT.min(timeout))
        .timeout(timeout)
        // Followed, a POST would become a GET; and a token must not go where nobody sent it.
        .redirect(redirect::Policy::none())
        // Temporal retries, where everybody can see it.
        .retry(reqwest::retry::never())
        .user_agent(concat!("mainspring-onboarding/", env!("CARGO_PKG_VERSION")))
        .build()?;
    Ok(client)
}

/// A service at its address.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    client: Client,
    name: &'static str,
    setting: &'static str,
    url: Url,
    token: Option<Secret>,
}

impl Service {
    /// # Errors
    /// The endpoint has no address.
    pub(crate) fn new(client: Client, endpoint: &Endpoint) -> Result<Self, SetupError> {
        let &Endpoint { service: name, setting, .. } = endpoint;
        let url =
            endpoint.url.clone().ok_or_else(|| format!("{setting} is missing: set it to the address of {name}"))?;
        Ok(Self { client, name, setting, url, token: endpoint.token.clone() })
    }

    /// Posts `body` under that key, and reads the answer.
    ///
    /// # Errors
    /// The service refused, cannot do it now, cannot be reached, or answered something else than it should.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        step: &str,
        key: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, ServiceError> {
        let request = self.client.post(self.url.clone()).header("Idempotency-Key", key).json(body);
        let request = match &self.token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        };
        let response = request.send().await.map_err(|error| self.unreachable(step, error))?;
        let status = response.status();
        if status.is_redirection() {
            let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("nowhere");
            return Err(self.unusable(step, format!("{status} to {}", self.shown(to))));
        }
        if status.is_success() {
            let bytes = self.read(response).await.map_err(|error| self.unreachable(step, error))?;
            if bytes.len() > LARGEST_ANSWER {
                return Err(self.unusable(step, format!("{status} and more than {LARGEST_ANSWER} bytes")));
            }
            return serde_json::from_slice(&bytes)
                .map_err(|error| self.unusable(step, format!("{status} and a body that does not fit ({error})")));
        }
        let asked_for = response.headers().get(RETRY_AFTER).and_then(|pause| pause.to_str().ok());
        let outlook = outside::http(status.as_u16(), asked_for, SystemTime::now());
        // The status says enough: a refusal stays one when its text is too long, or breaks off.
        let bytes = self.read(response).await.unwrap_or_default();
        let (service, step, reason) = (self.name, step.to_owned(), self.shown(&String::from_utf8_lossy(&bytes)));
        let status = status.to_string();
        Err(match outlook {
            Some(Outlook::Busy { after: retry_after }) => {
                ServiceError::Busy { service, step, status, reason, retry_after }
            }
            _ => ServiceError::Refused { service, step, status, reason },
        })
    }

    /// The body; of one beyond the bound its beginning, which is longer than the bound by less than a chunk.
    async fn read(&self, mut response: Response) -> Result<Vec<u8>, reqwest::Error> {
        let mut bytes = Vec::new();
        while bytes.len() <= LARGEST_ANSWER
            && let Some(chunk) = response.chunk().await?
        {
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    fn unreachable(&self, step: &str, error: reqwest::Error) -> ServiceError {
        // The address may hold a key in its query, so only where it leads is shown.
        let cause = error.without_url();
        ServiceError::Unreachable {
            service: self.name,
            step: step.to_owned(),
            at: self.url.origin().ascii_serialization(),
            setting: self.setting,
            reason: with_causes(&cause),
            cause: cause.into(),
        }
    }

    fn unusable(&self, step: &str, answer: String) -> ServiceError {
        ServiceError::Unusable { service: self.name, step: step.to_owned(), answer, setting: self.setting }
    }

    /// What a service said, as one short line and without the token, which some servers echo.
    fn shown(&self, text: &str) -> String {
        let masked =
            self.token.iter().fold(text.to_owned(), |text, token| text.replace(token.expose().as_str(), "***"));
        let words: Vec<&str> =
            masked.split(|c: char| c.is_control() || c.is_whitespace()).filter(|w| !w.is_empty()).collect();
        let line = words.join(" ");
        match line.char_indices().nth(LONGEST_REASON) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None if line.is_empty() => "it gave no reason".to_owned(),
            None => line,
        }
    }
}
