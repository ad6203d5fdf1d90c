//! From everywhere to everywhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{Int64Array, LargeStringArray, StringArray};
use general_purpose::activities::Datasets;
use general_purpose::product;
use general_purpose_contract::{ProcessLargeDataset, ProcessLargeDatasetInput, ProcessLargeDatasetResult};
use mainspring_testing::{Env, capture_logs, s3};
use parquet::basic::Compression;
use serde_json::json;

use crate::parquet_files::{file_of, rows};
use crate::rig::{Folders, Outcome, TOTAL, alone, client, dataset, objects, parts, result};

#[tokio::test]
async fn each_good_row_of_a_folder_becomes_a_line_and_bad_ones_are_counted() -> Outcome {
    let env = Env::shared().await?;
    let logs = capture_logs()?;
    let folders = Folders::with(dataset())?;
    let worker = env.worker([product()]).every_activity_twice().start().await?;
    assert_eq!(worker.execute::<ProcessLargeDataset>(folders.input()).await?, result(TOTAL));
    assert_eq!((result(TOTAL).errors, result(TOTAL).processed), (75, 24_925));
    assert_eq!(folders.output()?, parts(TOTAL));
    let lines = logs.of(&worker);
    lines.one("started", json!({ "total": TOTAL, "files": 3, "attempt": 1 }))?;
    lines.one("resumed", json!({ "offset": TOTAL, "errors": 75, "attempt": 2 }))?;
    let report = worker.twice();
    assert_eq!(report.alike.into_iter().collect::<Vec<_>>(), [("process_dataset".to_owned(), 1)]);
    assert!(report.different.is_empty(), "{:?}", report.different);
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn from_s3_to_s3_it_is_the_same() -> Outcome {
    let s3 = s3().await?;
    let (bucket, client) = (s3.bucket("dataset")?, client(&s3.endpoint(), s3.secret_key()));
    for (name, content) in dataset() {
        client.put_object().bucket(&bucket).key(format!("events/{name}")).body(content.into()).send().await?;
    }
    // Neighbours: below the prefix, and beside it.
    for key in ["events/older/d.parquet", "events-of-others/e.parquet"] {
        let others = rows(0..10, 10, Compression::UNCOMPRESSED);
        client.put_object().bucket(&bucket).key(key).body(others.into()).send().await?;
    }
    // Of another run, of more rows.
    for key in ["out/part-000000030000.jsonl", "out/part-000000000000.jsonl", "out/mine.txt"] {
        client.put_object().bucket(&bucket).key(key).body(b"stale".to_vec().into()).send().await?;
    }
    let input = ProcessLargeDatasetInput::new(format!("s3://{bucket}/events/"), format!("s3://{bucket}/out"));
    assert_eq!(alone(input).on(Datasets::with_s3(client.clone())).await.result?, result(TOTAL));
    let mut expected = parts(TOTAL);
    expected.insert("mine.txt".to_owned(), "stale".to_owned());
    assert_eq!(objects(&client, &bucket, "out/").await?, expected);

    let one = ProcessLargeDatasetInput::new(format!("s3://{bucket}/events/a.parquet"), format!("s3://{bucket}"));
    assert_eq!(alone(one).on(Datasets::with_s3(client.clone())).await.result?, result(13_000));
    assert_eq!(objects(&client, &bucket, "part-").await?.len(), 2, "at the top of the bucket");
    Ok(())
}

#[tokio::test]
async fn a_source_without_rows_gives_none_and_leaves_no_part() -> Outcome {
    let folders = Folders::with(vec![("empty.parquet", rows(0..0, 10, Compression::UNCOMPRESSED))])?;
    std::fs::create_dir(folders.path("out"))?;
    std::fs::write(folders.path("out/part-000000000000.jsonl"), "of another run")?;
    let end = alone(folders.input()).on(Datasets::default()).await;
    assert_eq!(end.result?, ProcessLargeDatasetResult { processed: 0, errors: 0, total: 0 });
    assert_eq!(folders.output()?, BTreeMap::new());
    Ok(())
}

#[tokio::test]
async fn other_columns_and_long_texts_do_not_matter() -> Outcome {
    let (ids, payloads) = (Int64Array::from(vec![3, 4]), LargeStringArray::from(vec!["{\"a\": 1}", "no"]));
    let columns: Vec<(&str, arrow_array::ArrayRef)> = vec![
        ("payload", Arc::new(payloads)),
        ("payload.raw", Arc::new(StringArray::from(vec!["x", "y"]))),
        ("id", Arc::new(ids)),
    ];
    let file = file_of(columns, 10, Compression::GZIP(Default::default()));
    let folders = Folders::with(vec![("x.parquet", file)])?;
    let input = ProcessLargeDatasetInput::new(folders.path("in/x.parquet"), folders.path("out"));
    let end = alone(input).on(Datasets::default()).await;
    assert_eq!(end.result?, ProcessLargeDatasetResult { processed: 1, errors: 1, total: 2 });
    let expected = [("part-000000000000.jsonl".to_owned(), "{\"id\":3,\"payload\":{\"a\": 1}}\n".to_owned())];
    assert_eq!(folders.output()?, expected.into());
    Ok(())
}
