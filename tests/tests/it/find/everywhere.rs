//! Looking for jobs in all queues, page by page.

use std::{collections::BTreeSet, time::Duration};

use jobqueue::{
    Client, DurationExt as _, Error,
    find::{JobFilter, SearchCursor, SearchPage},
};
use serde_json::json;

use crate::support::{client, client_and_base, raw};

fn filter(text: &str) -> JobFilter {
    text.parse().expect(text)
}

/// The ids of a page, each behind its queue.
fn ids(page: &SearchPage) -> Vec<String> {
    page.jobs.iter().map(|it| format!("{}/{}", it.queue, it.job.id)).collect()
}

/// Jobs 0 to `count` in each of some queues.
async fn stage(queues: &[&str], count: u32) -> Client {
    let client = client().await;
    for name in queues {
        let queue = client.queue(name).expect("a queue");
        for n in 0..count {
            queue.add("send", &json!({"n": n})).id(format!("{n:04}")).await.expect("added");
        }
    }
    client
}

#[tokio::test]
async fn jobs_of_all_queues_are_found_page_by_page_the_newest_first() {
    let client = stage(&["bills", "mails", "orders"], 30).await;
    let even = filter("queue:bills,orders payload.n>=10 -payload.n=20");
    let (mut all, mut pages, mut after) = (Vec::new(), 0, None::<SearchCursor>);
    loop {
        let mut search = client.find(even.clone()).at_most(7).within(60.seconds());
        if let Some(after) = &after {
            search = search.after(after);
        }
        let page = search.await.expect("a page");
        assert!(page.jobs.len() <= 7);
        assert_eq!(page.of, Some(60));
        all.extend(ids(&page));
        pages += 1;
        assert_eq!(page.looked.found, all.len() as u64);
        // As text, as an address has it.
        after = page.next.map(|next| next.to_string().parse().expect("a cursor"));
        if after.is_none() {
            assert_eq!(page.looked.jobs, 60);
            break;
        }
    }
    let of = |queue: &str| {
        let numbers = (10..30).rev().filter(|n| *n != 20);
        numbers.map(|n| format!("{queue}/{n:04}")).collect::<Vec<_>>()
    };
    assert_eq!(all, [of("bills"), of("orders")].concat());
    assert!(pages >= 6, "{pages}");
}

#[tokio::test]
async fn a_page_looks_at_no_more_than_it_may_and_says_how_far_it_is() {
    let client = stage(&["bills", "mails"], 300).await;
    let first = filter("payload.n=0");
    let page = client.find(first.clone()).looking_at(250).within(60.seconds()).await;
    let page = page.expect("a page");
    assert_eq!((page.looked.jobs, page.looked.found, page.of), (250, 0, Some(600)));
    let next = page.next.expect("more");
    let rest = client.find(first.clone()).after(&next).looking_at(10_000).within(60.seconds());
    let rest = rest.await.expect("a page");
    assert_eq!((rest.looked.jobs, rest.looked.found), (600, 2));
    assert_eq!(ids(&rest), ["bills/0000", "mails/0000"]);
    assert!(rest.next.is_none());
    // However short its time is, it makes a step.
    let (mut after, mut steps) = (None::<SearchCursor>, 0);
    loop {
        let mut search = client.find(first.clone()).within(Duration::ZERO);
        if let Some(after) = &after {
            search = search.after(after);
        }
        let page = search.await.expect("a page");
        steps += 1;
        assert!(steps < 20, "it goes on");
        after = page.next;
        if after.is_none() {
            assert_eq!((page.looked.jobs, page.looked.found), (600, 2));
            break;
        }
    }
    assert!(steps >= 4, "{steps}");
}

#[tokio::test]
async fn an_id_is_found_in_whichever_queue_it_is() {
    let client = stage(&["bills", "mails", "orders"], 3).await;
    let orders = client.queue("orders").expect("a queue");
    let job = orders.add("send", &1).await.expect("added");
    let id = job.id().to_string();
    for text in [id.clone(), format!("id:{id}"), format!("id:{id},nobody state:waiting")] {
        let page = client.find(filter(&text)).await.expect("a page");
        assert_eq!(ids(&page), [format!("orders/{id}")], "{text}");
        assert!(page.next.is_none());
    }
    let everywhere = client.find(filter("0001")).await.expect("a page");
    assert_eq!(ids(&everywhere), ["bills/0001", "mails/0001", "orders/0001"]);
    let in_some = client.find(filter("0001 -queue:mails queue~o")).await.expect("a page");
    assert_eq!(ids(&in_some), ["orders/0001"]);
    assert!(client.find(filter("id:nobody")).await.expect("a page").jobs.is_empty());
    // A word that is no job's id is looked for as others are.
    let named = client.find(filter("sen queue:mails")).within(60.seconds()).await.expect("a page");
    assert_eq!(ids(&named), ["mails/0002", "mails/0001", "mails/0000"]);
}

#[tokio::test]
async fn tags_lead_through_all_queues() {
    let client = stage(&["bills", "mails"], 5).await;
    for name in ["bills", "mails"] {
        let queue = client.queue(name).expect("a queue");
        queue.add("send", &1).id("tagged").tag("sale").await.expect("added");
        queue.add("send", &1).id("delayed").tag("sale").delay(1.hours()).await.expect("added");
    }
    let page = client.find(filter("tag:sale")).within(60.seconds()).await.expect("a page");
    let found: BTreeSet<String> = ids(&page).into_iter().collect();
    let expected = ["bills/delayed", "bills/tagged", "mails/delayed", "mails/tagged"];
    assert_eq!(found, expected.map(str::to_owned).into());
    assert_eq!((page.looked.jobs, page.of), (4, None));
    let page = client.find(filter("tag:sale")).at_most(1).within(60.seconds()).await;
    let next = page.expect("a page").next.expect("more");
    let rest = client.find(filter("tag:sale due<2h")).after(&next).within(60.seconds()).await;
    assert!(ids(&rest.expect("a page")).contains(&"mails/delayed".to_owned()));
}

#[tokio::test]
async fn jobs_that_go_meanwhile_hide_no_others() {
    let client = stage(&["bills"], 12).await;
    let queue = client.queue("bills").expect("a queue");
    let all = filter("name:send");
    let page = client.find(all.clone()).at_most(4).within(60.seconds()).await.expect("a page");
    assert_eq!(page.jobs.len(), 4);
    let next = page.next.clone().expect("more");
    for found in &page.jobs {
        queue.job(&found.job.id).remove().await.expect("removed");
    }
    queue.job("0006".parse::<jobqueue::JobId>().expect("an id")).remove().await.expect("removed");
    let rest = client.find(all).after(&next).within(60.seconds()).await.expect("a page");
    let numbers = ["0007", "0005", "0004", "0003", "0002", "0001", "0000"];
    assert_eq!(ids(&rest), numbers.map(|n| format!("bills/{n}")));
}

#[tokio::test]
async fn what_cannot_be_read_is_counted_and_what_cannot_be_used_refused() {
    let (client, base) = client_and_base("bills").await;
    let queue = client.queue("bills").expect("a queue");
    for id in ["a", "b", "c"] {
        queue.add("send", &1).id(id).await.expect("added");
    }
    let mut connection = raw(jobqueue_tests::shared::url()).await;
    let mut spoil = redis::cmd("HSET");
    spoil.arg(format!("{base}jobs")).arg("b").arg("nonsense");
    let _: u64 = spoil.query_async(&mut connection).await.expect("set");
    let page = client.find(filter("payload=1")).within(60.seconds()).await.expect("a page");
    assert_eq!(ids(&page), ["bills/c", "bills/a"]);
    assert_eq!(page.looked.unreadable, 1);
    let wrong = client.find(JobFilter::new().payload("a..b", 1)).await;
    assert!(matches!(wrong, Err(Error::Invalid(_))));
    assert!(client.find(filter("queue:nobody")).await.expect("a page").jobs.is_empty());
    let json = serde_json::to_value(&page).expect("json");
    assert_eq!((&json["next"], &json["jobs"][0]["queue"]), (&json!(null), &json!("bills")));
}
