//! Many workflows at once, by Temporal's batch operations: counted, confirmed, started under a job id, and followed. Temporal
//! does the work, so the job goes on when this command is gone, and `--job-id` comes back to it.

use std::io::{BufRead, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use temporalio_client::tonic::Code;
use temporalio_common::protos::temporal::api::enums::v1::BatchOperationState;
use temporalio_common::protos::temporal::api::workflowservice::v1::start_batch_operation_request::Operation;
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    DescribeBatchOperationRequest, DescribeBatchOperationResponse, StartBatchOperationRequest,
};

use super::server::{LONG, Refused, SHORT, Server};
use super::times::camel;
use super::{Notice, list};
use crate::arguments::Output;
use crate::arguments::workflow::Targets;
use crate::exit::Failure;
use crate::{print, say};

/// How often the progress is asked for.
const INTERVAL: Duration = Duration::from_millis(500);

/// What a batch does to each workflow that matches.
#[derive(Debug)]
pub(crate) struct Job<'a> {
    pub(crate) verb: &'static str,
    pub(crate) targets: &'a Targets,
    pub(crate) reason: Option<&'a str>,
    pub(crate) operation: Operation,
    pub(crate) output: Output,
}

/// Temporal wants a reason; this one at least says where it came from.
pub(crate) fn reason_of(verb: &str) -> String {
    format!("by `mainspring workflow {verb}`")
}

pub(crate) async fn run(server: &Server, job: &Job<'_>, notice: &Notice) -> Result<(), Failure> {
    if let Some(job_id) = &job.targets.job_id
        && let Some(found) = find(server, job_id).await?
    {
        let does = camel(found.operation_type().as_str_name(), "BATCH_OPERATION_TYPE_");
        if !does.starts_with(&capital(job.verb)) {
            return Err(Failure::Usage(format!(
                "batch job {job_id} is there already, and is of another kind ({does}): give another --job-id"
            )));
        }
        say(&format!("batch job {job_id} is there already (\"{}\"): nothing is started, it is followed", found.reason));
        return follow(server, job, job_id, notice).await;
    }
    let query = job.query();
    let count = list::counted(server, &query).await?.count;
    if job.targets.dry_run || count == 0 {
        let note = if job.targets.dry_run { "; nothing was done, for it is a dry run" } else { "; nothing was done" };
        say(&format!("{} {query}{note}", matches(count)));
        return match job.output {
            Output::Text => print(&count.to_string()),
            Output::Json => print(&json!({ "count": count, "query": query, "job_id": null }).to_string()),
        };
    }
    if !job.targets.yes {
        confirm(format!("{} {query}. {} them?", matches(count), capital(job.verb))).await?;
    }
    let job_id = job.targets.job_id.clone().unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let again = again(&job_id);
    notice.set(format!("Batch job {job_id} may have been started: {again} tells, and follows it"));
    job.start(server, &job_id, query).await?;
    let rate = job.targets.rate.map(|rate| format!(", at most {rate} a second asked for")).unwrap_or_default();
    say(&format!("batch job {job_id}: {} {count} workflows{rate}", job.verb));
    follow(server, job, &job_id, notice).await
}

impl Job<'_> {
    /// What Temporal would add by itself, so that what is counted is what is meant.
    fn query(&self) -> String {
        let query = self.targets.query.clone().unwrap_or_default();
        match self.operation {
            Operation::ResetOperation(_) => query,
            _ => format!("({query}) AND ExecutionStatus = 'Running'"),
        }
    }

    async fn start(&self, server: &Server, job_id: &str, query: String) -> Result<(), Failure> {
        let request = StartBatchOperationRequest {
            namespace: server.namespace.clone(),
            visibility_query: query,
            job_id: job_id.to_owned(),
            reason: self.reason.map_or_else(|| reason_of(self.verb), str::to_owned),
            // Zero leaves it to the server.
            max_operations_per_second: self.targets.rate.unwrap_or_default(),
            operation: Some(self.operation.clone()),
            ..Default::default()
        };
        match server.call(|service, request| service.start_batch_operation(request), request, SHORT).await {
            // An attempt whose answer was lost has started it: two jobs of one id cannot be.
            Err(refused) if refused.is(Code::AlreadyExists) && refused.lost => Ok(()),
            Err(refused) => {
                let lost =
                    if refused.lost { format!("; {} tells, and follows it", again(job_id)) } else { String::new() };
                Err(refused.failure(format_args!("batch job {job_id} could not be started{lost}")))
            }
            Ok(_) => Ok(()),
        }
    }
}

fn again(job_id: &str) -> String {
    format!("the same command with --job-id {job_id}")
}

async fn find(server: &Server, job_id: &str) -> Result<Option<DescribeBatchOperationResponse>, Failure> {
    match described(server, job_id).await {
        Ok(found) => Ok(Some(found)),
        Err(refused) if refused.is(Code::NotFound) => Ok(None),
        Err(refused) => Err(refused.failure(format_args!("batch job {job_id} cannot be read"))),
    }
}

async fn described(server: &Server, job_id: &str) -> Result<DescribeBatchOperationResponse, Refused> {
    let request = DescribeBatchOperationRequest { namespace: server.namespace.clone(), job_id: job_id.to_owned() };
    // As patient as any wait: the job goes on, whether we see it or not.
    server.call(|service, request| service.describe_batch_operation(request), request, LONG).await
}

/// Shows the progress on a terminal, and waits for the end.
async fn follow(server: &Server, job: &Job<'_>, job_id: &str, notice: &Notice) -> Result<(), Failure> {
    let again = again(job_id);
    notice.set(format!("Temporal goes on with batch job {job_id}: {again} follows it"));
    let bar = bar();
    let seen = loop {
        let seen = described(server, job_id).await;
        let seen = seen.map_err(|refused| {
            refused.failure(format_args!("batch job {job_id} cannot be read; {again} follows it"))
        })?;
        bar.set_length(seen.total_operation_count.unsigned_abs());
        bar.set_position((seen.complete_operation_count + seen.failure_operation_count).unsigned_abs());
        if seen.failure_operation_count > 0 {
            bar.set_message(format!("{} failed", seen.failure_operation_count));
        }
        if seen.state() != BatchOperationState::Running {
            break seen;
        }
        tokio::time::sleep(INTERVAL).await;
    };
    bar.finish_and_clear();
    let (total, done, failed) =
        (seen.total_operation_count, seen.complete_operation_count, seen.failure_operation_count);
    let complete = seen.state() == BatchOperationState::Completed && failed == 0;
    match job.output {
        Output::Text => print(&done.to_string())?,
        Output::Json => print(
            &json!({
                "job_id": job_id,
                "completed": seen.state() == BatchOperationState::Completed,
                "total": total,
                "done": done,
                "failed": failed,
            })
            .to_string(),
        )?,
    }
    if complete {
        say(&format!("batch job {job_id} is done: {done} of {total} workflows"));
        return Ok(());
    }
    Err(Failure::WorkflowFailed(format!(
        "batch job {job_id} has ended with {done} of {total} workflows done and {failed} failed; the same command without \
         --job-id takes what still matches"
    )))
}

/// Drawn on stderr, and on a terminal alone.
fn bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {per_sec} {msg}") {
        bar.set_style(style);
    }
    bar
}

/// Asks on the terminal; without one, somebody must have said --yes.
async fn confirm(question: String) -> Result<(), Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::Usage(format!(
            "{question} There is no terminal to answer at: give --yes, or --dry-run to only count"
        )));
    }
    // Reading blocks, and Ctrl-C must still be heard.
    let asked = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        let _ = write!(std::io::stderr(), "{question} [y/N] ");
        let _ = std::io::stderr().flush();
        std::io::stdin().lock().read_line(&mut line).map(|_| line)
    });
    let line = asked.await.ok().and_then(Result::ok).unwrap_or_default();
    if matches!(line.trim().to_lowercase().as_str(), "y" | "yes") {
        return Ok(());
    }
    Err(Failure::Interrupted("not confirmed: nothing was done".to_owned()))
}

fn matches(count: i64) -> String {
    match count {
        1 => "1 workflow matches".to_owned(),
        _ => format!("{count} workflows match"),
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
