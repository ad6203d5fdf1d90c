//! The API key: a value that stays, or a file that is read again. A file that is gone or empty for a moment keeps the last key.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mainspring_settings::Secret;
use mainspring_settings::connection::ApiKey;
use parking_lot::Mutex;

use super::complaint::Complaint;
use crate::error::ClientError;

/// The key of a connector; its links share it.
#[derive(Debug)]
pub(crate) struct KeyHolder {
    path: Option<PathBuf>,
    current: Mutex<Arc<Secret>>,
    complaint: Complaint,
}

impl KeyHolder {
    /// Reads the key for the first time; from now on a bad one is an error no more.
    pub(crate) fn new(key: &ApiKey) -> Result<Self, ClientError> {
        let (setting, path) = match key {
            ApiKey::Value(_) => ("TEMPORAL_API_KEY", None),
            ApiKey::File(path) => ("MAINSPRING_API_KEY_FILE", Some(path.clone())),
        };
        let first = match key {
            ApiKey::Value(secret) => usable(secret.expose()),
            ApiKey::File(path) => {
                std::fs::read(path).map_err(|error| error.to_string()).and_then(|bytes| of_bytes(&bytes))
            }
        };
        match first {
            Ok(secret) => Ok(Self { path, current: Mutex::new(Arc::new(secret)), complaint: Complaint::default() }),
            Err(reason) => Err(ClientError::BadApiKey { setting, path, reason }),
        }
    }

    pub(crate) fn current(&self) -> Arc<Secret> {
        Arc::clone(&self.current.lock())
    }

    pub(crate) const fn rotates(&self) -> bool {
        self.path.is_some()
    }

    /// Reads the file again, if there is one.
    pub(crate) async fn refresh(&self) {
        let Some(path) = &self.path else { return };
        let read = tokio::fs::read(path).await.map_err(|error| error.to_string());
        match read.and_then(|bytes| of_bytes(&bytes)) {
            Ok(secret) => self.take(path, secret),
            Err(reason) if self.complaint.is_new(&reason) => {
                tracing::warn!(path = %path.display(), %reason, "the API key's file cannot be used; the last key stays");
            }
            Err(_) => {}
        }
    }

    fn take(&self, path: &Path, secret: Secret) {
        self.complaint.settle();
        let mut current = self.current.lock();
        if **current != secret {
            *current = Arc::new(secret);
            drop(current);
            tracing::info!(path = %path.display(), "the API key has changed; calls from now on carry the new one");
        }
    }
}

fn of_bytes(bytes: &[u8]) -> Result<Secret, String> {
    usable(std::str::from_utf8(bytes).map_err(|_| "it is not text".to_owned())?)
}

/// The SDK leaves a key that does not fit into a header out of its calls without a word.
fn usable(text: &str) -> Result<Secret, String> {
    let key = text.trim();
    if key.is_empty() {
        Err("it is empty; it must hold the API key and nothing else".to_owned())
    } else if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        Err("it holds blanks, line ends or other characters that no key has; it must hold the API key and nothing else"
            .to_owned())
    } else {
        Ok(Secret::new(key.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(dir: &tempfile::TempDir, text: &str) -> Result<KeyHolder, ClientError> {
        let path = dir.path().join("key");
        std::fs::write(&path, text).unwrap();
        KeyHolder::new(&ApiKey::File(path))
    }

    #[test]
    fn a_key_without_a_use_is_refused_with_its_name_and_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let empty = holder(&dir, " \n").unwrap_err().to_string();
        let rest = "cannot be used: it is empty; it must hold the API key and nothing else";
        assert_eq!(empty, format!("MAINSPRING_API_KEY_FILE ({}) {rest}", path.display()));
        let two_lines = holder(&dir, "hunter2\nhunter3\n").unwrap_err().to_string();
        assert!(two_lines.contains("line ends") && !two_lines.contains("hunter"), "{two_lines}");
        std::fs::remove_file(&path).unwrap();
        let missing = KeyHolder::new(&ApiKey::File(path)).unwrap_err().to_string();
        assert!(missing.contains("No such file"), "{missing}");
        let value = KeyHolder::new(&ApiKey::Value(Secret::new("a b".to_owned()))).unwrap_err().to_string();
        assert!(value.starts_with("TEMPORAL_API_KEY cannot be used: it holds blanks"), "{value}");
    }

    #[tokio::test]
    async fn a_file_that_is_gone_or_empty_keeps_the_last_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let holder = holder(&dir, "first\n").unwrap();
        assert_eq!(holder.current().expose(), "first");
        std::fs::write(&path, "").unwrap();
        holder.refresh().await;
        assert_eq!(holder.current().expose(), "first");
        std::fs::remove_file(&path).unwrap();
        holder.refresh().await;
        assert_eq!(holder.current().expose(), "first");
        std::fs::write(&path, "second\n").unwrap();
        holder.refresh().await;
        assert_eq!(holder.current().expose(), "second");
        assert!(!format!("{holder:?}").contains("second"));
    }
}
