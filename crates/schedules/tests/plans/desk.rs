//! A dev server for the tests of this binary, and what each of them needs: an owner and ids of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mainspring_client::{Connector, Link};
use mainspring_schedules::{Action, Applied, Orphans, Owner, Plan, Planner, Schedule, Schedules, Scope};
use mainspring_servers::{SearchAttributeType, TemporalDevServer};
use mainspring_settings::{Sources, load};
use temporalio_client::{UntypedSignal, UntypedWorkflow, WorkflowExecutionDescription};
use temporalio_common::data_converters::{DataConverter, RawValue};
use temporalio_common::protos::temporal::api::workflowservice::v1::DescribeScheduleResponse;
use tokio::sync::OnceCell;

/// How long a test waits for what must happen.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// Where the shared server listens.
pub(crate) async fn address() -> SocketAddr {
    static SHARED: OnceCell<TemporalDevServer> = OnceCell::const_new();
    let server = SHARED.get_or_init(|| async {
        let attributes = [("PlanRegion", SearchAttributeType::Keyword), ("PlanSize", SearchAttributeType::Int)];
        let server = TemporalDevServer::builder();
        attributes
            .iter()
            .fold(server, |server, (name, kind)| server.search_attribute(*name, *kind))
            .start()
            .await
            .unwrap()
    });
    server.await.socket_address()
}

/// A planner with a link of its own, as a process of its own has.
pub(crate) struct Desk {
    pub(crate) planner: Planner,
    pub(crate) schedules: Schedules,
    pub(crate) link: Arc<Link>,
    pub(crate) name: String,
    pub(crate) owner: Owner,
}

impl Desk {
    pub(crate) async fn new() -> Self {
        Self::at(address().await, DataConverter::default()).await
    }

    pub(crate) async fn at(address: SocketAddr, converter: DataConverter) -> Self {
        let name = format!("p{}", uuid::Uuid::new_v4().simple());
        let settings = load(&Sources::from_pairs([("TEMPORAL_ADDRESS", address.to_string().as_str())])).unwrap();
        let connector = Connector::new(settings).unwrap().with_data_converter(converter);
        let link = connector.connect(LIMIT).await.unwrap();
        let planner = Planner::new(&link, "default", connector.payloads());
        let schedules = Schedules::new(&link, "default");
        let owner = Owner::product(&name);
        Self { planner, schedules, link: Arc::new(link), name, owner }
    }

    /// A schedule of this test, paused so that nothing starts.
    pub(crate) fn schedule(&self, id: &str) -> Schedule {
        self.owned(Schedule::untyped(self.id(id), "sweep", [serde_json::json!({ "days": 30 })]).cron("0 3 * * *"))
    }

    pub(crate) fn owned(&self, schedule: Schedule) -> Schedule {
        schedule.owner(self.owner.clone()).task_queue("nobody-polls").paused()
    }

    pub(crate) fn id(&self, id: &str) -> String {
        format!("{}-{id}", self.name)
    }

    pub(crate) fn scope(&self, orphans: Orphans) -> Scope {
        Scope { owners: [self.owner.clone()].into(), orphans, ..Scope::default() }
    }

    pub(crate) async fn plan(&self, schedules: &[Schedule]) -> Plan {
        self.plan_in(schedules, &self.scope(Orphans::Ignore)).await
    }

    pub(crate) async fn plan_in(&self, schedules: &[Schedule], scope: &Scope) -> Plan {
        Box::pin(self.planner.plan(schedules, scope, &|_, _| {})).await.unwrap()
    }

    /// Plans and applies; everything must go well.
    pub(crate) async fn apply(&self, schedules: &[Schedule]) -> Applied {
        let plan = self.plan(schedules).await;
        self.carry_out(plan).await
    }

    pub(crate) async fn carry_out(&self, plan: Plan) -> Applied {
        let applied = Box::pin(self.planner.apply(plan, &|_, _| {})).await;
        let failures: Vec<String> = applied.failures().map(|(step, error)| format!("{}: {error}", step.id)).collect();
        assert_eq!(failures, Vec::<String>::new());
        applied
    }

    /// The workflow behind a schedule continues as new, as after some hundred actions.
    pub(crate) async fn begin_anew(&self, id: &str) {
        let workflow = format!("temporal-sys-scheduler:{}", self.id(id));
        let handle = self.link.get_workflow_handle::<UntypedWorkflow>(&workflow);
        let run = |described: WorkflowExecutionDescription| described.run_id().to_owned();
        let before = run(handle.describe(Default::default()).await.unwrap());
        let signal = UntypedSignal::new("force-continue-as-new");
        handle.signal(signal, RawValue::new(Vec::new()), Default::default()).await.unwrap();
        let another = async { while run(handle.describe(Default::default()).await.unwrap()) == before {} };
        tokio::time::timeout(LIMIT, another).await.unwrap();
    }

    /// Lists are behind.
    pub(crate) async fn until_listed(&self, count: usize) {
        let listed = async {
            loop {
                let all = self.schedules.list("").await.unwrap();
                if all.iter().filter(|entry| entry.schedule_id.starts_with(&self.name)).count() == count {
                    return;
                }
            }
        };
        tokio::time::timeout(LIMIT, listed).await.unwrap();
    }

    /// Plans until these are its actions, for lists are behind.
    pub(crate) async fn until_planned(&self, schedules: &[Schedule], scope: &Scope, actions: &[Action]) -> Plan {
        let mut last = Vec::new();
        let planned = async {
            loop {
                let plan = self.plan_in(schedules, scope).await;
                last = plan.steps.iter().map(|step| step.action).collect();
                if last == actions {
                    return plan;
                }
            }
        };
        let planned = tokio::time::timeout(LIMIT, planned).await;
        planned.unwrap_or_else(|_| panic!("{last:?} in place of {actions:?}"))
    }

    pub(crate) async fn describe(&self, id: &str) -> DescribeScheduleResponse {
        self.schedules.describe(&self.id(id)).await.unwrap()
    }
}

/// What is planned, and of which fields.
pub(crate) fn steps(plan: &Plan) -> Vec<(Action, Vec<&str>)> {
    plan.steps
        .iter()
        .map(|step| (step.action, step.changes.iter().map(|change| change.field.as_str()).collect()))
        .collect()
}
