//! Parquet to JSON lines, in batches of [`BATCH_ROWS`](general_purpose_contract::BATCH_ROWS) rows.
//!
//! Which rows a batch has, and what its part of the output holds, follows from the source alone. So a batch that is done
//! again after a kill replaces its part with the same, and each row is in the output once.

mod folder;
mod location;
mod progress;
mod rows;
mod s3;
mod source;
mod store;

pub(crate) use location::Location;
pub use progress::Processed;
pub(crate) use rows::encode;
pub(crate) use s3::connect;
pub(crate) use source::Source;
pub(crate) use store::Store;

/// The part of the batch that begins at that row.
pub(crate) fn part_name(offset: u64) -> String {
    format!("part-{offset:012}.jsonl")
}

/// The row at which a part's batch begins, if the name is that of a part.
fn part_offset(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("part-")?.strip_suffix(".jsonl")?;
    digits.parse().ok().filter(|offset| part_name(*offset) == name)
}
