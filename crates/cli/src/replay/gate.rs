//! `replay gate`: starts the gate's workflow on a queue, waits, and says what it saw.

use std::time::Duration;

use mainspring_settings::connection::ConnectionSettings;
use mainspring_worker::{GateInput, GateReport, GateType, REPLAY_GATE};
use serde_json::json;
use temporalio_client::errors::WorkflowGetResultError;
use temporalio_client::{
    Client, UntypedWorkflowHandle, VersioningOverride, WorkflowGetResultOptions, WorkflowStartOptions,
};
use temporalio_common::UntypedWorkflow;
use temporalio_common::data_converters::{PayloadConverter, RawValue};
use temporalio_common::protos::coresdk::common::WorkerDeploymentVersion;

use crate::arguments::Output;
use crate::arguments::replay::GateArguments;
use crate::exit::Failure;
use crate::workflow::pollers::{Version, Waiting};
use crate::workflow::server::Server;
use crate::{print, say};

/// A gate that no worker takes is closed by the server after a day.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) async fn run(arguments: &GateArguments, connection: ConnectionSettings) -> Result<(), Failure> {
    let server = Server::connect(connection).await?;
    let id = format!("{REPLAY_GATE}-{}", uuid::Uuid::new_v4().simple());
    let input =
        GateInput { newest: arguments.newest, query: arguments.query.clone(), most_bytes: arguments.most_bytes };
    let input = RawValue::from_value(&input, &PayloadConverter::default());
    let version = arguments.deployment.as_deref().zip(arguments.build_id.as_deref());
    let version = version.map(|(deployment, build_id)| Version { deployment, build_id });
    let pinned = version.map(|Version { deployment, build_id }| {
        let (deployment_name, build_id) = (deployment.to_owned(), build_id.to_owned());
        VersioningOverride::Pinned(WorkerDeploymentVersion { deployment_name, build_id }.into())
    });
    let options = WorkflowStartOptions::new(&arguments.queue, &id).maybe_versioning_override(pinned);
    let options = options.execution_timeout(LONGEST).build();
    let started = server.link().client().start_workflow(UntypedWorkflow::new(REPLAY_GATE), input, options).await;
    let handle = started.map_err(|error| {
        Failure::Unavailable(format!("the gate could not be started: {}", mainspring_client::with_causes(&error)))
    })?;
    say(&format!("workflow {id} replays histories on {}", arguments.queue));
    let waiting = Waiting { queue: &arguments.queue, workflow_id: &id, run_id: None, version };
    let report = tokio::select! {
        report = report(&handle) => report,
        failure = waiting.give_up(&server, arguments.polled.poller_wait) => Err(failure),
        _ = tokio::signal::ctrl_c() => Err(Failure::Interrupted(format!(
            "the gate goes on: mainspring workflow result --workflow-id {id}"
        ))),
    }?;
    show(&report, arguments.output)?;
    if let Some(asked) = arguments.build_id.as_ref().filter(|asked| **asked != report.build_id) {
        return Err(Failure::Broken(format!(
            "build {} answered on {}, not {asked}: nothing is known of that one. Give it a queue of its own, or --deployment",
            report.build_id, arguments.queue
        )));
    }
    let failed: usize = report.workflows.iter().map(|of| of.failed.len()).sum();
    if failed > 0 {
        let histories = if failed == 1 { "history does" } else { "histories do" };
        return Err(Failure::Broken(format!(
            "{failed} {histories} not replay on build {}: give it no traffic",
            report.build_id
        )));
    }
    let left_out = |of: &&GateType| of.left_out > 0;
    if let Some(of) = report.workflows.iter().filter(left_out).find(|of| of.replayed == 0) {
        return Err(Failure::Broken(format!(
            "the newest history of {} has more than {} bytes, so nothing is known of build {}: allow more with --most-bytes",
            of.workflow_type, arguments.most_bytes, report.build_id
        )));
    }
    for of in report.workflows.iter().filter(left_out) {
        say(&format!(
            "warning: {} of {} were left out, for {} bytes of histories are downloaded at most: allow more with --most-bytes",
            of.left_out, of.workflow_type, arguments.most_bytes
        ));
    }
    let empty: Vec<&str> =
        report.workflows.iter().filter(|of| of.replayed == 0).map(|of| of.workflow_type.as_str()).collect();
    if !arguments.allow_empty && (!empty.is_empty() || report.workflows.is_empty()) {
        let of = if empty.is_empty() { String::new() } else { format!(" of {}", empty.join(", ")) };
        return Err(Failure::Broken(format!(
            "there was no history{of} to replay, so not all is known of build {}: let it pass with --allow-empty, if none is \
             expected",
            report.build_id
        )));
    }
    say(&match report.replayed() {
        0 => format!("warning: there was no history to replay, so nothing is known of build {}", report.build_id),
        1 => format!("1 history replayed well on build {}", report.build_id),
        n => format!("{n} histories replayed well on build {}", report.build_id),
    });
    Ok(())
}

async fn report(handle: &UntypedWorkflowHandle<Client>) -> Result<GateReport, Failure> {
    let result = handle.get_result(WorkflowGetResultOptions::default()).await;
    let raw = result.map_err(|error| {
        let text = format!("the gate gave no report: {}", mainspring_client::with_causes(&error));
        match error {
            WorkflowGetResultError::Failed(_) | WorkflowGetResultError::Cancelled { .. } => Failure::Broken(text),
            _ => Failure::Unavailable(text),
        }
    })?;
    let payload = raw.payloads.into_iter().next().unwrap_or_default();
    serde_json::from_slice(&payload.data)
        .map_err(|error| Failure::Other(format!("the gate's report does not read, another version wrote it: {error}")))
}

fn show(report: &GateReport, output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        return print(
            &json!({ "ok": report.is_good(), "build_id": report.build_id, "workflows": report.workflows }).to_string(),
        );
    }
    for of in &report.workflows {
        let also = |count: usize, what: &str| if count == 0 { String::new() } else { format!(", {count} {what}") };
        let (passed, left) = (also(of.passed_over, "passed over"), also(of.left_out, "left out"));
        print(&format!("{}: {} replayed, {} failed{passed}{left}", of.workflow_type, of.replayed, of.failed.len()))?;
        for failed in &of.failed {
            print(&format!("  PARTED  {} run {}: {}", failed.workflow_id, failed.run_id, failed.message))?;
        }
    }
    Ok(())
}
