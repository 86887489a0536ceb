//! A flow as it is planned: its groups, and which of them wait for which.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    client::Client,
    job::{Deadline, FlowId, Need, OnChildFailure, QueueName},
    producer::{Content, Request},
    value_error::{Invalid, PayloadError},
};

/// How long flows are kept unless they say otherwise: those that completed, and all others.
pub(super) const KEEP: [Duration; 2] =
    [Duration::from_secs(24 * 3_600), Duration::from_secs(7 * 24 * 3_600)];

/// Makes the request of a group's jobs, once a client is there.
pub(super) type MakeRequest = Box<dyn FnOnce(&Client) -> Result<Request, Invalid> + Send>;

/// What each node of a group carries, in order.
pub(super) type Contents = Box<dyn Iterator<Item = Result<Content, PayloadError>> + Send>;

/// Makes them, once a client is there: it says how payloads are written.
pub(super) type MakeContents = Box<dyn FnOnce(&Client) -> Contents + Send>;

/// What a group is.
pub(super) enum Of {
    Jobs {
        request: MakeRequest,
        contents: MakeContents,
    },
    /// A message, of which all get a copy that are bound to its topic when the flow is started.
    Message {
        request: MakeRequest,
        contents: MakeContents,
    },
    /// One node, which is a flow; its root, and whether that is many nodes.
    Flow {
        plan: Box<FlowPlan>,
        root: Option<(u32, bool)>,
    },
}

/// Nodes of one handler that wait for the same.
pub(super) struct Group {
    pub(super) of: Of,
    pub(super) needs: Vec<Need>,
    pub(super) on_failure: Option<OnChildFailure>,
    pub(super) delay: Option<Duration>,
    pub(super) name: Option<String>,
}

/// A job that follows from a flow as a whole.
pub(super) struct Following {
    pub(super) on: &'static str,
    pub(super) request: MakeRequest,
    pub(super) contents: MakeContents,
}

/// A flow that is being put together.
pub(super) struct FlowPlan {
    pub(super) id: Option<Result<FlowId, Invalid>>,
    pub(super) groups: Vec<Group>,
    pub(super) following: Vec<Following>,
    pub(super) on_failure: OnChildFailure,
    pub(super) keep: [Duration; 2],
    pub(super) deadline: Option<Deadline>,
    /// Where it lives, if that isn't the queue of its root.
    pub(super) home: Option<Result<QueueName, Invalid>>,
    /// How many levels of flows there are within it.
    pub(super) depth: usize,
    /// The first mistake, which is said when it is started.
    pub(super) mistake: Option<Invalid>,
}

impl FlowPlan {
    pub(super) fn new(id: Option<Result<FlowId, Invalid>>, on_failure: OnChildFailure) -> Self {
        Self {
            id,
            groups: Vec::new(),
            following: Vec::new(),
            on_failure,
            keep: KEEP,
            deadline: None,
            home: None,
            depth: 0,
            mistake: None,
        }
    }

    /// The groups in an order in which each comes after all that it waits for.
    ///
    /// # Errors
    /// Some wait for each other in a circle.
    pub(super) fn order(&self) -> Result<Vec<usize>, Invalid> {
        let needs = |group: &Group| group.needs.len();
        let mut waits: Vec<usize> = self.groups.iter().map(needs).collect();
        let dependents = self.dependents();
        let mut order: Vec<usize> =
            (0..waits.len()).filter(|group| waits.get(*group) == Some(&0)).collect();
        let mut next = 0;
        while let Some(group) = order.get(next) {
            next += 1;
            for dependent in dependents.get(*group).into_iter().flatten() {
                let Some(waits) = waits.get_mut(*dependent) else { continue };
                *waits -= 1;
                if *waits == 0 {
                    order.push(*dependent);
                }
            }
        }
        if order.len() == self.groups.len() {
            return Ok(order);
        }
        let stuck = waits.iter().position(|waits| *waits > 0).unwrap_or_default();
        let name = self.groups.get(stuck).and_then(|group| group.name.clone());
        let name = name.unwrap_or_else(|| format!("number {stuck}"));
        let problem =
            format!("node {name} waits for itself, through the nodes that it comes after");
        Err(Invalid::setup(problem, "take one of these `after` away"))
    }

    /// For each group those that wait for it.
    pub(super) fn dependents(&self) -> Vec<Vec<usize>> {
        let mut dependents = vec![Vec::new(); self.groups.len()];
        for (group, Group { needs, .. }) in self.groups.iter().enumerate() {
            for need in needs {
                if let Some(list) =
                    usize::try_from(need.group).ok().and_then(|at| dependents.get_mut(at))
                {
                    list.push(group);
                }
            }
        }
        dependents
    }
}

impl std::fmt::Debug for FlowPlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { id, groups, .. } = self;
        f.debug_struct("FlowPlan")
            .field("id", id)
            .field("groups", &groups.len())
            .finish_non_exhaustive()
    }
}

/// A plan that a flow and its nodes share.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct PlanRef(Arc<Mutex<FlowPlan>>);

impl PlanRef {
    pub(super) fn new(plan: FlowPlan) -> Self {
        Self(Arc::new(Mutex::new(plan)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, FlowPlan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
