//! What has happened in a time, as bytes: see `lua/lib/points.lua`, which reads and writes the same.

use std::time::Duration;

use super::time::millis;
use crate::stats::{Histogram, PointCounts};

/// The fields, in their order.
const FIELDS: usize = 9;

/// The largest number that Lua holds exactly.
const LARGEST: u64 = 1 << 52;

/// Packs it. Fields of which there is nothing are left out.
pub(crate) fn write(counts: &PointCounts) -> Vec<u8> {
    let mut fields: [Vec<u8>; FIELDS] = Default::default();
    let [completed, failed, cancelled, retried, wait, run, added, depth, lag] = &mut fields;
    for (field, count) in [
        (completed, counts.completed),
        (failed, counts.failed),
        (cancelled, counts.cancelled),
        (retried, counts.retried),
        (added, counts.added),
    ] {
        if count > 0 {
            put(field, count);
        }
    }
    put_histogram(wait, &counts.wait);
    put_histogram(run, &counts.run);
    for (field, number) in [(depth, counts.depth), (lag, counts.lag.map(millis))] {
        if let Some(number) = number {
            put(field, number);
        }
    }
    let flag = |(at, field): (usize, &Vec<u8>)| u64::from(!field.is_empty()) << at;
    let mut bytes = Vec::new();
    put(&mut bytes, fields.iter().enumerate().map(flag).sum());
    fields.iter().for_each(|field| bytes.extend_from_slice(field));
    bytes
}

fn put(to: &mut Vec<u8>, number: u64) {
    let mut left = number.min(LARGEST);
    while left > 127 {
        to.push(low_bits(left) | 0x80);
        left >>= 7;
    }
    to.push(low_bits(left));
}

fn low_bits(number: u64) -> u8 {
    u8::try_from(number & 0x7f).unwrap_or_default()
}

fn put_histogram(to: &mut Vec<u8>, histogram: &Histogram) {
    let counts = histogram.counts();
    let Some(first) = counts.iter().position(|count| *count > 0) else { return };
    let end = counts.iter().rposition(|count| *count > 0).map_or(first, |last| last + 1);
    put(to, histogram.sum_us());
    put(to, first as u64);
    put(to, (end - first) as u64);
    counts[first..end].iter().for_each(|count| put(to, *count));
}

/// Unpacks it. What is cut off counts as 0, and what a later version added is left out.
pub(crate) fn read(mut bytes: &[u8]) -> PointCounts {
    let from = &mut bytes;
    let flags = take(from);
    let mut counts = PointCounts::default();
    for at in (0..FIELDS).filter(|at| flags >> at & 1 == 1) {
        match at {
            0 => counts.completed = take(from),
            1 => counts.failed = take(from),
            2 => counts.cancelled = take(from),
            3 => counts.retried = take(from),
            4 => counts.wait = take_histogram(from),
            5 => counts.run = take_histogram(from),
            6 => counts.added = take(from),
            7 => counts.depth = Some(take(from)),
            _ => counts.lag = Some(Duration::from_millis(take(from))),
        }
    }
    counts
}

/// Takes a number; 0 if there is none.
fn take(from: &mut &[u8]) -> u64 {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let Some((byte, rest)) = from.split_first() else { return number };
        *from = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    number
}

fn take_histogram(from: &mut &[u8]) -> Histogram {
    let mut histogram = Histogram::default();
    histogram.set_sum_us(take(from));
    let first = usize::try_from(take(from)).unwrap_or(Histogram::BUCKETS);
    let many = usize::try_from(take(from)).unwrap_or_default().min(Histogram::BUCKETS);
    for at in 0..many {
        histogram.set_bucket(first.saturating_add(at), take(from));
    }
    histogram
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn histogram(us: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        us.iter().for_each(|us| histogram.observe(Duration::from_micros(*us)));
        histogram
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            counts in vec(0..LARGEST, 5),
            looks in (any::<Option<u32>>(), any::<Option<u32>>()),
            runs in vec(0..10_000_000_000_u64, 0..20),
            waits in vec(0..10_000_000_000_u64, 0..20),
        ) {
            let counts = PointCounts {
                completed: counts[0],
                failed: counts[1],
                cancelled: counts[2],
                retried: counts[3],
                wait: histogram(&waits),
                run: histogram(&runs),
                added: counts[4],
                depth: looks.0.map(u64::from),
                lag: looks.1.map(|ms| Duration::from_millis(ms.into())),
            };
            prop_assert_eq!(read(&write(&counts)), counts);
        }

        #[test]
        fn any_bytes_are_read(bytes in vec(any::<u8>(), 0..300)) {
            let counts = read(&bytes);
            prop_assert!(counts.run.counts().len() == Histogram::BUCKETS);
        }
    }

    #[test]
    fn nothing_is_one_byte_and_a_few_runs_are_a_dozen() {
        assert_eq!(write(&PointCounts::default()), [0]);
        let counts = PointCounts {
            completed: 3,
            run: histogram(&[3_000, 3_000, 9_000]),
            depth: Some(0),
            ..PointCounts::default()
        };
        // The flags, three completed, 15 ms in the buckets 5 and 6, none waiting.
        assert_eq!(write(&counts), [0b1010_0001, 0b1, 3, 0x98, 0x75, 5, 2, 2, 1, 0]);
    }
}
