//! Credentials that change while the process runs: the API key and the client certificate, read again from their files.
//! One set a connector; each link follows it for the connection that it owns.

mod api_key;
mod client_cert;
mod complaint;
pub(crate) mod pem;

use std::sync::Arc;
use std::time::Duration;

use mainspring_settings::Secret;
use mainspring_settings::connection::{ConnectionSettings, Tls};
use temporalio_client::Connection;

use crate::error::ClientError;
pub(crate) use api_key::KeyHolder;
pub(crate) use client_cert::CertHolder;

/// How a connector proves who it is.
#[derive(Debug, Default)]
pub(crate) struct Credentials {
    key: Option<KeyHolder>,
    cert: Option<Arc<CertHolder>>,
}

impl Credentials {
    pub(crate) fn new(settings: &ConnectionSettings) -> Result<Self, ClientError> {
        let pair = match &settings.tls {
            Tls::Off => None,
            Tls::On(parts) => parts.client.as_ref(),
        };
        Ok(Self {
            key: settings.api_key.as_ref().map(KeyHolder::new).transpose()?,
            cert: pair.map(CertHolder::new).transpose()?.map(Arc::new),
        })
    }

    pub(crate) fn key(&self) -> Option<Arc<Secret>> {
        self.key.as_ref().map(KeyHolder::current)
    }

    pub(crate) fn cert(&self) -> Option<Arc<CertHolder>> {
        self.cert.clone()
    }

    /// Reads every file again. Whatever is wrong is logged, and the last good value stays.
    pub(crate) async fn refresh(&self) {
        if let Some(key) = &self.key {
            key.refresh().await;
        }
        if let Some(cert) = self.cert.as_ref().filter(|cert| cert.rotates()) {
            cert.refresh().await;
        }
    }

    fn rotates(&self) -> bool {
        self.key.as_ref().is_some_and(KeyHolder::rotates) || self.cert.as_ref().is_some_and(|cert| cert.rotates())
    }
}

/// Follows the credentials for one connection until it is dropped.
#[derive(Debug)]
pub(crate) struct Follower(Option<tokio::task::AbortHandle>);

impl Follower {
    /// Looks every `interval`. `given` is the key that the connection was made with.
    pub(crate) fn start(
        credentials: Arc<Credentials>,
        connection: Connection,
        given: Option<Arc<Secret>>,
        interval: Duration,
    ) -> Self {
        if !credentials.rotates() {
            return Self(None);
        }
        let task = tokio::spawn(follow(credentials, connection, given, interval));
        Self(Some(task.abort_handle()))
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

async fn follow(
    credentials: Arc<Credentials>,
    connection: Connection,
    mut given: Option<Arc<Secret>>,
    interval: Duration,
) {
    loop {
        tokio::time::sleep(interval).await;
        credentials.refresh().await;
        let now = credentials.key();
        if now != given {
            connection.set_api_key(now.as_ref().map(|key| key.expose().clone()));
            given = now;
        }
    }
}
