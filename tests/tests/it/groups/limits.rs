//! What a group may have at once, and per time.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use jobqueue::{
    Context, DurationExt as _, Failure, JobId, JobState, Rate, State, job,
    manage::{AfterFailure, WhyHeld},
    receive::Delivery,
};
use jobqueue_tests::wait::{at_once, eventually};

use super::{add, queue};
use crate::support::{Running, client, complete, numbers, out, worker};

/// Long enough for any machine.
const LONG: Duration = Duration::from_secs(20);

#[tokio::test]
async fn so_many_jobs_of_a_group_are_active_and_others_go_on() {
    let queue = queue(&client().await);
    queue.groups().set_limits("big").max_active(2).await.expect("set");
    add(&queue, Some("big"), 0..5).await;
    add(&queue, Some("small"), 10..12).await;
    add(&queue, None, 20..22).await;
    let first = out(&queue, 10).await;
    let mut started = numbers(&first);
    started.sort_unstable();
    assert_eq!(started, [0, 1, 10, 11, 20, 21]);
    assert!(out(&queue, 10).await.is_empty(), "it has no room");
    let held = queue.groups().held(10).await.expect("read");
    assert_eq!((held.len(), held[0].name.as_str(), held[0].waiting), (1, "big", 3));
    assert!(matches!(&held[0].why, WhyHeld::Full { by: Some(_) }), "{held:?}");
    let mut big: Vec<_> = first.into_iter().filter(|job| job.group() == Some("big")).collect();
    big.pop().expect("two").complete().await.expect("completed");
    let third = out(&queue, 10).await;
    assert_eq!(numbers(&third), [2]);
    // However a job leaves its run: it makes room.
    big.pop().expect("one").release().await.expect("released");
    assert_eq!(numbers(&out(&queue, 10).await), [0]);
    complete(third).await;
    complete(out(&queue, 10).await).await;
}

#[tokio::test]
async fn a_limit_of_all_groups_and_one_of_its_own() {
    let queue = queue(&client().await);
    let groups = queue.groups();
    groups.set_limits_of_all().max_active(1).await.expect("set");
    groups.set_limits("gold").max_active(None).await.expect("set");
    for group in ["a", "b", "gold"] {
        add(&queue, Some(group), 0..3).await;
    }
    add(&queue, None, 10..13).await;
    let first = out(&queue, 20).await;
    let of = |jobs: &[Delivery], group: Option<&str>| {
        jobs.iter().filter(|job| job.group() == group).count()
    };
    let counts = [Some("a"), Some("b"), Some("gold"), None].map(|group| of(&first, group));
    assert_eq!(counts, [1, 1, 3, 3]);
    assert_eq!(groups.limits("a").await.expect("read").max_active, Some(1));
    assert_eq!(groups.limits("gold").await.expect("read").max_active, None);
    // It holds at once for what is held.
    groups.set_limits_of_all().forget().await.expect("set");
    let rest = out(&queue, 20).await;
    assert_eq!([Some("a"), Some("b")].map(|group| of(&rest, group)), [2, 2]);
}

#[tokio::test]
async fn turns_from_before_a_limit_are_kept_for_later() {
    let queue = queue(&client().await);
    add(&queue, Some("big"), 0..50).await;
    add(&queue, Some("small"), 100..103).await;
    queue.groups().pause("big").await.expect("paused");
    assert_eq!(numbers(&out(&queue, 2).await), [100, 101]);
    assert_eq!(numbers(&out(&queue, 50).await), [102]);
    let held = queue.groups().held(10).await.expect("read");
    assert_eq!(held[0].why, WhyHeld::Paused);
    add(&queue, Some("big"), 50..51).await;
    queue.groups().resume("big").await.expect("resumed");
    let all = out(&queue, 100).await;
    assert!(numbers(&all).into_iter().eq(0..51), "in their order");
    complete(all).await;
    assert_eq!(queue.counts().await.expect("read").of(JobState::Waiting), 0);
}

#[tokio::test]
async fn a_group_has_a_rate_of_its_own() {
    let queue = queue(&client().await);
    let rate = Rate::new(10, 1.seconds());
    queue.groups().set_limits("slow").rate(rate).await.expect("set");
    add(&queue, Some("slow"), 0..6).await;
    add(&queue, Some("fast"), 10..13).await;
    let began = Instant::now();
    let mut times = Vec::new();
    while times.len() < 6 {
        let jobs = queue.receive(10, LONG).await.expect("received");
        assert!(!jobs.is_empty(), "only {times:?} came");
        times
            .extend(jobs.iter().filter(|job| job.group() == Some("slow")).map(|_| began.elapsed()));
        complete(jobs).await;
    }
    // Starts that are late by up to 20 ms don't move those after them.
    let pairs = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0]));
    assert!(pairs.clone().all(|gap| gap > Duration::from_millis(50)), "{times:?}");
    assert!(
        times[5] >= Duration::from_millis(480) && times[5] < Duration::from_secs(5),
        "{times:?}"
    );
}

/// What ran, in order.
#[derive(Clone, Default)]
struct Order(Arc<Mutex<Vec<u32>>>);

impl Order {
    fn note(&self, n: u32) {
        self.0.lock().expect("no panic").push(n);
    }

    fn all(&self) -> Vec<u32> {
        self.0.lock().expect("no panic").clone()
    }
}

#[job(queue = "orders", name = "work", attempts = 3, backoff = fixed("300ms"), retain_failed = all)]
async fn work(n: u32, ctx: Context, order: State<Order>) -> Result<(), Failure> {
    match (n % 10, ctx.attempt()) {
        (1, 1) => return Err(Failure::retry("not this time")),
        (2, _) if order.all().iter().all(|it| *it != 1_000 + n) => {
            order.note(1_000 + n);
            return Err(Failure::rate_limited(Duration::from_millis(400), "slow down"));
        }
        (3, _) if order.all().iter().all(|it| *it != 1_000 + n) => {
            order.note(1_000 + n);
            return Err(Failure::permanent("never"));
        }
        _ => order.note(n),
    }
    Ok(())
}

#[tokio::test]
async fn a_group_in_order_waits_for_the_job_that_is_tried_again() {
    let client = client().await;
    let (queue, order) = (queue(&client), Order::default());
    queue.groups().set_limits("line").in_order(AfterFailure::GoOn).await.expect("set");
    let jobs = (0..6_u32).map(|n| queue.add("work", &n).group("line"));
    for job in jobs {
        job.await.expect("added");
    }
    let _running = Running::start(worker(&client).handler(work).state(order.clone()));
    eventually("all have run", async || order.all().last() == Some(&5)).await;
    assert_eq!(order.all(), [0, 1, 1_002, 2, 1_003, 4, 5], "one after another");
}

#[tokio::test]
async fn a_group_that_stops_waits_for_somebody_who_looks_after_its_failure() {
    let client = client().await;
    let (queue, order) = (queue(&client), Order::default());
    let groups = queue.groups();
    groups.set_limits_of_all().in_order(AfterFailure::Stop).await.expect("set");
    let mut handles = Vec::new();
    for n in [10, 13, 14, 15] {
        handles.push(queue.add("work", &n).group("line").await.expect("added"));
    }
    add(&queue, Some("other"), [20, 24]).await;
    let _running = Running::start(worker(&client).handler(work).state(order.clone()));
    let stopped = async |by: &JobId| {
        let held = groups.held(10).await.expect("read");
        held.iter().any(|it| it.name == "line" && it.why == WhyHeld::Full { by: Some(by.clone()) })
            && order.all().iter().any(|n| *n > 1_000)
    };
    eventually("it stops", async || stopped(handles[1].id()).await).await;
    at_once("another goes on", async || order.all().contains(&24)).await;
    assert!(!order.all().contains(&14));
    handles[1].retry().await.expect("it runs again");
    at_once("the rest runs", async || order.all().contains(&15)).await;
    let of_line: Vec<u32> = order.all().into_iter().filter(|n| n % 100 < 20).collect();
    assert_eq!(of_line, [10, 1_013, 13, 14, 15]);

    // The same, and it goes on without that job.
    let fails = queue.add("work", &33).group("line").await.expect("added");
    queue.add("work", &34).group("line").await.expect("added");
    eventually("it stops again", async || {
        fails.state().await.expect("a state") == Some(JobState::Failed) && stopped(fails.id()).await
    })
    .await;
    assert!(groups.go_on("line").await.expect("it goes on"));
    at_once("the rest runs", async || order.all().contains(&34)).await;
    assert!(!groups.go_on("line").await.expect("nothing to do"));
}

#[tokio::test]
async fn a_job_that_is_told_to_slow_down_holds_its_own_group_alone() {
    let client = client().await;
    let (queue, order) = (queue(&client), Order::default());
    add(&queue, Some("slow"), [2, 4, 5]).await;
    add(&queue, Some("other"), [10, 14]).await;
    add(&queue, None, [20]).await;
    let running = Running::start(worker(&client).concurrency(1).handler(work).state(order.clone()));
    at_once("the others run", async || order.all().contains(&14) && order.all().contains(&20))
        .await;
    let before = order.all();
    assert!(before.contains(&1_002) && !before.contains(&4) && !before.contains(&5), "{before:?}");
    at_once("it goes on", async || order.all().ends_with(&[2, 4, 5])).await;
    running.stop().await;
    // Nothing of it is left.
    add(&queue, Some("slow"), [4]).await;
    assert_eq!(numbers(&out(&queue, 10).await), [4]);
}

#[tokio::test]
async fn a_job_that_its_group_waits_for_goes_before_better_priorities() {
    let queue = queue(&client().await);
    queue.groups().set_limits("line").in_order(AfterFailure::GoOn).await.expect("set");
    queue.add("work", &1_u32).group("line").priority(5).await.expect("added");
    let first = out(&queue, 2).await.pop().expect("one");
    queue.add("work", &2_u32).group("line").priority(-5).await.expect("added");
    first.retry_in(50.millis()).await.expect("later");
    let mut order = Vec::new();
    while order.len() < 2 {
        let jobs = queue.receive(2, LONG).await.expect("received");
        order.extend(numbers(&jobs));
        complete(jobs).await;
    }
    assert_eq!(order, [1, 2]);
}

#[tokio::test]
async fn what_stopped_a_group_counts_for_nothing_in_another_order() {
    let queue = queue(&client().await);
    let groups = queue.groups();
    for after in [Some(AfterFailure::GoOn), None] {
        groups.set_limits("line").in_order(AfterFailure::Stop).await.expect("set");
        add(&queue, Some("line"), 0..2).await;
        let job = out(&queue, 2).await.pop().expect("one");
        job.fail(Failure::permanent("never")).await.expect("failed");
        assert!(out(&queue, 2).await.is_empty(), "it stops");
        groups.set_limits("line").in_order(after).max_active(1).await.expect("set");
        complete(out(&queue, 2).await).await;
        assert_eq!(queue.counts().await.expect("read").of(JobState::Waiting), 0, "{after:?}");
    }
}

#[tokio::test]
async fn a_throttle_of_a_group_outlives_what_else_happens_to_it() {
    let queue = queue(&client().await);
    let mut jobs = Vec::new();
    for n in 0..5_u32 {
        jobs.push(queue.add("work", &n).group("slow").await.expect("added"));
    }
    let first = out(&queue, 1).await.pop().expect("one");
    let until = Instant::now() + 2.seconds();
    first.fail(Failure::rate_limited(2.seconds(), "slow down")).await.expect("throttled");
    assert!(out(&queue, 5).await.is_empty());
    jobs[3].cancel().await.expect("cancelled");
    assert!(out(&queue, 5).await.is_empty(), "another gave its turn back");
    queue.groups().pause("slow").await.expect("paused");
    assert!(out(&queue, 5).await.is_empty());
    queue.groups().resume("slow").await.expect("resumed");
    assert!(out(&queue, 5).await.is_empty(), "it was paused meanwhile");
    jobs[0].remove().await.expect("removed");
    add(&queue, Some("slow"), [9]).await;
    assert!(out(&queue, 5).await.is_empty(), "the job that said so is gone");
    let rest = queue.receive(5, LONG).await.expect("received");
    assert!(Instant::now() >= until - 50.millis());
    assert_eq!(numbers(&rest), [1, 2, 4, 9]);
    complete(rest).await;
}
