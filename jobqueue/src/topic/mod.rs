//! Topics: a message that is published once arrives in every queue that is bound to it.
//!
//! ```no_run
//! # use jobqueue::{job, Client};
//! #[job(queue = "mails", subscribe = "user-events:user.created")]
//! async fn welcome(user: u64) {
//!     println!("welcome, {user}");
//! }
//!
//! # async fn example(client: Client) -> jobqueue::Result<()> {
//! client.topic("user-events")?.bind("audit", "#").await?;
//! let receipt = client.publish("user-events", "user.created", 42_u64).await?;
//! println!("{} copies are on their way", receipt.targets());
//! # Ok(())
//! # }
//! ```
//!
//! A publish is one call: it writes the message and the list of its queues to the topic's outbox,
//! and the relay brings a copy to each, once. A handler binds its queue with `subscribe`;
//! [`Topic::bind`] binds any queue, with a [`Filter`] on headers if you like. [`Topic::stats`] says
//! how far queues are behind.

mod bind;
mod binding;
mod message;
mod publish;
mod publish_all;
mod publisher;
mod receipt;
mod replay;
mod stats;
mod subscribers;
mod topics;

pub use bind::Bind;
pub use binding::Binding;
pub(crate) use binding::Subscription;
pub use publish::Publish;
pub use publish_all::{PublishAll, PublishAllError};
pub use receipt::Receipt;
pub use replay::Start;
pub use stats::{QueueLag, TopicStats};
pub(crate) use subscribers::Subscriber;

pub use crate::policy::Filter;

use crate::{
    client::{Act, Client},
    error::Result,
    job::QueueName,
    policy::{Pattern, Retain},
    store::{
        Listed, QueueStore, millis,
        topic::{Configure, Delete, Stats, Unbind},
    },
};

/// A topic: queues are bound to it, and [`Client::publish`] sends messages to it.
///
/// A pattern consists of words with dots between them; `*` matches one word, `#` any number of
/// words. Each queue gets one copy of a message for each job name it is bound with, as a job with
/// the options, the retries and the order of that queue. A handler can bind its queue itself:
/// `#[job(subscribe = "user-events:user.*")]`.
///
/// ```no_run
/// # async fn example(client: jobqueue::Client) -> jobqueue::Result<()> {
/// use jobqueue::topic::Filter;
///
/// let events = client.topic("user-events")?;
/// events.bind("welcome-mails", "user.created").job("welcome").await?;
/// events.bind("eu-audit", "#").filter(Filter::header("region").prefix("eu-")).await?;
/// events.alternate("unclaimed").await?;
/// println!("{:?}", events.stats().await?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Topic {
    client: Client,
    store: QueueStore,
}

impl Client {
    /// A topic by its name, which has the form of a queue's. Nothing is sent: a topic exists as
    /// soon as a queue is bound to it.
    ///
    /// # Errors
    /// The name is invalid.
    pub fn topic(&self, name: impl AsRef<str>) -> Result<Topic> {
        Ok(Topic::new(self, &name.as_ref().parse()?))
    }
}

impl Topic {
    fn new(client: &Client, name: &QueueName) -> Self {
        Self { client: client.clone(), store: client.store().queue(name) }
    }

    /// The topic's name.
    #[must_use]
    pub fn name(&self) -> &QueueName {
        self.store.name()
    }

    /// Removes the bindings of a queue by this pattern, for all job names. Messages published
    /// earlier still arrive. Answers whether there was such a binding.
    ///
    /// # Errors
    /// A name or pattern is invalid.
    pub async fn unbind(&self, queue: &str, pattern: &str) -> Result<bool> {
        let on = format!("{queue} {pattern}");
        let act = Act::new("unbind", self.name()).on(&on);
        self.client.audited(act, self.remove_binding(queue, pattern)).await
    }

    async fn remove_binding(&self, queue: &str, pattern: &str) -> Result<bool> {
        let queue: QueueName = queue.parse()?;
        pattern.parse::<Pattern>()?;
        let bound = self.bindings().await?.into_iter();
        let own = bound.filter(|bound| bound.queue == queue && bound.pattern == pattern);
        let keys: Vec<String> = own.map(|bound| bound.key()).collect();
        if keys.is_empty() {
            return Ok(false);
        }
        Ok(self.store.call_retrying(&Unbind { bindings: &keys }).await? > 0)
    }

    /// The bindings, sorted by queue.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn bindings(&self) -> Result<Vec<Binding>> {
        let snapshot = self.store.call_retrying(&Stats { most: 1 }).await?;
        let mut bindings =
            snapshot.bindings.iter().map(Binding::read).collect::<Result<Vec<_>, _>>()?;
        bindings.sort_unstable_by_key(Binding::key);
        Ok(bindings)
    }

    /// The queue that gets messages which fit no binding. With `None`, the default, they are lost,
    /// and their [receipts](Receipt::is_unroutable) say so.
    ///
    /// # Errors
    /// The name is invalid.
    pub async fn alternate<'a>(&self, queue: impl Into<Option<&'a str>>) -> Result<()> {
        let Some(queue) = queue.into() else {
            return self.configure(&[("alternate", String::new())]).await;
        };
        let queue: QueueName = queue.parse()?;
        self.client.relays().register_source(self.name(), &queue).await?;
        self.configure(&[("alternate", queue.to_string())]).await
    }

    /// Keeps messages, about this many of them or for about this long, for bindings that start in
    /// the [past](Bind::from); [`Retain::none`], the default, keeps none and removes those that were
    /// kept.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) for a count above 1,000,000,000, and those of any
    /// call.
    pub async fn keep(&self, retain: Retain) -> Result<()> {
        retain.validate()?;
        let (count, age) = if retain.keeps_nothing() {
            (String::new(), String::new())
        } else {
            let count =
                retain.max_count().map_or_else(|| "-1".to_owned(), |count| count.to_string());
            let age =
                retain.max_age().map_or_else(|| "-1".to_owned(), |age| millis(age).to_string());
            (count, age)
        };
        self.configure(&[("keep", count), ("keep_ms", age)]).await
    }

    /// Waits until all messages published so far have arrived, and relays them if no other process
    /// does. Messages arrive without it too; it is for tests, and for use before a measurement or a
    /// move. Dropped before it is done, it goes on by itself.
    ///
    /// # Errors
    /// A queue, or the topic itself, can't be reached or refuses.
    pub async fn flush(&self) -> Result<()> {
        self.client.relays().relay(self.name()).await
    }

    /// Removes the topic: its bindings, its settings, and the messages that it keeps. Messages
    /// published earlier still arrive. Answers whether the topic existed.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn obliterate(&self) -> Result<bool> {
        let act = Act::new("delete_topic", self.name());
        let deleted = self.client.audited(act, self.store.call_retrying(&Delete)).await?;
        self.store.unlist(&[Listed::Topic]).await;
        Ok(deleted)
    }

    async fn configure(&self, changes: &[(&'static str, String)]) -> Result<()> {
        let value = |(field, value): &(&str, String)| format!("{field}={value}");
        let on = changes.iter().map(value).collect::<Vec<_>>().join(" ");
        let act = Act::new("configure_topic", self.name()).on(&on);
        self.client.audited(act, self.store.call_retrying(&Configure { changes })).await
    }
}
