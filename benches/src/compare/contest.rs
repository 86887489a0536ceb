//! A contestant's process, which is told tasks and answers.

use std::{process::Stdio, time::Duration};

use jobqueue_bench_peer::{Answer, Hello, Result, Task};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use super::Contestant;

/// After so long without a word a contestant is given up.
const SILENCE: Duration = Duration::from_secs(240);

/// A contestant's running process. It ends with this value.
#[derive(Debug)]
pub struct Contest {
    process: Child,
    tasks: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    hello: Hello,
}

/// Starts a contestant, which connects to `url`.
///
/// # Errors
/// It doesn't start, or can't connect.
pub async fn hold(contestant: &Contestant, url: &str) -> Result<Contest> {
    let (program, arguments) = contestant.command.split_first().ok_or("no program")?;
    let mut process = Command::new(program)
        .args(arguments)
        .env("REDIS_URL", url)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    let tasks = process.stdin.take().ok_or("no standard input")?;
    let output = process.stdout.take().ok_or("no standard output")?;
    let hello = Hello::new("", &[]);
    let answers = BufReader::new(output).lines();
    let mut contest = Contest { process, tasks, answers, hello };
    match contest.answer().await? {
        Answer::Hello(hello) => contest.hello = hello,
        other => return Err(format!("{other:?} came instead of a greeting").into()),
    }
    Ok(contest)
}

impl Contest {
    /// Who it is.
    #[must_use]
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Tells it to do something.
    ///
    /// # Errors
    /// It has gone.
    pub async fn tell(&mut self, task: &Task) -> Result<()> {
        let line = format!("{}\n", serde_json::to_string(task)?);
        Ok(self.tasks.write_all(line.as_bytes()).await?)
    }

    /// Its next answer.
    ///
    /// # Errors
    /// It has gone, is silent for too long, or says that it could not do what it was told.
    pub async fn answer(&mut self) -> Result<Answer> {
        loop {
            let line = timeout(SILENCE, self.answers.next_line()).await??.ok_or("it has ended")?;
            // Libraries may print lines of their own.
            if !line.starts_with('{') {
                continue;
            }
            match serde_json::from_str(&line)? {
                Answer::Error(error) => return Err(error.into()),
                answer => return Ok(answer),
            }
        }
    }

    /// Lets the process end by itself, which it does when it has no more tasks.
    ///
    /// # Errors
    /// It doesn't end well.
    pub async fn end(self) -> Result<()> {
        let Self { mut process, tasks, .. } = self;
        drop(tasks);
        let status = timeout(SILENCE, process.wait()).await??;
        if status.success() { Ok(()) } else { Err(format!("it ended with {status}").into()) }
    }

    /// CPU time that the process has used, all threads.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        let Some(stat) = self
            .process
            .id()
            .and_then(|id| std::fs::read_to_string(format!("/proc/{id}/stat")).ok())
        else {
            return Duration::ZERO;
        };
        // After the name, which may hold anything, in parentheses: fields 3 and on; 14 and 15 are
        // hundredths of a second in user and in kernel mode.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let ticks: u64 =
            fields.split_whitespace().skip(11).take(2).filter_map(|t| t.parse::<u64>().ok()).sum();
        Duration::from_millis(ticks * 10)
    }
}
