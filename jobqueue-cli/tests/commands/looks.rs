//! Looking: queues, their figures, their jobs.

use serde_json::json;

use super::emails;
use crate::program::Program;

#[tokio::test(flavor = "multi_thread")]
async fn queues_and_their_figures() {
    let program = Program::start();
    let client = program.client().await;
    program.run("queues").done().says(&["No queue yet", "jobqueue add emails"]);
    emails::fill(&client).await;
    let out = program.out("queues");
    let [titles, row] = out.lines().collect::<Vec<_>>()[..] else { panic!("{out}") };
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(
        words(titles),
        ["QUEUE", "READY", "DELAYED", "ACTIVE", "FAILED", "DEAD", "LAG", "OUT/S", "WORKERS"]
    );
    assert_eq!(words(row)[..6], ["emails", "1", "1", "0", "1", "0"]);
    assert!(row.contains("! no worker"), "{row}");
    // Numbers stand at the right, below the ends of their titles.
    assert_eq!(titles.find("READY").map(|at| at + 5), row.find('1').map(|at| at + 1));

    let queues = program.json("queues --over 0s");
    assert_eq!(queues[0]["name"], "emails");
    assert_eq!(queues[0]["glance"]["waiting"], 1);
    assert_eq!(queues[0]["rates"], json!(null));

    client.queue("emails").expect("a name").pause().await.expect("paused");
    assert!(program.out("queues --over 0s").contains("‖ paused"));
    let out = program.out("stats emails");
    for text in ["emails  ‖ paused", "✕ failed               1", "lag ", "p99 "] {
        assert!(out.contains(text), "{text}: {out}");
    }
    let stats = program.json("stats emails");
    assert_eq!(stats["stats"]["counts"]["failed"], 1);
    assert_eq!(stats["rates"]["completed"], 0.0);
    let watched = program.out("stats emails --watch 10ms --times 3");
    assert_eq!(watched.lines().count(), 4, "{watched}");
    assert!(watched.starts_with("TIME "), "{watched}");
    let watched = program.run("stats emails --watch 10ms --times 2 --json").done().out;
    assert_eq!(watched.lines().count(), 2, "a line of JSON each");
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_by_state_with_what_matters_there() {
    let program = Program::start();
    let mails = emails::fill(&program.client().await).await;
    let out = program.out("jobs emails");
    for text in [
        "✕ failed  1 of 1",
        "ID                          NAME  TRIES  ENDED",
        mails.failed.as_str(),
        "permanent: no mailbox\u{fffd}[31m for nobody",
        "\"sent to ann\"",
        "not any more",
        "{\"customer\":4711,\"to\":\"bob\"}",
        "in 59 m",
    ] {
        assert!(out.contains(text), "{text}: {out}");
    }
    assert!(!out.contains('\u{1b}'), "nothing steers the terminal");
    let failed = program.json("jobs emails --state failed");
    assert_eq!(failed.as_array().map(Vec::len), Some(1));
    assert_eq!(failed[0]["id"], mails.failed.as_str());
    assert_eq!(failed[0]["record"]["payload"]["customer"], 4711);
    let waiting = program.json("jobs emails payload.to=bob --state waiting");
    assert_eq!(waiting[0]["id"], mails.waiting.as_str());
    assert_eq!(program.json("jobs emails --skip 1 --state failed"), json!([]));
    program.run("jobs emails payload.to=eve --state waiting").ends(1).says(&["No such job"]);
    let exact = program.out("jobs emails --state failed --utc");
    assert!(exact.contains("T") && exact.contains("Z ") && !exact.contains(" ago"), "{exact}");
    let painted = program.out("jobs emails --state failed --color always");
    assert!(painted.contains("\u{1b}[31m✕ failed\u{1b}[0m"), "{painted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_found_in_all_queues() {
    let program = Program::start();
    let client = program.client().await;
    let mails = emails::fill(&client).await;
    let other = client.queue("other").expect("a name");
    other.add("send", &json!({"to": "zoe"})).await.expect("added");
    let out = program.run("find name:send state:failed error:mailbox").done();
    let out = out.says(&["QUEUE", "emails", "1 found, "]).out;
    assert!(out.contains(mails.failed.as_str()), "{out}");
    let found = program.json("find payload.customer:4711 kind:permanent tag:vip");
    assert_eq!(found["jobs"][0]["queue"], "emails");
    assert_eq!(found["jobs"][0]["job"]["id"], mails.failed.as_str());
    let found = program.json("find name:send queue:oth~");
    assert_eq!(found["jobs"].as_array().map(Vec::len), Some(1));
    program.run("find payload.to=nobody2").ends(1).says(&["0 found"]);
    program.run("find ended<1h --limit 1").done().says(&["1 found", "Go on: --after '"]);
    let first = program.json("find ended<1h --limit 1");
    let next = first["next"].as_str().expect("there are more");
    let second = program.json(&format!("find ended<1h --limit 1 --after {next}"));
    assert_ne!(first["jobs"][0]["job"]["id"], second["jobs"][0]["job"]["id"]);
    let by_id = program.json(&format!("find {}", mails.delayed));
    assert_eq!(by_id["jobs"][0]["job"]["state"], "delayed");
}
