//! `jobqueue topics`, `bindings`, `replay` and `publish`.

use anyhow::Result;
use clap::Args;
use jobqueue::{
    Client, QueueName,
    topic::{Start, TopicStats},
};
use serde::Serialize;
use serde_json::json;

use crate::{
    exit::{Exit, Told},
    output::{Cell, Column, Table, grouped, span},
    session::Session,
    value::{json as json_value, pair, past},
};

/// Lists topics, with how far their messages are.
#[derive(Args, Debug)]
pub(crate) struct Topics {
    /// Only this one, with its queues.
    topic: Option<String>,
}

/// Lists the queues that are bound to a topic, or binds and unbinds one.
#[derive(Args, Debug)]
pub(crate) struct Bindings {
    /// The topic.
    topic: String,
    /// Binds this queue.
    #[arg(long, value_name = "QUEUE", requires = "pattern", conflicts_with = "unbind")]
    bind: Option<String>,
    /// Ends a binding of this queue.
    #[arg(long, value_name = "QUEUE", requires = "pattern")]
    unbind: Option<String>,
    /// The pattern of routing keys, such as `user.*`.
    #[arg(long)]
    pattern: Option<String>,
    /// The name of the messages' jobs there; by default their routing key.
    #[arg(long, value_name = "NAME", requires = "bind")]
    job: Option<String>,
}

/// Sends messages that a topic has kept to a queue, and binds it for those to come.
///
/// The answer comes when all have arrived; the same command goes on with what was broken off.
#[derive(Args, Debug)]
pub(crate) struct Replay {
    /// The topic.
    topic: String,
    /// The queue.
    queue: String,
    /// The pattern of routing keys.
    #[arg(long, default_value = "#")]
    pattern: String,
    /// The name of the messages' jobs there; by default their routing key.
    #[arg(long, value_name = "NAME")]
    job: Option<String>,
    /// Where it starts: `beginning`, a time, how long ago, or the id of a message.
    #[arg(long, value_name = "START", default_value = "beginning")]
    from: String,
}

/// Publishes a message: `jobqueue publish users user.created '{"id":7}'`.
#[derive(Args, Debug)]
pub(crate) struct Publish {
    /// The topic.
    topic: String,
    /// The routing key.
    key: String,
    /// The payload, as JSON.
    #[arg(default_value = "null")]
    payload: String,
    /// A header.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    header: Vec<(String, String)>,
    /// A tag of its jobs.
    #[arg(long)]
    tag: Vec<String>,
    /// The group of its jobs.
    #[arg(long)]
    group: Option<String>,
    /// The priority of its jobs, -1024 (first) to 1023 (last).
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    priority: Option<i16>,
}

#[derive(Serialize)]
struct TopicView {
    topic: QueueName,
    #[serde(flatten)]
    stats: TopicStats,
}

/// How many topics one call reads.
const STEP: usize = 250;

async fn all_topics(client: &Client) -> Result<Vec<QueueName>> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let (page, next) = client.topics(after.as_ref(), STEP).await?;
        all.extend(page);
        after = match next {
            Some(next) => Some(next),
            None => return Ok(all),
        };
    }
}

impl Topics {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let (client, out) = (session.client().await?, &session.out);
        let names = match &self.topic {
            Some(topic) => vec![topic.parse().map_err(jobqueue::Error::from)?],
            None => all_topics(client).await?,
        };
        let mut views = Vec::new();
        for topic in names {
            let stats = client.topic(&topic)?.stats().await?;
            views.push(TopicView { topic, stats });
        }
        match (out.json, views.as_slice()) {
            (true, _) => out.json(&views)?,
            (_, []) => out.remark(
                "No topic yet: `jobqueue bindings TOPIC --bind QUEUE --pattern '#'` makes one.",
            ),
            (_, [view]) if self.topic.is_some() => {
                out.table(&table(&views))?;
                out.table(&queues(&view.stats))?;
            }
            _ => out.table(&table(&views))?,
        }
        Ok(Exit::Done)
    }
}

fn table(views: &[TopicView]) -> Table {
    let mut table = Table::new([
        Column::text("TOPIC"),
        Column::number("PUBLISHED"),
        Column::number("UNDERWAY"),
        Column::number("OLDEST"),
        Column::number("KEPT"),
        Column::number("QUEUES"),
    ]);
    for TopicView { topic, stats } in views {
        table.row([
            Cell::new(topic),
            grouped(stats.published).into(),
            grouped(stats.underway).into(),
            stats.oldest_underway.map(span).unwrap_or_default().into(),
            grouped(stats.kept).into(),
            stats.queues.len().to_string().into(),
        ]);
    }
    table
}

fn queues(stats: &TopicStats) -> Table {
    let columns = [
        Column::text("QUEUE"),
        Column::number("UNDERWAY"),
        Column::number("WAITING"),
        Column::text(""),
    ];
    let mut table = Table::new(columns);
    for lag in &stats.queues {
        table.row([
            Cell::new(&lag.queue),
            grouped(lag.underway).into(),
            grouped(lag.waiting).into(),
            Cell::new(if lag.replaying { "replaying" } else { "" }),
        ]);
    }
    table
}

impl Bindings {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let (topic, out) = (session.client().await?.topic(&self.topic)?, &session.out);
        let pattern = self.pattern.as_deref().unwrap_or_default();
        if let Some(queue) = &self.bind {
            let bind = topic.bind(queue, pattern);
            match &self.job {
                Some(job) => bind.job(job).await?,
                None => bind.await?,
            };
        } else if let Some(queue) = &self.unbind
            && !topic.unbind(queue, pattern).await?
        {
            let text = format!("{queue} isn't bound to {} by {pattern:?}", self.topic);
            return Err(Told::error(Exit::Trouble, text));
        }
        let bindings = topic.bindings().await?;
        if out.json {
            out.json(&bindings)?;
            return Ok(Exit::Done);
        }
        if bindings.is_empty() {
            out.remark(format_args!("No queue is bound to {}.", self.topic));
            return Ok(Exit::Done);
        }
        let columns = [
            Column::text("QUEUE"),
            Column::text("PATTERN"),
            Column::text("JOB"),
            Column::long("FILTER"),
        ];
        let mut table = Table::new(columns);
        for binding in &bindings {
            let filter = binding.filter.as_ref().map(serde_json::to_string).transpose()?;
            table.row([
                Cell::new(&binding.queue),
                Cell::new(&binding.pattern),
                Cell::new(binding.job.as_ref().map_or("by its key", |job| job.as_str())),
                filter.unwrap_or_default().into(),
            ]);
        }
        out.table(&table)?;
        Ok(Exit::Done)
    }
}

impl Replay {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let topic = session.client().await?.topic(&self.topic)?;
        if topic.stats().await?.published == 0 && topic.bindings().await?.is_empty() {
            let text = format!(
                "there is no topic {}: nothing was published, and no queue is bound",
                self.topic
            );
            return Err(Told::error(Exit::Refused, text));
        }
        let start = match self.from.as_str() {
            "beginning" => Start::Beginning,
            text => match past(text) {
                Ok(time) => Start::Time(time),
                Err(_) => Start::Message(text.parse().map_err(jobqueue::Error::from)?),
            },
        };
        let bind = topic.bind(&self.queue, &self.pattern).from(start);
        let new = match &self.job {
            Some(job) => bind.job(job).await?,
            None => bind.await?,
        };
        let text = if new { "has them, and is bound" } else { "was bound already, and has them" };
        let value = json!({"topic": self.topic, "queue": self.queue, "new": new});
        session.out.answer(&value, format_args!("{} {text}", self.queue))?;
        Ok(Exit::Done)
    }
}

impl Publish {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        let payload = json_value(&self.payload).map_err(Told::usage)?;
        let mut publish = session.client().await?.publish(&self.topic, &self.key, payload);
        for (name, value) in &self.header {
            publish = publish.header(name, value);
        }
        for tag in &self.tag {
            publish = publish.tag(tag);
        }
        if let Some(group) = &self.group {
            publish = publish.group(group);
        }
        if let Some(priority) = self.priority {
            publish = publish.priority(priority);
        }
        let receipt = publish.await?;
        // Nobody else may be there to bring it to its queues.
        session.client().await?.topic(&self.topic)?.flush().await?;
        let (id, to) = (receipt.id(), receipt.targets());
        let text = match (to, receipt.went_to_alternate()) {
            (0, true) => "goes to the alternate queue: no binding takes it".to_owned(),
            (0, false) => "goes nowhere: no binding takes it".to_owned(),
            (to, _) => format!("goes to {to} bindings"),
        };
        session.out.answer(&receipt, format_args!("{}: message {id} {text}", self.topic))?;
        Ok(if receipt.is_unroutable() { Exit::Trouble } else { Exit::Done })
    }
}
