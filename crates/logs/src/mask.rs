//! Which fields are secrets, by their name. A value that knows it is one, `mainspring_settings::Secret`, masks itself;
//! this is for those that do not.

/// What stands in place of a secret.
pub(crate) const MASK: &str = "***";

/// Endings that tell of a secret, in lower case and without separators: `apikey` is `api_key`, `x-api-key`, `apiKey`.
const ENDINGS: [&str; 19] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "secrets",
    "token",
    "apikey",
    "secretkey",
    "privatekey",
    "accesskey",
    "encryptionkey",
    "signingkey",
    "authorization",
    "credential",
    "credentials",
    "cookie",
    "databaseurl",
    "connectionstring",
];

/// Whether the name of a field tells of a secret: true for `password`, `bank.api_key`, `accessToken`; not for `tokens`, `token_count`, `partition_key`.
pub fn is_secret(name: &str) -> bool {
    // Every line asks, and nearly no name gets past its last letter.
    let last = name.bytes().rev().find(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase());
    ENDINGS.iter().any(|ending| ending.as_bytes().last().copied() == last && ends_with(name, ending))
}

fn ends_with(name: &str, ending: &str) -> bool {
    let mut letters = name.bytes().rev().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase());
    ending.bytes().rev().all(|wanted| letters.next() == Some(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_however_they_are_spelled() {
        for name in
            ["password", "db.password", "API_KEY", "x-api-key", "apiKey", "accessToken", "http.request.Authorization"]
        {
            assert!(is_secret(name), "{name}");
        }
    }

    #[test]
    fn names_that_only_sound_like_it_are_shown() {
        for name in ["tokens", "token_count", "partition_key", "key", "author", "passed", "secretary", ""] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
