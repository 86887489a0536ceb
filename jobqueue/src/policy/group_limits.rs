//! What a group may have at once, and per time.

use serde::Serialize;

use super::Rate;

/// What a group in order does when one of its jobs fails for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AfterFailure {
    /// Its next job is next, as if that one had succeeded.
    GoOn,
    /// It stops, until that job is retried or removed, or [`Groups::go_on`](crate::manage::Groups::go_on) is called.
    Stop,
}

/// What a group may have at once, and per time. Its defaults are no limit.
///
/// Serialized: its fields, under their names; a rate as its interval in ms and its burst.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct GroupLimits {
    /// Whether no job of it starts.
    pub paused: bool,
    /// How many of its jobs are active at once, over all workers.
    pub max_active: Option<u64>,
    /// How many of its jobs start per time, over all workers.
    pub rate: Option<Rate>,
    /// Whether its jobs run one by one and in order, and what follows when one fails for good.
    pub in_order: Option<AfterFailure>,
}

impl GroupLimits {
    /// From the words of a group, and of all groups that don't say otherwise. `None` if they can't be read.
    pub(crate) fn from_words(own: &str, all: &str) -> Option<Self> {
        let words = || own.split(' ').chain(all.split(' '));
        let value = |letter: char| words().find_map(|word| word.strip_prefix(letter));
        let set = |letter| value(letter).filter(|value| *value != "0");
        let rate = match set('r') {
            None => None,
            Some(text) => {
                let (interval, burst) = text.split_once(',')?;
                Rate::from_interval(interval.parse().ok()?, burst.parse().ok()?)
            }
        };
        let in_order = match set('o') {
            None => None,
            Some("1") => Some(AfterFailure::GoOn),
            Some("2") => Some(AfterFailure::Stop),
            Some(_) => return None,
        };
        let max_active = set('a').map(str::parse).transpose().ok()?;
        Some(Self { paused: set('p').is_some(), max_active, rate, in_order })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_a_group_says_itself_wins() {
        let limits = GroupLimits::from_words("a3 r0", "p1 a5 r200,4 o2").expect("it can be read");
        let (paused, rate, in_order) = (true, None, Some(AfterFailure::Stop));
        assert_eq!(limits, GroupLimits { paused, max_active: Some(3), rate, in_order });
        let all = GroupLimits::from_words("", "r200,4").expect("it can be read");
        assert_eq!(all.rate, Some(Rate::new(5, Duration::from_secs(1)).burst(4)));
        assert_eq!(GroupLimits::from_words("", ""), Some(GroupLimits::default()));
        assert_eq!(GroupLimits::from_words("o3", ""), None);
    }
}
