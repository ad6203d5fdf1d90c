//! A certificate authority for tests: good certificates, and each kind of bad one.

use std::fmt;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls_pki_types::CertificateDer;

use super::error::ProxyError;
use super::record::Fingerprint;
use super::tls::fingerprint;

/// An authority that lives as long as this value. Two of them never trust each other's certificates.
pub struct TestAuthority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl fmt::Debug for TestAuthority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TestAuthority").finish_non_exhaustive()
    }
}

impl TestAuthority {
    /// A new authority with a key of its own.
    pub fn new(name: &str) -> Result<Self, ProxyError> {
        let make = || {
            let mut params = CertificateParams::new(Vec::new())?;
            params.distinguished_name.push(DnType::CommonName, name);
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            CertifiedIssuer::self_signed(params, KeyPair::generate()?)
        };
        let issuer = make().map_err(failed(|| format!("an authority named {name}")))?;
        Ok(Self { issuer })
    }

    /// The authority's own certificate: what a peer must trust, as PEM text.
    pub fn ca_pem(&self) -> String {
        self.issuer.pem()
    }

    /// A server's certificate for these DNS names and IP addresses. For one with a wrong name, give another name.
    pub fn server_cert<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<TestCertificate, ProxyError> {
        self.issue(Kind::Server, &names.into_iter().collect::<Vec<_>>(), Validity::Now)
    }

    /// A client's certificate with this common name; each call makes another one.
    pub fn client_cert(&self, common_name: &str) -> Result<TestCertificate, ProxyError> {
        self.issue(Kind::Client, &[common_name], Validity::Now)
    }

    /// A server's certificate that was valid in the year 2020 alone.
    pub fn expired_server_cert<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<TestCertificate, ProxyError> {
        self.issue(Kind::Server, &names.into_iter().collect::<Vec<_>>(), Validity::Past)
    }

    /// A client's certificate that was valid in the year 2020 alone.
    pub fn expired_client_cert(&self, common_name: &str) -> Result<TestCertificate, ProxyError> {
        self.issue(Kind::Client, &[common_name], Validity::Past)
    }

    fn issue(&self, kind: Kind, names: &[&str], validity: Validity) -> Result<TestCertificate, ProxyError> {
        let make = || {
            let (alternative, usage) = match kind {
                Kind::Server => (names, ExtendedKeyUsagePurpose::ServerAuth),
                Kind::Client => (&[][..], ExtendedKeyUsagePurpose::ClientAuth),
            };
            let alternative: Vec<String> = alternative.iter().copied().map(String::from).collect();
            let mut params = CertificateParams::new(alternative)?;
            if let Some(name) = names.first() {
                params.distinguished_name.push(DnType::CommonName, *name);
            }
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            params.extended_key_usages = vec![usage];
            params.use_authority_key_identifier_extension = true;
            if matches!(validity, Validity::Past) {
                params.not_before = date_time_ymd(2020, 1, 1);
                params.not_after = date_time_ymd(2021, 1, 1);
            }
            let key = KeyPair::generate()?;
            let certificate = params.signed_by(&key, &self.issuer)?;
            Ok((certificate, key))
        };
        let (certificate, key) = make().map_err(failed(|| format!("a certificate for {}", names.join(", "))))?;
        Ok(TestCertificate {
            fingerprint: fingerprint(&CertificateDer::from(certificate.der().as_ref())),
            pem: certificate.pem(),
            key_pem: key.serialize_pem(),
        })
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Server,
    Client,
}

#[derive(Clone, Copy)]
enum Validity {
    Now,
    Past,
}

fn failed(what: impl FnOnce() -> String) -> impl FnOnce(rcgen::Error) -> ProxyError {
    move |source| ProxyError::Certificate { what: what(), source: Box::new(source) }
}

/// A certificate with its private key. Its Debug form has no key.
#[derive(Clone)]
pub struct TestCertificate {
    pem: String,
    key_pem: String,
    fingerprint: Fingerprint,
}

impl TestCertificate {
    /// The certificate, as PEM text.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The private key in PKCS #8, as PEM text.
    pub fn key_pem(&self) -> &str {
        &self.key_pem
    }

    /// What [`Record::client`](super::Record::client) has for a client that shows this certificate.
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }
}

impl fmt::Debug for TestCertificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TestCertificate").field("sha256", &self.fingerprint).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_certificate_can_hold_is_refused() {
        let error = TestAuthority::new("ours").unwrap().server_cert(["büro"]).unwrap_err().to_string();
        assert!(error.starts_with("the test authority could not make a certificate for büro: "), "{error}");
    }
}
