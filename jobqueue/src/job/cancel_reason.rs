//! By whom a job was cancelled, and why.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Who cancelled a job, and why, as far as they said.
///
/// Serialized: `{"by": "ops", "reason": "the order was withdrawn"}`, with `null` for what wasn't
/// said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CancelReason {
    /// Who cancelled it.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

impl fmt::Display for CancelReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cancelled")?;
        if let Some(by) = &self.by {
            write!(f, " by {by}")?;
        }
        self.reason.as_ref().map_or(Ok(()), |reason| write!(f, ": {reason}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_reads_as_a_sentence() {
        let reason = |by: Option<&str>, reason: Option<&str>| {
            let owned = |text: &str| text.to_owned();
            CancelReason { by: by.map(owned), reason: reason.map(owned) }.to_string()
        };
        assert_eq!(reason(None, None), "cancelled");
        assert_eq!(reason(Some("ops"), None), "cancelled by ops");
        assert_eq!(reason(None, Some("withdrawn")), "cancelled: withdrawn");
        assert_eq!(reason(Some("ops"), Some("withdrawn")), "cancelled by ops: withdrawn");
    }
}
