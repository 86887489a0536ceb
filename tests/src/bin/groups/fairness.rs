//! One group of 100,000 jobs beside 99 of ten, weights, and one that comes to a million.

use std::{collections::HashMap, time::Duration};

use jobqueue::{Client, Queue};
use jobqueue_tests::{
    report::{Played, Report},
    server::RedisServer,
};

type Failed = Box<dyn std::error::Error + Send + Sync>;

async fn fill(queue: &Queue, group: &str, jobs: u32) -> Result<(), Failed> {
    for first in (0..jobs).step_by(1_000) {
        let some = first..jobs.min(first + 1_000);
        queue.add_all("work", some.map(|_| group.to_owned())).group(group).await?;
    }
    Ok(())
}

/// The groups of the next jobs, in their order.
async fn next(queue: &Queue, jobs: usize) -> Result<Vec<String>, Failed> {
    let mut groups = Vec::new();
    while groups.len() < jobs {
        let some = queue.receive((jobs - groups.len()).min(100), Duration::from_secs(5)).await?;
        if some.is_empty() {
            return Err("the jobs are over".into());
        }
        for job in some {
            groups.push(job.payload::<String>()?);
            job.complete().await?;
        }
    }
    Ok(groups)
}

pub(crate) async fn play(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await?;

    let queue = client.queue("fair")?;
    fill(&queue, "big", 100_000).await?;
    for small in 0..99 {
        fill(&queue, &format!("small-{small}"), 10).await?;
    }
    let (mut turns, mut small) = (0, 0);
    while small < 990 {
        for group in next(&queue, 50).await? {
            if group == "big" { turns += 1 } else { small += 1 }
        }
    }
    report.check(
        "turns of a group of 100,000 until 99 groups of 10 are done",
        turns,
        "less than 1,000",
        turns < 1_000,
    );

    let queue = client.queue("weights")?;
    queue.groups().set_weight("three", 3).await?;
    for group in ["three", "one"] {
        fill(&queue, group, 3_000).await?;
    }
    let mut had: HashMap<String, u32> = HashMap::new();
    for group in next(&queue, 2_000).await? {
        *had.entry(group).or_default() += 1;
    }
    let share = f64::from(had["three"]) / f64::from(had["one"]);
    report.check("weights 3 : 1", format!("{share:.3} : 1"), "within 5 %", (2.85..=3.15).contains(&share));

    let queue = client.queue("late")?;
    fill(&queue, "big", 1_000_000).await?;
    next(&queue, 100).await?;
    fill(&queue, "late", 1).await?;
    let at = next(&queue, 10).await?.iter().position(|group| group == "late");
    report.check(
        "jobs before the first one of a newcomer, 1,000,000 waiting in another group",
        at.map_or("more than 10".to_owned(), |at| at.to_string()),
        "at most 1",
        at.is_some_and(|at| at <= 1),
    );
    Ok(())
}
