//! Which events reach the layer, and which of the two sinks takes them. What it says can be changed while it runs.

use std::sync::Arc;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Level, Metadata, Subscriber};
use tracing_log::AsLog;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Context;
use tracing_subscriber::{Layer, Registry};

use crate::Levels;
use crate::levels::Produced;
use crate::produce::{LogRules, Sinks};

/// Which levels are logged, while the process runs: read and changed by whoever holds one. Cheap to clone.
#[derive(Clone, Debug)]
pub struct LiveLevels(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    rules: LogRules,
    now: ArcSwap<Now>,
}

#[derive(Clone, Debug)]
struct Now {
    written: Written,
    /// `None`: nothing is produced in this process.
    produced: Option<(Levels, Produced)>,
}

#[derive(Clone, Debug)]
struct Written {
    levels: Levels,
    /// With the loggers that are only produced: a line that cannot be produced is better written than lost.
    all: Targets,
    /// Without them, where there are any.
    less: Option<Targets>,
}

/// Who takes an event, by its level and target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) written: bool,
    /// Written if it is not produced after all.
    pub(crate) written_else: bool,
    pub(crate) produced: bool,
}

impl LiveLevels {
    /// `produced` is `None` where nothing is produced.
    pub(crate) fn new(written: Levels, produced: Option<Levels>, rules: LogRules) -> Self {
        let now = Now {
            written: Written::new(&rules, written),
            produced: produced.map(|levels| with_filter(&rules, levels)),
        };
        Self(Arc::new(Shared { rules, now: ArcSwap::from_pointee(now) }))
    }

    /// What is written.
    pub fn written(&self) -> Levels {
        self.0.now.load().written.levels.clone()
    }

    /// What is produced; `None` where nothing is.
    pub fn produced(&self) -> Option<Levels> {
        self.0.now.load().produced.as_ref().map(|(levels, _)| levels.clone())
    }

    /// Changes what is written, from the next event on.
    pub fn write(&self, levels: Levels) {
        let written = Written::new(&self.0.rules, levels);
        self.0.now.rcu(|now| Now { written: written.clone(), produced: now.produced.clone() });
        rebuild();
    }

    /// Changes what is produced, from the next event on. False, and nothing changes, where nothing is produced.
    pub fn produce(&self, levels: Levels) -> bool {
        let produced = with_filter(&self.0.rules, levels);
        let before = self
            .0
            .now
            .rcu(|now| Now { written: now.written.clone(), produced: now.produced.as_ref().map(|_| produced.clone()) });
        rebuild();
        before.produced.is_some()
    }

    pub(crate) fn takes(&self, metadata: &Metadata<'_>) -> Taken {
        let now = self.0.now.load();
        let (target, level) = (metadata.target(), metadata.level());
        let written_else = now.written.all.would_enable(target, level);
        Taken {
            written: now.written.less.as_ref().map_or(written_else, |less| less.would_enable(target, level)),
            written_else,
            produced: now.produced.as_ref().is_some_and(|(_, filter)| filter.takes(target, *level)),
        }
    }

    /// A span's fields are in every line below it: a high level for lines must leave none without its ids.
    fn enables(&self, metadata: &Metadata<'_>) -> bool {
        let taken = self.takes(metadata);
        taken.written_else || taken.produced || (metadata.is_span() && *metadata.level() <= Level::INFO)
    }
}

impl Written {
    fn new(rules: &LogRules, levels: Levels) -> Self {
        let less = rules.loggers_of(Sinks::ProduceOnly).next().map(|_| levels.written(rules));
        Self { all: levels.targets(), less, levels }
    }
}

fn with_filter(rules: &LogRules, levels: Levels) -> (Levels, Produced) {
    let filter = levels.produced(rules);
    (levels, filter)
}

/// Every callsite asks anew. The `log` crate has a level of its own, set when the log was installed.
fn rebuild() {
    // Of two at once, the one that asked first must not have the last word.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock();
    tracing::callsite::rebuild_interest_cache();
    tracing_log::log::set_max_level(LevelFilter::current().as_log());
}

/// The levels as a filter of the whole subscriber. What a callsite is worth is asked once, and again after a change:
/// an event that nobody takes costs its caller a load.
#[derive(Debug)]
pub(crate) struct Gate(pub(crate) LiveLevels);

impl<S: Subscriber> Layer<S> for Gate {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.0.enables(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.0.enables(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let now = self.0.0.now.load();
        let written = Layer::<Registry>::max_level_hint(&now.written.all).unwrap_or(LevelFilter::TRACE);
        let produced = now.produced.as_ref().map_or(LevelFilter::OFF, |(_, filter)| filter.most());
        // Spans.
        Some(written.max(produced).max(LevelFilter::INFO))
    }
}
