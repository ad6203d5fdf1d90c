//! What every worker of one task queue is built from, as often as it has to be built.

use std::sync::Arc;
use std::time::Duration;

use mainspring_traces::Traces;
use temporalio_client::PluginError;
use temporalio_common::worker::{
    VersioningBehavior, WorkerDeploymentOptions, WorkerDeploymentVersion, build_id_from_current_exe,
};
use temporalio_sdk::runtime::PollerBehavior;
use temporalio_sdk::runtime::worker_tuner::{
    FixedSizeSlotSupplier, ResourceBasedController, ResourceBasedSlotOptions, ResourceBasedSlotsForType,
    ResourceBasedTunerOptions, TunerHolder, WorkerTuner,
};
use temporalio_sdk::{WorkerOptions, WorkerPlugin};

use super::sizes;
use super::{Versioning, WorkerSettings};
use crate::layers::{
    ActivityLayer, ActivitySurroundings, AttemptCap, Busy, EveryActivityTwice, TwiceLayer, workflow_layer,
};
use crate::registry::{Registration, Routes};

/// The two workers of a queue. Apart, because the SDK keeps 0.6 KB for every activity that a worker has run: the
/// activity worker is rebuilt now and then, and the workflow worker keeps its cache (ARCHITECTURE.md has the figures).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Workflows,
    Activities,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Workflows => "workflow",
            Self::Activities => "activity",
        }
    }
}

pub(super) struct QueuePlan {
    pub(super) queue: String,
    pub(super) settings: Arc<WorkerSettings>,
    pub(super) controller: Option<ResourceBasedController>,
    pub(super) surroundings: ActivitySurroundings,
    pub(super) workflows: Vec<Registration>,
    pub(super) activities: Vec<Registration>,
    /// The gate's activity: a local one, so that its queue needs no worker that polls activities.
    pub(super) gate: Option<Registration>,
    pub(super) customize: Vec<Registration>,
    pub(super) routes: Arc<Routes>,
    pub(super) traces: Option<Traces>,
    pub(super) cap: Option<AttemptCap>,
    pub(super) twice: Option<Arc<EveryActivityTwice>>,
}

impl QueuePlan {
    /// The kinds of worker that the queue needs, and how many of each.
    pub(super) fn seats(&self) -> Vec<(Kind, usize)> {
        let workflows = (!self.workflows.is_empty()).then_some((Kind::Workflows, self.settings.workflow_workers));
        let activities = (!self.activities.is_empty()).then_some((Kind::Activities, 1));
        workflows.into_iter().chain(activities).collect()
    }

    /// Options for one worker. `slots` is how many activities it may run: less than the setting while the worker before
    /// it still runs some.
    ///
    /// # Errors
    /// The plugin that makes spans refused the options.
    pub(super) fn options(&self, kind: Kind, slots: usize, busy: &Arc<Busy>) -> Result<WorkerOptions, PluginError> {
        let settings = &self.settings;
        let mut options = WorkerOptions::new(self.queue.clone()).build();
        options.deployment_options = deployment(settings);
        options.graceful_shutdown_period = Some(settings.sum().cancel());
        options.max_heartbeat_throttle_interval = settings.heartbeat_throttle;
        options.default_heartbeat_throttle_interval = settings.heartbeat_throttle;
        options.max_cached_workflows = match kind {
            Kind::Workflows => self.cached_workflows(),
            Kind::Activities => 0,
        };
        options.tuner = self.tuner(kind, slots);
        options.workflow_task_poller_behavior = settings.workflow_pollers.map(PollerBehavior::SimpleMaximum);
        options.activity_task_poller_behavior = settings.activity_pollers.map(PollerBehavior::SimpleMaximum);
        // Eager activities go to the worker that ran the workflow task, and here that one runs none.
        options.max_eager_activity_reservations_per_workflow_task = 0;
        // Activities are registered with both: the workflow worker has no slot for them, but runs the local ones.
        if let Some(twice) = &self.twice {
            options.activity_inbound_interceptor(TwiceLayer(twice.clone(), self.surroundings.clone()));
        }
        options.activity_inbound_interceptor(ActivityLayer(self.surroundings.clone()));
        self.activities.iter().for_each(|register| register(&mut options));
        match kind {
            Kind::Workflows => {
                self.workflows.iter().for_each(|register| register(&mut options));
                self.gate.iter().for_each(|register| register(&mut options));
                options.workflow_interceptor(workflow_layer(busy.clone(), self.routes.clone(), self.cap));
            }
            Kind::Activities => {
                options.max_worker_activities_per_second = settings.activities_per_second;
                options.max_task_queue_activities_per_second = settings.queue_activities_per_second;
            }
        }
        if let Some(traces) = &self.traces {
            traces.plugin().configure_worker_options(&mut options)?;
        }
        self.customize.iter().for_each(|change| change(&mut options));
        Ok(options)
    }

    fn cached_workflows(&self) -> usize {
        let of_queue = self.settings.cached_workflows.unwrap_or_else(|| crate::cache_size(sizes::memory_limit()));
        of_queue.div_ceil(self.settings.workflow_workers)
    }

    fn tuner(&self, kind: Kind, slots: usize) -> WorkerTuner {
        let workflow_slots = self.settings.workflow_tasks.div_ceil(self.settings.workflow_workers).max(2);
        let remote_slots = if kind == Kind::Activities { slots } else { 0 };
        let holder = TunerHolder::builder()
            .local_activity_task_slot_supplier(FixedSizeSlotSupplier::new(self.settings.activities))
            .nexus_task_slot_supplier(FixedSizeSlotSupplier::new(1));
        match (&self.controller, kind) {
            (Some(controller), Kind::Workflows) => holder
                .workflow_task_slot_supplier(resource_based(controller, workflow_slots))
                .activity_task_slot_supplier(FixedSizeSlotSupplier::new(remote_slots))
                .build()
                .into(),
            (Some(controller), Kind::Activities) => holder
                .workflow_task_slot_supplier(FixedSizeSlotSupplier::new(workflow_slots))
                .activity_task_slot_supplier(resource_based(controller, slots))
                .build()
                .into(),
            (None, _) => holder
                .workflow_task_slot_supplier(FixedSizeSlotSupplier::new(workflow_slots))
                .activity_task_slot_supplier(FixedSizeSlotSupplier::new(remote_slots))
                .build()
                .into(),
        }
    }
}

/// One controller for every worker of the process: they share its memory and CPU.
pub(super) fn controller(settings: &WorkerSettings) -> Option<ResourceBasedController> {
    let (memory, cpu) = settings.target_memory.zip(settings.target_cpu)?;
    let options = ResourceBasedTunerOptions::builder().target_memory_usage(memory).target_cpu_usage(cpu).build();
    Some(ResourceBasedController::new(options))
}

fn resource_based(controller: &ResourceBasedController, maximum: usize) -> ResourceBasedSlotsForType {
    let options = ResourceBasedSlotOptions::builder()
        .minimum_slots(2.min(maximum))
        .maximum_slots(maximum)
        .ramp_throttle(Duration::from_millis(20))
        .build();
    ResourceBasedSlotsForType::with_controller(controller.clone(), options)
}

/// The build id as set or compiled in, else a checksum of the executable.
pub(super) fn build_id(settings: &WorkerSettings) -> String {
    settings.build_id.clone().unwrap_or_else(|| build_id_from_current_exe().to_owned())
}

fn deployment(settings: &WorkerSettings) -> WorkerDeploymentOptions {
    let build_id = build_id(settings);
    let behavior = match settings.versioning {
        Versioning::Off => return WorkerDeploymentOptions::from_build_id(build_id),
        Versioning::Pinned => VersioningBehavior::Pinned,
        Versioning::AutoUpgrade => VersioningBehavior::AutoUpgrade,
    };
    let version = WorkerDeploymentVersion::builder()
        .deployment_name(settings.deployment_name.clone().unwrap_or_default())
        .build_id(build_id)
        .build();
    WorkerDeploymentOptions::new(version).use_worker_versioning(true).default_versioning_behavior(behavior).build()
}
