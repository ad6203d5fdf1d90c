//! The client certificate of mTLS, read again when its files change. The old pair stays until the new one parses and
//! its key belongs to its certificate, so files that are replaced one after the other do no harm.

use std::sync::Arc;

use mainspring_settings::connection::{ClientPair, Pem};
use parking_lot::{Mutex, RwLock};
use temporalio_client::{CertifiedKey, ResolvesClientCert, SignatureScheme};

use super::complaint::Complaint;
use super::pem;
use crate::error::ClientError;
use crate::target::PemPart;

/// The certificate of a connector; its links share it.
pub(crate) struct CertHolder {
    pair: ClientPair,
    /// The bytes that `current` was made of.
    read: Mutex<(Vec<u8>, Vec<u8>)>,
    current: RwLock<Arc<CertifiedKey>>,
    complaint: Complaint,
}

impl std::fmt::Debug for CertHolder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("CertHolder").field("pair", &self.pair).finish_non_exhaustive()
    }
}

impl CertHolder {
    /// Reads the pair for the first time; from now on a bad one is an error no more.
    pub(crate) fn new(pair: &ClientPair) -> Result<Self, ClientError> {
        let cert = pem::read(&pair.cert, PemPart::Certificate)?;
        let key = pem::read(&pair.key, PemPart::Key)?;
        let current = RwLock::new(pem::client(pair, &cert, &key)?);
        Ok(Self { pair: pair.clone(), read: Mutex::new((cert, key)), current, complaint: Complaint::default() })
    }

    pub(crate) const fn rotates(&self) -> bool {
        matches!(self.pair.cert, Pem::Path(_)) || matches!(self.pair.key, Pem::Path(_))
    }

    /// Reads the files again, if there are any.
    pub(crate) async fn refresh(&self) {
        if let Err(error) = self.try_refresh().await {
            let reason = error.to_string();
            if self.complaint.is_new(&reason) {
                tracing::warn!(%reason, "the client certificate's files cannot be used; the last certificate stays");
            }
        }
    }

    async fn try_refresh(&self) -> Result<(), ClientError> {
        let cert = pem::read_again(&self.pair.cert, PemPart::Certificate).await?;
        let key = pem::read_again(&self.pair.key, PemPart::Key).await?;
        let mut read = self.read.lock();
        if read.0 != cert || read.1 != key {
            let certified = pem::client(&self.pair, &cert, &key)?;
            *self.current.write() = certified;
            *read = (cert, key);
            tracing::info!("the client certificate has changed; connections from now on show the new one");
        }
        self.complaint.settle();
        Ok(())
    }
}

impl ResolvesClientCert for CertHolder {
    fn resolve(&self, _authorities: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        // Shown whatever the server hints at, as rustls does with a single certificate: its refusal says more than our silence.
        Some(Arc::clone(&self.current.read()))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    struct Files {
        dir: tempfile::TempDir,
    }

    impl Files {
        fn pair(&self) -> ClientPair {
            let path = |name: &str| Pem::Path(self.dir.path().join(name));
            ClientPair { cert: path("cert.pem"), key: path("key.pem") }
        }

        fn write(&self, name: &str, text: &str) {
            std::fs::write(self.dir.path().join(name), text).unwrap();
        }
    }

    /// A self-signed certificate and its key.
    fn issue() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["worker".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    fn holder() -> (Files, CertHolder) {
        let files = Files { dir: tempfile::tempdir().unwrap() };
        let (cert, key) = issue();
        files.write("cert.pem", &cert);
        files.write("key.pem", &key);
        let holder = CertHolder::new(&files.pair()).unwrap();
        (files, holder)
    }

    fn shown(holder: &CertHolder) -> Vec<u8> {
        holder.resolve(&[], &[]).unwrap().cert[0].to_vec()
    }

    #[tokio::test]
    async fn the_old_pair_stays_until_the_new_one_is_whole() {
        let (files, holder) = holder();
        let old = shown(&holder);
        let (cert, key) = issue();
        files.write("cert.pem", &cert);
        holder.refresh().await;
        assert_eq!(shown(&holder), old);
        files.write("key.pem", "");
        holder.refresh().await;
        assert_eq!(shown(&holder), old);
        files.write("key.pem", &key);
        holder.refresh().await;
        assert_ne!(shown(&holder), old);
        assert!(!format!("{holder:?}").contains("PRIVATE"));
    }

    #[test]
    fn each_bad_pair_is_refused_with_its_setting_and_file() {
        let refusal = |change: fn(&Files)| {
            let (files, _) = holder();
            change(&files);
            let place = |path: &Path| path.display().to_string();
            let error = CertHolder::new(&files.pair()).unwrap_err().to_string();
            error.replace(&place(files.dir.path()), "DIR")
        };
        assert_eq!(
            refusal(|files| files.write("cert.pem", "nothing")),
            "TEMPORAL_TLS_CLIENT_CERT_PATH (DIR/cert.pem) cannot be used: \
             it holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"
        );
        assert_eq!(
            refusal(|files| files.write("key.pem", "nothing")),
            "TEMPORAL_TLS_CLIENT_KEY_PATH (DIR/key.pem) cannot be used: \
             it holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)"
        );
        assert_eq!(
            refusal(|files| files.write("key.pem", &issue().1)),
            "TEMPORAL_TLS_CLIENT_KEY_PATH (DIR/key.pem) cannot be used: \
             it is not the key of the certificate in TEMPORAL_TLS_CLIENT_CERT_PATH"
        );
        let missing = refusal(|files| std::fs::remove_file(files.dir.path().join("key.pem")).unwrap());
        assert_eq!(
            missing,
            "TEMPORAL_TLS_CLIENT_KEY_PATH (DIR/key.pem) cannot be used: No such file or directory (os error 2)"
        );
    }
}
