//! Messages to topics, broadcasts, and queues that are drained alone.

use jobqueue::{
    Client, Context, Error, State, broadcast, job,
    testing::{self, TestQueue, assert_enqueued, assert_published, refute_published},
};

use super::{place_order, remind, shop};
use crate::support::Count;

#[jobqueue::test]
async fn messages_are_found_by_topic_key_and_payload(app: TestQueue) -> Result<(), Error> {
    refute_published!(app, "users");
    app.client().publish("users", "user.created", 7_u64).header("region", "eu").await?;
    app.client().publish_all("users", "user.left", [8_u64, 9]).await?;
    assert_published!(app, "users");
    assert_published!(app, "users", "user.*", count = 3);
    assert_published!(app, "users", "user.left", |user: &u64| *user == 9);
    assert_published!(app, "users", "#", |user: &u64| *user > 7, count = 2);
    refute_published!(app, "users", "user.created", |user: &u64| *user == 8);
    refute_published!(app, "orders");
    let first = &app.published("users")[0];
    assert_eq!(first.record.options.headers["region"], "eu");
    Ok(())
}

#[test]
fn what_was_published_instead_is_said() {
    let failed = std::panic::catch_unwind(|| {
        testing::run(async |app: TestQueue| {
            app.client().publish("users", "user.created", 7_u64).await.expect("published");
            assert_published!(app, "users", "user.left", |user: &u64| *user == 7);
        });
    });
    let failed = failed.expect_err("it wasn't");
    let text = failed.downcast_ref::<String>().expect("a text");
    let expected = "no message to topic users is under a key like user.left with such a payload; \
                    there are:\n  user.created: 7";
    assert_eq!(text, expected);
}

#[job(queue = "mails", subscribe = "users:user.created")]
async fn welcome(user: u64, welcomed: State<Count>) {
    assert_eq!(user, 7);
    welcomed.up();
}

#[jobqueue::test]
async fn copies_of_messages_run_inline(app: TestQueue) -> Result<(), Error> {
    let welcomed = Count::default();
    let app = app.handler(welcome).state(welcomed.clone()).inline();
    app.client().publish("users", "user.created", 7_u64).await?;
    assert_eq!(welcomed.get(), 1);
    Ok(())
}

#[jobqueue::test]
async fn handlers_are_subscribed_before_the_worker_first_runs(app: TestQueue) -> Result<(), Error> {
    let welcomed = Count::default();
    let app = app.handler(welcome).state(welcomed.clone());
    app.client().publish("users", "user.created", 7_u64).await?;
    app.run_until_idle().await?;
    assert_eq!(welcomed.get(), 1);
    app.client().publish("users", "user.created", 7_u64).await?;
    assert_eq!(app.drain("mails").await?.completed, 1);
    Ok(())
}

#[broadcast("prices")]
async fn forget(what: String, ctx: Context, heard: State<Count>) {
    assert_eq!((what.as_str(), ctx.header("by")), ("gold", Some("me")));
    heard.up();
}

#[job(queue = "prices")]
async fn change(what: String, client: State<Client>) -> Result<u64, Error> {
    client.0.broadcast(forget, what).header("by", "me").await
}

#[jobqueue::test]
async fn broadcasts_are_heard_when_the_worker_runs(app: TestQueue) -> Result<(), Error> {
    let (client, heard) = (app.client().clone(), Count::default());
    let app = app.worker(|worker| worker.listener(forget)).handler(change);
    let app = app.state(client).state(heard.clone());
    let reached = app.client().broadcast(forget, "gold".into()).header("by", "me").await?;
    assert_eq!((reached, heard.get()), (1, 0), "nothing runs until it is told to");
    app.run_until_idle().await?;
    assert_eq!(heard.get(), 1);
    app.client().add(change, "gold".into()).await?;
    app.run_until_idle().await?;
    assert_eq!(heard.get(), 2, "once each, also those that were sent while it ran");
    assert_eq!(app.perform(change, "gold".into()).await?.completed(), 1);
    app.advance(std::time::Duration::from_secs(1)).await?;
    assert_eq!(heard.get(), 3);
    assert_eq!(app.client().broadcast_by_name("others", "x").await?, 0);
    Ok(())
}

#[jobqueue::test]
async fn broadcasts_are_heard_inline_and_live(app: TestQueue) -> Result<(), Error> {
    let heard = Count::default();
    let app = app.worker(|worker| worker.listener(forget)).state(heard.clone()).inline();
    app.client().broadcast(forget, "gold".into()).header("by", "me").await?;
    assert_eq!(heard.get(), 1);
    Ok(())
}

#[jobqueue::test]
async fn a_live_worker_hears_broadcasts(app: TestQueue) -> Result<(), Error> {
    let heard = Count::default();
    let app = app.worker(|worker| worker.listener(forget)).state(heard.clone()).live().await?;
    let reached = app.client().broadcast(forget, "gold".into()).header("by", "me").await?;
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    assert_eq!((reached, heard.get()), (1, 1));
    Ok(())
}

#[jobqueue::test]
async fn one_queue_is_drained_alone(app: TestQueue) -> Result<(), Error> {
    let (app, reminded) = shop(app);
    app.client().add(place_order, 1).await?;
    app.client().add_all(remind, [2, 3]).await?;
    let ran = app.drain("reminders").await?;
    assert_eq!((ran.completed, ran.total(), reminded.get()), (2, 2, 2));
    assert_enqueued!(app, place_order, count = 1);
    assert_eq!(app.drain("reminders").await?.total(), 0);
    assert_eq!(app.run_until_idle().await?.completed, 1, "the others are back");
    let error = app.drain("mails").await.expect_err("unknown");
    assert!(error.to_string().contains("no handler of queue mails"), "{error}");
    Ok(())
}
