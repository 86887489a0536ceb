//! Names under which calls are numbered, so that Redis carries out each of them once.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::command::Numbered;
use crate::job::WorkerId;

/// How long Redis remembers the newest call of a name beyond the retry timeout: a request that was
/// given up, or that was sent again, may still be on its way.
const REMEMBERED: Duration = Duration::from_secs(600);

/// Names, as many as there are calls in flight at a time.
///
/// Under a name there is one call at a time, so its newest number says of every call whether it was
/// carried out, whichever way calls overtake each other.
#[derive(Debug)]
pub(crate) struct Senders {
    idle: Mutex<Vec<Name>>,
    remembered: Duration,
}

#[derive(Clone, Debug)]
struct Name {
    name: WorkerId,
    /// The number of its newest call.
    calls: u64,
}

/// A name, until it is dropped.
#[derive(Debug)]
pub(crate) struct Sender<'a> {
    senders: &'a Senders,
    name: Name,
}

impl Senders {
    pub(crate) fn new(retry_timeout: Duration) -> Self {
        Self { idle: Mutex::default(), remembered: retry_timeout.saturating_add(REMEMBERED) }
    }

    /// A name that no other call uses meanwhile.
    pub(crate) fn take(&self) -> Sender<'_> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let name = idle.unwrap_or_else(|| Name { name: WorkerId::generate(), calls: 0 });
        Sender { senders: self, name }
    }
}

impl Sender<'_> {
    /// The next call. The last one has been answered, or its answer means nothing any more.
    pub(crate) fn call(&mut self) -> Numbered<'_> {
        self.name.calls += 1;
        Numbered {
            sender: &self.name.name,
            number: self.name.calls,
            remembered: self.senders.remembered,
            resend: false,
        }
    }
}

impl Drop for Sender<'_> {
    fn drop(&mut self) {
        let mut idle = self.senders.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(self.name.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_call_at_a_time_and_counts_them() {
        let senders = Senders::new(Duration::from_secs(1));
        let (mut first, mut second) = (senders.take(), senders.take());
        assert_ne!(first.call().sender, second.call().sender);
        let name = first.call().sender.clone();
        assert_eq!(second.call().number, 2);
        drop(first);
        let mut third = senders.take();
        let call = third.call();
        assert_eq!((call.sender, call.number, call.resend), (&name, 3, false));
    }
}
