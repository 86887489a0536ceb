//! The keeper's thread: it syncs, begins new files, tries again what failed, and has snapshots
//! made.

use std::{sync::Arc, time::Duration};

use tracing::warn;

use super::{compact::Compaction, log::Inner, options::Fsync};

/// How often it looks by itself.
const TICK: Duration = Duration::from_secs(1);

/// Keeps the log until it is closed.
pub(super) fn keep(inner: &Arc<Inner>) {
    let mut compaction = Compaction::default();
    loop {
        let asked = inner.wish.wait(TICK);
        inner.look_at_folder();
        if inner.is_in_trouble() {
            inner.retry();
        } else {
            let is_due = asked.sync || asked.stop || inner.fsync == Fsync::EverySecond;
            if is_due && inner.is_unsynced() && inner.write() {
                inner.sync();
            }
        }
        if asked.stop {
            break;
        }
        if !inner.is_in_trouble() {
            if let Err(error) = inner.turn() {
                warn!(%error, "a new file of the log can't be begun: the last one grows on");
            }
            compaction.begin_if_due(inner);
        }
    }
    compaction.join();
}
