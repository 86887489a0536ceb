//! Results that only JSON can say.

use std::collections::BTreeMap;

use jobqueue::{Client, Codec, Flow, flow::Inputs, job};
use jobqueue_tests::{names, shared};

use super::parts::end;
use crate::support::{Running, worker};

type Ages = BTreeMap<u32, u128>;

#[job(queue = "json")]
async fn ages(n: u32) -> Ages {
    BTreeMap::from([(n, u128::MAX)])
}

#[job(queue = "json")]
async fn merged(
    _: (),
    all: Inputs<(Vec<Ages>, Result<Ages, jobqueue::error::JobFailure>)>,
) -> Ages {
    let (all, more) = all.0;
    all.into_iter().chain(more.ok()).flatten().collect()
}

#[tokio::test]
async fn results_in_json_are_read_as_json() {
    let builder = Client::builder(shared::url()).prefix(names::queue("t")).codec(Codec::Json);
    let client = builder.connect().await.expect("connected");
    let _running = Running::start(worker(&client).handler(ages).handler(merged));
    let flow = Flow::unnamed();
    let (all, more) = (flow.all(ages, [1, 2]), flow.node(ages, 3));
    let root = flow.node(merged, ()).after((&all, more.settled()));
    let handle = client.start(flow, root).await.expect("it starts");
    let expected: Ages = (1..=3).map(|n| (n, u128::MAX)).collect();
    assert_eq!(end(&handle).await.expect("it completes"), expected);
}
