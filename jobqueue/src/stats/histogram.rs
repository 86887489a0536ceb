//! Durations, counted in fixed buckets.

use std::time::Duration;

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

use crate::json::Millis;

/// The upper bounds of the buckets in µs: 1, 2 and 5 of each power of ten, from 100 µs to 100,000
/// s. One more bucket counts longer durations. Redis knows buckets by their numbers: new ones need
/// a new layout.
const BOUNDS: [u64; 28] = [
    100,
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    20_000,
    50_000,
    100_000,
    200_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    20_000_000,
    50_000_000,
    100_000_000,
    200_000_000,
    500_000_000,
    1_000_000_000,
    2_000_000_000,
    5_000_000_000,
    10_000_000_000,
    20_000_000_000,
    50_000_000_000,
    100_000_000_000,
];

/// Durations, counted in 29 buckets, and their sum. The bounds of the buckets are 1, 2 and 5 of
/// each power of ten from 100 µs to 100,000 s.
///
/// Serialized: `{"count": 3, "sum_ms": 4.5, "buckets": [{"up_to_ms": 0.1, "count": 1}, …]}`. Counts
/// of buckets are cumulative, as in Prometheus; the last bucket has `null` for its bound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Not cumulative; the last counts durations beyond all bounds.
    counts: [u64; BOUNDS.len() + 1],
    sum_us: u64,
}

impl Histogram {
    /// How many buckets there are.
    pub(crate) const BUCKETS: usize = BOUNDS.len() + 1;

    /// Counts one duration.
    pub(crate) fn observe(&mut self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.partition_point(|bound| *bound < us);
        self.counts[bucket] += 1;
        self.sum_us = self.sum_us.saturating_add(us);
    }

    /// Sets a bucket by its number in Redis. One that this version doesn't know is left out.
    pub(crate) fn set_bucket(&mut self, bucket: usize, count: u64) {
        if let Some(slot) = self.counts.get_mut(bucket) {
            *slot = count;
        }
    }

    pub(crate) fn set_sum_us(&mut self, sum: u64) {
        self.sum_us = sum;
    }

    pub(crate) fn sum_us(&self) -> u64 {
        self.sum_us
    }

    /// The count of each bucket, not cumulative; the last counts durations beyond all bounds.
    pub(crate) fn counts(&self) -> &[u64; Self::BUCKETS] {
        &self.counts
    }

    /// How many durations were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().fold(0, |sum: u64, count| sum.saturating_add(*count))
    }

    /// The sum of all durations.
    #[must_use]
    pub fn sum(&self) -> Duration {
        Duration::from_micros(self.sum_us)
    }

    /// The average duration; `None` if there are none.
    #[must_use]
    pub fn mean(&self) -> Option<Duration> {
        self.sum_us.checked_div(self.count()).map(Duration::from_micros)
    }

    /// Each bucket's upper bound, and how many durations are at most that long, as Prometheus
    /// counts. The last bucket has no bound and counts all.
    pub fn buckets(&self) -> impl Iterator<Item = (Option<Duration>, u64)> {
        let bounds = BOUNDS.iter().map(|bound| Some(Duration::from_micros(*bound)));
        let mut so_far = 0_u64;
        bounds.chain([None]).zip(self.counts).map(move |(bound, count)| {
            so_far = so_far.saturating_add(count);
            (bound, so_far)
        })
    }

    /// The duration that this share of all durations doesn't exceed: 0.5 for the median, 0.99 for
    /// all but one in a hundred. Within a bucket durations are taken to be spread evenly, but none to be
    /// longer than the sum of all allows, so the answer is off by at most the bucket's width. `None` if there are none; the last bound,
    /// 100,000 s, for longer ones.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let wanted = share.clamp(0.0, 1.0) * self.count() as f64;
        // Each is as long as its bucket's lower bound at least, and what is over may all be one's.
        let lowest = [0].into_iter().chain(BOUNDS).zip(self.counts);
        let least = lowest
            .fold(0_u64, |sum, (lower, count)| sum.saturating_add(lower.saturating_mul(count)));
        let spare = self.sum_us.saturating_sub(least);
        let (mut before, mut lower) = (0_u64, 0_u64);
        for (count, upper) in self.counts.iter().zip(BOUNDS) {
            let up_to = before + count;
            if *count > 0 && up_to as f64 >= wanted {
                let within = ((wanted - before as f64) / *count as f64).clamp(0.0, 1.0);
                let us = lower as f64 + (within * (upper - lower) as f64).min(spare as f64);
                return Some(Duration::from_secs_f64(us / 1e6));
            }
            (before, lower) = (up_to, upper);
        }
        (self.count() > 0).then(|| Duration::from_micros(lower))
    }

    /// Counts the durations of another as well.
    pub(crate) fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count = count.saturating_add(more);
        }
        self.sum_us = self.sum_us.saturating_add(other.sum_us);
    }

    /// The durations that came after an earlier state of the same histogram.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut since = self.clone();
        for (count, before) in since.counts.iter_mut().zip(earlier.counts) {
            *count = count.saturating_sub(before);
        }
        since.sum_us = self.sum_us.saturating_sub(earlier.sum_us);
        since
    }
}

impl Serialize for Histogram {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Bucket {
            up_to_ms: Option<Millis>,
            count: u64,
        }
        let bucket =
            |(bound, count): (Option<Duration>, u64)| Bucket { up_to_ms: bound.map(Millis), count };
        let mut histogram = serializer.serialize_struct("Histogram", 3)?;
        histogram.serialize_field("count", &self.count())?;
        histogram.serialize_field("sum_ms", &Millis(self.sum()))?;
        histogram.serialize_field("buckets", &self.buckets().map(bucket).collect::<Vec<_>>())?;
        histogram.end()
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn of(ms: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        for ms in ms {
            histogram.observe(Duration::from_millis(*ms));
        }
        histogram
    }

    proptest! {
        #[test]
        fn quantiles_are_no_farther_off_than_a_bucket(
            mut all in vec(0..200_000_000_000_u64, 1..200),
            at in any::<prop::sample::Index>(),
        ) {
            let mut histogram = Histogram::default();
            all.iter().for_each(|us| histogram.observe(Duration::from_micros(*us)));
            prop_assert_eq!(histogram.count(), all.len() as u64);
            prop_assert_eq!(histogram.sum(), Duration::from_micros(all.iter().sum()));
            all.sort_unstable();
            let at = at.index(all.len());
            let share = (at as f64 + 0.5) / all.len() as f64;
            let bucket = BOUNDS.partition_point(|bound| *bound < all[at]);
            let lower = bucket.checked_sub(1).map_or(0, |below| BOUNDS[below]);
            let upper = BOUNDS.get(bucket).copied().unwrap_or(BOUNDS[BOUNDS.len() - 1]);
            let quantile = histogram.quantile(share).expect("there are some").as_micros();
            let (lower, upper) = (u128::from(lower), u128::from(upper));
            prop_assert!((lower..=upper).contains(&quantile), "{lower} to {upper}: {quantile}");
        }

        #[test]
        fn buckets_are_cumulative_and_end_with_all(all in vec(any::<u64>(), 0..50)) {
            let mut histogram = Histogram::default();
            all.iter().for_each(|us| histogram.observe(Duration::from_micros(*us)));
            let counts: Vec<u64> = histogram.buckets().map(|(_, count)| count).collect();
            prop_assert!(counts.is_sorted());
            prop_assert_eq!(counts.last(), Some(&(all.len() as u64)));
        }
    }

    #[test]
    fn bounds_rise_and_belong_to_their_buckets() {
        assert!(BOUNDS.is_sorted_by(|a, b| a < b));
        for (bucket, bound) in BOUNDS.iter().enumerate() {
            let mut histogram = Histogram::default();
            histogram.observe(Duration::from_micros(*bound));
            histogram.observe(Duration::from_micros(*bound + 1));
            assert_eq!((histogram.counts[bucket], histogram.counts[bucket + 1]), (1, 1));
        }
    }

    #[test]
    fn an_empty_one_has_no_quantiles() {
        let empty = Histogram::default();
        assert_eq!((empty.count(), empty.mean(), empty.quantile(0.5)), (0, None, None));
    }

    #[test]
    fn quantiles_lie_in_their_buckets() {
        let histogram = of(&[1, 3, 3, 3, 3, 3, 3, 3, 3, 80]);
        let median = histogram.quantile(0.5).expect("there are some");
        assert!(median > Duration::from_millis(2) && median <= Duration::from_millis(5));
        let last = histogram.quantile(1.0).expect("there are some");
        // The others' bounds leave it so much of the sum.
        assert_eq!(last, Duration::from_micros(88_500));
        assert_eq!(of(&[70]).quantile(0.95), Some(Duration::from_millis(70)));
        assert_eq!(histogram.quantile(0.0), Some(Duration::from_micros(500)));
        assert_eq!(histogram.sum(), Duration::from_millis(105));
    }

    #[test]
    fn what_is_beyond_all_bounds_is_counted() {
        let mut histogram = of(&[1]);
        histogram.observe(Duration::MAX);
        assert_eq!(histogram.buckets().last(), Some((None, 2)));
        assert_eq!(histogram.quantile(0.99), Some(Duration::from_secs(100_000)));
    }

    #[test]
    fn the_shape_of_json() {
        let json = serde_json::to_value(of(&[1, 3])).expect("json");
        assert_eq!((&json["count"], &json["sum_ms"]), (&2.into(), &4.into()));
        let buckets = json["buckets"].as_array().expect("buckets");
        assert_eq!(buckets[0], serde_json::json!({"up_to_ms": 0.1, "count": 0}));
        assert_eq!(buckets[3], serde_json::json!({"up_to_ms": 1, "count": 1}));
        assert_eq!(buckets[28], serde_json::json!({"up_to_ms": null, "count": 2}));
        assert_eq!(buckets.len(), 29);
    }

    #[test]
    fn a_difference_is_what_came_meanwhile() {
        let (earlier, later) = (of(&[1, 10]), of(&[1, 10, 10, 500]));
        assert_eq!(later.since(&earlier), of(&[10, 500]));
        assert_eq!(earlier.since(&later).count(), 0);
    }
}
