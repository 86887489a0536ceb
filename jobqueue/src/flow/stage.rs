//! Staging: a flow is written in calls of bounded size, and becomes visible with the last.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use super::{
    plan::Contents,
    prepare::{Prepared, PreparedFollow, PreparedGroup, PreparedOf, number},
    publish::subscribers,
};
use crate::{
    client::Client,
    clock,
    error::Result,
    job::{FlowId, FlowKey, Member, Priority, QueueName, ReplyAddress},
    producer::{Content, Request},
    store::{
        MAX_BYTES, QueueStore,
        flow::{Follow, GroupPart, GroupQueue, NodePart, Stage, Staged, Start, Within},
        job::NewJob,
    },
    value_error::Invalid,
};

/// The most nodes and groups of one call: of a few milliseconds.
const PART: usize = 500;

/// Larger records than this are sent fewer at a time: see `lua/lib/flow.lua`.
const LARGE: usize = 2_048;

/// Nobody tells a longer time from this, and scripts reckon with it without losing digits.
const FOR_EVER: Duration = Duration::from_secs(300 * 365 * 24 * 3_600);

/// A flow that is being staged in its home.
pub(super) struct Staging<'a> {
    client: &'a Client,
    home: &'a QueueStore,
    key: FlowKey,
    created_at: DateTime<Utc>,
    nodes: Vec<NodePart>,
    groups: Vec<GroupPart>,
    bytes: usize,
    first: bool,
    /// The bytes of the largest record.
    largest: usize,
    /// All that were staged.
    count: u32,
}

/// What one group comes to.
struct Members {
    count: u32,
    queue: GroupQueue,
    priority: Priority,
    ttl: Option<Duration>,
    tags: Option<String>,
    name: Option<String>,
}

impl<'a> Staging<'a> {
    pub(super) fn new(client: &'a Client, home: &'a QueueStore, key: FlowKey) -> Self {
        let (nodes, groups) = (Vec::new(), Vec::new());
        Self {
            client,
            home,
            key,
            created_at: clock::now(),
            nodes,
            groups,
            bytes: 0,
            first: true,
            largest: 0,
            count: 0,
        }
    }

    /// Stages a flow, and starts it under an id or within another flow.
    pub(super) async fn run(
        mut self,
        flow: Prepared,
        id: Option<&FlowId>,
        within: Option<Within<'_>>,
    ) -> Result<Staged> {
        let queues = flow.queues();
        register(self.client, self.home, queues).await?;
        let groups = number(flow.groups.len());
        for (at, group) in flow.groups.into_iter().enumerate() {
            self.group(number(at), group).await?;
        }
        let follow = self.following(flow.following)?;
        let (nodes, root, deadline) = (self.count, flow.root, flow.deadline);
        let keep = flow.keep.map(|time| time.min(FOR_EVER));
        let largest = Some(self.largest).filter(|largest| *largest > LARGE);
        let start =
            Start { id, within, nodes, groups, largest, root, keep, deadline, follow: &follow };
        self.call(Some(start)).await
    }

    /// Stages a group and its nodes.
    async fn group(&mut self, number: u32, group: PreparedGroup) -> Result<()> {
        let members = match group.of {
            PreparedOf::Jobs { request, contents } => {
                self.jobs(number, *request, contents(self.client)).await?
            }
            PreparedOf::Message { request, contents } => {
                self.copies(number, *request, contents(self.client)).await?
            }
            PreparedOf::Flow(inner) => self.inner(number, *inner).await?,
        };
        self.count = self.count.saturating_add(members.count);
        let Members { count, queue, priority, ttl, tags, name } = members;
        let PreparedGroup { needs, dependents, on_failure, delay, .. } = group;
        let name = group.name.or(name);
        let part = GroupPart {
            number,
            members: count,
            on_failure,
            priority,
            delay,
            ttl,
            tags,
            queue,
            dependents,
            needs,
            name,
        };
        self.bytes += part.size();
        self.groups.push(part);
        self.call_if_full().await
    }

    /// Stages the nodes of a group of jobs.
    async fn jobs(
        &mut self,
        group: u32,
        mut request: Request,
        contents: Contents,
    ) -> Result<Members> {
        request.options.reply_to = Some(ReplyAddress::Flow(self.home.name().clone()));
        let (mut count, mut wait) = (0, None);
        for content in contents {
            let content = without_key(content?, &request, "a node")?;
            wait = self.job(Member { group, number: count }, &request, content).await?;
            count += 1;
        }
        let (queue, name) = (request.store.name().clone(), request.name.to_string());
        let (priority, tags) = (request.options.priority, request.options.tag_lines());
        let (queue, name) = (GroupQueue::Jobs(queue), Some(name));
        Ok(Members { count, queue, priority, ttl: wait, tags, name })
    }

    /// Stages the copies of a message, one for each queue and handler that are bound to its topic now.
    async fn copies(
        &mut self,
        group: u32,
        mut request: Request,
        contents: Contents,
    ) -> Result<Members> {
        request.options.reply_to = Some(ReplyAddress::Flow(self.home.name().clone()));
        let subscribers = subscribers(self.client, &request).await?;
        let queues: Vec<QueueName> = subscribers.iter().map(|it| it.queue.clone()).collect();
        register(self.client, self.home, queues.iter().cloned().collect()).await?;
        let (name, mut wait) = (request.name.to_string(), None);
        for content in contents {
            let Content { payload, .. } = content?;
            for (number, subscriber) in (0..).zip(&subscribers) {
                request.name = subscriber.job.clone();
                let content = Content::plain(payload.clone());
                wait = self.job(Member { group, number }, &request, content).await?;
            }
        }
        let (priority, tags) = (request.options.priority, request.options.tag_lines());
        let (count, queue) = (number(queues.len()), GroupQueue::Copies(queues));
        Ok(Members { count, queue, priority, ttl: wait, tags, name: Some(name) })
    }

    /// Stages a flow that is a node of this one. Boxed, since it may have flows among its own.
    fn inner(&mut self, group: u32, inner: Prepared) -> BoxFuture<'_, Result<Members>> {
        Box::pin(async move {
            let key = inner.key.clone();
            let staging = Staging::new(self.client, self.home, key.clone());
            staging.run(inner, None, Some(Within::Staged)).await?;
            self.node(Member { group, number: 0 }, Vec::new());
            let (queue, priority) = (GroupQueue::Flow(key), Priority::default());
            Ok(Members { count: 1, queue, priority, ttl: None, tags: None, name: None })
        })
    }

    /// Stages a node that is a job. Answers its time to live.
    async fn job(
        &mut self,
        member: Member,
        request: &Request,
        content: Content,
    ) -> Result<Option<Duration>> {
        let NewJob { record, ttl, .. } = request.job(content, None, self.created_at)?;
        self.node(member, record);
        self.call_if_full().await?;
        Ok(ttl)
    }

    fn node(&mut self, member: Member, record: Vec<u8>) {
        self.bytes += record.len() + 32;
        self.largest = self.largest.max(record.len());
        self.nodes.push(NodePart { member, record });
    }

    /// The jobs that follow from the flow as a whole.
    fn following(&self, following: Vec<PreparedFollow>) -> Result<Vec<Follow>> {
        let mut all = Vec::new();
        for PreparedFollow { on, request, contents } in following {
            for content in contents(self.client) {
                let content = without_key(content?, &request, "what follows from a flow")?;
                let job = request.job(content, None, self.created_at)?;
                let (queue, priority) = (request.store.name().clone(), request.options.priority);
                all.push(Follow { on, queue, priority, record: job.record });
            }
        }
        Ok(all)
    }

    async fn call_if_full(&mut self) -> Result<()> {
        let full = self.nodes.len() >= PART || self.groups.len() >= PART;
        if full || self.bytes > MAX_BYTES / 2 {
            self.call(None).await?;
        }
        Ok(())
    }

    async fn call(&mut self, start: Option<Start<'_>>) -> Result<Staged> {
        let (nodes, groups) = (std::mem::take(&mut self.nodes), std::mem::take(&mut self.groups));
        self.bytes = 0;
        let first = std::mem::take(&mut self.first);
        let stage = Stage { key: &self.key, first, nodes: &nodes, groups: &groups, start };
        self.home.call_retrying(&stage).await
    }
}

/// Refuses a unique key: what holds it might be another's job, whose end is none of the flow's.
fn without_key(content: Content, request: &Request, what: &str) -> Result<Content, Invalid> {
    if content.unique.is_none() {
        return Ok(content);
    }
    let problem = format!("{} declares a unique key, which {what} can't have", request.name);
    Err(Invalid::setup(problem, "leave `unique` out, or add it as a job"))
}

/// Tells the queues of the nodes where they come from, so that their workers relay the home's outbox
/// if nobody else does; and the home where ends come from, for a queue may have no worker.
async fn register(client: &Client, home: &QueueStore, queues: BTreeSet<QueueName>) -> Result<()> {
    let known = client.shared::<Registered>();
    for queue in queues.into_iter().filter(|queue| queue != home.name()) {
        let pair = (home.name().clone(), queue);
        if !known.has(&pair) {
            client.relays().register_source(home.name(), &pair.1).await?;
            client.relays().register_source(&pair.1, home.name()).await?;
            known.add(pair);
        }
    }
    Ok(())
}

/// Homes and queues that know of each other.
#[derive(Debug, Default)]
struct Registered(Mutex<BTreeSet<(QueueName, QueueName)>>);

impl Registered {
    fn has(&self, pair: &(QueueName, QueueName)) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(pair)
    }

    fn add(&self, pair: (QueueName, QueueName)) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(pair);
    }
}
