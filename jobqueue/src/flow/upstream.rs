//! What a node waits for, and what it gets from that.

use super::plan::PlanRef;
use crate::job::{Input, Need};

/// Nodes that others [wait for](crate::flow::Node::after): one, many, or a tuple of those.
///
/// `Value` is what they give: the result of a node, a `Vec` of those of many, in order, and a tuple
/// of a tuple.
pub trait Upstream {
    /// What they give.
    type Value;

    #[doc(hidden)]
    fn collect(&self, links: &mut Links);
}

/// The groups that a node waits for, from whatever flow they are.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Links(pub(super) Vec<(PlanRef, Need)>);

impl Links {
    pub(super) fn push(&mut self, (plan, group): (&PlanRef, u32), input: Input) {
        self.0.push((plan.clone(), Need { group, input }));
    }
}

/// Nodes of which those that wait see results and failures; see
/// [`Node::settled`](crate::flow::Node::settled).
#[derive(Debug)]
pub struct Settled<'a, N>(pub(super) &'a N);

macro_rules! tuples {
    ($($name:ident $at:tt)*) => {
        impl<$($name: Upstream),*> Upstream for ($($name,)*) {
            type Value = ($($name::Value,)*);

            fn collect(&self, links: &mut Links) {
                $(self.$at.collect(links);)*
            }
        }
    };
}

tuples!(A 0);
tuples!(A 0 B 1);
tuples!(A 0 B 1 C 2);
tuples!(A 0 B 1 C 2 D 3);
tuples!(A 0 B 1 C 2 D 3 E 4);
tuples!(A 0 B 1 C 2 D 3 E 4 F 5);
tuples!(A 0 B 1 C 2 D 3 E 4 F 5 G 6);
tuples!(A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7);
