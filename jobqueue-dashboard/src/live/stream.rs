//! What a browser hears: server-sent events, each a part of its page.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    fmt::Write as _,
    process,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
    routing::get,
};
use futures_util::{Stream, StreamExt as _, stream};
use jobqueue::{JobId, JobState, event::EventStream};
use tokio::{sync::broadcast::error::RecvError, time::Instant};

use super::{
    hub::{Frame, Seat},
    view::{View, What},
};
use crate::{
    pages,
    state::App,
    web::{Params, Path, Problem, Reply, Visit, queue_name},
};

/// How often a silent stream says that it is there.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long a stream lasts: then the browser asks anew, and whether it may is looked at again.
const LONGEST: Duration = Duration::from_secs(600);

/// How many streams of single events there are at once: each costs a connection.
const MOST_EVENTS: usize = 64;

/// How many of them one person may have: nobody is to shut the others out.
const MOST_EVENTS_EACH: usize = 16;

/// What tells this process from the one before it: its frames have numbers of their own.
static PROCESS: LazyLock<String> = LazyLock::new(|| {
    let started = chrono::Utc::now().timestamp_millis();
    format!("{started:x}.{:x}", process::id())
});

/// What can be watched.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/live/overview", get(overview))
        .route("/live/q/{queue}/{state}", get(queue))
        .route("/live/q/{queue}/job/{id}", get(job))
        .route("/live/actions/{id}", get(task))
        .route("/live/events", get(events))
}

async fn overview(
    State(app): State<App>,
    visit: Visit,
    headers: HeaderMap,
    params: Params,
) -> Reply {
    let shown = pages::overview_rows(&app, &visit, &params).await?;
    watch(&app, &visit, &headers, What::Overview(shown))
}

async fn queue(
    State(app): State<App>,
    visit: Visit,
    headers: HeaderMap,
    Path((queue, state)): Path<(String, String)>,
) -> Reply {
    let name = queue_name(&queue)?;
    visit.queue(&name).await?;
    let state: JobState = state.parse().map_err(|error| Problem::not_found(format!("{error}.")))?;
    watch(&app, &visit, &headers, What::Queue(name, state))
}

async fn job(
    State(app): State<App>,
    visit: Visit,
    headers: HeaderMap,
    Path((queue, id)): Path<(String, String)>,
) -> Reply {
    let name = queue_name(&queue)?;
    visit.queue(&name).await?;
    let id: JobId = id.parse().map_err(|error| Problem::bad_request(format!("{error}.")))?;
    watch(&app, &visit, &headers, What::Job(name, id))
}

async fn task(
    State(app): State<App>,
    visit: Visit,
    headers: HeaderMap,
    Path(id): Path<u64>,
) -> Reply {
    let Some(task) = app.tasks.get(id).filter(|task| visit.sees(task.queue().as_str())) else {
        return Err(Problem::not_found(format!("There is no work {id}.")));
    };
    watch(&app, &visit, &headers, What::Task(task.id()))
}

fn watch(app: &App, visit: &Visit, headers: &HeaderMap, what: What) -> Reply {
    let view = View { prefix: visit.prefix.clone(), what };
    let Some(seat) = app.hub.watch(app, view) else {
        let words = "Too many browsers watch. This page still shows what is when it is loaded.";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, words));
    };
    let heard = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    // A page is loaded before its stream is: only who has heard a frame can have missed one.
    let missed = heard.is_some_and(|id| id != event_id(seat.newest));
    let first = stream::iter([Ok(hello(seat.newest)), Ok(reload())]);
    let first = first.take(if missed { 2 } else { 1 });
    Ok(respond(first.chain(frames(seat, visit.clone()))))
}

fn respond(events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static) -> Response {
    let heartbeat = KeepAlive::new().interval(HEARTBEAT).event(signal("beat"));
    let buffering = (HeaderName::from_static("x-accel-buffering"), "no");
    ([buffering], Sse::new(events).keep_alive(heartbeat)).into_response()
}

fn event_id(number: u64) -> String {
    format!("{}-{number}", *PROCESS)
}

/// An event whose name says it all. Browsers drop events without data.
fn signal(name: &str) -> Event {
    Event::default().event(name).data("-")
}

fn hello(number: u64) -> Event {
    signal("hello").id(event_id(number))
}

/// What was missed can't be sent again: the page is to be loaded anew.
fn reload() -> Event {
    signal("reload")
}

/// The frames of a view that this person may see, for a time.
fn frames(seat: Seat, visit: Visit) -> impl Stream<Item = Result<Event, Infallible>> {
    let ends = Instant::now() + LONGEST;
    stream::unfold((seat, visit), move |(mut seat, visit)| async move {
        loop {
            let next = tokio::time::timeout_at(ends, seat.frames.recv()).await.ok()?;
            let event = match next {
                Ok(frame) => match shown(&frame, &visit) {
                    Some(event) => event,
                    None => continue,
                },
                // It was too slow: what is left in the channel is newer than what was dropped.
                Err(RecvError::Lagged(_)) => {
                    seat.frames = seat.frames.resubscribe();
                    reload()
                }
                Err(RecvError::Closed) => return None,
            };
            return Some((Ok(event), (seat, visit)));
        }
    })
}

fn shown(frame: &Arc<Frame>, visit: &Visit) -> Option<Event> {
    let fragment = &frame.fragment;
    let seen = fragment.queue.as_ref().is_none_or(|queue| visit.sees(queue.as_str()));
    let event = || Event::default().event("part").id(event_id(frame.number));
    seen.then(|| event().data(&fragment.html))
}

/// How many streams of events each person has.
static EVENTS: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());

fn streams() -> MutexGuard<'static, BTreeMap<String, usize>> {
    EVENTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A place of a person's among the streams of events.
struct Place(String);

impl Place {
    fn take(who: &str) -> Option<Self> {
        let mut streams = streams();
        let (all, own) = (streams.values().sum::<usize>(), streams.get(who).copied().unwrap_or(0));
        if all >= MOST_EVENTS || own >= MOST_EVENTS_EACH {
            return None;
        }
        streams.insert(who.to_owned(), own + 1);
        Some(Self(who.to_owned()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut streams = streams();
        match streams.get_mut(&self.0) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(streams.remove(&self.0)),
        }
    }
}

/// The events of a queue, as they come.
async fn events(visit: Visit, params: Params) -> Reply {
    let name = queue_name(params.required("queue")?)?;
    let queue = visit.queue(&name).await?;
    let Some(place) = Place::take(visit.person.name()) else {
        let words = "Too many browsers follow events. Close one, or use the queue's page.";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, words));
    };
    let ends = Instant::now() + LONGEST;
    let first = stream::iter([Ok(signal("hello"))]);
    let each = stream::unfold((queue.events(), place), move |(mut events, place)| async move {
        let event = next_event(&mut events, ends).await?;
        Some((Ok(event), (events, place)))
    });
    Ok(respond(first.chain(each)))
}

async fn next_event(events: &mut EventStream, ends: Instant) -> Option<Event> {
    let event = tokio::time::timeout_at(ends, events.next()).await.ok()??;
    // An error ends the stream; the browser opens another.
    let event = event.ok()?;
    let mut text = String::new();
    // Texts of ours and ids: the browser puts them in as text.
    let _ = write!(text, "{}", event.kind);
    for id in event.jobs.iter().take(20) {
        let _ = write!(text, " {id}");
    }
    Some(Event::default().event("event").data(text))
}
