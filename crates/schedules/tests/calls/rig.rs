//! The server of this binary, and calls to it: straight, and over a proxy.

use std::time::Duration;

use mainspring_client::{Connector, Link};
use mainspring_schedules::calls::Schedules;
use mainspring_servers::TemporalDevServer;
use mainspring_servers::proxy::{Fault, Match, WireProxy};
use mainspring_settings::Sources;
use temporalio_client::tonic::Request;
use temporalio_common::protos::temporal::api::common::v1::{WorkflowExecution, WorkflowType};
use temporalio_common::protos::temporal::api::schedule::v1::schedule_action::Action;
use temporalio_common::protos::temporal::api::schedule::v1::{
    Schedule, ScheduleAction, ScheduleInfo, SchedulePatch, ScheduleSpec, ScheduleState,
};
use temporalio_common::protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_common::protos::temporal::api::workflow::v1::NewWorkflowExecutionInfo;
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    CreateScheduleRequest, PatchScheduleRequest, SignalWorkflowExecutionRequest, TerminateWorkflowExecutionRequest,
};
use tokio::sync::OnceCell;

pub(crate) type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

pub(crate) const SOON: Duration = Duration::from_secs(30);

pub(crate) struct Rig {
    link: Link,
    _behind: Link,
    pub(crate) calls: Schedules,
    /// Over the proxy.
    pub(crate) flaky: Schedules,
    pub(crate) proxy: WireProxy,
}

impl Rig {
    pub(crate) async fn new() -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        static SHARED: OnceCell<TemporalDevServer> = OnceCell::const_new();
        let server = SHARED.get_or_try_init(|| TemporalDevServer::builder().start()).await?;
        let proxy = WireProxy::builder(server.socket_address()).start().await?;
        let (link, behind) = (connect(&server.address()).await?, connect(&proxy.address()).await?);
        let (calls, flaky) = (Schedules::new(&link, "default"), Schedules::new(&behind, "default"));
        Ok(Self { link, _behind: behind, calls, flaky, proxy })
    }

    /// A schedule of a workflow that nobody runs, under an id of its own.
    pub(crate) async fn schedule(
        &self,
        spec: ScheduleSpec,
    ) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
        let id = format!("s-{}", uuid::Uuid::new_v4().simple());
        self.calls.create(request(&id, spec)).await?;
        Ok(id)
    }

    /// One that never runs by itself soon.
    pub(crate) async fn yearly(&self) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
        self.schedule(cron("0 0 1 1 *")).await
    }

    pub(crate) async fn info(&self, id: &str) -> Result<ScheduleInfo, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.calls.describe(id).await?.info.ok_or("no info")?)
    }

    pub(crate) async fn state(&self, id: &str) -> Result<ScheduleState, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.calls.describe(id).await?.schedule.and_then(|schedule| schedule.state).ok_or("no state")?)
    }

    /// As anybody could send it: no look before, no look after.
    pub(crate) async fn bare_patch(&self, id: &str, patch: SchedulePatch, request_id: &str) -> Outcome {
        let request = PatchScheduleRequest {
            namespace: "default".to_owned(),
            schedule_id: id.to_owned(),
            patch: Some(patch),
            request_id: request_id.to_owned(),
            ..Default::default()
        };
        self.link.connection().workflow_service().patch_schedule(Request::new(request)).await?;
        Ok(())
    }

    /// The workflow behind the schedule continues as new, and has begun its next run.
    pub(crate) async fn continue_as_new(&self, id: &str) -> Outcome {
        let workflow_id = format!("temporal-sys-scheduler:{id}");
        let request = SignalWorkflowExecutionRequest {
            namespace: "default".to_owned(),
            workflow_execution: Some(WorkflowExecution { workflow_id, ..Default::default() }),
            signal_name: "force-continue-as-new".to_owned(),
            ..Default::default()
        };
        self.link.connection().workflow_service().signal_workflow_execution(Request::new(request)).await?;
        // A description is answered by the run that is there after the signal.
        self.calls.describe(id).await?;
        Ok(())
    }

    pub(crate) async fn terminate(&self, workflow_id: &str) -> Outcome {
        let request = TerminateWorkflowExecutionRequest {
            namespace: "default".to_owned(),
            workflow_execution: Some(WorkflowExecution { workflow_id: workflow_id.to_owned(), ..Default::default() }),
            ..Default::default()
        };
        self.link.connection().workflow_service().terminate_workflow_execution(Request::new(request)).await?;
        Ok(())
    }

    /// Once before the server has the request, and once before we have the answer.
    pub(crate) fn break_twice(&self, method: &str) {
        self.proxy.fault(Match::method(method).times(1), Fault::Cut);
        self.proxy.fault(Match::method(method).times(1), Fault::CutAfterForward);
    }

    /// How often the server took it. What it refuses for a moment comes again, and does not count.
    pub(crate) fn taken(&self, method: &str) -> usize {
        self.proxy.records_of(method).iter().filter(|record| record.grpc_status == Some(0)).count()
    }
}

pub(crate) fn cron(text: &str) -> ScheduleSpec {
    ScheduleSpec { cron_string: vec![text.to_owned()], ..Default::default() }
}

pub(crate) fn request(id: &str, spec: ScheduleSpec) -> CreateScheduleRequest {
    let workflow = NewWorkflowExecutionInfo {
        workflow_id: format!("run-of-{id}"),
        workflow_type: Some(WorkflowType { name: "nothing".to_owned() }),
        task_queue: Some(TaskQueue { name: "nobody".to_owned(), ..Default::default() }),
        ..Default::default()
    };
    let schedule = Schedule {
        spec: Some(spec),
        action: Some(ScheduleAction { action: Some(Action::StartWorkflow(workflow)) }),
        ..Default::default()
    };
    CreateScheduleRequest { schedule_id: id.to_owned(), schedule: Some(schedule), ..Default::default() }
}

async fn connect(address: &str) -> Result<Link, Box<dyn std::error::Error + Send + Sync>> {
    let sources = Sources::from_pairs([("TEMPORAL_ADDRESS", address)]);
    let connector = Connector::new(mainspring_settings::load(&sources)?)?;
    Ok(connector.connect(SOON).await?)
}
