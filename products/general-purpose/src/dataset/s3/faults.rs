//! What an answer of S3 means for the run.

use std::error::Error;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use general_purpose_contract::DatasetError;

/// A refusal ends the run, for only somebody's hand mends it. What has no answer, or one that asks for patience, is tried
/// again; so are wrong clocks and credentials that have expired, which mend themselves. The SDK has tried three times by
/// then.
pub(super) fn fault<E>(done: &'static str, place: String, error: &SdkError<E, HttpResponse>) -> DatasetError
where
    E: Error + ProvideErrorMetadata + 'static,
{
    let Some(status) = error.raw_response().map(|answer| answer.status().as_u16()) else {
        return DatasetError::Unavailable { place, done, reason: chain(error) };
    };
    classified(done, place, status, error.code(), error.message())
}

fn classified(
    done: &'static str,
    place: String,
    status: u16,
    code: Option<&str>,
    message: Option<&str>,
) -> DatasetError {
    let said = match (code, message) {
        (Some(code), Some(message)) => format!("S3 says {status} {code}: {message}"),
        (Some(code), None) => format!("S3 says {status} {code}"),
        _ => format!("S3 says {status}"),
    };
    let refused = |place, right: &str| DatasetError::Refused { place, done, reason: format!("{said}; {right}") };
    match (status, code.unwrap_or_default()) {
        (_, "NoSuchBucket") => refused(place, "name a bucket that exists"),
        (
            _,
            "ExpiredToken" | "RequestTimeTooSkewed" | "RequestTimeout" | "SlowDown" | "Throttling" | "OperationAborted",
        )
        | (408 | 409 | 412 | 416 | 425 | 429 | 500.., _) => DatasetError::Unavailable { place, done, reason: said },
        (404, _) => DatasetError::NothingToRead { reason: format!("{place} does not exist ({said})") },
        (401 | 403, _) => refused(place, "give the worker's credentials the right to, and see that the name is right"),
        (300..=399, _) => refused(place, "set AWS_REGION to the bucket's region"),
        _ => refused(place, "see what S3 says"),
    }
}

/// The error with its causes: the SDK's own words are only "dispatch failure".
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use mainspring::prelude::Classified;

    use super::*;

    #[test]
    fn each_answer_has_its_class_and_says_what_would_be_right() {
        for (status, code, kind, said) in [
            (
                403,
                Some("AccessDenied"),
                "Refused",
                "s3://b/k could not be read: S3 says 403 AccessDenied: no; give the worker's",
            ),
            (403, None, "Refused", "s3://b/k could not be read: S3 says 403; give"),
            (
                404,
                Some("NoSuchBucket"),
                "Refused",
                "s3://b/k could not be read: S3 says 404 NoSuchBucket: no; name a bucket",
            ),
            (
                404,
                Some("NoSuchKey"),
                "NothingToRead",
                "there is nothing to read: s3://b/k does not exist (S3 says 404 NoSuchKey",
            ),
            (
                301,
                Some("PermanentRedirect"),
                "Refused",
                "s3://b/k could not be read: S3 says 301 PermanentRedirect: no; set AWS_REGION",
            ),
            (400, Some("InvalidRequest"), "Refused", "s3://b/k could not be read: S3 says 400 InvalidRequest: no; see"),
            (400, Some("ExpiredToken"), "Unavailable", "s3://b/k could not be read now: S3 says 400 ExpiredToken"),
            (403, Some("RequestTimeTooSkewed"), "Unavailable", "s3://b/k could not be read now: S3 says 403"),
            (503, Some("SlowDown"), "Unavailable", "s3://b/k could not be read now: S3 says 503 SlowDown"),
            (500, None, "Unavailable", "s3://b/k could not be read now: S3 says 500"),
        ] {
            let error = classified("read", "s3://b/k".to_owned(), status, code, code.and(Some("no")));
            assert_eq!(error.type_name(), kind, "{error}");
            assert_eq!(error.retryable(), kind == "Unavailable", "{error}");
            assert!(error.to_string().starts_with(said), "{error}");
        }
    }
}
