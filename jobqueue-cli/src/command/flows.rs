//! `jobqueue flows`.

use std::time::Duration;

use anyhow::Result;
use clap::{Args, Subcommand};
use jobqueue::{
    FlowHandle, JobState, Queue, QueueName,
    error::FailureReason,
    flow::{Blocker, FlowError, FlowState, FlowSummary},
    types::Value,
};
use serde::Serialize;
use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::{
    exit::{Exit, Told},
    output::{Cell, Column, Hue, Output, Table, grouped, one_line},
    session::Session,
};

/// How often it looks whether a flow has ended.
const LOOK: Duration = Duration::from_millis(20);

/// How long it waits for that. What runs may take its time, and workers do the rest.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many failed nodes are told with their errors.
const FAILURES: usize = 10;

/// What is done with flows.
#[derive(Debug, Subcommand)]
pub(crate) enum Flows {
    List(List),
    Tree(Tree),
    Stuck(Stuck),
    Cancel(Cancel),
    Retry(Retry),
}

/// Lists flows: those that run first.
#[derive(Args, Debug)]
pub(crate) struct List {
    /// Only those whose home is this queue.
    #[arg(long, short, value_name = "QUEUE")]
    queue: Option<String>,
    /// At most so many.
    #[arg(long, short = 'n', value_name = "FLOWS", default_value_t = 50)]
    limit: usize,
}

/// Shows a flow as a tree, with how far each node is.
#[derive(Args, Debug)]
pub(crate) struct Tree {
    #[command(flatten)]
    which: Which,
    /// As a Mermaid flowchart.
    #[arg(long)]
    mermaid: bool,
}

/// Shows the nodes that a flow, or all that run, wait for. If nobody will run one of them: 1.
#[derive(Args, Debug)]
pub(crate) struct Stuck {
    /// The id of the flow.
    id: Option<String>,
    /// The queue that is its home, or of whose flows all are meant.
    #[arg(long, short, value_name = "QUEUE")]
    queue: Option<String>,
}

/// Cancels a flow, with all of its nodes that have not ended.
#[derive(Args, Debug)]
pub(crate) struct Cancel {
    #[command(flatten)]
    which: Which,
    /// Why, for whoever looks at it later.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Runs a failed or cancelled flow again: what has failed, and what waits for that.
#[derive(Args, Debug)]
pub(crate) struct Retry {
    #[command(flatten)]
    which: Which,
    /// From this node on, whatever became of it.
    #[arg(long, value_name = "NODE")]
    from: Option<String>,
}

#[derive(Args, Debug)]
struct Which {
    /// The id of the flow.
    id: String,
    /// The queue that is its home; else all are asked.
    #[arg(long, short, value_name = "QUEUE")]
    queue: Option<String>,
}

#[derive(Serialize)]
struct FlowView {
    home: QueueName,
    #[serde(flatten)]
    flow: FlowSummary,
}

#[derive(Serialize)]
struct StuckView {
    home: QueueName,
    flow: String,
    waits_for: Vec<Blocker>,
}

impl Flows {
    pub(crate) async fn run(&self, session: &Session) -> Result<Exit> {
        match self {
            Self::List(it) => it.run(session).await,
            Self::Tree(it) => it.run(session).await,
            Self::Stuck(it) => it.run(session).await,
            Self::Cancel(it) => it.run(session).await,
            Self::Retry(it) => it.run(session).await,
        }
    }
}

/// This queue, or all that are the home of flows.
async fn homes(session: &Session, queue: Option<&str>) -> Result<Vec<Queue>> {
    if let Some(name) = queue {
        return Ok(vec![session.known_queue(name).await?]);
    }
    let client = session.client().await?;
    let entries = client.queues().with_flows().all().await?;
    entries.iter().map(|entry| Ok(client.queue(&entry.name)?)).collect()
}

impl Which {
    async fn open(&self, session: &Session) -> Result<FlowHandle<Value>> {
        for home in homes(session, self.queue.as_deref()).await? {
            if let Some(flow) = home.flow(&self.id).await? {
                return Ok(flow);
            }
        }
        let text =
            format!("there is no flow {}: it was never started, or isn't kept any more", self.id);
        Err(Told::error(Exit::Refused, text))
    }

    fn done(&self, session: &Session, flow: &FlowHandle<Value>, done: &str) -> Result<Exit> {
        let value = json!({"home": flow.home(), "flow": self.id, "done": done});
        session.out.answer(&value, format_args!("flow {} {done}", self.id))?;
        Ok(Exit::Done)
    }
}

impl List {
    async fn run(&self, session: &Session) -> Result<Exit> {
        let out = &session.out;
        let mut views = Vec::new();
        for home in homes(session, self.queue.as_deref()).await? {
            let flows = home.flows().all().await?;
            let home = home.name();
            views.extend(flows.into_iter().map(|flow| FlowView { home: home.clone(), flow }));
        }
        views.sort_by_key(|it| (it.flow.state.is_final(), std::cmp::Reverse(it.flow.created_at)));
        let total = views.len();
        views.truncate(self.limit);
        if out.json {
            out.json(&views)?;
        } else if views.is_empty() {
            out.remark("No flow is kept.");
        } else {
            out.table(&table(&views, out))?;
            if total > views.len() {
                out.remark(format_args!("{} of {total}: raise --limit for more", views.len()));
            }
        }
        Ok(Exit::Done)
    }
}

fn table(views: &[FlowView], out: &Output) -> Table {
    let mut table = Table::new([
        Column::id("FLOW"),
        Column::text("HOME"),
        Column::text("STATE"),
        Column::number("DONE"),
        Column::number("FAILED"),
        Column::text("STARTED"),
        Column::text("ENDED"),
    ]);
    for FlowView { home, flow } in views {
        let done = format!("{}/{}", grouped(flow.completed.into()), grouped(flow.nodes.into()));
        table.row([
            Cell::new(&flow.id),
            Cell::new(home),
            Cell::new(flow.state.as_str()).hue(hue(flow.state)),
            done.into(),
            grouped(flow.failed.into()).into(),
            out.time(flow.created_at).into(),
            out.maybe_time(flow.ended_at).into(),
        ]);
    }
    table
}

fn hue(state: FlowState) -> Hue {
    match state {
        FlowState::Running => Hue::Busy,
        FlowState::Completed => Hue::Good,
        FlowState::Failed => Hue::Bad,
        FlowState::Cancelled => Hue::Dim,
        _ => Hue::Odd,
    }
}

impl Tree {
    async fn run(&self, session: &Session) -> Result<Exit> {
        let flow = self.which.open(session).await?;
        let graph = flow.graph().await?;
        if self.mermaid {
            session.out.say(graph.to_mermaid().trim_end())?;
            return Ok(Exit::Done);
        }
        if session.out.json {
            session.out.json(&graph)?;
            return Ok(Exit::Done);
        }
        session.out.say(graph.to_string().trim_end())?;
        if graph.nodes.iter().any(|node| node.failed > 0) {
            failed_nodes(session, &flow).await?;
        }
        let path = graph.critical_path();
        if !path.is_empty() {
            session.out.remark("What it took, by the nodes that the others waited for:");
        }
        for step in path {
            let took = (step.ended_at - step.ready_at).to_std().unwrap_or_default();
            session.out.remark(format_args!("  {:>8}  {}", crate::output::span(took), step.node));
        }
        Ok(Exit::Done)
    }
}

/// Says which nodes failed, and of what: the first few.
async fn failed_nodes(session: &Session, flow: &FlowHandle<Value>) -> Result<()> {
    let (mut nodes, mut told) = (flow.nodes(), 0);
    while told < FAILURES
        && let Some(node) = nodes.next().await
    {
        let node = node?;
        if node.state == Some(JobState::Failed)
            && let Err(FlowError::Failed { failure, .. }) =
                flow.node_result::<Value>(&node.node).await
            // What was skipped for another's failure had no run.
            && failure.reason != FailureReason::ChildFailed
        {
            told += 1;
            let queue = node.queue.map(|queue| format!(" in {queue}")).unwrap_or_default();
            let (reason, message) = (failure.reason, failure.message);
            let text = format!("failed: {}{queue}: {reason}: {message}", node.node);
            session.out.say(one_line(&text))?;
        }
    }
    Ok(())
}

impl Stuck {
    async fn run(&self, session: &Session) -> Result<Exit> {
        let mut views = Vec::new();
        if let Some(id) = &self.id {
            let which = Which { id: id.clone(), queue: self.queue.clone() };
            views.push(stuck(&which.open(session).await?).await?);
        } else {
            for home in homes(session, self.queue.as_deref()).await? {
                for flow in home.flows().all().await? {
                    if !flow.state.is_final()
                        && let Some(flow) = home.flow(flow.id.as_str()).await?
                    {
                        views.push(stuck(&flow).await?);
                    }
                }
            }
        }
        let out = &session.out;
        if out.json {
            out.json(&views)?;
        } else if views.iter().all(|view| view.waits_for.is_empty()) {
            out.remark("No flow waits for anything.");
        }
        for view in views.iter().filter(|_| !out.json) {
            for blocker in &view.waits_for {
                out.say(format_args!("flow {}: {blocker}", view.flow))?;
            }
        }
        let mut blockers = views.iter().flat_map(|view| &view.waits_for);
        let is_stuck = blockers.any(|it| it.paused || it.workers == Some(0));
        Ok(if is_stuck { Exit::Trouble } else { Exit::Done })
    }
}

async fn stuck(flow: &FlowHandle<Value>) -> Result<StuckView> {
    let waits_for = flow.stuck().await?;
    Ok(StuckView { home: flow.home().clone(), flow: flow.id().to_string(), waits_for })
}

impl Cancel {
    async fn run(&self, session: &Session) -> Result<Exit> {
        let flow = self.which.open(session).await?;
        let cancel = flow.cancel().by(session.who().await?);
        match &self.reason {
            Some(reason) => cancel.reason(reason).await?,
            None => cancel.await?,
        };
        // As long as this process lives, it brings the word to the nodes' queues.
        let ends = async {
            while !flow.info().await?.summary.state.is_final() {
                sleep(LOOK).await;
            }
            Ok::<_, FlowError>(())
        };
        if let Ok(ended) = timeout(PATIENCE, ends).await {
            ended?;
        }
        self.which.done(session, &flow, "is cancelled")
    }
}

impl Retry {
    async fn run(&self, session: &Session) -> Result<Exit> {
        let flow = self.which.open(session).await?;
        match &self.from {
            Some(node) => flow.retry_from(node).await?,
            None => flow.retry().await?,
        }
        self.which.done(session, &flow, "runs again")
    }
}
