//! The commands, one a file.

mod acl;
mod add;
mod audit;
mod bench;
mod bulk;
mod dashboard;
mod dead_letters;
mod doctor;
mod empty;
mod events;
mod find;
mod flows;
mod group;
mod groups;
mod history;
mod job;
pub(crate) mod job_lines;
mod jobs;
mod limits;
mod pause;
pub(crate) mod queues;
mod schedules;
mod stats;
mod throttles;
mod topics;
pub(crate) mod workers;

use anyhow::Result;

pub(crate) use self::{
    acl::Acl,
    add::Add,
    audit::Audit,
    bench::Bench,
    bulk::{CancelMany, RedriveMany, RemoveMany, RetryMany},
    dashboard::Dashboard,
    dead_letters::DeadLetters,
    doctor::Doctor,
    empty::{Clean, Drain, Obliterate},
    events::Events,
    find::Find,
    flows::Flows,
    group::Group,
    groups::Groups,
    history::History,
    job::Job,
    jobs::Jobs,
    limits::Limits,
    pause::{Pause, Resume},
    queues::Queues,
    schedules::Schedules,
    stats::Stats,
    throttles::Throttles,
    topics::{Bindings, Publish, Replay, Topics},
    workers::Workers,
};
use crate::{arguments::Verb, exit::Exit, session::Session};

/// Carries out a command that needs a server.
pub(crate) async fn run(verb: Verb, session: &Session) -> Result<Exit> {
    match verb {
        Verb::Queues(it) => it.run(session).await,
        Verb::Stats(it) => it.run(session).await,
        Verb::Jobs(it) => it.run(session).await,
        Verb::Job(it) => it.run(session).await,
        Verb::Add(it) => it.run(session).await,
        Verb::Find(it) => it.run(session).await,
        Verb::Retry(it) => it.run(session).await,
        Verb::Cancel(it) => it.run(session).await,
        Verb::Remove(it) => it.run(session).await,
        Verb::Redrive(it) => it.run(session).await,
        Verb::Pause(it) => it.run(session).await,
        Verb::Resume(it) => it.run(session).await,
        Verb::Drain(it) => it.run(session).await,
        Verb::Clean(it) => it.run(session).await,
        Verb::Obliterate(it) => it.run(session).await,
        Verb::Limits(it) => it.run(session).await,
        Verb::Groups(it) => it.run(session).await,
        Verb::Group(it) => it.run(session).await,
        Verb::Throttles(it) => it.run(session).await,
        Verb::DeadLetters(it) => it.run(session).await,
        Verb::Topics(it) => it.run(session).await,
        Verb::Bindings(it) => it.run(session).await,
        Verb::Replay(it) => it.run(session).await,
        Verb::Publish(it) => it.run(session).await,
        Verb::Schedules(it) => it.run(session).await,
        Verb::Flows(it) => it.run(session).await,
        Verb::Workers(it) => it.run(session).await,
        Verb::Events(it) => it.run(session).await,
        Verb::Audit(it) => it.run(session).await,
        Verb::History(it) => it.run(session).await,
        Verb::Doctor(it) => it.run(session).await,
        Verb::Dashboard(it) => it.run(session).await,
        Verb::Acl(it) => it.run(session),
        Verb::Bench(it) => it.run(session).await,
        Verb::Top(it) => it.run(session).await,
        // These need none.
        Verb::Serve(_) | Verb::Move(_) | Verb::Completions(_) | Verb::Man(_) => Ok(Exit::Done),
    }
}
