//! Group commit of publishes: messages are routed here, by the bindings that this process knows, and written
//! to the topic's outbox in one call. If the bindings have changed, the call says what they are now.

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use serde::Serialize;
use tokio::time::Instant;

use super::{
    binding::{Routed, Routes},
    gather::{PublishRequest, in_time},
};
use crate::{
    error::{Error, Result},
    job::{JobId, WorkerId},
    outbox::Relays,
    policy::RoutingKey,
    store::{
        Durability, QueueStore, Retries,
        topic::{NewMessage, Publish, Published},
    },
};

/// A message, and what decides where it goes.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) message: NewMessage,
    pub(crate) key: RoutingKey,
    pub(crate) headers: BTreeMap<String, String>,
}

/// Where a published message went.
///
/// Serialized: `{"id": "01J…", "targets": 2, "alternate": false}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Receipt {
    id: JobId,
    targets: usize,
    alternate: bool,
}

impl Receipt {
    /// The message's id. A copy has it too, as its job's id, followed by a suffix where the binding names
    /// the job.
    #[must_use]
    pub fn id(&self) -> &JobId {
        &self.id
    }

    /// How many copies are on their way to bound queues.
    #[must_use]
    pub fn targets(&self) -> usize {
        self.targets
    }

    /// Whether no binding is for it. It is lost then, unless it went to the
    /// [alternate queue](Self::went_to_alternate) or is [kept](super::Topic::keep).
    #[must_use]
    pub fn is_unroutable(&self) -> bool {
        self.targets == 0
    }

    /// Whether it went to the topic's alternate queue, since no binding is for it.
    #[must_use]
    pub fn went_to_alternate(&self) -> bool {
        self.alternate
    }
}

/// How long beyond its patience a publisher's newest call is remembered: a request that was given up may
/// still be on its way.
const REMEMBERED: Duration = Duration::from_secs(60);

/// Carries messages to Redis.
#[derive(Debug)]
pub(crate) struct Publisher {
    store: QueueStore,
    durability: Durability,
    relays: Relays,
    name: WorkerId,
    /// How many calls were made, to tell a call that is sent again from the next one.
    calls: u64,
    routes: Routes,
}

impl Publisher {
    pub(crate) fn new(store: QueueStore, durability: Durability, relays: Relays) -> Self {
        let (name, routes) = (WorkerId::generate(), Routes::unknown());
        Self { store, durability, relays, name, calls: 0, routes }
    }

    /// One call, repeated until Redis answers or the deadline has passed, and routed anew as often as the
    /// bindings have changed.
    async fn send(&mut self, messages: &[Outgoing], deadline: Instant) -> Result<Vec<Receipt>> {
        let mut retries = Retries::until(deadline);
        let mut resend = false;
        self.calls += 1;
        loop {
            let routed: Vec<Routed<'_>> =
                messages.iter().map(|out| self.routes.route(&out.key, &out.headers)).collect();
            let receipts = messages.iter().zip(&routed).map(|(out, routed)| Receipt {
                id: out.message.id.clone(),
                targets: routed.count,
                alternate: routed.count == 0 && !routed.targets.is_empty(),
            });
            let receipts: Vec<Receipt> = receipts.collect();
            let targets = routed.iter().map(|routed| Cow::Borrowed(&*routed.targets));
            let publish = Publish {
                version: &self.routes.version,
                publisher: &self.name,
                call: self.calls,
                remembered: self.store.retry_timeout().saturating_add(REMEMBERED),
                resend,
                messages: &targets.zip(messages.iter().map(|out| &out.message)).collect::<Vec<_>>(),
            };
            match self.store.call_durably(&publish, self.durability).await {
                Ok((Published::Outdated(bindings), _)) => self.routes = Routes::read(bindings)?,
                Ok((Published::Done { underway }, shortfall)) => {
                    if underway {
                        self.relays.start(self.store.name());
                    }
                    return shortfall.map_or(Ok(receipts), Err);
                }
                Err(error @ Error::Unavailable { .. }) => {
                    retries.wait_or(error).await?;
                    resend = true;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// About how many bytes a message takes on the way.
    pub(crate) fn size(&self, out: &Outgoing) -> usize {
        out.message.record.len() + 64 + self.routes.size()
    }

    /// Publishes parcels in one call, and answers each.
    pub(crate) async fn deliver(&mut self, requests: Vec<PublishRequest>) {
        let (mut requests, Some(deadline)) = in_time(requests) else { return };
        let sizes: Vec<usize> = requests.iter().map(|request| request.messages.len()).collect();
        let messages: Vec<Outgoing> =
            requests.iter_mut().flat_map(|request| std::mem::take(&mut request.messages)).collect();
        match self.send(&messages, deadline).await {
            Ok(receipts) => {
                let mut receipts = receipts.into_iter();
                for (request, size) in requests.into_iter().zip(sizes) {
                    let _ = request.reply.send(Ok(receipts.by_ref().take(size).collect()));
                }
            }
            Err(error) => {
                for request in requests {
                    let _ = request.reply.send(Err(error.clone()));
                }
            }
        }
    }
}
