//! Rows in the binary form of Postgres' COPY: nothing in a message needs an escape there.

use crate::record::Record;

/// Eleven bytes that say what follows, no flags, no extension.
const HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TAIL: [u8; 2] = (-1_i16).to_be_bytes();
/// Postgres counts microseconds from 2000.
const EPOCH: i64 = 946_684_800_000_000;

pub(crate) const COPY_LINES: &str = "COPY log_entries (team_id, log_source, log_source_id, instance_id, \"timestamp\", level, \
message, kafka_partition, kafka_offset) FROM STDIN (FORMAT binary)";
pub(crate) const COPY_REJECTS: &str =
    "COPY log_entries_rejects (kafka_partition, kafka_offset, reason, value) FROM STDIN (FORMAT binary)";

/// Rows of one table.
#[derive(Debug)]
pub(crate) struct Rows {
    bytes: Vec<u8>,
    count: u64,
}

impl Rows {
    pub(crate) fn new() -> Self {
        Self { bytes: HEAD.to_vec(), count: 0 }
    }

    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    pub(crate) const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Keeps its room.
    pub(crate) fn clear(&mut self) {
        self.bytes.truncate(HEAD.len());
        self.count = 0;
    }

    /// What goes over the wire. After it only [`Rows::clear`] makes sense.
    pub(crate) fn finished(&mut self) -> &[u8] {
        self.bytes.extend_from_slice(&TAIL);
        &self.bytes
    }

    pub(crate) fn line(&mut self, record: &Record<'_>, partition: i32, offset: i64) {
        self.row(9);
        self.field(&record.team_id.to_be_bytes());
        self.field(record.log_source.as_bytes());
        self.field(record.log_source_id.as_bytes());
        self.field(record.instance_id.as_bytes());
        self.field(&(record.micros - EPOCH).to_be_bytes());
        self.field(record.level.as_bytes());
        self.field(record.message.as_bytes());
        self.field(&partition.to_be_bytes());
        self.field(&offset.to_be_bytes());
    }

    pub(crate) fn reject(&mut self, partition: i32, offset: i64, reason: &str, value: Option<&[u8]>) {
        self.row(4);
        self.field(&partition.to_be_bytes());
        self.field(&offset.to_be_bytes());
        self.field(reason.as_bytes());
        match value {
            Some(value) => self.field(value),
            // No length: NULL.
            None => self.bytes.extend_from_slice(&(-1_i32).to_be_bytes()),
        }
    }

    fn row(&mut self, fields: i16) {
        self.bytes.extend_from_slice(&fields.to_be_bytes());
        self.count += 1;
    }

    fn field(&mut self, value: &[u8]) {
        // Kafka has no record of 2 GiB.
        let length = i32::try_from(value.len()).unwrap_or(i32::MAX);
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(value);
    }
}
