//! Making a schedule.

use std::{future::IntoFuture, pin::Pin, time::Duration};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{
    info::ScheduleInfo,
    operate::Schedules,
    write::{By, write},
};
use crate::{
    client::Client,
    error::{Error, Result},
    job::{Deadline, IntoJob, Job, Record, ScheduleId, ScheduleRule, Unique},
    policy::{
        Backoff, LONGEST_WAIT, Retain,
        schedule::{CatchUp, Every, LATEST_MS, Overlap, TickRule, Timing},
        whole_millis,
    },
    producer::{Content, Request, request_setters},
    store::job::{Due, NewJob},
    value_error::{Invalid, PayloadError},
};

/// A schedule about to be made: set options, then await it.
///
/// If its queue has a schedule of this id, that is changed. One of the same timing keeps its next
/// tick, also one that is overdue: so a program makes its schedules whenever it starts. What an
/// operator has [paused](Schedules::pause) stays paused, and what he has
/// [rescheduled](Schedules::reschedule) keeps his timing; the answer says so.
///
/// The job's options are those of an [add](crate::Add). A tick is due by the server's clock.
///
/// # Cancel safety
/// Dropped before it is done, the schedule is made or not.
///
/// # Errors
/// [`Error::Invalid`] and [`Error::Payload`] before anything is sent; those of any call;
/// [`Refused::Conflict`](crate::error::Refused::Conflict) if others change it all the time.
#[must_use = "a schedule is made when this is awaited"]
#[derive(Debug)]
pub struct AddSchedule {
    request: Result<Request, Invalid>,
    content: Result<Content, PayloadError>,
    id: Result<ScheduleId, Invalid>,
    timing: Timing,
    times: Times,
    late: Late,
}

/// Which of the timing's ticks count, and by how much they move.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    offset: Duration,
    jitter: Duration,
    start: Option<DateTime<Utc>>,
    end: Option<DateTime<Utc>>,
    limit: Option<u64>,
}

/// What becomes of ticks that can't be met.
#[derive(Clone, Copy, Debug, Default)]
struct Late {
    catch_up: CatchUp,
    overlap: Option<Overlap>,
}

impl Client {
    /// Makes a schedule for a handler, in the handler's queue, under an id of your own: each of its
    /// ticks adds a job with this payload. Await the answer, or set options first.
    ///
    /// ```no_run
    /// # use jobqueue::{job, Client, DurationExt, schedule::Every};
    /// # #[job(queue = "reports")]
    /// # async fn report(kind: String) {}
    /// # async fn example(client: Client) -> jobqueue::Result<()> {
    /// client
    ///     .schedule("hourly-sales", Every::new(1.hours()), report, "sales".to_owned())
    ///     .offset(5.minutes())
    ///     .attempts(5)
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "so that payloads read like arguments")]
    pub fn schedule<F: IntoJob<Args>, Args>(
        &self,
        id: impl AsRef<str>,
        timing: impl Into<Timing>,
        handler: F,
        payload: F::Payload,
    ) -> AddSchedule {
        let _ = handler;
        let content = Content::of::<F::Job>(self.codec_of::<F::Job>(), &payload);
        AddSchedule::new(id.as_ref(), timing.into(), self.request_for::<F::Job>(), content)
    }
}

impl Schedules {
    /// Makes a schedule for the jobs of a name. Await the answer, or set options first.
    pub fn add<T: Serialize + ?Sized>(
        &self,
        id: impl AsRef<str>,
        timing: impl Into<Timing>,
        job: &str,
        payload: &T,
    ) -> AddSchedule {
        let content = self.queue().client().codec().encode(payload).map(Content::plain);
        AddSchedule::new(id.as_ref(), timing.into(), self.queue().request(job), content)
    }
}

impl AddSchedule {
    /// The schedule that a handler declares, if it does.
    pub(crate) fn declared<J: Job>(client: &Client) -> Option<Self> {
        let declared = J::DEFINITION.schedule?;
        let codec = client.codec_of::<J>();
        let content = declared
            .payload(codec)
            .and_then(|bytes| Content::of::<J>(codec, &codec.decode(&bytes)?));
        let (request, timing) = (client.request_for::<J>(), declared.timing());
        // A timing that can't be read is a mistake of the request as a whole.
        let (request, timing) = match timing {
            Ok(timing) => (request, timing),
            Err(invalid) => (Err(invalid), Every::new(Duration::ZERO).into()),
        };
        let mut schedule = Self::new(J::DEFINITION.name, timing, request, content);
        schedule.id = schedule.id.map_err(|invalid| invalid.of("the id is the handler's name"));
        schedule.times.offset = declared.offset;
        schedule.times.jitter = declared.jitter;
        schedule.late = Late { catch_up: declared.catch_up, overlap: declared.overlap };
        Some(schedule)
    }

    fn new(
        id: &str,
        timing: Timing,
        request: Result<Request, Invalid>,
        content: Result<Content, PayloadError>,
    ) -> Self {
        // Its jobs belong to no trace of the program that makes it.
        let request = request.map(Request::untraced);
        let (times, late) = (Times::default(), Late::default());
        Self { request, content, id: id.parse(), timing, times, late }
    }

    request_setters!();

    /// How long a run may take; the handler's by default.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.set(|request| request.options.timeout = Some(timeout))
    }

    /// A tick adds nothing while a job of this handler with this key exists and hasn't ended. 1 to
    /// 256 bytes. A [`Unique`] says other things that may become of it.
    pub fn unique(self, key: impl Into<Unique>) -> Self {
        self.set(|request| request.set_unique(key.into()))
    }

    /// How much later than the timing says each tick is due; not at all by default.
    pub fn offset(mut self, offset: Duration) -> Self {
        self.times.offset = offset;
        self
    }

    /// By how much at most each job is delayed at random after its tick; not at all by default. Many
    /// schedules of one time are spread by it.
    pub fn jitter(mut self, jitter: Duration) -> Self {
        self.times.jitter = jitter;
        self
    }

    /// No tick comes before this time.
    pub fn start(mut self, start: DateTime<Utc>) -> Self {
        self.times.start = Some(start);
        self
    }

    /// No tick comes after this time.
    pub fn end(mut self, end: DateTime<Utc>) -> Self {
        self.times.end = Some(end);
        self
    }

    /// After how many jobs it ends; never by default. Ticks that are left out don't count.
    pub fn limit(mut self, jobs: u64) -> Self {
        self.times.limit = Some(jobs);
        self
    }

    /// What becomes of ticks that nobody was there for; by default one job makes up for all.
    pub fn catch_up(mut self, catch_up: CatchUp) -> Self {
        self.late.catch_up = catch_up;
        self
    }

    /// What a tick does if the job of the last one isn't over; by default it is left out.
    pub fn overlap(mut self, overlap: Overlap) -> Self {
        self.late.overlap = Some(overlap);
        self
    }

    fn set(mut self, change: impl FnOnce(&mut Request)) -> Self {
        if let Ok(request) = &mut self.request {
            change(request);
        }
        self
    }

    /// The queue's request, the id, and the rule, all checked.
    pub(super) fn checked(self) -> Result<(Request, ScheduleId, ScheduleRule)> {
        let Self { request, content, id, timing, times, late } = self;
        let (request, id) = (request?.checked()?, id?);
        let NewJob { record, due, .. } = request.job(content?, None, DateTime::UNIX_EPOCH)?;
        timing.validate()?;
        times.validate()?;
        let ms = |time: DateTime<Utc>| time.timestamp_millis().clamp(-LATEST_MS, LATEST_MS);
        let ticks = TickRule {
            timing,
            offset: i64::try_from(whole_millis(times.offset)).unwrap_or(LATEST_MS),
            start: times.start.map(ms),
            end: times.end.map(ms),
            catch_up: late.catch_up,
            overlap: late.overlap,
        };
        let mut job = Record::decode(&record.into())?;
        // It is each tick that says when its job is due. A debounce's delay isn't in the record.
        job.options.due_at = None;
        if let (Some(unique), Due::In(delay)) = (&mut job.options.unique, due) {
            unique.delay = Some(delay);
        }
        let rule = ScheduleRule { ticks, limit: times.limit, jitter: times.jitter, job };
        Ok((request, id, rule))
    }

    async fn send(self) -> Result<ScheduleInfo> {
        let (request, id, rule) = self.checked()?;
        let written = write(&request.store, &id, rule, By::Program).await?;
        Ok(ScheduleInfo::new(id, written.entry))
    }
}

/// The longest offset and jitter: a year.
const LONGEST: Duration = LONGEST_WAIT;

impl Times {
    fn validate(&self) -> Result<(), Invalid> {
        for (what, value) in [("offset", self.offset), ("jitter", self.jitter)] {
            if value > LONGEST {
                return Err(Invalid::new(what, value, "use at most a year"));
            }
        }
        if self.limit == Some(0) {
            return Err(Invalid::new("limit", 0, "use 1 or more, or leave it out for no limit"));
        }
        if let (Some(start), Some(end)) = (self.start, self.end)
            && start > end
        {
            let problem = format!("the schedule ends at {end}, before it starts at {start}");
            return Err(Invalid::setup(problem, "use a later end"));
        }
        Ok(())
    }
}

impl IntoFuture for AddSchedule {
    type Output = Result<ScheduleInfo, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}
