//! Workflows that wait, and a host that runs them.

use std::time::{Duration, SystemTime};

use mainspring::settings::Sources;
use mainspring::workflow::Received;
use mainspring::{Host, Product, Registry, RunningHost};
use mainspring_testing::{Env, TestError};
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use temporalio_sdk::workflows::join;
use temporalio_sdk::{ActivityOptions, SyncWorkflowContext, WorkflowContext, WorkflowContextView, WorkflowResult};

pub(crate) type Outcome = Result<(), TestError>;

pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// Sleeps so many days; tells how many seconds passed on its clock.
#[workflow]
#[derive(Default)]
struct Nap;

#[workflow_methods]
impl Nap {
    #[run(name = "nap")]
    async fn run(ctx: &mut WorkflowContext<Self>, days: u32) -> WorkflowResult<u64> {
        let from = ctx.workflow_time();
        ctx.timer(DAY * days).await;
        Ok(seconds(from, ctx.workflow_time()))
    }
}

/// Has an activity that takes so long, within a timeout of a minute, beside a week's timer; tells how often it was tried.
#[workflow]
#[derive(Default)]
struct Work;

#[workflow_methods]
impl Work {
    #[run(name = "work")]
    async fn run(ctx: &mut WorkflowContext<Self>, real: Duration) -> WorkflowResult<u32> {
        let options = ActivityOptions::with_start_to_close_timeout(Duration::from_secs(60))
            .heartbeat_timeout(Duration::from_secs(50))
            .build();
        let (attempts, _) = join!(ctx.execute_activity(Hands::work, real, options), ctx.timer(DAY * 7));
        Ok(attempts?)
    }
}

struct Hands;

#[activities]
impl Hands {
    #[activity(name = "work")]
    async fn work(ctx: ActivityContext, real: Duration) -> Result<u32, ActivityError> {
        // sleep: the time that an activity really takes is what the test is about.
        tokio::time::sleep(real).await;
        Ok(ctx.info().attempt)
    }

    /// Succeeds at the attempt with that number.
    #[activity(name = "insist")]
    async fn insist(ctx: ActivityContext, attempts: u32) -> Result<u32, ActivityError> {
        let attempt = ctx.info().attempt;
        if attempt < attempts {
            return Err(std::io::Error::other(format!("attempt {attempt} is too early")).into());
        }
        Ok(attempt)
    }
}

/// Calls `insist`; tells how many seconds passed on its clock.
#[workflow]
#[derive(Default)]
struct Insist;

#[workflow_methods]
impl Insist {
    #[run(name = "insist")]
    async fn run(ctx: &mut WorkflowContext<Self>, attempts: u32) -> WorkflowResult<u64> {
        let from = ctx.workflow_time();
        let options = ActivityOptions::start_to_close_timeout(Duration::from_secs(5));
        ctx.execute_activity(Hands::insist, attempts, options).await?;
        Ok(seconds(from, ctx.workflow_time()))
    }
}

/// Counts up by signal and by update; ends at a hundred.
#[workflow]
#[derive(Default)]
struct Tally {
    count: u32,
}

#[workflow_methods]
impl Tally {
    #[run(name = "tally")]
    async fn run(ctx: &mut WorkflowContext<Self>, _from: u32) -> WorkflowResult<u32> {
        ctx.wait_condition(|state| state.count >= 100).await?;
        Ok(ctx.state(|state| state.count))
    }

    #[signal(name = "add")]
    fn add(&mut self, _ctx: &mut SyncWorkflowContext<Self>, more: Received<u32>) {
        let Some(more) = more.read() else { return };
        self.count += more;
    }

    #[update(name = "add_and_tell")]
    fn add_and_tell(&mut self, _ctx: &mut SyncWorkflowContext<Self>, more: u32) -> u32 {
        self.count += more;
        self.count
    }

    #[query(name = "count")]
    fn count(&self, _ctx: &WorkflowContextView) -> u32 {
        self.count
    }
}

fn seconds(from: Option<SystemTime>, to: Option<SystemTime>) -> u64 {
    let passed = from.zip(to).and_then(|(from, to)| to.duration_since(from).ok());
    passed.unwrap_or_default().as_secs()
}

pub(crate) async fn start(env: &Env, queue: &str) -> Result<RunningHost, TestError> {
    let product = Product::new("waits", queue)
        .workflow::<Nap>()
        .workflow_unchecked::<Work>()
        .workflow::<Insist>()
        .workflow::<Tally>()
        .activities(
            |_setup| async { Ok(Hands) },
            |set| set.activity_unchecked(Hands::work).activity_unchecked(Hands::insist),
        );
    let pairs = [("TEMPORAL_ADDRESS", env.address()), ("GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS", "5")];
    Ok(Host::new(Registry::new([product])?, Sources::from_pairs(pairs))?.http(None).start().await?)
}
