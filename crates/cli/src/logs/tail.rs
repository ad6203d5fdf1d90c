//! `logs tail`: the lines of a workflow's runs, out of the table, as they come.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use mainspring_log_entries::{Lines, LogEntriesError, Reached, Seen, Wanted};
use mainspring_settings::Sources;
use mainspring_settings::connection::ConnectionSettings;

use super::database;
use super::lines::shown;
use super::runs::{Newest, chain, newest};
use crate::arguments::logs::TailArguments;
use crate::exit::Failure;
use crate::workflow::server::Server;
use crate::{print, say};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);
/// An ended workflow whose lines are not all there for so long: it is said what is waited for.
const PATIENCE: Duration = Duration::from_secs(15);

pub(super) async fn run(arguments: &TailArguments, sources: &Sources) -> Result<(), Failure> {
    let database = database(&arguments.database, sources)?;
    let connection: ConnectionSettings = mainspring_settings::load(sources)?;
    let mut tail = Tail {
        lines: Lines::new(&database)?,
        server: Server::connect(connection).await?,
        arguments,
        wanted: Wanted { level: arguments.level, since: arguments.since, ..Wanted::default() },
        seen: Seen::default(),
        newest: None,
        troubles: [None, None],
        told: false,
    };
    tokio::select! {
        done = tail.run() => done,
        _ = tokio::signal::ctrl_c() => Err(Failure::Interrupted("interrupted. The workflow is not touched".to_owned())),
    }
}

struct Tail<'a> {
    lines: Lines,
    server: Server,
    arguments: &'a TailArguments,
    wanted: Wanted,
    seen: Seen,
    newest: Option<Newest>,
    /// Of Temporal and of Postgres, as they were said.
    troubles: [Option<String>; 2],
    /// That lines are waited for has been said.
    told: bool,
}

impl Tail<'_> {
    async fn run(&mut self) -> Result<(), Failure> {
        let (follow, stay) = (self.arguments.follow, self.arguments.stay);
        let mut looks = tokio::time::interval(PAUSE);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut waits: Option<Instant> = None;
        loop {
            looks.tick().await;
            // First what Temporal knows, then the lines: all that were written before the end are there then.
            let ended = self.ended().await?;
            let Some(reached) = self.read().await? else { continue };
            let all_there = ended.map(|ended| reached.at.is_some_and(|at| at >= ended + self.arguments.settle));
            match all_there {
                Some(true) if !stay => {
                    // A run that the list did not have yet when it was asked first.
                    if self.list_chain().await? {
                        self.read().await?;
                    }
                    return Ok(());
                }
                _ if !follow => {
                    self.tell_what_may_lack(ended, reached);
                    return Ok(());
                }
                Some(false) => {
                    let since = *waits.get_or_insert_with(Instant::now);
                    if !self.told && since.elapsed() > PATIENCE {
                        self.told = true;
                        let id = &self.arguments.workflow_id;
                        say(&format!("workflow {id} has ended; {}", behind(reached)));
                    }
                }
                _ => (waits, self.told) = (None, false),
            }
        }
    }

    /// When the workflow has ended, if it has. Temporal away: not that anybody knew.
    async fn ended(&mut self) -> Result<Option<Timestamp>, Failure> {
        let (id, run) = (&self.arguments.workflow_id, self.arguments.run_id.as_deref());
        let found = match newest(&self.server, id, run).await {
            Ok(found) => found,
            Err(refused) if self.arguments.follow && refused.is_silence() && !self.wanted.runs.is_empty() => {
                self.trouble(
                    0,
                    &format!("waiting: Temporal cannot be asked whether the workflow has ended: {refused}"),
                );
                return Ok(None);
            }
            Err(refused) => return Err(refused.failure(format_args!("workflow {id} cannot be read"))),
        };
        self.troubles[0] = None;
        match (found, run) {
            (Some(found), _) => {
                let ended = found.ended;
                if self.newest.as_ref().is_none_or(|known| known.run != found.run) {
                    self.newest = Some(found);
                    self.list_chain().await?;
                }
                Ok(ended)
            }
            (None, None) if self.newest.is_none() => Err(Failure::NotFound(format!(
                "Temporal knows no workflow {id} in namespace {}. If it ran so long ago that it is forgotten, name its run: --run-id",
                self.server.namespace
            ))),
            (None, run) => {
                if let Some(run) = run.filter(|_| self.wanted.runs.is_empty()) {
                    say(&format!("Temporal knows no such run of workflow {id}; what the table has of it:"));
                    self.wanted.runs.push(run.to_owned());
                }
                // Forgotten, so it ended long ago.
                Ok(Some(Timestamp::MIN))
            }
        }
    }

    /// The runs of the chain, for the next read. Whether there are new ones.
    async fn list_chain(&mut self) -> Result<bool, Failure> {
        let id = &self.arguments.workflow_id;
        let Some(newest) = &self.newest else { return Ok(false) };
        let runs = match self.arguments.run_id {
            Some(_) => vec![newest.run.clone()],
            None => chain(&self.server, id, newest)
                .await
                .map_err(|refused| refused.failure(format_args!("the runs of workflow {id} cannot be listed")))?,
        };
        let before = self.wanted.runs.len();
        for run in runs {
            if !self.wanted.runs.contains(&run) {
                self.wanted.runs.push(run);
            }
        }
        Ok(self.wanted.runs.len() > before)
    }

    /// Prints what is new. None: Postgres is away, and is waited for.
    async fn read(&mut self) -> Result<Option<Reached>, Failure> {
        let output = self.arguments.output;
        let read =
            self.lines.read(&self.wanted, &mut self.seen, |line| print(&shown(&line, output)).map_err(Stop::Print));
        match read.await {
            Ok(reached) => {
                self.troubles[1] = None;
                Ok(Some(reached))
            }
            Err(Stop::Print(failure)) => Err(failure),
            Err(Stop::Lines(error)) if self.arguments.follow && error.may_pass() => {
                self.trouble(1, &format!("waiting: {error}"));
                Ok(None)
            }
            Err(Stop::Lines(error)) => Err(error.into()),
        }
    }

    /// The same again and again is said once.
    fn trouble(&mut self, of: usize, text: &str) {
        if self.troubles[of].as_deref() != Some(text) {
            say(text);
            self.troubles[of] = Some(text.to_owned());
        }
    }

    fn tell_what_may_lack(&self, ended: Option<Timestamp>, reached: Reached) {
        let id = &self.arguments.workflow_id;
        match ended {
            None => say(&format!("workflow {id} still runs; --follow goes on with it")),
            Some(_) => {
                say(&format!("workflow {id} has ended, but these need not be all its lines: {}", behind(reached)));
            }
        }
    }
}

fn behind(reached: Reached) -> String {
    match reached.at {
        Some(at) => {
            let seconds = at.duration_until(reached.now).as_secs();
            format!("the table has what Kafka had {seconds} s ago. Does `mainspring logs consume` run?")
        }
        None => "the table has not all that Kafka has. Does `mainspring logs consume` run?".to_owned(),
    }
}

/// Why reading ended.
enum Stop {
    Print(Failure),
    Lines(LogEntriesError),
}

impl From<LogEntriesError> for Stop {
    fn from(error: LogEntriesError) -> Self {
        Self::Lines(error)
    }
}
