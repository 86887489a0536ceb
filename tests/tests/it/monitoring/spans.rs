//! A tracing subscriber that keeps the fields of the spans of runs.

use std::{
    collections::HashMap,
    fmt::Debug,
    sync::{Arc, Mutex},
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

/// A span's fields by name.
pub(crate) type Fields = HashMap<&'static str, String>;

/// Keeps all spans named `job`, in the order in which they began.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spans(Arc<Mutex<Vec<Fields>>>);

impl Spans {
    /// The spans of runs of jobs of this name.
    pub(crate) fn of(&self, job: &str) -> Vec<Fields> {
        let all = self.0.lock().expect("not poisoned");
        all.iter()
            .filter(|span| span.get("name").is_some_and(|name| name == job))
            .cloned()
            .collect()
    }

    /// The one span of a job of this name.
    pub(crate) fn one(&self, job: &str) -> Fields {
        let mut spans = self.of(job);
        assert_eq!(spans.len(), 1, "runs of {job}: {spans:?}");
        spans.remove(0)
    }
}

struct Reader<'a>(&'a mut Fields);

impl Visit for Reader<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

impl Subscriber for Spans {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && metadata.name() == "job"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::new();
        span.record(&mut Reader(&mut fields));
        let mut all = self.0.lock().expect("not poisoned");
        all.push(fields);
        Id::from_u64(all.len() as u64)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut all = self.0.lock().expect("not poisoned");
        let at = usize::try_from(span.into_u64() - 1).expect("small");
        values.record(&mut Reader(&mut all[at]));
    }

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, _event: &Event<'_>) {}

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}
