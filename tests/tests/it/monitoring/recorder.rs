//! A recorder for the `metrics` facade that keeps all it hears.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};

/// By name and labels (`name{job=…,queue=…}`): a counter's or a gauge's value; of a histogram, how
/// many.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept(Arc<Mutex<BTreeMap<String, f64>>>);

impl Kept {
    /// The value of a name with these labels; 0 if nobody has said anything.
    pub(crate) fn get(&self, key: &str) -> f64 {
        self.0.lock().expect("not poisoned").get(key).copied().unwrap_or(0.0)
    }

    /// All names that were heard of, with their labels.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.0.lock().expect("not poisoned").keys().cloned().collect()
    }

    fn cell(&self, key: &Key) -> Arc<Cell> {
        let mut labels: Vec<String> =
            key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        labels.sort();
        let name = format!("{}{{{}}}", key.name(), labels.join(","));
        self.0.lock().expect("not poisoned").entry(name.clone()).or_default();
        Arc::new(Cell { name, kept: self.clone() })
    }
}

struct Cell {
    name: String,
    kept: Kept,
}

impl Cell {
    fn add(&self, value: f64) {
        *self.kept.0.lock().expect("not poisoned").entry(self.name.clone()).or_default() += value;
    }
}

impl CounterFn for Cell {
    fn increment(&self, value: u64) {
        self.add(value as f64);
    }

    fn absolute(&self, _value: u64) {
        unreachable!("counters only rise by what has happened");
    }
}

impl GaugeFn for Cell {
    fn increment(&self, value: f64) {
        self.add(value);
    }

    fn decrement(&self, value: f64) {
        self.add(-value);
    }

    fn set(&self, _value: f64) {
        unreachable!("pumps of one queue share their gauges");
    }
}

impl HistogramFn for Cell {
    fn record(&self, value: f64) {
        assert!((0.0..60.0).contains(&value), "{}: {value} s", self.name);
        self.add(1.0);
    }
}

impl Recorder for Kept {
    fn describe_counter(&self, _key: KeyName, _unit: Option<Unit>, _what: SharedString) {}

    fn describe_gauge(&self, _key: KeyName, _unit: Option<Unit>, _what: SharedString) {}

    fn describe_histogram(&self, _key: KeyName, _unit: Option<Unit>, _what: SharedString) {}

    fn register_counter(&self, key: &Key, _metadata: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.cell(key))
    }

    fn register_gauge(&self, key: &Key, _metadata: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.cell(key))
    }

    fn register_histogram(&self, key: &Key, _metadata: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.cell(key))
    }
}
