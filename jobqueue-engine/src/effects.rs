//! What calls did to the keyspace, as commands that do it again.

use crate::{refusal::Refusal, words};

/// What calls did to the keyspace, as commands that do it again, where somebody keeps them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Effects {
    recorded: Option<Vec<u8>>,
    /// Why nothing may be written now.
    refused: Option<Refusal>,
}

impl Effects {
    /// From now on they are kept.
    pub(crate) fn record(&mut self) {
        self.recorded.get_or_insert_default();
    }

    pub(crate) fn are_recorded(&self) -> bool {
        self.recorded.is_some()
    }

    /// Notes a command that did something.
    pub(crate) fn push<'a, W>(&mut self, words: W)
    where
        W: IntoIterator<Item = &'a [u8], IntoIter: ExactSizeIterator>,
    {
        if let Some(recorded) = &mut self.recorded {
            words::append(recorded, words);
        }
    }

    /// Hands over what has been noted, if anything, and forgets it.
    pub(crate) fn take<R>(&mut self, keep: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let recorded = self.recorded.as_mut().filter(|recorded| !recorded.is_empty())?;
        let kept = keep(recorded);
        recorded.clear();
        Some(kept)
    }

    /// From now on writes are refused for this reason, or aren't.
    pub(crate) fn refuse(&mut self, why: Option<Refusal>) {
        self.refused = why;
    }

    /// Whether something may be written now.
    pub(crate) fn admit(&self) -> Result<(), Refusal> {
        self.refused.clone().map_or(Ok(()), Err)
    }
}
