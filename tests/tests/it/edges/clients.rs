//! The settings of clients.

use jobqueue::{Client, ClientBuilder, DurationExt as _, Error};
use jobqueue_tests::{
    edges::{TIMES, Table, works},
    names, shared,
};

fn builder() -> ClientBuilder {
    Client::builder(shared::url()).prefix(names::queue("t"))
}

#[tokio::test]
async fn times_and_sizes_of_a_client() {
    let mut table = Table::default();
    let mut builders = Vec::new();
    for time in TIMES {
        builders.push((format!("retry_timeout({time:?})"), builder().retry_timeout(time)));
        builders.push((format!("connect_timeout({time:?})"), builder().connect_timeout(time)));
        builders.push((format!("response_timeout({time:?})"), builder().response_timeout(time)));
    }
    for bytes in [0, 1, 256 << 20, (256 << 20) + 1, usize::MAX] {
        builders.push((format!("max_payload({bytes})"), builder().max_payload(bytes)));
    }
    for (what, builder) in builders {
        match builder.connect().await {
            Ok(client) => {
                let queue = client.queue("edges").expect("a good name");
                table.note(what, &Ok(()), works(&queue).await);
            }
            Err(error) => table.note::<()>(what, &Err(error), Ok::<_, Error>(())),
        }
    }
    table.assert_sound();
}

#[tokio::test]
async fn what_is_longer_than_the_limit_is_refused() {
    let client = builder().max_payload(9).retry_timeout(1.days()).connect().await;
    let queue = client.expect("connected").queue("edges").expect("a good name");
    queue.add("any", &"x".repeat(8)).await.expect("9 bytes");
    let answer = queue.add("any", &"x".repeat(9)).await;
    assert!(matches!(answer, Err(Error::Payload(_))), "{answer:?}");
}
