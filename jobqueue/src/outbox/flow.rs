//! What flows and their nodes hear of each other.

use super::{deliver::QUEUE_TIMEOUT, relays::Relays};
use crate::{
    error::Result,
    job::{CancelMark, CancelReason, JobId, JobState, QueueName},
    store::{flow::Note, job::Cancel, outbox::TargetCopy},
};

/// Before the mark: what runs is to end as well.
const ALSO_RUNS: u8 = b'+';

impl Relays {
    /// Tells the flows of a home how their nodes have ended. What then follows is relayed from
    /// there.
    pub(super) async fn note_ends(&self, home: &QueueName, ends: &[(&JobId, &[u8])]) -> Result<()> {
        let left = self.store().queue(home).call_within(QUEUE_TIMEOUT, &Note { ends }).await?;
        if left > 0 {
            self.start(home);
        }
        Ok(())
    }

    /// Cancels jobs of nodes in their queue. Their flow hears of it as of any end.
    pub(super) async fn cancel_nodes(
        &self,
        queue: &QueueName,
        copies: &[TargetCopy<'_>],
        mark: &[u8],
    ) -> Result<()> {
        let ids: Vec<JobId> = copies
            .iter()
            .flat_map(|copy| copy.record.split(|byte| *byte == b' '))
            .filter_map(|id| std::str::from_utf8(id).ok().map(JobId::from_store))
            .collect();
        let (how, mark) = mark.split_at_checked(1).unwrap_or_default();
        let unneeded = CancelReason {
            by: None,
            reason: Some("what needed it in its flow has failed".to_owned()),
        };
        let unneeded = CancelMark { reason: unneeded, ..CancelMark::default() }.encode();
        let mark = if mark.is_empty() { &unneeded } else { mark };
        let from: &[JobState] =
            if how == [ALSO_RUNS] { &[] } else { &[JobState::Waiting, JobState::Delayed] };
        let cancel = Cancel { ids: &ids, mark, from };
        self.store().queue(queue).call_within(QUEUE_TIMEOUT, &cancel).await?;
        self.start(queue);
        Ok(())
    }
}
