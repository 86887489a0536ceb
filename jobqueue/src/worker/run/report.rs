//! The report of a run to its pump.

use std::pin::Pin;

use tokio::sync::mpsc;

use crate::{
    job::{JobId, JobName},
    settle::Decision,
    worker::telemetry::Times,
};

/// How a run ended, and what becomes of its job.
#[derive(Debug)]
pub(crate) struct RunEnd {
    pub(crate) decision: Decision,
    /// None if the handler was not called.
    pub(crate) times: Option<Times>,
}

/// The report of a run to its pump.
#[derive(Debug)]
pub(crate) struct RunReport {
    pub(crate) id: JobId,
    /// The pump's number for the run.
    pub(crate) run: u64,
    /// Of the job.
    pub(crate) name: JobName,
    /// None if the run was aborted.
    pub(crate) end: Option<RunEnd>,
}

/// Reports when it is dropped: so a pump hears of every run, also of one that is aborted.
struct Reporter {
    to: mpsc::Sender<RunReport>,
    report: Option<RunReport>,
}

impl Drop for Reporter {
    fn drop(&mut self) {
        if let Some(report) = self.report.take() {
            // The pump's channel has room for every live run, and each reports once.
            let _ = self.to.try_send(report);
        }
    }
}

/// Runs to the end, and reports it.
pub(crate) fn report(
    run: Pin<Box<impl Future<Output = RunEnd> + Send>>,
    empty: RunReport,
    to: mpsc::Sender<RunReport>,
) -> impl Future<Output = ()> + Send {
    // Made here, not in the future's body: a task may be aborted before it is first polled.
    let mut reporter = Reporter { to, report: Some(empty) };
    async move {
        let end = run.await;
        if let Some(report) = &mut reporter.report {
            report.end = Some(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_run_that_is_aborted_before_its_first_poll_is_reported() {
        let (reporter, mut reports) = mpsc::channel(1);
        let name = "send".parse().expect("a good name");
        let empty = RunReport { id: JobId::generate(), run: 7, name, end: None };
        drop(report(Box::pin(std::future::pending()), empty, reporter));
        let report = reports.recv().await.expect("a report");
        assert!(report.run == 7 && report.end.is_none());
    }
}
