//! Starts what was written down, for as long as it takes.
//!
//! A row is claimed for a time, started outside of any transaction, and deleted. A relay that dies leaves its claims to run out,
//! and the next one starts those again under the same request id, which Temporal takes for the same start.

mod backoff;
mod figures;
mod send;

use std::fmt;
use std::future::Future;
use std::time::Duration;

use futures::future::join_all;
use mainspring_caller::Caller;
use mainspring_client::Connector;

use crate::store::Value;
use crate::{Intent, Outbox, OutboxError, Store};
use backoff::{next_attempt, next_round};
use figures::Figures;
use send::Answer;

/// How long a row belongs to the relay that claimed it: longer than a start and the question after it may take.
const LEASE: Duration = Duration::from_secs(30);

/// How many rows are claimed at once.
const BATCH: usize = 50;

/// Starts the workflows of an outbox. Several may run at once, in one process or many.
#[must_use = "a relay does nothing before Relay::run"]
pub struct Relay<DB: Store> {
    outbox: Outbox<DB>,
    connector: Connector,
    every: Duration,
    attempts: u32,
    caller: Option<Caller>,
    /// Rounds in a row in which Temporal, or the database, was away.
    away: u32,
    figures: Figures,
}

/// A row that this relay has for a while.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub(crate) intent: Intent,
    /// How often it has failed while Temporal was there.
    pub(crate) attempts: u32,
}

/// How a round went.
enum Round {
    /// So many rows were handled.
    Done(usize),
    /// Temporal, or the database, is away; rows wait, and none is counted as failed.
    Away(String),
}

impl<DB: Store> Relay<DB> {
    pub(crate) fn new(outbox: Outbox<DB>, connector: Connector) -> Self {
        let (every, attempts) = (Duration::from_secs(1), 20);
        Self { outbox, connector, every, attempts, caller: None, away: 0, figures: Figures::default() }
    }

    /// How often it looks for new rows while there are none; 1 s unless said otherwise.
    pub const fn every(mut self, pause: Duration) -> Self {
        self.every = pause;
        self
    }

    /// After how many failed starts an intent is set aside, while Temporal answers others; 20 unless said otherwise, which is about
    /// an hour. What Temporal calls invalid is set aside at once. An outage counts for nothing.
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Runs until `stop` ends, and then ends the round that it is in: Temporal has 20 s for that, the database its own
    /// timeouts. It needs neither Temporal nor the database
    /// to be there: it waits for them, up to half a minute between two looks.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            let pause = match self.round().await {
                Round::Done(rows) => {
                    if self.away > 0 {
                        tracing::info!(rounds = self.away, "the outbox goes on: Temporal and the database are there");
                    }
                    self.away = 0;
                    // A full claim: there is more.
                    if rows == BATCH { Duration::ZERO } else { self.every }
                }
                Round::Away(reason) => {
                    self.away = self.away.saturating_add(1);
                    let pause = next_round(self.away);
                    tracing::warn!(reason, next_seconds = pause.as_secs_f64(), "the outbox waits: nothing is lost");
                    pause
                }
            };
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn round(&mut self) -> Round {
        self.figures.show(&self.outbox).await;
        // Before anything is claimed, for a claim holds a row back.
        let caller = match self.temporal().await {
            Ok(caller) => caller,
            Err(reason) => return Round::Away(reason),
        };
        let claimed = match self.claim().await {
            Ok(claimed) => claimed,
            Err(error) => return Round::Away(error.to_string()),
        };
        let rows = claimed.len();
        let sent = join_all(claimed.into_iter().map(|row| {
            let caller = &caller;
            async move {
                let answer = send::start(caller, &row.intent).await;
                (row, answer)
            }
        }))
        .await;
        // A start that got no answer says nothing of its row until it is known whether Temporal answers at all.
        let unanswered = sent.iter().find_map(|(_, answer)| match answer {
            Answer::None(reason) => Some(reason.clone()),
            _ => None,
        });
        let away = match (sent.iter().find_map(|(_, answer)| answer.closed()), unanswered) {
            (Some(reason), _) => Some(reason),
            (None, Some(reason)) => caller.answers().await.is_err().then_some(reason),
            (None, None) => None,
        };
        let noted = join_all(sent.iter().map(|(row, answer)| self.note(row, answer, away.is_some()))).await;
        let failed = noted.into_iter().find_map(Result::err).map(|error| error.to_string());
        match away.or(failed) {
            Some(reason) => Round::Away(reason),
            None => Round::Done(rows),
        }
    }

    /// A caller; after an outage, one that answers.
    async fn temporal(&mut self) -> Result<Caller, String> {
        let caller = match &self.caller {
            Some(caller) => caller.clone(),
            None => Caller::through(&self.connector).await.map_err(|error| error.to_string())?,
        };
        self.caller = Some(caller.clone());
        if self.away > 0 {
            caller.answers().await.map_err(|reason| format!("Temporal does not answer: {reason}"))?;
        }
        Ok(caller)
    }

    async fn claim(&self) -> Result<Vec<Claimed>, OutboxError> {
        const WHAT: &str = "claim intents";
        let outbox = &self.outbox;
        let mut connection = outbox.pool.acquire().await.map_err(|error| outbox.failed(WHAT, error))?;
        let values = [Value::Number(millis(LEASE)), Value::Number(i64::try_from(BATCH).unwrap_or(i64::MAX))];
        let rows = DB::starts(&mut connection, &outbox.tables.claim(DB::WORDS), &values).await;
        let rows = rows.map_err(|error| outbox.failed(WHAT, error))?;
        let claimed = rows.into_iter().map(|(id, workflow_type, workflow_id, task_queue, input, attempts, _)| {
            let attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
            Claimed { intent: Intent { id, workflow_type, workflow_id, task_queue, input }, attempts }
        });
        Ok(claimed.collect())
    }

    /// Writes down what became of a row.
    async fn note(&self, row: &Claimed, answer: &Answer, away: bool) -> Result<(), OutboxError> {
        let Intent { id, workflow_id, workflow_type, .. } = &row.intent;
        let (outbox, tables) = (&self.outbox, &self.outbox.tables);
        let attempt = row.attempts.saturating_add(1);
        match answer {
            Answer::Started { run_id } => {
                tracing::info!(workflow_id, workflow_type, workflow_run_id = run_id, "started from the outbox");
                figures::started();
                outbox.execute("delete a started intent", &tables.remove(), &[Value::Text(id)]).await?;
            }
            Answer::There { reason } => {
                tracing::info!(workflow_id, workflow_type, reason, "an intent of the outbox is there already");
                figures::there();
                outbox.execute("delete a started intent", &tables.remove(), &[Value::Text(id)]).await?;
            }
            // Not the row's fault: it is due as soon as Temporal is there.
            Answer::None(reason) | Answer::Closed(reason) if away => {
                let values = [Value::Text(id), Value::Number(0), Value::Number(0), Value::Text(reason)];
                outbox.execute("put an intent off", &tables.put_off(DB::WORDS), &values).await?;
            }
            Answer::None(reason) | Answer::Closed(reason) | Answer::Failed(reason) if attempt < self.attempts => {
                let pause = next_attempt(row.attempts);
                let next_seconds = pause.as_secs();
                tracing::warn!(
                    workflow_id,
                    workflow_type,
                    attempt,
                    next_seconds,
                    reason,
                    "not started from the outbox"
                );
                figures::failed();
                let values = [Value::Text(id), Value::Number(millis(pause)), Value::Number(1), Value::Text(reason)];
                outbox.execute("put an intent off", &tables.put_off(DB::WORDS), &values).await?;
            }
            Answer::None(reason) | Answer::Closed(reason) | Answer::Failed(reason) | Answer::Invalid(reason) => {
                tracing::error!(
                    workflow_id,
                    workflow_type,
                    attempt,
                    reason,
                    intent = id,
                    "set aside in the outbox: it will not be tried again by itself"
                );
                figures::set_aside();
                let values = [Value::Text(id), Value::Text(reason)];
                outbox.execute("set an intent aside", &tables.set_aside(DB::WORDS), &values).await?;
            }
        }
        Ok(())
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 2)
}

impl<DB: Store> fmt::Debug for Relay<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut form = f.debug_struct("Relay");
        form.field("outbox", &self.outbox).field("every", &self.every).field("attempts", &self.attempts);
        form.finish_non_exhaustive()
    }
}
