//! What is done to all jobs that conditions mean.

use std::time::{Duration, Instant};

use jobqueue::JobState;
use jobqueue_tests::process::{Process, Signal};
use serde_json::json;

use super::emails;
use crate::program::Program;

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_counted_and_then_changed() {
    let program = Program::start();
    let client = program.client().await;
    let mails = emails::fill(&client).await;
    let queue = client.queue("emails").expect("a name");
    let state = async |id: &jobqueue::JobId| queue.job(id).state().await.expect("asked");

    let dry = program.run("retry -q emails --where error:mailbox --dry-run").done();
    let dry = dry.says(&["Would retry 1 of 1 jobs in emails (oldest "]);
    assert!(dry.out.contains(mails.failed.as_str()), "a sample: {dry:?}");
    assert_eq!(state(&mails.failed).await, Some(JobState::Failed), "only counted");
    program.run("retry -q emails").ends(2).says(&["Nobody is here to be asked", "--yes"]);
    let done = program.json("retry -q emails --where error:mailbox --yes");
    assert_eq!((&done["done"], &done["refused"]), (&json!(1), &json!(0)));
    assert_eq!(state(&mails.failed).await, Some(JobState::Waiting));

    let cancel = "cancel -q emails --where payload.to=nobody --reason old --yes";
    program.run(cancel).done().says(&["1 cancelled"]);
    assert_eq!(state(&mails.failed).await, Some(JobState::Cancelled));
    let removed = program.run("remove -q emails --where state:cancelled --limit 1 --yes").done();
    removed.says(&["1 removed"]);
    assert_eq!(queue.counts().await.expect("counts").cancelled, 1);
    program.run("remove -q emails --where name:nothing --yes").ends(1).says(&["Would remove 0 of"]);
    program.run("retry --where state:gone").ends(2).says(&["^^^^ expected waiting"]);
    program.out("add other send null --id b1");
    let both = program.json("cancel --where name:send --dry-run");
    assert_eq!((&both["queues"], &both["would"]), (&json!(["emails", "other"]), &json!(3)));
    let one = program.run("cancel --where queue:oth~").ends(2);
    one.says(&["Would cancel 1 of 1 jobs in other (oldest "]);
    program.run("cancel --where name:send --yes").done().says(&["3 cancelled"]);
    program.run("remove -q nowhere --yes").ends(4).says(&["there is no queue nowhere"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_done_to_all_is_partly_done() {
    let program = Program::start();
    let client = program.client().await;
    let queue = client.queue("q").expect("a name");
    program.out("add q send null --id first --unique key");
    program.out("job cancel first");
    // Another has its key now.
    program.out("add q send null --id second --unique key");
    let done = program.run("retry -q q --where state:cancelled --yes").ends(4);
    done.says(&["0 run again, 1 skipped", "job second has its unique key"]);
    assert_eq!(queue.counts().await.expect("counts").cancelled, 1);
    program.out("add q send null --id third");
    program.out("job cancel third");
    let done = program.run("retry -q q --where state:cancelled --yes").ends(5);
    done.says(&["1 run again, 1 skipped"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_changed_only_where_their_queue_is_named() {
    let program = Program::start();
    program.out("limits set q --dead-letter q-dlq");
    program.out("add q send null");
    program.out("add q-dlq letter null");
    let would = |line: &str| program.json(&format!("{line} --dry-run"))["queues"].clone();
    assert_eq!(would("remove"), json!(["q"]));
    assert_eq!(would("cancel --where state:waiting"), json!(["q"]));
    assert_eq!(would("remove -q q-dlq"), json!(["q-dlq"]));
    assert_eq!(would("remove --where queue:q~"), json!(["q", "q-dlq"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_holds_and_an_interrupt_stops_cleanly() {
    let program = Program::start();
    let client = program.client().await;
    let queue = client.queue("q").expect("a name");
    queue.add_all("send", 0..300).await.expect("added");
    let began = Instant::now();
    program.out("cancel -q q --limit 20 --rate 50/s --yes");
    assert!(began.elapsed() >= Duration::from_millis(250), "{:?}", began.elapsed());
    assert_eq!(queue.counts().await.expect("counts").cancelled, 20);
    // Nothing waits behind the last one.
    program.out("cancel -q q --limit 1 --rate 1/h --yes");
    // Nor is one waited for that is the only one.
    program.out("add other send null");
    program.out("cancel -q other --rate 1/h --yes");

    let slow = ["cancel", "-q", "q", "--rate", "20/s", "--yes"];
    let mut process = Process::spawn(&mut program.command(&slow));
    jobqueue_tests::wait::eventually("some to be cancelled", async || {
        queue.counts().await.expect("counts").cancelled > 23
    })
    .await;
    process.signal(Signal::INT);
    process.line("stopped before the end").await;
    assert_eq!(process.exit().await.code(), Some(130));
    let counts = queue.counts().await.expect("counts");
    assert!(counts.waiting > 0 && counts.waiting + counts.cancelled == 300, "{counts:?}");
}
