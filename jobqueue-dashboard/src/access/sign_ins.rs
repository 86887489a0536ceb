//! Wrong tries to sign in: after too many from one address, it has to wait.

use std::{net::IpAddr, time::Duration};

use super::counts::Counts;

/// How many wrong tries one address has in a minute.
const TRIES: u32 = 10;

/// How many addresses are remembered.
const MOST: usize = 10_000;

/// The wrong tries of each address.
#[derive(Debug)]
pub(crate) struct SignIns(Counts<Option<IpAddr>>);

impl Default for SignIns {
    fn default() -> Self {
        Self(Counts::of_at_most(MOST))
    }
}

impl SignIns {
    /// How long the address has to wait before it may try again.
    pub(crate) fn wait(&self, address: Option<IpAddr>) -> Option<Duration> {
        let (wrong, left) = self.0.of(&address)?;
        (wrong >= TRIES).then_some(left)
    }

    /// Notes a wrong try.
    pub(crate) fn wrong(&self, address: Option<IpAddr>) {
        self.0.count(address);
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
        assert!(tries.wait(here).is_some_and(|left| left <= Duration::from_secs(60)));
        assert_eq!(tries.wait(Some(IpAddr::from([10, 0, 0, 2]))), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let tries = SignIns::default();
        for n in 0..25_000_u32 {
            tries.wrong(Some(IpAddr::from(n.to_be_bytes())));
        }
        assert!(tries.0.remembered() <= MOST);
    }
}
