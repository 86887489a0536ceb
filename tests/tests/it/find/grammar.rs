//! Filters as text: each key and each operator, and what is done to all that they mean.

use std::collections::BTreeSet;

use jobqueue::{
    Client, DurationExt as _, Error, Failure, Queue, State, find::JobFilter, job, schedule::Every,
    trace::TraceContext,
};
use jobqueue_tests::wait::at_once;
use serde_json::{Value, json};

use crate::support::{Count, Running, client, worker};

/// Fails as its payload says, and else answers with it.
#[job(queue = "shop", attempts = 2, backoff = fixed("1h"))]
async fn sell(order: Value, runs: State<Count>) -> Result<Value, Failure> {
    runs.up();
    match order["fails"].as_str() {
        Some("for good") => Err(Failure::permanent("card declined: no funds")),
        Some(why) => Err(Failure::retry(why)),
        None => Ok(json!({"sold": order["n"], "tags": [{"of": "shop"}]})),
    }
}

#[job(queue = "shop")]
async fn hold(_: Value) {
    std::future::pending::<()>().await;
}

/// A queue with a job of each kind, by name.
async fn shop() -> (Client, Queue) {
    let client = Client::builder(jobqueue_tests::shared::url())
        .prefix(jobqueue_tests::names::queue("t"))
        .program("shop", "2.4.1")
        .connect()
        .await
        .expect("the server is there");
    let queue = client.queue("shop").expect("a queue");
    let add = |id: &str, payload: Value| client.add(sell, payload).id(id);
    add("done", json!({"n": 1_234_567_890_123_456_789_u64})).tag("sale").await.expect("added");
    add("again", json!({"n": 1, "fails": "timeout at the gateway"})).await.expect("added");
    add("broken", json!({"n": 2, "fails": "for good", "customer": {"email": "ann@example.org"}}))
        .header("tenant", "a")
        .header("x y", "b c")
        .await
        .expect("added");
    let running = Running::start(worker(&client).handler(sell).state(Count::default()));
    let settled = async || {
        let counts = queue.counts().await.expect("counts");
        (counts.completed, counts.failed, counts.delayed) == (1, 1, 1)
    };
    at_once("all runs to be settled", settled).await;
    running.stop().await;
    add("late", json!({"n": 1_234_567_890_123_456_788_u64, "gift": null}))
        .delay(3.hours())
        .await
        .expect("added");
    add("urgent", json!({"n": -1.5, "list": [{"sku": "a"}, {"sku": "b"}], "on": true}))
        .priority(-5)
        .tag("sale")
        .tag("new")
        .await
        .expect("added");
    add("gone", json!("a text")).await.expect("added").cancel().await.expect("cancelled");
    (client, queue)
}

/// The ids of all jobs that a filter means.
async fn found(queue: &Queue, filter: &str) -> BTreeSet<String> {
    let filter: JobFilter = filter.parse().expect(filter);
    let mut found = queue.find(filter);
    let mut ids = BTreeSet::new();
    while let Some(job) = found.next().await {
        assert!(ids.insert(job.expect("found").id.to_string()), "twice");
    }
    ids
}

const ALL: &str = "again broken done gone late urgent";

#[expect(clippy::too_many_lines, reason = "a table of texts, and what each finds")]
#[tokio::test(flavor = "multi_thread")]
async fn every_key_and_every_operator_means_what_it_says() {
    let (_client, queue) = shop().await;
    for (filter, expected) in [
        ("", ALL),
        // Ids and names.
        ("id:done,late", "done late"),
        ("id:nobody", ""),
        ("id:no\"body", ""),
        ("id~b", "broken"),
        ("id:d~,l~", "done late"),
        ("-id:done,late", "again broken gone urgent"),
        ("name:sell", ALL),
        ("name:sel", ""),
        ("name~sel", ALL),
        ("name:ship,sell~ id:done", "done"),
        ("-name:sell", ""),
        ("queue:shop", ALL),
        ("queue:sho~ -queue:ship", ALL),
        ("queue:ship", ""),
        ("-queue:shop", ""),
        // States.
        ("state:failed", "broken"),
        ("state:failed,delayed", "again broken late"),
        ("-state:failed,delayed", "done gone urgent"),
        ("state=waiting", "urgent"),
        ("state:active", ""),
        // Numbers.
        ("priority<0", "urgent"),
        ("priority:-5", "urgent"),
        ("priority>=0 priority<=0", "again broken done gone late"),
        ("priority>-5", "again broken done gone late"),
        ("attempts>0", "again broken"),
        ("attempts=1", "again broken"),
        ("attempts:0,1", ALL),
        ("-attempts:0", "again broken"),
        // Errors, and who had them.
        ("error:gateway", "again"),
        ("error:gateway,declined", "again broken"),
        ("error=\"card declined: no funds\"", "broken"),
        ("error=card", ""),
        ("error~card", "broken"),
        ("error:exists", "again broken"),
        ("error:\"exists\"", ""),
        ("-error:exists", "done gone late urgent"),
        ("kind:permanent", "broken"),
        ("kind:error,timeout", "again"),
        ("-kind:permanent state:failed", ""),
        ("worker:shop", "broken done"),
        ("worker:\"shop 2.4.1\"", "broken done"),
        ("worker:nobody", ""),
        ("-worker:exists", "again gone late urgent"),
        // Tags and headers.
        ("tag:sale", "done urgent"),
        ("tag:sale tag:new", "urgent"),
        ("tag:new,sale", "done urgent"),
        ("tag~sa", "done urgent"),
        ("-tag:new tag:exists", "done"),
        ("header.tenant=a", "broken"),
        ("header.tenant:exists", "broken"),
        ("header[\"x y\"]:c", "broken"),
        ("header[\"x y\"]~b", "broken"),
        ("header.tenant=b", ""),
        ("trace:exists", ""),
        ("flow:exists", ""),
        ("schedule:exists", ""),
        // Times.
        ("added<1h", ALL),
        ("added>1h", ""),
        ("added>=2020-01-01", ALL),
        ("added<2020-01-01T00:00", ""),
        ("ended<1h", "broken done gone"),
        ("ended>1h", ""),
        ("ended:exists", "broken done gone"),
        ("-ended:exists", "again late urgent"),
        ("ended>2020-01-01T10:00:00.5+02:00 ended<=2999-12-31", "broken done gone"),
        ("due<2h", "again"),
        ("due>2h", "late"),
        ("due>=2h due<4h", "late"),
        ("started<1h", "broken done"),
        ("started:exists state:failed", "broken"),
        ("waited<1h", "broken done"),
        ("ran<=1h", "broken done"),
        ("ran>1.5s", ""),
        ("-ran>1.5s", ALL),
        // Fields of payloads and results.
        ("payload.n=1234567890123456789", "done"),
        ("payload.n:1234567890123456788", "late"),
        ("payload.n>1234567890123456788", "done"),
        ("payload.n>=1234567890123456788", "done late"),
        ("payload.n<1", "urgent"),
        ("payload.n=-1.5,2", "broken urgent"),
        ("payload.n=\"2\"", ""),
        ("payload.n:exists", "again broken done late urgent"),
        ("-payload.n:exists", "gone"),
        ("payload.gift:exists", ""),
        ("payload.gift=null", "late"),
        ("payload.on=true", "urgent"),
        ("payload.on:true", "urgent"),
        ("payload.customer.email:ann@example.org", "broken"),
        ("payload.customer.email:example", "broken"),
        ("payload.customer.email=ann", ""),
        ("payload.customer.email~ann", "broken"),
        ("payload.customer={\"email\": \"ann@example.org\"}", "broken"),
        ("payload.list[1].sku:b", "urgent"),
        ("payload.list[*].sku=b,c", "urgent"),
        ("payload[\"list\"][0].sku=b", ""),
        ("payload:text", "gone"),
        ("payload=\"a text\"", "gone"),
        ("payload>\"a te\"", "gone"),
        ("result.sold=1234567890123456789", "done"),
        ("result.tags[0].of:shop", "done"),
        ("result:exists", "done"),
        // Words.
        ("gateway", "again"),
        ("sell", ALL),
        ("done", "done"),
        ("\"no funds\" state:failed", "broken"),
        ("-gateway -funds", "done gone late urgent"),
        // All together.
        ("state:failed payload.n=2 -error:timeout ended<1h name:send,sell", "broken"),
    ] {
        let expected: BTreeSet<String> = expected.split_whitespace().map(str::to_owned).collect();
        assert_eq!(found(&queue, filter).await, expected, "{filter}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_runs_a_job_is_found_by_its_worker() {
    let client = Client::builder(jobqueue_tests::shared::url())
        .prefix(jobqueue_tests::names::queue("t"))
        .program("holder", "7")
        .connect()
        .await
        .expect("the server is there");
    let queue = client.queue("shop").expect("a queue");
    client.add(hold, json!(1)).id("held").await.expect("added");
    let running = Running::start(worker(&client).handler(hold));
    at_once("it to run", async || !found(&queue, "worker:\"holder 7\"").await.is_empty()).await;
    assert_eq!(found(&queue, "state:active started<1h").await, ["held".to_owned()].into());
    assert!(found(&queue, "worker:other").await.is_empty());
    running.stop_within(std::time::Duration::ZERO).await;
}

#[tokio::test]
async fn traces_schedules_and_flows_are_found() {
    let client = client().await;
    let queue = client.queue("shop").expect("a queue");
    let trace = TraceContext::root(true);
    let sent = client.add(sell, json!(1)).id("traced").header("traceparent", trace.to_string());
    sent.await.expect("added");
    client.schedule("nightly", Every::new(1.hours()), sell, json!(2)).await.expect("scheduled");
    let schedules = queue.schedules();
    let scheduled = schedules.run_now("nightly").await.expect("added");
    let traced = format!("trace:{}", trace.trace_id());
    assert_eq!(found(&queue, &traced).await, ["traced".to_owned()].into());
    assert_eq!(found(&queue, &format!("-{traced}")).await.len(), 1);
    let by_schedule = found(&queue, "schedule:nightly").await;
    assert_eq!(by_schedule, [scheduled.id().to_string()].into());
    assert_eq!(found(&queue, "schedule:night~").await, by_schedule);
    assert!(found(&queue, "schedule:weekly").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_to_many_is_done_to_those_alone() {
    let (client, queue) = shop().await;
    let ops = client.acting_as("ops").queue("shop").expect("a queue");
    let filter = |text: &str| text.parse::<JobFilter>().expect(text);
    let report = ops.cancel_where(filter("due>2h")).await.expect("cancelled");
    assert_eq!((report.done, report.looked_at), (1, 1));
    let report = ops.find(filter("id:broken,done kind:permanent")).retry().await.expect("retried");
    assert_eq!((report.done, report.looked_at), (1, 2));
    let other = client.queue("other").expect("a queue");
    let moved = ops.find(filter("priority<0 -tag:old")).move_to(&other).await.expect("moved");
    assert_eq!(moved.done, 1);
    let removed = ops.find(filter("result.sold:exists")).remove().await.expect("removed");
    assert_eq!(removed.done, 1);
    let removed = ops.find(filter("queue:other")).remove().await.expect("asked");
    assert_eq!((removed.done, removed.looked_at), (0, 0));
    assert_eq!(found(&queue, "state:waiting,delayed,completed").await.len(), 2);
    let log = client.audit_log().action("retry_where").newest(1).await.expect("read");
    assert_eq!(log[0].on.as_deref(), Some("id:broken,done kind:permanent"));
}

#[tokio::test]
async fn a_range_of_time_is_cut_out_of_its_order() {
    let client = client().await;
    let queue = client.queue("shop").expect("a queue");
    for hours in 1..=20_u32 {
        client.add(sell, json!(hours)).delay(hours.hours()).await.expect("added");
    }
    let mut search = queue.find("due>5.5h due<8.5h".parse().expect("a filter"));
    let mut hours = Vec::new();
    while let Some(job) = search.next().await {
        hours.push(job.expect("found").payload::<u32>().expect("a number"));
    }
    assert_eq!(hours, [6, 7, 8]);
    assert_eq!(search.looked().jobs, 3, "no others are looked at");
}

#[tokio::test]
async fn a_wrong_text_is_an_invalid_argument() {
    let wrong = || -> jobqueue::Result<JobFilter> { Ok("state:stuck".parse::<JobFilter>()?) };
    let error = wrong().expect_err("no such state");
    assert!(matches!(&error, Error::Invalid(_)));
    let text = error.to_string();
    assert!(
        text.starts_with("the filter at column 7: invalid part \"stuck\": use waiting"),
        "{text}"
    );
}
