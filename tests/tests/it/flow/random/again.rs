//! What of a flow that has ended runs again.

use std::collections::BTreeSet;

use super::{
    facts::{End, Facts, Node},
    shape::{Again, Shape},
};

/// The nodes that completed and stay as they are, and what the script is told.
pub(super) fn kept(flow: &Shape, facts: &Facts, again: Again) -> (BTreeSet<Node>, String) {
    let group_of = |at: &proptest::sample::Index| at.index(flow.groups.len());
    let named: Vec<Node> = match &again {
        Again::Failed | Again::All => Vec::new(),
        Again::Node(group, number) => {
            let group = group_of(group);
            let members = flow.groups[group].members;
            if members == 0 { Vec::new() } else { vec![(group, number.index(members))] }
        }
        Again::Group(group) => {
            let group = group_of(group);
            (0..flow.groups[group].members).map(|number| (group, number)).collect()
        }
    };
    let from = match (&again, named.first()) {
        (Again::All, _) => "*".to_owned(),
        (Again::Node(..), Some((group, number))) => format!("{group}.{number}"),
        (Again::Group(_), Some((group, _))) => format!("{group}*"),
        _ => "-".to_owned(),
    };
    let completed = |node: &Node| facts.ended.get(node).is_some_and(|it| it.1 == End::Completed);
    let (mut kept, mut open) = (BTreeSet::new(), vec![false; flow.groups.len()]);
    for (at, group) in flow.groups.iter().enumerate() {
        let waits = group.needs.iter().any(|need| open[*need]);
        // With something named, all that comes after what runs again does as well.
        let whole = from == "*" || (from != "-" && waits);
        let stays = |node: &Node| completed(node) && !whole && !named.contains(node);
        let before = kept.len();
        kept.extend((0..group.members).map(|number| (at, number)).filter(stays));
        open[at] = if group.members > 0 {
            kept.len() - before < group.members
        } else {
            // It ends again after what it waits for.
            waits || facts.over.contains_key(&at) || !facts.begun.contains_key(&at)
        };
    }
    (kept, from)
}
