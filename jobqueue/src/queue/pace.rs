//! How fast something is done to many jobs.

use std::time::Duration;

use tokio::time::sleep;

use crate::{error::Result, policy::Rate};

/// How many jobs go in one step.
const STEP: usize = 100;

/// How many jobs go in one step, and how long to wait after each of them.
pub(super) struct Pace {
    pub(super) step: usize,
    pause: Option<Duration>,
}

impl Pace {
    pub(super) fn new(rate: Option<Rate>) -> Result<Self> {
        let Some(rate) = rate else { return Ok(Self { step: STEP, pause: None }) };
        rate.validate()?;
        let pause = rate.per() / rate.max();
        // Small steps: about ten a second, or one job at a time.
        let tenth = (0.1 / pause.as_secs_f64().max(1e-6)).clamp(1.0, STEP as f64);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 100")]
        let step = tenth as usize;
        Ok(Self { step, pause: Some(pause) })
    }

    pub(super) async fn wait(&self, moved: u64) {
        if let Some(pause) = self.pause {
            let moved = u32::try_from(moved).unwrap_or(u32::MAX);
            sleep(pause.saturating_mul(moved)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN_YEARS: Duration = Duration::from_secs(10 * 365 * 86_400);

    #[test]
    fn a_pace_is_made_of_every_rate() {
        for (max, per, step) in [
            (1, TEN_YEARS, 1),
            (1, Duration::from_micros(1), STEP),
            (1_000_000, Duration::from_secs(1), STEP),
            (100, Duration::from_secs(1), 10),
        ] {
            let pace = Pace::new(Some(Rate::new(max, per))).expect("a sound rate");
            assert_eq!(pace.step, step, "{max} per {per:?}");
        }
        assert!(Pace::new(Some(Rate::new(1, Duration::MAX))).is_err(), "no rate at all");
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_pause_is_no_panic() {
        let pace = Pace::new(Some(Rate::new(1, TEN_YEARS))).expect("a sound rate");
        let waits = tokio::time::timeout(Duration::from_secs(3_600), pace.wait(u64::MAX));
        assert!(waits.await.is_err());
    }
}
