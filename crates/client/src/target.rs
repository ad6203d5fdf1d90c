//! What a connection goes to and what it shows there, in words. Of a secret, only that there is one.

use std::fmt;

use mainspring_settings::connection::{ApiKey, ConnectionSettings, Pem, Tls};

/// Where a connection goes, and with what: address, namespace, TLS, credentials. Prints as
/// `127.0.0.1:7233, namespace default, without TLS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    address: String,
    namespace: String,
    tls: String,
    has_tls: bool,
    has_own_authority: bool,
    has_client_certificate: bool,
    key: Key,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    None,
    Value,
    File,
}

impl Target {
    pub(crate) fn of(settings: &ConnectionSettings) -> Self {
        let parts = match &settings.tls {
            Tls::Off => None,
            Tls::On(parts) => Some(parts),
        };
        Self {
            address: settings.address.clone(),
            namespace: settings.namespace.clone(),
            tls: settings.tls.to_string(),
            has_tls: parts.is_some(),
            has_own_authority: parts.is_some_and(|parts| parts.ca.is_some()),
            has_client_certificate: parts.is_some_and(|parts| parts.client.is_some()),
            key: match &settings.api_key {
                None => Key::None,
                Some(ApiKey::Value(_)) => Key::Value,
                Some(ApiKey::File(_)) => Key::File,
            },
        }
    }

    /// `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// True if the connection is encrypted.
    pub const fn has_tls(&self) -> bool {
        self.has_tls
    }

    pub(crate) const fn has_own_authority(&self) -> bool {
        self.has_own_authority
    }

    pub(crate) const fn has_client_certificate(&self) -> bool {
        self.has_client_certificate
    }

    pub(crate) const fn key(&self) -> Key {
        self.key
    }

    /// What goes with the address: `namespace default, without TLS`.
    pub(crate) fn manner(&self) -> String {
        let key = if self.key == Key::None { "" } else { ", with an API key" };
        format!("namespace {}, {}{key}", self.namespace, self.tls)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}, {}", self.address, self.manner())
    }
}

/// The setting that gave this PEM: a path and a text have names of their own.
pub(crate) fn setting_of(pem: &Pem, part: PemPart) -> &'static str {
    match (part, pem) {
        (PemPart::Authority, Pem::Path(_)) => "TEMPORAL_TLS_SERVER_CA_CERT_PATH",
        (PemPart::Authority, Pem::Text(_)) => "TEMPORAL_TLS_SERVER_CA_CERT_DATA",
        (PemPart::Certificate, Pem::Path(_)) => "TEMPORAL_TLS_CLIENT_CERT_PATH",
        (PemPart::Certificate, Pem::Text(_)) => "TEMPORAL_TLS_CLIENT_CERT_DATA",
        (PemPart::Key, Pem::Path(_)) => "TEMPORAL_TLS_CLIENT_KEY_PATH",
        (PemPart::Key, Pem::Text(_)) => "TEMPORAL_TLS_CLIENT_KEY_DATA",
    }
}

/// Which PEM of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PemPart {
    Authority,
    Certificate,
    Key,
}

#[cfg(test)]
mod tests {
    use mainspring_settings::{Sources, load};

    use super::*;

    fn target<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
        Target::of(&load(&Sources::from_pairs(pairs)).unwrap()).to_string()
    }

    #[test]
    fn says_everything_but_the_secrets() {
        assert_eq!(target([]), "127.0.0.1:7233, namespace default, without TLS");
        let cloud = [
            ("TEMPORAL_ADDRESS", "eu.example.test:7233"),
            ("TEMPORAL_NAMESPACE", "orders.a1b2"),
            ("TEMPORAL_API_KEY", "hunter2"),
            ("TEMPORAL_CLIENT_CERT", "hunter3"),
            ("TEMPORAL_CLIENT_KEY", "hunter4"),
        ];
        assert_eq!(target(cloud), "eu.example.test:7233, namespace orders.a1b2, with mTLS, with an API key");
    }
}
