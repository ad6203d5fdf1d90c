//! `no-op` on a real server, on each of its paths.

use std::time::Duration;

use general_purpose::product;
use general_purpose_contract::{Activities, NoOp, NoOpInput};
use mainspring::prelude::Failure;
use mainspring_testing::{ActivityRun, Env, TestError, capture_logs, fails_first, run_twice};
use serde_json::json;

type Outcome = Result<(), TestError>;

fn input(arg: &str) -> NoOpInput {
    NoOpInput { arg: arg.to_owned(), batch_export_id: "export".to_owned(), team_id: 2 }
}

#[derive(Debug, Failure)]
enum EchoError {
    #[failure(retryable, message = "no echo yet")]
    Quiet,
    #[failure(terminal, message = "nothing echoes here")]
    Mute,
}

#[tokio::test]
async fn the_argument_comes_back_and_both_log_it() -> Outcome {
    let env = Env::shared().await?;
    let logs = capture_logs()?;
    let worker = env.worker([product()]).start().await?;
    assert_eq!(worker.execute::<NoOp>(input("hello")).await?, "hello");
    let lines = logs.of(&worker);
    lines.one("running", json!({ "team_id": 2, "batch_export_id": "export", "workflow_type": "no-op" }))?;
    lines.one("echo", json!({ "arg": "hello", "activity_type": "no-op-activity", "attempt": 1 }))?;
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn a_failure_that_may_pass_is_tried_again_and_one_that_may_not_ends_it() -> Outcome {
    let env = Env::shared().await?;
    let echo = fails_first(2, || EchoError::Quiet, |input: NoOpInput| async move { Ok(input.arg) });
    let worker = env.worker([product()]).mock(Activities::no_op, echo).mocks_only().start().await?;
    assert_eq!(worker.execute::<NoOp>(input("at last")).await?, "at last");
    let calls = worker.calls(Activities::no_op);
    assert_eq!(calls.iter().map(|call| call.attempt).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(calls.iter().all(|call| call.input == input("at last")), "{calls:?}");
    worker.stop().await?;
    let mute = env.worker([product()]).mock(Activities::no_op, |_| async { Err(EchoError::Mute.into()) });
    let worker = mute.start().await?;
    let error = worker.execute::<NoOp>(input("hello?")).await.unwrap_err();
    assert_eq!(error.failure().and_then(|failure| failure.type_name()), Some("Mute"), "{error}");
    assert_eq!(worker.calls(Activities::no_op).len(), 1);
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn it_can_be_cancelled_while_its_activity_runs() -> Outcome {
    let env = Env::shared().await?;
    let (tell, told) = tokio::sync::watch::channel(false);
    let never = move |_| {
        tell.send_replace(true);
        std::future::pending()
    };
    let worker = env.worker([product()]).mock(Activities::no_op, never).mocks_only().start().await?;
    let run = worker.start::<NoOp>(input("later")).await?;
    tokio::time::timeout(Duration::from_secs(60), told.clone().wait_for(|told| *told)).await??;
    run.cancel("enough").await?;
    let error = run.result().await.unwrap_err().to_string();
    assert!(error.ends_with("was cancelled"), "{error}");
    Ok(())
}

#[tokio::test]
async fn its_activity_runs_twice_like_once() -> Outcome {
    let env = Env::shared().await?;
    let worker = env.worker([product()]).every_activity_twice().start().await?;
    assert_eq!(worker.execute::<NoOp>(input("twice")).await?, "twice");
    let report = worker.twice();
    assert_eq!(report.alike.into_iter().collect::<Vec<_>>(), [("no-op-activity".to_owned(), 1)]);
    assert!(report.different.is_empty() && report.unchecked.is_empty());
    worker.stop().await?;
    use general_purpose::activities::Echo;
    assert_eq!(run_twice(Echo::no_op, input("alone")).on(Echo).await?, "alone");
    let end = ActivityRun::new(Echo::no_op, input("once")).on(Echo).await;
    assert_eq!((end.result?.as_str(), end.beats.len()), ("once", 0));
    Ok(())
}
