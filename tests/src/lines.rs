//! A workflow and an activity that say what they do, wherever their code runs.

use std::time::Duration;

use mainspring::activity::cpu;
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use temporalio_sdk::{ActivityOptions, WorkflowContext, WorkflowResult};
use tracing::Instrument;

/// Its lines, of two workflow tasks, and of an activity between them.
#[workflow]
#[derive(Default)]
pub struct Talk;

#[workflow_methods]
impl Talk {
    #[run(name = "talk")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, team: u64) -> WorkflowResult<()> {
        tracing::info!(team_id = team, "workflow: before");
        let options = ActivityOptions::start_to_close_timeout(Duration::from_secs(30));
        ctx.execute_activity(Talker::talk, team, options).await?;
        ctx.timer(Duration::from_millis(50)).await;
        tracing::info!(team_id = team, "workflow: after");
        Ok(())
    }
}

pub struct Talker;

#[activities]
impl Talker {
    #[activity(name = "talk")]
    pub async fn talk(ctx: ActivityContext, team: u64) -> Result<(), ActivityError> {
        let span = tracing::info_span!("talk", team_id = team);
        async {
            tracing::info!(rows = 42, "async: before");
            tokio::task::yield_now().await;
            tracing::debug!("async: for users who look closely");
            cpu(&ctx, |_task| tracing::info!("pool")).await?;
            let blocking = tracing::Span::current();
            let scope = mainspring::context::current();
            tokio::task::spawn_blocking(move || {
                let _scope = scope.as_ref().map(mainspring::context::Scope::enter);
                blocking.in_scope(|| tracing::info!("blocking"));
            })
            .await?;
            tracing::info!(write_only = true, api_key = "hush", "operators");
            tracing::info!(produce_only = true, "users");
            tracing::info!(log_source = "invoices", log_source_id = "9", "of another source");
            let bytes = b"caf\xe9 \xff";
            tracing::info!("bytes: {}", String::from_utf8_lossy(bytes));
            tracing::info!("{}", "x".repeat(1024 * 1024));
            tracing::error!(error = &std::io::Error::other("the disk is full") as &dyn std::error::Error, "failed");
            Ok(())
        }
        .instrument(span)
        .await
    }
}
