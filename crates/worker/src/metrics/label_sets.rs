//! The label sets of the SDK's metrics, each made once.
//!
//! The SDK builds its attributes anew for every request, activity and workflow. Here the same parent with the same
//! additions is the same set again, so that a series can be found by the set's address. The number of sets is bounded:
//! a new one past the bound keeps its parent's labels and is marked as OpenTelemetry marks an overflow. (A workflow type
//! comes from whoever starts a workflow, so it is not bounded by itself.)

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::Arc;

use parking_lot::RwLock;
use temporalio_common::telemetry::metrics::{MetricKeyValue, MetricValue, OrderedPromLabelSet};

/// Sets that are told apart. Twenty queues with a hundred types each need some two thousand.
pub(super) const BOUND: usize = 4096;
const OVERFLOW: &str = "otel_metric_overflow";

/// The SDK's own type, because its worker heartbeats read their figures by a label of it.
pub(super) type LabelSet = OrderedPromLabelSet;

#[derive(Debug)]
pub(super) struct LabelSets {
    made: RwLock<Made>,
    hashing: RandomState,
    bound: usize,
}

#[derive(Debug, Default)]
struct Made {
    by_hash: HashMap<u64, Vec<Extension>>,
    count: usize,
}

/// A set, and how it came about. It keeps its parent, so that the parent's address stays its own.
#[derive(Debug)]
struct Extension {
    parent: Option<Arc<LabelSet>>,
    added: Vec<MetricKeyValue>,
    set: Arc<LabelSet>,
}

impl LabelSets {
    pub(super) fn new(bound: usize) -> Self {
        Self { made: RwLock::default(), hashing: RandomState::new(), bound }
    }

    /// The set of the parent's labels and these.
    pub(super) fn extend(&self, parent: Option<&Arc<LabelSet>>, added: Vec<MetricKeyValue>) -> Arc<LabelSet> {
        let hash = self.hash(parent, &added);
        if let Some(set) = self.made.read().find(hash, parent, &added) {
            return set;
        }
        let mut made = self.made.write();
        // Another thread may have made it between the two locks.
        if let Some(set) = made.find(hash, parent, &added) {
            return set;
        }
        if made.count < self.bound {
            return made.make(hash, parent, added);
        }
        self.overflow(&mut made, parent)
    }

    /// At most one set more for each parent, and parents are bounded.
    fn overflow(&self, made: &mut Made, parent: Option<&Arc<LabelSet>>) -> Arc<LabelSet> {
        if let Some(parent) = parent
            && parent.keys_ordered().any(|key| key == OVERFLOW)
        {
            return parent.clone();
        }
        let mark = vec![MetricKeyValue::new(OVERFLOW, true)];
        let hash = self.hash(parent, &mark);
        made.find(hash, parent, &mark).unwrap_or_else(|| {
            if made.count == self.bound {
                tracing::warn!(
                    bound = self.bound,
                    "the SDK's metrics have too many label sets: new ones are counted together under {OVERFLOW}=\"true\"; \
                     see which label of /metrics has values without end"
                );
            }
            made.make(hash, parent, mark)
        })
    }

    fn hash(&self, parent: Option<&Arc<LabelSet>>, added: &[MetricKeyValue]) -> u64 {
        let mut hasher = self.hashing.build_hasher();
        address(parent).hash(&mut hasher);
        for label in added {
            label.key.hash(&mut hasher);
            match &label.value {
                MetricValue::String(value) => value.hash(&mut hasher),
                MetricValue::Int(value) => value.hash(&mut hasher),
                MetricValue::Float(value) => value.to_bits().hash(&mut hasher),
                MetricValue::Bool(value) => value.hash(&mut hasher),
            }
        }
        hasher.finish()
    }
}

impl Made {
    fn find(&self, hash: u64, parent: Option<&Arc<LabelSet>>, added: &[MetricKeyValue]) -> Option<Arc<LabelSet>> {
        let same = |made: &&Extension| address(made.parent.as_ref()) == address(parent) && made.added == added;
        self.by_hash.get(&hash)?.iter().find(same).map(|made| made.set.clone())
    }

    fn make(&mut self, hash: u64, parent: Option<&Arc<LabelSet>>, added: Vec<MetricKeyValue>) -> Arc<LabelSet> {
        let mut set = parent.map(|parent| (**parent).clone()).unwrap_or_default();
        for label in &added {
            set.add_kv(label.clone());
        }
        let set = Arc::new(set);
        let extension = Extension { parent: parent.cloned(), added, set: set.clone() };
        self.by_hash.entry(hash).or_default().push(extension);
        self.count += 1;
        set
    }
}

/// Where a set lives, or nothing for no set.
fn address(set: Option<&Arc<LabelSet>>) -> Option<usize> {
    set.map(|set| Arc::as_ptr(set).addr())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(name: &str) -> Vec<MetricKeyValue> {
        vec![MetricKeyValue::new("task_queue", name.to_owned())]
    }

    #[test]
    fn the_same_labels_are_the_same_set() {
        let sets = LabelSets::new(BOUND);
        let root = sets.extend(None, vec![MetricKeyValue::new("service_name", "x")]);
        let once = sets.extend(Some(&root), queue("a"));
        let again = sets.extend(Some(&root), queue("a"));
        let other = sets.extend(Some(&root), queue("b"));
        assert!(Arc::ptr_eq(&once, &again));
        assert!(!Arc::ptr_eq(&once, &other));
        assert_eq!(once.keys_ordered().collect::<Vec<_>>(), ["service_name", "task_queue"]);
    }

    #[test]
    fn labels_without_end_are_counted_together() {
        let sets = LabelSets::new(3);
        let root = sets.extend(None, vec![MetricKeyValue::new("service_name", "x")]);
        let known = sets.extend(Some(&root), queue("0"));
        let many: Vec<_> = (0..1000).map(|n| sets.extend(Some(&root), queue(&n.to_string()))).collect();
        assert!(Arc::ptr_eq(&known, &many[0]), "what was told apart before stays apart");
        let past = &many[2];
        assert_eq!(past.as_prom_labels()["otel_metric_overflow"], "true");
        assert_eq!(past.as_prom_labels()["service_name"], "x");
        assert!(many[2..].iter().all(|set| Arc::ptr_eq(set, past)));
        let deeper = sets.extend(Some(past), queue("deeper"));
        assert!(Arc::ptr_eq(&deeper, past), "an overflow has no children");
        assert_eq!(sets.made.read().count, 4);
    }
}
