//! PostgreSQL, by SQLSTATE (appendix A of its manual).

use super::Outlook;

/// What the SQLSTATE of an error means. Of a connection that broke there is none: that is [`Outlook::Unreachable`].
///
/// A code that is not in the table is retryable: work that waits can be looked at, work that was given up is gone.
#[must_use]
pub fn postgres(sqlstate: &str) -> Outlook {
    let busy = Outlook::Busy { after: None };
    match sqlstate {
        // Insufficient privilege.
        "42501" => Outlook::Denied,
        // The server ends or is not up yet; it ended an idle session or a long transaction.
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "25P04" => Outlook::Unreachable,
        // The database was dropped; a constraint that is checked when the transaction ends.
        "57P04" | "40002" => Outlook::Refused,
        // Cancelled by a timeout or by an operator; a lock that somebody has; a standby that is not the primary any more, or
        // not yet; a statement that a pooler prepared on another connection.
        "57014" | "55P03" | "55006" | "25006" | "26000" => busy,
        _ => match sqlstate.get(..2).unwrap_or_default() {
            // Connection exceptions.
            "08" => Outlook::Unreachable,
            // Authorization: no such role, a wrong password.
            "28" | "0P" | "0L" => Outlook::Denied,
            // Data, constraints, syntax, names, limits of the program, what a function raised: the statement itself.
            "0A" | "0B" | "0F" | "0Z" | "10" | "20" | "21" | "22" | "23" | "24" | "25" | "27" | "2B" | "2D" | "2F"
            | "34" | "38" | "39" | "3B" | "3D" | "3F" | "42" | "44" | "54" | "55" | "P0" => Outlook::Refused,
            // Serialization and deadlocks (40), resources (53), the system (58), the server itself (XX), foreign data (HV)…
            _ => busy,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_whether_to_ask_again() {
        let busy = Outlook::Busy { after: None };
        let cases: [(Outlook, &[&str]); 4] = [
            (Outlook::Unreachable, &["08000", "08006", "08P01", "57P01", "57P02", "57P03", "57P05", "25P03", "25P04"]),
            (
                busy,
                &[
                    "40001", "40P01", "40003", "53000", "53100", "53300", "55P03", "55006", "57014", "25006", "26000",
                    "58030", "XX000", "72000", "HV00N", "", "99999", "é",
                ],
            ),
            (Outlook::Denied, &["28000", "28P01", "42501", "0P000"]),
            (
                Outlook::Refused,
                &[
                    "23505", "23503", "23502", "23514", "23P01", "22001", "22P02", "42601", "42P01", "42703", "3D000",
                    "40002", "57P04", "0A000", "P0001", "54000", "55000", "25001",
                ],
            ),
        ];
        for (outlook, codes) in cases {
            for code in codes {
                assert_eq!(postgres(code), outlook, "{code}");
            }
        }
    }
}
