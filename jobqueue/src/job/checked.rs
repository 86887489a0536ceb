//! Checks of constants in `#[job(…)]` and `#[broadcast(…)]`, made when the program is compiled.
//!
//! The macros check literals themselves. Of a constant they see the name alone, so they put it into
//! one of these. A panic here is an error of the compiler at the constant.

use std::time::Duration;

use super::{
    definition::{Definition, Delivery, MOST_RUNS, RunRules},
    name::{is_plain, trims},
    tags::MAX_TAG_BYTES,
};
use crate::policy::{Backoff, Batching, Breaker, Rate, Retain, RetryPolicy};

/// The name of a queue, a topic or a broadcast.
#[must_use]
#[track_caller]
pub const fn plain(name: &'static str) -> &'static str {
    assert!(
        is_plain(name),
        "such a name has 1 to 128 ASCII letters, digits, `_`, `-`, `.` and `:`"
    );
    name
}

/// The name of a job.
#[must_use]
#[track_caller]
pub const fn job_name(name: &'static str) -> &'static str {
    assert!(
        trims(name),
        "a job's name has 1 to 128 bytes, no control characters, no leading or trailing spaces"
    );
    name
}

/// A word by which jobs are found.
#[must_use]
#[track_caller]
pub const fn tag(tag: &'static str) -> &'static str {
    let (bytes, mut at) = (tag.as_bytes(), 0);
    let mut fine = !bytes.is_empty() && bytes.len() <= MAX_TAG_BYTES;
    while at < bytes.len() {
        fine &= bytes[at] > b' ' && bytes[at] != 0x7f;
        at += 1;
    }
    assert!(fine, "a tag has 1 to 128 bytes, without spaces");
    tag
}

/// The queue for dead letters, of jobs of another queue.
#[must_use]
#[track_caller]
pub const fn dead_letter(to: &'static str, queue: &'static str) -> &'static str {
    assert!(!equal(to, queue), "jobs of a queue can't be dead letters in the same queue");
    plain(to)
}

/// A topic and a pattern of routing keys. The pattern is checked when a worker is built.
#[must_use]
#[track_caller]
pub const fn subscription(text: &'static str) -> (&'static str, &'static str) {
    let bytes = text.as_bytes();
    let mut at = bytes.len();
    while at > 0 {
        at -= 1;
        if bytes[at] == b':' {
            let (topic, rest) = text.split_at(at);
            return (plain(topic), rest.split_at(1).1);
        }
    }
    panic!("a subscription is a topic and a pattern: \"user-events:user.*\"")
}

/// How often a job may run.
#[must_use]
#[track_caller]
pub const fn attempts(attempts: u32) -> u32 {
    assert!(attempts >= 1 && attempts <= 65_535, "attempts is 1 to 65535");
    attempts
}

/// How many runs there are at once.
#[must_use]
#[track_caller]
pub const fn concurrency(runs: usize) -> usize {
    assert!(runs >= 1 && runs <= MOST_RUNS, "concurrency is 1 to 100000");
    runs
}

/// A priority.
#[must_use]
#[track_caller]
pub const fn priority(priority: i16) -> i16 {
    assert!(-1024 <= priority && priority <= 1023, "a priority is -1024 (first) to 1023 (last)");
    priority
}

/// A count of starts or failures.
#[must_use]
#[track_caller]
pub const fn count(count: u32) -> u32 {
    assert!(count >= 1 && count <= 1_000_000, "this is 1 to 1000000");
    count
}

/// A share of 0.0 to 1.0.
#[must_use]
#[track_caller]
pub const fn share(share: f64) -> f64 {
    assert!(share >= 0.0 && share <= 1.0, "jitter is a share of 0.0 to 1.0");
    share
}

/// A wait of any length.
#[must_use]
#[track_caller]
pub const fn wait(wait: Duration) -> Duration {
    assert!(wait.as_secs() <= 10 * 365 * 86_400, "too long: use at most 10 years");
    wait
}

/// A time that is longer than zero.
#[must_use]
#[track_caller]
pub const fn time(time: Duration) -> Duration {
    assert!(!time.is_zero(), "must be longer than zero: leave it out for none");
    wait(time)
}

/// What is kept of ended jobs.
#[must_use]
#[track_caller]
pub const fn retain(retain: Retain) -> Retain {
    refuse(retain.problem());
    retain
}

/// How large a batch is, and how long it waits.
#[must_use]
#[track_caller]
pub const fn batching(batching: Batching) -> Batching {
    refuse(batching.problem());
    batching
}

/// The wait before the next attempt.
#[must_use]
#[track_caller]
pub const fn backoff(backoff: Backoff) -> Backoff {
    refuse(backoff.problem());
    backoff
}

/// What follows from which error.
#[must_use]
#[track_caller]
pub const fn retry(policy: &'static RetryPolicy) -> &'static RetryPolicy {
    refuse(policy.problem());
    policy
}

/// Starts per time.
#[must_use]
#[track_caller]
pub const fn rate(rate: Rate) -> Rate {
    refuse(rate.problem());
    rate
}

/// When a handler rests.
#[must_use]
#[track_caller]
pub const fn breaker(breaker: Breaker) -> Breaker {
    refuse(breaker.problem());
    breaker
}

/// All that a handler says together with its declaration.
#[must_use]
#[track_caller]
pub const fn implemented(definition: Definition) -> Definition {
    let Definition { queue, run, limits, dead_letter, .. } = &definition;
    if let Some(to) = dead_letter {
        assert!(!equal(to, queue), "jobs of a queue can't be dead letters in the same queue");
    }
    if matches!(run.delivery, Delivery::AtMostOnce) {
        let useless = run.attempts != RunRules::DEFAULT.attempts
            || run.retain.is_some()
            || run.retain_failed.is_some()
            || limits.breaker.is_some()
            || dead_letter.is_some();
        assert!(
            !useless,
            "an `at_most_once` job is settled before it runs, so nothing is tried again or kept of it: the declaration \
             and its implementation together have `at_most_once` and one of `attempts`, `retain`, `retain_failed`, \
             `breaker`, `dead_letter`"
        );
    }
    definition
}

#[track_caller]
const fn refuse(problem: Option<&'static str>) {
    if let Some(problem) = problem {
        panic!("{}", problem);
    }
}

const fn equal(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_is_cut_at_its_last_colon() {
        assert_eq!(subscription("eu:events:user.*"), ("eu:events", "user.*"));
        assert_eq!(subscription("events:#"), ("events", "#"));
    }

    #[test]
    #[should_panic(expected = "at most one start a microsecond")]
    fn a_rate_whose_numbers_alone_are_fine_may_be_too_fast() {
        let _ = rate(Rate::new(1_000_000, Duration::from_millis(1)));
    }

    #[test]
    #[should_panic(expected = "`Retain::all()` to keep all")]
    fn a_constant_may_keep_too_many() {
        let _ = retain(Retain::count(u64::MAX));
    }

    #[test]
    #[should_panic(expected = "a share of 0.0 to 1.0")]
    fn a_constant_may_be_no_number() {
        let _ = backoff(Backoff::DEFAULT.jitter(f64::NAN));
    }

    #[test]
    #[should_panic(expected = "1 ms or longer")]
    fn a_constant_may_rest_for_no_time() {
        let _ = breaker(Breaker::after(1).pause(Duration::ZERO));
    }

    #[test]
    fn what_is_fine_stays_as_it_is() {
        let given = Rate::new(1_000_000, Duration::from_secs(1)).burst(1_000_000);
        assert_eq!(rate(given), given);
        assert_eq!(retain(Retain::count(1_000_000_000)), Retain::count(1_000_000_000));
        assert_eq!(backoff(Backoff::DEFAULT), Backoff::DEFAULT);
        assert_eq!(breaker(Breaker::after(3)), Breaker::after(3));
    }

    #[test]
    fn texts_are_equal_if_each_byte_is() {
        assert!(equal("orders", "orders") && equal("", ""));
        assert!(!equal("orders", "order") && !equal("orders", "ordern"));
    }
}
