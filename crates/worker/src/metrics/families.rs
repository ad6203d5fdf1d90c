//! The SDK's instruments: one family per metric name, with the series of every label set it was recorded under.
//!
//! The SDK asks for a series at almost every recording. A series is found by its label set's address, without a string
//! being built; the first time only, it is registered with the recorder.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use ::metrics::{Counter, Gauge, Histogram, Key, KeyName, Label, Level, Metadata, Recorder, SharedString};
use metrics_exporter_prometheus::PrometheusRecorder;
use parking_lot::RwLock;
use temporalio_common::telemetry::metrics::{
    CounterBase, GaugeBase, GaugeF64Base, HistogramBase, HistogramDurationBase, HistogramF64Base, MetricAttributable,
    MetricAttributes, MetricParameters, UpDownCounterBase,
};

use super::label_sets::{BOUND, LabelSet, LabelSets};

pub(super) const METADATA: Metadata<'static> = Metadata::new("temporalio", Level::INFO, None);

/// Everything that the SDK has recorded. Workers come and go; their series stay.
pub(super) struct Families {
    recorder: Arc<PrometheusRecorder>,
    pub(super) sets: LabelSets,
    counters: RwLock<HashMap<String, Arc<Family<Counter>>>>,
    gauges: RwLock<HashMap<String, Arc<Family<Gauge>>>>,
    histograms: RwLock<HashMap<String, Arc<Family<Histogram>>>>,
}

impl Families {
    pub(super) fn new(recorder: Arc<PrometheusRecorder>) -> Self {
        Self {
            recorder,
            sets: LabelSets::new(BOUND),
            counters: RwLock::default(),
            gauges: RwLock::default(),
            histograms: RwLock::default(),
        }
    }

    pub(super) fn counter(&self, name: String, params: &MetricParameters) -> Arc<Family<Counter>> {
        if let Some(text) = description(params) {
            self.recorder.describe_counter(name.clone().into(), None, text);
        }
        self.family(&self.counters, name, |recorder, key| recorder.register_counter(key, &METADATA))
    }

    pub(super) fn gauge(&self, name: String, params: &MetricParameters) -> Arc<Family<Gauge>> {
        if let Some(text) = description(params) {
            self.recorder.describe_gauge(name.clone().into(), None, text);
        }
        self.family(&self.gauges, name, |recorder, key| recorder.register_gauge(key, &METADATA))
    }

    pub(super) fn histogram(&self, name: String, params: &MetricParameters) -> Arc<Family<Histogram>> {
        if let Some(text) = description(params) {
            self.recorder.describe_histogram(name.clone().into(), None, text);
        }
        self.family(&self.histograms, name, |recorder, key| recorder.register_histogram(key, &METADATA))
    }

    fn family<S>(
        &self,
        families: &RwLock<HashMap<String, Arc<Family<S>>>>,
        name: String,
        register: fn(&PrometheusRecorder, &Key) -> S,
    ) -> Arc<Family<S>> {
        let mut families = families.write();
        let family = families.entry(name).or_insert_with_key(|name| {
            Arc::new(Family {
                name: name.clone().into(),
                recorder: self.recorder.clone(),
                register,
                bare: Arc::default(),
                series: RwLock::default(),
            })
        });
        family.clone()
    }
}

impl std::fmt::Debug for Families {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.counters.read().len() + self.gauges.read().len() + self.histograms.read().len();
        f.debug_struct("Families").field("names", &names).finish_non_exhaustive()
    }
}

fn description(params: &MetricParameters) -> Option<SharedString> {
    (!params.description.is_empty()).then(|| params.description.clone().into_owned().into())
}

/// One metric name.
pub(super) struct Family<S> {
    name: KeyName,
    recorder: Arc<PrometheusRecorder>,
    register: fn(&PrometheusRecorder, &Key) -> S,
    bare: Arc<LabelSet>,
    /// By the address of a label set, which is kept beside the series so that no other set can ever live there.
    series: RwLock<HashMap<usize, (Arc<LabelSet>, S)>>,
}

impl<S: Clone> Family<S> {
    fn at(&self, attributes: &MetricAttributes) -> Result<S, Box<dyn Error>> {
        let set = match attributes {
            MetricAttributes::Prometheus { labels } => labels,
            MetricAttributes::Empty => &self.bare,
            other => {
                let name = self.name.as_str();
                return Err(format!("{name} was recorded with attributes of another meter: {other:?}").into());
            }
        };
        let address = Arc::as_ptr(set).addr();
        if let Some((_, series)) = self.series.read().get(&address) {
            return Ok(series.clone());
        }
        let labels: Vec<Label> =
            set.as_prom_labels().into_iter().map(|(key, value)| Label::new(key.to_owned(), value)).collect();
        let series = (self.register)(&self.recorder, &Key::from_parts(self.name.clone(), sorted(labels)));
        let mut known = self.series.write();
        // An overflow adds at most one set for each that is within the bound.
        if known.len() <= 2 * BOUND {
            known.insert(address, (set.clone(), series.clone()));
        }
        Ok(series)
    }
}

/// The recorder takes the same labels in another order for another series.
fn sorted(mut labels: Vec<Label>) -> Vec<Label> {
    labels.sort_unstable();
    labels
}

/// A series that the SDK records into. The recorder keeps floats: exact to 2^53.
struct Bound<S>(S);

macro_rules! attributable {
    ($series:ty: $($base:ident),+) => {$(
        impl MetricAttributable<Box<dyn $base>> for Family<$series> {
            fn with_attributes(&self, attributes: &MetricAttributes) -> Result<Box<dyn $base>, Box<dyn Error>> {
                Ok(Box::new(Bound(self.at(attributes)?)))
            }
        }
    )+};
}

attributable!(Counter: CounterBase);
attributable!(Gauge: GaugeBase, GaugeF64Base, UpDownCounterBase);
attributable!(Histogram: HistogramBase, HistogramF64Base, HistogramDurationBase);

impl CounterBase for Bound<Counter> {
    fn adds(&self, value: u64) {
        self.0.increment(value);
    }
}

impl GaugeBase for Bound<Gauge> {
    fn records(&self, value: u64) {
        self.0.set(value as f64);
    }
}

impl GaugeF64Base for Bound<Gauge> {
    fn records(&self, value: f64) {
        self.0.set(value);
    }
}

impl UpDownCounterBase for Bound<Gauge> {
    fn adds(&self, value: i64) {
        self.0.increment(value as f64);
    }
}

impl HistogramBase for Bound<Histogram> {
    fn records(&self, value: u64) {
        self.0.record(value as f64);
    }
}

impl HistogramF64Base for Bound<Histogram> {
    fn records(&self, value: f64) {
        self.0.record(value);
    }
}

/// Milliseconds, as the SDK's exporter has them; it drops the fraction, which here is kept.
impl HistogramDurationBase for Bound<Histogram> {
    fn records(&self, value: Duration) {
        self.0.record(value.as_secs_f64() * 1000.0);
    }
}
