//! What cannot be processed, and what is said of it.

use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, Int32Array, Int64Array};
use general_purpose::activities::Datasets;
use general_purpose::product;
use general_purpose_contract::{ProcessLargeDataset, ProcessLargeDatasetInput};
use mainspring_testing::{Env, free_port, s3};
use parquet::basic::Compression;

use crate::parquet_files::{file_of, rows};
use crate::rig::{Folders, Outcome, client, failure};

fn columns(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    file_of(columns, 10, Compression::UNCOMPRESSED)
}

#[tokio::test]
async fn a_file_with_other_columns_is_named_before_anything_is_written() -> Outcome {
    let (narrow, wide): (ArrayRef, ArrayRef) =
        (Arc::new(Int32Array::from(vec![1])), Arc::new(Int64Array::from(vec![1])));
    let bytes: ArrayRef = Arc::new(BinaryArray::from_vec(vec![b"{}"]));
    for (file, there) in [
        (columns(vec![("id", wide.clone()), ("body", bytes.clone())]), "id Int64, body Binary"),
        (columns(vec![("id", narrow), ("payload", bytes.clone())]), "id Int32, payload Binary"),
        (columns(vec![("id", wide), ("payload", bytes)]), "id Int64, payload Binary"),
    ] {
        let good = rows(0..20_000, 10_000, Compression::UNCOMPRESSED);
        let folders = Folders::with(vec![("a.parquet", good), ("b.parquet", file)])?;
        let failure = failure(Datasets::default(), &folders.path("in"), &folders.path("out")).await?;
        let whole = format!(
            "{} cannot be processed: its columns are ({there}), and are to have id Int64 and payload Utf8, a text with a \
             JSON object",
            folders.path("in/b.parquet")
        );
        assert_eq!((failure.type_name.as_str(), failure.retryable, failure.message), ("UnusableFile", false, whole));
        assert!(!std::path::Path::new(&folders.path("out")).exists(), "nothing is written");
    }
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_no_parquet_is_named() -> Outcome {
    let mut torn = rows(0..1_000, 100, Compression::UNCOMPRESSED);
    torn.truncate(torn.len() - 1_000);
    for (content, said) in [
        (b"PAR1".to_vec(), "it has 4 bytes, which is no Parquet"),
        (torn, "it cannot be read as Parquet (Parquet error: Invalid Parquet file. Corrupt footer)"),
    ] {
        let folders = Folders::with(vec![("a.parquet", content)])?;
        let failure = failure(Datasets::default(), &folders.path("in"), &folders.path("out")).await?;
        let whole = format!("{} cannot be processed: {said}", folders.path("in/a.parquet"));
        assert_eq!((failure.type_name.as_str(), failure.retryable, failure.message), ("UnusableFile", false, whole));
    }
    Ok(())
}

#[tokio::test]
async fn a_location_that_leads_nowhere_fails_for_good_and_says_why() -> Outcome {
    let folders = Folders::with(vec![("notes.txt", b"no Parquet".to_vec())])?;
    std::fs::write(folders.path("file"), "a file")?;
    let (source, output) = (folders.path("in"), folders.path("out"));
    let data = Folders::with(vec![("a.parquet", rows(0..10, 10, Compression::UNCOMPRESSED))])?;
    for (source, output, kind, said) in [
        (
            "in".to_owned(),
            output.clone(),
            "InvalidInput",
            "the input's source is \"in\", and is to be s3://bucket/".to_owned(),
        ),
        (
            source.clone(),
            "s3://".to_owned(),
            "InvalidInput",
            "the input's output is \"s3://\", and is to be s3://".to_owned(),
        ),
        (
            source.clone(),
            output.clone(),
            "NothingToRead",
            format!("there is nothing to read: no name in {source} ends in .parquet"),
        ),
        (
            folders.path("gone"),
            output,
            "NothingToRead",
            format!("there is nothing to read: {} does not exist on the worker's machine", folders.path("gone")),
        ),
        (
            data.path("in"),
            folders.path("file"),
            "Refused",
            format!("{} could not be written: ", folders.path("file/part-000000000000.jsonl")),
        ),
    ] {
        let failure = failure(Datasets::default(), &source, &output).await?;
        assert_eq!((failure.type_name.as_str(), failure.retryable), (kind, false), "{}", failure.message);
        assert!(failure.message.starts_with(&said), "{}", failure.message);
    }
    Ok(())
}

#[tokio::test]
async fn what_s3_refuses_is_terminal_and_what_it_cannot_do_now_is_not() -> Outcome {
    let s3 = s3().await?;
    let bucket = s3.bucket("refusing")?;
    let ours = || client(&s3.endpoint(), s3.secret_key());
    let there = format!("s3://{bucket}/in");
    let away = format!("http://127.0.0.1:{}", free_port()?);
    for (client, source, kind, said) in [
        (
            ours(),
            there.clone(),
            "NothingToRead",
            format!("there is nothing to read: no name in {there} ends in .parquet"),
        ),
        (
            ours(),
            format!("{there}/a.parquet"),
            "NothingToRead",
            format!("there is nothing to read: {there}/a.parquet does not exist (S3 says 404"),
        ),
        (
            ours(),
            "s3://no-such-bucket/in".to_owned(),
            "Refused",
            "s3://no-such-bucket/in could not be listed: S3 says 404 NoSuchBucket: ".to_owned(),
        ),
        (
            client(&s3.endpoint(), "another key"),
            there.clone(),
            "Refused",
            format!("{there} could not be listed: S3 says 403 SignatureDoesNotMatch: "),
        ),
        (
            client(&away, "no matter"),
            there.clone(),
            "Unavailable",
            format!("{there} could not be listed now: dispatch failure: "),
        ),
    ] {
        let failure = failure(Datasets::with_s3(client), &source, &there).await?;
        let retryable = kind == "Unavailable";
        assert_eq!((failure.type_name.as_str(), failure.retryable), (kind, retryable), "{}", failure.message);
        assert!(failure.message.starts_with(&said), "{}", failure.message);
    }
    Ok(())
}

#[tokio::test]
async fn a_heartbeat_timeout_out_of_range_fails_the_workflow_before_its_activity() -> Outcome {
    let env = Env::shared().await?;
    let worker = env.worker([product()]).start().await?;
    let input =
        ProcessLargeDatasetInput { heartbeat_timeout_seconds: 601, ..ProcessLargeDatasetInput::new("/in", "/out") };
    let error = worker.execute::<ProcessLargeDataset>(input).await.unwrap_err();
    assert_eq!(error.failure().and_then(|failure| failure.type_name()), Some("InvalidInput"), "{error}");
    let said = "the input's heartbeat_timeout_seconds is \"601\", and is to be from 1 to 600: nothing was done";
    assert!(error.to_string().contains(said), "{error}");
    Ok(worker.stop().await?)
}
