//! Rows to JSON lines.

use arrow_array::{Int64Array, StringArray};
use serde_json::value::RawValue;

/// Some rows of one file.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    pub(crate) ids: Int64Array,
    /// As many.
    pub(crate) payloads: StringArray,
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(crate) fn slice(&self, offset: usize, rows: usize) -> Self {
        Self { ids: self.ids.slice(offset, rows), payloads: self.payloads.slice(offset, rows) }
    }
}

/// A batch as it is written.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) rows: u64,
    /// A line for each good row.
    pub(crate) lines: Vec<u8>,
    /// How many rows have none.
    pub(crate) errors: u64,
}

/// Encodes a batch; a bad row is counted and left out.
pub(crate) fn encode(batch: &[Rows]) -> Encoded {
    let mut encoded = Encoded { rows: 0, lines: Vec::new(), errors: 0 };
    for rows in batch {
        for (id, payload) in rows.ids.iter().zip(rows.payloads.iter()) {
            encoded.rows += 1;
            match (id, payload.and_then(object)) {
                (Some(id), Some(payload)) => line(&mut encoded.lines, id, payload),
                _ => encoded.errors += 1,
            }
        }
    }
    encoded
}

/// The payload without what surrounds it, if it is a JSON object. It is not taken apart: numbers keep their digits.
fn object(payload: &str) -> Option<&str> {
    let json = serde_json::from_str::<&RawValue>(payload).ok()?.get().trim();
    json.starts_with('{').then_some(json)
}

fn line(lines: &mut Vec<u8>, id: i64, payload: &str) {
    lines.extend_from_slice(b"{\"id\":");
    lines.extend_from_slice(id.to_string().as_bytes());
    lines.extend_from_slice(b",\"payload\":");
    // In valid JSON these stand between tokens only: a string has them escaped.
    lines.extend(payload.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
    lines.extend_from_slice(b"}\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded<const N: usize>(rows: [(Option<i64>, Option<&str>); N]) -> (String, u64) {
        let (ids, payloads): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let rows = Rows { ids: ids.into(), payloads: payloads.into() };
        let encoded = encode(&[rows.slice(0, 1), rows.slice(1, N - 1)]);
        assert_eq!(encoded.rows, N as u64);
        (String::from_utf8(encoded.lines).expect("JSON is UTF-8"), encoded.errors)
    }

    #[test]
    fn a_payload_keeps_its_digits_and_becomes_one_line() {
        let (lines, errors) = encoded([
            (Some(i64::MIN), Some(r#"{"n":12345678901234567890.50,"n":1}"#)),
            (Some(2), Some(" {\n  \"text\": \"a\\nb\"\r\n}\n")),
        ]);
        let whole = "{\"id\":-9223372036854775808,\"payload\":{\"n\":12345678901234567890.50,\"n\":1}}\n\
                     {\"id\":2,\"payload\":{   \"text\": \"a\\nb\"  }}\n";
        assert_eq!((lines.as_str(), errors), (whole, 0));
    }

    #[test]
    fn bad_rows_are_counted_and_left_out() {
        let good = Some("{}");
        let (lines, errors) = encoded([
            (None, good),
            (Some(1), None),
            (Some(2), Some("")),
            (Some(3), Some("[1]")),
            (Some(4), Some("null")),
            (Some(5), Some("{\"a\":}")),
            (Some(6), Some("{} {}")),
            (Some(7), good),
        ]);
        assert_eq!((lines.as_str(), errors), ("{\"id\":7,\"payload\":{}}\n", 7));
    }
}
