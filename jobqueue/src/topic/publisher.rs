//! The call that publishes a batch of messages, for [group commit](crate::group_commit).
//!
//! Messages are routed here, by the bindings that this process knows, and written to the topic's
//! outbox in one call. If the bindings have changed, the call answers the new ones. Calls are
//! numbered, so that a call that is sent again is not carried out again.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{
    binding::{Routed, Routes},
    receipt::Receipt,
};
use crate::{
    client::Client,
    error::{Error, Operation, Result},
    group_commit::{GroupCommit, GroupCommits, Rules, Sink},
    job::QueueName,
    outbox::Relays,
    policy::RoutingKey,
    store::{
        Durability, MAX_BATCH, QueueStore, Retries, Senders,
        topic::{NewMessage, Publish, Published},
    },
};
#[cfg(feature = "testing")]
use crate::{
    client::{Following, SentMessage},
    job::Record,
};

/// The group commits of a client's publishes.
type Publishers = GroupCommits<Publisher>;

/// The group commit that takes messages to this topic.
pub(super) fn publisher(
    client: &Client,
    topic: &QueueName,
    durability: Durability,
) -> GroupCommit<Publisher> {
    client.shared::<Publishers>().get(topic, durability, || {
        let store = client.store().queue(topic).for_durability(durability);
        Publisher::new(store, durability, client.relays().clone())
    })
}

/// Publishes messages. The test that watches the client is told, if there is one.
#[cfg_attr(not(feature = "testing"), expect(unused_variables, reason = "a test watches it"))]
pub(super) fn send<'a>(
    client: &'a Client,
    publisher: &'a GroupCommit<Publisher>,
    messages: Vec<Outgoing>,
) -> impl Future<Output = Result<Vec<Receipt>>> + Send + 'a {
    #[cfg(feature = "testing")]
    let watch = client.watch().map(|watch| (watch, sent(&messages)));
    let publishing = publisher.send(messages);
    // Boxed, so that the futures above stay as they are.
    #[cfg(feature = "testing")]
    let publishing = Box::pin(async move {
        if let Some((watch, _)) = &watch {
            watch.publishes(client).await?;
        }
        let receipts = publishing.await?;
        if let Some((watch, messages)) = watch {
            watch.published(client, messages?).await?;
        }
        Ok(receipts)
    }) as Following<'_, _>;
    publishing
}

#[cfg(feature = "testing")]
fn sent(messages: &[Outgoing]) -> Result<Vec<SentMessage>> {
    let sent = |out: &Outgoing| {
        let record = Record::decode(&out.message.record.clone().into())?;
        let topic = record.options.origin.as_ref().map(|origin| origin.topic.clone());
        Ok(topic.map(|topic| SentMessage { topic, record }))
    };
    messages.iter().filter_map(|out| sent(out).transpose()).collect()
}

/// A message, and the values that decide where it goes.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) message: NewMessage,
    pub(super) key: RoutingKey,
    pub(super) headers: BTreeMap<String, String>,
}

/// Publishes batches of messages to one topic.
#[derive(Debug)]
pub(super) struct Publisher {
    store: QueueStore,
    durability: Durability,
    relays: Relays,
    senders: Senders,
    /// Replaced by a call whose answer has newer ones.
    routes: Mutex<Arc<Routes>>,
}

impl Sink for Publisher {
    type Item = Outgoing;
    type Answer = Vec<Receipt>;

    const RULES: Rules = Rules { shared_call: MAX_BATCH, second_call: None, own_calls: false };

    fn retry_timeout(&self) -> Duration {
        self.store.retry_timeout()
    }

    fn call_limit(&self) -> Duration {
        self.store.call_limit()
    }

    fn operation(&self) -> Operation {
        Operation::on("publish messages", "topic", self.store.name())
    }

    fn size(&self, messages: &[Outgoing]) -> usize {
        let routes = self.routes().size();
        messages.iter().map(|out| out.message.record.len() + 64 + routes).sum()
    }

    /// One call, repeated until Redis answers or the deadline passes, and routed anew each time the
    /// bindings have changed.
    async fn send(
        &self,
        messages: &[Outgoing],
        deadline: Instant,
        _resend: bool,
    ) -> Result<Vec<Receipt>> {
        let mut retries = Retries::until(deadline);
        let mut sender = self.senders.take();
        let mut call = sender.call();
        loop {
            let routes = self.routes();
            let routed: Vec<Routed<'_>> =
                messages.iter().map(|out| routes.route(&out.key, &out.headers)).collect();
            let targets = routed.iter().map(|routed| Cow::Borrowed(&*routed.targets));
            let publish = Publish {
                version: &routes.version,
                call,
                messages: &targets.zip(messages.iter().map(|out| &out.message)).collect::<Vec<_>>(),
            };
            match retries.attempt(self.store.call_durably(&publish, self.durability)).await {
                Ok((Published::Outdated(bindings), _)) => {
                    let new = Arc::new(Routes::read(bindings)?);
                    *self.routes.lock().unwrap_or_else(PoisonError::into_inner) = new;
                }
                Ok((Published::Done { underway }, shortfall)) => {
                    if underway {
                        self.relays.start(self.store.name());
                    }
                    return shortfall.map_or_else(|| Ok(receipts(messages, &routed)), Err);
                }
                Err(error @ Error::Unavailable { .. }) => {
                    retries.wait_or(error).await?;
                    call.resend = true;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn split(
        receipts: Vec<Receipt>,
        sizes: impl Iterator<Item = usize>,
    ) -> impl Iterator<Item = Vec<Receipt>> {
        let mut receipts = receipts.into_iter();
        sizes.map(move |size| receipts.by_ref().take(size).collect())
    }
}

impl Publisher {
    fn new(store: QueueStore, durability: Durability, relays: Relays) -> Self {
        let senders = Senders::new(store.retry_timeout());
        let routes = Mutex::new(Arc::new(Routes::unknown()));
        Self { store, durability, relays, senders, routes }
    }

    fn routes(&self) -> Arc<Routes> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn receipts(messages: &[Outgoing], routed: &[Routed<'_>]) -> Vec<Receipt> {
    let receipt = |(out, routed): (&Outgoing, &Routed<'_>)| Receipt {
        id: out.message.id.clone(),
        targets: routed.count,
        alternate: routed.count == 0 && !routed.targets.is_empty(),
    };
    messages.iter().zip(routed).map(receipt).collect()
}
