//! All checks, one after the other.

use std::{cmp::Reverse, collections::HashSet};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jobqueue::{Client, Result, manage::QueueEntry, types::Utc};
use serde::Serialize;

use crate::{Check, Finding, Severity, Thresholds, Unseen, queue, queue_findings, server_findings};

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
    /// What couldn't be looked at.
    pub unseen: Vec<Unseen>,
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

    /// The checks that were made everywhere and found nothing.
    pub fn passed(&self) -> impl Iterator<Item = Check> {
        let found = self.findings.iter().map(|finding| finding.check);
        let unseen = self.unseen.iter().flat_map(|unseen| unseen.checks.iter().copied());
        let not: HashSet<Check> = found.chain(unseen).collect();
        Check::ALL.into_iter().filter(move |check| !not.contains(check))
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

    /// Looks at all servers and all queues: seven commands a server and some twenty-five a queue, of 16
    /// queues at once.
    ///
    /// # Errors
    /// Those of any call; but not what the server's ACL forbids: that is [`Report::unseen`].
    pub async fn run(&self) -> Result<Report> {
        let servers = self.client.server_reports().await?;
        let mut all = Look::default();
        for server in &servers {
            all.findings.extend(server_findings(server, &self.thresholds));
            all.unseen.extend(Unseen::of_server(server));
        }
        let queues = self.client.queues().all().await?;
        // Collected first: the future of a lazy map couldn't move to another thread.
        let looks: Vec<_> = queues.iter().map(|entry| self.queue(entry)).collect();
        let found: Vec<Look> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
        for look in found {
            all.findings.extend(look.findings);
            all.unseen.extend(look.unseen);
        }
        let Look { mut findings, unseen } = all;
        findings.sort_by_key(|finding| (Reverse(finding.severity), finding.check));
        let unseen = Unseen::gather(unseen);
        Ok(Report { findings, unseen, servers: servers.len(), queues: queues.len() })
    }

    async fn queue(&self, entry: &QueueEntry) -> Result<Look> {
        let name = &entry.name;
        let looked = self.look(entry).await;
        looked.or_else(|error| {
            if let Some(finding) = queue::layout(name, &error) {
                return Ok(Look { findings: vec![finding], unseen: Vec::new() });
            }
            let unseen = vec![Unseen::of_queue(name, &error).ok_or(error)?];
            Ok(Look { findings: Vec::new(), unseen })
        })
    }

    async fn look(&self, entry: &QueueEntry) -> Result<Look> {
        let (name, queue) = (&entry.name, self.client.queue(&entry.name)?);
        let mut findings = queue_findings(&queue.stats().await?, entry, &self.thresholds);
        let schedules = queue.schedules().list().await?;
        if !schedules.is_empty() {
            let (workers, now) = (queue.workers().await?, Utc::now());
            let check =
                |schedule| queue::schedules(name, schedule, &workers, (now, &self.thresholds));
            findings.extend(schedules.iter().filter_map(check));
        }
        findings.extend(queue::orphans(name, &self.client.orphans(name).await?));
        let mut unseen = Vec::new();
        match self.client.key_sizes(name).await {
            Ok(sizes) => findings.extend(queue::size(name, &sizes, &self.thresholds)),
            Err(error) => unseen.push(Unseen::of_keys(name, &error).ok_or(error)?),
        }
        Ok(Look { findings, unseen })
    }
}

/// What a look at something has shown, and what it couldn't show.
#[derive(Default)]
struct Look {
    findings: Vec<Finding>,
    unseen: Vec<Unseen>,
}
