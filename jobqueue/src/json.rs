//! How values that people look at are written with serde: durations as milliseconds, with the unit
//! in the field's name.

use std::time::Duration;

use serde::{Serialize, Serializer};

/// A duration in milliseconds: a whole number, or one with a fraction if the duration has one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Millis(pub(crate) Duration);

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let whole = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        match self.0.subsec_micros() % 1_000 {
            0 => serializer.serialize_u64(whole),
            micros => serializer.serialize_f64(whole as f64 + f64::from(micros) / 1e3),
        }
    }
}

/// For `#[serde(serialize_with = …)]`.
pub(crate) fn millis<S: Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
    Millis(*duration).serialize(to)
}

/// The same for a duration that may be missing: `null`.
#[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
pub(crate) fn maybe_millis<S: Serializer>(
    duration: &Option<Duration>,
    to: S,
) -> Result<S::Ok, S::Error> {
    duration.map(Millis).serialize(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_are_whole_numbers_where_they_can_be() {
        let written = |us| serde_json::to_string(&Millis(Duration::from_micros(us))).expect("text");
        assert_eq!(
            [0, 1_000, 90_000_000, 1_250, 7].map(written),
            ["0", "1", "90000", "1.25", "0.007"]
        );
    }
}
