//! How finely a queue's history is kept.

use std::time::Duration;

use serde::Serialize;

/// How much time a point of a queue's history covers. Finer points are kept for a shorter time.
///
/// Serialized: `"minute"`, `"ten_minutes"` or `"hour"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// A minute; kept for a day.
    Minute,
    /// Ten minutes; kept for a week.
    TenMinutes,
    /// An hour; kept for ninety days.
    Hour,
}

const MINUTE: u64 = 60;
const DAY: u64 = 86_400;

impl Resolution {
    /// All of them, the finest first.
    pub const ALL: [Self; 3] = [Self::Minute, Self::TenMinutes, Self::Hour];

    /// How much time a point covers.
    #[must_use]
    pub const fn over(self) -> Duration {
        Duration::from_secs(match self {
            Self::Minute => MINUTE,
            Self::TenMinutes => 10 * MINUTE,
            Self::Hour => 60 * MINUTE,
        })
    }

    /// For how long points are kept.
    #[must_use]
    pub const fn kept(self) -> Duration {
        Duration::from_secs(match self {
            Self::Minute => DAY,
            Self::TenMinutes => 7 * DAY,
            Self::Hour => 90 * DAY,
        })
    }

    /// The finest that is kept for as long as this; hours beyond all.
    #[must_use]
    pub fn covering(time: Duration) -> Self {
        Self::ALL.into_iter().find(|resolution| time <= resolution.kept()).unwrap_or(Self::Hour)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_finest_that_covers_a_time() {
        let of = |seconds| Resolution::covering(Duration::from_secs(seconds));
        assert_eq!((of(0), of(DAY)), (Resolution::Minute, Resolution::Minute));
        assert_eq!((of(DAY + 1), of(7 * DAY)), (Resolution::TenMinutes, Resolution::TenMinutes));
        assert_eq!((of(7 * DAY + 1), of(400 * DAY)), (Resolution::Hour, Resolution::Hour));
    }
}
