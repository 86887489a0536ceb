//! `jobqueue events`: what happens in queues.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use futures_util::{StreamExt as _, stream};
use jobqueue::{
    QueueName,
    event::{Event, EventId},
    types::{DateTime, Utc},
};
use serde::Serialize;
use tokio::time::timeout;

use crate::{
    exit::{Exit, Told},
    output::Output,
    session::Session,
};

/// How long after the last kept event it takes to be sure that there are no more.
const SILENCE: Duration = Duration::from_millis(500);

/// Prints the events that queues have kept, or what happens from now on.
///
/// With --json, each is on a line of its own.
#[derive(Args, Debug)]
pub(crate) struct Events {
    /// The queues; all by default.
    queues: Vec<String>,
    /// From now on, until Ctrl-C.
    #[arg(long, short)]
    follow: bool,
    /// After the event of this id; of one queue.
    #[arg(long, value_name = "ID")]
    after: Option<EventId>,
    /// Only the last so many; with --follow or --after, ends after so many.
    #[arg(long, short = 'n', value_name = "EVENTS")]
    limit: Option<usize>,
}

#[derive(Serialize)]
struct EventView {
    queue: QueueName,
    #[serde(flatten)]
    event: Event,
}

impl Events {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let mut queues = Vec::new();
        for name in &self.queues {
            queues.push(session.known_queue(name).await?);
        }
        if self.queues.is_empty() {
            queues = session.all_queues().await?;
        }
        if self.after.is_some() && queues.len() != 1 {
            return Err(Told::usage("--after needs one queue"));
        }
        let streams = queues.iter().map(|queue| {
            let events = match (&self.after, self.follow) {
                (Some(id), _) => queue.events_after(id),
                (None, true) => queue.events(),
                (None, false) => queue.events_after(&EventId::beginning()),
            };
            let queue = queue.name().clone();
            events.map(move |event| event.map(|event| EventView { queue: queue.clone(), event }))
        });
        let mut events = stream::select_all(streams);
        let silence = if self.follow { Duration::MAX } else { SILENCE };
        if let (Some(most), None, false) = (self.limit, &self.after, self.follow) {
            let mut newest = Newest { most, events: Vec::new() };
            while let Ok(Some(event)) = timeout(silence, events.next()).await {
                newest.push(event?);
            }
            newest.trim();
            newest.events.iter().try_for_each(|event| show(&session.out, event))?;
            return Ok(Exit::Done);
        }
        let mut left = self.limit.unwrap_or(usize::MAX);
        while left > 0
            && let Ok(Some(event)) = timeout(silence, events.next()).await
        {
            show(&session.out, &event?)?;
            left -= 1;
        }
        Ok(Exit::Done)
    }
}

/// The newest events of all queues.
struct Newest {
    most: usize,
    events: Vec<EventView>,
}

impl Newest {
    fn push(&mut self, event: EventView) {
        self.events.push(event);
        // Not for each event: all of them are to be put in order.
        if self.events.len() > self.most.saturating_mul(2) {
            self.trim();
        }
    }

    fn trim(&mut self) {
        self.events.sort_by_key(EventView::place);
        let old = self.events.len().saturating_sub(self.most);
        self.events.drain(..old);
    }
}

impl EventView {
    /// The two numbers of its id: milliseconds, and its place within them.
    fn place(&self) -> (u64, u64) {
        let id = self.event.id.to_string();
        let number = |text: &str| text.parse().unwrap_or_default();
        id.split_once('-').map(|(ms, place)| (number(ms), number(place))).unwrap_or_default()
    }
}

fn show(out: &Output, view: &EventView) -> Result<()> {
    if out.json {
        return out.json(view);
    }
    let EventView { queue, event } = view;
    let ms = i64::try_from(view.place().0).ok();
    let time = ms.and_then(DateTime::<Utc>::from_timestamp_millis);
    let time = time.map(|time| time.format("%H:%M:%S%.3fZ").to_string()).unwrap_or_default();
    let jobs: Vec<&str> = event.jobs.iter().map(jobqueue::JobId::as_str).collect();
    out.say(format_args!("{time}  {queue}  {:<10}  {}", event.kind.as_str(), jobs.join(" ")))
}
