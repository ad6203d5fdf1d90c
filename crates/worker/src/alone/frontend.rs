//! A Temporal that has one activity task, in memory: it hands it out, answers its heartbeats and takes its outcome.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use futures::FutureExt;
use parking_lot::Mutex;
use prost::Message;
use temporalio_client::callback_based::{CallbackBasedGrpcService, GrpcRequest, GrpcSuccessResponse};
use temporalio_client::tonic::Status;
use temporalio_common::protos::temporal::api::common::v1::{Payload, Payloads};
use temporalio_common::protos::temporal::api::namespace::v1::NamespaceInfo;
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    DescribeNamespaceResponse, GetSystemInfoResponse, PollActivityTaskQueueResponse,
    RecordActivityTaskHeartbeatRequest, RecordActivityTaskHeartbeatResponse, RespondActivityTaskCompletedRequest,
    RespondActivityTaskFailedRequest,
};
use tokio::sync::watch;

use super::{LoneOutcome, News};

#[derive(Debug)]
pub(super) struct Frontend {
    task: Mutex<Option<PollActivityTaskQueueResponse>>,
    cancelled: AtomicBool,
    /// What it was told of. All of it, for the last may be overtaken by one that was sent before.
    details: Mutex<Vec<Vec<Payload>>>,
    /// Holds the latest, so that a worker waits for nobody who reads it.
    tell: watch::Sender<News>,
}

impl Frontend {
    pub(super) fn new(task: PollActivityTaskQueueResponse) -> Self {
        Self {
            task: Mutex::new(Some(task)),
            cancelled: AtomicBool::new(false),
            details: Mutex::default(),
            tell: watch::Sender::default(),
        }
    }

    pub(super) fn details(&self) -> Vec<Vec<Payload>> {
        self.details.lock().clone()
    }

    fn keep(&self, details: Option<Payloads>) {
        let payloads = details.unwrap_or_default().payloads;
        let mut kept = self.details.lock();
        if !payloads.is_empty() && kept.last() != Some(&payloads) {
            kept.push(payloads);
        }
    }

    pub(super) fn news(&self) -> watch::Receiver<News> {
        self.tell.subscribe()
    }

    /// The next heartbeat is told that the activity is cancelled.
    pub(super) fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
    }

    pub(super) fn service(self: Arc<Self>) -> CallbackBasedGrpcService {
        CallbackBasedGrpcService {
            callback: Arc::new(move |request| {
                let frontend = self.clone();
                async move {
                    let proto = frontend.answer(request).await?;
                    Ok(GrpcSuccessResponse { headers: Default::default(), proto })
                }
                .boxed()
            }),
        }
    }

    async fn answer(&self, request: GrpcRequest) -> Result<Vec<u8>, Status> {
        match request.rpc.as_str() {
            "GetSystemInfo" => Ok(GetSystemInfoResponse::default().encode_to_vec()),
            "DescribeNamespace" => {
                let info = NamespaceInfo { name: "alone".to_owned(), ..Default::default() };
                Ok(DescribeNamespaceResponse { namespace_info: Some(info), ..Default::default() }.encode_to_vec())
            }
            "PollActivityTaskQueue" => {
                let task = self.task.lock().take();
                match task {
                    Some(task) => Ok(task.encode_to_vec()),
                    None => std::future::pending().await,
                }
            }
            "PollWorkflowTaskQueue" | "PollNexusTaskQueue" => std::future::pending().await,
            "RecordActivityTaskHeartbeat" => {
                let beat =
                    RecordActivityTaskHeartbeatRequest::decode(request.proto).map_err(|error| unreadable(&error))?;
                self.keep(beat.details);
                self.tell.send_modify(|news| news.beat = Some(Instant::now()));
                let cancel_requested = self.cancelled.load(Ordering::SeqCst);
                Ok(RecordActivityTaskHeartbeatResponse { cancel_requested, ..Default::default() }.encode_to_vec())
            }
            "RespondActivityTaskCompleted" => {
                let completed =
                    RespondActivityTaskCompletedRequest::decode(request.proto).map_err(|error| unreadable(&error))?;
                let payload = completed.result.and_then(|result| result.payloads.into_iter().next());
                Ok(self.ended(LoneOutcome::Completed(payload.unwrap_or_default())))
            }
            "RespondActivityTaskFailed" => {
                let failed =
                    RespondActivityTaskFailedRequest::decode(request.proto).map_err(|error| unreadable(&error))?;
                self.keep(failed.last_heartbeat_details);
                Ok(self.ended(LoneOutcome::Failed(Box::new(failed.failure.unwrap_or_default()))))
            }
            "RespondActivityTaskCanceled" => Ok(self.ended(LoneOutcome::Cancelled)),
            "ShutdownWorker" | "RecordWorkerHeartbeat" => Ok(Vec::new()),
            other => {
                Err(Status::unimplemented(format!("an activity that runs alone has no server to ask for {other}")))
            }
        }
    }

    /// Every answer to an outcome is an empty message.
    fn ended(&self, outcome: LoneOutcome) -> Vec<u8> {
        self.tell.send_modify(|news| news.outcome = Some(outcome));
        Vec::new()
    }
}

fn unreadable(error: &prost::DecodeError) -> Status {
    Status::invalid_argument(error.to_string())
}
