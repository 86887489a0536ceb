//! What producers do.

use std::time::Duration;

use jobqueue::{Add, AddAll, Client, Result, Retain, Unique, unique};

use crate::{
    book::{Book, Note},
    jobs::{self, Task},
    plan::{Key, KeyRule, Kind, Order},
    stage::Stage,
};

/// How long a caller waits for its reply.
const REPLY: Duration = Duration::from_secs(8);

/// Carries an order out, in the process of its producer as it is now.
pub(crate) fn place(stage: &Stage, order: Order) {
    let (actor, own) = (stage.producer(order.producer), stage.clone());
    stage.run_in(&actor.process.clone(), async move {
        let client = actor.client(&own.network).await;
        for token in &order.tokens {
            own.book.note(Note::Intent { token: *token });
        }
        if let Err(error) = carry_out(&client, &own.book, &order).await {
            own.say(|| format!("{:?} failed: {error}", order.tokens));
        }
    });
}

async fn carry_out(client: &Client, book: &Book, order: &Order) -> Result<()> {
    let task = |token: &u32| Task::new(*token, order.act, order.takes);
    let tasks: Vec<Task> = order.tokens.iter().map(task).collect();
    if tasks.len() > 1 {
        return add_all(client, book, order, tasks).await;
    }
    let Some(task) = tasks.into_iter().next() else { return Ok(()) };
    let token = task.token;
    match order.kind {
        Kind::Work => added(client.add(jobs::work, task), book, order).await,
        Kind::Narrow => added(client.add(jobs::narrow, task), book, order).await,
        Kind::Guarded => added(client.add(jobs::guarded, task), book, order).await,
        Kind::Paced => added(client.add(jobs::paced, task), book, order).await,
        Kind::Once => added(client.add(jobs::once, task), book, order).await,
        Kind::Hand => added(client.queue("hand")?.add("task", &task), book, order).await,
        Kind::Publish => {
            let receipt = client.publish("news", "a.b", task).await?;
            book.note(Note::Published { token, targets: receipt.targets() });
            Ok(())
        }
        // Schedules add them, and flows.
        Kind::Tick | Kind::Leaf | Kind::Top | Kind::Parent => Ok(()),
        Kind::Call => {
            let reply = client.call(jobs::ask, task).timeout(REPLY).await;
            book.note(Note::Replied { token, well: reply.is_ok() });
            Ok(())
        }
    }
}

/// Adds one job. Now and then it waits for the job's end.
async fn added<T: 'static>(mut add: Add<T>, book: &Book, order: &Order) -> Result<()> {
    let token = order.tokens[0];
    if order.delay > 0 {
        add = add.delay(Duration::from_millis(order.delay));
    }
    if order.priority != 0 {
        add = add.priority(order.priority);
    }
    if let Some(key) = order.unique {
        add = add.unique(rule(key));
    }
    if let Some(group) = group(token) {
        add = add.group(group);
    }
    if let Some(key) = concurrency_key(token) {
        add = add.concurrency_key(key, 1);
    }
    if order.chosen {
        add = add.id(format!("chosen-{token}"));
    }
    if let Some(ttl) = order.ttl {
        add = add.ttl(Duration::from_millis(ttl));
    }
    if let Some(timeout) = order.timeout {
        add = add.timeout(Duration::from_millis(timeout));
    }
    if let Some(deadline) = order.deadline {
        add = add.deadline_in(Duration::from_millis(deadline));
    }
    if let Some(time) = order.retry_for {
        add = add.retry_for(Duration::from_millis(time));
    }
    if !order.kept {
        add = add.retain(Retain::none());
    }
    let handle = add.await?;
    let (id, existed) = (handle.id().to_string(), handle.existed());
    let replaced = matches!(handle.added(), unique::Added::Replaced | unique::Added::Extended);
    book.note(Note::Added { token, id, existed, replaced });
    if token.is_multiple_of(5) && order.kept && order.kind != Kind::Hand {
        let end = handle.typed::<u64>().result().await;
        book.note(Note::Replied { token, well: end.is_ok() });
    }
    Ok(())
}

/// Groups of which one job runs at a time, the one in order.
pub(crate) const ONE_BY_ONE: &str = "group-1";
pub(crate) const IN_ORDER: &str = "group-0";

/// The group of a job: some have one.
pub(crate) fn group(token: u32) -> Option<String> {
    token.is_multiple_of(3).then(|| format!("group-{}", token % 4))
}

/// The key of a job of which one runs at a time: some have one.
pub(crate) fn concurrency_key(token: u32) -> Option<String> {
    (token % 5 == 1).then(|| format!("concurrency-{}", token % 2))
}

fn rule(key: Key) -> Unique {
    let (unique, ms) = (Unique::by(format!("key-{}", key.number)), Duration::from_millis);
    match key.rule {
        KeyRule::UntilEnd => unique,
        KeyRule::Lasting(time) => unique.lasting(ms(time)),
        KeyRule::WhileUnfinished(time) => unique.lasting(ms(time)).while_unfinished(),
        KeyRule::Replace => unique.replace(),
        KeyRule::KeepLast => unique.keep_last(),
        KeyRule::Debounce(delay, longest) => unique.debounce(ms(delay)).longest_wait(ms(longest)),
    }
}

async fn add_all(client: &Client, book: &Book, order: &Order, tasks: Vec<Task>) -> Result<()> {
    match order.kind {
        Kind::Narrow => all_added(client.add_all(jobs::narrow, tasks), book, order).await,
        Kind::Paced => all_added(client.add_all(jobs::paced, tasks), book, order).await,
        Kind::Once => all_added(client.add_all(jobs::once, tasks), book, order).await,
        _ => all_added(client.add_all(jobs::work, tasks), book, order).await,
    }
}

async fn all_added<T: 'static>(mut add: AddAll<T>, book: &Book, order: &Order) -> Result<()> {
    if order.delay > 0 {
        add = add.delay(Duration::from_millis(order.delay));
    }
    if !order.kept {
        add = add.retain(Retain::none());
    }
    let handles = add.await?;
    for (token, handle) in order.tokens.iter().zip(handles) {
        let (id, existed) = (handle.id().to_string(), handle.existed());
        book.note(Note::Added { token: *token, id, existed, replaced: false });
    }
    Ok(())
}
