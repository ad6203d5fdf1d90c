//! S3, by the error's code and the status (AWS' list of error responses; other servers speak the same).

use std::time::SystemTime;

use super::{Outlook, http};

/// What the `Code` of an S3 error means, with the status that it came under. An answer to HEAD has no code: give `""`.
///
/// A code that is not in the table counts as its status does over HTTP; a redirect is a wrong endpoint or region.
#[must_use]
pub fn s3(status: u16, code: &str) -> Outlook {
    match code {
        // Throttled.
        "SlowDown" | "Throttling" | "ThrottlingException" | "ThrottledException" | "RequestThrottled"
        | "RequestThrottledException" | "TooManyRequestsException" | "RequestLimitExceeded" | "BandwidthLimitExceeded"
        // It cannot now.
        | "ServiceUnavailable" | "Busy" | "InternalError" | "OperationAborted" | "ConditionalRequestConflict"
        | "TemporaryRedirect"
        // What we sent arrived late or broken.
        | "RequestTimeout" | "IncompleteBody" | "BadDigest"
        // The clock, or a token that is renewed by itself.
        | "RequestTimeTooSkewed" | "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" => {
            Outlook::Busy { after: None }
        }
        // The last is versitygw's word, under 404, for an access key that it does not know.
        "AccessDenied" | "AllAccessDisabled" | "AccountProblem" | "InvalidAccessKeyId" | "InvalidToken"
        | "SignatureDoesNotMatch" | "NotSignedUp" | "InvalidSecurity" | "InvalidPayer" | "XAdminUserNotFound" => Outlook::Denied,
        // The clock does not matter without a Retry-After, which S3 does not send.
        _ => http(status, None, SystemTime::UNIX_EPOCH).unwrap_or(Outlook::Refused),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_whether_to_ask_again() {
        let busy = Outlook::Busy { after: None };
        for (status, code, outlook) in [
            (503, "SlowDown", busy),
            (400, "RequestTimeout", busy),
            (400, "ExpiredToken", busy),
            (400, "BadDigest", busy),
            (403, "RequestTimeTooSkewed", busy),
            (409, "OperationAborted", busy),
            (409, "ConditionalRequestConflict", busy),
            (500, "InternalError", busy),
            (500, "", busy),
            (503, "NeverHeardOf", busy),
            (429, "", busy),
            (307, "TemporaryRedirect", busy),
            (403, "AccessDenied", Outlook::Denied),
            (400, "InvalidToken", Outlook::Denied),
            (403, "", Outlook::Denied),
            (404, "NoSuchKey", Outlook::Refused),
            (404, "NoSuchBucket", Outlook::Refused),
            (404, "NoSuchUpload", Outlook::Refused),
            (404, "", Outlook::Refused),
            (412, "PreconditionFailed", Outlook::Refused),
            (400, "EntityTooLarge", Outlook::Refused),
            (409, "BucketNotEmpty", Outlook::Refused),
            (301, "PermanentRedirect", Outlook::Refused),
        ] {
            assert_eq!(s3(status, code), outlook, "{status} {code}");
        }
    }
}
