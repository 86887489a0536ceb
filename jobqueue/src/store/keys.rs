//! The names of a queue's keys. They share one hash tag, hence one slot of a cluster.

use std::sync::Arc;

use crate::job::{JobId, QueueName, WorkerId};

/// One key of a queue, by what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Jobs,
    Waiting,
    Delayed,
    Workers,
    /// Who the workers are.
    Identities,
    /// Of the worker that makes the call.
    Running,
    /// Of the name that this worker had before.
    Former,
    Priority,
    Attempts,
    Stalls,
    Misses,
    Progress,
    Listed,
    Uniques,
    Outcomes,
    Completed,
    Failed,
    Meta,
    Events,
    Wake,
    /// Effects on other queues that have not arrived yet.
    Outbox,
    /// The last entry taken of each other queue's outbox.
    Sources,
    /// The lock of the relay of the outbox.
    Relay,
    /// Histograms of runs, told by workers.
    Histograms,
    /// What has happened in the minute, the ten minutes and the hour that are not over.
    History,
    /// The minutes before, ten minutes before, and hours before.
    HistoryMinutes,
    HistoryTens,
    HistoryHours,
    /// When versions of programs came.
    Deploys,
    /// Of a caller's inbox, which is named like a queue.
    Replies,
    /// The times at which waiting jobs expire.
    Expiring,
    /// The jobs that are out by hand.
    Hand,
    /// Until when each of them is out.
    Visibility,
    /// The rules of schedules.
    Schedules,
    /// When they are due next.
    Ticks,
    /// What they have done.
    Fired,
    /// What an operator has changed of them.
    Marks,
    /// The owners of those that code declares.
    Owners,
    /// Who looks after the ticks.
    Ticking,
    /// The keys of flows, by their ids.
    Flows,
    /// The weights of groups.
    Weights,
    /// Of a topic: its settings.
    Topic,
    /// Of a topic: its bindings to queues.
    Bindings,
    /// Of a topic: bindings that start in the past, with their positions.
    Replays,
    /// Of a topic: messages that are kept.
    Messages,
}

/// The number of keys with one name for the whole queue.
const SHARED: usize = 43;

impl Key {
    /// The keys of the whole queue, in the order of their names in [`Keys`].
    const ALL: [(Self, &'static str); SHARED] = [
        (Self::Jobs, "jobs"),
        (Self::Waiting, "waiting"),
        (Self::Delayed, "delayed"),
        (Self::Workers, "workers"),
        (Self::Identities, "identities"),
        (Self::Priority, "priority"),
        (Self::Attempts, "attempts"),
        (Self::Stalls, "stalls"),
        (Self::Misses, "misses"),
        (Self::Progress, "progress"),
        (Self::Listed, "listed"),
        (Self::Uniques, "uniques"),
        (Self::Outcomes, "outcomes"),
        (Self::Completed, "completed"),
        (Self::Failed, "failed"),
        (Self::Meta, "meta"),
        (Self::Events, "events"),
        (Self::Wake, "wake"),
        (Self::Outbox, "outbox"),
        (Self::Sources, "sources"),
        (Self::Relay, "relay"),
        (Self::Histograms, "histograms"),
        (Self::History, "history"),
        (Self::HistoryMinutes, "history:1m"),
        (Self::HistoryTens, "history:10m"),
        (Self::HistoryHours, "history:1h"),
        (Self::Deploys, "deploys"),
        (Self::Replies, "replies"),
        (Self::Expiring, "expiring"),
        (Self::Hand, "running:by-hand"),
        (Self::Visibility, "visibility"),
        (Self::Schedules, "schedules"),
        (Self::Ticks, "ticks"),
        (Self::Fired, "fired"),
        (Self::Marks, "marks"),
        (Self::Owners, "owners"),
        (Self::Ticking, "ticking"),
        (Self::Flows, "flows"),
        (Self::Weights, "weights"),
        (Self::Topic, "topic"),
        (Self::Bindings, "bindings"),
        (Self::Replays, "replays"),
        (Self::Messages, "messages"),
    ];
}

/// The keys of one queue, written out once.
#[derive(Clone, Debug)]
pub(crate) struct Keys(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    queue: QueueName,
    /// `jq:{orders}:`
    base: String,
    shared: [String; SHARED],
}

impl Keys {
    pub(crate) fn new(prefix: &str, queue: &QueueName) -> Self {
        let base = format!("{prefix}:{{{queue}}}:");
        let shared = Key::ALL.map(|(_, name)| format!("{base}{name}"));
        Self(Arc::new(Inner { queue: queue.clone(), base, shared }))
    }

    pub(crate) fn queue(&self) -> &QueueName {
        &self.0.queue
    }

    /// The slot of a cluster that all keys of the queue are on.
    pub(crate) fn slot(&self) -> u16 {
        // The prefix has no braces and the name neither, so the name is the hash tag.
        slot(self.0.queue.as_str())
    }

    /// The beginning of all keys of the queue.
    pub(crate) fn base(&self) -> &str {
        &self.0.base
    }

    /// A key of the whole queue; none for a worker's own.
    pub(crate) fn shared(&self, key: Key) -> Option<&str> {
        let at = Key::ALL.iter().position(|(each, _)| *each == key)?;
        self.0.shared.get(at).map(String::as_str)
    }

    pub(crate) fn running(&self, worker: &WorkerId) -> String {
        // Written at every turn, and `format!` would take as long as all other keys.
        [&self.0.base, "running:", worker.as_str()].concat()
    }

    /// Not a key: the channel of the broadcasts of this name.
    pub(crate) fn channel(&self) -> String {
        format!("{}broadcast", self.0.base)
    }

    pub(crate) fn unique(&self, key: &str) -> String {
        format!("{}unique:{key}", self.0.base)
    }

    /// The newest call of a producer of jobs.
    pub(crate) fn producer(&self, name: &WorkerId) -> String {
        // Written with every add.
        [&self.0.base, "producer:", name.as_str()].concat()
    }

    /// The newest call of a publisher of messages.
    pub(crate) fn publisher(&self, name: &WorkerId) -> String {
        [&self.0.base, "publisher:", name.as_str()].concat()
    }

    /// A list of one worker's own, whose element ends its wait for the token.
    pub(crate) fn wait(&self, waiter: &WorkerId) -> String {
        format!("{}wake:{waiter}", self.0.base)
    }

    /// The newest call of a sender of calls that are carried out once.
    pub(crate) fn sender(&self, name: &WorkerId) -> String {
        format!("{}sender:{name}", self.0.base)
    }

    /// A list of messages to one worker about jobs to cancel.
    pub(crate) fn cancel(&self, worker: &WorkerId) -> String {
        format!("{}cancel:{worker}", self.0.base)
    }

    /// The claim or the result of an effect.
    pub(crate) fn once(&self, key: &str) -> String {
        format!("{}once:{key}", self.0.base)
    }

    pub(crate) fn logs(&self, id: &JobId) -> String {
        format!("{}logs:{id}", self.0.base)
    }
}

/// The number of slots of a cluster.
const SLOTS: u16 = 16_384;

/// The slot of a hash tag, or of a key that has none.
pub(crate) fn slot(tag: &str) -> u16 {
    crc16(tag.as_bytes()) % SLOTS
}

/// CRC-16/XMODEM, as clusters count.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_keys_share_a_hash_tag() {
        let keys = Keys::new("jq", &"orders".parse().expect("a good name"));
        assert_eq!(keys.shared(Key::Waiting), Some("jq:{orders}:waiting"));
        assert_eq!(keys.shared(Key::Running), None);
        assert_eq!(keys.unique("a"), "jq:{orders}:unique:a");
        // As CLUSTER KEYSLOT says.
        assert_eq!(crc16(b"123456789"), 0x31c3);
        assert_eq!(keys.slot(), 105);
        assert!(Key::ALL.iter().all(|(column, _)| keys.shared(*column).is_some()));
    }
}
