//! Write a part of a flow, and start it with the last.

use std::time::Duration;

use redis::Value;

use crate::{
    job::{
        Arrival, Deadline, FlowId, FlowKey, JobId, Member, Need, OnChildFailure, Priority,
        QueueName,
    },
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        registry::Listed,
        reply,
        script::{Script, script},
        time::millis,
    },
    value_error::Corrupt,
};

/// `lua/flow/stage.lua`
pub(crate) struct Stage<'a> {
    pub(crate) key: &'a FlowKey,
    /// Whether it is the first part: what was staged under the key before goes.
    pub(crate) first: bool,
    /// At most 1,000 nodes, and as many groups.
    pub(crate) nodes: &'a [NodePart],
    pub(crate) groups: &'a [GroupPart],
    /// None if more parts follow.
    pub(crate) start: Option<Start<'a>>,
}

/// A node as it is staged.
#[derive(Debug)]
pub(crate) struct NodePart {
    pub(crate) member: Member,
    pub(crate) record: Vec<u8>,
}

/// A group as it is staged.
#[derive(Debug, PartialEq)]
pub(crate) struct GroupPart {
    pub(crate) number: u32,
    pub(crate) members: u32,
    pub(crate) on_failure: OnChildFailure,
    pub(crate) priority: Priority,
    pub(crate) delay: Option<Duration>,
    pub(crate) ttl: Option<Duration>,
    /// A line each.
    pub(crate) tags: Option<String>,
    pub(crate) queue: GroupQueue,
    /// Groups that wait for it, and that it waits for.
    pub(crate) dependents: Vec<u32>,
    pub(crate) needs: Vec<Need>,
    pub(crate) name: Option<String>,
}

/// What a group is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GroupQueue {
    /// Jobs of this queue.
    Jobs(QueueName),
    /// Copies of a message: the queue of each.
    Copies(Vec<QueueName>),
    /// A flow of the same home.
    Flow(FlowKey),
}

impl GroupQueue {
    pub(super) fn parse(text: &str) -> Self {
        if let Some(key) = text.strip_prefix('=') {
            return Self::Flow(FlowKey::from_store(key));
        }
        match text.strip_prefix('*') {
            Some(queues) => {
                let queues = queues.split(',').filter(|queue| !queue.is_empty());
                Self::Copies(queues.map(QueueName::from_store).collect())
            }
            None => Self::Jobs(QueueName::from_store(text)),
        }
    }

    /// About how many bytes it takes on the way.
    fn size(&self) -> usize {
        match self {
            Self::Copies(queues) => queues.iter().map(|queue| queue.as_str().len() + 1).sum(),
            Self::Jobs(_) | Self::Flow(_) => 0,
        }
    }
}

impl std::fmt::Display for GroupQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Jobs(queue) => queue.fmt(f),
            Self::Copies(queues) => {
                let queues: Vec<&str> = queues.iter().map(QueueName::as_str).collect();
                write!(f, "*{}", queues.join(","))
            }
            Self::Flow(key) => write!(f, "={key}"),
        }
    }
}

/// What a flow is a part of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Within<'a> {
    /// It is about to be started.
    Staged,
    /// It runs, and gets the node now.
    Running(&'a FlowKey),
    /// None: a running job of the home waits for it.
    Job { id: &'a JobId, signal: &'a str },
}

/// What starts a flow.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    /// None within another flow.
    pub(crate) id: Option<&'a FlowId>,
    pub(crate) within: Option<Within<'a>>,
    pub(crate) nodes: u32,
    pub(crate) groups: u32,
    /// The bytes of the largest record, if that is large.
    pub(crate) largest: Option<usize>,
    /// The root, and whether it is many nodes.
    pub(crate) root: Option<(u32, bool)>,
    /// How long it is kept once it has completed, and otherwise.
    pub(crate) keep: [Duration; 2],
    /// When it ends as failed, if it has not ended by itself.
    pub(crate) deadline: Option<Deadline>,
    /// Jobs that follow from it as a whole, each once.
    pub(crate) follow: &'a [Follow],
}

/// A job that follows from a flow.
#[derive(Debug)]
pub(crate) struct Follow {
    /// `success`, `complete` or `death`.
    pub(crate) on: &'static str,
    pub(crate) queue: QueueName,
    pub(crate) priority: Priority,
    pub(crate) record: Vec<u8>,
}

/// The answer to a part of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Staged {
    Part,
    Started,
    /// Another flow has its id.
    Held,
}

/// How long staged parts wait for the next. A producer that dies leaves them for so long.
const LAPSE: Duration = Duration::from_secs(3_600);

fn list(groups: &[impl ToString]) -> String {
    let groups: Vec<String> = groups.iter().map(ToString::to_string).collect();
    if groups.is_empty() { "-".to_owned() } else { groups.join(",") }
}

impl GroupPart {
    fn text(&self) -> String {
        let Self { members, priority, queue, delay, .. } = self;
        let delay = delay.map_or("-".to_owned(), |delay| millis(delay).to_string());
        let wait = Arrival { ttl: self.ttl, tags: self.tags.clone(), ..Arrival::default() };
        // Without the due time before, and the key behind.
        let wait = wait.to_text();
        let wait = wait.splitn(4, ' ').skip(1).take(2).collect::<Vec<_>>().join(" ");
        let (dependents, needs) = (list(&self.dependents), list(&self.needs));
        let letter = self.on_failure.letter();
        format!("{members} {letter} {priority} {delay} {wait} {queue} {dependents} {needs}")
    }

    /// About how many bytes it takes on the way.
    pub(crate) fn size(&self) -> usize {
        64 + self.queue.size() + 7 * (self.dependents.len() + self.needs.len())
    }
}

impl Command for Stage<'_> {
    const SCRIPT: &'static Script = script!(
        "flow" / stage,
        [
            clock, layout, rank, events, wake, key, state, wish, lanes, group_of, groups, post,
            ticks, outbox, home, flow, graph, nodes, revival, flowing, staged, numbered, call
        ],
        once
    );
    const KEYS: &'static [Key] = &[Key::Flows, Key::Meta];
    const ACTION: &'static str = "start a flow";
    const LISTS: &'static [Listed] = &[Listed::Flows];
    const AWAITS_LISTING: bool = true;
    type Reply = Staged;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        args.push(keys.base()).push(self.key.as_str()).push(millis(LAPSE));
        args.push(u8::from(self.first));
        args.push(self.nodes.len());
        for NodePart { member, record } in self.nodes {
            args.push(member.to_string()).push(&record[..]);
        }
        args.push(self.groups.len());
        for group in self.groups {
            args.push(group.number).push(group.text()).push(group.members);
            args.push(group.needs.len()).push(group.name.as_deref().unwrap_or_default());
        }
        let Some(start) = &self.start else { return };
        let root = start.root.map(|(root, _)| root.to_string()).unwrap_or_default();
        let many = start.root.is_some_and(|(_, many)| many);
        let [keep, keep_failed] = start.keep.map(millis);
        args.push(start.id.map_or("", FlowId::as_str)).push("nodes").push(start.nodes);
        args.push("groups").push(start.groups).push("root").push(root);
        args.push("many").push(u8::from(many));
        args.push("keep").push(keep).push("keep_failed").push(keep_failed);
        if let Some(largest) = start.largest {
            args.push("largest").push(largest);
        }
        match start.within {
            Some(Within::Staged) => _ = args.push("within").push(""),
            Some(Within::Running(key)) => _ = args.push("within").push(key.as_str()),
            Some(Within::Job { id, signal }) => {
                _ = args.push("parent").push(format!("={id} {signal}"))
            }
            None => {}
        }
        match start.deadline {
            Some(Deadline::At(time)) => {
                args.push("deadline").push(time.timestamp_millis().max(0));
            }
            Some(Deadline::In(time)) => {
                args.push("time").push(millis(time));
            }
            None => {}
        }
        for Follow { on, queue, priority, record } in start.follow {
            let mut text = format!("{queue} {priority} ").into_bytes();
            text.extend_from_slice(record);
            args.push(*on).push(text);
        }
    }

    fn read(&self, reply: Value) -> Result<Staged, Corrupt> {
        Ok(match reply::int(&reply, Self::ACTION)? {
            0 => Staged::Part,
            1 => Staged::Started,
            _ => Staged::Held,
        })
    }
}
