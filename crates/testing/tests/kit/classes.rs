//! Every class of failure, thrown on a real server: how often it is tried, and what workflow code knows it by.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mainspring_testing::{ATTEMPTS, Env};
use mainspring_vocabulary::{ActivityContract, Contract, FailedWith, Failure, Timeouts, names};
use mainspring_worker::Product;
use parking_lot::Mutex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use temporalio_common::{ActivityCloseTimeouts, HasWorkflowDefinition, RetryPolicy, WorkflowDefinition};
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use temporalio_sdk::{WorkflowContext, WorkflowResult};

use crate::lab::Outcome;

/// The wait that one class asks for; the server keeps timers of a second and less only roughly.
const PAUSE: Duration = Duration::from_secs(2);

#[derive(Debug, Failure)]
enum TillError {
    #[failure(terminal, message = "declined")]
    Declined,
    #[failure(terminal, message = "charged before", benign)]
    Duplicate,
    #[failure(retryable, message = "busy")]
    Busy,
    #[failure(retryable, message = "closed for a while", next_delay = "2s", type_name = "TillClosed")]
    Closed,
    /// Its contract knows better than an older build of the activity, or one in another language.
    #[failure(retryable, message = "no such till")]
    Missing,
}

/// What an attempt is to fail with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
enum Class {
    Declined,
    Duplicate,
    Busy,
    Closed,
    Missing,
    Unclassified,
    Panic,
    TooSlow,
}

#[derive(Clone, Default)]
struct Till(Arc<Mutex<Vec<Instant>>>);

#[activities]
impl Till {
    #[activity(name = "charge")]
    async fn charge(self: Arc<Self>, _ctx: ActivityContext, class: Class) -> Result<(), ActivityError> {
        self.0.lock().push(Instant::now());
        Err(match class {
            Class::Declined => TillError::Declined.into(),
            Class::Duplicate => TillError::Duplicate.into(),
            Class::Busy => TillError::Busy.into(),
            Class::Closed => TillError::Closed.into(),
            Class::Missing => TillError::Missing.into(),
            Class::Unclassified => std::io::Error::other("no class").into(),
            Class::Panic => panic!("the till fell down"),
            Class::TooSlow => std::future::pending().await,
        })
    }
}

impl ActivityContract for till::Charge {
    type Failures = TillError;
    const TIMEOUTS: Timeouts = Timeouts::start_to_close(Duration::from_secs(20));

    fn retry_policy() -> RetryPolicy {
        RetryPolicy::builder().non_retryable_error_types([TillError::MISSING.name()]).build()
    }
}

/// Charges once; gives the failure's type as it reads it, and the classes that it takes it for.
#[derive(Clone, Copy, Default)]
struct Sale;

impl WorkflowDefinition for Sale {
    type Input = Class;
    type Output = (Option<String>, Vec<String>);

    fn name(&self) -> &'static str {
        "sale"
    }
}

impl HasWorkflowDefinition for Sale {
    type Run = Self;
}

impl Contract for Sale {
    const TASK_QUEUE: &'static str = "tills";
}

#[workflow]
#[derive(Default)]
struct Selling;

#[workflow_methods]
impl Selling {
    #[run(name = "sale")]
    async fn run(ctx: &mut WorkflowContext<Self>, class: Class) -> WorkflowResult<(Option<String>, Vec<String>)> {
        let mut options = Till::charge.options();
        if class == Class::TooSlow {
            options.close_timeouts = ActivityCloseTimeouts::StartToClose(Duration::from_secs(1));
        }
        let Err(error) = ctx.execute_activity(Till::charge, class, options).await else {
            return Ok((None, Vec::new()));
        };
        let known = [TillError::DECLINED, TillError::DUPLICATE, TillError::BUSY, TillError::CLOSED, TillError::MISSING];
        let taken_for = known.into_iter().filter(|known| error.is(known)).map(|known| known.name().to_owned());
        Ok((error.type_name().map(str::to_owned), taken_for.collect()))
    }
}

fn product(till: &Till) -> Product {
    let till = till.clone();
    Product::new("tills", "tills")
        .workflow_as::<Selling, Sale>()
        .activities(move |_setup| std::future::ready(Ok(till.clone())), |set| set.activity(Till::charge))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn each_class_is_tried_as_often_as_it_says_and_known_by_its_name() -> Outcome {
    let till = Till::default();
    let worker = Env::shared().await?.worker([product(&till)]).start().await?;
    let cases = [
        (Class::Declined, 1, Some("Declined")),
        (Class::Duplicate, 1, Some("Duplicate")),
        (Class::Busy, ATTEMPTS, Some("Busy")),
        (Class::Closed, ATTEMPTS, Some("TillClosed")),
        (Class::Missing, 1, Some("Missing")),
        (Class::Unclassified, ATTEMPTS, Some(names::UNCLASSIFIED)),
        (Class::Panic, ATTEMPTS, Some(names::PANIC)),
        (Class::TooSlow, ATTEMPTS, None),
    ];
    for (class, attempts, name) in cases {
        till.0.lock().clear();
        let (said, taken_for) = worker.execute::<Sale>(class).await?;
        let begun = std::mem::take(&mut *till.0.lock());
        assert_eq!((begun.len(), said.as_deref()), (attempts as usize, name), "{class:?}");
        let ours = name.filter(|name| ![names::UNCLASSIFIED, names::PANIC].contains(name));
        assert_eq!(taken_for, Vec::from_iter(ours), "{class:?}");
        let pauses = begun.windows(2).map(|pair| pair[1] - pair[0]);
        if class == Class::Closed {
            assert!(pauses.min() >= Some(PAUSE), "{begun:?}");
        } else if class == Class::Busy {
            assert!(pauses.min() < Some(PAUSE), "the pause is that one class's own: {begun:?}");
        }
    }
    worker.stop().await?;
    Ok(())
}
