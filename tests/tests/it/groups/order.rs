//! Whose turn it is.

use jobqueue::{DurationExt as _, JobState, Rate};

use super::{add, batch, next, queue, waiting};
use crate::support::client;

#[tokio::test]
async fn groups_take_turns_and_jobs_without_one_are_one_more() {
    let client = client().await;
    let orders = queue(&client);
    let expected = [0, 100, 200, 1, 101, 201, 2, 102, 202, 3, 4];
    for one_by_one in [true, false] {
        add(&orders, Some("a"), 0..5).await;
        add(&orders, Some("b"), 100..103).await;
        add(&orders, None, 200..203).await;
        let taken = if one_by_one { next(&orders, 11).await } else { batch(&orders, 11).await };
        assert_eq!(taken, expected, "{one_by_one}");
    }
}

#[tokio::test]
async fn who_comes_late_waits_for_one_turn_of_each_other() {
    let client = client().await;
    let orders = queue(&client);
    for group in ["big", "large"] {
        orders.add_all("work", 0..1_000_u32).group(group).await.expect("added");
    }
    assert_eq!(batch(&orders, 100).await.len(), 100);
    add(&orders, Some("small"), [5_000, 5_001]).await;
    let taken = batch(&orders, 5).await;
    assert!(taken[..2].contains(&5_000) && taken[2..].contains(&5_001), "{taken:?}");
    // What one had before doesn't count: it has waited for nothing meanwhile.
    assert_eq!(batch(&orders, 100).await.len(), 100);
    add(&orders, Some("small"), [6_000]).await;
    assert!(batch(&orders, 2).await.contains(&6_000));
}

#[tokio::test]
async fn one_that_adds_whenever_its_job_was_taken_has_no_more_turns_than_others() {
    let client = client().await;
    let orders = queue(&client);
    orders.add_all("work", 0..100_u32).group("a").await.expect("added");
    orders.add_all("work", 0..100_u32).group("b").await.expect("added");
    let mut own = 0;
    add(&orders, Some("eager"), [9_000]).await;
    for _ in 0..60 {
        if next(&orders, 1).await == [9_000] {
            own += 1;
            add(&orders, Some("eager"), [9_000]).await;
        }
    }
    assert!((19..=21).contains(&own), "{own} of 60");
}

#[tokio::test]
async fn weights_say_how_many_turns_a_group_has() {
    let client = client().await;
    let orders = queue(&client);
    let groups = orders.groups();
    groups.set_weight("gold", 3).await.expect("set");
    groups.set_weight_of_others(2).await.expect("set");
    orders.add_all("work", 0..300_u32).group("gold").await.expect("added");
    orders.add_all("work", 1_000..1_300_u32).group("iron").await.expect("added");
    orders.add_all("work", 2_000..2_300_u32).await.expect("added");
    let taken = batch(&orders, 120).await;
    let of = |from: u32| taken.iter().filter(|it| (from..from + 300).contains(*it)).count();
    assert_eq!([of(0), of(1_000), of(2_000)], [60, 20, 40]);
    let longest = groups.longest(10).await.expect("read");
    let weights: Vec<_> = longest.iter().map(|it| (it.name.as_deref(), it.weight)).collect();
    assert_eq!(weights, [(Some("iron"), 1), (None, 2), (Some("gold"), 3)]);

    groups.reset_weight("gold").await.expect("reset");
    groups.set_weight_of_others(1).await.expect("set");
    assert_eq!(batch(&orders, 1_000).await.len(), 780);
    orders.add_all("work", 0..30_u32).group("gold").await.expect("added");
    orders.add_all("work", 1_000..1_030_u32).group("iron").await.expect("added");
    let taken = batch(&orders, 20).await;
    assert_eq!(taken.iter().filter(|it| **it < 1_000).count(), 10);
}

#[tokio::test]
async fn wrong_names_and_weights_are_refused() {
    let client = client().await;
    let orders = queue(&client);
    for name in ["", "a\nb", &"x".repeat(256)] {
        orders.groups().set_weight(name, 2).await.expect_err("no name");
        orders.add("work", &1_u32).group(name).await.expect_err("no name");
    }
    for weight in [0, 1_001] {
        orders.groups().set_weight("a", weight).await.expect_err("out of range");
    }
    let longest = "é".repeat(127);
    add(&orders, Some(&longest), [7]).await;
    let job = orders.jobs(JobState::Waiting).page(0, 1).await.expect("read").remove(0);
    assert_eq!(job.record.options.group, Some(longest));
}

#[tokio::test]
async fn priorities_count_in_a_group_alone() {
    let client = client().await;
    let orders = queue(&client);
    for one_by_one in [true, false] {
        add(&orders, Some("a"), 0..4).await;
        add(&orders, Some("b"), 100..105).await;
        orders.add("work", &50_u32).group("a").priority(-5).await.expect("added");
        orders.add("work", &51_u32).group("a").priority(5).await.expect("added");
        add(&orders, Some("a"), [4]).await;
        let expected = [50, 100, 0, 101, 1, 102, 2, 103, 104, 3, 4, 51];
        let taken = if one_by_one { next(&orders, 12).await } else { batch(&orders, 12).await };
        assert_eq!(taken, expected, "{one_by_one}");
        assert_eq!(waiting(&orders).await, 0);
    }
}

#[tokio::test]
async fn many_jobs_of_one_group_with_priorities_go_by_them() {
    let client = client().await;
    let orders = queue(&client);
    let mut expected = Vec::new();
    for n in 0..120_u32 {
        let priority = i16::try_from(n * 7 % 5).expect("small") - 2;
        let add = orders.add("work", &n).group("a").priority(priority);
        add.await.expect("added");
        expected.push((priority, n));
    }
    expected.sort_unstable();
    let expected: Vec<u32> = expected.into_iter().map(|(_, n)| n).collect();
    let mut taken = batch(&orders, 50).await;
    taken.extend(next(&orders, 5).await);
    taken.extend(batch(&orders, 100).await);
    assert_eq!(taken, expected);
}

#[tokio::test]
async fn a_rate_and_a_limit_hold_for_all_groups() {
    let client = client().await;
    let orders = queue(&client);
    orders.set_limits().rate(Rate::new(4, 1.hours()).burst(4)).await.expect("set");
    add(&orders, Some("a"), 0..5).await;
    add(&orders, None, [100]).await;
    assert_eq!(batch(&orders, 10).await, [0, 100, 1, 2]);
    assert_eq!(waiting(&orders).await, 2);
}

#[tokio::test]
async fn the_longest_are_listed_first() {
    let client = client().await;
    let orders = queue(&client);
    assert_eq!(orders.groups().longest(5).await.expect("read"), []);
    for (group, jobs) in [("a", 3), ("b", 9), ("c", 1)] {
        add(&orders, Some(group), 0..jobs).await;
    }
    add(&orders, None, 0..2).await;
    orders.add("work", &7_u32).group("d").priority(3).await.expect("added");
    let longest = orders.groups().longest(4).await.expect("read");
    let found: Vec<_> = longest.iter().map(|it| (it.name.as_deref(), it.waiting)).collect();
    assert_eq!(found, [(Some("b"), 9), (Some("a"), 3), (None, 2), (Some("c"), 1)]);
    batch(&orders, 100).await;
    assert_eq!(orders.groups().longest(5).await.expect("read"), []);
}
