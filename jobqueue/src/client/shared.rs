//! State per client that other modules keep: one value of each type.

use std::{any::Any, fmt, sync::OnceLock};

/// Values by their types.
///
/// A list that only grows, so a look-up takes no lock and its answer lives as long as the list.
/// Each module keeps one type here, which makes a handful of entries; the types that are used first
/// are found first.
#[derive(Default)]
pub(super) struct Shared(OnceLock<Box<Entry>>);

struct Entry {
    value: Box<dyn Any + Send + Sync>,
    next: Shared,
}

impl Shared {
    /// The value of this type, made by its first use.
    pub(super) fn get<T>(&self) -> &T
    where
        T: Any + Default + Send + Sync,
    {
        let mut rest = self;
        loop {
            // Tasks that come to the end at once agree here on one entry, so no type gets two.
            let entry = rest.0.get_or_init(|| {
                Box::new(Entry { value: Box::new(T::default()), next: Self::default() })
            });
            match entry.value.downcast_ref() {
                Some(found) => return found,
                None => rest = &entry.next,
            }
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self;
        let count = std::iter::from_fn(|| {
            rest = &rest.0.get()?.next;
            Some(())
        });
        f.debug_struct("Shared").field("entries", &count.count()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Barrier,
            atomic::{AtomicUsize, Ordering},
        },
        thread,
    };

    use super::*;

    #[derive(Default)]
    struct Counter<const N: usize>(AtomicUsize);

    impl<const N: usize> Counter<N> {
        fn add(&self) -> usize {
            self.0.fetch_add(1, Ordering::Relaxed) + 1
        }
    }

    #[test]
    fn each_type_has_one_value() {
        let shared = Shared::default();
        assert_eq!(shared.get::<Counter<0>>().add(), 1);
        assert_eq!(shared.get::<Counter<1>>().add(), 1);
        assert_eq!(shared.get::<Counter<0>>().add(), 2);
        assert_eq!(format!("{shared:?}"), "Shared { entries: 2 }");
    }

    #[test]
    fn first_uses_at_the_same_time_agree() {
        const THREADS: usize = 8;
        let (shared, barrier) = (Shared::default(), Barrier::new(THREADS));
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let (shared, barrier) = (&shared, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    if thread % 2 == 0 {
                        shared.get::<Counter<0>>().add();
                        shared.get::<Counter<1>>().add();
                    } else {
                        shared.get::<Counter<1>>().add();
                        shared.get::<Counter<0>>().add();
                    }
                });
            }
        });
        assert_eq!(shared.get::<Counter<0>>().add(), THREADS + 1);
        assert_eq!(shared.get::<Counter<1>>().add(), THREADS + 1);
    }
}
