//! `schedules …`: a file for each verb, or for two that are alike. They share `next` (times in the schedule's zone and in UTC),
//! `spec` (a spec in words) and `calls` of `mainspring-schedules`, which have their effect once.

mod apply;
mod backfill;
mod delete;
mod describe;
mod list;
mod next;
mod pause;
mod plan;
mod reconcile;
mod rendered;
mod spec;
mod text;
mod trigger;

use mainspring_schedules::calls::{CallError, Schedules};
use mainspring_settings::Sources;
use mainspring_settings::connection::ConnectionSettings;
use mainspring_worker::Registry;

use crate::arguments::schedules::SchedulesVerb;
use crate::exit::Failure;
use crate::workflow::Notice;
use crate::workflow::check::offer;
use crate::workflow::server::Server;

/// Ids that are looked through for one that may have been meant.
const KNOWN: i32 = 1000;

/// Runs the verb until it ends, or Ctrl-C. Then it says what goes on without it.
pub(crate) async fn run(verb: SchedulesVerb, registry: &Registry, sources: &Sources) -> Result<(), Failure> {
    let notice = Notice::default();
    tokio::select! {
        outcome = dispatch(verb, registry, sources, &notice) => outcome,
        _ = tokio::signal::ctrl_c() => Err(Failure::Interrupted(notice.text())),
    }
}

async fn dispatch(verb: SchedulesVerb, registry: &Registry, sources: &Sources, notice: &Notice) -> Result<(), Failure> {
    let settings: ConnectionSettings = mainspring_settings::load(sources)?;
    let connect = || Desk::connect(settings);
    // What can be refused without a server is refused before one is asked.
    match verb {
        SchedulesVerb::List(arguments) => list::run(&connect().await?, &arguments).await,
        SchedulesVerb::Describe(arguments) => Box::pin(describe::run(&connect().await?, &arguments)).await,
        SchedulesVerb::Pause(arguments) => pause::run(&connect().await?, &arguments, true, notice).await,
        SchedulesVerb::Unpause(arguments) => pause::run(&connect().await?, &arguments, false, notice).await,
        SchedulesVerb::Trigger(arguments) => Box::pin(trigger::run(&connect().await?, &arguments, notice)).await,
        SchedulesVerb::Backfill(arguments) => {
            backfill::check(&arguments)?;
            Box::pin(backfill::run(&connect().await?, &arguments, notice)).await
        }
        SchedulesVerb::Plan(arguments) => Box::pin(plan::run(&arguments, registry, sources)).await,
        SchedulesVerb::Apply(arguments) => Box::pin(apply::run(&arguments, registry, sources)).await,
        SchedulesVerb::Reconcile(arguments) => Box::pin(reconcile::run(&arguments, sources)).await,
        SchedulesVerb::Delete(arguments) => delete::run(&connect().await?, &arguments, notice).await,
    }
}

/// A connection for one verb, and the calls over it.
struct Desk {
    server: Server,
    calls: Schedules,
}

impl Desk {
    async fn connect(settings: ConnectionSettings) -> Result<Self, Failure> {
        let server = Server::connect(settings).await?;
        let calls = Schedules::new(server.link(), &server.namespace);
        Ok(Self { server, calls })
    }

    /// What is said when the command is interrupted: the server may have heard it.
    fn doubt(notice: &Notice, id: &str, done: &str) {
        notice.set(format!(
            "Schedule {id} may have been {done}, or not: look with `mainspring schedules describe --schedule-id {id}`"
        ));
    }

    /// As an end of the command. For an id that is not known, with those that may have been meant.
    async fn failure(&self, error: CallError) -> Failure {
        let CallError::NotFound { schedule } = &error else {
            return failure(&error);
        };
        // To be asked for a hint is a favour; the error stands without it.
        let known: Vec<String> = match self.calls.list_page("", KNOWN, Vec::new()).await {
            Ok(page) => page.schedules.into_iter().map(|entry| entry.schedule_id).collect(),
            Err(_) => Vec::new(),
        };
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let near = offer(schedule, &known);
        Failure::NotFound(if near.starts_with("did you mean") {
            format!("{error}: {near}")
        } else {
            format!("{error}; `mainspring schedules list` shows what there is")
        })
    }
}

fn failure(error: &CallError) -> Failure {
    let text = error.to_string();
    match error {
        CallError::NotFound { .. } => Failure::NotFound(text),
        CallError::Exists { .. } | CallError::Refused { .. } | CallError::TooMany { .. } => Failure::Usage(text),
        CallError::Denied { .. } | CallError::Unanswered { .. } => Failure::Unavailable(text),
        _ => Failure::Other(text),
    }
}
