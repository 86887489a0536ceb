//! The nodes of a flow that is put together.

use std::{fmt, marker::PhantomData, time::Duration};

use chrono::{DateTime, Utc};

use super::{
    plan::{Group, Of, PlanRef},
    upstream::{Links, Settled, Upstream},
};
use crate::{
    job::{Deadline, HasInputs, Input, JobFailure, OnChildFailure, Takes},
    policy::{Backoff, Retain},
    producer::{Request, request_setters},
    value_error::Invalid,
};

/// One node of a [flow](crate::Flow): a job that runs once all that it comes [after](Self::after) has
/// ended. `T` is the type of its result.
pub struct Node<T, J> {
    plan: PlanRef,
    group: u32,
    types: PhantomData<fn() -> (T, J)>,
}

/// Many nodes of a [flow](crate::Flow) of one handler, which wait for the same.
pub struct Nodes<T, J> {
    plan: PlanRef,
    group: u32,
    types: PhantomData<fn() -> (T, J)>,
}

/// The longest name of a node, in bytes.
const LONGEST_NAME: usize = 200;

/// What one node and many have in common.
macro_rules! node_methods {
    () => {
        pub(super) fn new(plan: PlanRef, group: u32) -> Self {
            Self { plan, group, types: PhantomData }
        }

        pub(super) fn place(&self) -> (&PlanRef, u32) {
            (&self.plan, self.group)
        }

        /// Runs after these have ended, and gets what they give as its
        /// [`Inputs`](crate::flow::Inputs).
        ///
        /// A handler that names other inputs isn't compiled here. What it means if one fails is said
        /// by [`on_failure`](Self::on_failure) of that one.
        #[must_use = "options are set on what this gives back"]
        pub fn after<U: Upstream>(self, upstream: U) -> Self
        where
            J: HasInputs<Inputs: Takes<U::Value>>,
        {
            self.link(&upstream, |input| input)
        }

        /// Runs after these have ended, and gets nothing from them.
        #[must_use = "options are set on what this gives back"]
        pub fn waits_for(self, upstream: impl Upstream) -> Self {
            self.link(&upstream, |_| Input::Order)
        }

        /// For those that wait: the result, or the failure, of each. Without it they have to ask for
        /// results alone, and a failure that they would have to see fails them.
        #[must_use]
        pub fn settled(&self) -> Settled<'_, Self> {
            Settled(self)
        }

        /// What a failure means for those that wait for it; what the flow says by default.
        #[must_use = "options are set on what this gives back"]
        pub fn on_failure(self, what: OnChildFailure) -> Self {
            self.with_group(|group| group.on_failure = Some(what))
        }

        /// A name, under which its results are found and by which errors call it. By default it is
        /// called after its handler. Up to 200 bytes, and no control characters.
        #[must_use = "options are set on what this gives back"]
        pub fn named(self, name: impl Into<String>) -> Self {
            let name = name.into();
            if name.len() <= LONGEST_NAME && !name.chars().any(char::is_control) {
                return self.with_group(|group| group.name = Some(name));
            }
            let start: String = name.chars().take(40).collect();
            let problem = format!("{start:?} can't be the name of a node, or its beginning");
            let advice = "up to 200 bytes, and no control characters";
            self.plan.lock().mistake.get_or_insert(Invalid::setup(problem, advice));
            self
        }

        /// How long it waits once it could run.
        #[must_use = "options are set on what this gives back"]
        pub fn delay(self, delay: Duration) -> Self {
            self.with_group(|group| group.delay = Some(delay))
        }

        /// How often it is tried again after a failure: one less than its
        /// [`attempts`](Self::attempts).
        #[must_use = "options are set on what this gives back"]
        pub fn retries(self, retries: u32) -> Self {
            self.attempts(retries.saturating_add(1))
        }

        request_setters!();

        /// When the job ends at the latest, by the server's clock.
        pub fn deadline(self, time: DateTime<Utc>) -> Self {
            self.set(move |request| request.set_deadline(Deadline::At(time)))
        }

        /// How long a run may take; the handler's by default.
        pub fn timeout(self, timeout: Duration) -> Self {
            self.set(move |request| request.options.timeout = Some(timeout))
        }

        fn with_group(self, change: impl FnOnce(&mut Group)) -> Self {
            if let Some(group) = self.plan.lock().groups.get_mut(self.group as usize) {
                change(group);
            }
            self
        }

        fn set(self, change: impl FnOnce(&mut Request) + Send + 'static) -> Self {
            self.with_group(|group| {
                // A flow has no options of jobs.
                let (Of::Jobs { request, .. } | Of::Message { request, .. }) = &mut group.of else {
                    return;
                };
                let made = std::mem::replace(request, Box::new(|_| unreachable()));
                *request = Box::new(move |client| {
                    let mut request = made(client)?;
                    change(&mut request);
                    Ok(request)
                });
            })
        }

        fn link(self, upstream: &impl Upstream, input: impl Fn(Input) -> Input) -> Self {
            let mut links = Links::default();
            upstream.collect(&mut links);
            let mut plan = self.plan.lock();
            for (of, mut need) in links.0 {
                if !of.is(&self.plan) {
                    let problem = "a node waits for a node of another flow";
                    plan.mistake
                        .get_or_insert_with(|| Invalid::setup(problem, "put both into one flow"));
                    continue;
                }
                need.input = input(need.input);
                if let Some(group) = plan.groups.get_mut(self.group as usize)
                    && !group.needs.iter().any(|known| known.group == need.group)
                {
                    group.needs.push(need);
                }
            }
            drop(plan);
            self
        }
    };
}

impl<T, J> Node<T, J> {
    node_methods!();
}

impl<T, J> Nodes<T, J> {
    node_methods!();
}

impl<T, J> Upstream for &Node<T, J> {
    type Value = T;

    fn collect(&self, links: &mut Links) {
        links.push(self.place(), Input::One);
    }
}

impl<T, J> Upstream for &Nodes<T, J> {
    type Value = Vec<T>;

    fn collect(&self, links: &mut Links) {
        links.push(self.place(), Input::All);
    }
}

impl<T, J> Upstream for Settled<'_, Node<T, J>> {
    type Value = Result<T, JobFailure>;

    fn collect(&self, links: &mut Links) {
        links.push(self.0.place(), Input::OneSettled);
    }
}

impl<T, J> Upstream for Settled<'_, Nodes<T, J>> {
    type Value = Vec<Result<T, JobFailure>>;

    fn collect(&self, links: &mut Links) {
        links.push(self.0.place(), Input::AllSettled);
    }
}

/// In the place of a request that is being changed.
fn unreachable() -> Result<Request, Invalid> {
    Err(Invalid::setup("a node lost its request", "put the flow together in one task"))
}

macro_rules! debug {
    ($($name:ident)*) => {
        $(impl<T, J> fmt::Debug for $name<T, J> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("group", &self.group).finish_non_exhaustive()
            }
        })*
    };
}

debug!(Node Nodes);
