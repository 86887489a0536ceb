//! One job.

use serde_json::json;

use super::emails;
use crate::program::Program;

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_shown_without_its_queue() {
    let program = Program::start();
    let mails = emails::fill(&program.client().await).await;
    let out = program.out(&format!("job show {}", mails.failed));
    for text in [
        "emails · send · ✕ failed",
        "attempts 1,",
        ", ran 0.0 s, on ",
        "error     attempt 1, permanent: no mailbox\u{fffd}[31m for nobody",
        "payload   {\"customer\":4711,\"to\":\"nobody\"}",
        "tags      vip",
    ] {
        assert!(out.contains(text), "{text}: {out}");
    }
    let job = program.json(&format!("job show {} --queue emails", mails.completed));
    assert_eq!((&job["queue"], &job["job"]["state"]), (&json!("emails"), &json!("completed")));
    assert_eq!(job["job"]["outcome"]["result"], "sent to ann");
    let out = program.out(&format!("job show {}", mails.cancelled));
    assert!(out.contains("⊘ cancelled"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_changed() {
    let program = Program::start();
    let client = program.client().await;
    let mails = emails::fill(&client).await;
    let queue = client.queue("emails").expect("a name");
    let info = async |id: &jobqueue::JobId| queue.job(id).info().await.expect("known");

    program.run(&format!("job retry {}", mails.failed)).done().says(&["runs again"]);
    assert_eq!(info(&mails.failed).await.state, jobqueue::JobState::Waiting);
    let done = program.json(&format!("job promote {}", mails.delayed));
    assert_eq!(done["done"], "is ready");
    assert_eq!(info(&mails.delayed).await.state, jobqueue::JobState::Waiting);
    program.out(&format!("job move {} --priority -7", mails.waiting));
    assert_eq!(info(&mails.waiting).await.priority, -7);
    let edit = r#"--payload {"to":"joe","n":18446744073709551615} --attempts 9 --header why=typo"#;
    program.out(&format!("job edit {} {edit}", mails.waiting));
    let edited = info(&mails.waiting).await;
    assert_eq!(edited.payload::<serde_json::Value>().expect("read")["n"], u64::MAX);
    assert_eq!(edited.record.options.attempts, Some(9));
    assert_eq!(edited.record.options.headers["why"], "typo");
    program.out(&format!("job cancel {} --reason late", mails.waiting));
    let outcome = serde_json::to_value(info(&mails.waiting).await.outcome).expect("json");
    assert_eq!(outcome["reason"], "late");
    assert!(outcome["by"].as_str().is_some_and(|by| by.starts_with("ann@")), "{outcome}");

    program.run(&format!("job remove {}", mails.completed)).ends(2).says(&["add --yes"]);
    program.run(&format!("job remove {} --yes", mails.completed)).done();
    assert_eq!(queue.job(&mails.completed).state().await.expect("asked"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_moves_to_another_time_and_queue() {
    let program = Program::start();
    let client = program.client().await;
    let mails = emails::fill(&client).await;
    let queue = client.queue("emails").expect("a name");
    program.out(&format!("job move {} --delay 2d", mails.delayed));
    let due = queue.job(&mails.delayed).info().await.expect("known").due_at.expect("delayed");
    assert!((due - jobqueue::types::Utc::now()).num_hours() >= 47, "{due}");
    program.run(&format!("job move {} --to slow", mails.waiting)).done().says(&["moved to slow"]);
    let there = client.queue("slow").expect("a name").job(&mails.waiting);
    jobqueue_tests::wait::eventually("the job to arrive", async || {
        there.state().await.expect("asked") == Some(jobqueue::JobState::Waiting)
    })
    .await;
    assert_eq!(queue.job(&mails.waiting).state().await.expect("asked"), None);
    program.run(&format!("job move {} --to slow", mails.failed)).ends(4);
    program.run(&format!("job move {} --to emails", mails.delayed)).ends(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_printed_and_results_waited_for() {
    let program = Program::start();
    let client = program.client().await;
    let mails = emails::fill(&client).await;
    assert_eq!(program.out(&format!("job logs {}", mails.completed)), "on its way\n");
    let follow = program.out(&format!("job logs {} --follow", mails.failed));
    assert_eq!(follow, "on its way\n");
    assert_eq!(program.out(&format!("job wait {}", mails.completed)), "\"sent to ann\"\n");
    program.run(&format!("job wait {}", mails.failed)).ends(1).says(&["no mailbox"]);
    let ended = program.run(&format!("job wait {} --json", mails.cancelled)).ends(1).json();
    assert_eq!(
        ended,
        json!({"state": "cancelled", "reason": {"by": "ops", "reason": "not any more"}})
    );
    let wait = format!("job wait {} --timeout 10ms", mails.delayed);
    program.run(&wait).ends(1).says(&["not ended in time"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_in_several_queues_needs_one() {
    let program = Program::start();
    program.out("add a send --id same");
    program.out("add b send --id same");
    program.run("job show same").ends(2).says(&["2 queues", "a", "b", "--queue"]);
    assert!(program.out("job show same -q b").starts_with("b · send"));
    program.run("job show other").ends(4).says(&["no queue has a job other"]);
    program.run("job show 01JF…9QK").ends(2).says(&["is cut: --full"]);
    program.run("job show other -q b").ends(4);
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_added_with_all_options() {
    let program = Program::start();
    let client = program.client().await;
    let line = "add mails send {\"n\":12345678901234567890} --id m1 --delay 1h --priority -5 --attempts 4 \
                --backoff exponential:1s:1m --timeout 30s --ttl 2d --retry-for 3h --snoozes 7 --retain 10/7d \
                --retain-failed all --payload-version 3 --header a=b --tag t1 --tag t2 --unique k:1h --deadline 2099-01-01";
    program.run(line).done().says(&["mails: job m1 added"]);
    let job =
        client.queue("mails").expect("a name").job("m1".parse::<jobqueue::JobId>().expect("an id"));
    let info = job.info().await.expect("known");
    let json = serde_json::to_value(&info).expect("json");
    let options = &json["record"]["options"];
    assert_eq!(json["record"]["payload"]["n"], 12_345_678_901_234_567_890_u64);
    assert_eq!(json["state"], "delayed");
    for (option, value) in [
        ("attempts", json!(4)),
        ("timeout_ms", json!(30_000)),
        ("priority", json!(-5)),
        ("snoozes", json!(7)),
        ("version", json!(3)),
        ("headers", json!({"a": "b"})),
        ("tags", json!(["t1", "t2"])),
    ] {
        assert_eq!(options[option], value, "{option}");
    }
    assert_eq!(options["unique"]["key"], "k");
    let again = program.json("add mails send null --id m1");
    assert_eq!(again["added"], "was there already");
    let taken = program.json("add mails send null --unique k:1h");
    assert_eq!(taken["id"], "m1");
    let replaced = program.json("add mails send 7 --unique k --replace");
    assert_eq!(replaced["added"], "has this payload now");
    program.run("add mails send {oops").ends(2).says(&["isn't JSON"]);
    program
        .run("add mails send {\"n\":0.12345678901234567891}")
        .ends(2)
        .says(&["would be rounded"]);
    program.run("add mails send {\"n\":1,\"n\":2}").ends(2).says(&["\"n\" is there twice"]);
    program.run("add mails send null --priority 5000").ends(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_no_replica_confirms_is_named() {
    let program = Program::start();
    let ran = program.run("add mails send 7 --replicas 1").ends(5).says(&["0 instead of 1"]);
    let id = ran.err.split_once("job ").and_then(|(_, rest)| rest.split_once(':'));
    let (id, _) = id.unwrap_or_else(|| panic!("no id in {ran:?}"));
    let job = program.json(&format!("job show {id} --queue mails"));
    assert_eq!(job["job"]["record"]["payload"], 7);
}
