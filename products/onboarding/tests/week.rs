//! The week between a user's account and the follow-up, on the time-skipping server: the product as its worker runs it,
//! and the services of the example.

#[path = "../examples/services/service.rs"]
mod service;

use std::time::{Duration, Instant};

use mainspring::settings::Sources;
use mainspring::{Host, Registry, RunningHost};
use mainspring_testing::{Env, TestClient, TestError, Workflows};
use onboarding_contract::{FollowUp, Onboarded, OnboardingStatus, Phase};
use serde_json::json;
use service::Services;
use temporalio_client::{UntypedQuery, UntypedSignal};
use temporalio_common::data_converters::{PayloadConverter, RawValue};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

type Outcome = Result<(), TestError>;

const DAY: Duration = Duration::from_secs(86_400);

/// The services, and a worker of the product.
struct Rig {
    host: RunningHost,
    client: TestClient,
    queue: String,
    made: mpsc::Receiver<String>,
}

impl Rig {
    async fn new(env: &Env) -> Result<Self, TestError> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let settings = service::settings(listener.local_addr()?);
        let (services, made) = Services::new();
        tokio::spawn(async move { axum::serve(listener, services.router()).await });

        let queue = env.queue("onboarding");
        let moved = format!("onboarding={queue}");
        let own = [("TEMPORAL_ADDRESS", env.address()), ("MAINSPRING_QUEUES", &moved)];
        let all = own.into_iter().chain(settings.iter().map(|(name, value)| (*name, value.as_str())));
        let host = Host::new(Registry::new([onboarding::product()])?, Sources::from_pairs(all))?.http(None);
        Ok(Self { host: host.start().await?, client: env.client().await?, queue, made })
    }

    /// Starts an onboarding, and returns when it waits for the week to pass.
    async fn waiting(&self, user_id: &str) -> Result<String, TestError> {
        let id = format!("onboarding-{user_id}");
        let input = json!({ "user_id": user_id, "email": "ada@example.com" });
        self.client.begin(&self.queue, &id, "onboarding", &input).await?;
        let mut asks = tokio::time::interval(Duration::from_millis(20));
        for _ in 0..1000 {
            asks.tick().await;
            if self.status(&id).await?.phase == Phase::Waiting {
                return Ok(id);
            }
        }
        Err(format!("{id} never waited: {:?}", self.status(&id).await?).into())
    }

    async fn status(&self, id: &str) -> Result<OnboardingStatus, TestError> {
        let none = RawValue { payloads: Vec::new() };
        let status = self.client.workflow(id).query(UntypedQuery::new("status"), none, Default::default()).await?;
        Ok(status.to_value(&PayloadConverter::default()))
    }

    /// What the services have made.
    async fn made(mut self) -> Vec<String> {
        self.host.drain().await;
        let mut made = Vec::new();
        while let Ok(line) = self.made.try_recv() {
            made.push(line);
        }
        made
    }
}

#[tokio::test]
async fn the_follow_up_is_sent_after_a_week_which_passes_in_less_than_a_second() -> Outcome {
    // Both tests look at the clock, and so want one of their own.
    let env = Env::skipping_alone().await?;
    let rig = Rig::new(&env).await?;
    let id = rig.waiting("ada").await?;

    let (from, real) = (env.now().await?, Instant::now());
    let onboarded: Onboarded = rig.client.result(&id).await?;
    let (took, passed) = (real.elapsed(), env.now().await?.duration_since(from)?);
    println!("{:.1} days passed in {took:?}", passed.as_secs_f64() / DAY.as_secs_f64());
    assert_eq!(onboarded.message_id, "msg-1");
    assert_eq!(rig.status(&id).await?.follow_up, FollowUp::Sent);
    assert!(passed + Duration::from_secs(60) > DAY * 7 && passed < DAY * 8, "{passed:?}");
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_eq!(rig.made().await.iter().filter(|made| made.contains("messages")).count(), 2);
    Ok(())
}

#[tokio::test]
async fn a_follow_up_that_is_called_off_in_the_middle_of_the_week_is_not_sent() -> Outcome {
    let env = Env::skipping_alone().await?;
    let rig = Rig::new(&env).await?;
    let id = rig.waiting("ada").await?;

    let from = env.now().await?;
    env.sleep(DAY * 7 / 2).await?;
    assert_eq!(rig.status(&id).await?.phase, Phase::Waiting);
    let none = RawValue { payloads: Vec::new() };
    rig.client.workflow(&id).signal(UntypedSignal::new("cancel_follow_up"), none, Default::default()).await?;
    rig.client.result::<Onboarded>(&id).await?;
    assert_eq!(rig.status(&id).await?.follow_up, FollowUp::Cancelled);
    let passed = env.now().await?.duration_since(from)?;
    assert!(passed < DAY * 4, "it waited for the week's end: {passed:?}");
    assert_eq!(rig.made().await.iter().filter(|made| made.contains("messages")).count(), 1);
    Ok(())
}
