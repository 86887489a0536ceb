//! Results of nodes, by their names.

use serde::de::DeserializeOwned;

use super::{
    at::{FlowAt, Numbered},
    ends::{End, OfGroup},
    handle::FlowHandle,
    stream::FlowStream,
};
use crate::{
    error::{Error, FlowError},
    job::Member,
};

impl FlowAt {
    /// The result of a node.
    fn result_of<R: DeserializeOwned>(
        &self,
        (number, group): &Numbered,
        (at, end): (u32, Option<End>),
    ) -> Result<R, FlowError> {
        let node = group.label(Member { group: *number, number: at });
        let (home, id) = (self.home.name().clone(), self.id.clone());
        match end {
            None => Err(FlowError::Pending { home, id, node }),
            Some(Err(failure)) => Err(FlowError::Failed { home, id, node, failure }),
            Some(Ok(result)) => result.read().map_err(|error| {
                let of_node = error.reading(format_args!("result of node {node} of flow {id}"));
                Error::from(of_node).into()
            }),
        }
    }

    /// The results of all nodes of a name, in order.
    pub(super) fn results<R>(&self, name: &str) -> FlowStream<R>
    where
        R: DeserializeOwned + Send + 'static,
    {
        let start = (self.clone(), name.to_owned(), None);
        FlowStream::each(start, |(at, name, place)| async move {
            let (group, from): (Numbered, u32) = match place {
                Some(place) => place,
                None => {
                    let named = at.named(&name).await?;
                    ((named.number, named.group), named.member.unwrap_or(0))
                }
            };
            let of = OfGroup { store: &at.home, key: &at.key, number: group.0, group: &group.1 };
            let ends = of.page(from).await?.ok_or_else(|| at.gone())?;
            let next = from + u32::try_from(ends.len()).unwrap_or(u32::MAX);
            if ends.is_empty() {
                return Ok(None);
            }
            let results = (from..).zip(ends).map(|end| at.result_of(&group, end)).collect();
            Ok(Some((results, (at, name, Some((group, next))))))
        })
    }

    /// The result of the node of this name.
    async fn result<R: DeserializeOwned>(&self, name: &str) -> Result<R, FlowError> {
        let named = self.named(name).await?;
        let (group, number) = ((named.number, named.group), named.member.unwrap_or(0));
        let of = OfGroup { store: &self.home, key: &self.key, number: group.0, group: &group.1 };
        let end = of.one(number).await?;
        self.result_of(&group, (number, end))
    }
}

impl<T> FlowHandle<T> {
    /// The results of all nodes of a name, in order, a few read at a time; by the name of one of many,
    /// from that one on. Of a node that has none, the item is an error that says why, and the next
    /// follow: [`FlowError::Failed`], or [`FlowError::Pending`] of one that has not ended.
    ///
    /// ```no_run
    /// # async fn example(flow: jobqueue::FlowHandle<()>) -> Result<(), jobqueue::flow::FlowError> {
    /// let mut pages = flow.results::<String>("pages");
    /// while let Some(page) = pages.next().await {
    ///     match page {
    ///         Ok(page) => println!("{page}"),
    ///         Err(why) => println!("none: {why}"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn results<R>(&self, name: impl AsRef<str>) -> FlowStream<R>
    where
        R: DeserializeOwned + Send + 'static,
    {
        self.at().results(name.as_ref())
    }

    /// The result of one node: of `"report"`, or of `"pages 3"`, the one of that number of many.
    ///
    /// # Errors
    /// [`FlowError::NoNode`]; [`FlowError::Failed`] and [`FlowError::Pending`] of one that has none;
    /// those of any call.
    pub async fn node_result<R: DeserializeOwned>(
        &self,
        node: impl AsRef<str>,
    ) -> Result<R, FlowError> {
        self.at().result(node.as_ref()).await
    }
}
