//! Payloads that change over the years: each version a type of its own, and a step from one to the
//! next.

use std::{fmt, marker::PhantomData};

use serde::de::DeserializeOwned;

use super::codec::Codec;
use crate::value_error::PayloadError;

/// The version of payloads whose type says none.
pub(crate) const FIRST_VERSION: u32 = 1;

/// A payload with a version.
///
/// [`#[derive(Payload)]`](derive@crate::Payload) implements it. The version travels in the job's
/// record. A worker upgrades what is older step by step; what is newer than it knows goes back for
/// a worker that knows it (see
/// [`WorkerBuilder::unknown_names`](crate::WorkerBuilder::unknown_names)). Types that don't
/// implement it are payloads all the same, and count as version 1.
///
/// ```
/// use jobqueue::{Codec, Payload};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize, Payload)]
/// struct OrderV1 { id: u64, total: f64 }
///
/// #[derive(Serialize, Deserialize, Payload)]
/// #[payload(version = 2, upgrade_from(OrderV1))]
/// struct Order { id: u64, cents: u64 }
///
/// impl From<OrderV1> for Order {
///     fn from(old: OrderV1) -> Self {
///         Self { id: old.id, cents: (old.total * 100.0).round() as u64 }
///     }
/// }
///
/// let old = Codec::Json.encode(&OrderV1 { id: 7, total: 9.99 })?;
/// assert_eq!(Order::read(1, Codec::Json, &old)?.cents, 999);
/// # Ok::<(), jobqueue::error::PayloadError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no payload with a version",
    note = "derive it: `#[derive(jobqueue::Payload)]`, with `#[payload(version = …)]` unless it is the first"
)]
pub trait Payload: DeserializeOwned {
    /// This type's version, from 1.
    const VERSION: u32;

    /// Reads bytes of an older version, and brings them step by step to this one. Without an older
    /// type there is nothing to read them as.
    ///
    /// # Errors
    /// The bytes are not of that version's type, no type has that version, or a step fails.
    fn upgrade(version: u32, codec: Codec, bytes: &[u8]) -> Result<Self, PayloadError> {
        let _ = (codec, bytes);
        Err(PayloadError::unknown_version::<Self>(version, Self::VERSION))
    }

    /// Reads bytes of this or an older version.
    ///
    /// # Errors
    /// Those of [`upgrade`](Self::upgrade), and a version newer than this.
    fn read(version: u32, codec: Codec, bytes: &[u8]) -> Result<Self, PayloadError> {
        match version {
            _ if version == Self::VERSION => codec.decode(bytes),
            _ if version < Self::VERSION => Self::upgrade(version, codec, bytes),
            _ => Err(PayloadError::unknown_version::<Self>(version, Self::VERSION)),
        }
    }
}

/// How a payload's type has its bytes read, if it has versions.
type Read<T> = fn(u32, Codec, &[u8]) -> Result<T, PayloadError>;

/// Which versions of a payload a handler can read.
pub struct PayloadVersions<T> {
    newest: u32,
    /// None for types without versions.
    read: Option<Read<T>>,
}

impl<T> PayloadVersions<T> {
    /// Those of a type without versions: the first alone.
    #[must_use]
    pub const fn none() -> Self {
        Self { newest: FIRST_VERSION, read: None }
    }

    /// Those of a type that implements [`Payload`].
    #[must_use]
    pub const fn of() -> Self
    where
        T: Payload,
    {
        Self { newest: T::VERSION, read: Some(T::read) }
    }

    /// The newest, which is the one that is written.
    #[must_use]
    pub const fn newest(&self) -> u32 {
        self.newest
    }

    /// Reads bytes of this or an older version.
    pub(crate) fn read(&self, version: u32, codec: Codec, bytes: &[u8]) -> Result<T, PayloadError>
    where
        T: DeserializeOwned,
    {
        match self.read {
            Some(read) => read(version, codec, bytes),
            None if version <= self.newest => codec.decode(bytes),
            None => Err(PayloadError::unknown_version::<T>(version, self.newest)),
        }
    }
}

impl<T> fmt::Debug for PayloadVersions<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PayloadVersions").field("newest", &self.newest).finish_non_exhaustive()
    }
}

/// `Versioned::<T>::VERSIONS` is what a type says of its versions.
///
/// A macro sees a type's name only, not what it implements. So it names the constant: an inherent
/// one is taken if its bounds hold, and else that of [`Unversioned`].
#[derive(Debug)]
pub struct Versioned<T>(PhantomData<T>);

impl<T: Payload> Versioned<T> {
    /// Its own.
    pub const VERSIONS: PayloadVersions<T> = PayloadVersions::of();
}

/// For all types that say nothing of a version.
pub trait Unversioned<T> {
    #[doc(hidden)]
    const VERSIONS: PayloadVersions<T> = PayloadVersions::none();
}

impl<T> Unversioned<T> for Versioned<T> {}

/// One step of an upgrade, for the code that the derive writes.
///
/// # Errors
/// What the older version's reading says, and what the step itself says.
pub fn step<Before: Payload, Now: Payload + TryFrom<Before>>(
    version: u32,
    codec: Codec,
    bytes: &[u8],
) -> Result<Now, PayloadError>
where
    Now::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let before = match Before::read(version, codec, bytes) {
        // Between two types that follow each other: what is known is what this one knows, too.
        Err(PayloadError::UnknownVersion { version, .. }) => {
            return Err(PayloadError::unknown_version::<Now>(version, Now::VERSION));
        }
        before => before?,
    };
    Now::try_from(before)
        .map_err(|error| PayloadError::upgrade::<Now>(Before::VERSION, Now::VERSION, error))
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};
    use serde::Deserialize;

    use super::*;

    use crate::job::properties::config;

    #[derive(Debug, PartialEq, Deserialize)]
    struct V1(u8);
    #[derive(Debug, PartialEq, Deserialize)]
    struct V2(u8, u8);
    #[derive(Debug, PartialEq, Deserialize)]
    struct V4(u8, u8, u8);

    impl Payload for V1 {
        const VERSION: u32 = 1;
    }

    impl Payload for V2 {
        const VERSION: u32 = 2;
        fn upgrade(version: u32, codec: Codec, bytes: &[u8]) -> Result<Self, PayloadError> {
            step::<V1, Self>(version, codec, bytes)
        }
    }

    impl Payload for V4 {
        const VERSION: u32 = 4;
        fn upgrade(version: u32, codec: Codec, bytes: &[u8]) -> Result<Self, PayloadError> {
            step::<V2, Self>(version, codec, bytes)
        }
    }

    impl From<V1> for V2 {
        fn from(V1(a): V1) -> Self {
            Self(a, 20)
        }
    }

    impl TryFrom<V2> for V4 {
        type Error = &'static str;
        fn try_from(V2(a, b): V2) -> Result<Self, &'static str> {
            if a == 0 { Err("nought") } else { Ok(Self(a, b, 40)) }
        }
    }

    #[test]
    fn each_version_is_read_as_its_own_type_and_goes_up_step_by_step() {
        let codec = Codec::Json;
        assert_eq!(V4::read(1, codec, b"7"), Ok(V4(7, 20, 40)));
        assert_eq!(V4::read(2, codec, b"[7,8]"), Ok(V4(7, 8, 40)));
        assert_eq!(V4::read(4, codec, b"[7,8,9]"), Ok(V4(7, 8, 9)));
        assert!(matches!(V4::read(2, codec, b"7"), Err(PayloadError::Decode { .. })));
        let failed = PayloadError::upgrade::<V4>(2, 4, "nought");
        assert_eq!(V4::read(1, codec, b"0"), Err(failed));
    }

    #[test]
    fn a_version_that_nothing_has_is_named_with_the_newest_that_is_known() {
        for version in [0, 3, 5, u32::MAX] {
            let unknown = PayloadError::unknown_version::<V4>(version, 4);
            assert_eq!(V4::read(version, Codec::Json, b"7"), Err(unknown));
        }
    }

    proptest! {
        #![proptest_config(config())]

        #[test]
        fn any_bytes_of_any_version_are_read_as_its_type_or_refused(
            bytes in vec(any::<u8>(), 0..20),
            version in prop_oneof![0..6_u32, any::<u32>()],
            json in any::<bool>(),
        ) {
            let codec = if json { Codec::Json } else { Codec::MessagePack };
            let last = |before: V2| {
                let failed = |problem: &str| PayloadError::upgrade::<V4>(2, 4, problem);
                V4::try_from(before).map_err(failed)
            };
            let expected = match version {
                1 => codec.decode::<V1>(&bytes).map(V2::from).and_then(last),
                2 => codec.decode(&bytes).and_then(last),
                4 => codec.decode(&bytes),
                _ => Err(PayloadError::unknown_version::<V4>(version, 4)),
            };
            prop_assert_eq!(V4::read(version, codec, &bytes), expected);
        }
    }

    #[test]
    fn what_a_type_says_of_its_version_is_found_without_knowing_it() {
        use super::Unversioned as _;
        let number = Versioned::<Vec<u8>>::VERSIONS;
        assert_eq!((number.newest(), Versioned::<V4>::VERSIONS.newest()), (1, 4));
        assert_eq!(Versioned::<V2>::VERSIONS.read(1, Codec::Json, b"7"), Ok(V2(7, 20)));
        assert_eq!(number.read(1, Codec::Json, b"[7]"), Ok(vec![7]));
        let unknown = PayloadError::unknown_version::<Vec<u8>>(2, 1);
        assert_eq!(number.read(2, Codec::Json, b"[7]"), Err(unknown));
    }
}
