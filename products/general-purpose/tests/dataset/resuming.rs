//! What an attempt leaves, and the next one makes of it.

use std::path::PathBuf;
use std::time::Duration;

use general_purpose::Processed;
use general_purpose::activities::Datasets;
use mainspring_testing::{NotDone, run_twice};
use parquet::basic::Compression;

use crate::parquet_files::{bad, rows};
use crate::rig::{Folders, Outcome, TOTAL, alone, dataset, parts, result};

fn after(offset: u64, total: u64) -> Processed {
    #[allow(clippy::cast_precision_loss)]
    let pct = (offset as f64 / total as f64 * 1_000.0).round() / 10.0;
    Processed { offset, total, errors: bad(offset), pct }
}

#[tokio::test]
async fn each_batch_is_told_once_it_is_safe() -> Outcome {
    let folders = Folders::with(dataset())?;
    let end = alone(folders.input()).on(Datasets::default()).await;
    let told = end.progress_as::<Processed>();
    assert_eq!(told.last(), Some(&Processed { offset: TOTAL, total: TOTAL, errors: 75, pct: 100.0 }), "{told:?}");
    assert!(told.iter().all(|one| *one == after(one.offset, TOTAL)), "{told:?}");
    Ok(())
}

#[tokio::test]
async fn the_next_attempt_repeats_no_batch_that_was_told() -> Outcome {
    for offset in [10_000, 20_000, TOTAL] {
        let folders = Folders::with(dataset())?;
        let left = after(offset, TOTAL);
        let end = alone(folders.input()).attempt(2).progress(&left).on(Datasets::default()).await;
        // What is left is beaten anew until there is more; an attempt that has little to do may end before its first beat.
        let beaten = end.progress_as::<Processed>();
        assert!(beaten.is_sorted_by_key(|beat| beat.offset), "{beaten:?}");
        assert!(beaten.first().is_none_or(|first| *first == left || first.offset > offset), "{beaten:?}");
        assert_eq!(end.result?, result(TOTAL));
        let mut rest = parts(TOTAL);
        rest.retain(|name, _| *name >= format!("part-{offset:012}.jsonl"));
        assert_eq!(folders.output()?, rest, "from {offset} on");
    }
    Ok(())
}

#[tokio::test]
async fn a_batch_that_is_done_again_replaces_its_part_and_left_overs_go() -> Outcome {
    let folders = Folders::with(dataset())?;
    std::fs::create_dir(folders.path("out"))?;
    for left_over in [".part-x1y2.tmp", "part-000000010000.jsonl", "part-000000030000.jsonl", "part-000000000005.jsonl"]
    {
        std::fs::write(folders.path(&format!("out/{left_over}")), "torn")?;
    }
    let twice = run_twice(Datasets::process_dataset, folders.input()).heartbeat_timeout(Duration::from_secs(10));
    assert_eq!(twice.on(Datasets::default()).await?, result(TOTAL));
    assert_eq!(folders.output()?, parts(TOTAL));
    // Once more, by an attempt that knows of nothing.
    assert_eq!(alone(folders.input()).attempt(3).on(Datasets::default()).await.result?, result(TOTAL));
    assert_eq!(folders.output()?, parts(TOTAL));
    Ok(())
}

#[tokio::test]
async fn progress_of_another_source_is_no_progress() -> Outcome {
    let folders = Folders::with(dataset())?;
    for foreign in [after(10_000, TOTAL + 1), after(10_001, TOTAL), after(30_000, TOTAL)] {
        let end = alone(folders.input()).attempt(2).progress(&foreign).on(Datasets::default()).await;
        assert_eq!(end.result?, result(TOTAL), "{foreign:?}");
    }
    assert_eq!(folders.output()?, parts(TOTAL));
    Ok(())
}

#[tokio::test]
async fn it_ends_between_two_batches_when_its_worker_leaves_and_goes_on_after() -> Outcome {
    let file = rows(0..400_000, 50_000, Compression::UNCOMPRESSED);
    for _ in 0..5 {
        let folders = Folders::with(vec![("a.parquet", file.clone())])?;
        let running = alone(folders.input()).grace(Duration::from_secs(60)).start_on(Datasets::default()).await?;
        let first = PathBuf::from(folders.path("out/part-000000000000.jsonl"));
        let written = async {
            while !first.exists() {
                tokio::task::yield_now().await;
            }
        };
        // Thirty-nine are left to do then. A busy machine may have done them before it is told.
        tokio::time::timeout(Duration::from_secs(60), written).await?;
        running.shut_down();
        let end = running.end().await;
        let told = end.progress_as::<Processed>();
        let failure = match end.result {
            Ok(_) => continue,
            Err(NotDone::Failed(failure)) => failure,
            Err(other) => return Err(format!("it ends with a failure: {other}").into()),
        };
        assert_eq!(failure.type_name, "WorkerShuttingDown", "{}", failure.message);
        let last = *told.last().ok_or("it has told how far it was")?;
        assert_eq!(folders.output()?.len() as u64, last.offset / 10_000, "all that is done is told");
        assert!(last.offset < 400_000, "{last:?}");
        let rest = alone(folders.input()).attempt(2).progress(&last).on(Datasets::default()).await;
        assert_eq!(rest.result?, result(400_000));
        assert!(folders.output()? == parts(400_000), "each row is there once");
        return Ok(());
    }
    Err("all was done before its worker left, each time".into())
}

#[tokio::test]
async fn it_ends_when_its_workflow_cancels_it() -> Outcome {
    let folders = Folders::with(vec![("a.parquet", rows(0..400_000, 50_000, Compression::UNCOMPRESSED))])?;
    let running = alone(folders.input()).start_on(Datasets::default()).await?;
    running.cancel();
    assert!(matches!(running.end().await.result, Err(NotDone::Cancelled)));
    Ok(())
}
