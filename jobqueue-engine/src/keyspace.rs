//! The keyspace: values by key, and when they expire.

use bytes::Bytes;
use fastrand::Rng;

use crate::{
    refusal::Refusal,
    value::{Kind, Map, Value},
};

/// The keyspace: values by key, and when they expire.
#[derive(Clone, Debug)]
pub(crate) struct Keyspace {
    slots: Map<Slot>,
    /// The time of the call that is carried out, in µs since the epoch. It stands while a script
    /// runs, as Redis's does.
    now: u64,
    /// Decides what is taken at random.
    pub(crate) rng: Rng,
    /// Keys that were written to and that others may wait for.
    touched: Vec<Bytes>,
}

#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) value: Value,
    /// In ms since the epoch.
    pub(crate) expires: Option<u64>,
}

impl Slot {
    fn is_alive(&self, now_ms: u64) -> bool {
        self.expires.is_none_or(|at| at > now_ms)
    }
}

impl Keyspace {
    pub(crate) fn new(seed: u64) -> Self {
        Self { slots: Map::default(), now: 0, rng: Rng::with_seed(seed), touched: Vec::new() }
    }

    /// Begins a call at this time, in µs since the epoch.
    pub(crate) fn begin(&mut self, now: u64) {
        self.now = now;
    }

    /// The time of this call, in µs since the epoch.
    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    pub(crate) fn now_ms(&self) -> u64 {
        self.now / 1000
    }

    pub(crate) fn slot(&self, key: &[u8]) -> Option<&Slot> {
        self.slots.get(key).filter(|slot| slot.is_alive(self.now_ms()))
    }

    pub(crate) fn slot_mut(&mut self, key: &[u8]) -> Option<&mut Slot> {
        let now = self.now_ms();
        if self.slots.get(key).is_some_and(|slot| !slot.is_alive(now)) {
            self.slots.swap_remove(key);
        }
        self.slots.get_mut(key)
    }

    /// The value at a key, if it is of this type.
    pub(crate) fn get<K: Kind>(&self, key: &[u8]) -> Result<Option<&K>, Refusal> {
        let Some(slot) = self.slot(key) else { return Ok(None) };
        K::of(&slot.value).map(Some).ok_or(Refusal::WRONG_TYPE)
    }

    /// Changes the value at a key. It is made if it isn't there, and goes if nothing is left in it.
    pub(crate) fn change<K: Kind, R>(
        &mut self,
        key: &Bytes,
        change: impl FnOnce(&mut K) -> R,
    ) -> Result<R, Refusal> {
        if self.slot_mut(key).is_none() {
            self.put(key.clone(), K::default().wrap(), None);
        }
        let slot = self.slots.get_mut(key).ok_or(Refusal::WRONG_TYPE)?;
        let value = K::of_mut(&mut slot.value).ok_or(Refusal::WRONG_TYPE)?;
        let result = change(value);
        if value.is_over() {
            self.slots.swap_remove(key);
        }
        Ok(result)
    }

    /// [`change`](Self::change), but a value that isn't there isn't made.
    pub(crate) fn change_existing<K: Kind, R: Default>(
        &mut self,
        key: &Bytes,
        change: impl FnOnce(&mut K) -> R,
    ) -> Result<R, Refusal> {
        if self.slot_mut(key).is_none() { Ok(R::default()) } else { self.change(key, change) }
    }

    pub(crate) fn put(&mut self, key: Bytes, value: Value, expires: Option<u64>) {
        self.slots.insert(key, Slot { value, expires });
    }

    pub(crate) fn take(&mut self, key: &[u8]) -> Option<Slot> {
        let now = self.now_ms();
        self.slots.swap_remove(key).filter(|slot| slot.is_alive(now))
    }

    /// Notes that those who wait for a key may go on.
    pub(crate) fn touch(&mut self, key: &Bytes) {
        self.touched.push(key.clone());
    }

    pub(crate) fn take_touched(&mut self) -> Vec<Bytes> {
        std::mem::take(&mut self.touched)
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &Bytes> {
        let now = self.now_ms();
        self.slots.iter().filter(move |(_, slot)| slot.is_alive(now)).map(|(key, _)| key)
    }

    pub(crate) fn clear(&mut self) {
        self.slots.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Hash, List};

    const KEY: Bytes = Bytes::from_static(b"key");

    #[test]
    fn a_value_goes_when_nothing_is_left_in_it() {
        let mut keys = Keyspace::new(1);
        keys.change(&KEY, |list: &mut List| list.push_back(KEY)).expect("a list");
        assert_eq!(keys.keys().count(), 1);
        assert_eq!(keys.get::<Hash>(&KEY).err(), Some(Refusal::WRONG_TYPE));
        keys.change(&KEY, |list: &mut List| list.clear()).expect("a list");
        assert_eq!(keys.keys().count(), 0);
    }

    #[test]
    fn a_value_expires_when_its_time_comes() {
        let mut keys = Keyspace::new(1);
        keys.put(KEY, Value::Text(KEY), Some(10));
        keys.begin(9_999);
        assert!(keys.slot(&KEY).is_some());
        keys.begin(10_000);
        assert!(keys.slot(&KEY).is_none() && keys.slot_mut(&KEY).is_none());
        assert!(keys.take(&KEY).is_none());
    }
}
