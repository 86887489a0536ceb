//! Making the schedules that a worker's handlers declare.

use tracing::warn;

use crate::{
    client::Client,
    error::Result,
    error_chain::chain,
    schedule::{Declare, Declared},
    store::Retries,
    worker::{pump::PumpConfig, signals::Phase},
};

/// Makes them, and retires those that their owner declares no more; retries until Redis answers.
/// False if the worker was stopped meanwhile.
pub(crate) async fn declare(client: &Client, pump: &PumpConfig) -> Result<bool> {
    let owner = pump.config.schedules_of.as_deref();
    if owner.is_none() && pump.registry.schedules(client).next().is_none() {
        return Ok(true);
    }
    let (declare, queue) = (Declare { store: &pump.store, owner }, pump.store.name());
    let (mut retries, mut phase) = (Retries::endless(), pump.phase.clone());
    let made = async {
        loop {
            match declare.declare(pump.registry.schedules(client)).await {
                Err(error) if error.is_retryable() => {
                    warn!(%queue, error = %chain(&error), "schedules could not be made; retrying");
                    retries.wait_or(error).await?;
                }
                answer => return answer,
            }
        }
    };
    let declared = tokio::select! {
        biased;
        made = made => made?,
        _ = phase.wait_for(|phase| matches!(phase, Phase::Draining(_))) => return Ok(false),
    };
    tell(pump, &declared);
    Ok(true)
}

fn tell(pump: &PumpConfig, declared: &Declared) {
    let (telemetry, queue) = (&pump.telemetry, pump.store.name());
    declared.kept.iter().for_each(|(id, kept)| telemetry.schedule_kept(queue, id, kept));
    declared.retired.iter().for_each(|id| telemetry.schedule_retired(queue, id));
}
