//! A client over a stream of bytes: what waits, what listens, and what is sent behind a wait.

use std::{sync::Arc, time::Duration};

use jobqueue_engine::{Clock, Engine, serve};
use redis::{AsyncConnectionConfig, RedisConnectionInfo, Value, aio::MultiplexedConnection, cmd};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

fn engine() -> Arc<Engine> {
    Engine::new(Clock::tokio_from(1_700_000_000_000), 1)
}

fn connect(engine: &Arc<Engine>) -> DuplexStream {
    let (ours, theirs) = duplex(4096);
    tokio::spawn(serve(engine.clone(), theirs));
    ours
}

async fn client(engine: &Arc<Engine>) -> MultiplexedConnection {
    let config = AsyncConnectionConfig::new().set_response_timeout(None);
    let info = RedisConnectionInfo::default();
    let (connection, driver) =
        MultiplexedConnection::new_with_config(&info, connect(engine), config)
            .await
            .expect("it connects");
    tokio::spawn(driver);
    connection
}

async fn waiting(engine: &Arc<Engine>, limit: &str) -> tokio::task::JoinHandle<Value> {
    let (mut redis, limit) = (client(engine).await, limit.to_owned());
    let task = tokio::spawn(async move {
        cmd("BLPOP").arg("wake").arg(limit).query_async(&mut redis).await.expect("an answer")
    });
    // Time moves only when all tasks wait.
    tokio::time::sleep(Duration::from_millis(1)).await;
    task
}

#[tokio::test(start_paused = true)]
async fn an_item_goes_to_the_one_who_has_waited_longest() {
    let engine = engine();
    let (first, second) = (waiting(&engine, "0").await, waiting(&engine, "0").await);
    let mut redis = client(&engine).await;
    for item in ["a", "b"] {
        let _: () = cmd("LPUSH").arg("wake").arg(item).query_async(&mut redis).await.expect("ok");
    }
    let got = |item: &[u8]| {
        Value::Array(vec![Value::BulkString(b"wake".to_vec()), Value::BulkString(item.to_vec())])
    };
    assert_eq!(first.await.expect("no panic"), got(b"a"));
    assert_eq!(second.await.expect("no panic"), got(b"b"));
}

#[tokio::test(start_paused = true)]
async fn one_who_has_gone_takes_nothing_with_him() {
    let engine = engine();
    let gone = waiting(&engine, "0").await;
    gone.abort();
    let _ = gone.await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    let mut redis = client(&engine).await;
    let _: () = cmd("LPUSH").arg("wake").arg("a").query_async(&mut redis).await.expect("ok");
    let left: u64 = cmd("LLEN").arg("wake").query_async(&mut redis).await.expect("a number");
    assert_eq!(left, 1);
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_when_its_time_is_over() {
    let engine = engine();
    let (waits, began) = (waiting(&engine, "3600").await, tokio::time::Instant::now());
    assert_eq!(waits.await.expect("no panic"), Value::Nil);
    assert!(began.elapsed() > Duration::from_secs(3599), "an hour, without waiting for it");
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_behind_a_wait_is_carried_out_after_it() {
    let engine = engine();
    let mut stream = connect(&engine);
    stream.write_all(b"BLPOP wake 0\r\nSET after 1\r\n").await.expect("it is sent");
    tokio::time::sleep(Duration::from_millis(1)).await;
    let mut redis = client(&engine).await;
    let there: u64 = cmd("EXISTS").arg("after").query_async(&mut redis).await.expect("a number");
    assert_eq!(there, 0, "it waits its turn");
    let _: () = cmd("LPUSH").arg("wake").arg("a").query_async(&mut redis).await.expect("ok");
    let expected = b"*2\r\n$4\r\nwake\r\n$1\r\na\r\n+OK\r\n";
    let mut answer = vec![0; expected.len()];
    stream.read_exact(&mut answer).await.expect("it answers");
    assert_eq!(answer, expected);
}

#[tokio::test(start_paused = true)]
async fn a_read_hears_of_entries_from_now_on() {
    let engine = engine();
    let mut redis = client(&engine).await;
    let add = |value: &str| cmd("XADD").arg("news").arg("*").arg("k").arg(value).clone();
    let _: String = add("old").query_async(&mut redis).await.expect("an id");
    let mut stream = connect(&engine);
    stream.write_all(b"XREAD BLOCK 0 STREAMS news $\r\n").await.expect("it is sent");
    tokio::time::sleep(Duration::from_millis(1)).await;
    let _: String = add("new").query_async(&mut redis).await.expect("an id");
    let mut answer = vec![0; 512];
    let length = stream.read(&mut answer).await.expect("it answers");
    let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
    assert!(answer.contains("new") && !answer.contains("old"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn messages_go_to_those_who_listen() {
    let engine = engine();
    let mut stream = connect(&engine);
    stream.write_all(b"SUBSCRIBE news\r\n").await.expect("it is sent");
    tokio::time::sleep(Duration::from_millis(1)).await;
    let mut redis = client(&engine).await;
    let publish = cmd("PUBLISH").arg("news").arg("hello").clone();
    let listeners: u64 = publish.query_async(&mut redis).await.expect("a number");
    assert_eq!(listeners, 1);
    let expected = b"*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n\
        *3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n";
    let mut answer = vec![0; expected.len()];
    stream.read_exact(&mut answer).await.expect("it answers");
    assert_eq!(answer, expected);
    drop(stream);
    tokio::time::sleep(Duration::from_millis(1)).await;
    let listeners: u64 = publish.query_async(&mut redis).await.expect("a number");
    assert_eq!(listeners, 0);
}
