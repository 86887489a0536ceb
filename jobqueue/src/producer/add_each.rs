//! Adding many jobs, each with an id and options of its own.

use super::{
    add::Add,
    add_all::{AddAllError, send_all},
    request::Request,
};
use crate::{
    client::Client, error::Result, queue::JobHandle, store::job::NewJob, value_error::Invalid,
};

/// Jobs that follow each other to one queue, and whose adds wait for the same confirmation.
struct Run {
    request: Request,
    jobs: Vec<NewJob>,
}

impl Run {
    fn takes(&self, request: &Request) -> bool {
        self.request.store.name() == request.store.name()
            && self.request.durability == request.durability
    }
}

impl Client {
    /// Adds many jobs, each with an id, a key and options of its own, and answers for each what
    /// [became of its add](JobHandle::added), in order.
    ///
    /// ```no_run
    /// # use jobqueue::{job, Client, DurationExt, unique::Added};
    /// # #[job(queue = "mails")]
    /// # async fn remind(user: u64) {}
    /// # async fn example(client: Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let users = [(7, 10.minutes()), (8, 2.hours())];
    /// let jobs = users.map(|(user, wait)| {
    ///     client.add(remind, user).id(format!("remind-{user}")).delay(wait)
    /// });
    /// for job in client.add_each(jobs).await? {
    ///     println!("{}: {:?}", job.id(), job.added());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// They may be of several handlers and queues; [`Add::typed`] gives them one type. Jobs that
    /// follow each other to one queue go in calls of up to 1,000 jobs and about a mebibyte. Each call
    /// adds all its jobs or none, and the first that fails is the last that is made. So bring jobs of
    /// several queues in the order of their queues.
    ///
    /// # Cancel safety
    /// Dropped before it is done, it has added the jobs of its first calls, each call all or none.
    ///
    /// # Errors
    /// [`AddAllError`] has the jobs that were added before the failure. If a payload or an option is
    /// invalid, or a job is another client's, nothing is sent.
    pub fn add_each<T, I: IntoIterator<Item = Add<T>>>(
        &self,
        jobs: I,
    ) -> impl Future<Output = Result<Vec<JobHandle<T>>, AddAllError<T>>> + Send + use<T, I> {
        let runs = self.runs(jobs);
        async move {
            let mut added = Vec::new();
            let runs = match runs {
                Ok(runs) => runs,
                Err(error) => return Err(AddAllError { added, error }),
            };
            for Run { request, jobs } in runs {
                if let Err(error) = send_all(&request, jobs, &mut added).await {
                    return Err(AddAllError { added, error });
                }
            }
            Ok(added)
        }
    }

    /// All jobs as they are sent, in their order.
    fn runs<T>(&self, jobs: impl IntoIterator<Item = Add<T>>) -> Result<Vec<Run>> {
        let mut runs: Vec<Run> = Vec::new();
        for job in jobs {
            let (request, job) = job.prepare()?;
            if !self.is_same(&request.client) {
                let problem = format!("job {} is to be added by another client", request.name);
                return Err(Invalid::setup(problem, "make it by the client that adds it").into());
            }
            match runs.last_mut().filter(|run| run.takes(&request)) {
                Some(run) => run.jobs.push(job),
                None => runs.push(Run { request, jobs: vec![job] }),
            }
        }
        Ok(runs)
    }
}
