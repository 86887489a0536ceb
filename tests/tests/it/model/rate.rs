//! The rate: GCRA, as in `lua/lib/limits.lua`. The model has no other idea of it; what the rate
//! means is tested there by itself. Here it is to go together with all the rest.

use super::queue::Queue;

#[derive(Clone, Copy)]
pub(super) struct Rate {
    interval: f64,
    burst: f64,
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

    /// How many may start now.
    pub(super) fn allowed(&self, rate: Rate) -> usize {
        let allowed = (self.exact() - self.tat()) / rate.interval + rate.burst + 1e-6;
        allowed.floor().max(0.0) as usize
    }

    /// When a worker that comes too early should look again.
    pub(super) fn turn_at(&mut self, rate: Rate) -> f64 {
        let free = self.tat() - (rate.burst - 1.0) * rate.interval;
        let turn = free.max(self.time("turn") + rate.interval);
        let turn = turn.min(free + self.workers.len() as f64 * rate.interval);
        self.meta.insert("turn", format!("{turn:.3}"));
        turn
    }

    pub(super) fn spend(&mut self, rate: Rate, taken: usize) {
        let tat = self.tat() + taken as f64 * rate.interval;
        self.meta.insert("tat", format!("{tat:.3}"));
    }

    /// The theoretical arrival time.
    fn tat(&self) -> f64 {
        self.time("tat").max(self.exact())
    }

    fn time(&self, field: &str) -> f64 {
        self.meta.get(field).map_or(0.0, |text| text.parse().expect("a number"))
    }
}
