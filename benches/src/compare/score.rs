//! What a play is worth, and how two compare.

use std::collections::BTreeMap;

use jobqueue_bench_peer::Percentiles;

/// What one play of one scenario by one contestant took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reading {
    /// How many jobs it was about.
    pub jobs: usize,
    /// How long it took.
    pub seconds: f64,
    /// CPU time of Redis, in seconds.
    pub redis_cpu: f64,
    /// CPU time of the contestant's own processes, in seconds.
    pub client_cpu: f64,
    /// Commands that Redis ran, those inside scripts too.
    pub commands: u64,
    /// How often Redis read from a connection: about the number of round trips.
    pub reads: u64,
    /// Bytes that the server's data grew by.
    pub bytes: i64,
    /// How long jobs waited, where that was asked.
    pub waits: Option<Percentiles>,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// Jobs a second. More is better; for everything else, less is.
    JobsPerSecond,
    /// Microseconds of Redis's CPU a job.
    RedisCpu,
    /// Milliseconds that half of the jobs waited at most.
    LatencyP50,
    /// Milliseconds that 99 of 100 jobs waited at most.
    LatencyP99,
    /// Milliseconds that 999 of 1,000 jobs waited at most.
    LatencyP999,
    /// Bytes a job.
    Bytes,
    /// Microseconds of the client's own CPU a job.
    ClientCpu,
    /// Commands a job, those inside scripts too.
    Commands,
    /// Reads of Redis from its connections, a job.
    Reads,
}

impl Metric {
    /// Its name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::JobsPerSecond => "jobs_per_s",
            Self::RedisCpu => "redis_cpu_us",
            Self::LatencyP50 => "latency_p50_ms",
            Self::LatencyP99 => "latency_p99_ms",
            Self::LatencyP999 => "latency_p999_ms",
            Self::Bytes => "bytes_per_job",
            Self::ClientCpu => "client_cpu_us",
            Self::Commands => "commands_per_job",
            Self::Reads => "reads_per_job",
        }
    }

    /// Whether it stands under `results` in JSON, rather than under `details`.
    #[must_use]
    pub fn central(self) -> bool {
        matches!(
            self,
            Self::JobsPerSecond
                | Self::RedisCpu
                | Self::LatencyP50
                | Self::LatencyP99
                | Self::Bytes
        )
    }
}

impl Reading {
    /// What is to be compared of it, in a scenario of this name.
    #[must_use]
    pub fn metrics(&self, scenario: &str) -> BTreeMap<Metric, f64> {
        let jobs = self.jobs as f64;
        let mut metrics = BTreeMap::from([
            (Metric::RedisCpu, self.redis_cpu * 1e6 / jobs),
            (Metric::ClientCpu, self.client_cpu * 1e6 / jobs),
            (Metric::Commands, self.commands as f64 / jobs),
            (Metric::Reads, self.reads as f64 / jobs),
        ]);
        if let Some(waits) = self.waits {
            metrics.insert(Metric::LatencyP50, waits.p50);
            metrics.insert(Metric::LatencyP99, waits.p99);
            metrics.insert(Metric::LatencyP999, waits.p999);
        } else {
            metrics.insert(Metric::JobsPerSecond, jobs / self.seconds);
        }
        if scenario.starts_with("memory-") {
            metrics.insert(Metric::Bytes, self.bytes as f64 / jobs);
        }
        metrics
    }
}

/// Two contestants in one scenario by one metric.
#[derive(Clone, Debug)]
pub struct Score {
    /// The scenario.
    pub scenario: String,
    /// What is compared.
    pub metric: Metric,
    /// With whom.
    pub peer: String,
    /// Ours and theirs, round by round, as played one after the other.
    pub rounds: Vec<(f64, f64)>,
}

impl Score {
    /// The median of ours.
    #[must_use]
    pub fn ours(&self) -> f64 {
        median(self.rounds.iter().map(|round| round.0).collect())
    }

    /// The median of theirs.
    #[must_use]
    pub fn theirs(&self) -> f64 {
        median(self.rounds.iter().map(|round| round.1).collect())
    }

    /// The median of ours divided by theirs, of the rounds.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        median(self.ratios())
    }

    /// The least and the greatest ratio of a round.
    #[must_use]
    pub fn spread(&self) -> (f64, f64) {
        let ratios = self.ratios();
        let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        (least, ratios.into_iter().fold(f64::NEG_INFINITY, f64::max))
    }

    fn ratios(&self) -> Vec<f64> {
        self.rounds.iter().map(|(ours, theirs)| ours / theirs).collect()
    }
}

/// The scores of one scenario against one peer, from pairs of plays.
#[must_use]
pub fn scores(scenario: &str, peer: &str, plays: &[(Reading, Reading)]) -> Vec<Score> {
    let mut scores: BTreeMap<Metric, Vec<(f64, f64)>> = BTreeMap::new();
    for (ours, theirs) in plays {
        let theirs = theirs.metrics(scenario);
        for (metric, ours) in ours.metrics(scenario) {
            if let Some(theirs) = theirs.get(&metric) {
                scores.entry(metric).or_default().push((ours, *theirs));
            }
        }
    }
    let score = |(metric, rounds)| Score {
        scenario: scenario.to_owned(),
        metric,
        peer: peer.to_owned(),
        rounds,
    };
    scores.into_iter().map(score).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(seconds: f64) -> Reading {
        Reading { jobs: 100, seconds, redis_cpu: 0.001, ..Reading::default() }
    }

    #[test]
    fn the_ratio_is_the_median_of_the_rounds_not_of_the_sums() {
        let plays = [(1.0, 2.0), (1.0, 8.0), (3.0, 3.0)];
        let plays = plays.map(|(ours, theirs)| (reading(ours), reading(theirs)));
        let scores = scores("add", "other", &plays);
        let speed = scores.iter().find(|s| s.metric == Metric::JobsPerSecond).expect("is there");
        assert!((speed.ratio() - 2.0).abs() < 1e-9);
        assert!((speed.spread().0 - 1.0).abs() < 1e-9 && (speed.spread().1 - 8.0).abs() < 1e-9);
        let cpu = scores.iter().find(|s| s.metric == Metric::RedisCpu).expect("is there");
        assert!((cpu.ours() - 10.0).abs() < 1e-9);
    }

    #[test]
    fn latencies_take_the_place_of_rates() {
        let waits = Some(Percentiles { p50: 1.0, p99: 2.0, p999: 3.0 });
        let metrics = Reading { waits, ..reading(1.0) }.metrics("latency-idle");
        assert!(!metrics.contains_key(&Metric::JobsPerSecond));
        assert!(!metrics.contains_key(&Metric::Bytes));
        assert_eq!(metrics.get(&Metric::LatencyP99), Some(&2.0));
    }
}
