//! Looking for jobs in many queues, a bounded part a call.

use std::{future::IntoFuture, pin::Pin, time::Duration};

use futures_util::future::try_join_all;
use serde::Serialize;
use tokio::time::Instant;

use super::{
    back::{Back, Step},
    cursor::{SearchCursor, WalkPlace},
    looked::Looked,
    sieve::{Sieve, Subject, checked},
    walk::sets,
};
use crate::{
    client::Client,
    error::Result,
    job::{JobFilter, JobId, JobInfo, JobState, QueueCounts, QueueName},
    queue::DeadLetters,
};

/// The states in the order in which they are looked through.
const ORDER: [JobState; 7] = [
    JobState::Active,
    JobState::Failed,
    JobState::Delayed,
    JobState::WaitingChildren,
    JobState::Waiting,
    JobState::Cancelled,
    JobState::Completed,
];

/// How many queues are asked at once.
const AT_ONCE: usize = 100;

/// How many jobs a page has, by default.
const PAGE: usize = 50;

/// The most jobs of a page.
const MOST: usize = 1_000;

/// How many jobs a page looks at, by default.
const LOOK_AT: u64 = 2_000;

/// How long a page looks, by default.
const WITHIN: Duration = Duration::from_millis(80);

impl Client {
    /// Looks for jobs in all [queues that exist](Self::queues), or in those that the filter names.
    /// Set options, then await it for a page; each page says where the next one goes on.
    ///
    /// ```no_run
    /// # use jobqueue::find::{JobFilter, SearchCursor};
    /// # async fn example(client: jobqueue::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let filter: JobFilter = "queue:bill~ state:failed payload.customer:4711".parse()?;
    /// let mut page = client.find(filter.clone()).await?;
    /// for found in &page.jobs {
    ///     println!("{} {}", found.queue, found.job.id);
    /// }
    /// println!("{} found, {} of {:?} looked at", page.looked.found, page.looked.jobs, page.of);
    /// while let Some(next) = page.next {
    ///     page = client.find(filter.clone()).after(&next).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn find(&self, filter: JobFilter) -> Search {
        Search::new(self.clone(), filter, None)
    }
}

impl DeadLetters {
    /// Looks for dead letters that wait, as [`find`](Self::find) does, but from the newest to the
    /// oldest and page by page: each page says where the next one goes on. What is found are the jobs
    /// of this queue, with a [`DeadLetter`](crate::dead_letter::DeadLetter) as their payload.
    ///
    /// ```no_run
    /// # use jobqueue::{find::JobFilter, dead_letter::{DeadLetter, DeadLetters}};
    /// # async fn example(dead: DeadLetters) -> jobqueue::Result<()> {
    /// let page = dead.search(JobFilter::new().error_contains("timeout")).at_most(20).await?;
    /// for found in page.jobs {
    ///     println!("{}", found.job.payload::<DeadLetter>()?.failure);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn search(&self, filter: JobFilter) -> Search {
        let queue = self.queue();
        Search::new(queue.client().clone(), filter, Some(queue.name().clone()))
    }
}

/// A search through queues: see [`Client::find`] and [`DeadLetters::search`]. Awaited, it gives a [page](SearchPage).
///
/// Queue after queue by their names, it looks through active, failed, delayed, waiting, cancelled and
/// completed jobs, and in each state from the newest to the oldest. A filter that names ids looks for
/// these alone, at once in all queues; so does one that has a single word, which may be an id, and if
/// there is no such job it goes on as others do.
///
/// There is no snapshot: a job that moves meanwhile may be missed or come twice.
///
/// # Cancel safety
/// It only reads.
///
/// # Errors
/// Those of any call; [`Error::Invalid`](crate::Error::Invalid) for a path that leads nowhere.
#[must_use = "it looks when it is awaited"]
#[derive(Clone, Debug)]
pub struct Search {
    client: Client,
    filter: JobFilter,
    /// The queue whose dead letters are looked for, in place of jobs.
    letters_in: Option<QueueName>,
    after: Option<SearchCursor>,
    at_most: usize,
    look_at: u64,
    within: Duration,
}

/// A page of a [search](Client::find).
///
/// Serialized: its fields, under their names; `next` is a text.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SearchPage {
    /// The jobs that it has found.
    pub jobs: Vec<FoundJob>,
    /// How far the search is, the pages before included.
    pub looked: Looked,
    /// How many jobs there were to look at, when the search began; fewer may be looked at, where a
    /// time bounds them. `None` if that isn't known: jobs are looked for by a tag.
    pub of: Option<u64>,
    /// Where the next page goes on; `None` on the last one.
    pub next: Option<SearchCursor>,
}

/// A job that was found, and its queue.
///
/// Serialized: its fields, under their names.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct FoundJob {
    /// The queue.
    pub queue: QueueName,
    /// The job.
    pub job: JobInfo,
}

impl Search {
    fn new(client: Client, filter: JobFilter, letters_in: Option<QueueName>) -> Self {
        Self {
            client,
            filter,
            letters_in,
            after: None,
            at_most: PAGE,
            look_at: LOOK_AT,
            within: WITHIN,
        }
    }

    /// Goes on where a page before has ended.
    pub fn after(mut self, cursor: &SearchCursor) -> Self {
        self.after = Some(cursor.clone());
        self
    }

    /// How many jobs a page has at most, 1 to 1,000; 50 by default. Of active ones it may have up to
    /// 200 more.
    pub fn at_most(mut self, jobs: usize) -> Self {
        self.at_most = jobs.clamp(1, MOST);
        self
    }

    /// At how many jobs a page looks at most, in steps of up to 200; 2,000 by default.
    pub fn looking_at(mut self, jobs: u64) -> Self {
        self.look_at = jobs.max(1);
        self
    }

    /// How long a page looks before it says how far it is; 80 ms by default. It makes one step at
    /// least.
    pub fn within(mut self, time: Duration) -> Self {
        self.within = time;
        self
    }

    async fn run(self) -> Result<SearchPage> {
        let subject = if self.letters_in.is_some() { Subject::DeadLetters } else { Subject::Jobs };
        let filter = checked(self.filter.clone(), subject)?;
        let queues = self.queues(&filter).await?;
        let mut page = Page {
            until: Instant::now() + self.within,
            at_most: self.at_most,
            look_at: self.look_at,
            filter,
            subject,
            client: self.client,
            jobs: Vec::new(),
            before: self.after.as_ref().map_or_else(Looked::default, |it| it.looked),
            now: Looked::default(),
        };
        // Letters have ids of their own.
        if self.after.is_none() && subject == Subject::Jobs {
            let (ids, word) = (page.filter.ids(), page.filter.lone_word());
            if let Some(named) = ids.clone().or(word.map(|word| vec![word])) {
                page.look_up(&named, &queues).await?;
                if ids.is_some() || !page.jobs.is_empty() {
                    let of = Some(page.now.jobs);
                    return Ok(page.end(of, None));
                }
            }
        }
        page.walk(&queues, self.after).await
    }

    /// The queues to look in, by name.
    async fn queues(&self, filter: &JobFilter) -> Result<Vec<QueueName>> {
        if let Some(queue) = &self.letters_in {
            return Ok(vec![queue.clone()]);
        }
        let from = self.after.as_ref().map(|after| &after.queue);
        let mut queues = match filter.queues() {
            Some(named) => named,
            None => {
                let all = self.client.queues().all().await?;
                all.into_iter().map(|entry| entry.name).collect()
            }
        };
        queues.retain(|queue| filter.wants_queue(queue) && from.is_none_or(|from| queue >= from));
        queues.sort();
        Ok(queues)
    }
}

impl IntoFuture for Search {
    type Output = Result<SearchPage>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// A page that is being filled.
struct Page {
    client: Client,
    filter: JobFilter,
    subject: Subject,
    until: Instant,
    at_most: usize,
    look_at: u64,
    jobs: Vec<FoundJob>,
    /// How far the pages before were, and this one.
    before: Looked,
    now: Looked,
}

impl Page {
    fn end(self, of: Option<u64>, next: Option<(QueueName, WalkPlace)>) -> SearchPage {
        let looked = self.before.and(self.now);
        let next = next.map(|(queue, place)| SearchCursor { looked, of, queue, place });
        SearchPage { jobs: self.jobs, looked, of, next }
    }

    fn is_over(&self) -> bool {
        self.jobs.len() >= self.at_most
            || self.now.jobs >= self.look_at
            || Instant::now() >= self.until
    }

    fn states(&self) -> Vec<JobState> {
        self.subject.states(&self.filter, &ORDER)
    }

    fn sieve(&self, queue: &QueueName) -> Result<Sieve> {
        let queue = self.client.queue(queue)?;
        Ok(Sieve::new(queue, self.filter.clone(), self.subject, self.states()))
    }

    /// These jobs, in whichever queues they are.
    async fn look_up(&mut self, ids: &[JobId], queues: &[QueueName]) -> Result<()> {
        for queues in queues.chunks(AT_ONCE) {
            let look = async |queue: &QueueName| {
                let mut sieve = self.sieve(queue)?;
                sieve.look_at(ids.len());
                let found = sieve.read(ids).await?;
                Ok::<_, crate::Error>((queue.clone(), found, sieve.looked()))
            };
            for (queue, found, looked) in try_join_all(queues.iter().map(look)).await? {
                self.now = self.now.and(looked);
                let of_queue = |(_, job)| FoundJob { queue: queue.clone(), job };
                self.jobs.extend(found.into_iter().map(of_queue));
            }
        }
        Ok(())
    }

    async fn walk(
        mut self,
        queues: &[QueueName],
        after: Option<SearchCursor>,
    ) -> Result<SearchPage> {
        let states = self.states();
        let by_tag = self.filter.one_tag().is_some();
        let mut of = after.as_ref().and_then(|after| after.of);
        let mut counts = Vec::new();
        if after.is_none() && !by_tag && !states.is_empty() {
            counts = self.count(queues).await?;
            let to_look = counts.iter().flat_map(|it| states.iter().map(|state| it.of(*state)));
            of = Some(to_look.sum());
        }
        let mut resume = after.map(|after| (after.queue, after.place));
        for (chunk, queues) in queues.chunks(AT_ONCE).enumerate() {
            let counts = match counts.get(chunk * AT_ONCE..) {
                Some(all) if !all.is_empty() => all.to_vec(),
                _ if by_tag || states.is_empty() => vec![QueueCounts::default(); queues.len()],
                _ => self.count(queues).await?,
            };
            for (queue, counts) in queues.iter().zip(counts) {
                let from = resume.take().filter(|(name, _)| name == queue).map(|(_, place)| place);
                let places = places(&states, by_tag, &counts, from);
                if let Some(place) = self.through(queue, places).await? {
                    return Ok(self.end(of, Some((queue.clone(), place))));
                }
            }
        }
        Ok(self.end(of, None))
    }

    async fn count(&self, queues: &[QueueName]) -> Result<Vec<QueueCounts>> {
        let mut all = Vec::with_capacity(queues.len());
        for queues in queues.chunks(AT_ONCE) {
            let count = async |queue: &QueueName| self.client.queue(queue)?.counts().await;
            all.extend(try_join_all(queues.iter().map(count)).await?);
        }
        Ok(all)
    }

    /// Looks through a queue; answers where to go on, if the page is over before its end.
    async fn through(
        &mut self,
        queue: &QueueName,
        places: Vec<WalkPlace>,
    ) -> Result<Option<WalkPlace>> {
        let mut sieve = self.sieve(queue)?;
        let before = self.now;
        for place in places {
            let mut back = Back::new(place);
            loop {
                if self.is_over() && self.now.jobs > 0 {
                    return Ok(Some(back.into_place()));
                }
                let left = self.at_most.saturating_sub(self.jobs.len()).max(1);
                let looking = self.look_at.saturating_sub(self.now.jobs).max(1);
                let Step { jobs, is_last } = back.step(&mut sieve, left, looking).await?;
                self.now = before.and(sieve.looked());
                let of_queue = |job| FoundJob { queue: queue.clone(), job };
                self.jobs.extend(jobs.into_iter().map(of_queue));
                if is_last {
                    break;
                }
            }
        }
        Ok(None)
    }
}

/// What of a queue is to be looked through: from a place on, and no state that has no jobs.
fn places(
    states: &[JobState],
    by_tag: bool,
    counts: &QueueCounts,
    from: Option<WalkPlace>,
) -> Vec<WalkPlace> {
    if by_tag {
        let place = from.filter(|place| matches!(place, WalkPlace::Tag(_)));
        return if states.is_empty() {
            Vec::new()
        } else {
            vec![place.unwrap_or(WalkPlace::Tag(None))]
        };
    }
    let states = sets(states);
    let begun = match &from {
        Some(WalkPlace::State(state, _)) => Some(*state),
        Some(WalkPlace::Active(_)) => Some(JobState::Active),
        _ => None,
    };
    let skipped = begun.and_then(|begun| states.iter().position(|state| *state == begun));
    let rest = states.get(skipped.map_or(0, |at| at + 1)..).unwrap_or_default();
    let count = |state| match state {
        JobState::Delayed => counts.delayed + counts.waiting_children,
        state => counts.of(state),
    };
    let whole = rest.iter().filter(|state| count(**state) > 0).map(|state| match state {
        JobState::Active => WalkPlace::Active(Default::default()),
        state => WalkPlace::State(*state, None),
    });
    from.into_iter().filter(|_| skipped.is_some()).chain(whole).collect()
}
