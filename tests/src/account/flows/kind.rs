//! The flows that are started.

use jobqueue::{Client, Flow, Result, flow::OnChildFailure};

use super::jobs::{
    Act, Part, Whole, crown, follow, join, leaf_mails, leaf_orders, leaf_users, load, review,
};

/// What a flow looks like. Its id begins with the letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `t`: two groups of leaves, a node above each, and one above those.
    Tree,
    /// `g`: one node, two that wait for it, and one that waits for both.
    Graph,
    /// `b`: a batch of which some fail, and three jobs that follow.
    Batch {
        /// How many fail for good.
        hopeless: usize,
    },
    /// `f`: a leaf fails, and with it all above.
    Failing,
    /// `c`: a leaf fails, and the node above sees it.
    Continuing,
    /// `l`: so many leaves that it is staged in several calls.
    Large,
}

/// How many leaves there are in each group.
pub const LEAVES: usize = 12;

/// And in the one of [`Kind::Large`].
pub const MANY: usize = 1_500;

/// How the flow should end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// `completed` or `failed`.
    pub state: &'static str,
    /// How many nodes it has.
    pub nodes: usize,
    /// How many of them complete.
    pub completed: usize,
    /// Jobs that follow, by name.
    pub follow: &'static [&'static str],
}

impl Kind {
    pub(super) fn any() -> Self {
        match fastrand::u8(0..20) {
            0 => Self::Large,
            1..=6 => Self::Tree,
            7..=11 => Self::Graph,
            12..=15 => Self::Batch { hopeless: fastrand::usize(0..3) },
            16..=17 => Self::Failing,
            _ => Self::Continuing,
        }
    }

    pub(super) fn id(self, token: &str) -> String {
        match self {
            Self::Tree => format!("t-{token}"),
            Self::Graph => format!("g-{token}"),
            Self::Batch { hopeless } => format!("b{hopeless}-{token}"),
            Self::Failing => format!("f-{token}"),
            Self::Continuing => format!("c-{token}"),
            Self::Large => format!("l-{token}"),
        }
    }

    /// The kind of a flow, by its id.
    #[must_use]
    pub fn of(id: &str) -> Option<Self> {
        let (kind, _) = id.split_once('-')?;
        Some(match kind {
            "t" => Self::Tree,
            "g" => Self::Graph,
            "f" => Self::Failing,
            "c" => Self::Continuing,
            "l" => Self::Large,
            batch => Self::Batch { hopeless: batch.strip_prefix('b')?.parse().ok()? },
        })
    }

    /// How it should end. Of a failing flow, what was dropped is not known.
    #[must_use]
    pub fn end(self) -> End {
        let (state, follow) = ("completed", &[][..]);
        let ends = |nodes, completed| End { state, nodes, completed, follow };
        match self {
            Self::Tree => ends(2 * LEAVES + 3, 2 * LEAVES + 3),
            Self::Graph => ends(4, 4),
            Self::Large => ends(MANY + 1, MANY + 1),
            Self::Continuing => ends(LEAVES + 1, LEAVES),
            Self::Failing => End { state: "failed", ..ends(2 * LEAVES + 3, 0) },
            Self::Batch { hopeless: 0 } => {
                End { follow: &["complete", "success"], ..ends(LEAVES, LEAVES) }
            }
            Self::Batch { hopeless } => {
                let follow = &["complete", "death"][..];
                End { state: "failed", follow, ..ends(LEAVES, LEAVES - hopeless) }
            }
        }
    }

    /// Starts a flow of this kind. Answers its home.
    pub(super) async fn start(self, client: &Client, id: &str) -> Result<String> {
        match self {
            Self::Tree => tree(client, id, 0).await,
            Self::Failing => tree(client, id, 1).await,
            Self::Graph => graph(client, id).await,
            Self::Batch { hopeless } => batch(client, id, hopeless).await,
            Self::Continuing => continuing(client, id).await,
            Self::Large => large(client, id).await,
        }
    }
}

/// Leaves, of which the first few are hopeless.
fn leaves(prefix: &str, count: usize, hopeless: usize) -> Vec<Part> {
    let act = |number| match number {
        number if number < hopeless => Act::Hopeless,
        number if number % 9 == 8 => Act::Flaky,
        _ => Act::Work,
    };
    (0..count).map(|number| Part { name: format!("{prefix}{number}"), act: act(number) }).collect()
}

fn whole(id: &str, name: &str, beneath: Vec<(String, usize)>) -> Whole {
    Whole { name: format!("{id}/{name}"), beneath }
}

async fn tree(client: &Client, id: &str, hopeless: usize) -> Result<String> {
    let [a, b] = ["a", "b"].map(|group| format!("{id}/{group}"));
    let flow = Flow::new(id);
    let left = flow.all(leaf_orders, leaves(&a, LEAVES, hopeless));
    let right = flow.all(leaf_users, leaves(&b, LEAVES, 0));
    let beneath = |group: &String| (group.clone(), LEAVES);
    let left = flow.node(join, whole(id, "left", vec![beneath(&a)])).after(&left);
    let right = flow.node(join, whole(id, "right", vec![beneath(&b)])).after(&right);
    let crowned = whole(id, "crown", vec![beneath(&a), beneath(&b)]);
    let root = flow.node(crown, crowned).after((&left, &right));
    Ok(client.start(flow, root).await?.home().to_string())
}

async fn graph(client: &Client, id: &str) -> Result<String> {
    let first = format!("{id}/first");
    let once = || vec![(first.clone(), 1)];
    let flow = Flow::new(id);
    let part = Part { name: format!("{first}0"), act: Act::Work };
    let top = flow.node(leaf_mails, part);
    let left = flow.node(load, whole(id, "left", once())).after(&top);
    let right = flow.node(load, whole(id, "right", once())).after(&top);
    let both = [once(), once()].concat();
    let root = flow.node(crown, whole(id, "last", both)).after((&left, &right));
    Ok(client.start(flow, root).await?.home().to_string())
}

async fn batch(client: &Client, id: &str, hopeless: usize) -> Result<String> {
    let follows = |on: &str| Part { name: format!("{id}/{on}"), act: Act::Work };
    let flow = Flow::batch(id)
        .on_success(follow, follows("success"))
        .on_complete(follow, follows("complete"))
        .on_death(follow, follows("death"));
    let third = LEAVES / 3;
    let _ = flow.all(leaf_mails, leaves(&format!("{id}/m"), third, hopeless));
    let _ = flow.all(leaf_orders, leaves(&format!("{id}/o"), third, 0));
    let _ = flow.all(leaf_users, leaves(&format!("{id}/u"), third, 0));
    Ok(client.start(flow, ()).await?.home().to_string())
}

async fn continuing(client: &Client, id: &str) -> Result<String> {
    let (well, badly) = (format!("{id}/a"), format!("{id}/x"));
    let flow = Flow::new(id);
    let mut parts = vec![Part { name: format!("{badly}0"), act: Act::Hopeless }];
    parts.extend(leaves(&well, LEAVES - 1, 0));
    let parts = flow.all(leaf_users, parts).on_failure(OnChildFailure::Continue);
    let reviewed = whole(id, "review", vec![(well, LEAVES - 1)]);
    let root = flow.node(review, reviewed).after(parts.settled());
    Ok(client.start(flow, root).await?.home().to_string())
}

async fn large(client: &Client, id: &str) -> Result<String> {
    let all = format!("{id}/a");
    let flow = Flow::new(id);
    let parts = flow.all(leaf_users, leaves(&all, MANY, 0));
    let root = flow.node(join, whole(id, "join", vec![(all, MANY)])).after(&parts);
    Ok(client.start(flow, root).await?.home().to_string())
}
