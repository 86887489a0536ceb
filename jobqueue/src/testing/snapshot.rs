//! A queue as text, the same at each run of a test.

use std::{fmt::Write as _, time::Duration};

use serde_json::Value;

use super::{TestQueue, names::rename};
use crate::{
    error::Result,
    job::{DeadLetter, JobFailure, JobInfo, JobState, Outcome},
    queue::Queue,
};

/// How many jobs are read at once.
const PAGE: u64 = 500;

impl TestQueue {
    /// A queue as text: its jobs by their states, with names, payloads, attempts, times and errors.
    /// The same at each run of the test: ids are numbered in the order of the adds, and times are
    /// counted from now. Made for `insta` and the like.
    ///
    /// ```
    /// # use jobqueue::{job, testing::TestQueue, DurationExt, Error, Failure};
    /// # #[job(queue = "payments", backoff = fixed("30s"))]
    /// # async fn charge(cents: u64) -> Result<String, Failure> {
    /// #     if cents > 100 { Ok("paid".to_owned()) } else { Err(Failure::retry("too little")) }
    /// # }
    /// # jobqueue::testing::run(async |app: TestQueue| -> Result<(), Error> {
    /// let app = app.handler(charge);
    /// app.client().add(charge, 1_250).await?;
    /// app.client().add(charge, 7).await?;
    /// app.run_until_idle().await?;
    /// app.client().add(charge, 99).header("card", "gold").priority(-5).await?;
    /// let expected = "\
    /// queue payments
    ///   waiting
    ///     job-3 charge 99 priority=-5 card=gold
    ///   delayed
    ///     job-2 charge 7 due=+30s attempt=2
    ///       attempt 1: error: too little
    ///   completed
    ///     job-1 charge 1250 result=\"paid\"
    /// ";
    /// assert_eq!(app.snapshot("payments").await?, expected);
    /// # Ok(())
    /// # }).expect("it passes");
    /// ```
    ///
    /// # Errors
    /// The queue's name is invalid, and those of any call.
    pub async fn snapshot(&self, queue: impl AsRef<str>) -> Result<String> {
        let queue = self.client.queue(queue)?;
        let counts = queue.counts().await?;
        let mut text = format!("queue {}", queue.name());
        text.push_str(if counts.paused { ", paused\n" } else { "\n" });
        for state in JobState::ALL {
            let jobs = all(&queue, state).await?;
            if !jobs.is_empty() {
                let _ = writeln!(text, "  {state}");
            }
            for job in jobs {
                self.write(&job, &mut text);
            }
        }
        Ok(self.stage.with_names(|names| rename(&text, names)))
    }

    fn write(&self, job: &JobInfo, text: &mut String) {
        let _ = write!(text, "    {} {}", job.id, job.record.name);
        let dead_letter = DeadLetter::of(&job.record).and_then(Result::ok);
        match &dead_letter {
            Some(dead) => {
                let _ = write!(text, " of {} in {}: {}", dead.id, dead.queue, line(&dead.failure));
            }
            None => match job.payload::<Value>() {
                Ok(payload) => drop(write!(text, " {payload}")),
                Err(error) => drop(write!(text, " ({error})")),
            },
        }
        for (name, value) in self.properties(job) {
            let _ = write!(text, " {name}={value}");
        }
        text.push('\n');
        for error in job.errors.iter().rev() {
            let _ = writeln!(text, "      attempt {}: {}", error.attempt, line(error));
        }
    }

    /// What isn't as usual.
    fn properties(&self, job: &JobInfo) -> Vec<(String, String)> {
        let mut add = Vec::new();
        if let Some(due) = job.due_at {
            add.push((
                "due",
                format!(
                    "+{}",
                    short(
                        (self.server.in_test_time(due) - self.now()).to_std().unwrap_or_default()
                    )
                ),
            ));
        }
        if !job.state.is_final() && job.attempts_made > 0 {
            add.push(("attempt", (job.attempts_made + 1).to_string()));
        }
        if job.stalls > 0 {
            add.push(("stalls", job.stalls.to_string()));
        }
        if job.priority != 0 {
            add.push(("priority", job.priority.to_string()));
        }
        if let Ok(Some(progress)) = job.progress::<Value>() {
            add.push(("progress", progress.to_string()));
        }
        match &job.outcome {
            Some(Outcome::Completed { .. }) => {
                let result = job.result::<Value>().ok().flatten();
                let result = result.filter(|result| !result.is_null());
                add.extend(result.map(|result| ("result", result.to_string())));
            }
            Some(Outcome::DeadLettered { queue, .. }) => {
                add.push(("dead-letter", queue.to_string()));
            }
            Some(Outcome::Failed(failure)) if job.errors.is_empty() => {
                add.push(("failed", line(failure)));
            }
            Some(Outcome::Cancelled(reason)) => {
                let said = [("by", &reason.by), ("reason", &reason.reason)];
                let said = said.into_iter().filter_map(|(name, said)| Some((name, said.as_ref()?)));
                add.extend(said.map(|(name, said)| (name, format!("{said:?}"))));
            }
            _ => {}
        }
        let add = add.into_iter().map(|(name, value)| (name.to_owned(), value));
        // A trace is another one each time.
        let headers = job.record.options.headers.iter();
        let headers = headers.filter(|(name, _)| !name.starts_with("trace"));
        add.chain(headers.map(|(name, value)| (word(name), word(value)))).collect()
    }
}

async fn all(queue: &Queue, state: JobState) -> Result<Vec<JobInfo>> {
    let mut jobs = Vec::new();
    loop {
        let page = queue.jobs(state).page(jobs.len() as u64, PAGE).await?;
        if page.is_empty() {
            return Ok(jobs);
        }
        jobs.extend(page);
    }
}

/// A failure without its attempt, which stands elsewhere.
fn line(failure: &JobFailure) -> String {
    let mut line = format!("{}: {}", failure.reason, failure.message);
    for cause in &failure.causes {
        let _ = write!(line, ": {cause}");
    }
    let shown = line
        .chars()
        .map(|it| if it.is_control() { it.escape_default().to_string() } else { it.to_string() });
    shown.collect()
}

/// A text that a reader can tell from what stands around it: in quotes, if it isn't one word.
fn word(text: &str) -> String {
    let apart = |it: char| it.is_whitespace() || it.is_control() || "\"=\\".contains(it);
    if text.is_empty() || text.contains(apart) { format!("{text:?}") } else { text.to_owned() }
}

/// A time in its two largest units: `2d`, `1h30m`, `250ms`.
fn short(time: Duration) -> String {
    let ms = time.as_millis();
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
    let (mut rest, mut text, mut parts) = (ms, String::new(), 0);
    for (unit, length) in units {
        if rest >= length && parts < 2 {
            let _ = write!(text, "{}{unit}", rest / length);
            rest %= length;
            parts += 1;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_one_word_stands_in_quotes() {
        assert_eq!([word("gold"), word("a b"), word("x=1\n")], ["gold", "\"a b\"", "\"x=1\\n\""]);
        assert_eq!([word(""), word("\"")], ["\"\"", "\"\\\"\""]);
    }

    #[test]
    fn times_are_short() {
        let text = |ms| short(Duration::from_millis(ms));
        assert_eq!([text(0), text(250), text(90_000)], ["0s", "250ms", "1m30s"]);
        assert_eq!([text(172_800_000), text(90_061_001)], ["2d", "1d1h"]);
    }
}
