//! The servers that a test binary shares: the dev server, and the one whose time is skipped.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use mainspring_client::search_attributes::{PRODUCT, STARTED_BY, TEAM_ID};
use mainspring_client::{Connector, Link};
use mainspring_servers::{SearchAttributeType, ServersError, TemporalDevServer};
use mainspring_settings::Sources;
use tokio::sync::OnceCell;

use crate::client::TestClient;
use crate::clock::Clock;

/// What went wrong in a test's surroundings, as text: a test prints it and fails.
pub type TestError = Box<dyn std::error::Error + Send + Sync>;

/// The longest that a test waits for a result: it says "stuck", and is no measure of speed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A server and how to reach it. What takes time is in the docs of [`Env::skipping`].
#[derive(Clone, Debug)]
pub struct Env {
    address: String,
    clock: Option<Arc<Clock>>,
}

impl Env {
    /// The server that this test binary shares, in memory, with Mainspring's search attributes. It goes when the binary does.
    ///
    /// # Errors
    /// It could not be installed or started.
    pub async fn shared() -> Result<Self, ServersError> {
        crate::logs::show_if_asked();
        static SHARED: OnceCell<TemporalDevServer> = OnceCell::const_new();
        let builder = search_attributes()
            .into_iter()
            .fold(TemporalDevServer::builder(), |builder, (name, of_type)| builder.search_attribute(name, of_type));
        // The server looks for new tasks 20 times a second on each of its shards, and here has one: past a burst, every
        // step of every workflow would wait 50 ms. Timers and search are limited in the same way.
        let builder = ["transfer", "timer", "visibility"].into_iter().fold(builder, |builder, queue| {
            builder.dynamic_config(format!("history.{queue}ProcessorMaxPollRPS"), "10000")
        });
        // A namespace has one batch at a time, and the tests share it.
        let builder = builder.dynamic_config("frontend.MaxConcurrentBatchOperationPerNamespace", "1000");
        let server = SHARED.get_or_try_init(|| builder.start()).await?;
        Ok(Self::at(server.address()))
    }

    /// A server that the test runs by itself, or a proxy before one.
    pub fn at(address: impl Into<String>) -> Self {
        Self { address: address.into(), clock: None }
    }

    /// The time-skipping server that this test binary shares: Temporal's test server for Java, in memory, with
    /// Mainspring's search attributes. Its time is
    /// the machine's, until somebody waits: in [`sleep`](Self::sleep), for a result through
    /// [`TestClient`](crate::Workflows::result), or in [`skip_while`](Self::skip_while). Then it jumps to the next
    /// timer, timeout or retry, as soon as no workflow task and no activity runs. So a week passes in milliseconds, and
    /// an activity still has the time that it really takes. Where a test waits for a result, up to an eighth of
    /// the wait may pass after it.
    ///
    /// **It has one clock.** While one test waits, time passes for every workflow of every test on this server: it may
    /// be months later when the next test begins, and a workflow that nobody waits for may have timed out. And one
    /// workflow whose worker is gone holds time for all: so a test ends what it began. One that looks at the clock, or
    /// leaves a workflow open, takes [`Env::skipping_alone`].
    ///
    /// **What it does not do**: `docs/testing.md` has the list. Use [`Env::shared`] for those.
    ///
    /// # Errors
    /// Java is missing, or the server could not be installed or started.
    pub async fn skipping() -> Result<Self, TestError> {
        static SHARED: OnceCell<Env> = OnceCell::const_new();
        Ok(SHARED.get_or_try_init(Self::skipping_alone).await?.clone())
    }

    /// A time-skipping server of one's own, up in a second. It goes with the last copy of this value and its clients.
    ///
    /// # Errors
    /// As [`Env::skipping`].
    pub async fn skipping_alone() -> Result<Self, TestError> {
        crate::logs::show_if_asked();
        let clock = Clock::start().await?;
        Ok(Self { address: clock.address(), clock: Some(clock) })
    }

    /// `HOST:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A task queue that no other test has.
    pub fn queue(&self, name: &str) -> String {
        self.id(name)
    }

    /// An id that no other test has.
    pub fn id(&self, name: &str) -> String {
        format!("{name}-{}", uuid::Uuid::new_v4().simple())
    }

    /// A client on a connection of its own. On a time-skipping server, time is skipped while it waits for a result.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn client(&self) -> Result<TestClient, TestError> {
        Ok(TestClient::new(connect(&self.address).await?, self.clock.clone()))
    }

    /// Lets time pass on a time-skipping server: no more than that, for whoever waits nowhere else. Real time
    /// passes only while activities and workflow tasks run.
    ///
    /// # Errors
    /// The server is not a time-skipping one, or 30 s of real time have passed, because an activity runs, or
    /// a workflow task waits for a worker: the message names the open workflows.
    pub async fn sleep(&self, duration: Duration) -> Result<(), TestError> {
        self.clock()?.sleep(duration).await
    }

    /// Skips time on a time-skipping server for as long as the future takes: for waits that do not go through
    /// [`TestClient`], as on the SDK's own handles. On another server it is the future alone.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn skip_while<T>(&self, future: impl Future<Output = T>) -> Result<T, TestError> {
        match &self.clock {
            Some(clock) => clock.skip_while(future).await,
            None => Ok(future.await),
        }
    }

    /// The server's time: as its workflows see it, on a time-skipping server; else this machine's.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn now(&self) -> Result<SystemTime, TestError> {
        match &self.clock {
            Some(clock) => clock.now().await,
            None => Ok(SystemTime::now()),
        }
    }

    pub(crate) fn skipper(&self) -> Option<Arc<Clock>> {
        self.clock.clone()
    }

    fn clock(&self) -> Result<&Arc<Clock>, TestError> {
        self.clock.as_ref().ok_or_else(|| {
            let Self { address, .. } = self;
            format!("the server at {address} cannot skip time: take Env::skipping() for a test that sleeps").into()
        })
    }
}

/// Those that `mainspring workflow start` sets.
pub(crate) fn search_attributes() -> [(&'static str, SearchAttributeType); 3] {
    [
        (STARTED_BY.name(), SearchAttributeType::Keyword),
        (PRODUCT.name(), SearchAttributeType::Keyword),
        (TEAM_ID.name(), SearchAttributeType::Int),
    ]
}

/// A connection.
pub(crate) async fn connect(address: &str) -> Result<Link, TestError> {
    let sources = Sources::from_pairs([("TEMPORAL_ADDRESS", address)]);
    let connector = Connector::new(mainspring_settings::load(&sources)?)?;
    Ok(connector.connect(Duration::from_secs(30)).await?)
}
