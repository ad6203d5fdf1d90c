//! Calls of the API server, as JSON. They take milliseconds, and block for them.

use std::fmt;
use std::time::Duration;

use mainspring_servers::KubeApi;
use serde_json::Value;
use ureq::http::Request;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, AsSendBody};

use crate::ChartError;

const LIMIT: Duration = Duration::from_secs(30);

/// A client that may do everything.
#[derive(Clone)]
pub struct Api {
    agent: Agent,
    url: String,
    token: String,
}

impl Api {
    /// A client of that server.
    ///
    /// # Errors
    /// Its certificate is none.
    pub fn new(server: &KubeApi) -> Result<Self, ChartError> {
        let ca = Certificate::from_pem(server.ca_pem().as_bytes());
        let ca = ca.map_err(|error| ChartError::Cluster(error.to_string()))?;
        let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[ca])).build();
        let config = Agent::config_builder().tls_config(tls).proxy(None).http_status_as_error(false);
        let agent = Agent::new_with_config(config.timeout_global(Some(LIMIT)).build());
        Ok(Self { agent, url: server.url(), token: server.token().to_owned() })
    }

    /// The same without who it is.
    #[must_use]
    pub fn as_nobody(mut self) -> Self {
        self.token = "nobody".to_owned();
        self
    }

    /// Reads an object or a list.
    ///
    /// # Errors
    /// [`ChartError::Api`] with what the API server answered.
    pub fn get(&self, path: &str) -> Result<Value, ChartError> {
        self.call("GET", path, "application/json", ())
    }

    /// Creates an object. What its kind does not have is refused.
    ///
    /// # Errors
    /// [`ChartError::Api`] with what the API server answered.
    pub fn post(&self, path: &str, object: &Value) -> Result<Value, ChartError> {
        let path = format!("{path}?fieldValidation=Strict");
        self.call("POST", &path, "application/json", object.to_string().as_str())
    }

    /// Changes fields of an object.
    ///
    /// # Errors
    /// [`ChartError::Api`] with what the API server answered.
    pub fn patch(&self, path: &str, fields: &Value) -> Result<Value, ChartError> {
        self.call("PATCH", path, "application/merge-patch+json", fields.to_string().as_str())
    }

    /// Deletes an object.
    ///
    /// # Errors
    /// [`ChartError::Api`] with what the API server answered.
    pub fn delete(&self, path: &str) -> Result<Value, ChartError> {
        self.call("DELETE", path, "application/json", ())
    }

    fn call(&self, method: &str, path: &str, kind: &str, body: impl AsSendBody) -> Result<Value, ChartError> {
        let failed = |answer: String| ChartError::Api { call: format!("{method} {path}"), answer };
        let unsent = |error: ureq::Error| failed(error.to_string());
        let request = Request::builder().method(method).uri(format!("{}{path}", self.url)).header("Content-Type", kind);
        let request = request.header("Authorization", format!("Bearer {}", self.token)).body(body);
        let mut response = self.agent.run(request.map_err(|error| failed(error.to_string()))?).map_err(unsent)?;
        // Lists of definitions are megabytes.
        let text = response.body_mut().with_config().limit(64 << 20).read_to_string().map_err(unsent)?;
        let value: Value = serde_json::from_str(&text).map_err(|error| failed(format!("{error}: {text}")))?;
        if response.status().is_success() {
            return Ok(value);
        }
        Err(failed(format!("{}: {}", response.status().as_u16(), value["message"].as_str().unwrap_or(&text))))
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Api").field("url", &self.url).finish_non_exhaustive()
    }
}
