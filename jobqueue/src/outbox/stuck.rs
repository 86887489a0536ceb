//! A target that is stuck, and how it gets what it misses.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;
use tracing::{debug, info, warn};

use super::{relay::Relay, shares::share_out};
use crate::{
    error::{Error, Result},
    error_chain::chain,
    store::{EntryId, MAX_BATCH, outbox::TakenEntries},
};

/// The first and the longest wait before a stuck target is tried again.
const FIRST_PROBE: Duration = Duration::from_millis(200);
const LAST_PROBE: Duration = Duration::from_secs(1);

/// With many stuck targets each is tried less often, so that all together cost a few calls a
/// second; but at least this often.
const SHARE: Duration = Duration::from_millis(100);
const LONGEST_SHARE: Duration = Duration::from_secs(10);

/// What a try has brought.
enum Tried {
    /// The target has all that the common way has passed, and goes there again.
    Joined,
    Moved,
    Failed(Error),
    /// Another relay has the outbox.
    Busy,
}

impl Relay {
    /// Brings a stuck target what it misses: one entry to try, and once that arrives, the others.
    pub(super) async fn follow(self: Arc<Self>, to: String) {
        let (mut wait, mut most, mut failures) = (FIRST_PROBE, 1, 0_u32);
        let source = &self.source;
        loop {
            if most == 1 {
                let all = u32::try_from(self.ways().count_stuck()).unwrap_or(u32::MAX);
                let share = SHARE.saturating_mul(all).min(LONGEST_SHARE);
                self.pause(wait.max(share)).await;
            }
            match self.catch_up(&to, most).await {
                Tried::Joined => break,
                Tried::Moved => (wait, most) = (FIRST_PROBE, MAX_BATCH),
                Tried::Busy => most = 1,
                Tried::Failed(error) => {
                    (wait, most) = ((wait * 2).min(LAST_PROBE), 1);
                    failures = failures.saturating_add(1);
                    if failures == 1 {
                        warn!(%source, to, error = %chain(&error), "effects wait in the outbox: their target takes none");
                    }
                    self.signals.note_problem(error);
                }
            }
        }
        if failures > 0 {
            info!(%source, to, "effects arrive again");
        }
    }

    /// Until the next try; a relay that is waited for has it made at once.
    async fn pause(&self, wait: Duration) {
        tokio::select! {
            biased;
            () = sleep(wait.mul_f64(0.75 + fastrand::f64() / 4.0)) => {}
            () = self.signals.tries.notified() => {}
        }
    }

    async fn catch_up(&self, to: &str, most: usize) -> Tried {
        let (missed, seen) = {
            let ways = self.ways();
            (ways.missed(to), ways.next())
        };
        let Some(missed) = missed else { return Tried::Joined };
        match self.bring(to, (missed, seen), most).await {
            Ok(tried) => tried,
            Err(error) => {
                debug!(source = %self.source, to, error = %chain(&error), "an outbox could not be read");
                Tried::Failed(error)
            }
        }
    }

    /// Brings a target its entries from the first that it misses up to where the common way has
    /// come.
    async fn bring(
        &self,
        to: &str,
        (missed, seen): (EntryId, EntryId),
        most: usize,
    ) -> Result<Tried> {
        let skip = self.ways().skipped(Some(to));
        let taken = self.take(missed, most, true, &skip).await?;
        let TakenEntries::Entries(mut entries, last) = taken else { return Ok(Tried::Busy) };
        entries.truncate(entries.partition_point(|found| EntryId::of(&found.entry) < seen));
        let through = last.map_or(seen, |last| seen.min(EntryId::of(&last).next()));
        if entries.is_empty() && through == seen {
            let joined = self.ways().joins(to, seen);
            return Ok(if joined { Tried::Joined } else { Tried::Moved });
        }
        let shares = share_out(&entries, |other| other == to);
        let failed = self.relays.deliver(&self.source, shares).await.pop();
        let first = failed.as_ref().map_or(through, |failed| failed.first);
        self.ways().caught_up(to, first, &entries);
        Ok(failed.map_or(Tried::Moved, |failed| Tried::Failed(failed.error)))
    }
}
