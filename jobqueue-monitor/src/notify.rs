//! Word to systemd, for services of `Type=notify`.

use std::time::Duration;

use jobqueue::{
    WorkerHandle,
    telemetry::{WorkerHealth, WorkerPhase},
};
use sd_notify::NotifyState;
use tokio::time::sleep;
use tracing::warn;

/// How often a worker's health is looked at, if no watchdog asks for it more often.
const LOOK: Duration = Duration::from_millis(500);

/// Tells systemd how the worker is, until it has ended: `READY=1` once it takes jobs, `STATUS=` with
/// what is wrong, `STOPPING=1` when it drains, and `WATCHDOG=1` while it is live, twice in each
/// `WatchdogSec=`. Without systemd it does nothing.
///
/// ```no_run
/// # use jobqueue::{job, Client, Worker};
/// # #[job] async fn ship(_order: u64) {}
/// # async fn example(client: Client) -> jobqueue::Result<()> {
/// let worker = Worker::builder(&client).handler(ship).build()?;
/// tokio::spawn(jobqueue_monitor::notify(worker.handle()));
/// worker.run().await
/// # }
/// ```
///
/// The unit:
///
/// ```ini
/// [Service]
/// Type=notify
/// ExecStart=/usr/local/bin/worker
/// WatchdogSec=30s
/// TimeoutStopSec=40s
/// Restart=on-failure
/// ```
pub async fn notify(worker: WorkerHandle) {
    if std::env::var_os("NOTIFY_SOCKET").is_none() {
        return;
    }
    let mut limit = 0;
    let watched = sd_notify::watchdog_enabled(false, &mut limit);
    let pause = if watched { LOOK.min(Duration::from_micros(limit) / 2) } else { LOOK };
    let mut said = Said::default();
    loop {
        let health = worker.health();
        if let Err(error) = sd_notify::notify(false, &said.news(&health, watched)) {
            warn!(%error, "systemd isn't told how the worker is");
        }
        if health.phase == WorkerPhase::Ended {
            return;
        }
        sleep(pause).await;
    }
}

/// What systemd has been told.
#[derive(Default)]
struct Said {
    ready: bool,
    stopping: bool,
    status: String,
}

impl Said {
    /// What it is to be told now.
    fn news<'a>(&'a mut self, health: &WorkerHealth, watched: bool) -> Vec<NotifyState<'a>> {
        let mut news = Vec::new();
        let stops = matches!(health.phase, WorkerPhase::Draining | WorkerPhase::Ended);
        if health.is_ready() && !self.ready {
            news.push(NotifyState::Ready);
            self.ready = true;
        }
        if stops && !self.stopping {
            news.push(NotifyState::Stopping);
            self.stopping = true;
        }
        if watched && health.is_live() {
            news.push(NotifyState::Watchdog);
        }
        let status = match health.problems().first() {
            Some(problem) => problem.to_string(),
            None => "taking jobs".to_owned(),
        };
        // Times in the text change always, and systemd need hear of them only once in a while.
        if status != self.status {
            self.status = status;
            news.push(NotifyState::Status(&self.status));
        }
        news
    }
}
