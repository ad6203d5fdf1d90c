//! A profile of a `temporal.toml`, read by the SDK's own loader and laid out under the names of the environment.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use temporalio_common::envconfig::{
    ClientConfigProfile, DataSource, LoadClientConfigProfileOptions, load_client_config_profile,
};

use crate::SettingsError;

#[derive(Clone)]
pub(crate) struct Profile {
    pub(crate) label: String,
    pub(crate) values: BTreeMap<String, String>,
}

impl Profile {
    /// `None` when no file is named and none is at the default place.
    pub(crate) fn load(env: &HashMap<String, String>, or_default: bool) -> Result<Option<Self>, SettingsError> {
        let named = env.get("TEMPORAL_CONFIG_FILE").filter(|path| !path.is_empty());
        let profile = env.get("TEMPORAL_PROFILE").filter(|name| !name.is_empty()).cloned();
        let path = match (named, or_default) {
            (Some(path), _) => path.clone(),
            (None, true) => "temporal.toml".to_owned(),
            (None, false) => return Ok(None),
        };
        let fault = |message: String| SettingsError::File { path: path.clone(), message };
        if named.is_some() && !Path::new(&path).is_file() {
            return Err(fault("TEMPORAL_CONFIG_FILE names it, but there is no such file".to_owned()));
        }
        let options = LoadClientConfigProfileOptions::builder()
            .maybe_config_source(named.map(|path| DataSource::Path(path.clone())))
            .maybe_config_file_profile(profile.clone())
            .config_file_strict(true)
            .disable_env(true)
            .build();
        let loaded = load_client_config_profile(options, None).map_err(|error| fault(error.to_string()))?;
        let label = format!("{path} [profile.{}]", profile.as_deref().unwrap_or("default"));
        Ok(Some(Self { label, values: values(&loaded) }))
    }
}

fn values(profile: &ClientConfigProfile) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    let mut set = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            values.insert(name.to_owned(), value);
        }
    };
    set("TEMPORAL_ADDRESS", profile.address.clone());
    set("TEMPORAL_NAMESPACE", profile.namespace.clone());
    set("TEMPORAL_API_KEY", profile.api_key.clone());
    if let Some(tls) = &profile.tls {
        set("TEMPORAL_TLS", tls.disabled.map(|disabled| (!disabled).to_string()));
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
        values.insert(format!("TEMPORAL_GRPC_META_{}", name.to_uppercase().replace('-', "_")), value.clone());
    }
    values
}
