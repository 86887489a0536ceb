//! What is noted: events, and operators' actions.

use jobqueue_tests::process::{Process, Signal};

use super::emails;
use crate::program::Program;

#[tokio::test(flavor = "multi_thread")]
async fn actions_are_noted_with_who_did_them() {
    let program = Program::start();
    program.run("audit").done().says(&["Nothing is noted"]);
    program.out("add emails send");
    program.out("pause emails --as alice");
    program.out("resume emails");
    program.run("pause nowhere").ends(4);
    let entries = program.json("audit");
    let told = |at: usize, field: &str| entries[at][field].as_str().unwrap_or_default().to_owned();
    assert_eq!((told(0, "action"), told(0, "queue")), ("pause".into(), "nowhere".into()));
    assert!(entries[0]["answer"]["failed"].is_string(), "{entries}");
    assert!(told(1, "who").starts_with("ann@"), "{entries}");
    assert_eq!((told(2, "who"), told(2, "action")), ("alice".into(), "pause".into()));
    let out = program.out("audit --who alice --queue emails --action pause");
    assert!(out.contains("alice") && out.contains("done") && out.lines().count() == 2, "{out}");
    let before = format!("audit --before {} -n 1", told(1, "id"));
    assert!(program.out(&before).contains("alice"));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_printed_and_followed() {
    let program = Program::start();
    let client = program.client().await;
    let mails = emails::fill(&client).await;
    let out = program.out("events emails");
    for text in ["added", "completed", mails.failed.as_str(), "cancelled"] {
        assert!(out.contains(text), "{text}: {out}");
    }
    let lines = program.run("events emails --json -n 2").done().out;
    let first: serde_json::Value =
        serde_json::from_str(lines.lines().next().expect("a line")).expect("json");
    assert_eq!((first["queue"].as_str(), first["kind"].as_str()), (Some("emails"), Some("added")));
    let after = format!("events emails -n 1 --after {}", first["id"].as_str().expect("an id"));
    assert_eq!(program.out(&after).lines().count(), 1);
    program.run("events --after 0-0 emails nowhere").ends(4);

    let mut process = Process::spawn(&mut program.command(&["events", "--follow"]));
    let queue = client.queue("emails").expect("a name");
    // Until it listens, what happens isn't told.
    jobqueue_tests::wait::eventually("an event", async || {
        queue.pause().await.expect("paused");
        queue.resume().await.expect("resumed");
        process.output().iter().any(|line| line.text.contains("emails  resumed"))
    })
    .await;
    process.signal(Signal::INT);
    assert_eq!(process.exit().await.code(), Some(130));
}
