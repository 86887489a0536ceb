//! All checks, one after the other.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jobqueue::{Client, Error, Result, error::Refused, manage::QueueEntry, types::Utc};
use serde::Serialize;

use crate::{
    Check, Finding, Severity, Subject, Thresholds, queue, queue_findings, server_findings,
};

/// How many queues are asked at once.
const AT_ONCE: usize = 16;

/// Looks at the servers and the queues of a client.
#[derive(Clone, Debug)]
pub struct Doctor {
    client: Client,
    thresholds: Thresholds,
}

/// What a [`Doctor`] has found.
///
/// Serialized: its fields, under their names.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// What was found, the worst first.
    pub findings: Vec<Finding>,
    /// How many servers were looked at.
    pub servers: usize,
    /// How many queues were looked at.
    pub queues: usize,
}

impl Report {
    /// How bad the worst of it is; `None` if nothing was found.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }

    /// The checks that found nothing.
    pub fn passed(&self) -> impl Iterator<Item = Check> {
        let found = |check: &Check| self.findings.iter().any(|finding| finding.check == *check);
        Check::ALL.into_iter().filter(move |check| !found(check))
    }
}

impl Doctor {
    /// With the usual thresholds.
    #[must_use]
    pub fn new(client: &Client) -> Self {
        Self { client: client.clone(), thresholds: Thresholds::default() }
    }

    /// With others.
    #[must_use]
    pub fn thresholds(mut self, thresholds: Thresholds) -> Self {
        self.thresholds = thresholds;
        self
    }

    /// Looks at all servers and all queues: seven commands a server and some twenty a queue, of 16
    /// queues at once.
    ///
    /// # Errors
    /// Those of any call; but not what the server's ACL forbids: that is a finding.
    pub async fn run(&self) -> Result<Report> {
        let servers = self.client.server_reports().await?;
        let mut findings: Vec<Finding> =
            servers.iter().flat_map(|server| server_findings(server, &self.thresholds)).collect();
        let queues = self.client.queues().all().await?;
        // Collected first: the future of a lazy map couldn't move to another thread.
        let looks: Vec<_> = queues.iter().map(|entry| self.queue(entry)).collect();
        let found: Vec<Vec<Finding>> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
        findings.extend(found.into_iter().flatten());
        findings.sort_by_key(|finding| (std::cmp::Reverse(finding.severity), finding.check));
        Ok(Report { findings, servers: servers.len(), queues: queues.len() })
    }

    async fn queue(&self, entry: &QueueEntry) -> Result<Vec<Finding>> {
        let name = &entry.name;
        let found = self.look(entry).await;
        found.or_else(|error| {
            let finding = queue::layout(name, &error).or_else(|| hidden(entry, &error));
            finding.map(|finding| vec![finding]).ok_or(error)
        })
    }

    async fn look(&self, entry: &QueueEntry) -> Result<Vec<Finding>> {
        let (name, queue) = (&entry.name, self.client.queue(&entry.name)?);
        let mut findings = queue_findings(&queue.stats().await?, entry, &self.thresholds);
        let schedules = queue.schedules().list().await?;
        if !schedules.is_empty() {
            let (workers, now) = (queue.workers().await?, Utc::now());
            let check =
                |schedule| queue::schedules(name, schedule, &workers, (now, &self.thresholds));
            findings.extend(schedules.iter().filter_map(check));
        }
        match self.client.key_sizes(name).await {
            Ok(sizes) => findings.extend(queue::size(name, &sizes, &self.thresholds)),
            Err(error) => findings.push(hidden(entry, &error).ok_or(error)?),
        }
        Ok(findings)
    }
}

/// A part of a queue that couldn't be looked at.
fn hidden(entry: &QueueEntry, error: &Error) -> Option<Finding> {
    let Error::Refused(Refused::Permission { .. } | Refused::Server { .. }) = error else {
        return None;
    };
    let text = [
        format!("A part of it is hidden: {error:?}."),
        "Not all of the queue was looked at.".to_owned(),
        "use a user with the rights of a viewer".to_owned(),
    ];
    let subject = Subject::Queue(entry.name.clone());
    Some(Finding::new(Check::Access, Severity::Note, subject, text))
}
