//! Events in orders drawn from seeds: results of activities, timers and what a test does beside them come to a workflow one at a
//! time, on a real server, each once the workflow has dealt with the one before.

mod gate;
mod quiet;
mod timers;

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt, OptionFuture};
use mainspring_caller::Contract;
use mainspring_worker::Product;
use parking_lot::Mutex;
use temporalio_common::SignalDefinition;

use crate::{RunError, TestError, TestRun};
use gate::Gate;
use quiet::Ready;
use timers::{Leap, Timers};

/// The one order that is to be run again.
const SEED: &str = "MAINSPRING_SEED";

/// Holds the results of a worker's activities ([`WorkerBuilder::orders`](crate::WorkerBuilder::orders)) and releases them
/// in the order of a seed. One test explores at a time.
///
/// ```no_run
/// # use mainspring_testing::{Env, Orders, TestError};
/// # use mainspring_vocabulary::Contract;
/// # use mainspring_worker::Product;
/// # async fn a_test<Buy, Stop>(env: Env, product: Product, stop: fn() -> Stop) -> Result<(), TestError>
/// # where Buy: Contract<Input = u64, Output = u64>,
/// #     Stop: temporalio_common::SignalDefinition<Workflow = Buy, Input = ()> + Send + Sync + 'static {
/// let orders = Orders::default();
/// let worker = env.worker([product]).orders(&orders).start().await?;
/// let tried = orders.explore(200, async |order| {
///     let run = worker.start::<Buy>(17).await?;
///     order.signal(&run, stop(), ());
///     assert_eq!(order.result(&run).await?, 17);
///     Ok(())
/// });
/// tried.await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Orders(Arc<Gate>);

impl Orders {
    /// With another limit for how long an activity may run before its result is held; 20 s by default.
    pub fn longest_activity(limit: Duration) -> Self {
        Self(Arc::new(Gate::of(limit)))
    }

    /// Runs the test in the orders of the seeds from 0 on, until one fails, by an error or a panic. With MAINSPRING_SEED in
    /// the environment it runs that one alone.
    ///
    /// # Errors
    /// [`RunError::Order`], with the seed and the events up to there; [`RunError::Seed`].
    pub async fn explore(
        &self,
        seeds: u64,
        test: impl AsyncFn(Order) -> Result<(), TestError>,
    ) -> Result<(), RunError> {
        let chosen = chosen(std::env::var(SEED).ok())?;
        for (seed, nth) in chosen.map_or(0..seeds, |seed| seed..seed.saturating_add(1)).zip(1..) {
            let seeds = chosen.map_or(seeds, |_| 1);
            let tried = self.try_one(seed, &test).await;
            tried.map_err(|(cause, events)| RunError::Order { seed, nth, seeds, cause, events })?;
        }
        Ok(())
    }

    /// Runs the test in the order of one seed.
    ///
    /// # Errors
    /// As [`Self::explore`].
    pub async fn one(&self, seed: u64, test: impl AsyncFn(Order) -> Result<(), TestError>) -> Result<(), RunError> {
        let tried = self.try_one(seed, &test).await;
        tried.map_err(|(cause, events)| RunError::Order { seed, nth: 1, seeds: 1, cause, events })
    }

    /// What the test said, and the events up to there.
    async fn try_one(
        &self,
        seed: u64,
        test: &impl AsyncFn(Order) -> Result<(), TestError>,
    ) -> Result<(), (String, String)> {
        let order = Order::new(seed, self.0.clone());
        let events = order.log.clone();
        let outcome = AssertUnwindSafe(test(order)).catch_unwind().await;
        self.0.release_all();
        let cause = match outcome {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(panic) => said(&*panic),
        };
        let events = events.lock().iter().zip(1..).map(|(event, at)| format!("  {at}. {event}\n")).collect();
        Err((cause, events))
    }

    pub(crate) fn hold(&self, product: Product) -> Product {
        let gate = self.0.clone();
        product.customize(move |options| {
            options.activity_inbound_interceptor(gate::Hold(gate.clone()));
        })
    }
}

/// What a test does beside the workflow's activities.
struct Event {
    name: String,
    happen: BoxFuture<'static, Result<(), TestError>>,
}

/// The order of one seed.
pub struct Order {
    seed: u64,
    random: Mutex<fastrand::Rng>,
    gate: Arc<Gate>,
    events: Mutex<Vec<Event>>,
    log: Arc<Mutex<Vec<String>>>,
    /// On a time-skipping server; known once there is a result to wait for.
    timers: OnceLock<Option<Timers>>,
}

/// What can be released.
enum Choice {
    Result(gate::Key),
    Event,
    Timers(Leap),
}

impl Order {
    fn new(seed: u64, gate: Arc<Gate>) -> Self {
        let random = Mutex::new(fastrand::Rng::with_seed(seed));
        Self { seed, random, gate, events: Mutex::default(), log: Arc::default(), timers: OnceLock::new() }
    }

    /// Its seed.
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// Something that is to happen at some time while [`Self::result`] waits: an update, a cancellation. Events that have one name happen in the order in which they were given.
    pub fn event<F>(&self, name: impl Into<String>, event: F)
    where
        F: Future<Output = Result<(), TestError>> + Send + 'static,
    {
        self.events.lock().push(Event { name: name.into(), happen: event.boxed() });
    }

    /// A signal that is to be sent at some time.
    pub fn signal<W, S>(&self, run: &TestRun<W>, signal: S, input: S::Input)
    where
        W: Contract,
        S: SignalDefinition<Workflow = W> + Send + Sync + 'static,
        S::Input: Send,
    {
        let (name, run) = (format!("signal {}", signal.name()), (**run).clone());
        self.event(name, async move { Ok(run.signal(signal, input).await?) });
    }

    /// Waits for the result, and releases one event at a time: whenever the workflow and its children have nothing to do,
    /// and every activity of theirs has its result. On a time-skipping server, timers that fire next are such an event, and
    /// no time is skipped beside them.
    ///
    /// # Errors
    /// As [`TestRun::result`]; [`RunError::Event`], [`RunError::Unheld`] and [`RunError::Timer`].
    pub async fn result<W: Contract>(&self, run: &TestRun<W>) -> Result<W::Output, RunError> {
        let timers = self.timers.get_or_init(|| run.clock().map(Timers::of)).as_ref();
        // On the heap, for they are large, and tests hold several.
        let result = async {
            match timers {
                None => Box::pin(run.result()).await,
                Some(_) => Box::pin(run.result_in_real_time()).await,
            }
        };
        let result = tokio::select! {
            result = result => result,
            error = Box::pin(self.release(run.address(), run.workflow_id(), timers)) => return Err(error),
        };
        // The last one may have fired by itself.
        if let Some(timers) = timers {
            Box::pin(quiet::check(run.address(), run.workflow_id(), timers)).await?;
        }
        result
    }

    /// The events so far.
    pub fn so_far(&self) -> Vec<String> {
        self.log.lock().clone()
    }

    /// Ends when an event fails.
    async fn release(&self, address: &str, workflow_id: &str, timers: Option<&Timers>) -> RunError {
        loop {
            let event = || !self.events.lock().is_empty();
            let Ready { held, leap } = match quiet::wait(address, workflow_id, &self.gate, timers, event).await {
                Ok(ready) => ready,
                Err(error) => return error,
            };
            let holding = held.len();
            // In an order of their own, so that a seed means the same again.
            let mut choices: Vec<(String, Choice)> =
                held.into_iter().map(|(key, name)| (name, Choice::Result(key))).collect();
            choices.extend(self.events.lock().iter().map(|event| (event.name.clone(), Choice::Event)));
            choices.extend(leap.map(|leap| (leap.name.clone(), Choice::Timers(leap))));
            choices.sort_by(|(one, _), (other, _)| one.cmp(other));
            choices.dedup_by(|(one, choice), (other, _)| matches!(choice, Choice::Event) && one == other);
            let (name, choice) = choices.swap_remove(self.random.lock().usize(..choices.len()));
            self.log.lock().push(name.clone());
            match choice {
                Choice::Result(key) => self.gate.release(&key),
                Choice::Event => {
                    let event = {
                        let mut events = self.events.lock();
                        events.iter().position(|event| event.name == name).map(|at| events.remove(at))
                    };
                    if let Some(Err(reason)) = OptionFuture::from(event.map(|event| event.happen)).await {
                        return RunError::Event { event: name, reason: reason.to_string() };
                    }
                }
                Choice::Timers(leap) => {
                    let released = OptionFuture::from(timers.map(|timers| timers.release(leap, holding))).await;
                    if let Some(Err(error)) = released {
                        return error;
                    }
                }
            }
        }
    }
}

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Order").field("seed", &self.seed).field("so_far", &self.so_far()).finish_non_exhaustive()
    }
}

fn chosen(setting: Option<String>) -> Result<Option<u64>, RunError> {
    let parse = |value: String| value.trim().parse().map_err(|_| RunError::Seed { value });
    setting.map(parse).transpose()
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_number() {
        assert_eq!(chosen(None).unwrap(), None);
        assert_eq!(chosen(Some("17".into())).unwrap(), Some(17));
        let error = chosen(Some("seventeen".into())).unwrap_err().to_string();
        assert_eq!(error, "MAINSPRING_SEED is \"seventeen\", and is to be the number that a failed test named");
    }
}
