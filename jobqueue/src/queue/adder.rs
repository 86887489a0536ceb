//! Group commit of adds: see [`super::batcher`].

use tokio::time::Instant;

use super::batcher::{Freight, Parcel, in_time};
use crate::{
    error::{Error, Refused, Result},
    store::{
        Durability, QueueStore, Retries,
        job::{Add, NewJob, Twins},
    },
};

/// Carries adds to Redis.
#[derive(Debug)]
pub(super) struct Adder {
    store: QueueStore,
    durability: Durability,
}

impl Adder {
    pub(super) fn new(store: QueueStore, durability: Durability) -> Self {
        Self { store, durability }
    }

    /// One call, repeated as a resend until Redis answers or the deadline has passed.
    async fn send(&self, jobs: &[NewJob], deadline: Instant) -> Result<Twins> {
        let mut retries = Retries::until(deadline);
        let mut add = Add { jobs, resend: false };
        loop {
            let answer = self.store.call_durably(&add, self.durability).await;
            match answer.and_then(|(twins, shortfall)| shortfall.map_or(Ok(twins), Err)) {
                Err(error @ Error::Unavailable { .. }) => {
                    retries.wait_or(error).await?;
                    add.resend = true;
                }
                Ok(mut twins) if add.resend => {
                    // Found under its own id, a job was added by an earlier try.
                    twins.retain(|(index, twin)| {
                        jobs.get(*index).is_none_or(|job| job.chosen_id || job.id != *twin)
                    });
                    return Ok(twins);
                }
                answer => return answer,
            }
        }
    }
}

impl Freight for Adder {
    type Item = NewJob;
    type Answer = Twins;
    const DOING: &'static str = "add jobs";

    fn size(&self, job: &NewJob) -> usize {
        job.size()
    }

    /// One by one if together they don't fit into the queue, since some may.
    async fn deliver(&mut self, parcels: Vec<Parcel<Self>>) {
        let (mut parcels, Some(deadline)) = in_time(parcels) else { return };
        let sizes: Vec<usize> = parcels.iter().map(|parcel| parcel.items.len()).collect();
        let jobs: Vec<NewJob> =
            parcels.iter_mut().flat_map(|parcel| std::mem::take(&mut parcel.items)).collect();
        match self.send(&jobs, deadline).await {
            Err(Error::Refused(Refused::QueueFull { .. })) if parcels.len() > 1 => {
                let mut jobs = jobs.as_slice();
                for (parcel, size) in parcels.into_iter().zip(sizes) {
                    let (own, rest) = jobs.split_at(size);
                    let answer = self.send(own, parcel.deadline).await;
                    let _ = parcel.reply.send(answer);
                    jobs = rest;
                }
            }
            Err(error) => {
                for parcel in parcels {
                    let _ = parcel.reply.send(Err(error.clone()));
                }
            }
            Ok(twins) => share_out(parcels, &sizes, &twins),
        }
    }
}

/// Gives each parcel the twins among its own jobs, counted from its first.
fn share_out(parcels: Vec<Parcel<Adder>>, sizes: &[usize], twins: &Twins) {
    let mut start = 0;
    for (parcel, size) in parcels.into_iter().zip(sizes) {
        let own = twins
            .iter()
            .filter(|(index, _)| (start..start + size).contains(index))
            .map(|(index, id)| (index - start, id.clone()))
            .collect();
        start += size;
        let _ = parcel.reply.send(Ok(own));
    }
}
