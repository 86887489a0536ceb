//! A queue, two workers and a few helpers.

use std::{
    collections::HashMap,
    future::pending,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use jobqueue::{Client, Context, Failure, Queue, Result, State, Worker, WorkerHandle, job};
use serde::{Deserialize, Serialize};
use tokio::{sync::Notify, task::JoinHandle, time::timeout};

/// The queue.
pub(super) const QUEUE: &str = "sequence";

/// A job that doesn't start within this time is given up.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a job does.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Step {
    /// Its number, which no other has.
    pub(super) n: u64,
    /// Whether the first attempt fails, and after how many ms the next is due.
    pub(super) retry: Option<u64>,
}

/// When runs began.
#[derive(Clone, Debug, Default)]
pub(super) struct Board(Arc<(Mutex<HashMap<u64, Instant>>, Notify)>);

impl Board {
    fn note(&self, n: u64) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).entry(n).or_insert(Instant::now());
        self.0.1.notify_waiters();
    }

    fn took(&self, n: u64) -> Option<Instant> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&n)
    }
}

#[job(queue = "sequence", attempts = 2, retain = none)]
async fn step(step: Step, board: State<Board>, ctx: Context) -> Result<(), Failure> {
    if let Some(ms) = step.retry.filter(|_| ctx.attempt() == 1) {
        return Err(Failure::retry_after(Duration::from_millis(ms), "again"));
    }
    board.note(step.n);
    Ok(())
}

#[job(queue = "sequence")]
async fn something_else(_n: u64) {}

/// A worker in the background.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) handle: WorkerHandle,
    task: JoinHandle<Result<()>>,
}

impl Running {
    fn start(worker: Worker) -> Self {
        Self { handle: worker.handle(), task: tokio::spawn(worker.run_until(pending())) }
    }

    pub(super) async fn stop(self) -> Result<()> {
        self.handle.stop(Duration::from_secs(5));
        self.task.await.unwrap_or(Err(jobqueue::Error::Closed))
    }
}

#[derive(Debug)]
pub(super) struct Stage {
    pub(super) client: Client,
    pub(super) queue: Queue,
    pub(super) workers: [Running; 2],
    board: Board,
    random: fastrand::Rng,
}

impl Stage {
    pub(super) async fn set(url: &str, seed: u64) -> Result<Self> {
        let client = Client::connect(url).await?;
        let (queue, board) = (client.queue(QUEUE)?, Board::default());
        client.topic("news")?.bind(QUEUE, "#").job("step").await?;
        let workers = [Self::worker(&client, &board, 3)?, Self::worker(&client, &board, 1)?];
        Ok(Self { client, queue, workers, board, random: fastrand::Rng::with_seed(seed) })
    }

    fn worker(client: &Client, board: &Board, slots: usize) -> Result<Running> {
        let builder = Worker::builder(client).handler(step).state(board.clone());
        Ok(Running::start(builder.concurrency(slots).build()?))
    }

    /// A worker that doesn't know the jobs.
    pub(super) fn stranger(&self) -> Result<Running> {
        let builder = Worker::builder(&self.client).handler(something_else);
        let patient = builder.unknown_names(Duration::from_millis(15), 1_000_000);
        Ok(Running::start(patient.build()?))
    }

    /// Puts another worker in the place of this one, and answers this.
    pub(super) fn replace(&mut self, worker: usize) -> Result<Running> {
        let slots = self.random.usize(1..4);
        let new = Self::worker(&self.client, &self.board, slots)?;
        Ok(std::mem::replace(&mut self.workers[worker], new))
    }

    pub(super) fn any<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.random.usize(0..of.len())]
    }

    pub(super) fn coin(&mut self) -> bool {
        self.random.bool()
    }

    /// Up to so many ms.
    pub(super) fn ms(&mut self, most: u64) -> Duration {
        Duration::from_micros(self.random.u64(0..most * 1_000))
    }

    pub(super) async fn sleep(&mut self, most: u64) {
        let time = self.ms(most);
        tokio::time::sleep(time).await;
    }

    /// Between two rounds: not at all, for a moment, or until all workers are idle.
    pub(super) async fn rest(&mut self) {
        let most = self.any(&[0, 0, 1, 5, 5, 20]);
        if most > 0 {
            self.sleep(most).await;
        }
    }

    pub(super) async fn add(&self, n: u64) -> Result<()> {
        self.client.add(step, Step { n, retry: None }).await.map(drop)
    }

    /// Adds a job that is due in so many ms, or whose first attempt fails.
    pub(super) async fn add_later(&self, n: u64, delay: u64, retry: Option<u64>) -> Result<()> {
        let add = self.client.add(step, Step { n, retry });
        add.delay(Duration::from_millis(delay)).await.map(drop)
    }

    /// How long a job waits after it could start.
    pub(super) async fn wait(&self, n: u64, could_start: Instant) -> Duration {
        let began = timeout(PATIENCE, async {
            loop {
                let mut news = std::pin::pin!(self.board.0.1.notified());
                news.as_mut().enable();
                if let Some(began) = self.board.took(n) {
                    return began;
                }
                news.await;
            }
        });
        let began = began.await.unwrap_or_else(|_| Instant::now());
        began.saturating_duration_since(could_start)
    }

    pub(super) async fn close(self) -> Result<()> {
        for worker in self.workers {
            worker.stop().await?;
        }
        Ok(())
    }
}
