//! How much memory the keyspace takes, and what may be written when that is too much.

use crate::refusal::Refusal;

/// What a command may do to the keyspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Reads,
    /// It writes, but not what needs more memory than before.
    Writes,
    /// What it writes may need more memory.
    Grows,
}

/// How much memory the keyspace takes, about, and how much it may.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    used: usize,
    /// None, if zero.
    limit: usize,
    /// What the call that is carried out met and did.
    began_full: bool,
    has_written: bool,
}

/// About what a server without keys takes: its scripts, and the interpreter.
const EMPTY: usize = 1 << 20;

impl Default for Memory {
    fn default() -> Self {
        Self { used: EMPTY, limit: 0, began_full: false, has_written: false }
    }
}

impl Memory {
    const FULL: Refusal = Refusal::new("OOM command not allowed when used memory > 'maxmemory'.");

    /// Begins a call.
    pub(crate) fn begin(&mut self) {
        self.began_full = self.limit > 0 && self.used > self.limit;
        self.has_written = false;
    }

    /// Refuses a command that may need more memory, where there is too little. Redis's rule: a
    /// script that has written goes on to its end, and so does one that began when there was enough.
    pub(crate) fn admit(&mut self, effect: Effect) -> Result<(), Refusal> {
        match effect {
            Effect::Reads => return Ok(()),
            Effect::Grows if self.began_full && !self.has_written => return Err(Self::FULL),
            Effect::Writes | Effect::Grows => self.has_written = true,
        }
        Ok(())
    }

    /// No key is left.
    pub(crate) fn clear(&mut self) {
        self.used = EMPTY;
    }

    pub(crate) fn changed(&mut self, before: usize, after: usize) {
        self.used = self.used.saturating_sub(before).saturating_add(after);
    }

    pub(crate) fn used(&self) -> usize {
        self.used
    }

    /// None, if zero.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_that_has_written_goes_on() {
        let mut memory = Memory::default();
        memory.changed(0, 11);
        memory.begin();
        assert_eq!(memory.admit(Effect::Grows), Ok(()), "there is no limit");
        memory.set_limit(EMPTY + 10);
        assert_eq!(memory.admit(Effect::Grows), Ok(()), "it began when there was enough");
        memory.begin();
        assert_eq!(memory.admit(Effect::Grows), Err(Memory::FULL));
        assert_eq!(memory.admit(Effect::Reads), Ok(()));
        assert_eq!(memory.admit(Effect::Grows), Err(Memory::FULL), "it has only read");
        assert_eq!(memory.admit(Effect::Writes), Ok(()));
        assert_eq!(memory.admit(Effect::Grows), Ok(()));
        memory.changed(11, 10);
        memory.begin();
        assert_eq!(memory.admit(Effect::Grows), Ok(()));
    }
}
