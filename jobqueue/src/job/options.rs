//! What one add may say of its job, beyond name and payload.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{priority::Priority, reply_address::ReplyAddress};
use crate::{
    policy::{Backoff, Retain},
    value_error::Invalid,
};

/// What one job says for itself; anything unsaid is the handler's, and then the worker's default.
///
/// Part of a job's record: immutable once the job is added.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct JobOptions {
    /// How often the job may run before it fails for good.
    pub attempts: Option<u32>,
    /// The wait before the next attempt.
    pub backoff: Option<Backoff>,
    /// How long a run may take.
    pub timeout: Option<Duration>,
    /// The priority it was added with; a later change isn't seen here.
    pub priority: Priority,
    /// What is kept when it completes.
    pub retain: Option<Retain>,
    /// What is kept when it fails for good.
    pub retain_failed: Option<Retain>,
    /// When it was first due, if it was delayed when it was added; a later change isn't seen here. A delay
    /// counts by the producer's clock.
    pub due_at: Option<DateTime<Utc>>,
    /// The version that the payload was written as; 1 if unsaid.
    pub version: Option<u32>,
    /// What travels beside the payload: trace context, tenant.
    pub headers: BTreeMap<String, String>,
    /// Where the reply goes, if somebody waits for one.
    pub(crate) reply_to: Option<ReplyAddress>,
    /// The topic that it was published to; nothing if it was added.
    pub origin: Option<Origin>,
}

/// Where a published message comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Origin {
    /// The topic.
    #[serde(rename = "t")]
    pub topic: String,
    /// What the message is about.
    #[serde(rename = "k")]
    pub routing_key: String,
}

/// The most bytes of headers, names and values together: they are no place for payloads.
const MAX_HEADER_BYTES: usize = 16 * 1024;

impl JobOptions {
    /// Checks what no type could.
    pub(crate) fn validate(&self) -> Result<(), Invalid> {
        if self.attempts == Some(0) {
            return Err(Invalid::new(
                "attempts",
                0,
                "use 1 or more, since the first run counts as one",
            ));
        }
        if self.version == Some(0) {
            return Err(Invalid::new("version", 0, "use 1 or more, since 1 is the first"));
        }
        if self.timeout.is_some_and(|timeout| timeout.is_zero()) {
            return Err(Invalid::new("timeout", Duration::ZERO, "leave it out for no limit"));
        }
        if let Some(backoff) = &self.backoff {
            backoff.validate()?;
            if backoff.is_custom() {
                return Err(Invalid::setup(
                    "a job can't carry a custom backoff, which is a function",
                    "declare it on the handler",
                ));
            }
        }
        let size: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        if size > MAX_HEADER_BYTES {
            let problem = format!("the headers have {size} bytes");
            return Err(Invalid::setup(problem, "use at most 16 KiB"));
        }
        Ok(())
    }
}
