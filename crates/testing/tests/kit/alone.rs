//! One activity alone, through a worker's layers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mainspring_activity::{Heartbeater, complete_later};
use mainspring_testing::{ActivityRun, NotDone, run_twice};
use mainspring_vocabulary::Failure;
use serde::{Deserialize, Serialize};
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

use crate::lab::Outcome;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Progress {
    row: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    attempt: u32,
    workflow_id: Option<String>,
    scoped_as: Option<String>,
    beats_every: Option<Duration>,
    may_run_for: Option<Duration>,
}

#[derive(Serialize, Deserialize)]
struct Place {
    row: u64,
}

impl mainspring_vocabulary::Progress for Place {
    const VERSION: u32 = 1;
}

#[derive(Debug, Failure)]
enum ExportError {
    #[failure(retryable, message = "the warehouse is busy: {0}", next_delay = "30s")]
    Busy(#[source] std::io::Error),
    #[failure(terminal, message = "table {table} is gone", benign)]
    Gone { table: String },
}

#[derive(Default)]
struct Export {
    /// Rows that were written.
    written: Arc<AtomicU64>,
    heard: Arc<tokio::sync::Notify>,
    all: Option<Arc<tokio::sync::Barrier>>,
}

#[activities]
impl Export {
    /// Copies rows from where the attempt before was.
    #[activity(name = "copy")]
    async fn copy(self: Arc<Self>, ctx: ActivityContext, rows: u64) -> Result<u64, ActivityError> {
        let from = ctx.heartbeat_details().deserialize::<Progress>()?.map_or(0, |progress| progress.row);
        for row in from..rows {
            self.written.fetch_add(1, Ordering::SeqCst);
            ctx.record_heartbeat(Progress { row: row + 1 }).await?;
        }
        Ok(rows)
    }

    /// Leaves its end to another process.
    #[activity(name = "ask")]
    async fn ask(self: Arc<Self>, ctx: ActivityContext) -> Result<bool, ActivityError> {
        let written = self.written.clone();
        complete_later(&ctx, |token| async move {
            written.store(token.as_bytes().len() as u64, Ordering::SeqCst);
            Ok::<_, std::io::Error>(())
        })
        .await
    }

    /// Beats from a task of its own until it is cancelled.
    #[activity(name = "watch")]
    async fn watch(self: Arc<Self>, ctx: ActivityContext) -> Result<(), ActivityError> {
        let beating = ctx.clone();
        let beats = tokio::spawn(async move {
            let mut every = tokio::time::interval(Duration::from_millis(5));
            loop {
                every.tick().await;
                if beating.record_heartbeat("on watch".to_owned()).await.is_err() {
                    return;
                }
            }
        });
        ctx.cancelled().await;
        beats.abort();
        Err(ActivityError::cancelled())
    }

    /// Beats until it is cancelled, and says so at once.
    #[activity(name = "guard")]
    async fn guard(self: Arc<Self>, ctx: ActivityContext) -> Result<(), ActivityError> {
        let mut every = tokio::time::interval(Duration::from_millis(2));
        loop {
            tokio::select! {
                _ = every.tick() => ctx.record_heartbeat("on guard".to_owned()).await?,
                () = ctx.cancelled() => {
                    self.heard.notify_one();
                    return Err(ActivityError::cancelled());
                }
            }
        }
    }

    /// Holds a heartbeater until the others do too, and keeps its place to the last.
    #[activity(name = "together")]
    async fn together(self: Arc<Self>, ctx: ActivityContext, row: u64) -> Result<u64, ActivityError> {
        let heartbeater = Heartbeater::start(&ctx)?;
        if let Some(all) = &self.all {
            all.wait().await;
        }
        heartbeater.set(&Place { row })?;
        Ok(row)
    }

    /// Saves its place when its worker leaves.
    #[activity(name = "linger")]
    async fn linger(self: Arc<Self>, ctx: ActivityContext) -> Result<String, ActivityError> {
        ctx.record_heartbeat(Progress { row: 7 }).await?;
        mainspring_context::shutdown().wait().await;
        Ok("saved".to_owned())
    }

    /// Does not look at anything.
    #[activity(name = "sleep")]
    async fn sleep(_ctx: ActivityContext) -> Result<(), ActivityError> {
        std::future::pending().await
    }

    /// Tells what it sees of itself.
    #[activity(name = "look")]
    async fn look(_ctx: ActivityContext) -> Result<Seen, ActivityError> {
        let info = _ctx.info();
        Ok(Seen {
            attempt: info.attempt,
            workflow_id: info.workflow_id.clone(),
            scoped_as: mainspring_context::activity().map(|activity| activity.activity_type.clone()),
            beats_every: info.heartbeat_timeout,
            may_run_for: info.deadline.zip(info.started_time).and_then(|(end, start)| end.duration_since(start).ok()),
        })
    }

    #[activity(name = "fail")]
    async fn fail(_ctx: ActivityContext, how: String) -> Result<(), ActivityError> {
        match how.as_str() {
            "busy" => Err(ExportError::Busy(std::io::Error::other("the queue is full")).into()),
            "gone" => Err(ExportError::Gone { table: "events".into() }.into()),
            "panic" => panic!("row 3 has no id"),
            other => Err(std::io::Error::other(other.to_owned()).into()),
        }
    }
}

#[tokio::test]
async fn every_heartbeat_is_kept_with_its_time() -> Outcome {
    let end = ActivityRun::new(Export::copy, 40).on(Export::default()).await;
    assert_eq!(end.result?, 40);
    let rows: Vec<u64> = end.beats.iter().zip(1..).map(|(_, row)| row).collect();
    let beats = mainspring_testing::ActivityEnd { result: Ok(()), beats: end.beats };
    assert_eq!(beats.beats_as::<Progress>().iter().map(|beat| beat.row).collect::<Vec<_>>(), rows);
    assert_eq!(rows.len(), 40, "the SDK would have held most of them back");
    assert!(beats.beats.is_sorted_by_key(|beat| beat.after), "{:?}", beats.beats);
    assert_eq!(beats.beats_as::<Vec<String>>(), [] as [Vec<String>; 0], "a beat of another type is left out");
    Ok(())
}

#[tokio::test]
async fn an_attempt_resumes_from_the_details_that_it_is_given() -> Outcome {
    let export = Export::default();
    let written = export.written.clone();
    let run = ActivityRun::new(Export::copy, 10).attempt(3).heartbeat_details(Progress { row: 8 });
    let end = run.on(export).await;
    assert_eq!(end.beats_as::<Progress>(), [Progress { row: 9 }, Progress { row: 10 }]);
    assert_eq!((end.result?, written.load(Ordering::SeqCst)), (10, 2));
    let odd = ActivityRun::new(Export::copy, 10).heartbeat_details("row 8".to_owned()).on(Export::default()).await;
    let error = odd.result.unwrap_err();
    assert_eq!(error.failure().map(|failure| failure.type_name.as_str()), Some("Unclassified"), "{error}");
    Ok(())
}

#[tokio::test]
async fn it_sees_the_attempt_ids_and_timeouts_that_it_is_given() -> Outcome {
    let run = ActivityRun::new(Export::look, ()).attempt(4).workflow_id("export-9");
    let run = run.heartbeat_timeout(Duration::from_secs(9)).start_to_close_timeout(Duration::from_secs(90));
    let seen = run.on(Export::default()).await.result?;
    let expected = Seen {
        attempt: 4,
        workflow_id: Some("export-9".into()),
        scoped_as: Some("look".into()),
        beats_every: Some(Duration::from_secs(9)),
        may_run_for: Some(Duration::from_secs(90)),
    };
    assert_eq!(seen, expected);
    let seen = ActivityRun::new(Export::look, ()).on(Export::default()).await.result?;
    assert_eq!((seen.attempt, seen.workflow_id.as_deref(), seen.beats_every), (1, Some("workflow"), None));
    Ok(())
}

#[tokio::test]
async fn a_failure_has_the_shape_that_it_has_on_the_wire() -> Outcome {
    let fail = |how: &str| ActivityRun::new(Export::fail, how.to_owned()).on(Export::default());
    let error = fail("busy").await.result.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the activity failed: Busy: the warehouse is busy: the queue is full: the queue is full"
    );
    let busy = error.failure().ok_or("no failure")?;
    assert_eq!((busy.type_name.as_str(), busy.retryable, busy.benign), ("Busy", true, false));
    assert_eq!(
        (busy.next_delay, &busy.causes[..]),
        (Some(Duration::from_secs(30)), &["the queue is full".to_owned()][..])
    );
    let error = fail("gone").await.result.unwrap_err();
    let gone = error.failure().ok_or("no failure")?;
    assert_eq!((gone.type_name.as_str(), gone.retryable, gone.benign), ("Gone", false, true));
    assert_eq!(gone.message, "table events is gone");
    let error = fail("anything else").await.result.unwrap_err();
    let other = error.failure().ok_or("no failure")?;
    assert_eq!(
        (other.type_name.as_str(), other.message.as_str(), other.retryable),
        ("Unclassified", "anything else", true)
    );
    Ok(())
}

#[tokio::test]
async fn a_panic_is_a_typed_failure_with_its_place() -> Outcome {
    let error = ActivityRun::new(Export::fail, "panic".to_owned()).on(Export::default()).await.result.unwrap_err();
    let panic = error.failure().ok_or("no failure")?;
    assert_eq!((panic.type_name.as_str(), panic.retryable), ("Panic", true));
    assert!(panic.message.contains("tests/kit/alone.rs:") && panic.message.ends_with("row 3 has no id"), "{panic:?}");
    Ok(())
}

#[tokio::test]
async fn a_cancellation_is_heard_at_the_next_heartbeat() -> Outcome {
    let running = ActivityRun::new(Export::watch, ()).start_on(Export::default()).await?;
    running.beaten(2).await;
    running.cancel();
    let end = running.end().await;
    assert!(matches!(end.result, Err(NotDone::Cancelled)), "{:?}", end.result);
    assert_eq!(end.beats_as::<String>()[0], "on watch", "also of a task that the activity spawned");
    Ok(())
}

#[tokio::test]
async fn attempts_that_run_at_once_have_a_heartbeater_each_and_its_last_details_are_seen() -> Outcome {
    let all = Some(Arc::new(tokio::sync::Barrier::new(2)));
    let run = |row| {
        let export = Export { all: all.clone(), ..Export::default() };
        ActivityRun::new(Export::together, row).heartbeat_timeout(Duration::from_secs(20)).on(export)
    };
    let both = futures::future::join(run(1), run(2));
    let (one, two) = tokio::time::timeout(Duration::from_secs(30), both).await?;
    for (end, row) in [(one, 1), (two, 2)] {
        let last = end.beats_as::<serde_json::Value>().pop().ok_or("no beat")?;
        assert_eq!(last["progress"]["row"], row, "{last}");
        assert_eq!(end.result?, row);
    }
    Ok(())
}

#[tokio::test]
async fn a_cancellation_is_heard_after_many_beats_that_nobody_waited_for() -> Outcome {
    let export = Export::default();
    let heard = export.heard.clone();
    let running = ActivityRun::new(Export::guard, ()).start_on(export).await?;
    running.beaten(300).await;
    running.cancel();
    tokio::time::timeout(Duration::from_secs(30), heard.notified()).await?;
    assert!(matches!(running.end().await.result, Err(NotDone::Cancelled)));
    Ok(())
}

#[tokio::test]
async fn nobody_waits_for_the_grace_of_an_attempt_that_took_too_long() -> Outcome {
    let run = ActivityRun::new(Export::sleep, ()).start_to_close_timeout(Duration::from_millis(100));
    let end = run.grace(Duration::from_secs(300)).on(Export::default());
    let end = tokio::time::timeout(Duration::from_secs(60), end).await?;
    assert!(matches!(end.result, Err(NotDone::TimedOut)), "{:?}", end.result);
    Ok(())
}

#[tokio::test]
async fn a_worker_that_leaves_tells_its_activity_first() -> Outcome {
    let run = ActivityRun::new(Export::linger, ()).grace(Duration::from_secs(60));
    let running = run.start_on(Export::default()).await?;
    running.beaten(1).await;
    running.shut_down();
    let end = running.end().await;
    assert_eq!(end.beats_as::<Progress>(), [Progress { row: 7 }]);
    assert_eq!(end.result?, "saved");
    Ok(())
}

#[tokio::test]
async fn an_activity_that_lets_the_grace_pass_is_cancelled_to_be_tried_again() -> Outcome {
    // A fifth of it is left for the cancelled activity's report, which is late on a busy machine.
    for grace in [1, 5, 25].map(Duration::from_secs) {
        let run = ActivityRun::new(Export::watch, ()).grace(grace);
        let run = run.start_to_close_timeout(grace + Duration::from_secs(10));
        let running = run.start_on(Export::default()).await?;
        running.beaten(1).await;
        running.shut_down();
        let ended = running.end().await.result;
        if matches!(ended, Err(NotDone::TimedOut)) {
            continue;
        }
        let error = ended.unwrap_err();
        let failure = error.failure().ok_or("no failure")?;
        assert_eq!((failure.type_name.as_str(), failure.retryable), ("WorkerShutdown", true));
        return Ok(());
    }
    Err("its report never came within the grace".into())
}

#[tokio::test]
async fn an_activity_that_another_process_completes_is_open_when_it_has_returned() -> Outcome {
    let export = Export::default();
    let token = export.written.clone();
    let end = ActivityRun::new(Export::ask, ()).on(export).await;
    assert!(matches!(end.result, Err(NotDone::Later)), "{:?}", end.result);
    assert!(token.load(Ordering::SeqCst) > 0, "its token was handed over");
    Ok(())
}

#[tokio::test]
async fn timeouts_are_the_servers() -> Outcome {
    let short = Duration::from_millis(100);
    let end = ActivityRun::new(Export::sleep, ()).start_to_close_timeout(short).on(Export::default()).await;
    assert!(matches!(end.result, Err(NotDone::TimedOut)), "{:?}", end.result);
    let end = ActivityRun::new(Export::sleep, ()).heartbeat_timeout(short).on(Export::default()).await;
    assert!(matches!(end.result, Err(NotDone::HeartbeatTimedOut)), "{:?}", end.result);
    Ok(())
}

#[tokio::test]
async fn a_second_run_goes_on_where_the_first_was() -> Outcome {
    let export = Export::default();
    let written = export.written.clone();
    let seen = written.clone();
    let twice = run_twice(Export::copy, 5).probe("rows", move || {
        let rows = seen.load(Ordering::SeqCst);
        async move { rows }
    });
    assert_eq!(twice.on(export).await?, 5);
    assert_eq!(written.load(Ordering::SeqCst), 5, "the last beat of the first run is what the second starts from");
    Ok(())
}

struct Clock(AtomicU64);

#[derive(Debug, Serialize, Deserialize)]
struct Ticket {
    number: u64,
    seat: Vec<u64>,
}

#[activities]
impl Clock {
    /// Never the same twice.
    #[activity(name = "tick")]
    async fn tick(self: Arc<Self>, _ctx: ActivityContext) -> Result<Ticket, ActivityError> {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        Ok(Ticket { number, seat: vec![1, number] })
    }

    /// Once, and not again.
    #[activity(name = "once")]
    async fn once(self: Arc<Self>, _ctx: ActivityContext) -> Result<(), ActivityError> {
        if self.0.fetch_add(1, Ordering::SeqCst) > 0 {
            return Err(ExportError::Gone { table: "tickets".into() }.into());
        }
        Ok(())
    }
}

#[tokio::test]
async fn runs_that_differ_are_told_by_the_place_in_their_json() -> Outcome {
    let error = run_twice(Clock::tick, ()).on(Clock(AtomicU64::new(1))).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "the activity is not idempotent: its result is another: $.number was 1 and is 2 then, $.seat[1] was 1 and is 2 then"
    );
    let error = run_twice(Clock::once, ()).on(Clock(AtomicU64::new(0))).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "the activity is not idempotent: it succeeded, and then did not: the activity failed: Gone: table tickets is gone"
    );
    let error = run_twice(Clock::once, ()).on(Clock(AtomicU64::new(1))).await.unwrap_err().to_string();
    assert_eq!(
        error, "the activity failed: Gone: table tickets is gone",
        "the first run's own failure is no difference"
    );
    Ok(())
}
