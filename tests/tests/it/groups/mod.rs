//! Groups: a queue is shared fairly among them.

mod limits;
mod moves;
mod order;
mod random;

use jobqueue::{Client, JobState, Queue};

/// The payloads of the next jobs, in the order in which they are handed out, each completed before the
/// next.
async fn next(queue: &Queue, n: usize) -> Vec<u32> {
    let mut taken = Vec::new();
    for _ in 0..n {
        let job =
            queue.receive(1, std::time::Duration::from_secs(1)).await.expect("received").pop();
        let job = job.expect("a job waits");
        taken.push(job.payload().expect("a number"));
        job.complete().await.expect("settled");
    }
    taken
}

/// The payloads of the next jobs, as one call hands them out.
async fn batch(queue: &Queue, n: usize) -> Vec<u32> {
    let jobs = queue.receive(n, std::time::Duration::from_secs(1)).await.expect("received");
    let mut taken = Vec::new();
    for job in jobs {
        taken.push(job.payload().expect("a number"));
        job.complete().await.expect("settled");
    }
    taken
}

/// Adds jobs with these payloads, one after another.
async fn add(queue: &Queue, group: Option<&str>, payloads: impl IntoIterator<Item = u32>) {
    for payload in payloads {
        let add = queue.add("work", &payload);
        let add = if let Some(group) = group { add.group(group) } else { add };
        add.await.expect("added");
    }
}

fn queue(client: &Client) -> Queue {
    client.queue("orders").expect("a good name")
}

/// How many jobs wait.
async fn waiting(queue: &Queue) -> u64 {
    queue.counts().await.expect("read").of(JobState::Waiting)
}
