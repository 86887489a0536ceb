//! How maps hash whose order others may see: with another seed each time, but with the same in a
//! test's own time, so that a run that is played again goes through them in the same order.

#[cfg(not(feature = "testing"))]
pub(crate) use foldhash::fast::RandomState;

#[cfg(feature = "testing")]
pub(crate) use seeded::RandomState;

#[cfg(feature = "testing")]
mod seeded {
    use std::hash::BuildHasher;

    use foldhash::fast::{FoldHasher, SeedableRandomState};

    use crate::clock;

    /// In the place of foldhash's own.
    #[derive(Clone, Debug)]
    pub(crate) struct RandomState(SeedableRandomState);

    impl Default for RandomState {
        fn default() -> Self {
            Self(match clock::is_virtual() {
                true => SeedableRandomState::fixed(),
                false => SeedableRandomState::random(),
            })
        }
    }

    impl BuildHasher for RandomState {
        type Hasher = FoldHasher<'static>;

        fn build_hasher(&self) -> Self::Hasher {
            self.0.build_hasher()
        }
    }
}
