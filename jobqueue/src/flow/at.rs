//! A flow where it stands: what all that reads it has in common.

use super::stream::FlowStream;
use crate::{
    error::{Error, FlowError},
    job::{FlowId, FlowKey, FlowState, Member},
    store::{
        QueueStore,
        flow::{FlowGroup, FlowRecord, Read, Results, Wanted, Which},
    },
    value_error::Invalid,
};

/// How many groups one call reads. Each names those that it waits for and that wait for it.
const GROUPS_AT_ONCE: u32 = 100;

/// A flow at its home.
#[derive(Clone, Debug)]
pub(super) struct FlowAt {
    pub(super) home: QueueStore,
    pub(super) key: FlowKey,
    pub(super) id: FlowId,
}

/// A group by its number.
pub(super) type Numbered = (u32, FlowGroup);

/// What was called by a name: a group, and one of its nodes if one was meant.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) number: u32,
    pub(super) group: FlowGroup,
    pub(super) member: Option<u32>,
}

impl FlowAt {
    pub(super) fn gone(&self) -> FlowError {
        FlowError::Gone { home: self.home.name().clone(), id: self.id.clone() }
    }

    /// What can't be done in its state.
    pub(super) fn refused(&self, action: &'static str, state: FlowState) -> FlowError {
        FlowError::WrongState { action, home: self.home.name().clone(), id: self.id.clone(), state }
    }

    /// Its record and some of its groups.
    pub(super) async fn read(
        &self,
        groups: (u32, u32),
    ) -> Result<(FlowRecord, Vec<FlowGroup>), FlowError> {
        let read = Read { which: Which::Key(&self.key), groups };
        let found = self.home.call_retrying(&read).await?;
        found.ok_or_else(|| self.gone())
    }

    pub(super) async fn record(&self) -> Result<FlowRecord, FlowError> {
        Ok(self.read((0, 0)).await?.0)
    }

    /// All its groups, some a call.
    pub(super) fn groups(&self) -> FlowStream<Numbered> {
        FlowStream::pages((self.clone(), 0), |(at, from)| async move {
            let (_, groups) = at.read((from, GROUPS_AT_ONCE)).await?;
            let next = from.saturating_add(GROUPS_AT_ONCE);
            let page: Vec<Numbered> = (from..).zip(groups).collect();
            Ok((!page.is_empty()).then_some((page, (at, next))))
        })
    }

    /// The group, or the node, that has this name: that of a group, or of one of its nodes, which
    /// has a number behind it.
    pub(super) async fn named(&self, name: &str) -> Result<Named, FlowError> {
        let of_many = name.rsplit_once(' ');
        let of_many = of_many.and_then(|(name, number)| Some((name, number.parse().ok()?)));
        let (mut whole, mut parts) = (Vec::new(), Vec::new());
        let mut groups = self.groups();
        while let Some(found) = groups.next().await {
            let (number, group) = found?;
            let title = group.title(number);
            if title == name {
                whole.push(Named { number, group, member: None });
            } else if let Some((_, member)) =
                of_many.filter(|(of, at)| *of == title && *at < group.members)
            {
                parts.push(Named { number, group, member: Some(member) });
            }
        }
        let mut found = if whole.is_empty() { parts } else { whole };
        match (found.pop(), found.is_empty()) {
            (Some(found), true) => Ok(found),
            (Some(_), false) => {
                let problem = format!("several nodes of flow {} are called {name}", self.id);
                Err(Error::from(Invalid::setup(problem, "give each a name: `named`")).into())
            }
            (None, _) => Err(FlowError::NoNode {
                home: self.home.name().clone(),
                id: self.id.clone(),
                node: name.to_owned(),
            }),
        }
    }

    /// Of nodes of a group, from one on, how each ended, or how often it was sent again.
    pub(super) async fn kinds(&self, from: Member, most: u32) -> Result<Vec<Kind>, FlowError> {
        let results = Results { key: &self.key, from, most, wanted: Wanted::Kinds };
        let found = self.home.call_retrying(&results).await?.ok_or_else(|| self.gone())?;
        Ok(found.iter().map(|kind| Kind::read(kind)).collect())
    }
}

/// How a node ended, without its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Completed,
    Failed,
    Cancelled,
    /// It has not; and how often it was sent again.
    Open(u32),
}

impl Kind {
    /// The first bytes of an outcome, or `#` and a number.
    fn read(kind: &[u8]) -> Self {
        match kind {
            [b'#', again @ ..] => {
                let again = std::str::from_utf8(again).ok().and_then(|again| again.parse().ok());
                Self::Open(again.unwrap_or(0))
            }
            [_, 0, ..] => Self::Completed,
            [_, 3, ..] => Self::Cancelled,
            [] => Self::Open(0),
            _ => Self::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::job::{CancelReason, Codec, Outcome};

    #[test]
    fn the_first_bytes_of_an_outcome_say_how_it_ended() {
        let completed = Outcome::Completed { codec: Codec::Json, result: Bytes::new() };
        let cancelled = Outcome::Cancelled(CancelReason::default());
        assert_eq!(Kind::read(&completed.encode()[..2]), Kind::Completed);
        assert_eq!(Kind::read(&cancelled.encode()[..2]), Kind::Cancelled);
        assert_eq!(Kind::read(b"\x92\x01"), Kind::Failed);
        assert_eq!([Kind::read(b""), Kind::read(b"#12")], [Kind::Open(0), Kind::Open(12)]);
    }
}
