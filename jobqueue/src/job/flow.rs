//! Flows: what names one, its groups and its nodes.

use std::{str::FromStr, sync::Arc};

use super::{
    id::{JobId, MAX_ID_LEN},
    text::text_type,
};
use crate::value_error::Invalid;

/// The id of a flow within its home, the queue of its root: chosen, or made by the client.
///
/// 1 to 128 printable ASCII characters without spaces.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlowId(Arc<str>);

text_type!(FlowId);

impl FromStr for FlowId {
    type Err = Invalid;

    fn from_str(id: &str) -> Result<Self, Invalid> {
        if id.is_empty() || id.len() > MAX_ID_LEN || !id.bytes().all(|b| b.is_ascii_graphic()) {
            let advice = "use 1 to 128 printable ASCII characters without spaces";
            return Err(Invalid::new("flow id", id, advice));
        }
        Ok(Self(Arc::from(id)))
    }
}

impl FlowId {
    /// One that nobody has chosen.
    pub(crate) fn of(key: &FlowKey) -> Self {
        Self(Arc::from(key.as_str()))
    }
}

/// The name under which a flow's record stands: a ULID, since an id may be chosen again.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FlowKey(Arc<str>);

text_type!(FlowKey);

impl FlowKey {
    pub(crate) fn generate() -> Self {
        Self(Arc::from(JobId::generate().as_str()))
    }
}

impl FromStr for FlowKey {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.len() != ulid::ULID_LEN || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(Invalid::new(
                "key of a flow",
                text,
                "use the one that it was started under",
            ));
        }
        Ok(Self(Arc::from(text)))
    }
}

/// A node of a flow: a group and the number in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Member {
    pub(crate) group: u32,
    pub(crate) number: u32,
}

impl std::fmt::Display for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.group, self.number)
    }
}

impl FromStr for Member {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (group, number) = text.split_once('.').ok_or(())?;
        Ok(Self { group: group.parse().map_err(drop)?, number: number.parse().map_err(drop)? })
    }
}

/// A node as its job knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NodeAddress {
    pub(crate) key: FlowKey,
    pub(crate) member: Member,
}

impl NodeAddress {
    /// From the id of a node's job: the flow's key, the node, how often it was sent again if it was,
    /// and the mark of what is awaited.
    pub(crate) fn of(id: &JobId) -> Option<Self> {
        let (key, within) = id.as_str().strip_suffix('@')?.split_once('.')?;
        let end = within.match_indices('.').nth(1).map_or(within.len(), |(at, _)| at);
        Some(Self { key: key.parse().ok()?, member: within.get(..end)?.parse().ok()? })
    }

    /// The id of its job that was sent again so many times; `0` of the first.
    pub(crate) fn job(&self, again: u32) -> JobId {
        let Self { key, member } = self;
        JobId::from_store(&match again {
            0 => format!("{key}.{member}@"),
            again => format!("{key}.{member}.{again}@"),
        })
    }
}

/// A group that another waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    pub(crate) group: u32,
    pub(crate) input: Input,
}

/// What a group that is waited for is to those that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// The result of its one node.
    One,
    /// The results of all its nodes.
    All,
    /// The same as results or failures.
    OneSettled,
    AllSettled,
    /// Nothing: only its end is waited for.
    Order,
}

impl Input {
    const ALL: [(Self, &'static str); 5] = [
        (Self::One, ""),
        (Self::All, "*"),
        (Self::OneSettled, "?"),
        (Self::AllSettled, "~"),
        (Self::Order, "!"),
    ];

    fn sign(self) -> &'static str {
        Self::ALL.iter().find(|(input, _)| *input == self).map_or("", |(_, sign)| sign)
    }
}

impl std::fmt::Display for Need {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.group, self.input.sign())
    }
}

impl FromStr for Need {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let end = text.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(text.len());
        let (group, sign) = text.split_at(end);
        let (input, _) = Input::ALL.iter().find(|(_, known)| *known == sign).ok_or(())?;
        Ok(Self { group: group.parse().map_err(drop)?, input: *input })
    }
}

/// What a node that failed means for those that wait for it.
///
/// A node fails as its job does: for good, by a cancellation, by its time to live, by its removal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnChildFailure {
    /// They fail too, and what only they needed isn't begun any more.
    #[default]
    Fail,
    /// It counts for nothing: they run, and don't see it.
    Ignore,
    /// They run once all that they wait for has ended, and see the failure.
    Continue,
    /// They run at once, without waiting for the others, and decide by themselves.
    Decide,
}

impl OnChildFailure {
    /// As scripts know it.
    pub(crate) fn letter(self) -> char {
        match self {
            Self::Fail => 'f',
            Self::Ignore => 'i',
            Self::Continue => 'c',
            Self::Decide => 'd',
        }
    }

    pub(crate) fn from_letter(letter: &str) -> Self {
        match letter {
            "i" => Self::Ignore,
            "c" => Self::Continue,
            "d" => Self::Decide,
            _ => Self::Fail,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_known_by_its_jobs_id() {
        let node =
            NodeAddress { key: FlowKey::generate(), member: Member { group: 3, number: 41 } };
        let id = node.job(0);
        assert!(NodeAddress::of(&id) == Some(node.clone()), "{id}");
        assert_eq!(NodeAddress::of(&node.job(2)).as_ref(), Some(&node));
        let key = &node.key;
        for (input, _) in Input::ALL {
            let need = Need { group: 17, input };
            assert_eq!(need.to_string().parse(), Ok(need));
        }
        for other in ["x", "x.1@", &format!("{key}.3@"), &format!("{key}.a.b@"), "x.1.2@"] {
            assert_eq!(NodeAddress::of(&JobId::from_store(other)), None, "{other}");
        }
    }
}
