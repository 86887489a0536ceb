//! Servers that have no room or no rights for something.

use std::error::Error;

use jobqueue::{Client, job};
use jobqueue_tests::server::RedisServer;
use redis::cmd;

use super::report::{Played, Report};

#[job(queue = "narrow")]
async fn small(_n: u32) {}

pub(crate) async fn play(report: &mut Report) -> Played {
    without_info(report).await?;
    without_memory(report).await?;
    without_connections(report).await
}

async fn without_info(report: &mut Report) -> Played {
    let server = RedisServer::builder().option("rename-command", &["INFO", ""]).start();
    let client = Client::connect(&server.url()).await?;
    let added = client.add(small, 1).await.is_ok();
    report.check("INFO is renamed away", format!("added: {added}"), "added: true", added);
    Ok(())
}

async fn without_memory(report: &mut Report) -> Played {
    let server = RedisServer::start();
    let client = Client::connect(&server.url()).await?;
    let queue = client.add(small, 1).await?.queue().clone();
    let mut connection = server.connection();
    cmd("CONFIG").arg(&["SET", "maxmemory", "1mb"]).query::<()>(&mut connection)?;
    let refused = client.add(small, 2).await.is_err();
    let (paused, resumed) = (queue.pause().await?, queue.resume().await?);
    report.check(
        "Redis is full",
        format!("an add is refused: {refused}; paused: {paused}, resumed: {resumed}"),
        "true each",
        refused && paused && resumed,
    );
    Ok(())
}

async fn without_connections(report: &mut Report) -> Played {
    let server = RedisServer::builder().option("maxclients", &["1"]).start();
    let _only = server.connection();
    let error = Client::connect(&server.url()).await.err();
    let mut texts = Vec::new();
    let mut next = error.as_ref().map(|error| error as &dyn Error);
    while let Some(error) = next {
        texts.push(error.to_string());
        next = error.source();
    }
    let text = texts.join(": ");
    let quoted = text.contains("max number of clients");
    report.check("no connection is left", text, "the server's own words", quoted);
    Ok(())
}
