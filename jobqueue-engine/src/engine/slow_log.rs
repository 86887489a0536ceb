//! Calls that took long.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;

use crate::reply::Reply;

/// How many arguments of a call are kept, and how many bytes of each; as Redis does.
const WORDS: usize = 32;
const BYTES: usize = 128;

/// Calls that took long, the newest first.
#[derive(Debug)]
pub(super) struct SlowLog {
    calls: VecDeque<Call>,
    noted: u64,
    /// In µs; none is noted, if this is below zero.
    pub(super) slower_than: i64,
    pub(super) most: usize,
}

#[derive(Debug)]
struct Call {
    number: u64,
    seconds: u64,
    micros: u64,
    words: Vec<Bytes>,
}

impl Default for SlowLog {
    fn default() -> Self {
        Self { calls: VecDeque::new(), noted: 0, slower_than: 10_000, most: 128 }
    }
}

impl SlowLog {
    /// Notes a call, if it took long. It began at this time, in seconds since the epoch.
    pub(super) fn note(&mut self, words: &[Bytes], seconds: u64, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if u64::try_from(self.slower_than).is_ok_and(|least| micros >= least) {
            let cut = |word: &Bytes| Bytes::copy_from_slice(&word[..word.len().min(BYTES)]);
            let words = words.iter().take(WORDS).map(cut).collect();
            self.calls.push_front(Call { number: self.noted, seconds, micros, words });
            self.noted += 1;
        }
        self.calls.truncate(self.most);
    }

    pub(super) fn len(&self) -> usize {
        self.calls.len()
    }

    pub(super) fn clear(&mut self) {
        self.calls.clear();
    }

    /// The newest of them.
    pub(super) fn newest(&self, most: usize) -> Reply {
        let number = |n: u64| Reply::Integer(i64::try_from(n).unwrap_or(i64::MAX));
        let calls = self.calls.iter().take(most).map(|call| {
            let words = Reply::bulks(&call.words);
            let at = [number(call.number), number(call.seconds), number(call.micros)];
            let client = [Reply::text(""), Reply::text("")];
            Reply::Array(at.into_iter().chain([words]).chain(client).collect())
        });
        Reply::Array(calls.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_calls_are_noted() {
        let mut log = SlowLog { most: 2, ..SlowLog::default() };
        let note =
            |log: &mut SlowLog, ms| log.note(&[Bytes::from("PING")], 7, Duration::from_millis(ms));
        for ms in [9, 10, 11, 12] {
            note(&mut log, ms);
        }
        assert_eq!(log.len(), 2);
        let Reply::Array(newest) = log.newest(1) else { panic!("a list") };
        let Reply::Array(parts) = &newest[0] else { panic!("a list") };
        assert_eq!(parts[..3], [2, 7, 12_000].map(Reply::Integer));
        log.clear();
        log.slower_than = -1;
        note(&mut log, 100);
        assert_eq!(log.len(), 0);
    }
}
