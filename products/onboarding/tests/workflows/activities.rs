//! The product's own activities, against services that keep what was asked for under its idempotency key.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use mainspring::settings::Sources;
use mainspring_testing::{ActivityRun, Env, NotDone, TestError, free_port, run_twice};
use onboarding::activities::Services;
use onboarding::product;
use onboarding_contract::{Customer, NewUser, Onboarding, OnboardingInput};
use serde_json::json;
use tokio::net::TcpListener;

use crate::service::{self, Services as Local};
use crate::surroundings::{Outcome, input};

/// The local services, how to count what they made, and where they are.
async fn local() -> Result<(Local, SocketAddr), TestError> {
    let (services, mut made) = Local::new();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let at = listener.local_addr()?;
    let router = services.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    tokio::spawn(async move { while made.recv().await.is_some() {} });
    Ok((services, at))
}

fn connected(at: SocketAddr) -> Result<Services, TestError> {
    let settings = service::settings(at);
    let pairs = settings.iter().map(|(name, value)| (*name, value.as_str()));
    Services::connect(&mainspring::settings::load(&Sources::from_pairs(pairs))?)
}

fn user() -> NewUser {
    NewUser { user_id: "ada".into(), email: "ada@example.com".into() }
}

fn customer() -> Customer {
    Customer { user_id: "ada".into(), email: "ada@example.com".into(), account_id: "acct-1".into() }
}

#[tokio::test]
async fn every_activity_runs_twice_and_makes_its_thing_once() -> Outcome {
    let env = Env::shared().await?;
    let (services, at) = local().await?;
    let mut worker = env.worker([product()]);
    for (name, value) in service::settings(at) {
        worker = worker.setting(name, value);
    }
    let worker = worker
        .probe("things under this activity's key", move |activity| {
            let key = format!("{}/{}", activity.workflow_id.clone().unwrap_or_default(), activity.activity_type);
            let made = services.made_under(&key);
            async move { Ok(json!(made)) }
        })
        .start()
        .await?;
    let onboarded = worker.execute::<Onboarding>(input()).await?;
    assert_eq!((onboarded.account.account_id.as_str(), onboarded.message_id.as_str()), ("acct-1", "msg-1"));
    let report = worker.twice();
    let alike: Vec<(&str, u64)> = report.alike.iter().map(|(name, times)| (name.as_str(), *times)).collect();
    let each = ["create_user_account", "provision_trial_resources", "send_follow_up", "send_welcome_email"];
    assert_eq!(alike, each.map(|name| (name, 1)));
    assert!(report.different.is_empty() && report.unchecked.is_empty(), "{report:?}");
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn each_activity_alone_runs_twice_like_once() -> Outcome {
    let (services, at) = local().await?;
    let services = Arc::new(services);
    let counted = || {
        let services = services.clone();
        move || {
            let made = services.made_under("");
            async move { made }
        }
    };
    let account = run_twice(Services::create_user_account, user()).probe("made", counted()).on(connected(at)?).await?;
    assert_eq!(account.account_id, "acct-1");
    let welcome =
        run_twice(Services::send_welcome_email, customer()).probe("made", counted()).on(connected(at)?).await?;
    assert_eq!(welcome, "msg-1");
    let trial = run_twice(Services::provision_trial_resources, customer()).probe("made", counted());
    assert_eq!(trial.on(connected(at)?).await?.0, ["workspace-1", "database-1"]);
    let follow_up = run_twice(Services::send_follow_up, customer()).probe("made", counted()).on(connected(at)?).await?;
    assert_eq!(follow_up, "msg-2", "it is another email than the welcome");
    assert_eq!(services.made_under(""), 4);
    Ok(())
}

#[tokio::test]
async fn a_service_that_refuses_or_is_away_is_told_apart_on_the_wire() -> Outcome {
    let (_, at) = local().await?;
    let refused = Customer { email: "ada@refused.example".into(), ..customer() };
    let end = ActivityRun::new(Services::send_welcome_email, refused).on(connected(at)?).await;
    let error = end.result.unwrap_err();
    let failure = error.failure().ok_or("no failure")?;
    assert_eq!((failure.type_name.as_str(), failure.retryable), ("Refused", false));
    assert!(failure.message.contains("nobody receives mail at refused.example"), "{failure:?}");
    let nobody = (Ipv4Addr::LOCALHOST, free_port()?).into();
    let end = ActivityRun::new(Services::create_user_account, user()).on(connected(nobody)?).await;
    let error = end.result.unwrap_err();
    let failure = error.failure().ok_or("no failure")?;
    assert_eq!((failure.type_name.as_str(), failure.retryable), ("ServiceUnreachable", true));
    assert!(failure.message.contains("Does ONBOARDING_ACCOUNTS_URL name it?"), "{failure:?}");
    assert!(!failure.causes.is_empty(), "{failure:?}");
    Ok(())
}

#[tokio::test]
async fn a_call_is_given_up_when_its_worker_leaves() -> Outcome {
    // It takes connections, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").await?;
    // A fifth of it is left for the report, which is late on a busy machine.
    // The call itself has ten seconds.
    for grace in [1, 5, 5, 10].map(Duration::from_secs) {
        let run = ActivityRun::new(Services::create_user_account, user()).grace(grace);
        let run = run.start_to_close_timeout(grace + Duration::from_secs(10));
        let running = run.start_on(connected(silent.local_addr()?)?).await?;
        let (_connection, _) = silent.accept().await?;
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
async fn a_refused_address_leaves_the_account_and_the_trial() -> Outcome {
    let env = Env::shared().await?;
    let (_, at) = local().await?;
    let mut worker = env.worker([product()]);
    for (name, value) in service::settings(at) {
        worker = worker.setting(name, value);
    }
    let worker = worker.every_activity_twice().start().await?;
    let input = OnboardingInput { email: "ada@refused.example".into(), ..input() };
    let error = worker.execute::<Onboarding>(input).await.unwrap_err();
    let failure = error.failure().ok_or("not a failure")?;
    assert!(failure.is("OnboardingIncomplete") && failure.is("Refused"), "{error}");
    assert!(failure.message().ends_with("Its resources are workspace-1, database-1"), "{error}");
    assert_eq!(worker.twice().alike.len(), 2, "the account and the trial");
    Ok(worker.stop().await?)
}
