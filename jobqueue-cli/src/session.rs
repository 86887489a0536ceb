//! A connected server, and how to answer.

use std::{env, time::Duration};

use anyhow::Result;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jobqueue::{Client, JobHandle, JobId, Queue, manage::QueueEntry, types::Value};
use tokio::{
    sync::OnceCell,
    time::{sleep, timeout},
};

use crate::{
    arguments::Settings,
    ask::Ask,
    config::{Config, PREFIX, Profile},
    exit::{Exit, Told},
    output::{CUT, Output},
    stop::Stop,
};

/// How long calls wait for a server that has gone: somebody looks at the screen.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long it waits for what follows in other queues.
const DELIVERY: Duration = Duration::from_secs(1);

/// How often it looks whether that is there.
const LOOK: Duration = Duration::from_millis(20);

/// How many queues are asked at once.
pub(crate) const AT_ONCE: usize = 16;

const LOCAL: &str = "redis://127.0.0.1";

/// What a command works with.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) server: Profile,
    pub(crate) out: Output,
    pub(crate) ask: Ask,
    pub(crate) stop: Stop,
    who: Option<String>,
    client: OnceCell<Client>,
}

impl Session {
    /// Nothing is connected yet.
    pub(crate) fn new(settings: &Settings, stop: Stop) -> Result<Self> {
        Ok(Self {
            server: server(settings)?,
            out: Output::new(settings),
            ask: Ask { yes: settings.yes },
            stop,
            who: settings.who.clone(),
            client: OnceCell::new(),
        })
    }

    /// The client, by which all that is done is noted in the audit log.
    pub(crate) async fn client(&self) -> Result<&Client> {
        self.client.get_or_try_init(|| self.connect()).await
    }

    async fn connect(&self) -> Result<Client> {
        let client = Client::builder(&self.server.url)
            .prefix(self.server.prefix.as_deref().unwrap_or(PREFIX))
            .program("jobqueue-cli", env!("CARGO_PKG_VERSION"))
            .connect_timeout(PATIENCE)
            .retry_timeout(PATIENCE)
            .connect()
            .await?;
        let who = self.name(&client);
        Ok(client.acting_as(who))
    }

    /// Who acts.
    pub(crate) async fn who(&self) -> Result<String> {
        Ok(self.name(self.client().await?))
    }

    fn name(&self, client: &Client) -> String {
        self.who.clone().unwrap_or_else(|| {
            let user = ["USER", "LOGNAME"].into_iter().find_map(|name| env::var(name).ok());
            format!("{}@{}", user.as_deref().unwrap_or("somebody"), client.process().host)
        })
    }

    /// Waits until this process has brought what follows in other queues there, for a moment: workers
    /// do the rest.
    pub(crate) async fn deliver(&self, queue: &Queue) -> Result<()> {
        let arrive = async {
            while queue.counts().await?.effects > 0 {
                sleep(LOOK).await;
            }
            Ok(())
        };
        timeout(DELIVERY, arrive).await.unwrap_or(Ok(()))
    }

    /// A queue, whether it exists or not.
    pub(crate) async fn queue(&self, name: &str) -> Result<Queue> {
        Ok(self.client().await?.queue(name)?)
    }

    /// A queue that exists.
    pub(crate) async fn known_queue(&self, name: &str) -> Result<Queue> {
        let queue = self.queue(name).await?;
        if !queue.exists().await? {
            let text =
                format!("there is no queue {name}; `jobqueue queues` lists those that exist");
            return Err(Told::error(Exit::Refused, text));
        }
        Ok(queue)
    }

    /// All queues that exist.
    pub(crate) async fn all_queues(&self) -> Result<Vec<Queue>> {
        self.queues(|_| true).await
    }

    /// Those of them for which this is so.
    pub(crate) async fn queues(&self, is_one: impl Fn(&QueueEntry) -> bool) -> Result<Vec<Queue>> {
        let client = self.client().await?;
        let entries = client.queues().all().await?;
        let queues = entries.iter().filter(|entry| is_one(entry));
        queues.map(|entry| Ok(client.queue(&entry.name)?)).collect()
    }

    /// A job, of this queue or of the one that has it.
    pub(crate) async fn job(&self, id: &str, queue: Option<&str>) -> Result<JobHandle<Value>> {
        if id.contains(CUT) {
            return Err(Told::usage(format_args!(
                "{id} is cut: --full shows whole ids, and so do a pipe and --json"
            )));
        }
        let id: JobId = id.parse().map_err(jobqueue::Error::from)?;
        if let Some(name) = queue {
            return Ok(self.queue(name).await?.job(id));
        }
        let looks = self.all_queues().await?.into_iter().map(|queue| {
            let job = queue.job(id.clone());
            async move { job.state().await.map(|state| state.map(|_| job)) }
        });
        let found: Vec<_> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
        let mut found: Vec<_> = found.into_iter().flatten().collect();
        match (found.pop(), found.len()) {
            (Some(job), 0) => Ok(job),
            (Some(job), _) => {
                let mut names: Vec<_> = found.iter().map(|it| it.queue().name().as_str()).collect();
                names.push(job.queue().name().as_str());
                Err(Told::usage(format_args!(
                    "{} queues have a job {id}: say which by --queue ({})",
                    names.len(),
                    names.join(", ")
                )))
            }
            (None, _) => Err(Told::error(
                Exit::Refused,
                format_args!("no queue has a job {id}: it was never added, or isn't kept any more"),
            )),
        }
    }
}

/// The server that is meant.
fn server(settings: &Settings) -> Result<Profile> {
    let prefixed = |profile: Profile| Profile {
        prefix: settings.prefix.clone().or(profile.prefix),
        url: profile.url,
    };
    let at = |url: &str| prefixed(Profile { url: url.to_owned(), prefix: None });
    if let Some(url) = &settings.url {
        return Ok(at(url));
    }
    if let Some(name) = &settings.profile {
        return Ok(prefixed(Config::read()?.profile(name)?));
    }
    if let Some(url) = env::var("REDIS_URL").ok().filter(|url| !url.is_empty()) {
        return Ok(at(&url));
    }
    let config = Config::read()?;
    match &config.default {
        Some(name) => Ok(prefixed(config.profile(name)?)),
        None => Ok(at(LOCAL)),
    }
}
