//! Where a queue's messages come from: its handlers' topics are bound, and the outboxes of all its sources are
//! looked after, in case that whoever wrote into one died before it was relayed.

use std::time::Duration;

use tokio::{task::JoinSet, time::sleep};
use tracing::{debug, info, warn};

use super::{pump::PumpConfig, signals::Phase};
use crate::{
    client::Client,
    error::Result,
    error_chain::chain,
    job::QueueName,
    outbox::Relays,
    store::{QueueStore, Retries},
};

/// How often outboxes of sources are looked into.
const LOOK: Duration = Duration::from_secs(5);

/// After how many looks the sources are learned anew.
const LOOKS: usize = 12;

/// Binds the queue to what its handlers subscribe to, however long Redis takes to be there. False if the worker
/// was stopped meanwhile.
pub(crate) async fn subscribe(client: &Client, parts: &PumpConfig) -> Result<bool> {
    let queue = parts.store.name();
    for subscription in parts.registry.subscriptions() {
        let mut retries = Retries::endless();
        let mut phase = parts.phase.clone();
        let bound = async {
            while let Err(error) = client.subscribe(queue, subscription).await {
                if !error.is_retryable() {
                    return Err(error);
                }
                warn!(%queue, topic = %subscription.topic, error = %chain(&error), "the queue could not be bound to its topic; trying on");
                retries.wait_or(error).await?;
            }
            Ok(())
        };
        tokio::select! {
            bound = bound => bound?,
            _ = phase.wait_for(|phase| matches!(phase, Phase::Draining(_))) => return Ok(false),
        }
        info!(%queue, topic = %subscription.topic, pattern = subscription.pattern, job = subscription.job, "subscribed");
    }
    Ok(true)
}

/// Looks after the outboxes of a queue's sources until the set is dropped. A queue without sources costs one
/// small call a minute.
pub(crate) fn look_after(store: &QueueStore, relays: &Relays) -> JoinSet<()> {
    let (store, relays) = (store.clone(), relays.clone());
    let mut task = JoinSet::new();
    task.spawn(async move {
        loop {
            let sources = match store.sources().await {
                Ok(sources) => sources,
                Err(error) => {
                    debug!(queue = %store.name(), error = %chain(&error), "the sources of a queue could not be read");
                    sleep(LOOK).await;
                    continue;
                }
            };
            // Its own outbox is looked after by every turn.
            let sources = sources.iter().filter_map(|(source, _)| source.parse().ok());
            let sources: Vec<QueueName> = sources.filter(|name| name != store.name()).collect();
            for _ in 0..LOOKS {
                for source in &sources {
                    if let Err(error) = relays.look_after(source).await {
                        debug!(queue = %store.name(), %source, error = %chain(&error), "an outbox could not be looked into");
                    }
                }
                sleep(LOOK.mul_f64(0.75 + fastrand::f64() / 2.0)).await;
            }
        }
    });
    task
}
