//! Flows.

use std::time::Duration;

use jobqueue::{Context, Failure, Flow, Worker, flow::Inputs, job, types::CancellationToken};
use jobqueue_tests::wait::eventually;
use serde_json::json;

use crate::program::Program;

#[job(queue = "leaves", retain = all)]
async fn leaf(_: u32) {}

#[job(queue = "roots", retain = all)]
async fn root(_: ()) {}

#[tokio::test(flavor = "multi_thread")]
async fn flows_are_listed_drawn_cancelled_and_run_again() {
    let program = Program::start();
    let client = program.client().await;
    program.run("flows list").done().says(&["No flow is kept"]);
    let flow = Flow::new("report-42");
    let leaves = flow.all(leaf, 0..3);
    let top = flow.node(root, ()).waits_for(&leaves);
    let handle = client.start(flow, top).await.expect("started");
    let queue = client.queue("leaves").expect("a name");
    eventually("the leaves", async || queue.counts().await.expect("counts").waiting == 3).await;

    let out = program.out("flows list");
    for text in ["report-42", "roots", "running", "0/4"] {
        assert!(out.contains(text), "{text}: {out}");
    }
    let flows = program.json("flows list -q roots");
    assert_eq!((&flows[0]["home"], &flows[0]["nodes"]), (&json!("roots"), &json!(4)));
    let tree = program.out("flows tree report-42");
    assert!(tree.starts_with("root: waiting-children\n  leaf: 3 queued"), "{tree}");
    assert!(program.out("flows tree report-42 --mermaid").starts_with("flowchart TD"));
    assert_eq!(program.json("flows tree report-42 -q roots")["id"], "report-42");
    let stuck = program.run("flows stuck").ends(1).says(&["the queue has no worker"]);
    assert_eq!(stuck.out.lines().count(), 3, "{stuck:?}");
    let stuck = program.run("flows stuck report-42 --json").ends(1).json();
    assert_eq!(stuck[0]["waits_for"].as_array().map(Vec::len), Some(3));

    program.run("flows retry report-42").ends(4);
    program.run("flows cancel report-42 --reason late").done().says(&["is cancelled"]);
    eventually("the flow to end", async || {
        handle.info().await.expect("known").summary.state.is_final()
    })
    .await;
    assert!(program.out("flows list").contains("cancelled"));
    program.run("flows stuck").done().says(&["No flow waits"]);
    program.run("flows retry report-42").done().says(&["runs again"]);
    program.run("job signal nobody approved true").ends(4);
    program.run("flows tree other").ends(4).says(&["there is no flow other"]);
}

#[job(queue = "parts", attempts = 1)]
async fn part(number: u32) -> Result<u32, Failure> {
    if number == 1 { Err(Failure::permanent("the second is broken")) } else { Ok(number) }
}

#[job(queue = "roots")]
async fn whole(_: (), inputs: Inputs<Vec<u32>>) -> usize {
    inputs.0.len()
}

#[job(queue = "orders", steps)]
async fn fulfil(_: (), ctx: Context) -> Result<String, Failure> {
    let charged = ctx.step("charge", async || Ok::<_, Failure>(7)).await?;
    let by: String = ctx.wait_for("approved", Duration::from_secs(3_600)).await?;
    Ok(format!("{charged} by {by}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_in_a_flow_is_told_and_what_waits_can_be_signalled() {
    let program = Program::start();
    let client = program.client().await;
    let worker = Worker::builder(&client).handler(part).handler(whole).handler(fulfil);
    let stop = CancellationToken::new();
    let ended =
        tokio::spawn(worker.build().expect("built").run_until(stop.clone().cancelled_owned()));

    let flow = Flow::new("report-43");
    let parts = flow.all(part, 0..3);
    let top = flow.node(whole, ()).after(&parts);
    let handle = client.start(flow, top).await.expect("started");
    eventually("the flow to fail", async || {
        handle.info().await.expect("known").summary.state.is_final()
    })
    .await;
    let tree = program.out("flows tree report-43");
    assert!(!tree.contains("failed: whole"), "it was skipped: {tree}");
    assert!(tree.contains("failed: part 1 in parts: permanent: the second is broken\n"), "{tree}");

    let order = client.add(fulfil, ()).await.expect("added");
    eventually("the order to wait", async || order.steps().await.expect("read").waits.is_some())
        .await;
    let id = order.id();
    eventually("the run to end", async || {
        program.out(&format!("job show {id}")).contains("waits     for the signal approved, until")
    })
    .await;
    assert!(program.out(&format!("job show {id}")).contains("recorded  step charge, "));
    program.run(&format!("job signal {id} approved \"Ada\"")).done().says(&["goes on"]);
    assert_eq!(order.result().await.expect("a result"), "7 by Ada");
    program.run(&format!("job signal {id} approved \"Ada\"")).ends(4);
    stop.cancel();
    ended.await.expect("no panic").expect("no error");
}
