//! Reading the audit log.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;

use super::{
    Client,
    audit::{AuditAnswer, AuditNote},
};
use crate::{
    error::{Error, Result},
    job::QueueName,
};

/// How many entries one call looks at.
const STEP: usize = 200;

/// An action of an operator, as the audit log has it.
///
/// Serialized: its fields, under their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AuditEntry {
    /// Its place in the log: a later one is greater. [`AuditLog::before`] goes on from it.
    pub id: String,
    /// When it was written, by the server's clock.
    pub at: DateTime<Utc>,
    /// Who acted: see [`Client::acting_as`].
    pub who: String,
    /// Where they are, if that was said.
    pub address: Option<String>,
    /// The process that did it: host, number, program and version.
    pub from: String,
    /// What was done, such as `pause` or `retry`; [operating](crate::docs::operating#audit) lists
    /// all.
    pub action: String,
    /// The queue or the topic.
    pub queue: QueueName,
    /// To what: a job, a schedule, a flow, a filter, the values that were set.
    pub on: Option<String>,
    /// How many it has changed, where that is known.
    pub count: Option<u64>,
    /// How it was answered.
    pub answer: AuditAnswer,
}

/// The audit log, read from its newest entry on: see [`Client::audit_log`].
#[must_use = "nothing is read until `stream` or `newest`"]
#[derive(Clone, Debug)]
pub struct AuditLog {
    client: Client,
    before: Option<String>,
    queue: Option<String>,
    who: Option<String>,
    action: Option<String>,
}

impl Client {
    /// What operators have done with clients that [act as](Self::acting_as) somebody, on all queues
    /// and topics of this prefix: about the newest 10,000 actions. Say which, then read them.
    ///
    /// ```no_run
    /// # async fn example(client: jobqueue::Client) -> jobqueue::Result<()> {
    /// for entry in client.audit_log().queue("orders").newest(20).await? {
    ///     println!("{} {} {} {:?}", entry.at, entry.who, entry.action, entry.answer);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn audit_log(&self) -> AuditLog {
        AuditLog { client: self.clone(), before: None, queue: None, who: None, action: None }
    }
}

impl AuditLog {
    /// Only what was done to this queue or topic.
    pub fn queue(mut self, name: impl Into<String>) -> Self {
        self.queue = Some(name.into());
        self
    }

    /// Only what this one did.
    pub fn who(mut self, who: impl Into<String>) -> Self {
        self.who = Some(who.into());
        self
    }

    /// Only this action, such as `pause`.
    pub fn action(mut self, action: impl Into<String>) -> Self {
        self.action = Some(action.into());
        self
    }

    /// Only what stands before the entry with this [id](AuditEntry::id).
    pub fn before(mut self, id: impl Into<String>) -> Self {
        self.before = Some(id.into());
        self
    }

    /// The entries, the newest first, read 200 at a time.
    #[must_use]
    pub fn stream(self) -> AuditStream {
        let pages = stream::try_unfold(Some(self), |log| async {
            let Some(mut log) = log else { return Ok::<_, Error>(None) };
            let page = log.client.store().read_audit(log.before.as_deref(), STEP).await?;
            let goes_on = page.len() == STEP;
            log.before = page.last().map(|(id, _)| id.clone());
            let entries = page.into_iter().filter_map(|(id, bytes)| read(id, &bytes));
            let wanted: Vec<_> = entries.filter(|entry| log.wants(entry)).map(Ok).collect();
            Ok(Some((stream::iter(wanted), goes_on.then_some(log))))
        });
        AuditStream(Box::pin(pages.try_flatten()))
    }

    /// The newest entries of them, at most so many.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn newest(self, most: usize) -> Result<Vec<AuditEntry>> {
        self.stream().take(most).try_collect().await
    }

    fn wants(&self, entry: &AuditEntry) -> bool {
        let fits = |wanted: &Option<String>, has: &str| wanted.as_ref().is_none_or(|it| it == has);
        fits(&self.queue, entry.queue.as_str())
            && fits(&self.who, &entry.who)
            && fits(&self.action, &entry.action)
    }
}

/// What can't be read was written by others, and is left out.
fn read(id: String, bytes: &[u8]) -> Option<AuditEntry> {
    let note: AuditNote = rmp_serde::from_slice(bytes).ok()?;
    let at = DateTime::from_timestamp_millis(id.split('-').next()?.parse().ok()?)?;
    let AuditNote { who, address, from, action, queue, on, count, answer } = note;
    let queue = queue.parse().ok()?;
    Some(AuditEntry { id, at, who, address, from, action, queue, on, count, answer })
}

/// Entries of the audit log as a [`Stream`], the newest first; see [`AuditLog::stream`].
pub struct AuditStream(Pin<Box<dyn Stream<Item = Result<AuditEntry>> + Send>>);

impl AuditStream {
    /// The next one; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<AuditEntry>> {
        self.0.next().await
    }
}

impl Stream for AuditStream {
    type Item = Result<AuditEntry>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for AuditStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuditStream")
    }
}
