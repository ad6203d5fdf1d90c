//! A source or an output on S3, or on what speaks its protocol.

mod client;
mod faults;
mod reader;

use std::fmt;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::Object;
use general_purpose_contract::DatasetError;
use parquet::arrow::async_reader::AsyncFileReader;

use super::folder::is_foreign;
use super::store::Found;
pub(crate) use client::connect;
use faults::fault;
use reader::Reader;

/// All below a prefix of a bucket, or one object of a source.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    client: Client,
    bucket: String,
    key: String,
}

impl Bucket {
    pub(crate) const fn new(client: Client, bucket: String, key: String) -> Self {
        Self { client, bucket, key }
    }

    pub(super) async fn parquet_files(&self) -> Result<Vec<Found>, DatasetError> {
        if self.key.ends_with(".parquet") {
            let head = self.client.head_object().bucket(&self.bucket).key(&self.key).send().await;
            let head = head.map_err(|error| fault("read", self.address(&self.key), &error))?;
            let bytes = head.content_length().and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or_default();
            return Ok(vec![Found { name: self.key.clone(), bytes }]);
        }
        let objects = self.list("").await?.into_iter();
        let found = |object: Object| {
            let bytes = object.size().and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or_default();
            object.key.map(|name| Found { name, bytes })
        };
        Ok(objects.filter_map(found).filter(|file| file.name.ends_with(".parquet")).collect())
    }

    pub(super) fn reader(&self, file: &Found) -> Box<dyn AsyncFileReader> {
        Box::new(Reader::new(self.client.clone(), self.bucket.clone(), file.clone()))
    }

    /// One request: the object is there whole, or not at all.
    pub(super) async fn put(&self, name: &str, content: Vec<u8>) -> Result<(), DatasetError> {
        let key = format!("{}{name}", self.prefix());
        let put = self.client.put_object().bucket(&self.bucket).key(&key).content_type("application/x-ndjson");
        put.body(ByteStream::from(content))
            .send()
            .await
            .map_err(|error| fault("written", self.address(&key), &error))?;
        Ok(())
    }

    pub(super) async fn sweep(&self, total: u64) -> Result<(), DatasetError> {
        let prefix = self.prefix();
        for key in self.list("part-").await?.into_iter().filter_map(|object| object.key) {
            if key.strip_prefix(&prefix).is_some_and(|name| is_foreign(name, total)) {
                let gone = self.client.delete_object().bucket(&self.bucket).key(&key).send().await;
                gone.map_err(|error| fault("removed", self.address(&key), &error))?;
            }
        }
        Ok(())
    }

    pub(super) fn address(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }

    fn prefix(&self) -> String {
        if self.key.is_empty() { String::new() } else { format!("{}/", self.key) }
    }

    /// The objects right below the prefix whose names begin so.
    async fn list(&self, begin: &str) -> Result<Vec<Object>, DatasetError> {
        let list = self.client.list_objects_v2().bucket(&self.bucket).prefix(format!("{}{begin}", self.prefix()));
        let mut pages = list.delimiter("/").into_paginator().send();
        let mut objects = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| fault("listed", self.to_string(), &error))?;
            objects.extend(page.contents.unwrap_or_default());
        }
        Ok(objects)
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address(&self.key))
    }
}
