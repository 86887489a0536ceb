//! Steering whole queues.

use jobqueue::DurationExt as _;
use serde_json::json;

use super::emails;
use crate::program::Program;

#[tokio::test(flavor = "multi_thread")]
async fn queues_are_paused_and_resumed() {
    let program = Program::start();
    program.run("pause emails").ends(4).says(&["there is no such queue"]);
    program.out("add emails send");
    program.run("pause emails").done().says(&["emails is paused"]);
    program.run("pause emails").done().says(&["was paused already"]);
    assert_eq!(
        program.json("resume emails"),
        json!({"queue": "emails", "paused": false, "changed": true})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_are_emptied_and_removed() {
    let program = Program::start();
    let client = program.client().await;
    emails::fill(&client).await;
    let queue = client.queue("emails").expect("a name");
    program.run("drain emails").ends(2).says(&["Would remove 1 waiting job of emails"]);
    assert_eq!(program.json("drain emails --yes"), json!({"queue": "emails", "removed": 1}));
    program.run("drain emails --with-delayed --yes").done().says(&["1 job of emails removed"]);
    program.run("clean emails --older-than 1h --yes").done().says(&["0 jobs"]);
    program.run("clean emails --state failed --older-than 0s --yes").done().says(&["1 job of"]);
    program.run("clean emails --state waiting --older-than 0s --yes").ends(2);
    assert_eq!(queue.counts().await.expect("counts").failed, 0);
    program.run("obliterate emails").ends(2).says(&["schedules, flows and limits"]);
    program.run("obliterate emails --force --yes").done().says(&["emails is gone"]);
    assert!(!queue.exists().await.expect("asked"));
    program.run("obliterate emails --yes").ends(4).says(&["there is no queue emails"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_set_and_shown() {
    let program = Program::start();
    let set = "limits set q --rate 50/s+5 --max-active 7 --max-length 1000 --overflow drop-oldest \
               --aging 1m --events 500 --ttl 2d --dead-letter dead";
    let out = program.run(set).done();
    out.says(&["50/s, burst 5", "max active   7", "1,000", "drop oldest", "1 m", "2 d", "dead"]);
    let limits = program.json("limits show q");
    assert_eq!((&limits["max_active"], &limits["dead_letter"]), (&json!(7), &json!("dead")));
    let limits = program.json("limits set q --rate none --max-active none --dead-letter none");
    assert_eq!((&limits["rate"], &limits["dead_letter"]), (&json!(null), &json!(null)));
    program.out("limits set q --rate-from-code --max-active-from-code --ttl none");
    program.run("limits set q").ends(2).says(&["say what to set"]);
    program.run("limits set q --rate fast").ends(2).says(&["50/s"]);
    program.run("limits show nowhere").ends(4);
}

#[jobqueue::job(queue = "slow")]
async fn slow(_: ()) -> Result<(), jobqueue::Failure> {
    Err(jobqueue::Failure::rate_limited(1.hours(), "too many requests"))
}

#[tokio::test(flavor = "multi_thread")]
async fn throttles_are_shown_and_lifted() {
    let program = Program::start();
    let client = program.client().await;
    client.add(slow, ()).await.expect("added");
    let queue = client.queue("slow").expect("a name");
    let worker = jobqueue::Worker::builder(&client).handler(slow).build().expect("sound");
    let handle = worker.handle();
    let running = tokio::spawn(worker.run_until(std::future::pending::<()>()));
    jobqueue_tests::wait::eventually("a throttle", async || {
        queue.throttles().await.expect("read").throttled_until.is_some()
    })
    .await;
    handle.stop(1.seconds());
    running.await.expect("no panic").expect("no error");
    program
        .run("throttles slow")
        .ends(1)
        .says(&["a handler throttled it, until in 59 m", "--lift"]);
    let held = program.run("throttles slow --json").ends(1).json();
    assert!(held["throttled_until"].is_string(), "{held}");
    assert!(program.out("queues --over 0s").contains("! no worker"));
    program.run("throttles slow --lift").done().says(&["may start jobs again"]);
    program.run("throttles slow").done().says(&["nothing holds them back"]);
    program.out("pause slow");
    program.run("throttles slow").ends(1).says(&["it is paused"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_of_groups() {
    let program = Program::start();
    program.out("add orders ship --group acme");
    let set = "group orders acme --max-active 2 --rate 50/s --in-order stop --pause";
    let shown = program.out(set);
    for word in ["yes", "2", "50/s, burst 1", "stops after a failure"] {
        assert!(shown.contains(word), "{word}: {shown}");
    }
    assert_eq!(program.out("group orders *").matches("none").count(), 3);
    program.out("group orders * --in-order go-on");
    assert!(program.out("group orders other").contains("goes on after a failure"));
    // A fetch finds that it is held.
    program.run("groups orders --held").done().says(&["No group is held"]);
    let queue = program.client().await.queue("orders").expect("a name");
    assert!(queue.receive(1, std::time::Duration::ZERO).await.expect("received").is_empty());
    let held = program.out("groups orders --held");
    assert!(held.contains("acme") && held.contains("it is paused"), "{held}");
    program.run("group orders acme --resume --go-on").done().says(&["It had not stopped"]);
    let json = program.out("group orders acme --forget --json");
    assert!(json.contains("\"max_active\":null"), "{json}");
    program.run("group orders acme --max-active 0").ends(2);
}
