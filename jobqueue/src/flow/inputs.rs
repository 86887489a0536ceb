//! What a node gets of those that it waited for.

use std::ops::{Deref, DerefMut};

use serde::de::DeserializeOwned;

use super::ends::{OfGroup, give, together};
use crate::{
    error_chain::chain,
    job::{Failure, NodeAddress},
    store::{
        QueueStore,
        flow::{Read, Which},
    },
};

/// What the nodes gave that this one [comes after](crate::flow::Node::after), as an argument of a
/// handler: of one node its result, of many a `Vec` of theirs, and a tuple of several.
///
/// The run fails for good if its job is none of a flow, or if an input has failed and was not asked
/// for as a [`Result`](crate::flow::Node::settled).
///
/// ```
/// use jobqueue::{flow::Inputs, job};
///
/// #[job(queue = "reports")]
/// async fn assemble(title: String, inputs: Inputs<(Vec<String>, u64)>) -> String {
///     let (pages, views) = inputs.0;
///     format!("{title}: {} pages, {views} views", pages.len())
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inputs<V>(pub V);

impl<V> Deref for Inputs<V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.0
    }
}

impl<V> DerefMut for Inputs<V> {
    fn deref_mut(&mut self) -> &mut V {
        &mut self.0
    }
}

/// The inputs of a node, as its handler's type for them.
///
/// # Errors
/// The flow is gone, an input has failed, or they are of another type: no attempt mends that. Its
/// home can't be reached.
pub(crate) async fn gather<V: DeserializeOwned>(
    home: &QueueStore,
    node: &NodeAddress,
) -> Result<V, Failure> {
    let read = |groups| {
        let read = Read { which: Which::Key(&node.key), groups };
        async move { home.call_retrying(&read).await.map_err(Failure::from) }
    };
    let gone = || Failure::permanent("its flow isn't kept any more");
    let (_, groups) = read((node.member.group, 1)).await?.ok_or_else(gone)?;
    let own = groups.into_iter().next().ok_or_else(gone)?;
    let mut given = Vec::new();
    for need in own.needs {
        let (_, groups) = read((need.group, 1)).await?.ok_or_else(gone)?;
        let group = groups.into_iter().next().ok_or_else(gone)?;
        let of = OfGroup { store: home, key: &node.key, number: need.group, group: &group };
        let ends = of.ends().await.map_err(Failure::from)?.ok_or_else(gone)?;
        let input = give(need.input, ends).map_err(|failure| {
            let name = group.title(need.group);
            Failure::permanent(format!("an input of the node, {name}, has failed: {failure}"))
        })?;
        given.extend(input);
    }
    let given = together(given).map_err(|failure| Failure::permanent(failure.to_string()))?;
    given.read().map_err(|error| {
        let error = error.reading("inputs of the node");
        Failure::permanent(chain(&error).to_string())
    })
}
