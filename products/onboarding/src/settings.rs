//! Where the three services are, and the token for each.

use mainspring::prelude::{Reader, Secret, Section};
use url::Url;

/// The settings of `onboarding`. An address has no default; a token may be missing.
#[derive(Clone, Debug)]
pub struct OnboardingSettings {
    /// Makes accounts: `ONBOARDING_ACCOUNTS_URL`, `ONBOARDING_ACCOUNTS_TOKEN`.
    pub accounts: Endpoint,
    /// Sends emails: `ONBOARDING_EMAIL_URL`, `ONBOARDING_EMAIL_TOKEN`.
    pub email: Endpoint,
    /// Provides what a trial needs: `ONBOARDING_RESOURCES_URL`, `ONBOARDING_RESOURCES_TOKEN`.
    pub resources: Endpoint,
}

/// How a service is reached.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// What errors call it.
    pub service: &'static str,
    /// The setting that holds its address.
    pub setting: &'static str,
    /// What every call is posted to. None only beside a fault, which stops the start.
    pub url: Option<Url>,
    /// Goes with every call as `Authorization: Bearer …`.
    pub token: Option<Secret>,
}

impl Section for OnboardingSettings {
    const NAME: &'static str = "onboarding";

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            accounts: Endpoint::read(
                reader,
                "accounts",
                (
                    "ONBOARDING_ACCOUNTS_URL",
                    "Where accounts are asked for, such as https://accounts.internal/v1/accounts",
                ),
                ("ONBOARDING_ACCOUNTS_TOKEN", "Bearer token for the accounts service"),
            ),
            email: Endpoint::read(
                reader,
                "email",
                ("ONBOARDING_EMAIL_URL", "Where emails are asked for, such as https://email.internal/v1/messages"),
                ("ONBOARDING_EMAIL_TOKEN", "Bearer token for the email service"),
            ),
            resources: Endpoint::read(
                reader,
                "resources",
                (
                    "ONBOARDING_RESOURCES_URL",
                    "Where resources are asked for, such as https://trials.internal/v1/resources",
                ),
                ("ONBOARDING_RESOURCES_TOKEN", "Bearer token for the resources service"),
            ),
        }
    }
}

impl Endpoint {
    /// Of the address and of the token: the setting's name, and what it is for.
    fn read(
        reader: &mut Reader<'_>,
        service: &'static str,
        (setting, doc): (&'static str, &'static str),
        (token, token_doc): (&'static str, &'static str),
    ) -> Self {
        let url = reader.field(setting).doc(doc).parse_optional(|text| address(text, token));
        if url.is_none() && !reader.is_set(setting) {
            reader.fault(setting, format!("is missing, and has no default: {doc}"));
        }
        let token = reader.field(token).doc(token_doc).secret();
        Self { service, setting, url, token }
    }
}

/// The error reads on from the setting's value.
fn address(text: &str, token: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
    let url = url.ok_or("which is not an address: write https://HOST/PATH")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!("which has credentials in it: put the service's token into {token}"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_http_with_a_host_and_without_credentials() {
        assert_eq!(address("http://127.0.0.1:8090/accounts", "T").unwrap().path(), "/accounts");
        for text in ["accounts", "127.0.0.1:8090", "ftp://x/y", "https://"] {
            assert_eq!(address(text, "T").unwrap_err(), "which is not an address: write https://HOST/PATH", "{text}");
        }
        let said = address("https://me:hunter2@x/y", "ONBOARDING_EMAIL_TOKEN").unwrap_err();
        assert_eq!(said, "which has credentials in it: put the service's token into ONBOARDING_EMAIL_TOKEN");
    }
}
