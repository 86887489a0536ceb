//! The sources of a queue: the topics that its handlers subscribe to are bound, and the outboxes of
//! all sources are checked, because a process may die between writing to one and relaying it.

use std::time::Duration;

use tokio::{task::JoinSet, time::sleep};
use tracing::{debug, info, warn};

use super::{pump::PumpConfig, signals::Phase};
use crate::{
    client::Client, error::Result, error_chain::chain, job::QueueName, store::Retries, task::boxed,
    topic::Subscription,
};

/// How often outboxes of sources are checked.
const CHECK: Duration = Duration::from_secs(5);

/// After how many checks the sources are read again.
const CHECKS: usize = 12;

/// Binds the queue to the topics of its handlers, and retries until Redis answers. False if the
/// worker was stopped meanwhile.
pub(crate) async fn subscribe(client: &Client, config: &PumpConfig) -> Result<bool> {
    let queue = config.store.name();
    for subscription in config.registry.subscriptions() {
        let mut retries = Retries::endless();
        let mut phase = config.phase.clone();
        let bound = async {
            while let Err(error) = client.subscribe(queue, subscription).await {
                if !error.is_retryable() {
                    return Err(error);
                }
                let topic = &subscription.topic;
                warn!(%queue, %topic, error = %chain(&error), "the queue could not be bound; retrying");
                retries.wait_or(error).await?;
            }
            Ok(())
        };
        tokio::select! {
            biased;
            bound = bound => bound?,
            _ = phase.wait_for(|phase| matches!(phase, Phase::Draining(_))) => return Ok(false),
        }
        let Subscription { topic, pattern, job, .. } = subscription;
        info!(%queue, %topic, pattern, job, "subscribed");
    }
    Ok(true)
}

/// Checks the outboxes of a queue's sources until the set is dropped. A queue without sources
/// costs one small call a minute, and one more for each of its dead-letter queues.
///
/// These are checked though they are no sources: what is redriven comes from there, and a failover
/// may have lost that it does, together with whoever redrives.
pub(crate) fn look_after(config: &PumpConfig) -> JoinSet<()> {
    let (store, relays) = (config.store.clone(), config.client.relays().clone());
    let letters = config.dead_letters();
    let mut task = JoinSet::new();
    task.spawn(boxed(async move {
        loop {
            for letters in &letters {
                relays.check(letters, store.name()).await;
            }
            let sources = match store.sources().await {
                Ok(sources) => sources,
                Err(error) => {
                    let queue = store.name();
                    debug!(%queue, error = %chain(&error), "the sources of a queue could not be read");
                    sleep(CHECK).await;
                    continue;
                }
            };
            // Every turn checks the queue's own outbox.
            let sources = sources.iter().filter_map(|(source, _)| source.parse().ok());
            let sources: Vec<QueueName> = sources.filter(|name| name != store.name()).collect();
            for _ in 0..CHECKS {
                for source in &sources {
                    relays.check(source, store.name()).await;
                }
                sleep(CHECK.mul_f64(0.75 + fastrand::f64() / 2.0)).await;
            }
        }
    }));
    task
}
