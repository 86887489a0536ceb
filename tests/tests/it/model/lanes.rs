//! Jobs that wait for a limit which some workers have reached.

use std::collections::BTreeMap;

use super::{
    queue::Queue,
    request::{Turn, signed},
    turn::Fill,
};

/// How many times idle workers are woken for a job in a lane, for each other worker.
const WAKES: usize = 2;

impl Queue {
    /// The lowest ranks go first, out of each lane as many as the worker has room for.
    pub(super) fn take(&mut self, turn: &Turn, n: usize, fill: &mut Fill) -> Vec<String> {
        let n = n.min(self.ids_in("waiting").len());
        self.skipped = self.lanes().iter().any(|(lane, jobs)| {
            turn.rooms.iter().any(|(name, room)| name == lane && *room <= jobs.len().min(n))
        });
        let mut waiting: Vec<(i64, String)> = self
            .jobs
            .iter()
            .filter_map(|(id, job)| Some((job.place.rank()?, id.clone())))
            .collect();
        waiting.sort();
        let mut rooms: BTreeMap<String, usize> = turn.rooms.iter().cloned().collect();
        let mut ids = Vec::new();
        for (rank, id) in waiting {
            let room = self.jobs[&id].place.lane().and_then(|lane| rooms.get_mut(lane));
            match room {
                _ if ids.len() == n => break,
                Some(0) => continue,
                Some(room) => *room -= 1,
                None => {}
            }
            if !fill.takes(&self.jobs[&id].record) {
                fill.cut = true;
                break;
            }
            let place = self.held(turn, rank);
            self.job(&id).place = place;
            ids.push(id);
        }
        self.event_of("active", ids.iter());
        ids
    }

    /// The ranks and ids of the jobs in each lane.
    pub(super) fn lanes(&self) -> BTreeMap<String, Vec<(i64, String)>> {
        let mut lanes: BTreeMap<String, Vec<(i64, String)>> = BTreeMap::new();
        for (id, job) in &self.jobs {
            if let (Some(lane), Some(rank)) = (job.place.lane(), job.place.rank()) {
                lanes.entry(lane.clone()).or_default().push((rank, id.clone()));
            }
        }
        lanes.values_mut().for_each(|jobs| jobs.sort());
        lanes
    }

    /// Jobs went into lanes, or this worker has no room for those there: another may have.
    pub(super) fn wake_for_lanes(&mut self, turn: &Turn) {
        let skipped = std::mem::take(&mut self.skipped);
        if turn.unstarted.iter().any(|(_, lane)| lane.is_some()) {
            let wakes = WAKES * (self.workers.len() - 1);
            if wakes > 0 {
                self.meta.insert("lane_wakes", wakes.to_string());
                self.token = true;
            }
        } else if let (true, Some(wakes)) = (skipped, self.number("lane_wakes")) {
            self.put(
                "lane_wakes",
                &if wakes > signed(1) { (wakes - 1).to_string() } else { String::new() },
            );
            self.token = true;
        }
    }
}
