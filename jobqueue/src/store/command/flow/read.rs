//! Read a flow, and some of its groups.

use chrono::{DateTime, Utc};
use redis::Value;

use super::stage::GroupQueue;
use crate::{
    job::{FlowId, FlowKey, FlowState, Member, Need, OnChildFailure},
    store::{
        command::{Args, Command},
        keys::{Key, Keys},
        reply,
        script::{Script, script},
    },
    value_error::Corrupt,
};

/// `lua/flow/read.lua`
pub(crate) struct Read<'a> {
    pub(crate) which: Which<'a>,
    /// The first group, and how many at most.
    pub(crate) groups: (u32, u32),
}

/// Which flow.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Which<'a> {
    Key(&'a FlowKey),
    Id(&'a FlowId),
}

/// A flow as its home knows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FlowRecord {
    pub(crate) key: FlowKey,
    pub(crate) id: FlowId,
    pub(crate) state: FlowState,
    pub(crate) nodes: u32,
    pub(crate) groups: u32,
    pub(crate) left: u32,
    pub(crate) completed: u32,
    pub(crate) failed: u32,
    pub(crate) cancelled: u32,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) ended_at: Option<DateTime<Utc>>,
    pub(crate) root: Option<u32>,
    /// Whether the root is many nodes.
    pub(crate) many: bool,
    /// The node that failed its root; else the first that failed and counted.
    pub(crate) cause: Option<Member>,
    /// Whether its deadline has passed.
    pub(crate) late: bool,
    pub(crate) deadline: Option<DateTime<Utc>>,
    /// Whether it is being found out what of it runs again.
    pub(crate) revives: bool,
}

/// A group of a flow as its home knows it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FlowGroup {
    pub(crate) members: u32,
    pub(crate) on_failure: OnChildFailure,
    pub(crate) queue: GroupQueue,
    pub(crate) dependents: Vec<u32>,
    pub(crate) needs: Vec<Need>,
    pub(crate) left: u32,
    /// For how many groups it waits.
    pub(crate) waits: u32,
    pub(crate) sent: u32,
    pub(crate) over: Option<Over>,
    pub(crate) name: Option<String>,
    /// Members whose jobs failed or were cancelled.
    pub(crate) bad: u32,
    /// When the last of its members ended, and which that was, if it had a job.
    pub(crate) done: Option<(DateTime<Utc>, Option<Member>)>,
}

/// Members that ended without a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Over {
    /// From this one on.
    pub(crate) first: u32,
    /// Whether one that they needed has failed; else nobody needs them any more.
    pub(crate) failed: bool,
    /// The node that failed; none if the flow was cancelled.
    pub(crate) cause: Option<Member>,
    /// How many.
    pub(crate) count: u32,
}

const WHAT: &str = "a flow";

fn number(text: &str) -> Result<u32, Corrupt> {
    if text.is_empty() { Ok(0) } else { text.parse().map_err(|error| Corrupt::new(WHAT, error)) }
}

fn time(text: &str) -> Result<Option<DateTime<Utc>>, Corrupt> {
    if text.is_empty() {
        return Ok(None);
    }
    let ms = text.parse().map_err(|error| Corrupt::new(WHAT, error))?;
    let time = DateTime::from_timestamp_millis(ms);
    time.map(Some).ok_or_else(|| Corrupt::new(WHAT, "a time out of range"))
}

fn texts<const N: usize>(value: Value) -> Result<[String; N], Corrupt> {
    let mut texts = [const { String::new() }; N];
    for (text, value) in texts.iter_mut().zip(reply::tuple::<N>(value, WHAT)?) {
        if reply::optional(&value).is_some() {
            reply::text(&value, WHAT)?.clone_into(text);
        }
    }
    Ok(texts)
}

fn list(text: &str) -> Result<Vec<u32>, Corrupt> {
    text.split(',').filter(|group| *group != "-").map(number).collect()
}

impl FlowRecord {
    pub(super) fn read(key: &str, fields: Value) -> Result<Self, Corrupt> {
        let [
            id,
            state,
            nodes,
            groups,
            left,
            completed,
            failed,
            cancelled,
            created,
            ended,
            root,
            cause,
            many,
            late,
            deadline,
            revival,
        ] = texts(fields)?;
        Ok(Self {
            key: FlowKey::from_store(key),
            id: FlowId::from_store(&id),
            state: FlowState::from_store(&state).ok_or_else(|| Corrupt::new(WHAT, "its state"))?,
            nodes: number(&nodes)?,
            groups: number(&groups)?,
            left: number(&left)?,
            completed: number(&completed)?,
            failed: number(&failed)?,
            cancelled: number(&cancelled)?,
            created_at: time(&created)?.ok_or_else(|| Corrupt::new(WHAT, "no time"))?,
            ended_at: time(&ended)?,
            root: if root.is_empty() { None } else { Some(number(&root)?) },
            cause: cause.parse().ok(),
            many: many == "1",
            late: late == "1",
            deadline: time(&deadline)?,
            revives: revival == "1",
        })
    }
}

impl FlowGroup {
    fn read(fields: Value) -> Result<Self, Corrupt> {
        let [group, left, waits, sent, over, name, done, bad] = texts(fields)?;
        let words: Vec<&str> = group.split(' ').collect();
        let [members, letter, _, _, _, _, queue, dependents, needs] = words[..] else {
            return Err(Corrupt::new(WHAT, "a group that can't be read"));
        };
        Ok(Self {
            members: number(members)?,
            on_failure: OnChildFailure::from_letter(letter),
            queue: GroupQueue::parse(queue),
            dependents: list(dependents)?,
            needs: needs.split(',').filter_map(|need| need.parse().ok()).collect(),
            left: number(&left)?,
            // Below zero once it was let go before all had ended.
            waits: if waits.starts_with('-') { 0 } else { number(&waits)? },
            sent: number(&sent)?,
            over: Over::read(&over)?,
            name: Some(name).filter(|name| !name.is_empty()),
            bad: number(&bad)?,
            done: match done.split_once(' ') {
                Some((ms, member)) => time(ms)?.map(|at| (at, member.parse().ok())),
                None => None,
            },
        })
    }
}

impl FlowGroup {
    /// What it is called.
    pub(crate) fn title(&self, number: u32) -> String {
        self.name.clone().unwrap_or_else(|| number.to_string())
    }

    /// What one of its nodes is called: its name, and its number if it is one of many.
    pub(crate) fn label(&self, member: Member) -> String {
        match self.members {
            1 => self.title(member.group),
            _ => format!("{} {}", self.title(member.group), member.number),
        }
    }
}

impl Over {
    fn read(text: &str) -> Result<Option<Self>, Corrupt> {
        let mut words = text.split(' ');
        let (Some(first), Some(kind), Some(cause), Some(count)) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Ok(None);
        };
        let (first, count) = (number(first)?, number(count)?);
        Ok(Some(Self { first, failed: kind == "4", cause: cause.parse().ok(), count }))
    }
}

impl Command for Read<'_> {
    const SCRIPT: &'static Script = script!("flow" / read, [ticks, home]);
    const KEYS: &'static [Key] = &[Key::Flows];
    const ACTION: &'static str = "read a flow";
    type Reply = Option<(FlowRecord, Vec<FlowGroup>)>;

    fn write(&self, keys: &Keys, args: &mut Args<'_>) {
        let (key, id) = match self.which {
            Which::Key(key) => (key.as_str(), ""),
            Which::Id(id) => ("", id.as_str()),
        };
        args.push(keys.base()).push(key).push(id).push(self.groups.0).push(self.groups.1);
    }

    fn read(&self, reply: Value) -> Result<Self::Reply, Corrupt> {
        let [key, fields, groups] = reply::tuple(reply, WHAT)?;
        let key = reply::text(&key, WHAT)?;
        if key.is_empty() {
            return Ok(None);
        }
        let groups = reply::array(groups, WHAT)?.into_iter().map(FlowGroup::read);
        Ok(Some((FlowRecord::read(key, fields)?, groups.collect::<Result<_, _>>()?)))
    }
}
