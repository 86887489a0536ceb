//! The rate: GCRA, as in `lua/lib/limits.lua`, and the turns, as in `lua/lib/turn.lua`. The model
//! has no other idea of them; what they mean is tested by themselves. Here they are to go together
//! with all the rest.

use super::queue::Queue;

/// As in `lua/lib/limits.lua`.
const LATE: f64 = 20.0;

/// As in `lua/lib/turn.lua`.
const BACKUP: f64 = 1_000.0;

#[derive(Clone, Copy)]
pub(super) struct Rate {
    interval: f64,
    burst: f64,
}

/// When a worker looks, since when it has had the turns, and its name.
struct Turn {
    at: f64,
    since: f64,
    worker: String,
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "in the script's own numbers, which are small"
)]
impl Queue {
    pub(super) fn exact(&self) -> f64 {
        self.now as f64
    }

    pub(super) fn rate(&self) -> Option<Rate> {
        let (interval, burst) = self.meta.get("rate")?.split_once(' ').expect("two numbers");
        let number = |text: &str| text.parse().expect("a number");
        Some(Rate { interval: number(interval), burst: number(burst) })
    }

    /// How many may start now, and when the next may if none may.
    pub(super) fn allowed(&self, rate: Rate) -> (usize, f64) {
        let tat = self.tat(rate);
        let allowed = (self.exact() - tat) / rate.interval + rate.burst + 1e-6;
        (allowed.floor().max(0.0) as usize, tat - (rate.burst - 1.0) * rate.interval)
    }

    /// When the next may start after these.
    pub(super) fn spend(&mut self, rate: Rate, taken: usize) -> f64 {
        let tat = self.tat(rate) + taken as f64 * rate.interval;
        self.meta.insert("tat", format!("{tat:.3}"));
        tat - (rate.burst - 1.0) * rate.interval
    }

    /// The theoretical arrival time.
    fn tat(&self, rate: Rate) -> f64 {
        let tat: f64 = self.meta.get("tat").map_or(0.0, |text| text.parse().expect("a number"));
        let slack = match self.turn() {
            Some(_) => (LATE - (rate.burst - 1.0) * rate.interval).max(0.0),
            None => 0.0,
        };
        let set_back = tat > self.exact() + rate.burst * rate.interval + 1.0;
        let tat = if set_back { self.exact() } else { tat };
        tat.max(self.exact() - slack)
    }

    fn turn(&self) -> Option<Turn> {
        let mut parts = self.meta.get("turn")?.split(' ');
        let mut number = || parts.next()?.parse().ok();
        let (at, since) = (number()?, number()?);
        Some(Turn { at, since, worker: parts.next()?.to_owned() })
    }

    /// Whether a worker other than this looks when the next job may start.
    pub(super) fn watched(&self, worker: &str) -> bool {
        let other = |turn: &Turn| turn.worker != worker && turn.worker != "-";
        self.turn().is_some_and(|turn| turn.at + LATE > self.exact() && other(&turn))
    }

    /// The worker that looks when the next job may start, or is a little late.
    pub(super) fn watcher(&self) -> Option<String> {
        let turn = self.turn().filter(|turn| turn.at + LATE > self.exact() && turn.worker != "-");
        turn.map(|turn| turn.worker)
    }

    /// The same for adds.
    pub(super) fn looks_later(&self) -> bool {
        self.turn().is_some_and(|turn| turn.at > self.exact())
    }

    /// When a worker should look, since no job may start before.
    pub(super) fn next_turn(&mut self, worker: &str, free: f64) -> f64 {
        let since = match self.turn() {
            Some(turn) if turn.worker == worker => turn.since,
            Some(turn)
                if turn.at + LATE > self.exact()
                    && turn.at <= free
                    && self.workers.contains_key(&turn.worker) =>
            {
                return free + BACKUP;
            }
            _ => self.exact(),
        };
        self.meta.insert("turn", format!("{free:.3} {since:.3} {worker}"));
        free
    }

    /// The same after it has taken jobs; and whether it gives the turns to another.
    pub(super) fn next_turn_or_pass(&mut self, worker: &str, free: f64) -> (f64, bool) {
        let long = |turn: &Turn| turn.worker == worker && self.exact() - turn.since >= BACKUP;
        if self.workers.len() > 1 && self.turn().is_some_and(|turn| long(&turn)) {
            self.meta.remove("turn");
            return (free + BACKUP, true);
        }
        (self.next_turn(worker, free), false)
    }

    /// This worker looks only if it is woken. If jobs are left, nobody has the turn.
    pub(super) fn end_turn(&mut self, worker: &str, left: bool) {
        let over = |turn: &Turn| turn.worker == worker || turn.at + BACKUP <= self.exact();
        if self.turn().is_some_and(|turn| over(&turn)) {
            self.meta.remove("turn");
            if left {
                let now = self.exact();
                self.meta.insert("turn", format!("{now:.3} {now:.3} -"));
            }
        }
    }
}
