//! A flow as a graph: who waits for whom, how far each is, and what took longest.

use std::fmt::{self, Write as _};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::handle::FlowHandle;
use crate::{
    error::FlowError,
    job::{FlowId, FlowState, Member, OnChildFailure, QueueName},
    store::flow::FlowGroup,
};

/// A flow as a graph: see [`FlowHandle::graph`]. Printed, it is a tree with the root at its top.
///
/// Serialized: its fields, under their names.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FlowGraph {
    /// The flow's id.
    pub id: FlowId,
    /// Its state.
    pub state: FlowState,
    /// When it was started.
    pub created_at: DateTime<Utc>,
    /// The number of its root among the nodes, if it has one.
    pub root: Option<usize>,
    /// Its nodes; many of one handler that wait for the same are one. Each comes after those that it
    /// waits for.
    pub nodes: Vec<GraphNode>,
}

/// A node of a graph, or many of one handler that wait for the same.
///
/// Serialized: its fields, under their names.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct GraphNode {
    /// Its name.
    pub name: String,
    /// Its queue; none if it is a flow of its own. Copies of a message may be in several.
    pub queues: Vec<QueueName>,
    /// How many it is.
    pub count: u32,
    /// Those whose turn hasn't come.
    pub waiting_children: u32,
    /// Those whose jobs are in their queue, or on their way there.
    pub queued: u32,
    /// Those that completed.
    pub completed: u32,
    /// Those that failed or were cancelled.
    pub failed: u32,
    /// Those that had no turn and will have none.
    pub skipped: u32,
    /// What a failure of one means for those that wait.
    #[serde(serialize_with = "letter")]
    pub on_failure: OnChildFailure,
    /// The numbers of those that it waits for.
    pub needs: Vec<usize>,
    /// When the last of it ended, if all has.
    pub ended_at: Option<DateTime<Utc>>,
    /// Which of many that was, if it had a job.
    pub last: Option<u32>,
}

fn letter<S: serde::Serializer>(what: &OnChildFailure, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(match what {
        OnChildFailure::Fail => "fail",
        OnChildFailure::Ignore => "ignore",
        OnChildFailure::Continue => "continue",
        OnChildFailure::Decide => "decide",
    })
}

/// A step of a [critical path](FlowGraph::critical_path).
///
/// Serialized: its fields, under their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PathStep {
    /// The node, as [`NodeInfo`](crate::flow::NodeInfo) calls it.
    pub node: String,
    /// When all that it waits for had ended; when the flow was started if it waits for nothing.
    pub ready_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: DateTime<Utc>,
}

impl GraphNode {
    fn of(number: u32, group: &FlowGroup) -> Self {
        let (waiting_children, skipped) = (group.unsent(), group.over.map_or(0, |it| it.count));
        let ended = group.members.saturating_sub(group.left);
        Self {
            name: group.title(number),
            queues: group.queues(),
            count: group.members,
            waiting_children,
            queued: group.left.saturating_sub(waiting_children),
            completed: ended.saturating_sub(group.bad).saturating_sub(skipped),
            failed: group.bad,
            skipped,
            on_failure: group.on_failure,
            needs: group.needs.iter().map(|need| need.group as usize).collect(),
            ended_at: group.done.map(|(at, _)| at),
            last: group.done.and_then(|(_, last)| last).map(|last: Member| last.number),
        }
    }

    fn label(&self) -> String {
        match self.last {
            Some(last) if self.count > 1 => format!("{} {last}", self.name),
            _ => self.name.clone(),
        }
    }

    /// What is most telling of it.
    fn stage(&self) -> &'static str {
        match self {
            Self { failed: 1.., .. } => "failed",
            Self { skipped: 1.., .. } => "skipped",
            Self { queued: 1.., .. } => "queued",
            Self { waiting_children: 1.., .. } => "waiting",
            _ => "completed",
        }
    }

    /// Its nodes by where they are.
    fn numbers(&self) -> String {
        let all = [
            (self.waiting_children, "waiting-children"),
            (self.queued, "queued"),
            (self.completed, "completed"),
            (self.failed, "failed"),
            (self.skipped, "skipped"),
        ];
        let some = all.iter().filter(|(count, _)| *count > 0);
        let texts: Vec<String> = some
            .map(|(count, what)| match self.count {
                1 => (*what).to_owned(),
                _ => format!("{count} {what}"),
            })
            .collect();
        if texts.is_empty() { "none".to_owned() } else { texts.join(", ") }
    }
}

impl FlowGraph {
    /// What the flow's time was spent on: from a node that waits for nothing to the root, each the one
    /// that ended last of those that the next waited for. To make the flow faster, make one of these
    /// faster: any other would have had more time.
    ///
    /// A step's time is that from when it could begin until it ended: it has waited in its queue, and
    /// run, and was tried again. A flow that has not ended has the path up to what has; one without a
    /// root, the path to what ended last. What is a step and has no end had no part in it.
    #[must_use]
    pub fn critical_path(&self) -> Vec<PathStep> {
        let latest = |of: &mut dyn Iterator<Item = usize>| {
            let ended = of.filter_map(|at| Some((self.nodes.get(at)?.ended_at?, at)));
            ended.max().map(|(_, at)| at)
        };
        let root = self.root.filter(|root| self.nodes.get(*root).is_some_and(GraphNode::has_ended));
        let mut next = root.or_else(|| latest(&mut (0..self.nodes.len())));
        let mut steps = Vec::new();
        while let Some(node) = next.and_then(|at| self.nodes.get(at)) {
            next = latest(&mut node.needs.iter().copied());
            let before = next.and_then(|at| self.nodes.get(at)?.ended_at);
            let ended_at = node.ended_at.unwrap_or(self.created_at);
            let ready_at = before.unwrap_or(self.created_at).min(ended_at);
            steps.push(PathStep { node: node.label(), ready_at, ended_at });
        }
        steps.reverse();
        steps
    }

    /// The graph as a Mermaid flowchart, with how far each node is, for a page or an issue.
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        let mut out = "flowchart TD\n".to_owned();
        for (at, node) in self.nodes.iter().enumerate() {
            let name = node.name.replace('"', "#quot;");
            let many = if node.count == 1 { String::new() } else { format!(" × {}", node.count) };
            let (numbers, stage) = (node.numbers(), node.stage());
            // Writing to a string can't fail, hence the results that are let go.
            let _ = writeln!(out, "    n{at}[\"{name}{many}<br/>{numbers}\"]:::{stage}");
        }
        for (at, node) in self.nodes.iter().enumerate() {
            for need in &node.needs {
                let _ = writeln!(out, "    n{need} --> n{at}");
            }
        }
        for (stage, colour) in [
            ("waiting", "#eee"),
            ("queued", "#cde"),
            ("completed", "#cec"),
            ("failed", "#fcc"),
            ("skipped", "#fed"),
        ] {
            let _ = writeln!(out, "    classDef {stage} fill:{colour}");
        }
        out
    }

    /// A node and those that it waits for, each once: a graph isn't a tree everywhere.
    fn branch(
        &self,
        f: &mut fmt::Formatter<'_>,
        seen: &mut [bool],
        (at, depth): (usize, usize),
    ) -> fmt::Result {
        // A stack of its own: a chain of many nodes would be too deep for the program's.
        let mut left = vec![(at, depth)];
        while let Some((at, depth)) = left.pop() {
            let Some(node) = self.nodes.get(at) else { continue };
            let again = seen.get_mut(at).is_none_or(|seen| std::mem::replace(seen, true));
            let more = if again && !node.needs.is_empty() { " …" } else { "" };
            let (name, numbers) = (&node.name, node.numbers());
            writeln!(f, "{:width$}{name}: {numbers}{more}", "", width = 2 * depth)?;
            if !again {
                left.extend(node.needs.iter().rev().map(|need| (*need, depth + 1)));
            }
        }
        Ok(())
    }
}

impl GraphNode {
    fn has_ended(&self) -> bool {
        self.ended_at.is_some()
    }
}

impl fmt::Display for FlowGraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut seen = vec![false; self.nodes.len()];
        if let Some(root) = self.root {
            self.branch(f, &mut seen, (root, 0))?;
        }
        // What the root doesn't wait for, from the last on.
        for at in (0..self.nodes.len()).rev() {
            if seen.get(at) == Some(&false) {
                self.branch(f, &mut seen, (at, 0))?;
            }
        }
        Ok(())
    }
}

impl<T> FlowHandle<T> {
    /// The flow as a graph, with how far each of its nodes is: as a tree when it is printed, as a
    /// [Mermaid flowchart](FlowGraph::to_mermaid), with its [critical path](FlowGraph::critical_path).
    ///
    /// Many nodes of one handler are one of the graph, so it is small whatever their number;
    /// [`nodes`](Self::nodes) has each with the state of its job.
    ///
    /// # Errors
    /// [`FlowError::Gone`] if it isn't kept any more, and those of any call.
    pub async fn graph(&self) -> Result<FlowGraph, FlowError> {
        let at = self.at();
        let groups = at.groups().all().await?;
        let nodes = groups.iter().map(|(number, group)| GraphNode::of(*number, group)).collect();
        let record = at.record().await?;
        Ok(FlowGraph {
            id: record.id,
            state: record.state,
            created_at: record.created_at,
            root: record.root.map(|root| root as usize),
            nodes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("a time")
    }

    fn node(name: &str, count: u32, needs: &[usize], ended: Option<i64>) -> GraphNode {
        GraphNode {
            name: name.to_owned(),
            queues: Vec::new(),
            count,
            waiting_children: 0,
            queued: if ended.is_none() { count } else { 0 },
            completed: if ended.is_some() { count } else { 0 },
            failed: 0,
            skipped: 0,
            on_failure: OnChildFailure::Fail,
            needs: needs.to_vec(),
            ended_at: ended.map(at),
            last: (count > 1).then_some(1),
        }
    }

    fn graph(root: Option<usize>, nodes: Vec<GraphNode>) -> FlowGraph {
        let id = "report".parse().expect("a good id");
        FlowGraph { id, state: FlowState::Running, created_at: at(100), root, nodes }
    }

    #[test]
    fn the_critical_path_leads_through_what_ended_last() {
        let nodes = vec![
            node("quick", 1, &[], Some(101)),
            node("slow", 3, &[], Some(109)),
            node("side", 1, &[0], Some(105)),
            node("top", 1, &[1, 2], Some(112)),
        ];
        let steps = |graph: &FlowGraph| -> Vec<(String, i64, i64)> {
            let path = graph.critical_path().into_iter();
            path.map(|it| (it.node, it.ready_at.timestamp(), it.ended_at.timestamp())).collect()
        };
        let whole = graph(Some(3), nodes.clone());
        let expected = vec![("slow 1".to_owned(), 100, 109), ("top".to_owned(), 109, 112)];
        assert_eq!(steps(&whole), expected);
        let mut half = graph(Some(3), nodes);
        half.nodes[3].ended_at = None;
        assert_eq!(steps(&half), expected[..1]);
    }

    #[test]
    fn a_graph_is_printed_as_a_tree_and_drawn_as_a_flowchart() {
        let nodes = vec![
            node("fetch", 1, &[], Some(101)),
            node("pages", 2, &[0], Some(102)),
            node("a \"b\"", 1, &[0], None),
            node("report", 1, &[1, 2], None),
        ];
        let graph = graph(Some(3), nodes);
        assert_eq!(
            graph.to_string(),
            "report: queued\n  pages: 2 completed\n    fetch: completed\n  a \"b\": queued\n    fetch: \
             completed\n"
        );
        let drawn = graph.to_mermaid();
        for line in [
            "    n1[\"pages × 2<br/>2 completed\"]:::completed",
            "    n2[\"a #quot;b#quot;<br/>queued\"]:::queued",
            "    n2 --> n3",
        ] {
            assert!(drawn.lines().any(|drawn| drawn == line), "{drawn}");
        }
    }
}
