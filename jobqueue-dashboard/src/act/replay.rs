//! Messages that a topic has kept, for a queue: in the background, since they may be many.

use chrono::DateTime;
use jobqueue::{
    Queue, QueueName,
    topic::{Bind, Start, Topic},
};

use super::{
    noted::refused,
    tasks::{Ended, Far, NewTask, Task, too_many},
};
use crate::{
    state::App,
    verb::Verb,
    web::{Params, Problem, Reply, Visit, go, queue_name},
};

/// What is to be sent again, and where.
#[derive(Clone, Debug)]
pub(crate) struct Replay {
    pub(crate) topic: QueueName,
    pub(crate) queue: QueueName,
    pub(crate) pattern: String,
    pub(crate) job: Option<String>,
    /// `beginning`, or a time.
    pub(crate) from: String,
}

impl Replay {
    /// What a request asks for.
    pub(crate) fn of(topic: QueueName, params: &Params) -> Result<Self, Problem> {
        let replay = Self {
            topic,
            queue: queue_name(params.required("queue")?)?,
            pattern: params.text("pattern")?.unwrap_or("#").to_owned(),
            job: params.text("job")?.map(str::to_owned),
            from: params.text("from")?.unwrap_or("beginning").to_owned(),
        };
        replay.start()?;
        Ok(replay)
    }

    /// Refuses whoever may do this to the queue, but not to the topic, or the other way round.
    pub(crate) fn may(&self, visit: &Visit) -> Result<(), Problem> {
        visit.needs(Verb::Replay.role(), self.topic.as_str())?;
        visit.needs(Verb::Replay.role(), self.queue.as_str())
    }

    fn start(&self) -> Result<Start, Problem> {
        if self.from == "beginning" {
            return Ok(Start::Beginning);
        }
        let time = DateTime::parse_from_rfc3339(&self.from).map_err(|_| {
            Problem::bad_request("`from` is `beginning`, or a time such as 2026-11-28T14:00:00Z.")
        })?;
        Ok(Start::Time(time.to_utc()))
    }

    fn bind(&self, topic: &Topic) -> Result<Bind, Problem> {
        let bind = topic.bind(self.queue.as_str(), &self.pattern).from(self.start()?);
        Ok(match &self.job {
            Some(job) => bind.job(job),
            None => bind,
        })
    }

    /// In words, for lists of what was done.
    pub(crate) fn words(&self) -> String {
        format!("messages of {} like {} from {} on", self.topic, self.pattern, self.from)
    }
}

/// Begins with it, and shows how it goes.
pub(super) async fn begin(app: &App, visit: &Visit, queue: &Queue, params: &Params) -> Reply {
    let replay = Replay::of(queue_name(params.required("topic")?)?, params)?;
    if let Err(problem) = replay.may(visit) {
        refused(visit, Verb::Replay, &replay.topic, &problem).await;
        return Err(problem);
    }
    let topic = visit.client().topic(replay.topic.as_str())?;
    let bind = replay.bind(&topic)?;
    let new = NewTask {
        verb: Verb::Replay,
        queue: queue.name().clone(),
        who: visit.person.name().to_owned(),
        subject: replay.words(),
        total: topic.stats().await?.kept,
    };
    let task = app.tasks.begin(new).ok_or_else(too_many)?;
    let path = format!("/actions/{}", task.id());
    tokio::spawn(run(bind, task));
    Ok(go(visit, &path))
}

/// Stopped, it goes on where it was once it is begun again.
async fn run(bind: Bind, task: Task) {
    let bound = async { bind.await };
    let stop = task.stop_token().clone();
    let ended = tokio::select! {
        answer = bound => match answer {
            Ok(_) => {
                let total = task.state().total;
                task.report(Far { looked: total, done: total, skipped: 0 });
                Ended::Done
            }
            Err(error) => Ended::Failed(error.to_string()),
        },
        () = stop.cancelled() => Ended::Stopped,
    };
    task.end(ended);
}
