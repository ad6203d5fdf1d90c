//! Folders and buckets with datasets, and what is in them afterwards.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Builder, Credentials, Region};
use general_purpose::activities::Datasets;
use general_purpose_contract::{BATCH_ROWS, ProcessLargeDatasetInput, ProcessLargeDatasetResult};
use mainspring_testing::{ActivityFailure, ActivityRun, NotDone, TestError};
use parquet::basic::Compression;
use temporalio_sdk::activities::ExecutableActivity;

use crate::parquet_files::{bad, is_good, line, rows};

pub(crate) type Outcome = Result<(), TestError>;

/// Parts, by name.
pub(crate) type Parts = BTreeMap<String, String>;

/// Files whose ends are not those of batches or row groups: 25,000 rows, named against the order of their making.
pub(crate) fn dataset() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("c.parquet", rows(13_001..25_000, 6_000, Compression::LZ4_RAW)),
        ("a.parquet", rows(0..13_000, 4_000, Compression::SNAPPY)),
        ("b.parquet", rows(13_000..13_001, 4_000, Compression::ZSTD(Default::default()))),
        ("notes.txt", b"no Parquet".to_vec()),
    ]
}

pub(crate) const TOTAL: u64 = 25_000;

/// What they become.
pub(crate) fn parts(total: u64) -> Parts {
    let part = |offset: u64| {
        let numbers = (offset..total.min(offset + BATCH_ROWS)).filter(|number| is_good(*number));
        (format!("part-{offset:012}.jsonl"), numbers.map(|number| line(number) + "\n").collect())
    };
    (0..total.div_ceil(BATCH_ROWS)).map(|batch| part(batch * BATCH_ROWS)).collect()
}

pub(crate) fn result(total: u64) -> ProcessLargeDatasetResult {
    ProcessLargeDatasetResult { processed: total - bad(total), errors: bad(total), total }
}

/// A folder with `in` and `out`.
pub(crate) struct Folders {
    root: tempfile::TempDir,
}

impl Folders {
    pub(crate) fn with(files: Vec<(&str, Vec<u8>)>) -> Result<Self, TestError> {
        let root = tempfile::tempdir()?;
        std::fs::create_dir(root.path().join("in"))?;
        for (name, content) in files {
            std::fs::write(root.path().join("in").join(name), content)?;
        }
        Ok(Self { root })
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.root.path().join(name).display().to_string()
    }

    pub(crate) fn input(&self) -> ProcessLargeDatasetInput {
        ProcessLargeDatasetInput::new(self.path("in"), self.path("out"))
    }

    /// Everything in `out`, other things than parts too.
    pub(crate) fn output(&self) -> Result<Parts, TestError> {
        contents(&self.root.path().join("out"))
    }
}

pub(crate) fn contents(folder: &Path) -> Result<Parts, TestError> {
    let mut parts = Parts::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        parts.insert(entry.file_name().to_string_lossy().into_owned(), std::fs::read_to_string(entry.path())?);
    }
    Ok(parts)
}

pub(crate) fn alone(
    input: ProcessLargeDatasetInput,
) -> ActivityRun<
    impl ExecutableActivity<Implementer = Datasets, Input = ProcessLargeDatasetInput, Output = ProcessLargeDatasetResult>,
> {
    ActivityRun::new(Datasets::process_dataset, input).heartbeat_timeout(Duration::from_secs(10))
}

/// How the activity fails with this input.
pub(crate) async fn failure(datasets: Datasets, source: &str, output: &str) -> Result<ActivityFailure, TestError> {
    match alone(ProcessLargeDatasetInput::new(source, output)).on(datasets).await.result {
        Err(NotDone::Failed(failure)) => Ok(*failure),
        other => Err(format!("it was to fail: {other:?}").into()),
    }
}

/// A client of an S3 at that address.
pub(crate) fn client(endpoint: &str, secret_key: &str) -> Client {
    let config = Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .force_path_style(true)
        .credentials_provider(Credentials::new("mainspring", secret_key, None, None, "tests"))
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    Client::from_conf(config.build())
}

/// Everything in a bucket below a prefix, without it.
pub(crate) async fn objects(client: &Client, bucket: &str, prefix: &str) -> Result<Parts, TestError> {
    let list = client.list_objects_v2().bucket(bucket).prefix(prefix).send().await?;
    let mut objects = Parts::new();
    for key in list.contents().iter().filter_map(|object| object.key()) {
        let object = client.get_object().bucket(bucket).key(key).send().await?.body.collect().await?;
        objects.insert(key.trim_start_matches(prefix).to_owned(), String::from_utf8(object.to_vec())?);
    }
    Ok(objects)
}
