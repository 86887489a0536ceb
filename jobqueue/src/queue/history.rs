//! What has happened in a queue.

use std::{future::IntoFuture, pin::Pin, time::Duration};

use chrono::{DateTime, Utc};

use super::Queue;
use crate::{
    clock,
    error::Result,
    job::JobName,
    stats::{History, HistoryNames, HistoryOf, HistoryPoint, Resolution},
    store::{StoredHistory, millis, queue},
    value_error::Invalid,
};

impl Queue {
    /// What has happened in the queue, point by point: jobs added, completed, failed, cancelled and
    /// retried, waits and runs, depth and lag. By minute for a day, by ten minutes for a week, by
    /// hour for ninety days. Say of which jobs and when, then await it; by default it is the whole
    /// queue in the past day.
    ///
    /// One call, which reads 26 texts at most. Workers report every five seconds, so the newest
    /// point is that much behind; see [history](crate::docs::operating#history).
    ///
    /// ```no_run
    /// # use jobqueue::{DurationExt, Queue};
    /// # async fn example(orders: Queue) -> jobqueue::Result<()> {
    /// let history = orders.history().name("send").last(6.hours()).await?;
    /// for point in history.filled() {
    ///     println!("{} {:.1}/s", point.at, point.per_second(point.completed));
    /// }
    /// println!("99 of 100 runs took {:?} at most", history.total().run.quantile(0.99));
    /// # Ok(())
    /// # }
    /// ```
    pub fn history(&self) -> ReadHistory {
        ReadHistory {
            queue: self.clone(),
            of: Ok(HistoryOf::Queue),
            from: None,
            to: None,
            resolution: None,
        }
    }
}

/// A read of a queue's history; see [`Queue::history`].
///
/// Awaited, it returns the [`History`].
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) before anything is sent, and those of any call.
#[must_use = "nothing is read until this is awaited"]
#[derive(Clone, Debug)]
pub struct ReadHistory {
    queue: Queue,
    of: Result<HistoryOf, Invalid>,
    from: Option<Since>,
    to: Option<DateTime<Utc>>,
    resolution: Option<Resolution>,
}

#[derive(Clone, Copy, Debug)]
enum Since {
    Ago(Duration),
    At(DateTime<Utc>),
}

impl ReadHistory {
    /// Only the jobs of this name; all by default. [`names`](Self::names) says which have a history.
    pub fn name(mut self, name: impl AsRef<str>) -> Self {
        self.of = name.as_ref().parse::<JobName>().map(HistoryOf::Name);
        self
    }

    /// Only the jobs of all names that have no history of their own.
    pub fn others(mut self) -> Self {
        self.of = Ok(HistoryOf::Others);
        self
    }

    /// From this time on, which is rounded down to a whole point; by default for as long as points
    /// of the resolution are kept.
    pub fn from(mut self, at: DateTime<Utc>) -> Self {
        self.from = Some(Since::At(at));
        self
    }

    /// From so long ago on, by the server's clock.
    pub fn last(mut self, time: Duration) -> Self {
        self.from = Some(Since::Ago(time));
        self
    }

    /// Only the points that begin before this time; until now by default.
    pub fn to(mut self, at: DateTime<Utc>) -> Self {
        self.to = Some(at);
        self
    }

    /// How much time a point covers. By default the finest that is kept since the beginning; minutes
    /// if that isn't said.
    pub fn resolution(mut self, resolution: Resolution) -> Self {
        self.resolution = Some(resolution);
        self
    }

    /// The names of jobs that have a history of their own: the first 32 of the queue. A name makes
    /// room for another once all of its history is over, 100 days after its last job.
    ///
    /// # Errors
    /// Those of any call.
    pub async fn names(&self) -> Result<HistoryNames> {
        Ok(self.read(&HistoryOf::Queue, Resolution::Hour, 0).await?.names())
    }

    async fn read(
        &self,
        of: &HistoryOf,
        resolution: Resolution,
        from: i64,
    ) -> Result<StoredHistory> {
        let to = self.to.map_or(0, at_least_one);
        let read = queue::ReadHistory { resolution, of, from, to };
        self.queue.store().call_retrying(&read).await
    }

    async fn run(self) -> Result<History> {
        let of = self.of.clone()?;
        if let (Some(Since::At(from)), Some(to)) = (self.from, self.to)
            && from > to
        {
            return Err(
                Invalid::new("beginning of a history", from, "use a time before its end").into()
            );
        }
        let resolution = self.resolution.unwrap_or_else(|| finest(self.from));
        let from = match self.from {
            None => -signed(millis(resolution.kept())),
            Some(Since::Ago(time)) => -signed(millis(time)),
            Some(Since::At(at)) => at_least_one(at),
        };
        let stored = self.read(&of, resolution, from).await?;
        let (now, over) = (signed(stored.now), signed(millis(resolution.over())));
        let oldest = now - signed(millis(resolution.kept()));
        let from = if from > 0 { from } else { now + from }.max(oldest);
        let from = from - from.rem_euclid(over);
        let to = self.to.map_or(now, |to| to.timestamp_millis().min(now)).max(from);
        let mut points = Vec::new();
        for (at, counts) in stored.points(&of, resolution) {
            let at = signed(at);
            if at >= from && at < to {
                let covers = u64::try_from((now - at).clamp(0, over)).unwrap_or_default();
                let covers = Duration::from_millis(covers);
                points.push(HistoryPoint::new(moment(at), covers, of == HistoryOf::Queue, counts));
            }
        }
        let (queue, from, to) = (self.queue.name().clone(), moment(from), moment(to));
        let deploys =
            stored.deploys().filter(|deploy| deploy.at >= from && deploy.at < to).collect();
        Ok(History { queue, of, resolution, from, to, points, deploys })
    }
}

impl IntoFuture for ReadHistory {
    type Output = Result<History>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// The finest resolution that is kept since then, by this process's clock.
fn finest(from: Option<Since>) -> Resolution {
    let since = match from {
        None => Duration::ZERO,
        Some(Since::Ago(time)) => time,
        Some(Since::At(at)) => (clock::now() - at).to_std().unwrap_or_default(),
    };
    Resolution::covering(since)
}

/// In ms since the epoch, for the script: 0 and less would be times before now.
fn at_least_one(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis().max(1)
}

fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}

/// The epoch for what is beyond all calendars.
fn moment(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_finest_resolution_covers_the_beginning() {
        let ago = |hours: u64| finest(Some(Since::Ago(Duration::from_secs(hours * 3_600))));
        assert_eq!((finest(None), ago(24)), (Resolution::Minute, Resolution::Minute));
        assert_eq!((ago(25), ago(24 * 8)), (Resolution::TenMinutes, Resolution::Hour));
        let at = clock::now() - Duration::from_secs(3 * 86_400);
        assert_eq!(finest(Some(Since::At(at))), Resolution::TenMinutes);
        let ahead = clock::now() + Duration::from_secs(3_600);
        assert_eq!(finest(Some(Since::At(ahead))), Resolution::Minute);
    }
}
