//! An activity as its callers know it, beyond its types: how long it may take, how it is tried again, how it fails.

use temporalio_common::{ActivityCloseTimeouts, ActivityDefinition, RetryPolicy};
use temporalio_workflow::{ActivityOptions, LocalActivityOptions};

use crate::{Classified, Timeouts};

/// What a contract says of an activity. Workflow code takes its options from it, so that what an activity may take stands
/// once, beside the activity.
///
/// ```
/// use std::time::Duration;
///
/// use mainspring_vocabulary::{ActivityContract, Failure, Timeouts};
/// use temporalio_common::{ActivityError, RetryPolicy};
/// use temporalio_macros::activity_definitions;
///
/// pub struct Payments;
///
/// #[activity_definitions]
/// impl Payments {
///     #[activity(name = "charge")]
///     pub fn charge(cents: u64) -> Result<String, ActivityError> {
///         unimplemented!()
///     }
/// }
///
/// #[derive(Debug, Failure)]
/// pub enum ChargeError {
///     #[failure(terminal, message = "the card was declined")]
///     CardDeclined,
///     #[failure(retryable, message = "the bank is busy")]
///     BankBusy,
/// }
///
/// impl ActivityContract for payments::Charge {
///     type Failures = ChargeError;
///     const TIMEOUTS: Timeouts =
///         Timeouts::start_to_close(Duration::from_secs(20)).schedule_to_close(Duration::from_secs(3600));
///
///     fn retry_policy() -> RetryPolicy {
///         RetryPolicy::builder().maximum_interval(Duration::from_secs(60)).build()
///     }
/// }
///
/// // In workflow code: ctx.execute_activity(Payments::charge, 1999, Payments::charge.options())
/// let options = Payments::charge.options();
/// assert_eq!(options.close_timeouts.start_to_close(), Some(Duration::from_secs(20)));
/// assert_eq!(options.retry_policy.unwrap().non_retryable_error_types(), ["CardDeclined"]);
/// ```
///
/// The options are the SDK's own, and a call may change them: `options.summary = Some("the fee".to_owned())`. What depends
/// on an input is set there too. The registry looks at [`TIMEOUTS`](Self::TIMEOUTS) when a worker starts; see
/// [`Timeouts::breaches`].
pub trait ActivityContract: ActivityDefinition {
    /// The classes of its failures; [`NoFailures`](crate::NoFailures) for one that has none of its own.
    type Failures: Classified;

    /// How long it may take, and how often it has to be heard from.
    const TIMEOUTS: Timeouts;

    /// How it is tried again. By default as Temporal does: after 1 s, then after twice as long each time, up to 100 s, and
    /// without a last attempt. What [`Failures`](Self::Failures) call terminal need not be named here.
    fn retry_policy() -> RetryPolicy {
        RetryPolicy::default()
    }

    /// The options to call it with, as its contract says.
    fn options(&self) -> ActivityOptions {
        let Timeouts { start_to_close, heartbeat, schedule_to_close, schedule_to_start } = Self::TIMEOUTS;
        let close = match schedule_to_close {
            Some(schedule_to_close) => {
                ActivityCloseTimeouts::ScheduleAndStartToClose { schedule_to_close, start_to_close }
            }
            None => ActivityCloseTimeouts::StartToClose(start_to_close),
        };
        ActivityOptions::with_close_timeouts(close)
            .maybe_heartbeat_timeout(heartbeat)
            .maybe_schedule_to_start_timeout(schedule_to_start)
            .retry_policy(retry_policy::<Self>())
            .build()
    }

    /// The options to call it with as a local activity, which has no heartbeats.
    fn local_options(&self) -> LocalActivityOptions {
        let Timeouts { start_to_close, schedule_to_close, schedule_to_start, .. } = Self::TIMEOUTS;
        LocalActivityOptions::builder()
            .start_to_close_timeout(start_to_close)
            .maybe_schedule_to_close_timeout(schedule_to_close)
            .maybe_schedule_to_start_timeout(schedule_to_start)
            .retry_policy(retry_policy::<Self>())
            .build()
    }
}

/// Its policy, with the names that its failures say are terminal.
fn retry_policy<A: ActivityContract + ?Sized>() -> RetryPolicy {
    let mut policy = A::retry_policy();
    let mut names: Vec<String> = policy.non_retryable_error_types().to_vec();
    let terminal = A::Failures::NON_RETRYABLE.iter().map(|name| (*name).to_owned());
    let missing: Vec<String> = terminal.filter(|name| !names.contains(name)).collect();
    names.extend(missing);
    policy.set_non_retryable_error_types(names);
    policy
}
