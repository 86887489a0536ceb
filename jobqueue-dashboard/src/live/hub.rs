//! What is watched, and the task that reads and renders it once for all. With nobody there, nothing
//! is read.

use std::{
    collections::{BTreeSet, HashMap},
    hash::{BuildHasher as _, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::broadcast,
    time::{MissedTickBehavior, interval},
};
use tracing::warn;

use super::view::View;
use crate::{readings::Reading, state::App, view::Fragment};

/// How often what is watched is read.
const TICK: Duration = Duration::from_secs(1);

/// How many frames wait for a slow browser. Beyond, it loads anew.
const QUEUED: usize = 64;

/// How many browsers watch at once.
const MOST: usize = 2_000;

/// What a browser is told.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) number: u64,
    pub(crate) fragment: Fragment,
}

/// One for each process.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    watched: Arc<Mutex<Watched>>,
}

#[derive(Debug, Default)]
struct Watched {
    views: HashMap<View, Channel>,
    /// The number of the newest frame of all.
    frames: u64,
    ticking: bool,
    hasher: RandomState,
}

#[derive(Debug)]
struct Channel {
    sender: broadcast::Sender<Arc<Frame>>,
    /// What was sent last of each fragment, as hashes.
    sent: HashMap<String, u64>,
    /// The number of the newest frame of this view.
    newest: u64,
}

/// A place at a view.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) frames: broadcast::Receiver<Arc<Frame>>,
    /// The number of the newest frame of this view.
    pub(super) newest: u64,
}

impl Hub {
    /// Somebody watches from now on, until what is answered is dropped. None if too many do.
    pub(super) fn watch(&self, app: &App, view: View) -> Option<Seat> {
        let mut watched = lock(&self.watched);
        let watchers: usize = watched.views.values().map(|it| it.sender.receiver_count()).sum();
        if watchers >= MOST {
            return None;
        }
        let frames = watched.frames;
        let channel = watched.views.entry(view).or_insert_with(|| Channel {
            sender: broadcast::Sender::new(QUEUED),
            sent: HashMap::new(),
            newest: frames,
        });
        let seat = Seat { frames: channel.sender.subscribe(), newest: channel.newest };
        if !watched.ticking {
            watched.ticking = true;
            tokio::spawn(tick(app.clone(), self.watched.clone()));
        }
        Some(seat)
    }
}

fn lock(watched: &Mutex<Watched>) -> MutexGuard<'_, Watched> {
    watched.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Goes on while somebody watches.
async fn tick(app: App, watched: Arc<Mutex<Watched>>) {
    let mut ticks = interval(TICK);
    // After a slow read, no hurry.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let views: Vec<View> = {
            let mut watched = lock(&watched);
            watched.views.retain(|_, channel| channel.sender.receiver_count() > 0);
            if watched.views.is_empty() {
                watched.ticking = false;
                return;
            }
            watched.views.keys().cloned().collect()
        };
        // Those that somebody sees, and no others.
        let names: BTreeSet<_> = views.iter().flat_map(View::queues).collect();
        let reading = match names.is_empty() {
            true => Ok(Reading::default()),
            false => app.readings.some(&names).await,
        };
        app.trends.some(&names).await;
        let reading = match reading {
            Ok(reading) => reading,
            Err(error) => {
                warn!(%error, "those who watch the dashboard hear no news");
                continue;
            }
        };
        for view in views {
            match view.render(&app, &reading).await {
                Ok(fragments) => publish(&watched, &view, fragments),
                // Such as a job that is gone: there are no news of it.
                Err(problem) => tracing::debug!(?view, words = problem.words, "nothing to show"),
            }
        }
    }
}

/// Sends what differs from what was sent last.
fn publish(watched: &Mutex<Watched>, view: &View, fragments: Vec<Fragment>) {
    let mut watched = lock(watched);
    let Watched { views, frames, hasher, .. } = &mut *watched;
    let Some(channel) = views.get_mut(view) else { return };
    for fragment in fragments {
        let hash = hasher.hash_one(&fragment.html);
        if channel.sent.get(&fragment.id) == Some(&hash) {
            continue;
        }
        channel.sent.insert(fragment.id.clone(), hash);
        *frames += 1;
        channel.newest = *frames;
        // An error means that nobody listens any more.
        let _ = channel.sender.send(Arc::new(Frame { number: *frames, fragment }));
    }
}
