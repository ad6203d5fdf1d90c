//! What the SDK calls: its `CoreMeter` over the families.

use std::sync::Arc;

use temporalio_common::telemetry::metrics::{
    CoreMeter, Counter, Gauge, GaugeF64, Histogram, HistogramDuration, HistogramF64, MetricAttributes,
    MetricParameters, NewAttributes, UpDownCounter,
};

use super::families::Families;

#[derive(Clone, Debug)]
pub(super) struct Meter {
    families: Arc<Families>,
    prefix: &'static str,
}

impl Meter {
    pub(super) const fn new(families: Arc<Families>, prefix: &'static str) -> Self {
        Self { families, prefix }
    }

    fn name(&self, params: &MetricParameters) -> String {
        format!("{}{}", self.prefix, params.name)
    }
}

impl CoreMeter for Meter {
    fn new_attributes(&self, attribs: NewAttributes) -> MetricAttributes {
        MetricAttributes::Prometheus { labels: self.families.sets.extend(None, attribs.attributes) }
    }

    fn extend_attributes(&self, existing: MetricAttributes, attribs: NewAttributes) -> MetricAttributes {
        match &existing {
            MetricAttributes::Prometheus { labels } => {
                let labels = self.families.sets.extend(Some(labels), attribs.attributes);
                MetricAttributes::Prometheus { labels }
            }
            // Attributes of another meter cannot be read, so they are left out.
            _ => self.new_attributes(attribs),
        }
    }

    fn counter(&self, params: MetricParameters) -> Counter {
        Counter::new(self.families.counter(self.name(&params), &params))
    }

    fn histogram(&self, params: MetricParameters) -> Histogram {
        Histogram::new(self.families.histogram(self.name(&params), &params))
    }

    fn histogram_f64(&self, params: MetricParameters) -> HistogramF64 {
        HistogramF64::new(self.families.histogram(self.name(&params), &params))
    }

    fn histogram_duration(&self, params: MetricParameters) -> HistogramDuration {
        HistogramDuration::new(self.families.histogram(self.name(&params), &params))
    }

    fn gauge(&self, params: MetricParameters) -> Gauge {
        Gauge::new(self.families.gauge(self.name(&params), &params))
    }

    fn gauge_f64(&self, params: MetricParameters) -> GaugeF64 {
        GaugeF64::new(self.families.gauge(self.name(&params), &params))
    }

    fn up_down_counter(&self, params: MetricParameters) -> UpDownCounter {
        UpDownCounter::new(self.families.gauge(self.name(&params), &params))
    }
}
