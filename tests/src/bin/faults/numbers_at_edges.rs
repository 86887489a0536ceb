//! Every number of every setter, at its edges: what is accepted works, and what isn't is refused
//! before anything is written.

use jobqueue::Client;
use jobqueue_tests::server::RedisServer;

use super::report::{Played, Report};

pub(crate) async fn play(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await?;
    for (name, limit) in [("most", u64::MAX), ("signed", i64::MAX.unsigned_abs())] {
        let queue = client.queue(name)?;
        let set = queue.set_limits().events(limit).await;
        let added = queue.add("any", &1_u64).await;
        let figure = format!("set {}, add {}", said(&set), said(&added));
        report.check(
            &format!("events({limit})"),
            figure,
            "an add works after it, set or refused",
            added.is_ok(),
        );
    }
    Ok(())
}

fn said<T>(result: &Result<T, jobqueue::Error>) -> &'static str {
    if result.is_ok() { "ok" } else { "refused" }
}
