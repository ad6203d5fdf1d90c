//! A profile of a `temporal.toml`, parsed by the SDK and laid out under the names of the environment.
//!
//! What is wrong with a file is told by line and column, never by quoting it: the line may hold an API key.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use temporalio_common::envconfig::{
    ClientConfig, ClientConfigFromTOMLOptions, ClientConfigProfile, ConfigError, DEFAULT_CONFIG_FILE, DEFAULT_PROFILE,
    DataSource,
};

use crate::SettingsError;

#[derive(Clone)]
pub(crate) struct Profile {
    /// `PATH [profile.NAME]`.
    pub(crate) label: String,
    pub(crate) values: BTreeMap<String, String>,
}

/// A value with the name that its user gave it by: a variable, or a flag.
pub(crate) struct Asked {
    pub(crate) by: String,
    pub(crate) value: String,
}

/// Where the SDK and Temporal's CLI look when no file is named.
pub(crate) fn default_place() -> PathBuf {
    dirs::config_dir().unwrap_or_default().join("temporalio").join(DEFAULT_CONFIG_FILE)
}

impl Profile {
    /// `None` when no file is named and none is at the default place.
    pub(crate) fn load(
        file: Option<&Asked>,
        profile: Option<&Asked>,
        or_default: bool,
    ) -> Result<Option<Self>, SettingsError> {
        let path = match file {
            Some(file) => PathBuf::from(&file.value),
            None if or_default => default_place(),
            None => return Ok(None),
        };
        let fault = |message: String| SettingsError::File { path: path.display().to_string(), message };
        let text = match (std::fs::read(&path), file) {
            (Ok(text), _) => text,
            (Err(error), Some(file)) if error.kind() == ErrorKind::NotFound => {
                return Err(fault(format!("{} names it, but there is no such file", file.by)));
            }
            (Err(error), Some(file)) => return Err(fault(format!("{} names it, but: {error}", file.by))),
            // Nobody named the default place. In a container its folder is often somebody else's: that is no file too.
            (Err(_), None) => match profile {
                None => return Ok(None),
                Some(profile) => {
                    let message =
                        format!("{} asks for profile {:?}, but this file cannot be read", profile.by, profile.value);
                    return Err(fault(message));
                }
            },
        };
        let options = ClientConfigFromTOMLOptions::builder().strict(true).build();
        let mut config = ClientConfig::from_toml(&text, options).map_err(|error| fault(why(&error, &text)))?;
        let name = profile.map_or(DEFAULT_PROFILE, |profile| &profile.value);
        let found = match (config.profiles.remove(name), profile) {
            (Some(found), _) => found,
            (None, None) => ClientConfigProfile::default(),
            (None, Some(profile)) => {
                let mut names: Vec<String> = config.profiles.into_keys().collect();
                names.sort();
                let has = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                return Err(fault(format!("{} asks for profile {name:?}, and the file has {has}", profile.by)));
            }
        };
        Ok(Some(Self { label: label(&path, name), values: values(&found) }))
    }
}

fn label(path: &Path, profile: &str) -> String {
    format!("{} [profile.{profile}]", path.display())
}

fn why(error: &ConfigError, text: &[u8]) -> String {
    let toml = match error {
        ConfigError::LoadError(source) => match source.downcast_ref::<toml::de::Error>() {
            Some(toml) => toml,
            None => return "it is not UTF-8 text".to_owned(),
        },
        other => return other.to_string(),
    };
    let at = toml.span().map_or_else(String::new, |span| {
        let before = &text[..span.start.min(text.len())];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        format!("line {line}, column {column}: ")
    });
    format!("{at}{}", without_value(&toml.message().replace('\n', ", ")))
}

/// The parser quotes a value of the wrong type, and it may be a secret.
fn without_value(message: &str) -> String {
    ["invalid type", "invalid value"]
        .into_iter()
        .find(|kind| message.starts_with(&format!("{kind}:")))
        .and_then(|kind| Some(format!("{kind}, expected {}", message.rsplit_once(", expected ")?.1)))
        .unwrap_or_else(|| message.to_owned())
}

fn values(profile: &ClientConfigProfile) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    let mut set = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.trim().is_empty()) {
            values.insert(name.to_owned(), value);
        }
    };
    set("TEMPORAL_ADDRESS", profile.address.clone());
    set("TEMPORAL_NAMESPACE", profile.namespace.clone());
    set("TEMPORAL_API_KEY", profile.api_key.clone());
    if let Some(tls) = &profile.tls {
        // To the SDK and Temporal's CLI the table alone turns TLS on.
        set("TEMPORAL_TLS", Some((!tls.disabled.unwrap_or(false)).to_string()));
        set("TEMPORAL_TLS_SERVER_NAME", tls.server_name.clone());
        set("TEMPORAL_TLS_DISABLE_HOST_VERIFICATION", tls.disable_host_verification.then(|| "true".to_owned()));
        for (name, source) in [
            ("TEMPORAL_TLS_CLIENT_CERT", &tls.client_cert),
            ("TEMPORAL_TLS_CLIENT_KEY", &tls.client_key),
            ("TEMPORAL_TLS_SERVER_CA_CERT", &tls.server_ca_cert),
        ] {
            match source {
                Some(DataSource::Path(path)) => set(&format!("{name}_PATH"), Some(path.clone())),
                Some(DataSource::Data(data)) => {
                    set(&format!("{name}_DATA"), Some(String::from_utf8_lossy(data).into_owned()));
                }
                _ => {}
            }
        }
    }
    for (name, value) in &profile.grpc_meta {
        set(&format!("TEMPORAL_GRPC_META_{}", name.to_uppercase().replace('-', "_")), Some(value.clone()));
    }
    values
}
