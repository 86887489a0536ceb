//! Nodes that are the copies of a message: a topic's subscribers answer it.

use serde::Serialize;

use super::{
    build::Flow,
    node::Nodes,
    plan::{Group, Of},
    prepare::number,
};
use crate::{
    client::Client,
    error::Result,
    job::{Anything, HasInputs, Origin, QueueName},
    policy::RoutingKey,
    producer::{Content, Request},
    queue::Queue,
    topic::Subscriber,
    value_error::Invalid,
};

impl Flow {
    /// A message to a topic, whose answers are gathered: a node for each queue and handler that is
    /// [bound](crate::topic::Topic::bind) to the topic by a pattern that fits the routing key, and by a
    /// filter that lets its headers pass. `T` is what all of them return, which isn't checked. See
    /// [the guide](crate::docs::flows#a-message-and-the-answers-to-it).
    ///
    /// The subscribers are those that are bound when the flow starts, sorted by queue; there may be
    /// none. The payload is written in the client's codec. The topic doesn't [keep](crate::topic::Topic::keep) the message, nor does its
    /// [alternate](crate::topic::Topic::alternate) queue get it.
    ///
    /// ```no_run
    /// use jobqueue::{Client, Flow, flow::{FlowError, Inputs}, job};
    ///
    /// #[job(queue = "north", subscribe = "quotes:quote.asked")]
    /// async fn north(grams: u32) -> u32 {
    ///     7 * grams
    /// }
    ///
    /// #[job(queue = "parcels")]
    /// async fn cheapest(_: u64, quotes: Inputs<Vec<u32>>) -> Option<u32> {
    ///     quotes.0.into_iter().min()
    /// }
    ///
    /// # async fn example(client: Client) -> Result<(), FlowError> {
    /// let flow = Flow::new("parcel-7");
    /// let quotes = flow.publish::<u32>("quotes", "quote.asked", 300);
    /// let best = flow.node(cheapest, 7).after(&quotes);
    /// println!("{:?}", client.start(flow, best).await?.result().await?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn publish<T>(
        &self,
        topic: impl AsRef<str>,
        routing_key: impl AsRef<str>,
        payload: impl Serialize + Send + 'static,
    ) -> Nodes<T, Copies> {
        let (topic, key) = (topic.as_ref().to_owned(), routing_key.as_ref().to_owned());
        let mut plan = self.plan().lock();
        plan.groups.push(Group {
            of: Of::Message {
                request: Box::new(move |client| request(client, &topic, &key)),
                contents: Box::new(move |client| {
                    let payload = client.codec().encode(&payload).map(Content::plain);
                    Box::new(std::iter::once(payload))
                }),
            },
            needs: Vec::new(),
            on_failure: None,
            delay: None,
            name: None,
        });
        Nodes::new(self.plan().clone(), number(plan.groups.len() - 1))
    }
}

/// In the place of a handler: the nodes are copies of a message.
#[derive(Debug)]
pub struct Copies(());

impl HasInputs for Copies {
    type Inputs = Anything;
}

/// The request of a message's copies, whose queues and names are still to be found.
fn request(client: &Client, topic: &str, key: &str) -> Result<Request, Invalid> {
    let (topic, key): (QueueName, RoutingKey) = (topic.parse()?, key.parse()?);
    let queue = Queue::new(client.clone(), client.store().queue(&topic));
    let mut request = queue.request(key.as_str())?;
    request.options.origin = Some(Origin { topic, routing_key: key.as_str().to_owned() });
    Ok(request)
}

/// Who gets a copy of a message.
pub(super) async fn subscribers(client: &Client, message: &Request) -> Result<Vec<Subscriber>> {
    let key: RoutingKey = message.name.as_str().parse()?;
    client.topic(message.store.name())?.subscribers(&key, &message.options.headers).await
}
