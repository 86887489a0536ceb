//! How nodes ended, and their results put together for those that wait for them.

use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::written::{Written, common};
use crate::{
    error::Result,
    job::{FailureReason, FlowKey, FlowState, Input, JobFailure, Member, Outcome},
    store::{
        QueueStore,
        flow::{FlowGroup, GroupQueue, Read, Results, Wanted, Which},
    },
    value_error::Corrupt,
};

/// The most outcomes that one call asks for.
const AT_ONCE: u32 = 500;

/// How a node ended: its result, or why there is none.
pub(super) type End = std::result::Result<Written, JobFailure>;

/// A group whose nodes are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct OfGroup<'a> {
    pub(super) store: &'a QueueStore,
    pub(super) key: &'a FlowKey,
    pub(super) number: u32,
    pub(super) group: &'a FlowGroup,
}

impl OfGroup<'_> {
    /// How its nodes ended, in order, none for those that have not. None at all if the flow is gone.
    pub(super) async fn ends(&self) -> Result<Option<Vec<Option<End>>>> {
        if let GroupQueue::Flow(inner) = &self.group.queue {
            return self.of_flow(inner).await.map(|end| Some(vec![end]));
        }
        let mut ends = Vec::new();
        while number_of(ends.len()) < self.group.members {
            let Some(page) = self.page(number_of(ends.len())).await? else { return Ok(None) };
            if page.is_empty() {
                return Err(Corrupt::new("the results of a flow", "fewer than nodes").into());
            }
            ends.extend(page);
        }
        Ok(Some(ends))
    }

    /// How a flow ended that is the one node of the group.
    ///
    /// Boxed, since it may have flows among its own nodes.
    fn of_flow<'a>(&'a self, key: &'a FlowKey) -> BoxFuture<'a, Result<Option<End>>> {
        Box::pin(self.read_flow(key))
    }

    async fn read_flow(&self, key: &FlowKey) -> Result<Option<End>> {
        if let Some(over) = self.group.over {
            return Ok(Some(Err(without_job(over.failed, over.cause))));
        }
        let read = |groups| Read { which: Which::Key(key), groups };
        let Some((record, _)) = self.store.call_retrying(&read((0, 0))).await? else {
            return Ok(None);
        };
        match record.state {
            FlowState::Completed => {}
            FlowState::Failed => return Ok(Some(Err(without_job(true, record.cause)))),
            FlowState::Cancelled => return Ok(Some(Err(without_job(false, None)))),
            FlowState::Held | FlowState::Running | FlowState::Cancelling => return Ok(None),
        }
        let root = record.root.unwrap_or(u32::MAX);
        let found = self.store.call_retrying(&read((root, 1))).await?;
        let Some(group) = found.and_then(|(_, groups)| groups.into_iter().next()) else {
            return Ok(Some(Ok(Written::nil())));
        };
        let of = OfGroup { store: self.store, key, number: root, group: &group };
        let ends = of.ends().await?.unwrap_or_default();
        let input = if record.many { Input::All } else { Input::One };
        Ok(Some(give(input, ends).map(|given| given.unwrap_or_else(Written::nil))))
    }

    /// How the next of them ended, from one on, as many as one call reads; an empty page at the end.
    pub(super) async fn page(&self, from: u32) -> Result<Option<Vec<Option<End>>>> {
        let most = self.group.members.saturating_sub(from).min(AT_ONCE);
        if most == 0 {
            return Ok(Some(Vec::new()));
        }
        if let GroupQueue::Flow(inner) = &self.group.queue {
            return self.of_flow(inner).await.map(|end| Some(vec![end]));
        }
        let first = Member { group: self.number, number: from };
        let results = Results { key: self.key, from: first, most, wanted: Wanted::All };
        let Some(outcomes) = self.store.call_retrying(&results).await? else { return Ok(None) };
        let ends = (from..).zip(outcomes).map(|(at, outcome)| self.end(at, &outcome));
        ends.collect::<Result<_>>().map(Some)
    }

    /// How one of its nodes ended.
    pub(super) async fn one(&self, number: u32) -> Result<Option<End>> {
        if let GroupQueue::Flow(inner) = &self.group.queue {
            return self.of_flow(inner).await;
        }
        let from = Member { group: self.number, number };
        let results = Results { key: self.key, from, most: 1, wanted: Wanted::All };
        let outcomes = self.store.call_retrying(&results).await?;
        match outcomes.and_then(|outcomes| outcomes.into_iter().next()) {
            Some(outcome) => self.end(number, &outcome),
            None => Ok(None),
        }
    }

    fn end(&self, number: u32, outcome: &Bytes) -> Result<Option<End>> {
        if outcome.is_empty() {
            let over = self.group.over.filter(|over| over.first <= number);
            return Ok(over.map(|over| Err(without_job(over.failed, over.cause))));
        }
        Ok(Some(match Outcome::decode(outcome)? {
            Outcome::Completed { codec, result } => Ok(Written::new(codec, result.to_vec())),
            Outcome::Failed(failure) | Outcome::DeadLettered { failure, .. } => Err(failure),
            Outcome::Cancelled(reason) => {
                Err(failure(FailureReason::Cancelled, reason.to_string()))
            }
        }))
    }
}

fn number_of(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

fn failure(reason: FailureReason, message: String) -> JobFailure {
    JobFailure { reason, message, causes: Vec::new(), attempt: 0 }
}

/// Of a node that never had a job.
pub(super) fn without_job(failed: bool, cause: Option<Member>) -> JobFailure {
    let cause = cause.map_or("its flow was cancelled".to_owned(), |cause| {
        format!("node {cause} of its flow has failed")
    });
    let reason = if failed { FailureReason::ChildFailed } else { FailureReason::Cancelled };
    failure(reason, cause)
}

/// What one group gives to those that wait for it. None if it isn't an input.
///
/// # Errors
/// A failure that they didn't ask for.
pub(super) fn give(input: Input, ends: Vec<Option<End>>) -> Result<Option<Written>, JobFailure> {
    let (settled, many) = match input {
        Input::Order => return Ok(None),
        Input::One => (false, false),
        Input::All => (false, true),
        Input::OneSettled => (true, false),
        Input::AllSettled => (true, true),
    };
    let results = ends.iter().flatten().filter_map(|end| end.as_ref().ok());
    let codec = common(results.map(Written::codec));
    // Some may not have ended, where those that wait were to run at once.
    let mut given = Vec::new();
    for end in ends {
        let end = match end {
            Some(end) => end,
            None if settled => Err(failure(FailureReason::Other, "it has not ended".to_owned())),
            None => continue,
        };
        match end {
            Ok(result) if settled => given.push(result.ok()),
            Ok(result) => given.push(result),
            Err(failure) if settled => {
                let written = Written::of(codec, &Err::<(), _>(&failure));
                given.push(written.map_err(|_| failure)?);
            }
            Err(failure) => return Err(failure),
        }
    }
    if many {
        return array(given).map(Some);
    }
    match given.pop() {
        Some(result) => Ok(Some(result)),
        None => Err(failure(FailureReason::Other, "it has not ended".to_owned())),
    }
}

/// What several groups give: the one alone, or a tuple.
///
/// # Errors
/// One of them can't be read.
pub(super) fn together(mut given: Vec<Written>) -> Result<Written, JobFailure> {
    match given.pop() {
        Some(alone) if given.is_empty() => Ok(alone),
        last => {
            given.extend(last);
            array(given)
        }
    }
}

fn array(values: Vec<Written>) -> Result<Written, JobFailure> {
    Written::array(values).map_err(|error| failure(FailureReason::Other, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Codec;

    fn written<T: serde::Serialize>(value: T) -> Option<End> {
        Some(Ok(Written::of(Codec::MessagePack, &value).expect("it can be written")))
    }

    fn lost() -> Option<End> {
        Some(Err(failure(FailureReason::Error, "no".to_owned())))
    }

    fn read<T: serde::de::DeserializeOwned>(written: &Written) -> T {
        written.read().expect("it is of this type")
    }

    fn both(given: Vec<Written>) -> Written {
        together(given).expect("they can be read")
    }

    #[test]
    fn results_come_as_those_that_wait_ask_for_them() {
        let pages = || vec![written("a"), written("b")];
        let all = give(Input::All, pages()).expect("no failure").expect("an input");
        assert_eq!(read::<Vec<String>>(&all), ["a", "b"]);
        let one = give(Input::One, vec![written(7_u8)]).expect("no failure").expect("an input");
        assert_eq!(
            read::<(Vec<String>, u8)>(&both(vec![all.clone(), one])),
            (vec!["a".into(), "b".into()], 7)
        );
        assert_eq!(read::<Vec<String>>(&both(vec![all])), ["a", "b"]);
        assert_eq!(give(Input::Order, pages()), Ok(None));
    }

    #[test]
    fn a_failure_is_seen_by_who_asks_for_it_and_fails_who_doesnt() {
        let mixed = || vec![written(1_u8), lost(), None];
        assert!(give(Input::All, mixed()).is_err());
        let all = give(Input::AllSettled, mixed()).expect("no failure").expect("an input");
        let all: Vec<Result<u8, JobFailure>> = read(&all);
        assert_eq!(all[0], Ok(1));
        assert_eq!(all[1].as_ref().map_err(|it| &it.message[..]), Err("no"));
        assert!(all[2].is_err());
        assert_eq!(give(Input::All, vec![written(1_u8), None]).map(|it| it.is_some()), Ok(true));
    }
}
