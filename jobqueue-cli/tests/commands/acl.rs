//! The printed rules, and everything that each role does under them.

use jobqueue::{
    Client, DurationExt as _, Error, Flow, Worker, error::Refused, job, schedule::Every,
};
use jobqueue_tests::{server::RedisServer, wait::eventually};
use serde_json::json;

use crate::program::{Program, Ran, bare};

#[job(queue = "work", attempts = 1, retain = all, retain_failed = all)]
async fn task(fails: bool) -> Result<u8, jobqueue::Failure> {
    if fails { Err(jobqueue::Failure::permanent("asked for")) } else { Ok(7) }
}

#[job(queue = "roots", retain = all)]
async fn top(_: ()) {}

/// A server whose users have the printed rules; the default user stays.
fn server() -> Program {
    let home = tempfile::tempdir().expect("a folder");
    let rules = Ran::of(&mut bare(&home, &["acl"])).done().out;
    assert_eq!(rules.lines().count(), 4, "{rules}");
    let users = rules.replace(">PASSWORD", ">s3cret");
    Program::on(
        RedisServer::builder().acl(&format!("user default on nopass ~* &* +@all\n{users}")).start(),
    )
}

async fn client(program: &Program, role: &str) -> Client {
    let url = program.server.url_as(role, "s3cret");
    Client::connect(&url).await.unwrap_or_else(|error| panic!("{role}: {error:?}"))
}

fn run_as(program: &Program, role: &str, line: &str) -> Ran {
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut command = bare(&program.home, &words);
    Ran::of(command.env("REDIS_URL", program.server.url_as(role, "s3cret")))
}

/// What was denied, by the server's own log.
fn denied(program: &Program) -> String {
    let log = redis::cmd("ACL").arg("LOG").query::<redis::Value>(&mut program.server.connection());
    format!("{:?}", log.expect("a log"))
}

#[tokio::test(flavor = "multi_thread")]
async fn producers_add_and_await_what_workers_run() {
    let program = server();
    let (producer, worker) = (client(&program, "producer").await, client(&program, "worker").await);
    let worker = Worker::builder(&worker).handler(task).handler(top).dead_letter("dead");
    let worker = worker.build().expect("sound");
    let handle = worker.handle();
    let running = tokio::spawn(worker.run_until(std::future::pending::<()>()));

    let job = producer.add(task, false).delay(10.millis()).await.expect("added");
    assert_eq!(job.result().await.expect("run"), 7);
    producer.add_all(task, [false, true]).await.expect("added");
    let flow = Flow::new("f");
    let leaves = flow.all(task, [false, false]);
    let root = flow.node(top, ()).waits_for(&leaves);
    producer.start(flow, root).await.expect("started").result().await.expect("run");
    assert_eq!(producer.call(task, false).await.expect("a reply"), 7);
    let work = producer.queue("work").expect("a name");
    let every = work.schedules().add("s", Every::new(100.millis()), "task", &false).limit(1);
    every.await.expect("made");
    let topic = producer.topic("users").expect("a name");
    topic.bind("work", "#").job("task").await.expect("bound");
    producer.publish("users", "created", false).await.expect("published");
    let completed = async || work.counts().await.expect("counts").total_completed >= 7;
    eventually("all to have run", completed).await;
    let dead = producer.dead_letters("dead").expect("a name");
    eventually("the letter", async || dead.count().await.expect("a count") == 1).await;
    handle.stop(5.seconds());
    running.await.expect("no panic").expect("no error");
    assert_eq!(denied(&program), "array([])");
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_look_and_steer() {
    let program = server();
    let all = program.client().await;
    let mails = super::emails::fill(&all).await;
    super::emails::letter(&all).await;
    let operator = |line: &str| run_as(&program, "operator", line);
    for line in looks(&mails) {
        operator(&line).done();
    }
    for line in [
        "pause emails".to_owned(),
        "resume emails".to_owned(),
        "limits set emails --rate 50/s --aging 1m".to_owned(),
        "throttles emails --lift".to_owned(),
        format!("job cancel {}", mails.delayed),
        format!("job retry {}", mails.cancelled),
        format!("job edit {} --payload 7", mails.waiting),
        format!("job move {} --priority 3", mails.waiting),
        format!("job move {} --to other", mails.waiting),
        "retry -q emails --yes".to_owned(),
        "redrive -q dead --yes".to_owned(),
        "remove -q emails --where state:completed --yes".to_owned(),
        "clean emails --state failed --older-than 0s --yes".to_owned(),
        "drain emails --with-delayed --yes".to_owned(),
        "add emails send".to_owned(),
        "bindings t --bind emails --pattern #".to_owned(),
        "publish t key".to_owned(),
        "obliterate emails --force --yes".to_owned(),
    ] {
        let ran = operator(&line);
        assert!(matches!(ran.code, Some(0 | 5)), "{line}: {ran:?}\n{}", denied(&program));
    }
    client(&program, "operator").await.queues().rescan().await.expect("mended");
    assert_eq!(denied(&program), "array([])");
}

/// Everything that only looks.
fn looks(mails: &super::emails::Emails) -> Vec<String> {
    let lines = [
        "queues --over 10ms",
        "stats emails",
        "jobs emails",
        "find name:send",
        "limits show emails",
        "throttles emails",
        "dead-letters",
        "dead-letters dead",
        "topics",
        "bindings t",
        "schedules",
        "flows list",
        "flows stuck",
        "workers",
        "events emails",
        "audit",
    ];
    let job = ["show", "logs"].map(|verb| format!("job {verb} {}", mails.failed));
    let wait = format!("job wait {}", mails.completed);
    lines.map(str::to_owned).into_iter().chain(job).chain([wait]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn viewers_look_and_change_nothing() {
    let program = server();
    let all = program.client().await;
    let mails = super::emails::fill(&all).await;
    super::emails::letter(&all).await;
    for line in looks(&mails) {
        let ran = run_as(&program, "viewer", &line);
        assert_eq!(ran.code, Some(0), "{line}: {ran:?}\n{}", denied(&program));
    }
    assert_eq!(denied(&program), "array([])");
    let before = jobqueue_tests::dump::Dump::of_prefix(&mut program.server.connection(), "jq:");
    for line in [
        "pause emails".to_owned(),
        "add emails send".to_owned(),
        "limits set emails --max-active 1".to_owned(),
        "drain emails --yes".to_owned(),
        "obliterate emails --force --yes".to_owned(),
        "publish t key".to_owned(),
        "retry -q emails --yes".to_owned(),
        format!("job cancel {}", mails.waiting),
        format!("job remove {} --yes", mails.waiting),
    ] {
        run_as(&program, "viewer", &line).ends(4).says(&["redis denied it"]);
    }
    let after = jobqueue_tests::dump::Dump::of_prefix(&mut program.server.connection(), "jq:");
    after.assert_same_as(&before);
    let viewer = client(&program, "viewer").await;
    let refused = viewer.add(task, false).await.expect_err("refused");
    assert!(matches!(refused, Error::Refused(Refused::Permission { .. })), "{refused:?}");
}

#[test]
fn rules_have_the_prefix_the_name_and_a_shape() {
    let home = tempfile::tempdir().expect("a folder");
    let rules = |words: &[&str]| Ran::of(&mut bare(&home, words)).done();
    let rule = rules(&["acl", "viewer", "--user", "eve", "--prefix", "shop"]).out;
    assert!(rule.starts_with("user eve on >PASSWORD resetkeys ~shop:* resetchannels -@all +"));
    let json = rules(&["acl", "worker", "--json"]).json();
    assert_eq!((&json[0]["role"], &json[0]["user"]), (&json!("worker"), &json!("worker")));
    Ran::of(&mut bare(&home, &["acl", "boss"])).ends(2);
}
