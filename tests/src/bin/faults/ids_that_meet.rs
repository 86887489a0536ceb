//! Jobs of one id, or of one unique key, that meet on the way to another queue.

use jobqueue::{Client, DurationExt as _, JobId, Queue, manage::Overflow};
use jobqueue_tests::{
    proxy::{Mode, Proxy},
    server::RedisServer,
};

use super::report::{Played, Report};

pub(crate) async fn play(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await?;
    let (a, b) = (client.queue("a")?, client.queue("b")?);
    let dead = client.dead_letters("dlq")?;
    for queue in [&a, &b, &a] {
        overflowing(queue).await?;
        queue.add("any", &dead.count().await?).id("order-42").await?;
        client.dead_letters("dlq")?.wait_for(1).await?;
    }
    tokio::time::sleep(300.millis()).await;
    let letters = dead.count().await?;
    let figure = format!("{letters} letters");
    report.check("one id overflows three times", figure, "3 letters", letters == 3);

    let kept = std::sync::Mutex::new(0);
    let count = |_: &JobId, _: &_, _: &JobId| *kept.lock().expect("no panic") += 1;
    let sent = dead.redrive().on_kept(count).await?;
    let arrived = a.counts().await?.waiting + b.counts().await?.waiting;
    let (left, kept) = (dead.count().await?, kept.into_inner()?);
    report.check(
        "redrive, two of one queue",
        format!("says {sent}, arrived {arrived}, told {kept}, left {left}"),
        "2, 2, 1, 1",
        (sent, arrived, kept, left) == (2, 2, 1, 1),
    );
    lost_answer(report).await
}

async fn overflowing(queue: &Queue) -> Played {
    queue.set_limits().max_length(0).overflow(Overflow::DeadLetter).dead_letter("dlq").await?;
    Ok(())
}

/// The answers to a redrive of many are lost for a while.
async fn lost_answer(report: &mut Report) -> Played {
    const MANY: u64 = 1_000;
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await?;
    let queue = client.queue("a")?;
    overflowing(&queue).await?;
    queue.add_all("any", 0..MANY).await?;
    client.dead_letters("dlq")?.wait_for(MANY).await?;
    let proxy = Proxy::start(server.address());
    let far = Client::connect(&server.url_through(&proxy)).await?;
    let redrive = tokio::spawn(async move { far.dead_letters("dlq")?.redrive().await });
    while queue.counts().await?.waiting == 0 {
        tokio::time::sleep(1.millis()).await;
    }
    proxy.set(Mode::CutReplies(0));
    tokio::time::sleep(300.millis()).await;
    proxy.set(Mode::Forward);
    let (sent, arrived) = (redrive.await??, queue.counts().await?.waiting);
    let left = client.dead_letters("dlq")?.count().await?;
    report.check(
        "answers to a redrive are lost",
        format!("says {sent}, arrived {arrived}, left {left}"),
        format!("{MANY}, {MANY}, 0"),
        (sent, arrived, left) == (MANY, MANY, 0),
    );
    Ok(())
}
