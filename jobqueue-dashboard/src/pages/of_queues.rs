//! Rows of many queues.

use futures_util::{StreamExt as _, stream};
use jobqueue::{Client, QueueName, manage::QueueEntry};

use crate::web::{Problem, Visit};

/// How many queues are read at the same time.
const AT_ONCE: usize = 32;

/// What is read of those of the queues that the person sees, or of one alone, in their order.
pub(super) async fn of_queues<T, E, F>(
    visit: &Visit,
    queues: Vec<QueueEntry>,
    only: Option<&QueueName>,
    read: impl Fn(Client, QueueName) -> F,
) -> Result<Vec<T>, Problem>
where
    F: Future<Output = Result<Vec<T>, E>>,
    Problem: From<E>,
{
    let seen = queues
        .into_iter()
        .map(|entry| entry.name)
        .filter(|name| visit.sees(name.as_str()) && only.is_none_or(|only| only == name));
    let each: Vec<_> = seen.map(|name| read(visit.app.client.clone(), name)).collect();
    let read: Vec<_> = stream::iter(each).buffered(AT_ONCE).collect().await;
    let mut rows = Vec::new();
    for of_queue in read {
        rows.extend(of_queue?);
    }
    Ok(rows)
}
