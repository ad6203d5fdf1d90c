//! What runs the registry's workers in a process: runtimes, connections, threads, probes, metrics, drain.
//!
//! [`crate::run`] is the `main` of a worker binary. [`Host`] is the same inside somebody's own `main`.

mod backlog;
mod error;
mod incarnation;
mod plan;
mod running;
mod runtimes;
mod schedules;
mod seat;
mod settings;
mod sizes;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::future::try_join_all;
use mainspring_client::{Connector, Link, PATIENCE_WORKER};
use mainspring_context::ShutdownTrigger;
use mainspring_settings::Sources;
use mainspring_settings::connection::ConnectionSettings;
use mainspring_traces::{TraceSettings, Traces};
use temporalio_common::data_converters::DataConverter;
use temporalio_common::telemetry::TelemetryOptions;
use temporalio_sdk::Runtime;
use temporalio_sdk::runtime::RuntimeOptions;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use error::HostError;
pub use running::RunningHost;
pub use settings::{Versioning, WorkerSettings};
pub use sizes::cache_size;

use crate::drain::{Attempts, RunningAttempt};
use crate::gate;
use crate::layers::{ActivitySurroundings, AttemptCap, EveryActivityTwice, install_panic_hook};
use crate::metrics::{GlobalLabels, Metrics};
use crate::probes::{Health, ProbeServer};
use crate::registry::{Registry, Setup};
use plan::{QueuePlan, controller};
use runtimes::Runtimes;
pub(crate) use runtimes::lasting_user_runtime;
use seat::Seat;

/// Runs every product of a registry until it is told to stop.
///
/// ```no_run
/// # use mainspring_worker::{Host, HostError, Registry};
/// # use mainspring_settings::Sources;
/// # async fn example(registry: Registry) -> Result<(), Box<dyn std::error::Error>> {
/// let host = Host::new(registry, Sources::from_process()?)?;
/// let report = host.run_until(async { tokio::signal::ctrl_c().await.unwrap_or(()) }).await?;
/// assert!(report.abandoned.is_empty());
/// # Ok(())
/// # }
/// ```
pub struct Host {
    registry: Registry,
    sources: Arc<Sources>,
    settings: Arc<WorkerSettings>,
    connection: ConnectionSettings,
    traces: TraceSettings,
    http: Option<SocketAddr>,
    cap: Option<AttemptCap>,
    twice: Option<Arc<EveryActivityTwice>>,
    reach: Option<Reach>,
    user: Option<Handle>,
}

/// A last word on how Temporal is reached.
type Reach = Box<dyn FnOnce(Connector) -> Connector + Send + Sync>;

/// How a host left.
#[derive(Debug, Default)]
pub struct Report {
    /// Activities that still ran when the grace was over. Temporal times them out and starts them again elsewhere.
    pub abandoned: Vec<RunningAttempt>,
}

impl Host {
    /// Checks the settings, and the products against them. Nothing is connected yet.
    ///
    /// # Errors
    /// A setting that is missing or wrong, of the worker or of a product; TEMPORAL_TASK_QUEUE naming no queue.
    pub fn new(registry: Registry, sources: Sources) -> Result<Self, HostError> {
        let settings: WorkerSettings = mainspring_settings::load(&sources)?;
        let connection: ConnectionSettings = mainspring_settings::load(&sources)?;
        let traces: TraceSettings = mainspring_settings::load(&sources)?;
        let registry = if settings.queues.is_empty() { registry } else { registry.moved(&settings.queues)? };
        let registry = match &settings.task_queue {
            None => registry,
            Some(queue) => {
                registry.filter(|product| product.queue() == queue).ok_or_else(|| HostError::UnknownQueue {
                    queue: queue.clone(),
                    known: registry.queues().into_keys().collect::<Vec<_>>().join(", "),
                })?
            }
        };
        for product in registry.products() {
            product.check_settings(&sources).map_err(|source| HostError::ProductSettings {
                product: product.name().to_owned(),
                queue: product.queue().to_owned(),
                source,
            })?;
        }
        let http = Some(settings.http_addr);
        let twice = settings.every_activity_twice.then(Arc::default);
        let (sources, settings) = (Arc::new(sources), Arc::new(settings));
        Ok(Self { registry, sources, settings, connection, traces, http, cap: None, twice, reach: None, user: None })
    }

    /// Caps the attempts of every activity that workflow code schedules here: for tests, so that none retries for ever.
    #[must_use]
    pub const fn cap_attempts(mut self, cap: AttemptCap) -> Self {
        self.cap = Some(cap);
        self
    }

    /// Runs every activity twice and compares, for tests and development; the same as MAINSPRING_EVERY_ACTIVITY_TWICE, with
    /// probes. Attempts are remembered by this process alone, so it should be the only one on its queues.
    #[must_use]
    pub fn every_activity_twice(mut self, twice: Arc<EveryActivityTwice>) -> Self {
        self.twice = Some(twice);
        self
    }

    /// Where probes and metrics listen, in place of MAINSPRING_HTTP_ADDR; `None` opens no listener.
    #[must_use]
    pub const fn http(mut self, addr: Option<SocketAddr>) -> Self {
        self.http = addr;
        self
    }

    /// Reaches something in this process in place of a server, so that no setting of a connection counts; runs what it is
    /// given once; and user code spawns on this runtime, which outlives the host.
    pub(crate) fn without_server(
        mut self,
        user: Handle,
        reach: impl FnOnce(Connector) -> Connector + Send + Sync + 'static,
    ) -> Result<Self, HostError> {
        self.connection = mainspring_settings::load(&Sources::from_pairs([]))?;
        self.reach = Some(Box::new(reach));
        self.twice = None;
        self.user = Some(user);
        Ok(self)
    }

    /// The settings as they were read.
    pub fn settings(&self) -> &WorkerSettings {
        &self.settings
    }

    /// Starts every worker, and returns once they poll.
    ///
    /// # Errors
    /// Temporal cannot be reached within a minute; a product's activities cannot be connected; the listener's address is
    /// taken; every activity is to run twice, and the worker is versioned.
    pub async fn start(mut self) -> Result<RunningHost, HostError> {
        if self.twice.is_some() && self.settings.versioning != Versioning::Off {
            return Err(HostError::TwiceVersioned);
        }
        install_panic_hook();
        let labels = GlobalLabels {
            deployment_name: self.settings.deployment_name.clone().unwrap_or_default(),
            build_id: plan::build_id(&self.settings),
            namespace: self.connection.namespace.clone(),
        };
        let listener = self.http.map(ProbeServer::bind).transpose()?;
        let control = self.settings.control_addr.map(ProbeServer::bind).transpose()?;
        let runtimes = Runtimes::build(&self.registry, &self.settings, self.user.take())?;
        let system = runtimes.system().clone();
        let metrics = Metrics::install(&labels);
        let health = Health::new();
        let serve = |listener: Option<ProbeServer>| {
            listener.map(|listener| listener.serve(health.clone(), metrics.clone())).transpose()
        };
        let (probes, control) = (serve(listener)?, serve(control)?);
        let connector = Connector::new(self.connection.clone())?.with_meter(metrics.temporal_meter());
        let connector = match self.reach.take() {
            Some(reach) => reach(connector),
            None => connector,
        };
        let core = {
            let _entered = system.enter();
            let telemetry = TelemetryOptions::builder().metrics(metrics.meter()).build();
            let options = RuntimeOptions::builder().telemetry_options(telemetry).build();
            let options = options.map_err(HostError::Build)?;
            Arc::new(Runtime::from_current_tokio(options).map_err(|error| HostError::Build(error.to_string()))?)
        };
        let trigger = ShutdownTrigger::new();
        let traces = {
            let _entered = system.enter();
            Traces::start(&self.traces, &crate::run::program())?
        };
        let plans = self.plans(&runtimes, &trigger, traces.as_ref(), connector.data_converter()).await?;
        let drain = CancellationToken::new();
        let seats: Vec<Seat> = plans
            .iter()
            .flat_map(|plan| {
                plan.seats().into_iter().flat_map(move |(kind, n)| (0..n).map(move |_| (plan.clone(), kind)))
            })
            .map(|(plan, kind)| Seat {
                plan,
                kind,
                core: core.clone(),
                runtime: system.clone(),
                connector: connector.clone(),
                health: health.clone(),
                drain: drain.clone(),
            })
            .collect();
        let links = connect_all(&connector, seats.len(), &system).await?;
        tracing::info!(
            queues = self.registry.queues().into_keys().collect::<Vec<_>>().join(", "),
            temporal = connector.describe(),
            workers = seats.len(),
            probes = probes.as_ref().map(|probes| probes.local_addr().to_string()),
            control = control.as_ref().map(|control| control.local_addr().to_string()),
            "polling"
        );
        if self.twice.is_some() {
            tracing::warn!(
                "every activity runs twice, to compare (MAINSPRING_EVERY_ACTIVITY_TWICE): not for production"
            );
        }
        // Readiness waits for every seat from the first moment on, also for those that are taken last.
        seats.iter().for_each(|seat| drop(health.worker(&seat.plan.queue, seat.kind.name())));
        let mut keepers = JoinSet::new();
        for (seat, link) in seats.into_iter().zip(links) {
            keepers.spawn_on(seat.keep(link), &system);
        }
        let upkeep = system.spawn(metrics.clone().keep_up());
        let schedules = self.settings.apply_schedules.then(|| {
            let (schedules, namespace) = (self.registry.schedules(), self.connection.namespace.clone());
            system.spawn(schedules::apply(schedules, connector.clone(), namespace))
        });
        let interval = self.settings.backlog_interval;
        let backlog = (interval > Duration::ZERO).then(|| {
            let queues = self.registry.queues().into_keys().map(str::to_owned).collect();
            system.spawn(backlog::watch(connector.clone(), self.connection.namespace.clone(), queues, interval))
        });
        let beside = schedules.into_iter().chain(backlog).chain([upkeep]).collect();
        Ok(RunningHost {
            settings: self.settings,
            plans,
            health,
            metrics,
            probes,
            control,
            traces,
            trigger,
            drain,
            twice: self.twice,
            keepers,
            beside,
            _runtimes: runtimes,
        })
    }

    /// Starts, waits for `signal` or for a worker that cannot be kept alive, and drains.
    ///
    /// # Errors
    /// As [`Host::start`], and a worker that died more often than its crash budget allows.
    pub async fn run_until(self, signal: impl Future<Output = ()>) -> Result<Report, HostError> {
        futures::pin_mut!(signal);
        let starting = self.start();
        futures::pin_mut!(starting);
        let mut host = tokio::select! {
            host = &mut starting => host?,
            () = &mut signal => return Ok(Report::default()),
        };
        tokio::select! {
            error = host.failed() => {
                host.drain().await;
                Err(error)
            }
            () = &mut signal => Ok(host.drain().await),
        }
    }

    async fn plans(
        &self,
        runtimes: &Runtimes,
        trigger: &ShutdownTrigger,
        traces: Option<&Traces>,
        converter: &DataConverter,
    ) -> Result<Vec<Arc<QueuePlan>>, HostError> {
        let setup = Setup::new(self.sources.clone());
        let controller = controller(&self.settings);
        let mut plans = Vec::new();
        for (queue, products) in self.registry.queues() {
            let mut plan = QueuePlan {
                queue: queue.to_owned(),
                settings: self.settings.clone(),
                controller: controller.clone(),
                surroundings: ActivitySurroundings {
                    user: runtimes.user().clone(),
                    shutdown: trigger.signal(),
                    attempts: Arc::new(Attempts::new(self.settings.activity_poll_limit)),
                },
                workflows: Vec::new(),
                activities: Vec::new(),
                gate: None,
                customize: Vec::new(),
                routes: self.registry.routes(),
                traces: traces.cloned(),
                cap: self.cap,
                twice: self.twice.clone(),
            };
            if self.settings.replay_gate && products.iter().any(|product| product.workflow_names().next().is_some()) {
                let build_id = plan::build_id(&self.settings);
                let namespace = &self.connection.namespace;
                plan.workflows.push(gate::workflow());
                plan.gate = Some(gate::activity(&self.registry, &products, namespace, converter, build_id));
            }
            for product in products {
                // A product's dependencies belong to the runtime that its activities use them on.
                let (connecting, setup) = (product.clone(), setup.clone());
                let connected = runtimes.user().spawn(async move { connecting.connect(&setup).await }).await;
                let connected = connected.unwrap_or_else(|error| Err(error.into()));
                plan.activities.extend(connected.map_err(|source| HostError::ProductSetup {
                    product: product.name().to_owned(),
                    queue: queue.to_owned(),
                    source,
                })?);
                plan.workflows.extend(product.workflow_registrations());
                plan.customize.extend(product.customizations());
            }
            plans.push(Arc::new(plan));
        }
        Ok(plans)
    }
}

async fn connect_all(connector: &Connector, n: usize, system: &Handle) -> Result<Vec<Link>, HostError> {
    let connections = (0..n).map(|_| {
        let connector = connector.clone();
        // The connection's tasks must live on the host's runtime, not on the caller's.
        let connecting = system.spawn(async move { connector.connect(PATIENCE_WORKER).await });
        async move { connecting.await.map_err(|error| HostError::Build(error.to_string()))?.map_err(HostError::from) }
    });
    try_join_all(connections).await
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (registry, settings) = (&self.registry, &self.settings);
        f.debug_struct("Host").field("registry", registry).field("settings", settings).finish_non_exhaustive()
    }
}
