//! Binding a queue to a topic.

use std::{future::IntoFuture, pin::Pin};

use super::{
    Topic,
    binding::{Binding, Subscription},
    replay::{self, Start},
};
use crate::{
    client::{Act, Client},
    error::{Error, Result},
    job::QueueName,
    policy::{Filter, Pattern},
    store::topic,
    value_error::Invalid,
};

/// The most bindings of a topic: each message is compared with all of them, and carries those that
/// match.
const MOST_BINDINGS: usize = 1_000;

/// A binding about to be made: set options, then await it. Answers whether it is new.
///
/// A queue has one binding for each pattern and job name; another one replaces its filter. A
/// publish that began earlier may not use the binding yet; one that begins after the answer does.
///
/// # Cancel safety
/// Dropped before it is done, the queue is bound or isn't. A binding that has begun in the past
/// [goes on](Self::from) when it is made again.
///
/// # Errors
/// [`Error::Invalid`] for names, patterns and filters;
/// [`Refused::TooManyBindings`](crate::error::Refused).
#[must_use = "a queue is bound when this is awaited"]
#[derive(Debug)]
pub struct Bind {
    topic: Topic,
    binding: Result<Binding, Invalid>,
    start: Option<Start>,
}

impl Topic {
    /// Sends messages whose routing keys match the pattern to a queue. Set options, then await it.
    pub fn bind(&self, queue: &str, pattern: &str) -> Bind {
        Bind::new(self, queue, pattern)
    }
}

impl Bind {
    fn new(topic: &Topic, queue: &str, pattern: &str) -> Self {
        let binding = queue.parse().and_then(|queue| {
            pattern.parse::<Pattern>()?;
            Ok(Binding { queue, pattern: pattern.to_owned(), job: None, filter: None })
        });
        Self { topic: topic.clone(), binding, start: None }
    }

    /// Takes only messages whose headers pass this filter; all by default.
    pub fn filter(self, filter: Filter) -> Self {
        self.set(|binding| {
            filter.validate()?;
            binding.filter = (!filter.is_empty()).then_some(filter);
            Ok(())
        })
    }

    /// Makes the messages jobs of the handler of this name. By default the name of a message's job
    /// is its routing key.
    pub fn job(self, name: &str) -> Self {
        self.set(|binding| {
            binding.job = Some(name.parse()?);
            Ok(())
        })
    }

    /// Starts in the past, with messages that the topic [keeps](Topic::keep); by default it starts
    /// with the messages published from now on. The answer comes when all the kept ones have
    /// arrived; if it is interrupted, bind again to continue. A binding that exists and has caught
    /// up stays as it is.
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
                Invalid::setup("the filter can't be written", "use text and finite numbers")
                    .because(error)
            })?,
            None => Vec::new(),
        };
        // First, so that the workers of a bound queue always know the topic.
        topic.client.relays().register_source(topic.name(), &binding.queue).await?;
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
        Box::pin(async move {
            let topic = self.topic.clone();
            let on = self.binding.as_ref().map(|it| format!("{} {}", it.queue, it.pattern));
            let on = on.unwrap_or_else(|_| "what can't be bound".to_owned());
            let act = Act::new("bind", topic.name()).on(&on);
            topic.client.audited(act, self.send()).await
        })
    }
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
