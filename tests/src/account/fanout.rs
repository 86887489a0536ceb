//! Publishers and receivers of a topic: processes whose every publish is noted, to be killed at any
//! moment.

use jobqueue::{
    Client, Context, Failure, JobId, Result, Retain, Worker,
    handler::{Definition, Handler, Job},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::task::JoinSet;

use super::{
    Account,
    note::{Book, Note},
};
use crate::process::Process;

/// The topic.
pub const TOPIC: &str = "fan";

/// The queues that are bound to it: to everything, to everything by another pattern, to plain
/// messages. In a cluster they are on three masters.
pub const BOUND: [(&str, &str); 3] =
    [("fan-orders", "#"), ("fan-mails", "event.*"), ("fan-users", "event.plain")];

/// Where messages go that a receiver can't do anything with, from each queue.
pub const DEAD: &str = "fan-dead";

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Event {
    /// Its name at the publisher. One publish, one token.
    pub token: String,
    /// Whether its handlers fail for good.
    pub hopeless: bool,
}

#[derive(Clone, Copy)]
struct Receive<const N: usize>;

impl<const N: usize> Job for Receive<N> {
    type Payload = Event;
    type Output = ();
    const DEFINITION: Definition = Definition::new(BOUND[N].0, "receive")
        .attempts(1)
        .retain(Retain::all())
        .retain_failed(Retain::all())
        .dead_letter(DEAD)
        .subscribe(TOPIC, BOUND[N].1);
}

impl<const N: usize> Handler for Receive<N> {
    async fn call(event: Event, _ctx: Context) -> Result<(), Failure> {
        if event.hopeless { Err(Failure::permanent("never")) } else { Ok(()) }
    }
}

/// How many messages are published at once, one by one.
const LINES: usize = 8;

impl Account {
    /// Starts a process that publishes until it is killed.
    #[must_use]
    pub fn publisher(&self, url: &str) -> Process {
        self.spawn("publish", url, Vec::new())
    }

    /// Starts a process that runs the jobs of all queues bound to the topic.
    #[must_use]
    pub fn receiver(&self, url: &str) -> Process {
        self.spawn("receive", url, Vec::new())
    }
}

/// Publishes without end, one by one and many at once.
pub(super) async fn publish(client: Client, book: Book) {
    let mut lines = JoinSet::new();
    for line in 0..LINES {
        let (client, book) = (client.clone(), book.clone());
        lines.spawn(async move {
            loop {
                some(&client, &book, if line == 0 { 20 } else { 1 }).await;
            }
        });
    }
    while lines.join_next().await.is_some() {}
}

async fn some(client: &Client, book: &Book, count: usize) {
    let hopeless = fastrand::u8(0..8) == 0;
    let events: Vec<Event> =
        (0..count).map(|_| Event { token: JobId::generate().to_string(), hopeless }).collect();
    let intent = |event: &Event| Note::Intent { token: event.token.clone() };
    book.note_all(&events.iter().map(intent).collect::<Vec<_>>());
    let tokens: Vec<String> = events.iter().map(|event| event.token.clone()).collect();
    let key = if hopeless { "event.hopeless" } else { "event.plain" };
    let receipts = client.publish_all(TOPIC, key, events).await;
    let receipts = receipts.unwrap_or_else(|error| error.published);
    let ids = receipts.into_iter().map(|receipt| receipt.id().to_string());
    let added = tokens.into_iter().zip(ids).map(|(token, id)| Note::Added { token, id });
    book.note_all(&added.collect::<Vec<_>>());
}

/// Processes messages until SIGTERM.
pub(super) async fn receive(client: Client) -> Result<()> {
    let worker = Worker::builder(&client)
        .handler(Receive::<0>)
        .handler(Receive::<1>)
        .handler(Receive::<2>)
        .concurrency(20)
        .lease(Duration::from_secs(1))
        // Workers die on purpose here; that is no reason to give a job up.
        .max_stalls(1_000_000);
    worker.run().await
}
