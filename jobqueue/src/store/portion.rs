//! How many entries to ask for where their sizes aren't known.

use redis::Value;

use super::{MAX_BYTES, queue_store::QueueStore};
use crate::error::{Error, Result};

/// How many are asked for at first, of events and lines of a log: the largest that can be are an
/// eighth of what fits.
const FIRST: usize = 8;

/// How many entries to ask for, as the size of the last ones suggests: so that an answer has about
/// as many bytes as a call may have. One that is lost may have been too large, so after that they
/// come one by one, and then more again. Redis counts entries and no bytes: where large ones follow
/// upon small ones, an answer has more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portion {
    count: usize,
    most: usize,
}

impl Portion {
    pub(crate) fn up_to(most: usize) -> Self {
        Self { count: FIRST.min(most), most }
    }

    /// Of entries each of which may be as large as an answer.
    pub(crate) fn of_large(most: usize) -> Self {
        Self { count: 1, most }
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// So many came, which have so many bytes.
    pub(crate) fn came(&mut self, entries: usize, bytes: usize) {
        if let Some(each) = bytes.checked_div(entries) {
            let fit = MAX_BYTES / each.max(1);
            self.count = fit.min(4 * self.count).clamp(1, self.most.max(1));
        }
    }

    /// The answer was lost.
    pub(crate) fn was_lost(&mut self) {
        self.count = 1;
    }
}

impl QueueStore {
    /// Asks for a portion. None if the answer was lost: then for a smaller one.
    pub(super) async fn request_portion(
        &self,
        command: &redis::Cmd,
        action: &'static str,
        portion: &mut Portion,
    ) -> Result<Option<Value>> {
        if portion.count() == 1 {
            return self.request_retrying(command, action).await.map(Some);
        }
        match self.request(command, action).await {
            Err(Error::Unavailable { .. }) => {
                portion.was_lost();
                Ok(None)
            }
            answer => answer.map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_fit_are_asked_for() {
        let mut portion = Portion::up_to(100);
        let mut counts = Vec::new();
        for bytes in [10, 10, 10, MAX_BYTES / 2, MAX_BYTES / 2, 2 * MAX_BYTES, 10] {
            counts.push(portion.count());
            portion.came(portion.count(), portion.count() * bytes);
        }
        assert_eq!(counts, [8, 32, 100, 100, 2, 2, 1]);
        portion.came(4, 40);
        portion.was_lost();
        assert_eq!(portion.count(), 1);
        portion.came(0, 0);
        assert_eq!((portion.count(), Portion::up_to(3).count()), (1, 3));
        assert_eq!(Portion::of_large(100).count(), 1);
    }
}
