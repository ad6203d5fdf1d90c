//! Calls about schedules that may be made over a network that fails, and have their effect once.
//!
//! ```no_run
//! use mainspring_client::{Connector, PATIENCE_COMMAND};
//! use mainspring_schedules::calls::{Schedules, Triggered};
//! use mainspring_settings::{Sources, connection::ConnectionSettings, load};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let settings: ConnectionSettings = load(&Sources::from_process()?)?;
//! let namespace = settings.namespace.clone();
//! let link = Connector::new(settings)?.connect(PATIENCE_COMMAND).await?;
//! let schedules = Schedules::new(&link, namespace);
//! schedules.pause("daily-revenue-report", Some("the warehouse moves")).await?;
//! if let Triggered::Started { workflow_id, .. } = schedules.trigger("daily-revenue-report", None).await? {
//!     tracing::info!(workflow_id, "started");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Every call is repeated for some seconds after a failure that may pass (`Unavailable`, `DeadlineExceeded`,
//! `ResourceExhausted`, `Aborted`, `Internal`, `Unknown`, `DataLoss`, `OutOfRange`, a connection that broke off), with growing
//! waits, and never after another one. What an attempt may have done before its answer was lost is dealt with by each call:
//!
//! | call | when an attempt got no answer |
//! |---|---|
//! | [`describe`], [`exists`], [`list`], [`matching_times`] | asked again |
//! | [`create`] | the same request id; "is there already" is then success, and on the first attempt [`CallError::Exists`] |
//! | [`update`] | the same request id and conflict token; then looked at, and changed anew if somebody else was first |
//! | [`pause`], [`unpause`] | looked at, then the same request id; asked for again until the schedule says so |
//! | [`trigger`] | looked for, by the exact moment that it carries, or as one more that waits or was skipped; if it is not there, the same request id |
//! | [`backfill`] | looked for, by times that were started since and not by the clock, or as one more that waits or was skipped; if there are none, the same request id |
//! | [`delete`] | "is not there" is then success, and on the first attempt [`CallError::NotFound`] |
//!
//! Why looked at, though there is a request id? Temporal 1.29 keeps it with the run of the workflow that is behind a schedule,
//! and that continues as new: a request that comes again on the next run is taken for another. And why is a change that was
//! answered looked at? Of two requests that reach a schedule in one workflow task, that server forgets the first, a pause among
//! them; and an update whose conflict token is old it answers with success and drops. A trigger that was answered is not
//! repeated all the same, for it would run twice if it was only late: [`Triggered::Unseen`] says so.
//!
//! "Once" has an exception each way for a trigger or backfill whose answer was lost. It is not repeated, though it did not arrive, if just then an ordinary
//! time of the schedule waits or is skipped, or a late one is started in the range: the two look alike. And it comes twice if it arrived and nothing of it is
//! seen (what waited has started or was dropped, the last ten runs are others', or all of its times fell between the two looks) and the workflow behind the
//! schedule continued as new before it was sent again.
//!
//! [`describe`]: Schedules::describe
//! [`exists`]: Schedules::exists
//! [`list`]: Schedules::list
//! [`matching_times`]: Schedules::matching_times
//! [`create`]: Schedules::create
//! [`update`]: Schedules::update
//! [`pause`]: Schedules::pause
//! [`unpause`]: Schedules::unpause
//! [`trigger`]: Schedules::trigger
//! [`backfill`]: Schedules::backfill
//! [`delete`]: Schedules::delete
//! [`CallError::Exists`]: CallError::Exists
//! [`CallError::NotFound`]: CallError::NotFound

mod backfill;
mod error;
mod life;
mod paced;
mod patch;
mod pause;
mod read;
mod trigger;
mod update;
mod wire;

use std::time::Duration;

use mainspring_client::Link;
use temporalio_client::Connection;

pub use backfill::{Backfilled, Range};
pub use error::CallError;
pub use paced::{Pace, Paced};
pub use trigger::Triggered;
pub use update::{Change, Updated};

/// How long a call is repeated after its first failure, unless [`Schedules::patience`] says otherwise.
const PATIENCE: Duration = Duration::from_secs(10);

/// The schedules of a namespace. Cheap to clone.
///
/// Keep the [`Link`] that it was made of: dropping that ends the rotation of credentials.
#[derive(Clone, Debug)]
pub struct Schedules {
    connection: Connection,
    namespace: String,
    patience: Duration,
}

impl Schedules {
    /// Those of this namespace.
    pub fn new(link: &Link, namespace: impl Into<String>) -> Self {
        Self { connection: link.connection().clone(), namespace: namespace.into(), patience: PATIENCE }
    }

    /// How long a call is repeated after its first failure; 10 s unless set.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Who the server is told that it is.
    fn identity(&self) -> String {
        self.connection.identity().to_owned()
    }
}

/// A request id for one call and its repetitions.
fn request_id() -> String {
    uuid::Uuid::new_v4().to_string()
}
