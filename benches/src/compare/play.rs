//! One play: one contestant, one scenario, one empty Redis.

use std::time::Duration;

use jobqueue_bench_peer::{Add, Answer, How, Kind, Percentiles, Process, Result, Task, now_ms};

use super::{Contest, Contestant, Reading, Scenario, hold, scenario::Step};
use crate::Server;

/// Jobs that each process adds, and runs if it is to run any, before anything counts: connections,
/// scripts, a JIT compiler.
const WARM: usize = 2_000;

/// How long the adding of 10,000 delayed jobs may take before the first is due, in milliseconds.
const AHEAD_PER_10_000: f64 = 2_500.0;

/// One contestant's turn.
#[derive(Debug)]
pub struct Play<'a> {
    /// What is played.
    pub scenario: &'a Scenario,
    /// The server's accounts.
    pub server: &'a mut Server,
    processes: Vec<Contest>,
}

/// What a contestant says of its turn, proven where jobs were run.
struct Outcome {
    jobs: usize,
    seconds: f64,
    waits: Option<Percentiles>,
}

/// What is read before and after.
struct Marks {
    redis_cpu: Duration,
    client_cpu: Duration,
    commands: u64,
    reads: u64,
}

impl<'a> Play<'a> {
    /// Starts as many processes as the scenario asks for and warms them up. `None` if the
    /// contestant lacks what the scenario needs.
    ///
    /// # Errors
    /// It doesn't start, or fails at the first jobs.
    pub async fn start(
        contestant: &Contestant,
        scenario: &'a Scenario,
        server: &'a mut Server,
        url: &str,
    ) -> Result<Option<Self>> {
        server.empty().await?;
        let mut processes = Vec::new();
        for _ in 0..scenario.processes {
            let contest = hold(contestant, url).await?;
            if scenario.needs.iter().any(|need| contest.hello().lacks(need)) {
                return Ok(None);
            }
            processes.push(contest);
        }
        let mut play = Self { scenario, server, processes };
        play.warm().await?;
        Ok(Some(play))
    }

    async fn warm(&mut self) -> Result<()> {
        let slots = match self.scenario.step {
            Step::Process(process, _) | Step::Both(_, process) => Some(process.slots),
            Step::Latency(latency) => Some(latency.slots),
            Step::Add(_) => None,
        };
        let how = self.fastest();
        let jobs = if slots == Some(1) { WARM / 4 } else { WARM };
        let kind = Kind::Plain;
        for at in 0..self.processes.len() {
            let add = Add { how, jobs, bytes: 100, kind };
            self.add(at, add).await?;
            // Who only adds need not start a worker, and wait for its end.
            if let Some(slots) = slots {
                let process = Process { slots, keep: 0, jobs, kind };
                run(&mut self.processes[at..=at], process, jobs).await?;
            }
            self.server.empty().await?;
        }
        Ok(())
    }

    /// The contestant's fastest way to add.
    fn fastest(&self) -> How {
        if self.processes[0].hello().lacks("bulk") { How::Tasks } else { How::Bulk }
    }

    /// The version of the contestant's package.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.processes[0].hello().version
    }

    /// Plays, and reads what it took.
    ///
    /// # Errors
    /// Something failed, or a job didn't run exactly as often as it should have.
    pub async fn play(mut self) -> Result<Reading> {
        let mut step = self.scenario.step;
        if let Some(mut before) = self.scenario.before {
            if let (Kind::Due { within_ms, .. }, Step::Process(process, _)) =
                (before.kind, &mut step)
            {
                let ahead = AHEAD_PER_10_000 * before.jobs as f64 / 10_000.0;
                let kind = Kind::Due { from_ms: now_ms() + ahead, within_ms };
                (before.kind, process.kind) = (kind, kind);
            }
            before.how = self.fastest();
            self.add(0, before).await?;
        }
        let marks = self.marks().await?;
        let outcome = match step {
            Step::Add(add) => {
                Outcome { jobs: add.jobs, seconds: self.add(0, add).await?, waits: None }
            }
            Step::Process(process, jobs) => self.process(process, jobs).await?,
            Step::Both(add, process) => {
                let added = self.add(0, add).await?;
                let mut outcome = self.process(process, process.jobs).await?;
                outcome.seconds += added;
                outcome
            }
            Step::Latency(latency) => {
                self.processes[0].tell(&Task::Latency(latency)).await?;
                let answer = self.processes[0].answer().await?;
                let proof = proven(&[answer], latency.jobs, latency.jobs, 1)?;
                Outcome { jobs: latency.jobs, seconds: f64::NAN, waits: proof.waits }
            }
        };
        self.reading(&marks, outcome).await
    }

    async fn add(&mut self, at: usize, add: Add) -> Result<f64> {
        self.processes[at].tell(&Task::Add(add)).await?;
        match self.processes[at].answer().await? {
            Answer::Added(seconds) => Ok(seconds),
            other => Err(format!("{other:?} came instead of what was added").into()),
        }
    }

    async fn process(&mut self, process: Process, jobs: usize) -> Result<Outcome> {
        let (began, each) = (now_ms(), self.scenario.runs_each());
        let answers = run(&mut self.processes, process, jobs * each).await?;
        let proof = proven(&answers, process.jobs, jobs, each)?;
        let seconds = (proof.last_ms - began) / 1e3;
        Ok(Outcome { jobs: proof.runs / each, seconds, waits: proof.waits })
    }

    async fn marks(&mut self) -> Result<Marks> {
        Ok(Marks {
            commands: self.server.commands().await?.iter().map(|(_, calls, _)| calls).sum(),
            reads: self.server.reads().await?,
            client_cpu: self.processes.iter().map(Contest::cpu).sum(),
            redis_cpu: self.server.cpu().await?,
        })
    }

    async fn reading(&mut self, marks: &Marks, outcome: Outcome) -> Result<Reading> {
        let now = self.marks().await?;
        Ok(Reading {
            jobs: outcome.jobs,
            seconds: outcome.seconds,
            redis_cpu: (now.redis_cpu - marks.redis_cpu).as_secs_f64(),
            client_cpu: now.client_cpu.saturating_sub(marks.client_cpu).as_secs_f64(),
            commands: now.commands - marks.commands,
            reads: now.reads - marks.reads,
            // Of all that is there now, whichever step has put it there.
            bytes: i64::try_from(self.server.memory().await?)? - i64::try_from(self.server.bare())?,
            waits: outcome.waits,
        })
    }
}

/// Runs jobs in all processes until so many have run, and gives their accounts.
async fn run(processes: &mut [Contest], process: Process, runs: usize) -> Result<Vec<Answer>> {
    for contest in &mut *processes {
        contest.tell(&Task::Process(process)).await?;
    }
    let mut ran = vec![0; processes.len()];
    while ran.iter().sum::<usize>() < runs {
        let answers = processes.iter_mut().map(|contest| Box::pin(contest.answer()));
        let (answer, at, _) = futures_util::future::select_all(answers).await;
        match answer? {
            Answer::Ran(so_far) => ran[at] = so_far,
            other => return Err(format!("{other:?} came while jobs were run").into()),
        }
    }
    let mut done = Vec::new();
    for contest in &mut *processes {
        contest.tell(&Task::Stop).await?;
    }
    for contest in processes {
        loop {
            match contest.answer().await? {
                Answer::Ran(_) => {}
                answer => break done.push(answer),
            }
        }
    }
    Ok(done)
}

/// What accounts prove.
struct Proof {
    runs: usize,
    last_ms: f64,
    waits: Option<Percentiles>,
}

/// Checks that each job ran as often as it should have, over all processes; if fewer than all were
/// asked for, that at least so many ran and none too often.
fn proven(answers: &[Answer], jobs: usize, asked: usize, each: usize) -> Result<Proof> {
    let mut counts = vec![0_usize; jobs];
    let mut proof = Proof { runs: 0, last_ms: 0.0, waits: None };
    for answer in answers {
        let Answer::Done { counts: digits, last_ms, waits } = answer else {
            return Err(format!("{answer:?} came instead of an account").into());
        };
        for (count, digit) in counts.iter_mut().zip(digits.bytes()) {
            *count += usize::from(digit - b'0');
        }
        proof.last_ms = proof.last_ms.max(*last_ms);
        proof.waits = proof.waits.or(*waits);
    }
    proof.runs = counts.iter().sum();
    let wrong =
        counts.iter().filter(|&&count| count > each || asked == jobs && count < each).count();
    if wrong > 0 || proof.runs < asked * each {
        let runs = proof.runs;
        return Err(format!("{wrong} of {jobs} jobs didn't run {each} times; {runs} runs").into());
    }
    Ok(proof)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(counts: &str) -> Answer {
        Answer::Done { counts: counts.to_owned(), last_ms: 5.0, waits: None }
    }

    #[test]
    fn every_job_must_have_run_as_often_as_it_should() {
        assert!(proven(&[done("101"), done("010")], 3, 3, 1).is_ok());
        assert!(proven(&[done("101"), done("110")], 3, 3, 1).is_err(), "one ran twice");
        assert!(proven(&[done("101")], 3, 3, 1).is_err(), "one didn't run");
        assert!(proven(&[done("101")], 3, 2, 1).is_ok(), "two were asked for");
        assert!(proven(&[done("222")], 3, 3, 2).is_ok());
        assert!(proven(&[done("221")], 3, 3, 2).is_err());
    }
}
