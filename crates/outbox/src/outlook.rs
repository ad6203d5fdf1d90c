//! What an error of the database means for the next attempt.

use mainspring_vocabulary::outside::{Outlook, postgres};
use sqlx::Error;

/// What to expect of another attempt after this error: of PostgreSQL by its SQLSTATE, of SQLite by its result code, of
/// sqlx by what went wrong on the way.
///
/// ```
/// use mainspring_outbox::{outlook, sqlx};
///
/// assert!(outlook(&sqlx::Error::PoolTimedOut).retryable());
/// assert!(!outlook(&sqlx::Error::RowNotFound).retryable());
/// ```
#[must_use]
pub fn outlook(error: &Error) -> Outlook {
    match error {
        Error::Database(database) => database.code().map_or(Outlook::Busy { after: None }, |code| of_code(&code)),
        Error::PoolTimedOut => Outlook::Busy { after: None },
        Error::Configuration(_)
        | Error::InvalidArgument(_)
        | Error::RowNotFound
        | Error::TypeNotFound { .. }
        | Error::ColumnIndexOutOfBounds { .. }
        | Error::ColumnNotFound(_)
        | Error::ColumnDecode { .. }
        | Error::Encode(_)
        | Error::Decode(_)
        | Error::AnyDriverError(_)
        | Error::InvalidSavePointStatement
        | Error::BeginFailed => Outlook::Refused,
        // Io, Tls, Protocol, a pool that is closed, a worker thread that is gone: the connection.
        _ => Outlook::Unreachable,
    }
}

/// A SQLSTATE has five characters; SQLite's result code is a number of fewer, the low byte of which says what it is.
fn of_code(code: &str) -> Outlook {
    match code.parse::<u32>() {
        Ok(number) if code.len() < 5 => match number & 0xff {
            // Permission, a file that may only be read, authorization.
            3 | 8 | 23 => Outlook::Denied,
            // The file cannot be opened.
            14 => Outlook::Unreachable,
            // Busy, locked, out of memory, interrupted, an error of the disk, a full disk, a lock of the protocol.
            5 | 6 | 7 | 9 | 10 | 13 | 15 => Outlook::Busy { after: None },
            _ => Outlook::Refused,
        },
        _ => postgres(code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_told_by_its_length() {
        let busy = Outlook::Busy { after: None };
        for (code, outlook) in [
            ("5", busy),
            ("517", busy),
            ("13", busy),
            ("8", Outlook::Denied),
            ("14", Outlook::Unreachable),
            ("2067", Outlook::Refused),
            ("1", Outlook::Refused),
            ("23505", Outlook::Refused),
            ("40001", busy),
            ("08006", Outlook::Unreachable),
            ("57P01", Outlook::Unreachable),
        ] {
            assert_eq!(of_code(code), outlook, "{code}");
        }
    }
}
