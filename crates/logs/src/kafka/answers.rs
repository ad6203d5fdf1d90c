//! What Kafka's client tells: a report for each line, and what is wrong with the connections.
//!
//! All of it is called on the thread that polls, and so has no hurry and no rival; `Sync` is librdkafka's wish.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use rdkafka::bindings::{rd_kafka_message_status, rd_kafka_msg_status_t};
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{BorrowedMessage, DeliveryResult, Message};
use rdkafka::producer::ProducerContext;

use super::outage::Trouble;
use super::queue::Queue;
use super::stats::{Dropped, Failed};

/// What a line that the client never sent becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Unsent {
    /// It waits again, for the next client.
    WaitsAgain,
    /// It is dropped: the process ends.
    Dropped,
    /// It has been counted already.
    Counted,
}

/// What was told since it was last asked for.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) troubles: Vec<(Trouble, u64, String)>,
    /// Of the connection, until a line is delivered again.
    pub(super) connection: Option<(Trouble, String)>,
    pub(super) delivered: u64,
}

/// Reads every report.
pub(super) struct Answers {
    queue: Arc<Queue>,
    lines: AtomicUsize,
    bytes: AtomicUsize,
    unsent: AtomicU8,
    is_fatal: AtomicBool,
    told: Mutex<Told>,
}

impl Answers {
    pub(super) fn new(queue: Arc<Queue>) -> Self {
        Self {
            queue,
            lines: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            unsent: AtomicU8::new(Unsent::WaitsAgain as u8),
            is_fatal: AtomicBool::new(false),
            told: Mutex::default(),
        }
    }

    /// A line was given to the client.
    pub(super) fn sent(&self, bytes: usize) {
        self.lines.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// A line that the client did not even take.
    pub(super) fn refused(&self, code: Code, bytes: usize) {
        self.fail(code, 1, bytes);
    }

    /// Lines that wait for their report, and their bytes.
    pub(super) fn in_flight(&self) -> (usize, usize) {
        (self.lines.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }

    pub(super) fn unsent_becomes(&self, what: Unsent) {
        self.unsent.store(what as u8, Ordering::Relaxed);
    }

    /// Counts what no report has come for, and none that still comes.
    pub(super) fn abandon(&self) {
        self.unsent_becomes(Unsent::Counted);
        let (lines, bytes) = (self.lines.swap(0, Ordering::Relaxed), self.bytes.swap(0, Ordering::Relaxed));
        if lines > 0 {
            self.queue.stats().count_failed(Failed::Unanswered, lines as u64);
            self.queue.stats().release(lines, bytes);
        }
    }

    pub(super) fn is_fatal(&self) -> bool {
        self.is_fatal.load(Ordering::Relaxed)
    }

    pub(super) fn met_fatal(&self) {
        self.is_fatal.store(true, Ordering::Relaxed);
    }

    /// What was told since the last call; what is wrong with the connection stays.
    pub(super) fn take_told(&self) -> Told {
        let mut told = self.told.lock();
        if told.delivered > 0 {
            told.connection = None;
        }
        let kept = Told { connection: told.connection.clone(), ..Told::default() };
        std::mem::replace(&mut told, kept)
    }

    fn fail(&self, code: Code, lines: u64, bytes: usize) {
        let cause = cause(code);
        self.queue.stats().count_failed(cause, lines);
        self.queue.stats().release(1, bytes);
        self.tell(Trouble::Refused(cause), lines, &code.to_string());
    }

    fn tell(&self, trouble: Trouble, lines: u64, reason: &str) {
        let mut told = self.told.lock();
        match told.troubles.iter_mut().find(|(known, ..)| *known == trouble) {
            Some((_, count, _)) => *count += lines,
            None => told.troubles.push((trouble, lines, reason.to_owned())),
        }
    }

    fn never_sent(&self, message: &BorrowedMessage<'_>, at_micros: u64, bytes: usize) {
        if self.unsent.load(Ordering::Relaxed) == Unsent::WaitsAgain as u8 {
            // It was text when it was given to the client.
            let record = message.payload().and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
            self.queue.put_back(at_micros, record);
        } else {
            self.queue.stats().count_refused(Dropped::Shutdown, 1);
            self.queue.stats().release(1, bytes);
        }
    }
}

impl ClientContext for Answers {
    fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
        // What matters of it comes as an error too, and is said in our words.
        tracing::debug!(target: "librdkafka", write_only = true, facility, "{message}");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        let trouble = match error.rdkafka_error_code() {
            Some(Code::Fatal) => {
                self.met_fatal();
                return;
            }
            Some(Code::Authentication) => Trouble::Login,
            Some(Code::SSL) => Trouble::Tls,
            Some(Code::AllBrokersDown) => Trouble::Unreachable,
            Some(Code::BrokerTransportFailure | Code::Resolve) => {
                // One broker of several, or one that only closed an idle connection: worth a word when lines wait.
                self.told.lock().connection = Some((Trouble::Unreachable, reason.to_owned()));
                return;
            }
            _ => return,
        };
        // That all brokers are down comes after why one of them is.
        let cause = self.told.lock().connection.as_ref().map(|(_, reason)| reason.clone());
        let reason = cause.filter(|_| trouble == Trouble::Unreachable).unwrap_or_else(|| reason.to_owned());
        self.told.lock().connection = Some((trouble, reason.clone()));
        self.tell(trouble, 0, &reason);
    }
}

impl ProducerContext for Answers {
    /// When the line was logged, in microseconds.
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, logged_at: usize) {
        if self.unsent.load(Ordering::Relaxed) == Unsent::Counted as u8 {
            return;
        }
        let (message, error) = match result {
            Ok(message) => (message, None),
            Err((error, message)) => (message, Some(error)),
        };
        let bytes = message.payload().map_or(0, <[u8]>::len);
        self.lines.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        let at_micros = logged_at as u64;
        let code = error.map(|error| error.rdkafka_error_code().unwrap_or(Code::Unknown));
        match code {
            None => {
                self.told.lock().delivered += 1;
                self.queue.stats().count_delivered(since(at_micros));
                self.queue.stats().release(1, bytes);
            }
            // A connection that broke off brings what was sent over it back among what waits.
            Some(Code::PurgeQueue) if was_sent(message) => self.fail(Code::PurgeInflight, 1, bytes),
            Some(Code::PurgeQueue) => self.never_sent(message, at_micros, bytes),
            Some(code) => self.fail(code, 1, bytes),
        }
    }
}

/// Whether the client sent it, so that it may be in the topic whatever became of the answer.
#[allow(unsafe_code)]
fn was_sent(message: &BorrowedMessage<'_>) -> bool {
    // SAFETY: the message is borrowed, so its pointer is good, and the function only reads a field of it.
    let status = unsafe { rd_kafka_message_status(message.ptr()) };
    status != rd_kafka_msg_status_t::RD_KAFKA_MSG_STATUS_NOT_PERSISTED
}

fn cause(code: Code) -> Failed {
    match code {
        Code::MessageSizeTooLarge | Code::MessageBatchTooLarge => Failed::TooLarge,
        Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition => Failed::UnknownTopic,
        Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed => Failed::Unauthorized,
        Code::PurgeInflight | Code::MessageTimedOut => Failed::Unanswered,
        _ => Failed::Other,
    }
}

/// A clock that was set back makes a latency of nothing.
fn since(at_micros: u64) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.saturating_sub(Duration::from_micros(at_micros))
}
