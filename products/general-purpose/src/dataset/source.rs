//! The rows of a source: its files one after the other, cut into batches.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_schema::{DataType, Schema};
use futures::{StreamExt, TryStreamExt, stream};
use general_purpose_contract::{BATCH_ROWS, DatasetError};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::async_reader::{AsyncFileReader, ParquetRecordBatchStream};
use parquet::arrow::{ParquetRecordBatchStreamBuilder, ProjectionMask};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaDataReader;

use super::folder::failed;
use super::rows::Rows;
use super::store::{Found, Store};

const COLUMNS: [(&str, DataType); 2] = [("id", DataType::Int64), ("payload", DataType::Utf8)];
/// Less is no Parquet.
const LEAST_BYTES: u64 = 12;
/// How many footers are read at once.
const FOOTERS: usize = 8;
/// Most footers fit in so much of a file's end.
const FOOTER_BYTES: usize = 64 * 1024;

/// A source whose every file has a readable footer and the right columns.
#[derive(Debug)]
pub(crate) struct Source {
    store: Store,
    files: Vec<(Found, u64)>,
    total: u64,
}

impl Source {
    /// Looks at each file, so that a wrong one is found before anything is written.
    pub(crate) async fn open(store: Store) -> Result<Self, DatasetError> {
        let found = store.parquet_files().await?;
        let counted = stream::iter(found).map(|file| async {
            let (_, metadata) = footer(&store, &file).await?;
            let rows = metadata
                .metadata()
                .row_groups()
                .iter()
                .map(|group| u64::try_from(group.num_rows()).unwrap_or_default());
            Ok::<_, DatasetError>((file, rows.sum::<u64>()))
        });
        let files: Vec<_> = counted.buffered(FOOTERS).try_collect().await?;
        let total = files.iter().map(|(_, rows)| rows).sum();
        Ok(Self { store, files, total })
    }

    /// All its rows.
    pub(crate) const fn total(&self) -> u64 {
        self.total
    }

    /// How many files it has.
    pub(crate) fn files(&self) -> usize {
        self.files.len()
    }

    /// The batches from that row on.
    pub(crate) fn batches(self, offset: u64) -> Batches {
        let mut skip = offset;
        let mut files = self.files.into_iter().peekable();
        while let Some((_, rows)) = files.next_if(|(_, rows)| *rows <= skip) {
            skip -= rows;
        }
        Batches { store: self.store, files: files.collect::<Vec<_>>().into_iter(), skip, open: None, left: None }
    }
}

/// The batches of a source, in order.
pub(crate) struct Batches {
    store: Store,
    files: std::vec::IntoIter<(Found, u64)>,
    /// Rows of the first of `files` that are behind us.
    skip: u64,
    open: Option<(String, ParquetRecordBatchStream<Box<dyn AsyncFileReader>>)>,
    /// What the batch before had no room for.
    left: Option<Rows>,
}

impl Batches {
    /// The next batch: [`BATCH_ROWS`] rows, fewer if it is the last, none at the end.
    pub(crate) async fn next(&mut self) -> Result<Vec<Rows>, DatasetError> {
        let (mut batch, mut room) = (Vec::new(), usize::try_from(BATCH_ROWS).unwrap_or(usize::MAX));
        while room > 0 {
            let Some(rows) = self.some().await? else { break };
            let taken = rows.len().min(room);
            if taken < rows.len() {
                self.left = Some(rows.slice(taken, rows.len() - taken));
            }
            room -= taken;
            batch.push(rows.slice(0, taken));
        }
        Ok(batch)
    }

    async fn some(&mut self) -> Result<Option<Rows>, DatasetError> {
        if let Some(rows) = self.left.take() {
            return Ok(Some(rows));
        }
        loop {
            if let Some((file, stream)) = &mut self.open {
                match stream.next().await {
                    Some(read) => {
                        let read = read.map_err(|error| unusable(file, error))?;
                        return typed(&read).map(Some).ok_or_else(|| wrong_columns(file, &read.schema()));
                    }
                    None => self.open = None,
                }
            }
            let Some((file, _)) = self.files.next() else { return Ok(None) };
            let skip = usize::try_from(std::mem::take(&mut self.skip)).unwrap_or(usize::MAX);
            self.open = Some((self.store.file_name(&file), rows_of(&self.store, &file, skip).await?));
        }
    }
}

impl fmt::Debug for Batches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batches")
            .field("files", &self.files.as_slice())
            .field("skip", &self.skip)
            .finish_non_exhaustive()
    }
}

/// The footer of a file that has the right columns.
async fn footer(store: &Store, file: &Found) -> Result<(Box<dyn AsyncFileReader>, ArrowReaderMetadata), DatasetError> {
    let name = store.file_name(file);
    if file.bytes < LEAST_BYTES {
        let reason = format!("it has {} bytes, which is no Parquet", file.bytes);
        return Err(DatasetError::UnusableFile { file: name, reason });
    }
    let mut reader = store.open(file).await?;
    let footer = ParquetMetaDataReader::new().with_prefetch_hint(Some(FOOTER_BYTES));
    let footer = footer.load_and_finish(&mut reader, file.bytes).await.map_err(|error| unusable(&name, error))?;
    // Parquet's own types decide: a text is a text, whatever Arrow's type its writer had for it.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let metadata = ArrowReaderMetadata::try_new(footer.into(), options).map_err(|error| unusable(&name, error))?;
    let schema = metadata.schema();
    let fits =
        |(name, kind): &(&str, DataType)| schema.field_with_name(name).is_ok_and(|field| field.data_type() == kind);
    if !COLUMNS.iter().all(fits) {
        return Err(wrong_columns(&name, schema));
    }
    Ok((reader, metadata))
}

async fn rows_of(
    store: &Store,
    file: &Found,
    skip: usize,
) -> Result<ParquetRecordBatchStream<Box<dyn AsyncFileReader>>, DatasetError> {
    let (reader, metadata) = footer(store, file).await?;
    let roots: Vec<usize> = COLUMNS.iter().filter_map(|(name, _)| metadata.schema().index_of(name).ok()).collect();
    let mask = ProjectionMask::roots(metadata.parquet_schema(), roots);
    let builder = ParquetRecordBatchStreamBuilder::new_with_metadata(reader, metadata).with_projection(mask);
    let batch = usize::try_from(BATCH_ROWS).unwrap_or(usize::MAX);
    builder.with_batch_size(batch).with_offset(skip).build().map_err(|error| unusable(&store.file_name(file), error))
}

fn typed(read: &RecordBatch) -> Option<Rows> {
    let ids = read.column_by_name("id")?.as_primitive_opt::<Int64Type>()?.clone();
    let payloads = read.column_by_name("payload")?.as_string_opt::<i32>()?.clone();
    Some(Rows { ids, payloads })
}

fn wrong_columns(file: &str, schema: &Schema) -> DatasetError {
    let there = schema.fields().iter().map(|field| format!("{} {}", field.name(), field.data_type()));
    let there = there.collect::<Vec<_>>().join(", ");
    let reason =
        format!("its columns are ({there}), and are to have id Int64 and payload Utf8, a text with a JSON object");
    DatasetError::UnusableFile { file: file.to_owned(), reason }
}

/// What went wrong below Parquet's reader is said as it was; the rest is the file's own fault.
fn unusable(file: &str, error: ParquetError) -> DatasetError {
    let reason = match error {
        ParquetError::External(error) => match error.downcast::<Carried>() {
            Ok(carried) => return carried.0,
            Err(error) => match error.downcast::<io::Error>() {
                Ok(error) => return failed(Path::new(file), "read", &error),
                Err(error) => error.to_string(),
            },
        },
        error => error.to_string(),
    };
    DatasetError::UnusableFile { file: file.to_owned(), reason: format!("it cannot be read as Parquet ({reason})") }
}

/// A failure on its way through Parquet's reader.
#[derive(Debug)]
pub(super) struct Carried(pub(super) DatasetError);

impl From<Carried> for ParquetError {
    fn from(carried: Carried) -> Self {
        Self::External(Box::new(carried))
    }
}

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Carried {}
