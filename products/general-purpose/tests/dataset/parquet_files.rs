//! Parquet as tests need it, and what the output is to be.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

/// A file with these columns, in row groups of at most so many rows.
pub(crate) fn file_of(columns: Vec<(&str, ArrayRef)>, group: usize, compression: Compression) -> Vec<u8> {
    // Nullable, as nearly every writer has them.
    let columns =
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)));
    let batch = columns.expect("columns of one length");
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(group))
        .set_dictionary_enabled(false)
        .set_compression(compression)
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).expect("a writer");
    writer.write(&batch).expect("in memory");
    writer.into_inner().expect("in memory")
}

/// The rows of these numbers, as [`id`] and [`payload`] make them.
pub(crate) fn rows(numbers: std::ops::Range<u64>, group: usize, compression: Compression) -> Vec<u8> {
    let ids: Int64Array = numbers.clone().map(id).collect();
    let payloads: StringArray = numbers.map(payload).collect();
    file_of(vec![("id", Arc::new(ids)), ("payload", Arc::new(payloads))], group, compression)
}

/// No id in one row of 1,000.
fn id(number: u64) -> Option<i64> {
    (number % 1_000 != 7).then(|| number.cast_signed())
}

/// No payload, or one that is no object, in each of two rows of 1,000.
fn payload(number: u64) -> Option<String> {
    match number % 1_000 {
        8 => None,
        9 => Some(format!("[{number}]")),
        _ => Some(object(number)),
    }
}

fn object(number: u64) -> String {
    format!(r#"{{"n":{},"of":"row {number}"}}"#, number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// Whether that row is a good one.
pub(crate) fn is_good(number: u64) -> bool {
    !(7..=9).contains(&(number % 1_000))
}

/// The line that the row becomes.
pub(crate) fn line(number: u64) -> String {
    format!(r#"{{"id":{number},"payload":{}}}"#, object(number))
}

/// How many of the rows before that number are bad.
pub(crate) fn bad(total: u64) -> u64 {
    total / 1_000 * 3 + (total % 1_000).saturating_sub(7).min(3)
}
