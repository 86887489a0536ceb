//! Flows.

use jobqueue::{Flow, job};
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
    program.run("flows tree other").ends(1).says(&["there is no flow other"]);
}
