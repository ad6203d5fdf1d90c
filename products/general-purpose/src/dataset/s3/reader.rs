//! An object as Parquet's reader asks for it: by ranges.

use std::ops::Range;
use std::sync::Arc;

use aws_sdk_s3::Client;
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use general_purpose_contract::DatasetError;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};

use super::faults::{chain, fault};
use crate::dataset::source::Carried;
use crate::dataset::store::Found;

/// One object.
#[derive(Debug)]
pub(super) struct Reader {
    client: Client,
    bucket: String,
    file: Found,
}

impl Reader {
    pub(super) const fn new(client: Client, bucket: String, file: Found) -> Self {
        Self { client, bucket, file }
    }

    async fn range(&self, range: Range<u64>) -> Result<Bytes, DatasetError> {
        let place = || format!("s3://{}/{}", self.bucket, self.file.name);
        let Some(last) = range.end.checked_sub(1).filter(|last| *last >= range.start) else { return Ok(Bytes::new()) };
        let get = self.client.get_object().bucket(&self.bucket).key(&self.file.name);
        let object = get.range(format!("bytes={}-{last}", range.start)).send().await;
        let object = object.map_err(|error| fault("read", place(), &error))?;
        let unavailable = |reason| DatasetError::Unavailable { place: place(), done: "read", reason };
        let body = object.body.collect().await.map_err(|error| unavailable(chain(&error)))?.into_bytes();
        let (wanted, read) = (range.end - range.start, body.len());
        if read as u64 != wanted {
            return Err(unavailable(format!("S3 gave {read} of {wanted} bytes from byte {} on", range.start)));
        }
        Ok(body)
    }
}

impl AsyncFileReader for Reader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        async move { self.range(range).await.map_err(|error| Carried(error).into()) }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        async move {
            let reader = ParquetMetaDataReader::new().with_arrow_reader_options(options);
            let bytes = self.file.bytes;
            Ok(Arc::new(reader.load_and_finish(self, bytes).await?))
        }
        .boxed()
    }
}
