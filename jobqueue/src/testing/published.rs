//! What was published, and what a test expects of it.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    TestQueue,
    enqueued::{count_text, fits_count},
    sent::Published,
};
use crate::policy::{Pattern, RoutingKey};

impl TestQueue {
    /// The messages that this test's client has published to a topic, in order.
    #[must_use]
    pub fn published(&self, topic: &str) -> Vec<Published> {
        let all = self.stage.published().into_iter();
        all.filter(|message| message.topic.as_str() == topic).collect()
    }

    /// Whether such messages are there; else a text that says what there is instead. For the macros.
    #[doc(hidden)]
    pub fn find_published<P: DeserializeOwned>(
        &self,
        topic: &str,
        expected: &ExpectedMessage<'_, P>,
        wanted: bool,
    ) -> Result<(), String> {
        let pattern: Pattern = expected
            .pattern
            .parse()
            .map_err(|error| format!("a pattern can't be read: {error}"))?;
        let messages = self.published(topic);
        let fits = |message: &&Published| expected.fits(&pattern, message);
        let found = messages.iter().filter(fits).count();
        if fits_count(found, expected.count, wanted) {
            return Ok(());
        }
        let what = count_text(found, "message");
        let mut text = format!("{what} to topic {topic} is {expected}; there are:");
        for message in &messages {
            let payload = message.payload::<Value>();
            let payload = payload.map_or_else(|error| error.to_string(), |it| it.to_string());
            text.push_str(&format!("\n  {}: {payload}", message.routing_key));
        }
        if messages.is_empty() {
            text.push_str(" none at all");
        }
        Err(text)
    }
}

type Fits<'a, P> = Box<dyn Fn(&P) -> bool + 'a>;

/// What a test expects of a message. For [`assert_published!`](super::assert_published).
#[must_use]
pub struct ExpectedMessage<'a, P = Value> {
    pattern: &'a str,
    payload: Option<Fits<'a, P>>,
    count: Option<usize>,
}

impl<'a> ExpectedMessage<'a> {
    /// Its routing key fits this pattern.
    pub fn any(pattern: &'a str) -> Self {
        Self { pattern, payload: None, count: None }
    }
}

impl<'a, P: DeserializeOwned> ExpectedMessage<'a, P> {
    /// Its payload is such as well.
    pub fn with(pattern: &'a str, fits: impl Fn(&P) -> bool + 'a) -> Self {
        Self { pattern, payload: Some(Box::new(fits)), count: None }
    }

    /// There are so many of them.
    pub fn count(self, count: usize) -> Self {
        Self { count: Some(count), ..self }
    }

    fn fits(&self, pattern: &Pattern, message: &Published) -> bool {
        let key = message.routing_key.parse::<RoutingKey>();
        let payload = |fits: &Fits<'a, P>| message.payload().is_ok_and(|payload| fits(&payload));
        key.is_ok_and(|key| pattern.matches(&key)) && self.payload.as_ref().is_none_or(payload)
    }
}

impl<P> fmt::Display for ExpectedMessage<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "under a key like {}", self.pattern)?;
        if self.payload.is_some() {
            f.write_str(" with such a payload")?;
        }
        self.count.map_or(Ok(()), |count| write!(f, ", and {count} should be"))
    }
}

impl<P> fmt::Debug for ExpectedMessage<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExpectedMessage").field("pattern", &self.pattern).finish_non_exhaustive()
    }
}
