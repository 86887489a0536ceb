//! One job at a time, through all that can make a worker sleep past it: pauses, delays, receives by
//! hand, workers that stop, limits, names that a worker doesn't know, topics. No later add rescues
//! a lost wake-up, so the wait shows it.

mod scenes;
mod stage;

use std::{collections::BTreeMap, fmt, time::Duration};

use jobqueue::Result;

use self::{scenes::SCENES, stage::Stage};

/// How long jobs waited beyond the moment at which they could start.
#[derive(Clone, Debug, Default)]
pub struct Waits {
    /// The longest wait of each scene, and how often it was played.
    scenes: BTreeMap<&'static str, (Duration, u32)>,
    /// The waits that were longer than was allowed: the round, the scene, and how long.
    pub too_long: Vec<(u32, &'static str, Duration)>,
}

impl Waits {
    /// The longest of all.
    #[must_use]
    pub fn longest(&self) -> Duration {
        self.scenes.values().map(|(wait, _)| *wait).max().unwrap_or_default()
    }

    /// The scenes that were never played.
    #[must_use]
    pub fn left_out(&self) -> Vec<&'static str> {
        SCENES.iter().copied().filter(|scene| !self.scenes.contains_key(scene)).collect()
    }

    fn note(&mut self, round: u32, scene: &'static str, wait: Duration, most: Duration) {
        let (longest, times) = self.scenes.entry(scene).or_default();
        (*longest, *times) = ((*longest).max(wait), *times + 1);
        if wait > most {
            self.too_long.push((round, scene, wait));
        }
    }
}

impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (scene, (longest, times)) in &self.scenes {
            write!(f, "{scene} {longest:?} of {times}; ")?;
        }
        write!(f, "too long: {:?}", self.too_long)
    }
}

/// Plays this many rounds on an empty server, and notes which jobs waited longer than `most`.
///
/// # Errors
/// Those of the calls; a job that doesn't start at all is one that waited too long.
pub async fn play(url: &str, rounds: u32, seed: u64, most: Duration) -> Result<Waits> {
    let mut stage = Stage::set(url, seed).await?;
    let mut waits = Waits::default();
    for round in 0..rounds {
        let scene = stage.any(SCENES);
        if let Some(wait) = scenes::play(scene, &mut stage, u64::from(round)).await? {
            waits.note(round, scene, wait, most);
        }
        stage.rest().await;
    }
    stage.close().await?;
    Ok(waits)
}
