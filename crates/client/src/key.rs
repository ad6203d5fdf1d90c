//! The API key: by value, or from a file that is read again when its content changes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mainspring_settings::Secret;
use mainspring_settings::connection::ApiKey;
use temporalio_client::Connection;
use tokio::task::JoinHandle;

use crate::ClientError;

/// How often a key's file is looked at. The SDK tolerates a refused key for 60 s before it gives a worker up.
pub(crate) const LOOK: Duration = Duration::from_secs(2);

/// Where the key comes from.
#[derive(Clone, Debug)]
pub(crate) struct KeySource(Arc<ApiKey>);

impl KeySource {
    pub(crate) fn new(key: ApiKey) -> Self {
        Self(Arc::new(key))
    }

    /// The key as it is now. An empty file is a fault, for the server's answer to an empty key would hide the cause.
    pub(crate) fn read(&self) -> Result<Secret, ClientError> {
        match &*self.0 {
            ApiKey::Value(key) => Ok(key.clone()),
            ApiKey::File(path) => read_file(path).map_err(|cause| ClientError::Credential {
                setting: "MAINSPRING_API_KEY_FILE",
                path: Some(path.clone()),
                cause,
            }),
        }
    }

    /// Keeps the connection's key that of the file. `None` when there is no file to watch.
    pub(crate) fn follow(&self, connection: Connection, mut current: Secret) -> Option<JoinHandle<()>> {
        let ApiKey::File(path) = &*self.0 else { return None };
        let path = path.clone();
        Some(tokio::spawn(async move {
            let mut looks = tokio::time::interval(LOOK);
            let mut warned = false;
            loop {
                looks.tick().await;
                let file = path.clone();
                let read = tokio::task::spawn_blocking(move || read_file(&file)).await;
                match read {
                    Ok(Ok(key)) if key != current => {
                        connection.set_api_key(Some(key.expose().clone()));
                        tracing::info!(path = %path.display(), "the API key was read again");
                        current = key;
                        warned = false;
                    }
                    Ok(Ok(_)) => warned = false,
                    // A file that is being replaced may be gone or empty for a moment: the key before stays.
                    Ok(Err(cause)) if !warned => {
                        tracing::warn!(path = %path.display(), cause, "the API key's file cannot be read; the key before stays");
                        warned = true;
                    }
                    _ => {}
                }
            }
        }))
    }
}

fn read_file(path: &PathBuf) -> Result<Secret, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let key = text.trim();
    if key.is_empty() { Err("it is empty".to_owned()) } else { Ok(Secret::new(key.to_owned())) }
}
