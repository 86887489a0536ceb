//! Topics: a message that is published once arrives once in every queue that is bound.

mod bind;
mod keep;
mod relay;
mod stuck;
mod subscribe;

use jobqueue::{Client, JobInfo, JobState};
use jobqueue_tests::wait;

/// Waits until `count` jobs wait in a queue.
async fn arrived(client: &Client, queue: &str, count: u64) -> Vec<JobInfo> {
    let queue = client.queue(queue).expect("a good name");
    let waiting = async || queue.counts().await.expect("counted").waiting >= count;
    wait::eventually("messages to arrive", waiting).await;
    queue.jobs(JobState::Waiting).page(0, 1_000).await.expect("read")
}

/// The payloads of jobs, sorted.
fn payloads(jobs: &[JobInfo]) -> Vec<u32> {
    let read = |job: &JobInfo| job.record.codec.decode(&job.record.payload).expect("a number");
    let mut all: Vec<u32> = jobs.iter().map(read).collect();
    all.sort_unstable();
    all
}
