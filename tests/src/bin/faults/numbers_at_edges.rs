//! Every number of every setter, at its edges: what is accepted works, and what isn't is refused
//! before anything is written.

use jobqueue::{Client, Queue, Rate, Retain, manage::SetLimits};
use jobqueue_tests::{
    edges::{COUNTS, TIMES, Table, looks, works},
    server::RedisServer,
};

use super::report::{Played, Report};

type Setter = fn(SetLimits, u64) -> SetLimits;

pub(crate) async fn play(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await?;
    let setters: [(&str, Setter); 3] = [
        ("max_length", |limits, count| limits.max_length(count)),
        ("max_active", |limits, count| limits.max_active(count)),
        ("events", |limits, count| limits.events(count)),
    ];
    for (name, set) in setters {
        let mut table = Table::default();
        for count in COUNTS {
            let queue = client.queue(format!("{name}-{count}"))?;
            let set = set(queue.set_limits(), count).await;
            // A length of 0 means that nothing may be added.
            let works = match (name, count) {
                ("max_length", 0) => looks(&queue).await,
                _ => works(&queue).await,
            };
            table.note(format!("{name}({count})"), &set, works);
        }
        tell(report, name, &table);
    }
    tell(report, "rate", &rates(&client).await?);
    tell(report, "keep of a topic", &topics(&client).await?);
    tell(report, "retain, ttl, delay, timeout of an add", &adds(&client.queue("adds")?).await?);
    Ok(())
}

async fn rates(client: &Client) -> Result<Table, jobqueue::Error> {
    let mut table = Table::default();
    for max in [0, 1, 1_000_000, u32::MAX] {
        for per in TIMES {
            let queue = client.queue(format!("rate-{max}-{}", per.as_nanos()))?;
            let rate = Rate::new(max, per);
            let set = queue.set_limits().rate(rate).await;
            table.note(format!("{rate:?}"), &set, works(&queue).await);
        }
    }
    Ok(table)
}

/// A publish that is refused isn't delivered, and one that is accepted is.
async fn topics(client: &Client) -> Result<Table, jobqueue::Error> {
    let mut table = Table::default();
    for count in COUNTS {
        let (topic, bound) = (client.topic(format!("t-{count}"))?, format!("bound-{count}"));
        topic.bind(&bound, "#").await?;
        let set = topic.keep(Retain::count(count)).await;
        let mut published = 0;
        for n in 0..2_u64 {
            published += u64::from(client.publish(topic.name().as_str(), "k", n).await.is_ok());
        }
        topic.flush().await?;
        let arrived = client.queue(bound)?.counts().await?.waiting;
        let works = if (published, arrived) == (2, 2) {
            Ok(())
        } else {
            Err(format!("of 2 publishes {published} are said to be made and {arrived} arrived"))
        };
        table.note(format!("keep({count})"), &set, works);
    }
    Ok(table)
}

async fn adds(queue: &Queue) -> Result<Table, jobqueue::Error> {
    let mut table = Table::default();
    for count in COUNTS {
        let added = queue.add("any", &1).retain(Retain::count(count)).await;
        queue.drain().await?;
        table.note(format!("retain({count})"), &added, works(queue).await);
    }
    for time in TIMES {
        let adds = [
            ("ttl", queue.add("any", &1).ttl(time)),
            ("delay", queue.add("any", &1).delay(time)),
            ("timeout", queue.add("any", &1).timeout(time)),
        ];
        for (what, add) in adds {
            let added = add.await;
            queue.drain().with_delayed().await?;
            table.note(format!("{what}({time:?})"), &added, works(queue).await);
        }
    }
    Ok(table)
}

fn tell(report: &mut Report, what: &str, table: &Table) {
    let Table { accepted, refused, complaints } = table;
    let first = complaints.first().map(|first| format!(", as {first}")).unwrap_or_default();
    let figure =
        format!("{accepted} accepted, {refused} refused, {} broken{first}", complaints.len());
    report.check(what, figure, "an add, a run and a look work after each", complaints.is_empty());
}
