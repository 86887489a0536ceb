//! The keyspace: values by key, and when they expire.

use std::collections::BTreeSet;

use bytes::Bytes;
use fastrand::Rng;

use crate::{
    effects::Effects,
    memory::Memory,
    refusal::Refusal,
    value::{Kind, Map, Value},
};

/// The keyspace: values by key, and when they expire.
#[derive(Clone, Debug)]
pub(crate) struct Keyspace {
    slots: Map<Slot>,
    /// What was done to it, where that is kept.
    pub(crate) effects: Effects,
    /// The keys that expire, by when they do, in ms since the epoch.
    expiring: BTreeSet<(u64, Bytes)>,
    pub(crate) memory: Memory,
    pub(crate) calls: Calls,
    /// The time of the call that is carried out, in µs since the epoch. It stands while a script
    /// runs, as Redis's does.
    now: u64,
    /// Decides what is taken at random.
    pub(crate) rng: Rng,
    /// Keys that were written to and that others may wait for.
    touched: Vec<Bytes>,
}

/// How often commands were called, by their numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calls(Vec<u64>);

impl Calls {
    pub(crate) fn count(&mut self, number: usize) {
        if number >= self.0.len() {
            self.0.resize(number + 1, 0);
        }
        self.0[number] += 1;
    }

    /// Those that were called, and some that weren't.
    pub(crate) fn counts(&self) -> impl Iterator<Item = u64> {
        self.0.iter().copied()
    }

    pub(crate) fn reset(&mut self) {
        self.0.clear();
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) value: Value,
    /// In ms since the epoch.
    expires: Option<u64>,
}

/// About how much memory a key takes beside its name and its value.
const PER_KEY: usize = 128;

/// How many expired keys a call removes, beside those that it comes upon.
const EXPIRED_AT_ONCE: usize = 20;

impl Slot {
    /// When it expires, in ms since the epoch.
    pub(crate) fn expires(&self) -> Option<u64> {
        self.expires
    }

    fn bytes(&self, key: &[u8]) -> usize {
        key.len() + PER_KEY + self.value.bytes()
    }

    fn is_alive(&self, now_ms: u64) -> bool {
        self.expires.is_none_or(|at| at > now_ms)
    }
}

impl Keyspace {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            slots: Map::default(),
            effects: Effects::default(),
            expiring: BTreeSet::new(),
            memory: Memory::default(),
            calls: Calls::default(),
            now: 0,
            rng: Rng::with_seed(seed),
            touched: Vec::new(),
        }
    }

    /// Begins a call at this time, in µs since the epoch.
    pub(crate) fn begin(&mut self, now: u64) {
        self.now = now;
        let now_ms = self.now_ms();
        for _ in 0..EXPIRED_AT_ONCE {
            let Some((_, key)) = self.expiring.first().filter(|(at, _)| *at <= now_ms) else {
                break;
            };
            let key = key.clone();
            self.expire(&key);
        }
        self.memory.begin();
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
            self.expire(key);
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
        let before = value.bytes();
        let result = change(value);
        self.memory.changed(before, value.bytes());
        if value.is_over() {
            self.remove(key);
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
        self.remove(&key);
        let slot = Slot { value, expires };
        self.memory.changed(0, slot.bytes(&key));
        if let Some(at) = expires {
            self.expiring.insert((at, key.clone()));
        }
        self.slots.insert(key, slot);
    }

    /// When the value at a key expires, in ms since the epoch, if it does. Its former time, if the
    /// value is there.
    pub(crate) fn set_expiry(&mut self, key: &Bytes, at: Option<u64>) -> Option<Option<u64>> {
        let slot = self.slot_mut(key)?;
        let former = std::mem::replace(&mut slot.expires, at);
        if let Some(former) = former {
            self.expiring.remove(&(former, key.clone()));
        }
        if let Some(at) = at {
            self.expiring.insert((at, key.clone()));
        }
        Some(former)
    }

    pub(crate) fn take(&mut self, key: &[u8]) -> Option<Slot> {
        self.slot_mut(key)?;
        self.remove(key)
    }

    /// Removes a key whose time has come.
    fn expire(&mut self, key: &[u8]) {
        self.remove(key);
        self.effects.push([b"DEL", key]);
    }

    fn remove(&mut self, key: &[u8]) -> Option<Slot> {
        let (key, slot) = self.slots.swap_remove_entry(key)?;
        self.memory.changed(slot.bytes(&key), 0);
        if let Some(at) = slot.expires {
            self.expiring.remove(&(at, key));
        }
        Some(slot)
    }

    /// All keys with what stands there, also those whose time has come.
    pub(crate) fn slots(&self) -> impl Iterator<Item = (&Bytes, &Slot)> {
        self.slots.iter()
    }

    /// What stands at a key, also if its time has come.
    pub(crate) fn slot_at_any_time(&self, key: &[u8]) -> Option<&Slot> {
        self.slots.get(key)
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

    /// How many keys there are, those that have expired among them.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// In an order of its own: a key that is removed makes the last one take its place.
    pub(crate) fn at(&self, place: usize) -> Option<(&Bytes, &Slot)> {
        let now = self.now_ms();
        self.slots.get_index(place).filter(|(_, slot)| slot.is_alive(now))
    }

    pub(crate) fn clear(&mut self) {
        self.memory.clear();
        self.slots.clear();
        self.expiring.clear();
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
        keys.change(&KEY, |list: &mut List| list.keep(0..0)).expect("a list");
        assert_eq!(keys.keys().count(), 0);
    }

    #[test]
    fn memory_is_what_stands_there() {
        let mut keys = Keyspace::new(1);
        let key = |n: u8| Bytes::from(vec![n; 3]);
        for n in 0..100 {
            keys.change(&key(n), |list: &mut List| list.push_back(KEY)).expect("a list");
            keys.put(key(n + 100), Value::Text(KEY), Some(u64::from(n) + 1));
            keys.put(key(n + 100), Value::Text(key(n)), Some(u64::from(n) + 2));
        }
        let empty = Keyspace::new(1).memory.used();
        let full = keys.memory.used() - empty;
        assert!(full > 200 * PER_KEY, "{full}");
        keys.begin(1_000_000);
        assert_eq!(keys.slots.len(), 200 - EXPIRED_AT_ONCE, "some go with each call");
        for _ in 0..4 {
            keys.begin(1_000_000);
        }
        assert_eq!((keys.slots.len(), keys.expiring.len()), (100, 0));
        for n in 0..100 {
            keys.change(&key(n), |list: &mut List| list.pop_front()).expect("a list");
        }
        assert_eq!(keys.memory.used(), empty);
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
