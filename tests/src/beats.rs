//! Activities that beat, resume and stall, each as its argument says.

use std::time::Duration;

use mainspring::activity::{Heartbeater, Isolated, ShutdownMonitor, resume};
use mainspring::vocabulary::Progress;
use serde::{Deserialize, Serialize};
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

pub struct Beats;

/// How far one of them is.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Counted {
    n: u64,
    #[serde(default)]
    ballast: String,
}

impl Progress for Counted {
    const VERSION: u32 = 1;
}

/// Runs in a process of its own.
pub static APART: Isolated<String, String> = Isolated::new("apart", apart);

#[expect(clippy::needless_pass_by_value, clippy::print_stdout, reason = "the work owns its input, and may print")]
fn apart(how: String) -> String {
    match how.as_str() {
        "abort" => std::process::abort(),
        "panic" => panic!("panicked apart"),
        "hang" => loop {
            std::thread::park();
        },
        "print" => {
            println!("not the result");
            "printed".to_owned()
        }
        other => format!("{other} in another process: {}", std::env::var_os("MAINSPRING_ISOLATED").is_some()),
    }
}

fn counted(n: u64) -> Counted {
    Counted { n, ballast: String::new() }
}

#[activities]
impl Beats {
    /// Attempt 1 counts to seven and fails; attempt 2 beats and hangs; attempt 3 says where it goes on.
    #[activity(name = "resume_over_a_death")]
    pub async fn resume_over_a_death(ctx: ActivityContext, _arg: String) -> Result<String, ActivityError> {
        let heartbeater = Heartbeater::start(&ctx)?;
        match ctx.info().attempt {
            1 => {
                heartbeater.set(&counted(7))?;
                Err(std::io::Error::other("attempt 1 fails on purpose").into())
            }
            2 => {
                tracing::info!("hanging");
                std::future::pending().await
            }
            attempt => Ok(format!("attempt {attempt} resumes at {}", resume::<Counted>(&ctx).unwrap_or_default().n)),
        }
    }

    /// Does its one effect, unless an attempt before has.
    #[activity(name = "effect_once")]
    pub async fn effect_once(ctx: ActivityContext, _arg: String) -> Result<String, ActivityError> {
        let heartbeater = Heartbeater::start(&ctx)?;
        if resume::<Counted>(&ctx).unwrap_or_default().n == 0 {
            tracing::info!("the effect");
            heartbeater.set(&counted(1))?;
        }
        Ok("the effect is there".to_owned())
    }

    /// Keeps details, and then looks at nothing.
    #[activity(name = "deaf_after_details")]
    pub async fn deaf_after_details(ctx: ActivityContext, n: String) -> Result<String, ActivityError> {
        let heartbeater = Heartbeater::start(&ctx)?;
        heartbeater.set(&counted(n.parse()?))?;
        tracing::info!("details are set");
        std::future::pending().await
    }

    /// Attempt 1 makes no progress; attempt 2 is well.
    #[activity(name = "stalls")]
    pub async fn stalls(ctx: ActivityContext, _arg: String) -> Result<String, ActivityError> {
        let heartbeater = Heartbeater::start(&ctx)?;
        let _guard = heartbeater.stall_guard("rows of the table", Duration::from_secs(1))?;
        match ctx.info().attempt {
            1 => std::future::pending().await,
            attempt => Ok(format!("attempt {attempt}")),
        }
    }

    /// What the heartbeater refuses: `second`, `large`, or the start itself.
    #[activity(name = "refused")]
    pub async fn refused(ctx: ActivityContext, what: String) -> Result<String, ActivityError> {
        let heartbeater = Heartbeater::start(&ctx)?;
        match what.as_str() {
            "second" => {
                let second = Heartbeater::optional(&ctx).map(drop);
                drop(heartbeater);
                let third = Heartbeater::optional(&ctx).map(drop);
                Ok(format!("{} / {third:?}", second.err().map(|error| error.to_string()).unwrap_or_default()))
            }
            "large" => {
                heartbeater.set(&counted(3))?;
                let large = Counted { n: 4, ballast: "x".repeat(2 << 20) };
                Ok(heartbeater.set(&large).err().map(|error| error.to_string()).unwrap_or_default())
            }
            other => Ok(other.to_owned()),
        }
    }

    /// Beats only if its caller wants it to.
    #[activity(name = "optional")]
    pub async fn optional(ctx: ActivityContext, _arg: String) -> Result<String, ActivityError> {
        let heartbeater = Heartbeater::optional(&ctx)?;
        heartbeater.set(&counted(1))?;
        Ok(format!("interval {:?}", heartbeater.interval()))
    }

    /// Lets its heartbeater outlive it.
    #[activity(name = "leaves_a_heartbeater")]
    pub async fn leaves_a_heartbeater(ctx: ActivityContext, _arg: String) -> Result<String, ActivityError> {
        let heartbeater = Heartbeater::start(&ctx)?;
        tokio::spawn(async move {
            // sleep: longer than the activity
            tokio::time::sleep(Duration::from_secs(1)).await;
            tracing::info!(set = ?heartbeater.set(&counted(9)), "set after the end");
        });
        Ok("gone".to_owned())
    }

    /// Reads what somebody else has beaten.
    #[activity(name = "foreign_details")]
    pub async fn foreign_details(ctx: ActivityContext, _arg: String) -> Result<String, ActivityError> {
        if ctx.info().attempt == 1 {
            ctx.record_heartbeat(serde_json::json!(["2024-01-01", 7])).await?;
            return Err(std::io::Error::other("attempt 1 fails on purpose").into());
        }
        Ok(format!("{:?}", resume::<Counted>(&ctx)))
    }

    /// Burns a core of the pool, and beats.
    #[activity(name = "pool_burn")]
    pub async fn pool_burn(ctx: ActivityContext, millis: String) -> Result<String, ActivityError> {
        let _heartbeater = Heartbeater::start(&ctx)?;
        let time = Duration::from_millis(millis.parse()?);
        let said = mainspring::activity::cpu(&ctx, move |_task| {
            tracing::info!(thread = std::thread::current().name(), "burning on the pool");
            crate::activities::burn_cpu(time);
            mainspring::context::activity().map(|activity| format!("attempt {}", activity.attempt))
        });
        Ok(said.await?.unwrap_or_default())
    }

    /// Panics on the pool at its first attempt.
    #[activity(name = "pool_panic")]
    pub async fn pool_panic(ctx: ActivityContext, _arg: String) -> Result<String, ActivityError> {
        let said = mainspring::activity::cpu(&ctx, |task| {
            assert!(task.ctx().info().attempt > 1, "panicked on the pool");
            "second attempt"
        });
        Ok(said.await?.to_owned())
    }

    /// Looks whether it is wanted, until it is not.
    #[activity(name = "pool_until_cancelled")]
    pub async fn pool_until_cancelled(ctx: ActivityContext, _arg: String) -> Result<String, ActivityError> {
        let _heartbeater = Heartbeater::start(&ctx)?;
        let said = mainspring::activity::cpu(&ctx, |task| {
            tracing::info!("looking");
            while !task.is_cancelled() {
                std::hint::spin_loop();
            }
            tracing::info!("not wanted any more");
        });
        said.await?;
        Err(ActivityError::cancelled())
    }

    /// Does its work in a process of its own.
    #[activity(name = "apart")]
    pub async fn apart(ctx: ActivityContext, how: String) -> Result<String, ActivityError> {
        let _heartbeater = Heartbeater::start(&ctx)?;
        tracing::info!("going apart");
        APART.call(&ctx, &how).await
    }

    /// Counts up until the file of its argument is there. Then attempt 1 fails; attempt 2 says where it goes on.
    #[activity(name = "counts_until")]
    pub async fn counts_until(ctx: ActivityContext, path: String) -> Result<String, ActivityError> {
        let heartbeater = Heartbeater::start(&ctx)?;
        let monitor = ShutdownMonitor::new(&ctx);
        if ctx.info().attempt > 1 {
            let n = resume::<Counted>(&ctx).unwrap_or_default().n;
            return Ok(format!("attempt {} resumes at {n}", ctx.info().attempt));
        }
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        let mut n = 0;
        while !tokio::fs::try_exists(&path).await? {
            ticks.tick().await;
            n += 1;
            heartbeater.set(&counted(n))?;
            if n % 50 == 0 {
                tracing::info!(n, "counting");
            }
            if let Some(reason) = monitor.stop_reason() {
                tracing::info!(n, ?reason, "not wanted any more");
                return Err(ActivityError::cancelled());
            }
        }
        tracing::info!(n, "counted");
        Err(std::io::Error::other("attempt 1 fails on purpose").into())
    }

    /// Ends by the monitor's word.
    #[activity(name = "checks")]
    pub async fn checks(ctx: ActivityContext, _arg: String) -> Result<String, ActivityError> {
        let monitor = ShutdownMonitor::new(&ctx);
        if ctx.info().attempt > 1 {
            return Ok(format!("attempt {}, stop: {:?}", ctx.info().attempt, monitor.stop_reason()));
        }
        monitor.check()?;
        tracing::info!("checked");
        let blocking = monitor.clone();
        let seen = tokio::task::spawn_blocking(move || blocking.wait_blocking(Duration::from_secs(60))).await?;
        monitor.wait().await;
        tracing::info!(seen, reason = ?monitor.stop_reason(), "asked to stop");
        monitor.check()?;
        Ok("it went on".to_owned())
    }
}
