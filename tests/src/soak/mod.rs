//! The soak: load and faults for as long as one likes, with accounts that are proven.
//!
//! It goes in rounds. Each has a server, a proxy, accounts and processes of its own, and ends
//! with a proof, so that its notes don't grow with the time.

mod fault;
mod flows;
mod report;
mod round;

use std::time::{Duration, Instant};

use fastrand::Rng;

use self::{report::Report, round::Round};
use crate::account::Proof;

/// The options of a soak.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// For how long.
    pub time: Duration,
    /// Which faults, in which order: the same seed plans the same.
    pub seed: u64,
    /// Whether each fault is told.
    pub verbose: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self { time: Duration::from_secs(600), seed: fastrand::u64(..1_000_000), verbose: false }
    }
}

/// How long a round has faults. The rest of the time is shared evenly between rounds.
const ROUND: Duration = Duration::from_secs(300);

/// Does it, and says on standard output how it goes.
pub async fn soak(plan: Plan) -> Proof {
    let began = Instant::now();
    let mut rng = Rng::with_seed(plan.seed);
    let mut report = Report::new(plan);
    let mut whole = Proof::default();
    let mut left = plan.time;
    while !left.is_zero() {
        let round = Round::start(&mut rng).await;
        let time = if left < ROUND * 3 / 2 { left } else { ROUND };
        let proof = round.run(time, &mut rng, &mut report).await;
        let holds = proof.holds();
        whole.absorb(proof);
        if !holds {
            break;
        }
        left = plan.time.saturating_sub(began.elapsed()).min(left.saturating_sub(time));
    }
    report.end(&whole);
    whole
}
