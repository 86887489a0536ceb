//! Metrics for the `metrics` facade, with the feature of that name; without it, nothing is counted.
//!
//! Handles are made when they are first used, and kept: a run costs a few calls on them, and with
//! no recorder installed those do nothing.

#[cfg(feature = "metrics")]
pub(crate) use on::{JobMetrics, QueueMetrics};

#[cfg(not(feature = "metrics"))]
pub(crate) use off::{JobMetrics, QueueMetrics};

#[cfg(feature = "metrics")]
mod on {
    use std::sync::OnceLock;

    use metrics::{Counter, Gauge, Histogram, Unit, counter, gauge, histogram};

    use crate::{
        job::{QueueName, Transition},
        settle::Decision,
        worker::telemetry::times::Times,
    };

    const STARTED: &str = "jobqueue_worker_started_total";
    const COMPLETED: &str = "jobqueue_worker_completed_total";
    const RETRIED: &str = "jobqueue_worker_retried_total";
    const FAILED: &str = "jobqueue_worker_failed_total";
    const DEAD_LETTERED: &str = "jobqueue_worker_dead_lettered_total";
    const RELEASED: &str = "jobqueue_worker_released_total";
    const CANCELLED: &str = "jobqueue_worker_cancelled_total";
    const LOST: &str = "jobqueue_worker_lost_total";
    const WAIT: &str = "jobqueue_worker_wait_seconds";
    const RUN: &str = "jobqueue_worker_run_seconds";
    const BATCH: &str = "jobqueue_worker_batch_jobs";
    const RUNNING: &str = "jobqueue_worker_running";
    const SLOTS: &str = "jobqueue_worker_slots";

    /// Describes the names to the recorder.
    fn describe() {
        metrics::describe_counter!(STARTED, "Runs that began.");
        metrics::describe_counter!(COMPLETED, "Runs that succeeded.");
        metrics::describe_counter!(RETRIED, "Runs that failed, and whose jobs are retried.");
        metrics::describe_counter!(FAILED, "Jobs that failed for good.");
        metrics::describe_counter!(DEAD_LETTERED, "Jobs that went to a dead-letter queue.");
        metrics::describe_counter!(RELEASED, "Jobs released without a run that counts.");
        metrics::describe_counter!(CANCELLED, "Jobs cancelled while the worker held them.");
        metrics::describe_counter!(LOST, "Jobs that were lost with the worker's lease.");
        metrics::describe_histogram!(WAIT, Unit::Seconds, "How long first attempts waited.");
        metrics::describe_histogram!(RUN, Unit::Seconds, "How long runs took.");
        metrics::describe_histogram!(BATCH, "How many jobs batches had.");
        metrics::describe_gauge!(RUNNING, "Runs that are alive, a batch as one.");
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
    pub(crate) struct JobMetrics {
        queue: String,
        job: &'static str,
        handles: OnceLock<JobHandles>,
        /// Of a handler that runs batches.
        batch: OnceLock<Histogram>,
    }

    impl JobMetrics {
        pub(crate) fn new(queue: &str, job: &'static str) -> Self {
            Self { queue: queue.to_owned(), job, handles: OnceLock::new(), batch: OnceLock::new() }
        }

        fn labels(&self) -> [(&'static str, String); 2] {
            [("queue", self.queue.clone()), ("job", self.job.to_owned())]
        }

        fn handles(&self) -> &JobHandles {
            self.handles.get_or_init(|| {
                let labels = self.labels();
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

        /// A batch of so many jobs has started.
        pub(crate) fn batch(&self, jobs: usize) {
            let histogram = self.batch.get_or_init(|| histogram!(BATCH, &self.labels()));
            histogram.record(jobs as f64);
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

        /// A job's decision is made, with or without a run.
        pub(crate) fn settled(&self, decision: &Decision) {
            let handles = self.handles();
            match &decision.end {
                Transition::Completed { .. } => handles.completed.increment(1),
                Transition::Retried { .. } => handles.retried.increment(1),
                Transition::Failed { .. } => {
                    handles.failed.increment(1);
                    handles.dead_lettered.increment(u64::from(decision.dead_letter.is_some()));
                }
                // Counted for the whole queue, when they are settled.
                Transition::Released { .. }
                | Transition::Suspended(_)
                | Transition::Unstarted { .. }
                | Transition::Cancelled { .. } => {}
            }
        }
    }

    /// Counts for a pump as a whole.
    pub(crate) struct QueueMetrics {
        /// Jobs that have no handler here.
        pub(crate) unknown: JobMetrics,
        released: Counter,
        cancelled: Counter,
        lost: Counter,
        running: Gauge,
        slots: Gauge,
        /// This pump's share of the gauges, which other pumps may share.
        alive: usize,
        concurrency: usize,
    }

    impl QueueMetrics {
        pub(crate) fn new(queue: &QueueName, concurrency: usize) -> Self {
            describe();
            let labels = [("queue", queue.to_string())];
            let slots = gauge!(SLOTS, &labels);
            slots.increment(concurrency as f64);
            Self {
                unknown: JobMetrics::new(queue.as_str(), "unknown"),
                released: counter!(RELEASED, &labels),
                cancelled: counter!(CANCELLED, &labels),
                lost: counter!(LOST, &labels),
                running: gauge!(RUNNING, &labels),
                slots,
                alive: 0,
                concurrency,
            }
        }

        /// Sets the number of live runs.
        pub(crate) fn running(&mut self, alive: usize) {
            if alive != self.alive {
                self.running.increment(alive as f64 - self.alive as f64);
                self.alive = alive;
            }
        }

        /// Jobs were released.
        pub(crate) fn released(&self, jobs: usize) {
            if jobs > 0 {
                self.released.increment(jobs as u64);
            }
        }

        pub(crate) fn cancelled(&self) {
            self.cancelled.increment(1);
        }

        pub(crate) fn lost(&self) {
            self.lost.increment(1);
        }
    }

    impl Drop for QueueMetrics {
        fn drop(&mut self) {
            self.running(0);
            self.slots.decrement(self.concurrency as f64);
        }
    }
}

#[cfg(not(feature = "metrics"))]
mod off {
    use crate::{job::QueueName, settle::Decision, worker::telemetry::times::Times};

    /// Counts nothing.
    pub(crate) struct JobMetrics;

    impl JobMetrics {
        pub(crate) fn new(_queue: &str, _job: &'static str) -> Self {
            Self
        }

        pub(crate) fn started(&self) {}

        pub(crate) fn batch(&self, _jobs: usize) {}

        pub(crate) fn ended(&self, _decision: &Decision, _times: Times) {}

        pub(crate) fn settled(&self, _decision: &Decision) {}
    }

    /// Counts nothing.
    pub(crate) struct QueueMetrics {
        pub(crate) unknown: JobMetrics,
    }

    impl QueueMetrics {
        pub(crate) fn new(_queue: &QueueName, _concurrency: usize) -> Self {
            Self { unknown: JobMetrics }
        }

        pub(crate) fn running(&mut self, _alive: usize) {}

        pub(crate) fn released(&self, _jobs: usize) {}

        pub(crate) fn cancelled(&self) {}

        pub(crate) fn lost(&self) {}
    }
}
