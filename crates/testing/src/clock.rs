//! The one clock of a time-skipping server, for however many tests let time pass on it at once.
//!
//! The server counts locks: it starts with one, and jumps to whatever is due next while there is none. It can drop one
//! for a span of its time, and takes it again by itself at the span's end. That is how time passes here, always: a client that
//! unlocks and locks again by itself is too late, for when the last timer has fired, the next thing due is the timeout
//! of some workflow, ten years ahead. All is asked from a runtime of its own, so that a test which gives up, or whose
//! runtime ends, leaves no lock behind.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mainspring_servers::{SearchAttributeType, TimeSkippingServer};
use temporalio_common::protos::temporal::api::enums::v1::IndexedValueType;
use temporalio_common::protos::temporal::api::operatorservice::v1::AddSearchAttributesRequest;
use temporalio_common::protos::temporal::api::operatorservice::v1::operator_service_client::OperatorServiceClient;
use temporalio_common::protos::temporal::api::testservice::v1::test_service_client::TestServiceClient;
use temporalio_common::protos::temporal::api::testservice::v1::{
    LockTimeSkippingRequest, SleepRequest, UnlockTimeSkippingRequest,
};
use temporalio_common::protos::temporal::api::workflowservice::v1::ListOpenWorkflowExecutionsRequest;
use temporalio_common::protos::temporal::api::workflowservice::v1::workflow_service_client::WorkflowServiceClient;
use tokio::runtime::Runtime;
use tokio::sync::Mutex;
use tonic::transport::{Channel, Endpoint};

use crate::TestError;
use crate::env::search_attributes;

/// The longest real time of one sleep.
const SLEEP_LIMIT: Duration = Duration::from_secs(30);
/// While a test waits for something, time passes in steps: of a second, and later of this part of what has passed. So
/// much may pass after what it waited for.
const FIRST_STEP: Duration = Duration::from_secs(1);
const STEP_PART: u32 = 8;
/// The last step mostly is over with what was waited for; it is not when somebody else's activity runs.
const LAST_STEP_LIMIT: Duration = Duration::from_secs(1);
const NAMESPACE: &str = "default";

/// A time-skipping server and its clock. Dropping it kills the server.
pub(crate) struct Clock {
    server: TimeSkippingServer,
    /// Without keep-alive: the server takes pings on a quiet connection for an attack.
    channel: Channel,
    /// How many let time pass.
    sleeping: Mutex<usize>,
    /// Only `drop` takes it.
    runtime: Option<Runtime>,
}

impl Clock {
    /// Starts a server of its own.
    pub(crate) async fn start() -> Result<Arc<Self>, TestError> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).thread_name("clock").enable_all().build()?;
        let started = runtime.spawn(async {
            let server = TimeSkippingServer::builder().start().await?;
            let channel = Endpoint::from_shared(format!("http://{}", server.address()))?.connect().await?;
            register(channel.clone()).await?;
            Ok::<_, TestError>((server, channel))
        });
        match started.await {
            Ok(Ok((server, channel))) => {
                Ok(Arc::new(Self { server, channel, sleeping: Mutex::new(0), runtime: Some(runtime) }))
            }
            failed => {
                // A runtime may not be waited for where async code runs.
                runtime.shutdown_background();
                Err(failed.map_or_else(Into::into, |started| started.err().unwrap_or_else(|| "it ended".into())))
            }
        }
    }

    pub(crate) fn address(&self) -> String {
        self.server.address()
    }

    /// The server's time.
    pub(crate) async fn now(&self) -> Result<SystemTime, TestError> {
        let now = self.service().get_current_time(()).await?.into_inner().time;
        Ok(SystemTime::try_from(now.ok_or("the server does not say what time it is")?)?)
    }

    /// Lets time pass for as long as the future takes, and a step more at most.
    pub(crate) async fn skip_while<T>(self: &Arc<Self>, future: impl Future<Output = T>) -> Result<T, TestError> {
        let mut future = pin!(future);
        let mut passed = Duration::ZERO;
        loop {
            let step = (passed / STEP_PART).max(FIRST_STEP);
            let mut stepping = pin!(self.pass(step));
            tokio::select! {
                biased;
                outcome = &mut future => {
                    let _ = tokio::time::timeout(LAST_STEP_LIMIT, stepping).await;
                    return Ok(outcome);
                }
                stepped = &mut stepping => stepped?,
            }
            passed += step;
        }
    }

    /// Lets so much time pass.
    pub(crate) async fn sleep(self: &Arc<Self>, duration: Duration) -> Result<(), TestError> {
        match tokio::time::timeout(SLEEP_LIMIT, self.pass(duration)).await {
            Ok(slept) => slept,
            Err(_) => {
                let holds = self.what_holds().await;
                Err(format!("{duration:?} did not pass within {SLEEP_LIMIT:?}: {holds}").into())
            }
        }
    }

    /// The same, though so many activities run, which else hold the clock: one lock each.
    pub(crate) async fn leap(self: &Arc<Self>, duration: Duration, running: usize) -> Result<(), TestError> {
        let clock = Arc::clone(self);
        let runtime = self.runtime.as_ref().ok_or("the time-skipping server is gone")?;
        // To its end, whatever becomes of the caller: each lock is given back.
        let leaping = runtime.spawn(async move {
            let mut service = clock.service();
            let mut dropped = 0;
            let mut outcome = Ok(());
            while dropped < running && outcome.is_ok() {
                outcome = service.unlock_time_skipping(UnlockTimeSkippingRequest::default()).await.map(drop);
                dropped += usize::from(outcome.is_ok());
            }
            let passed = match outcome {
                Ok(()) => clock.sleep(duration).await,
                Err(status) => Err(status.into()),
            };
            for _ in 0..dropped {
                service.lock_time_skipping(LockTimeSkippingRequest::default()).await?;
            }
            passed
        });
        leaping.await?
    }

    /// The same, however long it takes; to its end, whatever becomes of the caller.
    async fn pass(self: &Arc<Self>, duration: Duration) -> Result<(), TestError> {
        let clock = Arc::clone(self);
        let runtime = self.runtime.as_ref().ok_or("the time-skipping server is gone")?;
        let passing = runtime.spawn(async move {
            let mut service = clock.service();
            let mut sleeping = clock.sleeping.lock().await;
            // The lock that this one drops. There is one already where nobody else has dropped it.
            if *sleeping > 0 {
                service.lock_time_skipping(LockTimeSkippingRequest::default()).await?;
            }
            *sleeping += 1;
            drop(sleeping);
            let sleep = SleepRequest { duration: Some(duration.try_into()?) };
            let slept = service.unlock_time_skipping_with_sleep(sleep).await;
            // The server has its lock again; the others want none.
            let mut sleeping = clock.sleeping.lock().await;
            *sleeping -= 1;
            if *sleeping > 0 {
                service.unlock_time_skipping(UnlockTimeSkippingRequest::default()).await?;
            }
            slept?;
            Ok::<_, TestError>(())
        });
        passing.await?
    }

    /// Why time may stand still, for the message of a wait that had no end.
    pub(crate) async fn what_holds(&self) -> String {
        let request = ListOpenWorkflowExecutionsRequest { namespace: NAMESPACE.to_owned(), ..Default::default() };
        let open = match WorkflowServiceClient::new(self.channel.clone()).list_open_workflow_executions(request).await {
            Ok(open) => open.into_inner().executions,
            Err(status) => return format!("and the server does not say what is open: {status}"),
        };
        let ids: Vec<_> = open.into_iter().filter_map(|info| info.execution).map(|of| of.workflow_id).collect();
        format!(
            "time stands still while an activity or a workflow task runs, and while a workflow task waits for a worker, \
             of any test on this server; open workflows: {}",
            if ids.is_empty() { "none".to_owned() } else { ids.join(", ") }
        )
    }

    fn service(&self) -> TestServiceClient<Channel> {
        TestServiceClient::new(self.channel.clone())
    }
}

/// The search attributes that the dev server has too.
async fn register(channel: Channel) -> Result<(), TestError> {
    let attributes = search_attributes().map(|(name, of_type)| {
        let of_type = match of_type {
            SearchAttributeType::Int => IndexedValueType::Int,
            _ => IndexedValueType::Keyword,
        };
        (name.to_owned(), of_type.into())
    });
    let request = AddSearchAttributesRequest { search_attributes: attributes.into(), namespace: NAMESPACE.to_owned() };
    OperatorServiceClient::new(channel).add_search_attributes(request).await?;
    Ok(())
}

impl Drop for Clock {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Clock").field("server", &self.server).finish_non_exhaustive()
    }
}
