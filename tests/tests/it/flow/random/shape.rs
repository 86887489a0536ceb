//! Graphs to play.

use proptest::{collection::vec, prelude::*, sample::Index};

/// A flow, and how it is played.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) groups: Vec<Group>,
    pub(super) root: Option<usize>,
    pub(super) manner: Manner,
    /// Of the dice that say which job ends next, and how.
    pub(super) seed: u64,
}

/// Nodes with the same needs.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) members: usize,
    pub(super) policy: Policy,
    /// Groups before it.
    pub(super) needs: Vec<usize>,
    /// Whether its nodes are copies of a message, in several queues.
    pub(super) copies: bool,
}

/// What is to run again once the flow has ended.
#[derive(Clone, Copy, Debug)]
pub(super) enum Again {
    /// What didn't complete.
    Failed,
    /// A node of some group as well, and all that comes after it.
    Node(Index, Index),
    /// All nodes of some group, and all that comes after them.
    Group(Index),
    All,
}

/// What a failure means for those that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Policy {
    Fail,
    Ignore,
    Continue,
    Decide,
}

impl Policy {
    pub(super) fn letter(self) -> char {
        match self {
            Self::Fail => 'f',
            Self::Ignore => 'i',
            Self::Continue => 'c',
            Self::Decide => 'd',
        }
    }
}

/// How it is played.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// Whether all that follows from an end is done before the next: then the rules know the order.
    pub(super) quiet: bool,
    /// How many of a hundred jobs fail.
    pub(super) failing: u8,
    /// Whether the flow is cancelled at some time.
    pub(super) cancelled: bool,
    /// Whether it runs again.
    pub(super) again: Option<Again>,
}

impl Shape {
    /// The groups that wait for this one.
    pub(super) fn dependents(&self, group: usize) -> impl Iterator<Item = usize> + '_ {
        let all = self.groups.iter().enumerate();
        all.filter(move |(_, other)| other.needs.contains(&group)).map(|(at, _)| at)
    }

    /// The queue of a node.
    pub(super) fn queue(&self, (group, number): (usize, usize)) -> String {
        let place = if self.groups[group].copies { group + number } else { group };
        format!("w{}", place % 3)
    }

    /// The queues of a group, as its text has them.
    pub(super) fn queues(&self, group: usize) -> String {
        if !self.groups[group].copies {
            return self.queue((group, 0));
        }
        let members = 0..self.groups[group].members;
        let queues: Vec<String> = members.map(|number| self.queue((group, number))).collect();
        format!("*{}", queues.join(","))
    }

    pub(super) fn nodes(&self) -> usize {
        self.groups.iter().map(|group| group.members).sum()
    }
}

fn groups() -> impl Strategy<Value = Vec<Group>> {
    let members = prop_oneof![8 => 1..4_usize, 1 => Just(0), 1 => 1..130_usize];
    let policy = prop_oneof![
        4 => Just(Policy::Fail),
        1 => Just(Policy::Ignore),
        2 => Just(Policy::Continue),
        2 => Just(Policy::Decide),
    ];
    let needs = prop_oneof![9 => vec(any::<Index>(), 0..4), 1 => vec(any::<Index>(), 0..20)];
    let count = prop_oneof![12 => 1..12_usize, 1 => 50..120_usize];
    let copies = prop_oneof![5 => Just(false), 1 => Just(true)];
    let group = (members, policy, needs, copies);
    count.prop_flat_map(move |count| vec(group.clone(), 1..=count)).prop_map(|groups| {
        let group = |(at, (members, policy, needs, copies)): (usize, (_, _, Vec<Index>, _))| {
            let mut needs: Vec<usize> = if at == 0 {
                Vec::new()
            } else {
                needs.iter().map(|need| need.index(at)).collect()
            };
            needs.sort_unstable();
            needs.dedup();
            Group { members, policy, needs, copies }
        };
        groups.into_iter().enumerate().map(group).collect()
    })
}

fn manner() -> impl Strategy<Value = Manner> {
    let failing = prop_oneof![1 => Just(0_u8), 4 => 1..30_u8, 1 => Just(100)];
    let cancelled = prop_oneof![7 => Just(false), 1 => Just(true)];
    let again = prop_oneof![
        3 => Just(None),
        2 => Just(Some(Again::Failed)),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(group, number)| Some(Again::Node(group, number))),
        1 => any::<Index>().prop_map(|group| Some(Again::Group(group))),
        1 => Just(Some(Again::All)),
    ];
    let made = |(quiet, failing, cancelled, again)| Manner { quiet, failing, cancelled, again };
    (any::<bool>(), failing, cancelled, again).prop_map(made)
}

pub(super) fn flows() -> impl Strategy<Value = Shape> {
    let root = prop::option::weighted(0.75, any::<Index>());
    (groups(), root, any::<bool>(), manner(), any::<u64>()).prop_map(
        |(groups, root, last, manner, seed)| {
            let at = |root: Index| {
                if last { groups.len() - 1 } else { root.index(groups.len()) }
            };
            let root = root.map(at);
            Shape { groups, root, manner, seed }
        },
    )
}
