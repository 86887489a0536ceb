//! A contestant's main loop.

use std::{io::Write as _, sync::Arc, time::Duration};

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines, Stdin};

use crate::{
    Answer, Kind, Peer, Percentiles, Process, Result, Tally, Task, latency, produce,
    running::Running,
};

/// How often a worker says how much has run.
const REPORT: Duration = Duration::from_millis(10);

/// Connects to the server that `REDIS_URL` names and does the tasks of standard input, until that
/// ends.
///
/// # Errors
/// The server can't be reached, or standard input has lines that are no tasks.
pub async fn serve<P: Peer>() -> Result<()> {
    let url = std::env::var("REDIS_URL")?;
    let peer = Arc::new(P::connect(&url).await?);
    say(&Answer::Hello(peer.hello()))?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let answer = match serde_json::from_str(&line)? {
            Task::Add(add) => produce::produce(&peer, add).await,
            Task::Process(task) => process(&peer, task, &mut lines).await,
            Task::Latency(task) => latency::measure(&peer, task).await,
            Task::Stop => Err("nothing is running".into()),
        };
        say(&answer.unwrap_or_else(|error| Answer::Error(error.to_string())))?;
    }
    Ok(())
}

fn say(answer: &Answer) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(answer)?)?;
    Ok(out.flush()?)
}

/// Runs a worker until standard input says to stop.
async fn process<P: Peer>(
    peer: &Arc<P>,
    task: Process,
    lines: &mut Lines<BufReader<Stdin>>,
) -> Result<Answer> {
    let tally = Tally::new(task.jobs, task.kind, matches!(task.kind, Kind::Due { .. }));
    let mut worker = Running::start(peer, task.slots, task.keep, &tally);
    let mut ticks = tokio::time::interval(REPORT);
    let mut said = 0;
    loop {
        tokio::select! {
            _ = lines.next_line() => break,
            stopped = worker.stopped() => stopped?,
            _ = ticks.tick() => {
                if tally.ran() != said {
                    said = tally.ran();
                    say(&Answer::Ran(said))?;
                }
            }
        }
    }
    worker.end().await?;
    Ok(tally.done(lateness(&tally, task)))
}

/// How long after their due time jobs began.
fn lateness(tally: &Tally, task: Process) -> Option<Percentiles> {
    let late = |index| {
        let due = task.kind.due_ms(index, task.jobs)?;
        let began = tally.began_ms(index);
        (began > 0.0).then_some(began - due)
    };
    Percentiles::of((0..task.jobs).filter_map(late).collect())
}
