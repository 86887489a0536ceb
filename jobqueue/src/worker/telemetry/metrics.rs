//! What a worker tells the `metrics` facade, with the feature of that name; without it, nothing.
//!
//! Handles are made when they are first used, and kept: a run costs a few calls on them, and with no recorder
//! installed those do nothing.

#[cfg(feature = "metrics")]
pub(crate) use on::{JobMeter, QueueMeter};

#[cfg(not(feature = "metrics"))]
pub(crate) use off::{JobMeter, QueueMeter};

#[cfg(feature = "metrics")]
mod on {
    use std::sync::OnceLock;

    use metrics::{Counter, Gauge, Histogram, Unit, counter, gauge, histogram};

    use crate::{
        job::{QueueName, Transition},
        settle::Decision,
        worker::telemetry::histograms::Times,
    };

    const STARTED: &str = "jobqueue_worker_started_total";
    const COMPLETED: &str = "jobqueue_worker_completed_total";
    const RETRIED: &str = "jobqueue_worker_retried_total";
    const FAILED: &str = "jobqueue_worker_failed_total";
    const DEAD_LETTERED: &str = "jobqueue_worker_dead_lettered_total";
    const RELEASED: &str = "jobqueue_worker_released_total";
    const LOST: &str = "jobqueue_worker_lost_total";
    const WAIT: &str = "jobqueue_worker_wait_seconds";
    const RUN: &str = "jobqueue_worker_run_seconds";
    const RUNNING: &str = "jobqueue_worker_running";
    const SLOTS: &str = "jobqueue_worker_slots";

    /// Tells a recorder once what the names mean.
    fn describe() {
        metrics::describe_counter!(STARTED, "Runs that began.");
        metrics::describe_counter!(COMPLETED, "Runs that ended well.");
        metrics::describe_counter!(RETRIED, "Runs that failed, and whose jobs are tried again.");
        metrics::describe_counter!(FAILED, "Jobs that failed for good.");
        metrics::describe_counter!(DEAD_LETTERED, "Jobs that went to a dead-letter queue.");
        metrics::describe_counter!(RELEASED, "Jobs handed back without a run that counts.");
        metrics::describe_counter!(LOST, "Jobs that were lost with the worker's lease.");
        metrics::describe_histogram!(WAIT, Unit::Seconds, "How long first attempts waited.");
        metrics::describe_histogram!(RUN, Unit::Seconds, "How long runs took.");
        metrics::describe_gauge!(RUNNING, "Runs that are alive.");
        metrics::describe_gauge!(SLOTS, "How many runs there may be.");
    }

    /// The handles of one kind of job.
    struct JobHandles {
        started: Counter,
        completed: Counter,
        retried: Counter,
        failed: Counter,
        dead_lettered: Counter,
        wait: Histogram,
        run: Histogram,
    }

    /// Counts the runs of one kind of job.
    pub(crate) struct JobMeter {
        queue: String,
        job: &'static str,
        handles: OnceLock<JobHandles>,
    }

    impl JobMeter {
        pub(crate) fn new(queue: &str, job: &'static str) -> Self {
            Self { queue: queue.to_owned(), job, handles: OnceLock::new() }
        }

        fn handles(&self) -> &JobHandles {
            self.handles.get_or_init(|| {
                let labels = [("queue", self.queue.clone()), ("job", self.job.to_owned())];
                JobHandles {
                    started: counter!(STARTED, &labels),
                    completed: counter!(COMPLETED, &labels),
                    retried: counter!(RETRIED, &labels),
                    failed: counter!(FAILED, &labels),
                    dead_lettered: counter!(DEAD_LETTERED, &labels),
                    wait: histogram!(WAIT, &labels),
                    run: histogram!(RUN, &labels),
                }
            })
        }

        pub(crate) fn started(&self) {
            self.handles().started.increment(1);
        }

        /// A run has ended.
        pub(crate) fn ended(&self, decision: &Decision, times: Times) {
            let handles = self.handles();
            handles.run.record(times.took);
            if let Some(waited) = times.waited {
                handles.wait.record(waited);
            }
            self.settled(decision);
        }

        /// What becomes of a job, with or without a run.
        pub(crate) fn settled(&self, decision: &Decision) {
            let handles = self.handles();
            match &decision.end {
                Transition::Completed { .. } => handles.completed.increment(1),
                Transition::Retried { .. } => handles.retried.increment(1),
                Transition::Failed { .. } => {
                    handles.failed.increment(1);
                    handles.dead_lettered.increment(u64::from(decision.dead_letter.is_some()));
                }
                // Counted for the whole queue, when they are handed back.
                Transition::Released { .. } => {}
            }
        }
    }

    /// Counts what concerns a pump as a whole.
    pub(crate) struct QueueMeter {
        /// Jobs of which no handler is known here.
        pub(crate) unknown: JobMeter,
        released: Counter,
        lost: Counter,
        running: Gauge,
        slots: Gauge,
        /// What the gauges were told by this pump: others may share them.
        alive: usize,
        concurrency: usize,
    }

    impl QueueMeter {
        pub(crate) fn new(queue: &QueueName, concurrency: usize) -> Self {
            describe();
            let labels = [("queue", queue.to_string())];
            let slots = gauge!(SLOTS, &labels);
            slots.increment(concurrency as f64);
            Self {
                unknown: JobMeter::new(queue.as_str(), "unknown"),
                released: counter!(RELEASED, &labels),
                lost: counter!(LOST, &labels),
                running: gauge!(RUNNING, &labels),
                slots,
                alive: 0,
                concurrency,
            }
        }

        /// So many runs are alive now.
        pub(crate) fn running(&mut self, alive: usize) {
            if alive != self.alive {
                self.running.increment(alive as f64 - self.alive as f64);
                self.alive = alive;
            }
        }

        /// So many jobs were handed back.
        pub(crate) fn released(&self, jobs: usize) {
            if jobs > 0 {
                self.released.increment(jobs as u64);
            }
        }

        pub(crate) fn lost(&self) {
            self.lost.increment(1);
        }
    }

    impl Drop for QueueMeter {
        fn drop(&mut self) {
            self.running(0);
            self.slots.decrement(self.concurrency as f64);
        }
    }
}

#[cfg(not(feature = "metrics"))]
mod off {

    /// Counts nothing.
    pub(crate) struct JobMeter;

    impl JobMeter {
        pub(crate) fn new(_queue: &str, _job: &'static str) -> Self {
            Self
        }

        pub(crate) fn started(&self) {}

        pub(crate) fn ended(&self, _ruling: &Decision, _times: Times) {}

        pub(crate) fn settled(&self, _ruling: &Decision) {}
    }

    /// Counts nothing.
    pub(crate) struct QueueMeter {
        pub(crate) unknown: JobMeter,
    }

    impl QueueMeter {
        pub(crate) fn new(_queue: &QueueName, _concurrency: usize) -> Self {
            Self { unknown: JobMeter }
        }

        pub(crate) fn running(&mut self, _alive: usize) {}

        pub(crate) fn released(&self, _jobs: usize) {}

        pub(crate) fn lost(&self) {}
    }
}
