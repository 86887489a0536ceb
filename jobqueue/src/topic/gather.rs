//! Group commit of publishes, as [`batcher`](crate::queue) has it for adds: what is published while one call is on
//! its way gathers, and the next call takes all of it.
//!
//! Calls are numbered, so that one that is sent again isn't made again. So there is never more than one of a
//! publisher on its way, and nobody but its courier makes any.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout_at},
};

use super::publisher::{Outgoing, Publisher, Receipt};
use crate::{
    client::Client,
    error::{Error, Operation, Result},
    job::QueueName,
    store::{Durability, MAX_BATCH, MAX_BYTES, deadline_after},
};

/// How many parcels may wait for their turn before further ones wait to be taken in.
const INBOX: usize = 4 * MAX_BATCH;

/// The ways into the publishers of a client, one for each topic and kind of durability in use.
#[derive(Debug, Default)]
pub(crate) struct Publishers(Mutex<HashMap<(QueueName, Durability), Inlet>>);

impl Publishers {
    pub(crate) fn get(&self, topic: &QueueName, durability: Durability, client: &Client) -> Inlet {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (topic.clone(), durability);
        if let Some(inlet) = all.get(&key)
            && !inlet.inbox.is_closed()
        {
            return inlet.clone();
        }
        // First use; or the runtime that the task ran on has been shut down.
        let store = client.store().queue(topic);
        let own = store.for_durability(durability);
        let retry_timeout = store.retry_timeout();
        let publisher = Publisher::new(own, durability, client.relays().clone());
        let inlet = Inlet::spawn(retry_timeout, publisher);
        all.insert(key, inlet.clone());
        inlet
    }
}

/// The way into one publisher.
#[derive(Clone, Debug)]
pub(crate) struct Inlet {
    inbox: mpsc::Sender<PublishRequest>,
    retry_timeout: Duration,
}

/// Messages that are published together or not at all.
#[derive(Debug)]
pub(crate) struct PublishRequest {
    pub(crate) messages: Vec<Outgoing>,
    pub(crate) deadline: Instant,
    pub(crate) reply: oneshot::Sender<Result<Vec<Receipt>>>,
}

impl Inlet {
    fn spawn(retry_timeout: Duration, publisher: Publisher) -> Self {
        let (inbox, requests) = mpsc::channel(INBOX);
        tokio::spawn(run(publisher, requests));
        Self { inbox, retry_timeout }
    }

    /// Publishes messages, at most one call's worth, all or none.
    pub(crate) async fn send(&self, messages: Vec<Outgoing>) -> Result<Vec<Receipt>> {
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        let (reply, answer) = oneshot::channel();
        let deadline = deadline_after(self.retry_timeout);
        let request = PublishRequest { messages, deadline, reply };
        match timeout_at(deadline, self.inbox.send(request)).await {
            Ok(Ok(())) => answer.await.unwrap_or(Err(Error::Closed)),
            Ok(Err(_)) => Err(Error::Closed),
            Err(_) => Err(too_late()),
        }
    }
}

fn too_late() -> Error {
    let problem = "earlier messages still wait for an answer";
    Error::unavailable(Operation::new("publish messages"), problem)
}

/// Ends when the client, and with it every sender, is gone.
async fn run(mut publisher: Publisher, mut inbox: mpsc::Receiver<PublishRequest>) {
    let mut requests = Vec::with_capacity(MAX_BATCH);
    while inbox.recv_many(&mut requests, MAX_BATCH).await > 0 {
        while !requests.is_empty() {
            let rest = requests.split_off(one_call(&publisher, &requests));
            publisher.deliver(std::mem::replace(&mut requests, rest)).await;
            // What came meanwhile rides along with what was left.
            while requests.len() < MAX_BATCH
                && let Ok(request) = inbox.try_recv()
            {
                requests.push(request);
            }
        }
    }
}

/// The parcels whose time is not over, which the others are told, and the time when the first one's is.
pub(crate) fn in_time(mut requests: Vec<PublishRequest>) -> (Vec<PublishRequest>, Option<Instant>) {
    let now = Instant::now();
    for late in requests.extract_if(.., |request| request.deadline < now) {
        let _ = late.reply.send(Err(too_late()));
    }
    let deadline = requests.iter().map(|request| request.deadline).min();
    (requests, deadline)
}

/// How many of the parcels one call can carry: at least one.
fn one_call(publisher: &Publisher, requests: &[PublishRequest]) -> usize {
    let (mut messages, mut bytes) = (0, 0);
    let fits = requests.iter().take_while(|request| {
        messages += request.messages.len();
        bytes += request.messages.iter().map(|message| publisher.size(message)).sum::<usize>();
        messages <= MAX_BATCH && bytes <= MAX_BYTES
    });
    fits.count().max(1)
}
