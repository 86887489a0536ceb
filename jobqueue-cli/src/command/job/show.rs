//! `jobqueue job show`.

use anyhow::Result;
use clap::Args;
use jobqueue::{
    JobInfo, Outcome, QueueName,
    steps::{JobSteps, StepsWait},
    types::Value,
};

use super::Which;
use crate::{
    command::job_lines::{FoundJob, payload, tries},
    exit::Exit,
    output::{Output, clean, counted, one_line, span},
    session::Session,
};

/// Shows all that is known of a job.
#[derive(Args, Debug)]
pub(crate) struct Show {
    #[command(flatten)]
    which: Which,
}

impl Show {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let handle = self.which.open(session).await?;
        let (job, queue) = (handle.info().await?, handle.queue().name().clone());
        if session.out.json {
            session.out.json(&FoundJob { queue, job })?;
            return Ok(Exit::Done);
        }
        show(&session.out, &queue, &job)?;
        steps(&session.out, &job, &handle.steps().await?)?;
        Ok(Exit::Done)
    }
}

/// What its runs have recorded, and what it waits for.
fn steps(out: &Output, job: &JobInfo, steps: &JobSteps) -> Result<()> {
    let still = |wait: &&StepsWait| job.due_at == Some(wait.until);
    if let Some(wait) = steps.waits.as_ref().filter(still) {
        let until = out.time(wait.until);
        match wait.signals.as_slice() {
            [] => out.say(format_args!("waits     until {until}"))?,
            signals => {
                let signals = one_line(&signals.join(" or "));
                out.say(format_args!("waits     for the signal {signals}, until {until}"))?;
            }
        }
    }
    for part in &steps.parts {
        let name = one_line(&part.name);
        let nth = if part.nth > 1 { format!(" ({})", part.nth) } else { String::new() };
        let at = out.time(part.recorded_at);
        out.say(format_args!("recorded  {} {name}{nth}, {at}", part.kind))?;
    }
    if steps.undone {
        out.say("undone    what it has done is undone, or being so")?;
    }
    Ok(())
}

fn show(out: &Output, queue: &QueueName, job: &JobInfo) -> Result<()> {
    let name = one_line(job.record.name.as_str());
    out.say(format_args!("{queue} · {name} · {}{}", out.state(job.state), story(out, job)))?;
    let said = |name: &str, text: String| match text.as_str() {
        "" => Ok(()),
        text => out.say(format_args!("{name:<9} {}", clean(text))),
    };
    said("id", job.id.to_string())?;
    for (at, error) in errors(job).into_iter().enumerate() {
        said(if at == 0 { "error" } else { "" }, error)?;
    }
    said("payload", payload(job))?;
    if let Some(result) = job.result::<Value>()? {
        said("result", result.to_string())?;
    }
    if let Some(progress) = job.progress::<Value>()? {
        said("progress", progress.to_string())?;
    }
    said("options", options(job))?;
    said("group", job.record.options.group.clone().unwrap_or_default())?;
    for (key, most) in &job.record.options.concurrency_keys {
        said("key", format!("{key}, {most} at once"))?;
    }
    said("tags", job.record.options.tags.iter().cloned().collect::<Vec<_>>().join(" "))?;
    for (name, value) in &job.record.options.headers {
        said("header", one_line(&format!("{name}: {value}")))?;
    }
    if let Some(reason) = &job.cancel_requested {
        said("cancelled", format!("its run was told to stop: {reason}"))?;
    }
    if let Some(Outcome::Cancelled(reason)) = &job.outcome {
        said("cancelled", reason.to_string())?;
    }
    Ok(())
}

/// Since when it is so, how it got there, and who ran it.
fn story(out: &Output, job: &JobInfo) -> String {
    let mut story = String::new();
    if let Some(ended) = job.finished_at {
        story.push_str(&format!(" {}", out.time(ended)));
    } else if let Some(start) = job.started_at {
        story.push_str(&format!(", started {}", out.time(start)));
    } else if let Some(due) = job.due_at {
        story.push_str(&format!(", due {}", out.time(due)));
    }
    if job.attempts_made > 0 {
        story.push_str(&format!(", attempts {}", tries(job)));
    }
    if job.stalls > 0 {
        story.push_str(&format!(", stalled {}", counted(job.stalls.into(), "time")));
    }
    if let Some(last) = &job.last_run {
        if let Some(waited) = last.waited {
            story.push_str(&format!(", waited {}", span(waited)));
        }
        story.push_str(&format!(", ran {}, on {}", span(last.ran), one_line(&last.by)));
    } else if let Some(worker) = &job.worker {
        story.push_str(&format!(", on {worker}"));
    }
    story.push_str(&format!(", added {}", out.time(job.record.created_at)));
    story
}

/// What ended it, and its attempts, newest first.
fn errors(job: &JobInfo) -> Vec<String> {
    let ended = job.outcome.as_ref().and_then(Outcome::failure);
    let all = ended.into_iter().chain(job.errors.iter().filter(|it| Some(*it) != ended));
    let lines = all.map(|it| {
        let causes: String = it.causes.iter().map(|cause| format!(": {cause}")).collect();
        one_line(&format!("attempt {}, {}: {}{causes}", it.attempt, it.reason, it.message))
    });
    lines.collect()
}

fn options(job: &JobInfo) -> String {
    let options = &job.record.options;
    let mut told = Vec::new();
    if let Some(attempts) = options.attempts {
        told.push(format!("attempts {attempts}"));
    }
    if let Some(timeout) = options.timeout {
        told.push(format!("timeout {}", span(timeout)));
    }
    if let Some(backoff) = options.backoff {
        told.push(format!("backoff {backoff:?}"));
    }
    if job.priority != 0 {
        told.push(format!("priority {}", job.priority));
    }
    if let Some(unique) = &options.unique {
        told.push(format!("unique {:?}", unique.key));
    }
    if let Some(schedule) = &options.schedule {
        told.push(format!("schedule {}", schedule.id));
    }
    told.join(", ")
}
