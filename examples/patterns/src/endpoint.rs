//! An HTTP endpoint for Prometheus, with tokio alone. In a service with a web framework, its
//! handler is the two lines of [`scrape`].

use std::time::Duration;

use futures_util::future::try_join_all;
use jobqueue::{Queue, stats::prometheus_text};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};

/// The most bytes of a request's head, and how long it may take.
const HEAD: usize = 8 * 1024;
const PATIENCE: Duration = Duration::from_secs(5);

/// All that Prometheus wants to know of some queues.
///
/// # Errors
/// Redis can't be reached.
pub async fn scrape(queues: &[Queue]) -> jobqueue::Result<String> {
    let stats = try_join_all(queues.iter().map(Queue::stats)).await?;
    Ok(prometheus_text(&stats))
}

/// Answers `GET /metrics`, for as long as it is polled.
///
/// # Errors
/// The listener fails.
pub async fn serve(listener: TcpListener, queues: Vec<Queue>) -> std::io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let queues = queues.clone();
        tokio::spawn(async move {
            // A scraper that hangs or goes away is no reason to do anything.
            let _ = timeout(PATIENCE, answer(stream, &queues)).await;
        });
    }
}

async fn answer(mut stream: TcpStream, queues: &[Queue]) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD {
        if stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let (status, body) = match head.split(|byte| *byte == b' ').collect::<Vec<_>>()[..] {
        [b"GET", b"/metrics", ..] => match scrape(queues).await {
            Ok(text) => ("200 OK", text),
            Err(error) => ("503 Service Unavailable", format!("{error}\n")),
        },
        [b"GET", ..] => ("404 Not Found", "it is at /metrics\n".to_owned()),
        _ => ("405 Method Not Allowed", "only GET is answered\n".to_owned()),
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}
