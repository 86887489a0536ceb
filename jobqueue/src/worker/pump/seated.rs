//! Live runs that run with others: a batch of them has one slot.

use std::collections::HashMap;

use crate::hashing::RandomState;

/// The runs of all batches that are alive.
#[derive(Debug, Default)]
pub(super) struct SeatedRuns {
    /// The batch of each.
    batch_of: HashMap<u64, u64, RandomState>,
    /// How many each batch has.
    left: HashMap<u64, usize, RandomState>,
}

impl SeatedRuns {
    pub(super) fn runs(&self) -> usize {
        self.batch_of.len()
    }

    pub(super) fn batches(&self) -> usize {
        self.left.len()
    }

    /// A run has started, in this batch if it is in one.
    pub(super) fn started(&mut self, run: u64, batch: Option<u64>) {
        if let Some(batch) = batch {
            self.batch_of.insert(run, batch);
            *self.left.entry(batch).or_default() += 1;
        }
    }

    /// A run has ended. With the last of a batch its slot is free.
    pub(super) fn ended(&mut self, run: u64) {
        let Some(batch) = self.batch_of.remove(&run) else { return };
        if let Some(left) = self.left.get_mut(&batch) {
            *left -= 1;
            if *left == 0 {
                self.left.remove(&batch);
            }
        }
    }
}
