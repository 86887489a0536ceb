//! Orders that nobody made: some fail, some are never paid, so that there is something to look at.

use std::time::Duration;

use jobqueue::{Client, DurationExt as _, Rate};
use tokio::time::{interval, sleep};

use crate::jobs::{Mail, Order, fulfil, mail, start_report};

const NAMES: [&str; 6] = ["ann", "bob", "cleo", "dan", "eve", "finn"];

/// Goes on until it is dropped.
///
/// # Errors
/// Redis is away for longer than the client's retry timeout.
pub async fn run(client: Client) -> anyhow::Result<()> {
    client.queue("pages")?.set_limits().rate(Rate::new(20, Duration::from_secs(1))).await?;
    let mut ticks = interval(Duration::from_millis(150));
    for number in 0_u64.. {
        ticks.tick().await;
        let name = NAMES[fastrand::usize(..NAMES.len())];
        let to = format!("{name}@example.org");
        client.add(mail, Mail { to: to.clone(), about: format!("news {number}") }).await?;
        if number % 5 == 0 {
            order(&client, Order { customer: to.clone(), cents: fastrand::u64(100..5_000) })
                .await?;
        }
        if number % 40 == 0 {
            let away = Mail { to: name.to_owned(), about: "an address that is none".to_owned() };
            client.add(mail, away).await?;
            client.add(mail, Mail { to, about: "tomorrow".into() }).delay(1.days()).await?;
        }
        if number % 200 == 100 {
            // One of its pages isn't there.
            start_report(&client, &format!("archive-{number}"), 404).await?;
        }
    }
    Ok(())
}

/// Most customers pay within some seconds.
async fn order(client: &Client, order: Order) -> anyhow::Result<()> {
    let job = client.add(fulfil, order).await?;
    if fastrand::u8(..10) > 0 {
        let wait = Duration::from_millis(fastrand::u64(500..20_000));
        tokio::spawn(async move {
            sleep(wait).await;
            // One that has failed meanwhile takes none.
            let _ = job.signal("paid", "today").await;
        });
    }
    Ok(())
}
