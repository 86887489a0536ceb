//! Wrong tries to sign in: after too many from one address, it has to wait.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How many wrong tries one address has in [`WINDOW`].
const TRIES: u32 = 10;

/// How long wrong tries count.
const WINDOW: Duration = Duration::from_secs(60);

/// How many addresses are remembered. Beyond, those whose time is over go, or else all.
const MOST: usize = 10_000;

/// The wrong tries of each address.
#[derive(Debug, Default)]
pub(crate) struct SignIns(Mutex<HashMap<Option<IpAddr>, (Instant, u32)>>);

impl SignIns {
    /// How long the address has to wait before it may try again.
    pub(crate) fn wait(&self, address: Option<IpAddr>) -> Option<Duration> {
        let tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, wrong) = tries.get(&address)?;
        let left = WINDOW.checked_sub(since.elapsed())?;
        (*wrong >= TRIES).then_some(left)
    }

    /// Notes a wrong try.
    pub(crate) fn wrong(&self, address: Option<IpAddr>) {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.len() >= MOST {
            tries.retain(|_, (since, _)| since.elapsed() < WINDOW);
        }
        if tries.len() >= MOST {
            tries.clear();
        }
        let entry = tries.entry(address).or_insert_with(|| (Instant::now(), 0));
        if entry.0.elapsed() >= WINDOW {
            *entry = (Instant::now(), 0);
        }
        entry.1 = entry.1.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_waits_after_ten_wrong_tries_and_others_do_not() {
        let (tries, here) = (SignIns::default(), Some(IpAddr::from([10, 0, 0, 1])));
        for _ in 0..9 {
            tries.wrong(here);
        }
        assert_eq!(tries.wait(here), None);
        tries.wrong(here);
        assert!(tries.wait(here).is_some_and(|left| left <= WINDOW));
        assert_eq!(tries.wait(Some(IpAddr::from([10, 0, 0, 2]))), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let tries = SignIns::default();
        for n in 0..25_000_u32 {
            tries.wrong(Some(IpAddr::from(n.to_be_bytes())));
        }
        assert!(tries.0.lock().expect("whole").len() <= MOST);
    }
}
