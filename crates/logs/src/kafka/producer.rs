//! The thread that takes records from the queue to Kafka's client, serves its reports, and says what is wrong.
//!
//! The client is given a window of lines at a time: what waits for a broker that is away waits in the queue, where a line
//! takes its own bytes and no more. A client that meets a fatal error is replaced, and what it never sent waits again.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, PurgeConfig};

use super::Ending;
use super::answers::{Answers, Unsent};
use super::outage::{Notice, Outages, Trouble};
use super::queue::{Chunk, Queue};
use super::stats::Dropped;
use crate::LogsError;

/// The most lines and bytes that the client has at a time: some 200 bytes of its own come to each line.
pub(super) const WINDOW_LINES: usize = 20_000;
const WINDOW_BYTES: usize = 16 * 1024 * 1024;
/// Lines are taken, and reports are read, so often while there are any. Nobody who logs has to wake the thread then.
const PACE: Duration = Duration::from_millis(20);
/// Without lines for so long, the thread sleeps until one comes, or until it looks what the client says.
const IDLE: Duration = Duration::from_secs(1);
/// Whoever installs the log does so after the start: what is said sooner would be said to nobody.
const FIRST_WORD: Duration = Duration::from_secs(1);
/// Lines that got no answer for so long are worth a word.
const STALLED: Duration = Duration::from_secs(5);
/// A client that is given up may still get answers for so long.
const LAST_ANSWERS: Duration = Duration::from_secs(5);
/// How long a purged line's report may take.
const PURGE: Duration = Duration::from_millis(300);
/// Between two clients; doubled each time, until a line is delivered.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

type Client = BaseProducer<Answers>;

/// Starts the thread.
pub(super) fn start(
    config: ClientConfig,
    topic: &str,
    queue: &Arc<Queue>,
    ending: &Arc<Ending>,
) -> Result<(), LogsError> {
    let now = Instant::now();
    let client = connect(&config, queue).map_err(|reason| LogsError::Kafka { reason })?;
    let sender = Sender {
        config,
        topic: topic.to_owned(),
        queue: Arc::clone(queue),
        ending: Arc::clone(ending),
        client: Some(client),
        begun: None,
        outages: Outages::default(),
        dropped: 0,
        first_word: now + FIRST_WORD,
        answered: now,
        again_at: now,
        backoff: BACKOFF.0,
    };
    let run = move || sender.run();
    thread::Builder::new()
        .name("mainspring-kafka".to_owned())
        .spawn(run)
        .map(drop)
        .map_err(|source| LogsError::Thread { source })
}

/// Makes a client, which connects by itself.
fn connect(config: &ClientConfig, queue: &Arc<Queue>) -> Result<Client, String> {
    config.create_with_context(Answers::new(Arc::clone(queue))).map_err(|error| match error {
        // Its value may be the password.
        KafkaError::ClientConfig(_, reason, name, _) => format!("{name}: {reason}"),
        KafkaError::ClientCreation(reason) => reason,
        other => other.to_string(),
    })
}

struct Sender {
    config: ClientConfig,
    topic: String,
    queue: Arc<Queue>,
    ending: Arc<Ending>,
    client: Option<Client>,
    /// What was taken from the queue last, and how many of it are sent.
    begun: Option<(Chunk, usize)>,
    outages: Outages,
    /// As it was counted last.
    dropped: u64,
    first_word: Instant,
    /// When there was an answer, or nothing to be answered.
    answered: Instant,
    again_at: Instant,
    backoff: Duration,
}

impl Sender {
    fn run(mut self) {
        let mut busy = Instant::now();
        loop {
            let now = Instant::now();
            let send_until = self.ending.state.lock().send_until;
            let held = self.queue.stats().queue_lines();
            if send_until.is_some_and(|until| held == 0 || now >= until) {
                break;
            }
            if held > 0 {
                busy = now;
            }
            if self.client.is_none() && now >= self.again_at {
                self.reconnect();
            }
            self.feed();
            match &self.client {
                Some(client) if now.duration_since(busy) < IDLE => client.poll(PACE),
                Some(client) => {
                    self.queue.wait(IDLE);
                    client.poll(Duration::from_millis(1));
                }
                None if send_until.is_some() => break,
                // The queue fills meanwhile, as it does when a broker is away.
                None => self.ending.wait(PACE),
            }
            self.look();
        }
        self.end();
    }

    /// Gives the client what it may have.
    fn feed(&mut self) {
        let Some(client) = &self.client else { return };
        let answers = client.context();
        loop {
            let Some((chunk, sent)) = &mut self.begun else {
                self.begun = self.queue.take(None).map(|chunk| (chunk, 0));
                if self.begun.is_none() {
                    return;
                }
                continue;
            };
            let Some((at_micros, record)) = chunk.get(*sent) else {
                let used = self.begun.take().map(|(chunk, _)| chunk);
                self.begun = self.queue.take(used).map(|chunk| (chunk, 0));
                if self.begun.is_none() {
                    return;
                }
                continue;
            };
            let (lines, bytes) = answers.in_flight();
            if lines >= WINDOW_LINES || (lines > 0 && bytes + record.len() > WINDOW_BYTES) {
                return;
            }
            let message = BaseRecord::<(), str, usize>::with_opaque_to(&self.topic, at_micros as usize)
                .payload(record)
                .timestamp((at_micros / 1000).cast_signed());
            match client.send(message).map_err(|(error, _)| error.rdkafka_error_code().unwrap_or(Code::Unknown)) {
                Ok(()) => answers.sent(record.len()),
                // There is room again when reports have come.
                Err(Code::QueueFull) => return,
                Err(Code::Fatal) => {
                    answers.met_fatal();
                    return;
                }
                Err(code) => answers.refused(code, record.len()),
            }
            *sent += 1;
        }
    }

    /// Notices what went wrong, and says what is due.
    fn look(&mut self) {
        let now = Instant::now();
        let mut delivered = 0;
        if let Some(client) = &self.client {
            let told = client.context().take_told();
            delivered = told.delivered;
            if delivered > 0 {
                self.backoff = BACKOFF.0;
            }
            let is_answered = delivered > 0 || told.troubles.iter().any(|(_, lines, _)| *lines > 0);
            if is_answered || self.queue.stats().queue_lines() == 0 {
                self.answered = now;
            }
            for (trouble, lines, reason) in told.troubles {
                self.outages.note(trouble, lines, &reason, now);
            }
            if now.duration_since(self.answered) >= STALLED {
                let (trouble, reason) = told.connection.unwrap_or((Trouble::Silent, String::new()));
                self.outages.note(trouble, 0, &reason, now);
            }
            if client.context().is_fatal() {
                self.give_up();
            }
        }
        let stats = self.queue.stats();
        let dropped = [Dropped::Debug, Dropped::Info, Dropped::Full].map(|cause| stats.dropped_for(cause)).iter().sum();
        if dropped > self.dropped {
            self.outages.note(Trouble::Full, dropped - self.dropped, "", now);
            self.dropped = dropped;
        }
        if now >= self.first_word {
            for notice in self.outages.due(delivered > 0, now) {
                self.say(&notice);
            }
        }
    }

    fn say(&self, notice: &Notice) {
        // Of Kafka's trouble stdout tells.
        const TARGET: &str = "mainspring_logs::kafka";
        let (topic, waiting) = (&self.topic, self.queue.stats().queue_lines());
        match notice {
            Notice::Trouble { trouble, lines, reason } => {
                let (cause, advice) = (trouble.as_str(), trouble.advice());
                tracing::warn!(target: TARGET, write_only = true, topic, cause, lines, waiting, reason, "{advice}");
            }
            Notice::Over { trouble, lasted, lines } => {
                let (cause, seconds) = (trouble.as_str(), lasted.as_secs_f64());
                tracing::info!(
                    target: TARGET, write_only = true, topic, cause, seconds, lines, waiting,
                    "Kafka takes log lines again"
                );
            }
        }
    }

    /// Lets a client go that has met a fatal error. What it never sent waits again.
    fn give_up(&mut self) {
        let Some(client) = self.client.take() else { return };
        let (code, reason) = client.client().fatal_error().unwrap_or((Code::Fatal, String::new()));
        let now = Instant::now();
        self.outages.note(Trouble::GivenUp, 0, &format!("{code}: {reason}"), now);
        purge(&client, PurgeConfig::default().queue().non_blocking(), self.until(now + LAST_ANSWERS));
        purge(&client, PurgeConfig::default().queue().inflight().non_blocking(), now + LAST_ANSWERS + PURGE);
        let told = client.context().take_told();
        told.troubles.iter().for_each(|(trouble, lines, reason)| self.outages.note(*trouble, *lines, reason, now));
        client.context().abandon();
        self.again_at = Instant::now() + self.backoff;
        self.backoff = (self.backoff * 2).min(BACKOFF.1);
    }

    fn reconnect(&mut self) {
        match connect(&self.config, &self.queue) {
            Ok(client) => self.client = Some(client),
            Err(reason) => {
                self.outages.note(Trouble::GivenUp, 0, &reason, Instant::now());
                self.again_at = Instant::now() + self.backoff;
                self.backoff = (self.backoff * 2).min(BACKOFF.1);
            }
        }
    }

    /// That time, or sooner when the process ends.
    fn until(&self, time: Instant) -> Instant {
        self.ending.state.lock().send_until.map_or(time, |until| until.min(time))
    }

    /// Gives up what is not answered, so that every line is counted, and tells so.
    fn end(mut self) {
        if let Some(client) = &self.client {
            client.context().unsent_becomes(Unsent::Dropped);
            purge(client, PurgeConfig::default().queue().inflight().non_blocking(), Instant::now() + PURGE);
            client.context().abandon();
        }
        self.queue.drop_all(self.begun.take());
        self.look();
        self.ending.state.lock().is_settled = true;
        self.ending.settled.notify_all();
        // The client's own threads may take a while to end; nobody waits for them.
        drop(self.client);
    }
}

/// Makes the client report its lines as not sent, and reads the reports, until there are none left or it is that time.
fn purge(client: &Client, what: PurgeConfig, until: Instant) {
    client.purge(what);
    while client.context().in_flight().0 > 0 && Instant::now() < until {
        client.poll(Duration::from_millis(2));
    }
}

impl Ending {
    /// Waits so long, or until the end begins.
    fn wait(&self, within: Duration) {
        let mut state = self.state.lock();
        if state.send_until.is_none() {
            self.begun.wait_for(&mut state, within);
        }
    }
}
