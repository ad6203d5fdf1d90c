//! What is said of trouble with Kafka: each trouble when it begins, again once a minute while it costs lines, and when it
//! is over. A broker that comes and goes is not worth a line each time.

use std::time::{Duration, Instant};

use super::stats::Failed;

/// Between two lines about the same trouble.
const PAUSE: Duration = Duration::from_secs(60);
/// Trouble that has not been seen for so long, while lines are delivered, is over.
const QUIET: Duration = Duration::from_secs(2);

/// What can be wrong. Each is said by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// No broker can be reached.
    Unreachable,
    /// Brokers refuse the login.
    Login,
    /// There is no TLS with them.
    Tls,
    /// Lines wait, and Kafka answers nothing.
    Silent,
    /// Kafka refuses lines for that cause.
    Refused(Failed),
    /// Lines are dropped, for too many wait.
    Full,
    /// The client had to be given up, and another takes over.
    GivenUp,
}

impl Trouble {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Login => "login",
            Self::Tls => "tls",
            Self::Silent => "silent",
            Self::Refused(cause) => cause.as_str(),
            Self::Full => "queue_full",
            Self::GivenUp => "client_given_up",
        }
    }

    /// What whoever runs the worker is told, and can do.
    pub(super) const fn advice(self) -> &'static str {
        match self {
            Self::Unreachable => {
                "log lines wait in memory: no Kafka broker can be reached; see whether MAINSPRING_LOG_KAFKA_BROKERS names \
                 them, and whether they run"
            }
            Self::Login => {
                "log lines wait in memory: Kafka refuses the login; see MAINSPRING_LOG_KAFKA_SASL_USERNAME, _PASSWORD and \
                 _MECHANISM"
            }
            Self::Tls => {
                "log lines wait in memory: there is no TLS with Kafka; see MAINSPRING_LOG_KAFKA_SECURITY_PROTOCOL, _CA, \
                 _CERT and _KEY"
            }
            Self::Silent => "log lines wait in memory: Kafka has answered nothing for a while",
            Self::Refused(Failed::TooLarge) => {
                "Kafka refuses log lines that are too large: raise the topic's max.message.bytes, or lower \
                 MAINSPRING_LOG_MAX_LINE_BYTES"
            }
            Self::Refused(Failed::UnknownTopic) => {
                "Kafka refuses log lines, for it has no such topic: create it, or set MAINSPRING_LOG_KAFKA_TOPIC"
            }
            Self::Refused(Failed::Unauthorized) => {
                "Kafka refuses log lines: this login may not write to the topic; give it the right to write and, on the \
                 cluster, IdempotentWrite"
            }
            Self::Refused(Failed::Unanswered) => {
                "log lines were sent to Kafka, and their answer never came: they may be in the topic or not"
            }
            Self::Refused(Failed::Other) => "Kafka refuses log lines",
            Self::Full => {
                "log lines are dropped, for more wait than MAINSPRING_LOG_QUEUE_LINES or MAINSPRING_LOG_QUEUE_BYTES \
                 allows: Kafka takes them too slowly, or not at all"
            }
            Self::GivenUp => "Kafka's client met an error that it cannot go on from: another takes over",
        }
    }
}

/// A line to be logged.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// Trouble has begun, or goes on.
    Trouble {
        trouble: Trouble,
        /// Lines that it has cost since it was said last.
        lines: u64,
        /// Kafka's words.
        reason: String,
    },
    /// Trouble is over.
    Over {
        trouble: Trouble,
        lasted: Duration,
        /// Lines that it has cost in all.
        lines: u64,
    },
}

#[derive(Debug)]
struct Spell {
    trouble: Trouble,
    begun: Instant,
    seen: Instant,
    /// Kept when the spell is over, for the next one's pause.
    said: Option<Instant>,
    /// Whether this spell's beginning was said.
    is_known: bool,
    is_over: bool,
    unsaid: u64,
    lines: u64,
    reason: String,
}

/// Every trouble that there was.
#[derive(Debug, Default)]
pub(super) struct Outages {
    spells: Vec<Spell>,
}

impl Outages {
    /// Trouble was seen, and cost so many lines.
    pub(super) fn note(&mut self, trouble: Trouble, lines: u64, reason: &str, now: Instant) {
        let known = self.spells.iter().position(|spell| spell.trouble == trouble);
        let index = known.unwrap_or_else(|| {
            self.spells.push(Spell::new(trouble, now));
            self.spells.len() - 1
        });
        let spell = &mut self.spells[index];
        if spell.is_over {
            *spell = Spell { said: spell.said, unsaid: spell.unsaid, ..Spell::new(trouble, now) };
        }
        spell.seen = now;
        spell.unsaid += lines;
        spell.lines += lines;
        if !reason.is_empty() && spell.reason != reason {
            reason.clone_into(&mut spell.reason);
        }
    }

    /// What is to be said now; `delivering`: whether Kafka has taken lines since the last call.
    pub(super) fn due(&mut self, delivering: bool, now: Instant) -> Vec<Notice> {
        let mut due = Vec::new();
        for spell in self.spells.iter_mut().filter(|spell| !spell.is_over) {
            let rested = spell.said.is_none_or(|said| now.duration_since(said) >= PAUSE);
            if rested && (!spell.is_known || spell.unsaid > 0) {
                let (trouble, lines) = (spell.trouble, std::mem::take(&mut spell.unsaid));
                due.push(Notice::Trouble { trouble, lines, reason: spell.reason.clone() });
                (spell.said, spell.is_known) = (Some(now), true);
            }
            if delivering && now.duration_since(spell.seen) >= QUIET {
                spell.is_over = true;
                if spell.is_known {
                    let lasted = spell.seen.duration_since(spell.begun);
                    due.push(Notice::Over { trouble: spell.trouble, lasted, lines: spell.lines });
                }
            }
        }
        due
    }
}

impl Spell {
    const fn new(trouble: Trouble, now: Instant) -> Self {
        Self {
            trouble,
            begun: now,
            seen: now,
            said: None,
            is_known: false,
            is_over: false,
            unsaid: 0,
            lines: 0,
            reason: String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn trouble(lines: u64) -> Notice {
        Notice::Trouble { trouble: Trouble::Unreachable, lines, reason: "refused".to_owned() }
    }

    fn over(seconds: u64, lines: u64) -> Notice {
        Notice::Over { trouble: Trouble::Unreachable, lasted: SECOND * u32::try_from(seconds).unwrap(), lines }
    }

    /// What is said in so many seconds, with the second; in each, trouble is seen or lines are delivered.
    fn said(seconds: u32, is_away: impl Fn(u32) -> bool, cost: u64) -> Vec<(u32, Notice)> {
        let (mut outages, begin) = (Outages::default(), Instant::now());
        let mut said = Vec::new();
        for second in 0..seconds {
            let now = begin + SECOND * second;
            if is_away(second) {
                outages.note(Trouble::Unreachable, cost, "refused", now);
            }
            said.extend(outages.due(!is_away(second), now).into_iter().map(|notice| (second, notice)));
        }
        said
    }

    #[test]
    fn an_outage_that_costs_nothing_is_said_once_and_when_it_is_over() {
        assert_eq!(said(1000, |second| (10..500).contains(&second), 0), [(10, trouble(0)), (501, over(489, 0))]);
    }

    #[test]
    fn an_outage_that_costs_lines_is_said_once_a_minute_with_how_many() {
        let said = said(200, |second| second < 130, 5);
        assert_eq!(said, [(0, trouble(5)), (60, trouble(300)), (120, trouble(300)), (131, over(129, 650))]);
    }

    #[test]
    fn a_broker_that_comes_and_goes_is_named_once_a_minute() {
        let said = said(600, |second| second % 10 < 3, 1);
        let troubles = said.iter().filter(|(_, notice)| matches!(notice, Notice::Trouble { .. })).count();
        let ends = said.iter().filter(|(_, notice)| matches!(notice, Notice::Over { .. })).count();
        assert_eq!((troubles, ends), (10, 10), "{said:?}");
    }

    #[test]
    fn two_troubles_are_said_apart() {
        let (mut outages, now) = (Outages::default(), Instant::now());
        outages.note(Trouble::Full, 7, "", now);
        outages.note(Trouble::Refused(Failed::TooLarge), 1, "Broker: Message size too large", now);
        let full = Notice::Trouble { trouble: Trouble::Full, lines: 7, reason: String::new() };
        let reason = "Broker: Message size too large".to_owned();
        let refused = Notice::Trouble { trouble: Trouble::Refused(Failed::TooLarge), lines: 1, reason };
        assert_eq!(outages.due(false, now), [full, refused]);
        assert_eq!(outages.due(false, now + SECOND), []);
    }
}
