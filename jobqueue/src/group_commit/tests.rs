//! Group commit over a sink that asks the test for every answer.

use std::{
    pin::Pin,
    task::{Context, Waker},
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep},
};

use super::*;
use crate::{
    error::{Error, Operation, Refused, Result},
    store::{Durability, MAX_BYTES},
};

/// A sink of numbers, whose answers are the numbers times ten.
#[derive(Debug)]
struct Fake<const OWN_CALLS: bool> {
    calls: mpsc::Sender<Call>,
    retry_timeout: Duration,
    bytes_per_item: usize,
}

/// A call that waits for its answer.
#[derive(Debug)]
struct Call {
    items: Vec<u32>,
    resend: bool,
    answer: oneshot::Sender<Result<()>>,
}

type OneTask = Fake<false>;
type OwnCalls = Fake<true>;

impl<const OWN_CALLS: bool> Fake<OWN_CALLS> {
    fn new() -> (Self, mpsc::Receiver<Call>) {
        let (calls, made) = mpsc::channel(100);
        (Self { calls, retry_timeout: Duration::from_secs(60), bytes_per_item: 1 }, made)
    }

    fn spawn() -> (GroupCommit<Self>, mpsc::Receiver<Call>) {
        let (sink, calls) = Self::new();
        (GroupCommit::spawn(sink), calls)
    }
}

impl<const OWN_CALLS: bool> Sink for Fake<OWN_CALLS> {
    type Item = u32;
    type Answer = Vec<u32>;

    const RULES: Rules = Rules {
        shared_call: 4,
        second_call: if OWN_CALLS { Some(2) } else { None },
        own_calls: OWN_CALLS,
    };

    fn retry_timeout(&self) -> Duration {
        self.retry_timeout
    }

    fn call_limit(&self) -> Duration {
        Duration::ZERO
    }

    fn operation(&self) -> Operation {
        Operation::new("count")
    }

    fn size(&self, items: &[u32]) -> usize {
        items.len() * self.bytes_per_item
    }

    async fn send(&self, items: &[u32], _deadline: Instant, resend: bool) -> Result<Vec<u32>> {
        let (answer, answered) = oneshot::channel();
        let call = Call { items: items.to_vec(), resend, answer };
        self.calls.send(call).await.expect("the test goes on");
        answered.await.expect("the test answers")?;
        Ok(items.iter().map(|item| item * 10).collect())
    }

    fn split(
        answer: Vec<u32>,
        sizes: impl Iterator<Item = usize>,
    ) -> impl Iterator<Item = Vec<u32>> {
        let mut answer = answer.into_iter();
        sizes.map(move |size| answer.by_ref().take(size).collect())
    }

    fn is_retried_alone(error: &Error) -> bool {
        matches!(error, Error::Refused(Refused::QueueFull { .. }))
    }
}

impl Call {
    fn succeed(self) {
        let _ = self.answer.send(Ok(()));
    }

    fn fail(self, error: Error) {
        let _ = self.answer.send(Err(error));
    }
}

/// Polls a request once: it is in the channel then, or its own call has been made.
fn begin<F: Future>(request: F) -> Pin<Box<F>> {
    let mut request = Box::pin(request);
    let first = request.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(first.is_pending(), "nothing has been answered");
    request
}

/// The next call, which must carry these items.
async fn next(calls: &mut mpsc::Receiver<Call>, items: &[u32]) -> Call {
    let call = calls.recv().await.expect("the sink is there");
    assert_eq!(call.items, items);
    call
}

fn full() -> Error {
    Refused::QueueFull { queue: "orders".parse().expect("a good name"), cap: 1 }.into()
}

#[tokio::test]
async fn requests_gather_during_a_call_and_the_next_takes_them_in_order() {
    let (group, mut calls) = OneTask::spawn();
    let first = begin(group.send(vec![1]));
    let call = next(&mut calls, &[1]).await;
    let (second, third) = (begin(group.send(vec![2, 3])), begin(group.send(vec![4])));
    call.succeed();
    next(&mut calls, &[2, 3, 4]).await.succeed();
    assert_eq!(first.await.expect("answered"), [10]);
    assert_eq!(third.await.expect("answered"), [40]);
    assert_eq!(second.await.expect("answered"), [20, 30]);
}

#[tokio::test]
async fn nothing_is_sent_for_no_items() {
    let (group, mut calls) = OneTask::spawn();
    assert!(group.send(Vec::new()).await.expect("answered").is_empty());
    drop(group);
    assert!(calls.recv().await.is_none());
}

#[tokio::test]
async fn a_call_carries_whole_requests_up_to_its_number_of_items() {
    let (group, mut calls) = OneTask::spawn();
    let requests = [vec![0], vec![1, 2, 3], vec![4, 5], vec![6], vec![7; 9]];
    let _all = requests.map(|items| begin(group.send(items)));
    next(&mut calls, &[0, 1, 2, 3]).await.succeed();
    next(&mut calls, &[4, 5, 6]).await.succeed();
    next(&mut calls, &[7; 9]).await.succeed();
}

#[tokio::test]
async fn a_call_carries_whole_requests_up_to_its_number_of_bytes() {
    let (sink, mut calls) = OneTask::new();
    let group = GroupCommit::spawn(Fake { bytes_per_item: MAX_BYTES / 2, ..sink });
    let requests = [vec![1, 2, 3], vec![4], vec![5], vec![6]];
    let _all = requests.map(|items| begin(group.send(items)));
    next(&mut calls, &[1, 2, 3]).await.succeed();
    next(&mut calls, &[4, 5]).await.succeed();
    next(&mut calls, &[6]).await.succeed();
}

#[tokio::test]
async fn there_is_one_call_in_flight_unless_the_rules_allow_a_second() {
    let (group, mut calls) = OneTask::spawn();
    let _all = [vec![1, 2, 3, 4], vec![5, 6]].map(|items| begin(group.send(items)));
    let call = next(&mut calls, &[1, 2, 3, 4]).await;
    sleep(Duration::from_millis(20)).await;
    assert!(calls.try_recv().is_err());
    call.succeed();
    next(&mut calls, &[5, 6]).await.succeed();
}

#[tokio::test]
async fn many_items_follow_the_call_in_flight_in_a_second_one() {
    let (group, mut calls) = OwnCalls::spawn();
    let own = begin(group.send(vec![0]));
    let requests = [vec![1, 2, 3, 4], vec![5, 6], vec![7, 8, 9]];
    let _all = requests.map(|items| begin(group.send(items)));
    next(&mut calls, &[0]).await.succeed();
    own.await.expect("answered");
    let (first, second) = (next(&mut calls, &[1, 2, 3, 4]).await, next(&mut calls, &[5, 6]).await);
    sleep(Duration::from_millis(20)).await;
    assert!(calls.try_recv().is_err(), "never a third");
    second.succeed();
    next(&mut calls, &[7, 8, 9]).await.succeed();
    first.succeed();
}

#[tokio::test]
async fn a_few_items_wait_for_the_call_in_flight() {
    let (group, mut calls) = OwnCalls::spawn();
    let own = begin(group.send(vec![0]));
    let _all = [vec![1, 2, 3, 4], vec![5]].map(|items| begin(group.send(items)));
    next(&mut calls, &[0]).await.succeed();
    own.await.expect("answered");
    let call = next(&mut calls, &[1, 2, 3, 4]).await;
    sleep(Duration::from_millis(20)).await;
    assert!(calls.try_recv().is_err());
    call.succeed();
    next(&mut calls, &[5]).await.succeed();
}

#[tokio::test]
async fn a_caller_sends_its_own_request_if_no_call_is_in_flight() {
    let (group, mut calls) = OwnCalls::spawn();
    let own = begin(group.send(vec![1]));
    // The background task had no chance to run yet.
    let call = calls.try_recv().expect("the caller's own call");
    let _other = begin(group.send(vec![2]));
    assert!(calls.try_recv().is_err(), "it waits for the call in flight");
    call.succeed();
    assert_eq!(own.await.expect("answered"), [10]);
    next(&mut calls, &[2]).await.succeed();
}

#[tokio::test]
async fn a_caller_overtakes_no_request() {
    let (group, mut calls) = OwnCalls::spawn();
    let own = begin(group.send(vec![1]));
    let _waiting = begin(group.send(vec![2]));
    calls.try_recv().expect("the caller's own call").succeed();
    own.await.expect("answered");
    // No call is in flight, but the background task has yet to fetch a request.
    let _late = begin(group.send(vec![3]));
    next(&mut calls, &[2, 3]).await.succeed();
}

#[tokio::test]
async fn a_caller_that_is_dropped_or_not_polled_stalls_nobody() {
    let (group, mut calls) = OwnCalls::spawn();
    let kept = begin(group.send(vec![1]));
    let _unanswered = next(&mut calls, &[1]).await;
    let (second, gone) = (begin(group.send(vec![2])), begin(group.send(vec![3])));
    drop(gone);
    next(&mut calls, &[2, 3]).await.succeed();
    assert_eq!(second.await.expect("answered"), [20]);
    drop(kept);
    let third = begin(group.send(vec![4]));
    next(&mut calls, &[4]).await.succeed();
    assert_eq!(third.await.expect("answered"), [40]);
}

#[tokio::test]
async fn a_request_whose_deadline_passes_first_is_not_sent() {
    let (sink, mut calls) = OneTask::new();
    let group = GroupCommit::spawn(Fake { retry_timeout: Duration::from_millis(20), ..sink });
    let first = begin(group.send(vec![1]));
    let call = next(&mut calls, &[1]).await;
    let late = begin(group.send(vec![2]));
    sleep(Duration::from_millis(40)).await;
    let in_time = begin(group.send(vec![3]));
    call.succeed();
    next(&mut calls, &[3]).await.succeed();
    first.await.expect("answered");
    let error = late.await.expect_err("too late");
    assert!(
        matches!(&error, Error::Unavailable { operation, .. } if operation.action() == "count"),
        "{error}"
    );
    in_time.await.expect("answered");
}

#[tokio::test]
async fn all_requests_of_a_call_that_fails_are_told() {
    let (group, mut calls) = OneTask::spawn();
    let [first, second] = [vec![1], vec![2]].map(|items| begin(group.send(items)));
    next(&mut calls, &[1, 2]).await.fail(Error::Closed);
    assert!(matches!(first.await, Err(Error::Closed)));
    assert!(matches!(second.await, Err(Error::Closed)));
}

#[tokio::test]
async fn what_does_not_fit_together_is_sent_again_one_by_one() {
    let (group, mut calls) = OneTask::spawn();
    let [first, second] = [vec![1, 2], vec![3]].map(|items| begin(group.send(items)));
    let together = next(&mut calls, &[1, 2, 3]).await;
    assert!(!together.resend);
    together.fail(full());
    let alone = next(&mut calls, &[1, 2]).await;
    assert!(alone.resend);
    alone.fail(full());
    next(&mut calls, &[3]).await.succeed();
    assert!(matches!(first.await, Err(Error::Refused(Refused::QueueFull { .. }))));
    assert_eq!(second.await.expect("answered"), [30]);
}

#[tokio::test]
async fn a_client_keeps_few_group_commits_that_nobody_uses() {
    let commits = GroupCommits::<OneTask>::default();
    let get = |n: usize| {
        let queue = format!("q{n}").parse().expect("a good name");
        let (sink, calls) = OneTask::new();
        (commits.get(&queue, Durability::default(), || sink), calls)
    };
    let (used, mut calls) = get(0);
    let request = begin(used.send(vec![1]));
    let mut idle = Vec::new();
    for n in 1..1_000 {
        idle.push(get(n).1);
        tokio::task::yield_now().await;
    }
    // The sink of a group commit goes with its task.
    let kept = idle.iter().filter(|calls| !calls.is_closed()).count();
    assert!((1..=64).contains(&kept), "{kept} are kept");
    next(&mut calls, &[1]).await.succeed();
    assert_eq!(request.await.expect("answered"), [10]);
}

#[test]
fn after_the_end_of_its_runtime_a_group_commit_is_closed_and_replaced() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build();
    let commits = GroupCommits::<OneTask>::default();
    let queue = "orders".parse().expect("a good name");
    let get = |sink: OneTask| commits.get(&queue, Durability::default(), || sink);

    let first = runtime().expect("a runtime");
    let (group, again) = first.block_on(async { (get(OneTask::new().0), get(OneTask::new().0)) });
    assert!(!group.is_closed() && !again.is_closed());
    drop(first);
    let second = runtime().expect("a runtime");
    second.block_on(async {
        assert!(matches!(group.send(vec![1]).await, Err(Error::Closed)));
        let (sink, mut calls) = OneTask::new();
        let new = get(sink);
        let request = begin(new.send(vec![1]));
        next(&mut calls, &[1]).await.succeed();
        assert_eq!(request.await.expect("answered"), [10]);
    });
}

#[test]
fn a_request_ends_though_the_runtime_of_the_background_task_stands_still() {
    let [still, other] = [(); 2].map(|()| {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_time().build().expect("a runtime")
    });
    let sink = Fake { retry_timeout: Duration::ZERO, ..OneTask::new().0 };
    let group = still.block_on(async { GroupCommit::spawn(sink) });
    assert!(other.block_on(group.send(vec![1])).is_err() && group.is_closed(), "it is replaced");
}
