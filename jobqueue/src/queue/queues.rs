//! Which queues exist.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Queue;
use crate::{
    client::Client,
    error::Result,
    job::QueueName,
    store::{Existing, Listed, MAX_BATCH, Rescanned, queue},
};

/// How many queues one step of [`Queues::all`] asks about.
const STEP: usize = 250;

impl Client {
    /// The queues that exist, by name: set which, then read them.
    ///
    /// ```no_run
    /// # async fn example(client: jobqueue::Client) -> jobqueue::Result<()> {
    /// for queue in client.queues().all().await? {
    ///     println!("{} {}", queue.name, if queue.is_dead_letter() { "(dead letters)" } else { "" });
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn queues(&self) -> Queues {
        Queues { client: self.clone(), having: Listed::Queue }
    }
}

impl Queue {
    /// Whether the queue exists: a job was added to it, a worker has served it, it was
    /// [created](Self::create) or a limit was set; and it wasn't obliterated since.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn exists(&self) -> Result<bool> {
        let names = std::slice::from_ref(self.name());
        Ok(!self.client().store().existing(names).await?.is_empty())
    }

    /// Makes the queue exist, empty, if it doesn't yet. Adding to it or serving it does so as well:
    /// this is for a queue that is to be paused before anything else.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn create(&self) -> Result<()> {
        let create = queue::Limits { changes: &[] };
        self.audited("create", None, self.store().call_retrying(&create)).await
    }
}

/// The queues of a client's server and prefix that exist; see [`Client::queues`].
///
/// They come from a registry in which each client and each worker notes what it makes or serves, at
/// most once an hour. So a queue that was obliterated is not listed, one that is used again is
/// listed within the hour, and one that nobody has used since it was made by an older version of
/// this library, or by a client that may not write to the registry, is found by
/// [`rescan`](Self::rescan) alone.
///
/// Reading asks Redis one small question a queue, all of a page at once: for a page that is shown
/// again and again, keep the list for some seconds.
#[must_use = "nothing is read until `page` or `all` is awaited"]
#[derive(Clone, Debug)]
pub struct Queues {
    client: Client,
    having: Listed,
}

/// A queue that exists.
///
/// Serialized: its fields, under their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct QueueEntry {
    /// Its name.
    pub name: QueueName,
    /// Whether it is paused.
    pub paused: bool,
    /// Where its dead letters go if neither handler nor worker says so.
    pub dead_letter: Option<QueueName>,
    /// The queues whose dead letters come here, as far as workers and limits have said so: at most
    /// 1,000 a page.
    pub dead_letters_of: Vec<QueueName>,
}

impl QueueEntry {
    /// Whether it takes the dead letters of other queues.
    #[must_use]
    pub fn is_dead_letter(&self) -> bool {
        !self.dead_letters_of.is_empty()
    }
}

/// A page of [`Queues`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct QueuePage {
    /// Its queues, by name. May be empty though there are more.
    pub queues: Vec<QueueEntry>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<QueueName>,
}

/// What a [rescan](Queues::rescan) has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Rescan {
    /// About how many keys it looked at.
    pub looked: u64,
    /// How many entries the registry lacked, of queues, topics, schedules and flows.
    pub added: u64,
    /// How many entries were of what doesn't exist any more.
    pub removed: u64,
}

impl Queues {
    /// Only those that have schedules.
    pub fn with_schedules(mut self) -> Self {
        self.having = Listed::Schedules;
        self
    }

    /// Only those that are the home of flows, running or kept.
    pub fn with_flows(mut self) -> Self {
        self.having = Listed::Flows;
        self
    }

    /// Up to `count` queues, 1 to 1,000, after this name or from the first.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn page(&self, after: Option<&QueueName>, count: usize) -> Result<QueuePage> {
        let (store, count) = (self.client.store(), count.clamp(1, MAX_BATCH));
        let names = store.listed(self.having, after, count).await?;
        let Some(last) = names.last().cloned() else {
            return Ok(QueuePage { queues: Vec::new(), next: None });
        };
        let next = (names.len() == count).then_some(last);
        let names = match self.having {
            Listed::Queue => names,
            kind => store.having(kind, names).await?,
        };
        let found = store.existing(&names).await?;
        let mut origins: BTreeMap<QueueName, Vec<QueueName>> = BTreeMap::new();
        if let (Some(first), Some(last)) = (found.first(), found.last()) {
            for (to, from) in store.letters_of(&first.name, &last.name).await? {
                origins.entry(to).or_default().push(from);
            }
        }
        let entry = |Existing { name, paused, dead_letter }| {
            let dead_letters_of = origins.remove(&name).unwrap_or_default();
            QueueEntry { name, paused, dead_letter, dead_letters_of }
        };
        Ok(QueuePage { queues: found.into_iter().map(entry).collect(), next })
    }

    /// All of them, by name, in memory; read in steps.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn all(&self) -> Result<Vec<QueueEntry>> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = self.page(after.as_ref(), STEP).await?;
            all.extend(page.queues);
            after = match page.next {
                Some(next) => Some(next),
                None => return Ok(all),
            };
        }
    }

    /// Mends the registry: looks at all keys of the server, or of all masters of a cluster, for
    /// queues, topics, schedules and flows that it lacks, and removes what doesn't exist any more.
    /// In steps of 1,000 keys; a server of 10,000,000 keys takes some seconds. What other programs
    /// keep there is looked at as well, and left alone.
    ///
    /// # Errors
    /// Those of any call; also where the server's ACL forbids `SCAN` or the registry.
    pub async fn rescan(&self) -> Result<Rescan> {
        let Rescanned { looked, added, removed } = self.client.store().rescan().await?;
        Ok(Rescan { looked, added, removed })
    }
}
