//! Where a dataset is, or goes: `s3://bucket/key-or-prefix`, or an absolute path.

use std::fmt;
use std::path::{Path, PathBuf};

use general_purpose_contract::DatasetError;

const RIGHT: &str = "s3://bucket/key-or-prefix, or an absolute path on the worker's machine";

/// A location, as the input names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// A file or folder of the worker's machine.
    Path(PathBuf),
    /// An object, or all below a prefix; neither begins nor ends with a slash. An empty one is the whole bucket.
    S3 { bucket: String, key: String },
}

impl Location {
    /// Reads the `field` of the input.
    pub(crate) fn parse(field: &'static str, text: &str) -> Result<Self, DatasetError> {
        let location = match text.strip_prefix("s3://") {
            Some(rest) => {
                let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
                let letter =
                    |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || ".-_".contains(letter);
                let fine = (3..=63).contains(&bucket.len()) && bucket.chars().all(letter) && !key.starts_with('/');
                let key = key.trim_end_matches('/').to_owned();
                fine.then(|| Self::S3 { bucket: bucket.to_owned(), key })
            }
            None => Path::new(text).is_absolute().then(|| Self::Path(text.into())),
        };
        location.ok_or_else(|| DatasetError::InvalidInput { field, value: text.to_owned(), right: RIGHT })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{}", path.display()),
            Self::S3 { bucket, key } => write!(f, "s3://{bucket}/{key}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_are_read_and_written() {
        for (text, written) in [
            ("s3://bucket", "s3://bucket/"),
            ("s3://bucket/a/b/", "s3://bucket/a/b"),
            ("s3://my.bucket-1/x.parquet", "s3://my.bucket-1/x.parquet"),
            ("/data/in", "/data/in"),
        ] {
            assert_eq!(
                Location::parse("source", text).map(|location| location.to_string()).ok().as_deref(),
                Some(written)
            );
        }
    }

    #[test]
    fn what_is_neither_is_refused_with_what_would_be_right() {
        for wrong in
            ["", "data/in", "s3:///key", "s3://Bucket/key", "s3://bucket//key", "gs://bucket/key", "file:///data"]
        {
            let said = Location::parse("output", wrong).unwrap_err().to_string();
            let whole = format!(
                "the input's output is {wrong:?}, and is to be s3://bucket/key-or-prefix, or an absolute path on the worker's \
                 machine: nothing was done"
            );
            assert_eq!(said, whole);
        }
    }
}
