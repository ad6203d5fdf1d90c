//! What a schedule says, all but its id, its owner and its input: as a record in the server keeps it, and as a line of JSON has it.
//! Each field's name is its name in a plan.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use temporalio_common::RetryPolicy;
use temporalio_common::protos::temporal::api::enums::v1::ScheduleOverlapPolicy;

use super::Calendar;
use super::text::{optional_span, optional_time, span};

/// What is left out has its default, and a record of an older version stays readable.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Declared {
    pub(crate) workflow: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) task_queue: String,
    /// The server appends the time; the schedule's id when empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) workflow_id: String,
    #[serde(with = "optional_span", skip_serializing_if = "Option::is_none")]
    pub(crate) execution_timeout: Option<Duration>,
    #[serde(with = "optional_span", skip_serializing_if = "Option::is_none")]
    pub(crate) run_timeout: Option<Duration>,
    #[serde(with = "optional_span", skip_serializing_if = "Option::is_none")]
    pub(crate) task_timeout: Option<Duration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry: Option<Retry>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) memo: BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) search_attributes: BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) summary: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) details: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) priority: Option<Precedence>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) intervals: Vec<Interval>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) calendars: Vec<Calendar>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) cron: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) except: Vec<Calendar>,
    #[serde(with = "optional_span", skip_serializing_if = "Option::is_none")]
    pub(crate) jitter: Option<Duration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) time_zone: Option<String>,
    /// The zone's rules as TZif, in base64.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) time_zone_data: String,
    #[serde(with = "optional_time", skip_serializing_if = "Option::is_none")]
    pub(crate) start: Option<Timestamp>,
    #[serde(with = "optional_time", skip_serializing_if = "Option::is_none")]
    pub(crate) end: Option<Timestamp>,
    pub(crate) overlap: Overlap,
    #[serde(with = "optional_span", skip_serializing_if = "Option::is_none")]
    pub(crate) catchup_window: Option<Duration>,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) pause_on_failure: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) keep_workflow_id: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) remaining_actions: Option<u32>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) note: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) schedule_search_attributes: BTreeMap<String, Value>,
    /// Only of its making, so no part of a plan.
    #[serde(skip_serializing)]
    pub(crate) paused: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_false(is: &bool) -> bool {
    !*is
}

/// Every so often, counted from 1970, and so long after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Interval {
    #[serde(with = "span")]
    pub(crate) every: Duration,
    #[serde(default, with = "span", skip_serializing_if = "Duration::is_zero")]
    pub(crate) offset: Duration,
}

/// A retry policy of workflows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retry {
    #[serde(default = "Retry::first", with = "span")]
    pub(crate) initial_interval: Duration,
    #[serde(default = "Retry::twice")]
    pub(crate) backoff: f64,
    #[serde(default, with = "optional_span", skip_serializing_if = "Option::is_none")]
    pub(crate) maximum_interval: Option<Duration>,
    /// 0 is no limit.
    #[serde(default)]
    pub(crate) maximum_attempts: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) non_retryable: Vec<String>,
}

impl Retry {
    const fn first() -> Duration {
        Duration::from_secs(1)
    }

    const fn twice() -> f64 {
        2.0
    }
}

impl From<&RetryPolicy> for Retry {
    fn from(policy: &RetryPolicy) -> Self {
        Self {
            initial_interval: policy.initial_interval(),
            backoff: policy.backoff_coefficient(),
            maximum_interval: policy.maximum_interval(),
            maximum_attempts: policy.maximum_attempts(),
            non_retryable: policy.non_retryable_error_types().to_vec(),
        }
    }
}

/// How the tasks of its workflows are ordered against others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Precedence {
    pub(crate) key: u32,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) fairness_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fairness_weight: Option<f32>,
}

/// What happens when it is time and the last run is still going.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// This time is left out. The default.
    #[default]
    Skip,
    /// One waits for the end of the last; more than one are left out.
    BufferOne,
    /// All wait, one after another.
    BufferAll,
    /// The last is cancelled, and the next starts when it has ended.
    CancelOther,
    /// The last is terminated, and the next starts at once.
    TerminateOther,
    /// They run at once.
    AllowAll,
}

impl Overlap {
    /// Each, with the name that a plan, a line of JSON and Temporal's CLI have for it, in lower case.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Skip, "skip"),
        (Self::BufferOne, "buffer_one"),
        (Self::BufferAll, "buffer_all"),
        (Self::CancelOther, "cancel_other"),
        (Self::TerminateOther, "terminate_other"),
        (Self::AllowAll, "allow_all"),
    ];

    /// Its name: `buffer_one`.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(policy, _)| *policy == self).map_or("skip", |(_, name)| name)
    }
}

impl From<Overlap> for ScheduleOverlapPolicy {
    fn from(overlap: Overlap) -> Self {
        match overlap {
            Overlap::Skip => Self::Skip,
            Overlap::BufferOne => Self::BufferOne,
            Overlap::BufferAll => Self::BufferAll,
            Overlap::CancelOther => Self::CancelOther,
            Overlap::TerminateOther => Self::TerminateOther,
            Overlap::AllowAll => Self::AllowAll,
        }
    }
}
