//! What may be shown of a value that is not declared a secret, and may hold one all the same.

use std::path::PathBuf;

const MASK: &str = "***";
/// A table and an error stay readable.
const LONGEST: usize = 200;

/// The value for a report or an error: credentials of a URL, and what is plainly a key, are masked.
pub(crate) fn shown(text: &str) -> String {
    if is_content(text) {
        return MASK.to_owned();
    }
    let (scheme, rest) = text.split_once("://").map_or(("", text), |(scheme, rest)| (&text[..scheme.len() + 3], rest));
    let text = match rest.rsplit_once('@') {
        Some((user, host)) if !scheme.is_empty() || user.contains(':') => format!("{scheme}{MASK}@{host}"),
        _ => text.to_owned(),
    };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// A path that may be shown. The text of a key is easily put where its path belongs.
pub(crate) fn path(text: &str) -> Result<PathBuf, String> {
    if is_content(text) {
        return Err("which is what a file holds: write the path of the file".to_owned());
    }
    Ok(PathBuf::from(text))
}

/// PEM, or a JSON web token, as Temporal Cloud's API keys are.
fn is_content(text: &str) -> bool {
    text.contains("-----BEGIN") || text.contains('\n') || (text.starts_with("eyJ") && text.matches('.').count() >= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_masked_and_the_rest_is_shown() {
        for (text, expected) in [
            ("127.0.0.1:7233", "127.0.0.1:7233"),
            ("ops@example.test", "ops@example.test"),
            ("http://me:hunter2@host:1/x", "http://***@host:1/x"),
            ("postgres://hunter2@host", "postgres://***@host"),
            ("me:hunter2@host:1", "***@host:1"),
            ("a@b:hunter2@host", "***@host"),
            ("-----BEGIN KEY-----\nhunter2", "***"),
            ("eyJhbGci.hunter2.x", "***"),
            ("/etc/temporal/tls.key", "/etc/temporal/tls.key"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
        assert_eq!(shown(&"é".repeat(201)), format!("{}…", "é".repeat(200)));
    }
}
