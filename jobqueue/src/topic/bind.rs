//! Binding a queue to a topic.

use std::{future::IntoFuture, pin::Pin};

use super::{
    Topic,
    binding::{Binding, Subscription},
    replay::{self, Start},
};
use crate::{
    client::Client,
    error::{Error, Result},
    job::QueueName,
    policy::{Filter, Pattern},
    store::{outbox, topic},
    value_error::Invalid,
};

/// The most bindings of a topic: each message is held against all of them, and names those that it fits.
pub(crate) const MOST_BINDINGS: usize = 1_000;

/// A binding about to be made: set options, then await it. Answers whether it is new.
///
/// A queue has one binding for each pattern and job name; made again with another filter, it has that one from
/// then on. A publish that began before it may not know it yet; one that begins when this has been answered
/// does.
///
/// # Errors
/// [`Error::Invalid`] for names, patterns and filters; [`Refused::TooManyBindings`](crate::error::Refused).
#[must_use = "a queue is bound when this is awaited"]
#[derive(Debug)]
pub struct Bind {
    topic: Topic,
    binding: Result<Binding, Invalid>,
    start: Option<Start>,
}

impl Bind {
    pub(crate) fn new(topic: &Topic, queue: &str, pattern: &str) -> Self {
        let binding = queue.parse().and_then(|queue| {
            pattern.parse::<Pattern>()?;
            Ok(Binding { queue, pattern: pattern.to_owned(), job: None, filter: None })
        });
        Self { topic: topic.clone(), binding, start: None }
    }

    /// Only messages whose headers pass this; all by default.
    pub fn filter(self, filter: Filter) -> Self {
        self.set(|binding| {
            filter.validate()?;
            binding.filter = (!filter.is_empty()).then_some(filter);
            Ok(())
        })
    }

    /// What jobs the messages become: those of the handler of this name. By default a message's routing key is
    /// its job's name.
    pub fn job(self, name: &str) -> Self {
        self.set(|binding| {
            binding.job = Some(name.parse()?);
            Ok(())
        })
    }

    /// Starts in the past, with the messages that the topic [keeps](Topic::keep); by default with what is
    /// published from now on. The binding is answered when they have all arrived; if that was broken off,
    /// bind again to go on. A binding that is there already and has no start left to catch up with stays as it
    /// is.
    pub fn from(mut self, start: Start) -> Self {
        self.start = Some(start);
        self
    }

    fn set(mut self, change: impl FnOnce(&mut Binding) -> Result<(), Invalid>) -> Self {
        self.binding = self.binding.and_then(|mut binding| {
            change(&mut binding)?;
            Ok(binding)
        });
        self
    }

    async fn send(self) -> Result<bool> {
        let Self { topic, binding, start } = self;
        let binding = binding?;
        let filter = match &binding.filter {
            Some(filter) => rmp_serde::to_vec_named(filter).map_err(|error| {
                Invalid::new("filter", "that can't be written", error.to_string())
            })?,
            None => Vec::new(),
        };
        introduce(&topic.client, topic.name(), &binding.queue).await?;
        let entry = match &start {
            Some(start) => Some(replay::locate(&topic, start).await?),
            None => None,
        };
        let bind = topic::Bind {
            binding: &binding.key(),
            filter: &filter,
            most: MOST_BINDINGS,
            start: entry.as_deref(),
        };
        let new = topic.store.call_retrying(&bind).await?;
        if start.is_some() {
            replay::catch_up(&topic, &binding).await?;
        }
        Ok(new)
    }
}

impl IntoFuture for Bind {
    type Output = Result<bool, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// Makes a topic known to a queue. First, so that there is no binding of which the queue's workers know nothing.
pub(super) async fn introduce(client: &Client, topic: &QueueName, queue: &QueueName) -> Result<()> {
    let store = client.store().queue(queue);
    store.call_retrying(&outbox::RegisterSource { source: topic }).await
}

impl Client {
    /// Binds a handler's queue to what it subscribes to.
    pub(crate) async fn subscribe(
        &self,
        queue: &QueueName,
        subscription: &Subscription,
    ) -> Result<()> {
        let Subscription { topic, pattern, job } = subscription;
        let topic = Topic::new(self, topic);
        topic.bind(queue.as_str(), pattern).job(job).await.map(drop)
    }
}
