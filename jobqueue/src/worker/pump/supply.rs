//! How many jobs a pump can take, and of which handlers.

use tokio::time::Instant;

use super::slots::Slots;
use crate::{
    store::worker::Rooms,
    worker::{
        handler_limits::{Full, Pass},
        registry::{Entry, Registry},
    },
};

/// How often in a row a pump without a free slot looks for jobs of its open batches, and finds others:
/// each of these goes back. When a run has ended, it looks again.
const LOOKS: usize = 10;

/// What is known of a queue's handlers, and of the last fetches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kinds {
    /// Whether some handler has limits of its own in this process, or runs batches.
    pub(super) limited: bool,
    /// Whether some handler runs batches.
    pub(super) batches: bool,
    /// The most jobs in a slot.
    pub(super) jobs_a_slot: usize,
    /// Whether a job of the last fetch had no room within limits of its handler.
    in_vain: bool,
    /// How many fetches before it were in vain, since a run ended.
    vain_before: usize,
}

impl Kinds {
    pub(super) fn of(registry: &Registry) -> Self {
        let largest = registry.entries().filter_map(Entry::batching).map(|it| it.max).max();
        let now = Instant::now();
        let limited = registry.entries().any(|entry| entry.room(0, now).is_some());
        Self {
            limited: limited || largest.is_some(),
            batches: largest.is_some(),
            jobs_a_slot: largest.unwrap_or(1),
            in_vain: false,
            vain_before: 0,
        }
    }

    /// A fetch was answered.
    pub(super) fn fetched(&mut self) {
        self.vain_before = self.vain();
        self.in_vain = false;
    }

    /// A job that was fetched had no room.
    pub(super) fn had_no_room(&mut self) {
        self.in_vain = true;
    }

    /// A run has ended: there may be room.
    pub(super) fn run_ended(&mut self) {
        self.vain_before = 0;
    }

    /// How many fetches in a row have brought jobs without room.
    fn vain(&self) -> usize {
        if self.in_vain { self.vain_before + 1 } else { 0 }
    }
}

/// How many jobs all handlers of a queue together can start now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Supply {
    /// How many jobs are worth fetching.
    pub(super) room: usize,
    /// When a rate that gives no start now gives the next.
    pub(super) more_at: Option<Instant>,
}

impl Supply {
    pub(super) fn of(slots: &Slots, registry: &Registry, kinds: Kinds) -> Self {
        if !kinds.limited {
            return Self { room: slots.room(), more_at: None };
        }
        let (now, free, vain) = (Instant::now(), slots.free_slots(), kinds.vain());
        // Those that take a slot each, none if a handler has no limit; those of batches.
        let (mut single, mut batched, mut more_at) = (Some(0_usize), 0_usize, None);
        for entry in registry.entries() {
            match entry.batching() {
                Some(batching) => batched += slots.batch_room(entry, batching, now),
                None => {
                    let room = entry.room(free, now);
                    single = single.zip(room).map(|(all, room)| all.saturating_add(room));
                }
            }
            more_at = more_at.into_iter().chain(entry.more_at(now)).min();
        }
        let singles = slots.room().min(single.unwrap_or(usize::MAX));
        let room = match singles {
            // There may be thousands of others before the jobs that it looks for.
            0 if vain >= LOOKS => 0,
            // Any job may be one that takes a slot: those without room would all go back.
            1.. if single.is_none() => singles,
            _ => singles.saturating_add(batched),
        };
        // Behind jobs that have no room, others may stand that have: so it takes as many as it can
        // hold. Those without room are then out of the way, in their lanes.
        let room = if vain > 0 && room > 0 { room.max(slots.room()) } else { room };
        Self { room, more_at }
    }
}

/// How many jobs of each handler that has limits can start now. Where there are batches, a fetch may
/// bring more jobs than there are slots, so slots are a limit there.
pub(super) fn rooms(slots: &Slots, registry: &Registry, kinds: Kinds) -> Rooms {
    let mut rooms = Rooms::default();
    if !kinds.limited {
        return rooms;
    }
    let (now, free) = (Instant::now(), slots.free_slots());
    for entry in registry.entries() {
        let room = match entry.batching() {
            Some(batching) => Some(slots.batch_room(entry, batching, now)),
            None if kinds.batches => {
                Some(entry.room(free, now).unwrap_or(usize::MAX).min(slots.room()))
            }
            None => entry.room(free, now),
        };
        if let Some(room) = room {
            rooms.add(&entry.name, room);
        }
    }
    rooms
}

/// Lets a job of this handler start, or wait for others to run with, if there is room for it.
pub(super) fn admit(slots: &Slots, entry: &Entry, kinds: Kinds) -> Result<Option<Box<Pass>>, Full> {
    match entry.batching() {
        Some(batching) => match slots.batch_room(entry, batching, Instant::now()) {
            0 => Err(Full),
            _ => Ok(None),
        },
        None if kinds.batches && slots.room() == 0 => Err(Full),
        None => entry.admit(slots.free_slots() > 0),
    }
}
