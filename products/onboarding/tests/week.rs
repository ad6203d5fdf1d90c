//! The week between a user's account and the follow-up, on the time-skipping server: the product as its worker runs it,
//! and the services of the example.

#[path = "../examples/services/service.rs"]
mod service;

use std::time::{Duration, Instant};

use mainspring_testing::{Env, TestError, TestRun, TestWorker};
use onboarding_contract::{CancelFollowUp, FollowUp, GetStatus, Onboarding, OnboardingInput, Phase};
use service::Services;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

type Outcome = Result<(), TestError>;

const DAY: Duration = Duration::from_secs(86_400);

/// How long the week may take. Whoever runs tests has other work on the machine, so the fastest of some weeks counts.
const MOMENT: Duration = Duration::from_secs(1);
const WEEKS: usize = 10;

/// Services, a worker of the product, and an onboarding on it that waits for the week to pass.
async fn waiting(env: &Env) -> Result<(TestWorker, TestRun<Onboarding>, mpsc::Receiver<String>), TestError> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let settings = service::settings(listener.local_addr()?);
    let (services, made) = Services::new();
    tokio::spawn(async move { axum::serve(listener, services.router()).await });
    let worker = env.worker([onboarding::product()]);
    let worker = settings.into_iter().fold(worker, |worker, (name, value)| worker.setting(name, value)).start().await?;

    let run = worker.start::<Onboarding>(OnboardingInput::new("ada", "ada@example.com")).await?;
    let mut asks = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..1000 {
        asks.tick().await;
        if run.query(GetStatus, ()).await?.phase == Phase::Waiting {
            return Ok((worker, run, made));
        }
    }
    Err(format!("it never waited: {:?}", run.query(GetStatus, ()).await?).into())
}

/// How many emails were sent.
fn emails(mut made: mpsc::Receiver<String>) -> usize {
    std::iter::from_fn(|| made.try_recv().ok()).filter(|made| made.contains("messages")).count()
}

#[tokio::test]
async fn the_follow_up_is_sent_after_a_week_which_passes_in_less_than_a_second() -> Outcome {
    // Both tests look at the clock, and so want one of their own.
    let env = Env::skipping_alone().await?;
    let mut fastest = Duration::MAX;
    for _ in 0..WEEKS {
        let (worker, run, made) = waiting(&env).await?;
        let (from, real) = (env.now().await?, Instant::now());
        let onboarded = run.result().await?;
        let (took, passed) = (real.elapsed(), env.now().await?.duration_since(from)?);
        println!("{:.1} days passed in {took:?}", passed.as_secs_f64() / DAY.as_secs_f64());
        assert_eq!(onboarded.message_id, "msg-1");
        assert_eq!(run.query(GetStatus, ()).await?.follow_up, FollowUp::Sent);
        assert!(passed + Duration::from_secs(60) > DAY * 7 && passed < DAY * 14, "{passed:?}");
        worker.stop().await?;
        assert_eq!(emails(made), 2);
        fastest = fastest.min(took);
        if fastest < MOMENT {
            return Ok(());
        }
    }
    Err(format!("of {WEEKS} weeks the fastest took {fastest:?}").into())
}

#[tokio::test]
async fn a_follow_up_that_is_called_off_in_the_middle_of_the_week_is_not_sent() -> Outcome {
    let env = Env::skipping_alone().await?;
    let (worker, run, made) = waiting(&env).await?;

    let from = env.now().await?;
    env.sleep(DAY * 7 / 2).await?;
    assert_eq!(run.query(GetStatus, ()).await?.phase, Phase::Waiting);
    run.signal(CancelFollowUp, ()).await?;
    run.result().await?;
    assert_eq!(run.query(GetStatus, ()).await?.follow_up, FollowUp::Cancelled);
    let passed = env.now().await?.duration_since(from)?;
    assert!(passed < DAY * 4, "it waited for the week's end: {passed:?}");
    worker.stop().await?;
    assert_eq!(emails(made), 1);
    Ok(())
}
