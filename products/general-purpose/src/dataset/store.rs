//! A location with what it takes to read and write there.

use aws_sdk_s3::Client;
use general_purpose_contract::DatasetError;
use parquet::arrow::async_reader::AsyncFileReader;

use super::folder::Folder;
use super::location::Location;
use super::s3::Bucket;

/// Where a source is read, or an output written.
#[derive(Clone, Debug)]
pub(crate) enum Store {
    Folder(Folder),
    Bucket(Bucket),
}

/// A file that was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    /// Its whole path, or its key.
    pub(super) name: String,
    pub(super) bytes: u64,
}

impl Store {
    /// At that location; `connect` gives a client of S3.
    pub(crate) async fn at(location: Location, connect: impl AsyncFnOnce() -> Client) -> Self {
        match location {
            Location::Path(path) => Self::Folder(Folder::new(path)),
            Location::S3 { bucket, key } => Self::Bucket(Bucket::new(connect().await, bucket, key)),
        }
    }

    /// The Parquet files of a source, by name; one at least.
    pub(super) async fn parquet_files(&self) -> Result<Vec<Found>, DatasetError> {
        let mut files = match self {
            Self::Folder(folder) => folder.parquet_files().await,
            Self::Bucket(bucket) => bucket.parquet_files().await,
        }?;
        files.sort_unstable();
        if files.is_empty() {
            let reason = format!("no name in {self} ends in .parquet");
            return Err(DatasetError::NothingToRead { reason });
        }
        Ok(files)
    }

    pub(super) async fn open(&self, file: &Found) -> Result<Box<dyn AsyncFileReader>, DatasetError> {
        match self {
            Self::Folder(_) => Folder::open(&file.name).await,
            Self::Bucket(bucket) => Ok(bucket.reader(file)),
        }
    }

    /// How a file of it is called in a message.
    pub(super) fn file_name(&self, file: &Found) -> String {
        match self {
            Self::Folder(_) => file.name.clone(),
            Self::Bucket(bucket) => bucket.address(&file.name),
        }
    }

    /// Writes a part: whole, or not at all. One that is there is replaced.
    pub(crate) async fn put(&self, name: &str, content: Vec<u8>) -> Result<(), DatasetError> {
        match self {
            Self::Folder(folder) => folder.put(name, content).await,
            Self::Bucket(bucket) => bucket.put(name, content).await,
        }
    }

    /// Removes what killed attempts have left, and parts of other runs than this one of `total` rows.
    pub(crate) async fn sweep(&self, total: u64) -> Result<(), DatasetError> {
        match self {
            Self::Folder(folder) => folder.sweep(total).await,
            Self::Bucket(bucket) => bucket.sweep(total).await,
        }
    }
}

impl std::fmt::Display for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "{folder}"),
            Self::Bucket(bucket) => write!(f, "{bucket}"),
        }
    }
}
