//! Changing jobs that wait.

use jobqueue::{
    Client, DurationExt, Error, JobHandle, JobState, Payload, Queue,
    error::{PayloadError, Refused},
    job,
};
use serde::{Deserialize, Serialize};

use crate::support::{Running, client, worker};

#[derive(Debug, PartialEq, Serialize, Deserialize, Payload)]
#[payload(version = 2)]
struct Mail {
    to: String,
}

#[job(queue = "edited", attempts = 1)]
async fn mail(mail: Mail) -> String {
    mail.to
}

#[job(queue = "edited")]
async fn number(n: u32) -> u32 {
    n
}

fn to(name: &str) -> Mail {
    Mail { to: name.to_owned() }
}

async fn added(client: &Client) -> JobHandle<String> {
    client
        .add(mail, to("ada"))
        .delay(1.hours())
        .header("a", "1")
        .header("b", "2")
        .await
        .expect("added")
}

fn queue(client: &Client) -> Queue {
    client.queue("edited").expect("a name")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delayed_job_runs_with_its_new_payload_and_options() {
    let client = client().await;
    let job = added(&client).await;
    let before = job.info().await.expect("there");
    let edit = job.edit(mail, to("eva")).header("a", "3").without_header("b").attempts(7);
    edit.timeout(9.seconds()).await.expect("edited");
    let after = job.info().await.expect("there");
    let options = &after.record.options;
    assert_eq!(after.payload::<Mail>().expect("a mail"), to("eva"));
    assert_eq!((options.attempts, options.timeout), (Some(7), Some(9.seconds())));
    assert_eq!(options.headers.iter().collect::<Vec<_>>(), [(&"a".to_owned(), &"3".to_owned())]);
    assert_eq!((after.due_at, after.record.version()), (before.due_at, 2));
    job.edit_options().attempts(2).await.expect("edited");
    assert_eq!(job.info().await.expect("there").record.options.attempts, Some(2));

    let running = Running::start(worker(&client).handler(mail));
    job.promote().await.expect("promoted");
    assert_eq!(job.result().await.expect("run"), "eva");
    let refused = job.edit(mail, to("ann")).await.expect_err("it has ended");
    let Error::Refused(Refused::WrongState { state, .. }) = refused else { panic!("{refused}") };
    assert_eq!(state, JobState::Completed);
    running.stop().await;
}

#[tokio::test]
async fn a_job_is_edited_by_its_own_handler_and_no_older_one() {
    let client = client().await;
    let job = added(&client).await;
    let refused = job.edit(number, 7).await.expect_err("another handler's").to_string();
    assert!(refused.contains("one of \"mail\", and the payload of \"number\""), "{refused}");
    job.edit_payload(&serde_json::json!({ "to": "eva" })).version(3).await.expect("edited");
    let refused = job.edit(mail, to("ann")).await.expect_err("it is newer");
    let newer = PayloadError::UnknownVersion { wanted: "", version: 3, known: 2 };
    let Error::Payload(found @ PayloadError::UnknownVersion { .. }) = &refused else {
        panic!("{refused}, and not {newer}")
    };
    assert!(found.to_string().contains("version 3"), "{found}");
    let info = job.info().await.expect("there");
    assert_eq!(info.payload::<serde_json::Value>().expect("any")["to"], "eva");
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_changes_nothing() {
    let client = client().await;
    let job = added(&client).await;
    let large = job.edit_payload(&"x".repeat(200 << 20)).await;
    assert!(matches!(large, Err(Error::Payload(PayloadError::TooLarge(_)))), "{large:?}");
    assert!(matches!(job.edit_options().attempts(0).await, Err(Error::Invalid(_))));
    assert!(matches!(job.edit_options().version(0).await, Err(Error::Invalid(_))));
    assert!(matches!(job.edit_options().header("", "x").await, Err(Error::Invalid(_))));
    assert_eq!(job.info().await.expect("there").payload::<Mail>().expect("a mail"), to("ada"));
    let gone = queue(&client)
        .job("nobody".parse::<jobqueue::JobId>().expect("an id"))
        .edit_options()
        .attempts(1)
        .await;
    assert!(matches!(gone, Err(Error::Refused(Refused::NotFound { .. }))), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_at_one_time_all_count() {
    let client = client().await;
    let job = added(&client).await;
    let edits = (0..20).map(|n| {
        let job = job.clone();
        tokio::spawn(async move { job.edit_options().header(format!("n{n}"), "1").await })
    });
    for edit in edits.collect::<Vec<_>>() {
        edit.await.expect("no panic").expect("edited");
    }
    assert_eq!(job.info().await.expect("there").record.options.headers.len(), 22);
}
