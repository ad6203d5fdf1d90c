//! Activities: fast, slow, deaf, burning, failing.

use std::time::{Duration, Instant};

use mainspring::ActivitySet;
use mainspring::activity::Heartbeater;
use mainspring::prelude::*;
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

pub struct Lab;

/// Every one of them.
pub fn all(set: ActivitySet<Lab>) -> ActivitySet<Lab> {
    set.activity_unchecked(Lab::echo)
        .activity_unchecked(Lab::nap)
        .activity_unchecked(Lab::stubborn)
        .activity_unchecked(Lab::holds_until)
        .activity_unchecked(Lab::heeding)
        .activity_unchecked(Lab::burn)
        .activity_unchecked(Lab::spawn_blocker)
        .activity_unchecked(Lab::fail)
        .activity_unchecked(Lab::panic)
        .activity_unchecked(Lab::scope)
        .activity_unchecked(Lab::stuck)
        .activity_unchecked(Lab::dial)
}

/// One variant for each thing that an error can say.
#[derive(Debug, Failure)]
pub enum LabError {
    #[failure(terminal, message = "terminal on purpose")]
    Terminal,
    #[failure(retryable, message = "retryable on purpose: {0}", next_delay = "10ms", type_name = "TryAgain")]
    Retryable(u32),
    #[failure(retryable, message = "row 4 is locked", type_name = "Locked", next_delay = "1h")]
    Stuck,
    #[failure(retryable, message = "{0} cannot be reached: {1}", next_delay = "1h")]
    Unreachable(String, std::io::Error),
}

pub fn burn_cpu(time: Duration) -> u64 {
    let until = Instant::now() + time;
    let mut x = 1_u64;
    while Instant::now() < until {
        for _ in 0..10_000 {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        }
    }
    x
}

#[activities]
impl Lab {
    #[activity(name = "echo")]
    pub async fn echo(_ctx: ActivityContext, text: String) -> Result<String, ActivityError> {
        tracing::info!(text, "echoed");
        Ok(text)
    }

    /// Awaits, and ends early when it is cancelled.
    #[activity(name = "nap")]
    pub async fn nap(ctx: ActivityContext, millis: String) -> Result<String, ActivityError> {
        tracing::info!("napping");
        tokio::select! {
            // sleep: an activity that takes its time
            () = tokio::time::sleep(Duration::from_millis(millis.parse()?)) => Ok("slept".to_owned()),
            () = ctx.cancelled() => {
                tracing::info!("cancelled");
                Err(ActivityError::cancelled())
            }
        }
    }

    /// Blocks its thread and looks at nothing.
    #[activity(name = "stubborn")]
    pub async fn stubborn(_ctx: ActivityContext, millis: String) -> Result<String, ActivityError> {
        tracing::info!("stubborn");
        // sleep: an activity that blocks its thread
        std::thread::sleep(Duration::from_millis(millis.parse()?));
        Ok("done".to_owned())
    }

    /// Blocks its thread until the file of its argument is there.
    #[activity(name = "holds_until")]
    pub async fn holds_until(_ctx: ActivityContext, path: String) -> Result<String, ActivityError> {
        tracing::info!("holding");
        while !std::fs::exists(&path)? {
            // sleep: an activity that blocks its thread
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok("done".to_owned())
    }

    /// Ends when the worker is told to stop.
    #[activity(name = "heeding")]
    pub async fn heeding(_ctx: ActivityContext, _text: String) -> Result<String, ActivityError> {
        tracing::info!("heeding");
        mainspring::context::shutdown().wait().await;
        tracing::info!("heeded");
        Ok("saved".to_owned())
    }

    /// Computes without awaiting, and beats.
    #[activity(name = "burn")]
    pub async fn burn(ctx: ActivityContext, millis: String) -> Result<String, ActivityError> {
        let _heartbeater = Heartbeater::optional(&ctx)?;
        tracing::info!("burning");
        burn_cpu(Duration::from_millis(millis.parse()?));
        Ok(format!("attempt {}", ctx.info().attempt))
    }

    /// Spawns tasks that block every thread they get, and beats beside them.
    #[activity(name = "spawn_blocker")]
    pub async fn spawn_blocker(ctx: ActivityContext, millis: String) -> Result<String, ActivityError> {
        let _heartbeater = Heartbeater::start(&ctx)?;
        let time = Duration::from_millis(millis.parse()?);
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let tasks: Vec<_> = (0..threads * 2).map(|_| tokio::spawn(async move { burn_cpu(time) })).collect();
        for task in tasks {
            task.await?;
        }
        Ok(format!("attempt {}", ctx.info().attempt))
    }

    /// `terminal`, `retryable` until the third attempt, or a plain error.
    #[activity(name = "fail")]
    pub async fn fail(ctx: ActivityContext, how: String) -> Result<String, ActivityError> {
        match (how.as_str(), ctx.info().attempt) {
            ("terminal", _) => Err(LabError::Terminal.into()),
            ("retryable", 1..=2) => Err(LabError::Retryable(ctx.info().attempt).into()),
            ("plain", 1..=2) => Err(std::io::Error::other("plain on purpose").into()),
            _ => Ok("third attempt".to_owned()),
        }
    }

    /// Says how far it is, and fails.
    #[activity(name = "stuck")]
    pub async fn stuck(ctx: ActivityContext, text: String) -> Result<String, ActivityError> {
        ctx.record_heartbeat(serde_json::json!({ "row": 3, "of": text })).await?;
        Err(LabError::Stuck.into())
    }

    /// Goes on from its last heartbeat, and connects to an address.
    #[activity(name = "dial")]
    pub async fn dial(ctx: ActivityContext, address: String) -> Result<String, ActivityError> {
        let row = ctx.heartbeat_details().deserialize::<u64>()?.unwrap_or(0) + 1;
        ctx.record_heartbeat(row).await?;
        match tokio::net::TcpStream::connect(&address).await {
            Ok(_) => Ok(format!("attempt {} reached it in row {row}", ctx.info().attempt)),
            Err(error) => Err(LabError::Unreachable(address, error).into()),
        }
    }

    #[activity(name = "panic")]
    pub async fn panic(ctx: ActivityContext, _text: String) -> Result<String, ActivityError> {
        assert!(ctx.info().attempt > 1, "panicked on purpose");
        Ok("second attempt".to_owned())
    }

    /// What the current scope says, in async code and in a blocking thread.
    #[activity(name = "scope")]
    pub async fn scope(_ctx: ActivityContext, _text: String) -> Result<String, ActivityError> {
        let scope = mainspring::context::current();
        let blocking = tokio::task::spawn_blocking(move || {
            let _entered = scope.as_ref().map(mainspring::context::Scope::enter);
            tracing::info!("from a blocking thread");
            mainspring::context::activity().map(|activity| activity.activity_type.clone())
        });
        let here = mainspring::context::activity().map(|activity| activity.activity_type.clone());
        Ok(format!("{} {}", here.unwrap_or_default(), blocking.await?.unwrap_or_default()))
    }
}
