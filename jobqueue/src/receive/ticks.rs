//! Schedules of a queue whose jobs are received by hand: a receive fires what is due, as the ticker of
//! a worker does. A queue without schedules costs nothing.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use tracing::debug;

use crate::{
    error_chain::chain,
    hashing::RandomState,
    job::QueueName,
    queue::Queue,
    schedule::{Pass, fire_due},
    task::boxed,
    worker::TickerName,
};

/// How soon the process looks again for ticks that are held back, or after an error.
const SOON: Duration = Duration::from_secs(1);

/// How soon it looks again while a schedule is due that it can't read.
const UNREAD: Duration = Duration::from_secs(5);

/// By queue, a first tick that is due and stays so, and when the process looks again: others look
/// after it, or it waits.
#[derive(Debug, Default)]
struct Looks(Mutex<HashMap<QueueName, (i64, Instant), RandomState>>);

impl Looks {
    fn again_in(&self, queue: &QueueName, tick: i64) -> Duration {
        let looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let again = looks.get(queue).filter(|(of, _)| *of == tick);
        again.map_or(Duration::ZERO, |(_, at)| at.saturating_duration_since(Instant::now()))
    }

    fn note(&self, queue: &QueueName, tick: i64, again_in: Option<Duration>) {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match again_in.and_then(|wait| Instant::now().checked_add(wait)) {
            Some(at) => drop(looks.insert(queue.clone(), (tick, at))),
            None => drop(looks.remove(queue)),
        }
    }
}

/// How long until a receive should look after the schedules, whose first tick is this one: not at
/// all if it should now. Times of the server, in ms since the epoch.
pub(super) fn until(queue: &Queue, tick: i64, now: u64) -> Duration {
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let ahead = u64::try_from(tick.saturating_sub(now)).unwrap_or(0);
    let again_in = queue.client().shared::<Looks>().again_in(queue.name(), tick);
    again_in.max(Duration::from_millis(ahead))
}

/// Fires what is due. Dropped half-way, it has fired some: what is due stays so.
pub(super) async fn fire(queue: &Queue, tick: i64) {
    let (client, name) = (queue.client(), queue.name());
    let looks = client.shared::<Looks>();
    // Of the receives of a process, one looks.
    looks.note(name, tick, Some(SOON));
    match fire_due(queue.store(), client.shared::<TickerName>().name()).await {
        Ok(pass) => {
            if pass.has_effects {
                client.relays().start(name);
            }
            looks.note(name, tick, stays_for(&pass));
        }
        // The next call of the receive says what is wrong.
        Err(error) => {
            debug!(queue = %name, error = %chain(&error), "schedules could not be looked after");
        }
    }
}

/// The same, while the receive goes on.
pub(super) fn fire_aside(queue: &Queue, tick: i64) {
    let queue = queue.clone();
    tokio::spawn(boxed(async move { fire(&queue, tick).await }));
}

/// For how long what is due stays so, as far as is known; none if all was fired.
fn stays_for(pass: &Pass) -> Option<Duration> {
    if let Some(held) = pass.held {
        // Spread, so that not all look at once if the one that has it died.
        return Some(held.saturating_add(SOON.mul_f64(fastrand::f64() / 2.0)));
    }
    let unread = (!pass.unread.is_empty()).then_some(UNREAD);
    [pass.look_again(), unread].into_iter().flatten().min()
}
