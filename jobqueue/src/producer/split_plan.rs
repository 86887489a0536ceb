//! How a batch that doesn't fit into its queue is added in parts.

use std::{iter::once, ops::Range};

/// How often room is made for one call, only to be taken by others.
const MAX_ATTEMPTS: usize = 50;

/// The jobs of a batch that are still to be added, as parts of it.
#[derive(Debug)]
pub(super) struct SplitPlan {
    /// The next part is the last.
    parts: Vec<Range<usize>>,
    attempts: usize,
}

impl SplitPlan {
    /// All jobs in one part.
    pub(super) fn whole(jobs: usize) -> Self {
        Self { parts: once(0..jobs).collect(), attempts: 0 }
    }

    /// The next part, in order.
    pub(super) fn next(&mut self) -> Option<Range<usize>> {
        self.parts.pop()
    }

    /// Counts an attempt to make room, and says whether it may be made.
    pub(super) fn may_make_room(&mut self) -> bool {
        self.attempts += 1;
        self.attempts <= MAX_ATTEMPTS
    }

    /// Plans a part once more, as it is.
    pub(super) fn again(&mut self, part: Range<usize>) {
        self.parts.push(part);
    }

    /// Plans a part of several jobs once more, in two, of which the first has `at` jobs.
    pub(super) fn split(&mut self, part: &Range<usize>, at: usize) {
        let middle = part.start + at.clamp(1, part.len() - 1);
        self.parts.extend([middle..part.end, part.start..middle]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_made_a_limited_number_of_times() {
        let mut plan = SplitPlan::whole(1);
        assert_eq!((0..60).filter(|_| plan.may_make_room()).count(), MAX_ATTEMPTS);
    }

    #[test]
    fn parts_come_in_order_and_none_is_empty() {
        let mut plan = SplitPlan::whole(10);
        let whole = plan.next().expect("the whole");
        assert_eq!(whole, 0..10);
        plan.split(&whole, 4);
        let first = plan.next().expect("a part");
        assert_eq!(first, 0..4);
        plan.split(&first, 0);
        assert_eq!(plan.next(), Some(0..1));
        let rest = plan.next().expect("a part");
        plan.split(&rest, 99);
        assert_eq!(plan.next(), Some(1..3));
        plan.again(1..3);
        assert_eq!(plan.next(), Some(1..3));
        assert_eq!((plan.next(), plan.next(), plan.next()), (Some(3..4), Some(4..10), None));
    }
}
