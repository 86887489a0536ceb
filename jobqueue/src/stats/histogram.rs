//! How long things took, in fixed buckets.

use std::time::Duration;

/// The upper bounds of the buckets in µs: 1, 2 and 5 of each power of ten, from 100 µs to 100,000 s. One more
/// bucket has what took longer. They stand in Redis by their numbers: new ones need a new layout.
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

/// How long things took: how many fell into each of 29 buckets, whose bounds are 1, 2 and 5 of each power of
/// ten from 100 µs to 100,000 s, and the sum of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Not cumulative; the last has what is beyond all bounds.
    counts: [u64; BOUNDS.len() + 1],
    sum_us: u64,
}

impl Histogram {
    /// How many buckets there are.
    pub(crate) const BUCKETS: usize = BOUNDS.len() + 1;

    /// One more that took so long.
    pub(crate) fn observe(&mut self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.partition_point(|bound| *bound < us);
        self.counts[bucket] += 1;
        self.sum_us = self.sum_us.saturating_add(us);
    }

    /// What stands in Redis: a bucket by its number. One that this version doesn't know is left out.
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

    /// How many fell into each bucket, those before it not among them; at last those beyond all bounds.
    pub(crate) fn counts(&self) -> &[u64; Self::BUCKETS] {
        &self.counts
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// How long they took together.
    #[must_use]
    pub fn sum(&self) -> Duration {
        Duration::from_micros(self.sum_us)
    }

    /// How long they took on average; nothing if there are none.
    #[must_use]
    pub fn mean(&self) -> Option<Duration> {
        self.sum_us.checked_div(self.count()).map(Duration::from_micros)
    }

    /// Each bucket's upper bound and how many took at most so long, as Prometheus counts. The last has no
    /// bound, and all.
    pub fn buckets(&self) -> impl Iterator<Item = (Option<Duration>, u64)> {
        let bounds = BOUNDS.iter().map(|bound| Some(Duration::from_micros(*bound)));
        let mut so_far = 0;
        bounds.chain([None]).zip(self.counts).map(move |(bound, count)| {
            so_far += count;
            (bound, so_far)
        })
    }

    /// How long a share of them took at most: 0.5 for the median, 0.99 for all but one in a hundred. Within
    /// a bucket they are taken to be spread evenly, so this is off by at most the bucket's width. Nothing if
    /// there are none; the last bound, 100,000 s, for what is beyond it.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let wanted = share.clamp(0.0, 1.0) * self.count() as f64;
        let (mut before, mut lower) = (0_u64, 0_u64);
        for (count, upper) in self.counts.iter().zip(BOUNDS) {
            let up_to = before + count;
            if *count > 0 && up_to as f64 >= wanted {
                let within = ((wanted - before as f64) / *count as f64).clamp(0.0, 1.0);
                let us = lower as f64 + within * (upper - lower) as f64;
                return Some(Duration::from_secs_f64(us / 1e6));
            }
            (before, lower) = (up_to, upper);
        }
        (self.count() > 0).then(|| Duration::from_micros(lower))
    }

    /// What came after an earlier state of the same histogram.
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
        assert_eq!(last, Duration::from_millis(100));
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
    fn a_difference_is_what_came_meanwhile() {
        let (earlier, later) = (of(&[1, 10]), of(&[1, 10, 10, 500]));
        assert_eq!(later.since(&earlier), of(&[10, 500]));
        assert_eq!(earlier.since(&later).count(), 0);
    }
}
