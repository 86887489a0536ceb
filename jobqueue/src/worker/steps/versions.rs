//! Results of steps whose type has versions.

use std::any::type_name;

use serde::{Serialize, de::DeserializeOwned};
use tracing::warn;

use super::{
    error::StepError,
    line::{Recorder, encode},
};
use crate::{
    error::Result,
    job::{Codec, Payload, PayloadVersions},
    worker::run::Spot,
};

/// How a step's results are read and written: [`Plain`], or [`ByVersion`].
pub trait ResultsOf<T> {
    #[doc(hidden)]
    const VERSIONS: PayloadVersions<T>;
}

/// As their type says, which has no versions.
#[derive(Debug)]
pub struct Plain(());

impl<T: DeserializeOwned> ResultsOf<T> for Plain {
    const VERSIONS: PayloadVersions<T> = PayloadVersions::none();
}

/// With the version of their type; older ones are upgraded.
#[derive(Debug)]
pub struct ByVersion(());

impl<T: Payload> ResultsOf<T> for ByVersion {
    const VERSIONS: PayloadVersions<T> = PayloadVersions::of();
}

/// A result as it is recorded: if its type has a version beyond the first, `v`, that, and a space; then
/// the byte that says how it is written.
pub(super) fn write<T: Serialize>(
    (codec, versions): (Codec, &PayloadVersions<T>),
    spot: &Spot,
    result: &T,
) -> Result<Vec<u8>> {
    let written = encode(codec, || format!("the result of {spot}"), result)?;
    if versions.newest() == 1 {
        return Ok(written);
    }
    let mut value = format!("v{} ", versions.newest()).into_bytes();
    value.extend(written);
    Ok(value)
}

/// The version of a recorded result, and what stands behind it.
fn version_of(value: &[u8]) -> (u32, &[u8]) {
    let split = || {
        let rest = value.strip_prefix(b"v")?;
        let blank = rest.iter().position(|byte| *byte == b' ')?;
        let version = std::str::from_utf8(rest.get(..blank)?).ok()?.parse().ok()?;
        Some((version, rest.get(blank + 1..)?))
    };
    split().unwrap_or((1, value))
}

impl Recorder<'_> {
    /// A recorded result. If it is of a newer version than this program knows, the run ends, and the
    /// job waits for another worker.
    pub(super) async fn result<T: DeserializeOwned>(
        &self,
        spot: &Spot,
        value: &[u8],
        versions: &PayloadVersions<T>,
    ) -> Result<T, StepError> {
        let (version, value) = version_of(value);
        if version > versions.newest() {
            let (newest, of) = (versions.newest(), type_name::<T>());
            warn!(id = %self.ctx.id(), %spot, version, newest, of, "the result of a step is of a newer version than this program knows; the job waits for a worker that knows it");
            self.leave_to_others().await;
        }
        self.read(spot, value, |codec, bytes| versions.read(version, codec, bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_stands_before_what_is_recorded() {
        for (value, version, rest) in [
            ("m\u{1}", 1, "m\u{1}"),
            ("v2 jtrue", 2, "jtrue"),
            ("v12 m", 12, "m"),
            ("v jtrue", 1, "v jtrue"),
            ("v2", 1, "v2"),
        ] {
            assert_eq!(version_of(value.as_bytes()), (version, rest.as_bytes()), "{value}");
        }
    }
}
