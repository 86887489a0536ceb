//! Starting a flow: it is staged in calls of bounded size, and becomes visible with the last.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};

use super::{
    build::Flow,
    handle::FlowHandle,
    node::{Node, Nodes},
    plan::{Following, Group, Plan, PlanRef},
};
use crate::{
    client::Client,
    clock,
    error::Result,
    job::{FlowId, FlowKey, Member, Need, OnChildFailure, QueueName, ReplyAddress},
    producer::Request,
    store::{
        MAX_BYTES, QueueStore,
        flow::{Follow, GroupPart, NodePart, Read, Stage, Staged, Start, Which},
        job::NewJob,
    },
    value_error::Invalid,
};

/// The most nodes and groups of one call: of a few milliseconds.
const PART: usize = 500;

/// What a [flow](Flow) is started for: the node whose result is the flow's, many nodes, or `()` for
/// a flow that has no result.
pub trait Root {
    /// The result of the flow.
    type Output;

    #[doc(hidden)]
    const MANY: bool = false;

    #[doc(hidden)]
    fn group(&self) -> Option<(&PlanRef, u32)>;
}

impl<T, J> Root for Node<T, J> {
    type Output = T;

    fn group(&self) -> Option<(&PlanRef, u32)> {
        Some(self.place())
    }
}

impl<T, J> Root for Nodes<T, J> {
    type Output = Vec<T>;
    const MANY: bool = true;

    fn group(&self) -> Option<(&PlanRef, u32)> {
        Some(self.place())
    }
}

impl Root for () {
    type Output = ();

    fn group(&self) -> Option<(&PlanRef, u32)> {
        None
    }
}

impl Client {
    /// Starts a flow, all of it or nothing, and gives the handle of its result: that of the node or
    /// the nodes that are named as its root.
    ///
    /// If its home, the queue of the root, has a flow of its id, nothing is started, and the handle
    /// is [that one's](FlowHandle::existed).
    ///
    /// # Cancel safety
    /// Dropped before it is done, the flow is started or not. What was staged lapses in an hour.
    ///
    /// # Errors
    /// [`Error::Invalid`] before anything is sent: nodes that wait for each other in a circle, of
    /// another flow, or whose handlers can't be nodes. [`Error::Payload`], and those of any call.
    pub async fn start<R: Root>(&self, flow: Flow, root: R) -> Result<FlowHandle<R::Output>> {
        let plan = take(&flow, root.group())?;
        let order = plan.order()?;
        let root = root.group().map(|(_, group)| (group, R::MANY));
        Staging::new(self, plan, order, root)?.run().await
    }
}

/// Takes the plan out of a flow.
fn take(flow: &Flow, root: Option<(&PlanRef, u32)>) -> Result<Plan, Invalid> {
    if root.is_some_and(|(plan, _)| !plan.is(flow.plan())) {
        return Err(Invalid::setup("the root is a node of another flow", "name one of this flow"));
    }
    let mut plan = flow.plan().lock();
    let on_failure = plan.on_failure;
    let mut plan = std::mem::replace(&mut *plan, Plan::new(None, on_failure));
    match plan.mistake.take() {
        Some(mistake) => Err(mistake),
        None => Ok(plan),
    }
}

/// A flow that is being staged.
struct Staging<'a> {
    client: &'a Client,
    home: QueueStore,
    key: FlowKey,
    plan: Plan,
    groups: Vec<Planned>,
    /// The root, and whether it is many nodes.
    root: Option<(u32, bool)>,
    created_at: DateTime<Utc>,
    part: Part,
    nodes: u32,
}

/// A group whose place in the graph is known.
struct Planned {
    group: Group,
    request: Request,
    needs: Vec<Need>,
    dependents: Vec<u32>,
    /// How long its jobs may wait.
    ttl: Option<Duration>,
}

/// What goes with the next call.
#[derive(Default)]
struct Part {
    nodes: Vec<NodePart>,
    groups: Vec<GroupPart>,
    bytes: usize,
}

fn twice() -> Invalid {
    Invalid::setup("a flow is started twice", "put a new one together")
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl<'a> Staging<'a> {
    fn new(
        client: &'a Client,
        mut plan: Plan,
        order: Vec<usize>,
        root: Option<(u32, bool)>,
    ) -> Result<Self, Invalid> {
        // Groups are numbered so that each comes after those that it waits for.
        let mut numbers = vec![0; order.len()];
        for (number_of, at) in order.iter().enumerate() {
            if let Some(place) = numbers.get_mut(*at) {
                *place = number(number_of);
            }
        }
        let renumber = |at: u32| numbers.get(at as usize).copied().unwrap_or(u32::MAX);
        let mut dependents = plan.dependents();
        let mut all: Vec<Option<Group>> =
            std::mem::take(&mut plan.groups).into_iter().map(Some).collect();
        let mut groups = Vec::with_capacity(order.len());
        for at in order {
            let Some(mut group) = all.get_mut(at).and_then(Option::take) else { continue };
            let made = std::mem::replace(&mut group.request, Box::new(|_| Err(twice())));
            let request = made(client)?.checked()?;
            let needs = group.needs.iter();
            let needs = needs.map(|need| Need { group: renumber(need.group), ..*need }).collect();
            let dependents = dependents.get_mut(at).map(std::mem::take).unwrap_or_default();
            let dependents = dependents.into_iter().map(|at| renumber(number(at))).collect();
            groups.push(Planned { group, request, needs, dependents, ttl: None });
        }
        let root = root.map(|(root, many)| (renumber(root), many));
        let home = root.map_or(0, |(root, _)| root as usize);
        let Some(home) = groups.get(home).map(|planned| planned.request.store.clone()) else {
            let problem = "the flow has no node, and so no queue to live in";
            return Err(Invalid::setup(
                problem,
                "give it a node, or many of none: `flow.all(handler, [])`",
            ));
        };
        let (key, created_at) = (FlowKey::generate(), clock::now());
        let part = Part::default();
        Ok(Self { client, home, key, plan, groups, root, created_at, part, nodes: 0 })
    }

    async fn run<T>(mut self) -> Result<FlowHandle<T>> {
        let id = match self.plan.id.take() {
            Some(id) => id?,
            None => FlowId::of(&self.key),
        };
        self.register().await?;
        for at in 0..self.groups.len() {
            self.group(at).await?;
        }
        let follow = self.following()?;
        let (nodes, groups) = (self.nodes, number(self.groups.len()));
        let (root, keep) = (self.root, self.plan.keep);
        let start = Start { id: &id, nodes, groups, root, keep, follow: &follow };
        let staged = self.call(Some(start)).await?;
        let held = staged == Staged::Held;
        if held {
            let read = Read { which: Which::Id(&id), groups: (0, 0) };
            if let Some((record, _)) = self.home.call_retrying(&read).await? {
                self.key = record.key;
            }
        }
        self.client.relays().start(self.home.name());
        Ok(FlowHandle::new(self.client.clone(), self.home, (self.key, id), held))
    }

    /// Tells the queues of the nodes where they come from, so that their workers relay the home's
    /// outbox if nobody else does.
    async fn register(&self) -> Result<()> {
        let known = self.client.shared::<Registered>();
        let home = self.home.name();
        let queues: BTreeSet<_> = self.groups.iter().map(|it| it.request.store.name()).collect();
        for queue in queues.into_iter().filter(|queue| *queue != home) {
            let pair = (home.clone(), queue.clone());
            if !known.has(&pair) {
                self.client.relays().register_source(home, queue).await?;
                known.add(pair);
            }
        }
        Ok(())
    }

    /// Stages a group and its nodes.
    async fn group(&mut self, at: usize) -> Result<()> {
        let Some(planned) = self.groups.get_mut(at) else { return Ok(()) };
        let contents = std::mem::replace(
            &mut planned.group.contents,
            Box::new(|_| Box::new(std::iter::empty())),
        );
        let mut request = planned.request.clone();
        request.options.reply_to = Some(ReplyAddress::Flow(self.home.name().clone()));
        let (group, mut members, mut wait) = (number(at), 0, None);
        for content in contents(self.client) {
            let content = content?;
            if content.unique.is_some() {
                let problem =
                    format!("{} declares a unique key, which a node can't have", request.name);
                return Err(
                    Invalid::setup(problem, "leave `unique` out, or add it as a job").into()
                );
            }
            let NewJob { record, ttl, .. } = request.job(content, None, self.created_at)?;
            wait = ttl;
            self.part.bytes += record.len() + 32;
            self.part.nodes.push(NodePart { member: Member { group, number: members }, record });
            members += 1;
            if self.part.nodes.len() >= PART || self.part.bytes > MAX_BYTES / 2 {
                self.call(None).await?;
            }
        }
        self.nodes = self.nodes.saturating_add(members);
        let on_failure = self.plan.on_failure;
        if let Some(planned) = self.groups.get_mut(at) {
            planned.ttl = wait;
            self.part.push(group, members, planned, on_failure);
        }
        if self.part.groups.len() >= PART || self.part.bytes > MAX_BYTES / 2 {
            self.call(None).await?;
        }
        Ok(())
    }

    /// The jobs that follow from the flow as a whole.
    fn following(&mut self) -> Result<Vec<Follow>> {
        let mut all = Vec::new();
        for Following { on, request, contents } in std::mem::take(&mut self.plan.following) {
            let request = request(self.client)?.checked()?;
            for content in contents(self.client) {
                let job = request.job(content?, None, self.created_at)?;
                let (queue, priority) = (request.store.name().clone(), request.options.priority);
                all.push(Follow { on, queue, priority, record: job.record });
            }
        }
        Ok(all)
    }

    async fn call(&mut self, start: Option<Start<'_>>) -> Result<Staged> {
        let Part { nodes, groups, .. } = std::mem::take(&mut self.part);
        let stage = Stage { key: &self.key, nodes: &nodes, groups: &groups, start };
        self.home.call_retrying(&stage).await
    }
}

impl Part {
    fn push(
        &mut self,
        number: u32,
        members: u32,
        planned: &mut Planned,
        on_failure: OnChildFailure,
    ) {
        let (request, group) = (&planned.request, &mut planned.group);
        let part = GroupPart {
            number,
            members,
            on_failure: group.on_failure.unwrap_or(on_failure),
            priority: request.options.priority,
            delay: group.delay,
            ttl: planned.ttl,
            tags: request.options.tag_lines(),
            queue: request.store.name().clone(),
            dependents: std::mem::take(&mut planned.dependents),
            needs: std::mem::take(&mut planned.needs),
            name: Some(group.name.take().unwrap_or_else(|| request.name.to_string())),
        };
        self.bytes += part.size();
        self.groups.push(part);
    }
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
