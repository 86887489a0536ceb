//! From a plan to what is staged: requests are made, and groups get their numbers.

use std::{collections::BTreeSet, time::Duration};

use super::plan::{FlowPlan, Following, Group, MakeContents, Of, PlanRef};
use crate::{
    client::Client,
    job::{Deadline, FlowKey, Need, OnChildFailure, QueueName},
    producer::Request,
    store::QueueStore,
    value_error::Invalid,
};

/// A flow whose mistakes are found, and whose nodes are still to be read.
pub(super) struct Prepared {
    pub(super) key: FlowKey,
    /// In an order in which each comes after all that it waits for.
    pub(super) groups: Vec<PreparedGroup>,
    /// The root, and whether it is many nodes.
    pub(super) root: Option<(u32, bool)>,
    pub(super) following: Vec<PreparedFollow>,
    pub(super) keep: [Duration; 2],
    pub(super) deadline: Option<Deadline>,
}

/// A job that follows from a flow as a whole.
pub(super) struct PreparedFollow {
    pub(super) on: &'static str,
    pub(super) request: Request,
    pub(super) contents: MakeContents,
}

/// A group whose place in the graph is known.
pub(super) struct PreparedGroup {
    pub(super) of: PreparedOf,
    pub(super) needs: Vec<Need>,
    pub(super) dependents: Vec<u32>,
    pub(super) on_failure: OnChildFailure,
    pub(super) delay: Option<Duration>,
    pub(super) name: Option<String>,
}

/// What a group is.
pub(super) enum PreparedOf {
    Jobs { request: Box<Request>, contents: MakeContents },
    Message { request: Box<Request>, contents: MakeContents },
    Flow(Box<Prepared>),
}

pub(super) fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn twice() -> Invalid {
    Invalid::setup("a flow is started twice", "put a new one together")
}

/// Takes the plan out of a flow. Later uses of it are mistakes.
pub(super) fn take(flow: &PlanRef, root: Option<(&PlanRef, u32)>) -> Result<FlowPlan, Invalid> {
    if root.is_some_and(|(plan, _)| !plan.is(flow)) {
        return Err(Invalid::setup("the root is a node of another flow", "name one of this flow"));
    }
    let mut used = FlowPlan::new(None, OnChildFailure::Fail);
    used.mistake = Some(twice());
    let mut plan = std::mem::replace(&mut *flow.lock(), used);
    match plan.mistake.take() {
        Some(mistake) => Err(mistake),
        None => Ok(plan),
    }
}

impl Prepared {
    pub(super) fn new(
        client: &Client,
        mut plan: FlowPlan,
        root: Option<(u32, bool)>,
    ) -> Result<Self, Invalid> {
        let order = plan.order()?;
        let mut numbers = vec![0; order.len()];
        for (at, group) in order.iter().enumerate() {
            if let Some(place) = numbers.get_mut(*group) {
                *place = number(at);
            }
        }
        let renumber = |at: u32| numbers.get(at as usize).copied().unwrap_or(u32::MAX);
        let mut dependents = plan.dependents();
        let mut all: Vec<Option<Group>> =
            std::mem::take(&mut plan.groups).into_iter().map(Some).collect();
        let mut groups = Vec::with_capacity(order.len());
        for at in order {
            let Some(group) = all.get_mut(at).and_then(Option::take) else { continue };
            if group.delay.is_some() && matches!(group.of, Of::Flow { .. }) {
                let problem = "a node that is a flow has a delay";
                return Err(Invalid::setup(problem, "give it to the first nodes of that flow"));
            }
            let dependents = dependents.get_mut(at).map(std::mem::take).unwrap_or_default();
            groups.push(PreparedGroup {
                of: PreparedOf::new(client, group.of)?,
                needs: group
                    .needs
                    .iter()
                    .map(|it| Need { group: renumber(it.group), ..*it })
                    .collect(),
                dependents: dependents.into_iter().map(|at| renumber(number(at))).collect(),
                on_failure: group.on_failure.unwrap_or(plan.on_failure),
                delay: group.delay,
                name: group.name,
            });
        }
        let root = root.map(|(root, many)| (renumber(root), many));
        let FlowPlan { following, keep, deadline, .. } = plan;
        let prepare = |Following { on, request, contents }| {
            Ok(PreparedFollow { on, request: request(client)?.checked()?, contents })
        };
        let following = following.into_iter().map(prepare).collect::<Result<_, Invalid>>()?;
        Ok(Self { key: FlowKey::generate(), groups, root, following, keep, deadline })
    }

    /// The queues of its jobs.
    pub(super) fn queues(&self) -> BTreeSet<QueueName> {
        let queues = self.groups.iter().filter_map(|group| match &group.of {
            PreparedOf::Jobs { request, .. } => Some(request.store.name().clone()),
            PreparedOf::Message { .. } | PreparedOf::Flow(_) => None,
        });
        queues.collect()
    }

    /// Where the flow lives, if it doesn't say that: the queue of its root, else of the first node
    /// that has one, else of what follows from it.
    pub(super) fn home(&self) -> Option<&QueueStore> {
        let root = self.root.and_then(|(root, _)| self.groups.get(root as usize));
        let mut groups = root.into_iter().chain(&self.groups);
        let follow = || self.following.first().map(|follow| &follow.request.store);
        groups.find_map(PreparedGroup::home).or_else(follow)
    }
}

impl PreparedGroup {
    fn home(&self) -> Option<&QueueStore> {
        match &self.of {
            PreparedOf::Jobs { request, .. } => Some(&request.store),
            PreparedOf::Message { .. } => None,
            PreparedOf::Flow(inner) => inner.home(),
        }
    }
}

impl PreparedOf {
    fn new(client: &Client, of: Of) -> Result<Self, Invalid> {
        Ok(match of {
            Of::Jobs { request, contents } => {
                Self::Jobs { request: Box::new(request(client)?.checked()?), contents }
            }
            Of::Message { request, contents } => {
                Self::Message { request: Box::new(request(client)?.checked()?), contents }
            }
            Of::Flow { plan, root } => Self::Flow(Box::new(Prepared::new(client, *plan, root)?)),
        })
    }
}
