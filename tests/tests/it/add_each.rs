//! Many adds in one call, each with an id and options of its own.

use jobqueue::{
    Add, DurationExt, Error, JobHandle, JobState, Unique,
    error::{PayloadError, Refused},
    job,
    types::Value,
    unique::Added,
};

use crate::support::{Running, client, worker};

#[job(queue = "reports")]
async fn report(n: u32) -> u32 {
    n
}

#[job(queue = "reports")]
async fn greet(name: String) -> String {
    name
}

#[job(queue = "mails")]
async fn mail(_n: u32) {}

#[tokio::test]
async fn each_job_has_an_id_and_options_of_its_own() {
    let client = client().await;
    let jobs = client
        .add_each([
            client.add(report, 1).id("one").priority(-3).header("tenant", "a"),
            client.add(report, 2).id("two").delay(1.hours()),
            client.add(report, 3).attempts(9).deadline_in(2.hours()).header("tenant", "b"),
        ])
        .await
        .expect("added");
    assert_eq!((jobs[0].id().as_str(), jobs[1].id().as_str()), ("one", "two"));
    assert!(jobs.iter().all(|job| *job.added() == Added::New));
    let mut infos = Vec::new();
    for job in &jobs {
        infos.push(job.info().await.expect("there"));
    }
    let states: Vec<JobState> = infos.iter().map(|info| info.state).collect();
    assert_eq!(states, [JobState::Waiting, JobState::Delayed, JobState::Waiting]);
    assert_eq!(infos[0].priority, -3);
    let tenant = |at: usize| infos[at].record.options.headers.get("tenant").map(String::as_str);
    assert_eq!((tenant(0), tenant(1), tenant(2)), (Some("a"), None, Some("b")));
    let options = &infos[2].record.options;
    assert!(options.attempts == Some(9) && options.deadline.is_some(), "{options:?}");
    assert!(client.add_each(Vec::<Add<u32>>::new()).await.expect("none").is_empty());
}

#[tokio::test]
async fn the_answer_says_of_each_what_became_of_it() {
    let client = client().await;
    client.add(report, 0).id("there").await.expect("added");
    let first = client.add(report, 0).unique("kept").await.expect("added");
    let later = || Unique::by("later").debounce(1.hours());
    let jobs = client
        .add_each([
            client.add(report, 1).id("there"),
            client.add(report, 2).id("new"),
            client.add(report, 3).id("new"),
            client.add(report, 4).unique("kept"),
            client.add(report, 5).unique(Unique::by("kept").replace()),
            client.add(report, 6).unique(later()),
            client.add(report, 7).unique(later()),
        ])
        .await
        .expect("answered");
    let added: Vec<&Added> = jobs.iter().map(JobHandle::added).collect();
    let (new, existed) = (&Added::New, &Added::Existed);
    assert_eq!(added, [existed, new, existed, existed, &Added::Replaced, new, &Added::Extended]);
    assert_eq!((jobs[3].id(), jobs[4].id()), (first.id(), first.id()));
    assert_eq!(jobs[5].id(), jobs[6].id());
    let payload = |job: JobHandle<u32>| async move {
        job.info().await.expect("there").payload::<u32>().expect("a number")
    };
    assert_eq!(payload(jobs[1].clone()).await, 2);
    assert_eq!(payload(jobs[4].clone()).await, 5);
    assert_eq!(payload(jobs[6].clone()).await, 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_several_handlers_and_queues_go_together() {
    let client = client().await;
    let jobs = client
        .add_each([
            client.add(report, 7).typed::<Value>(),
            client.add(greet, "Ada".to_owned()).typed(),
            client.add(mail, 1).id("mine").typed(),
            client.add(report, 8).typed(),
            client.queue("reports").expect("a name").add("report", &9),
        ])
        .await
        .expect("added");
    let queues: Vec<&str> = jobs.iter().map(|job| job.queue().name().as_str()).collect();
    assert_eq!(queues, ["reports", "reports", "mails", "reports", "reports"]);
    let running = Running::start(worker(&client).handler(report).handler(greet).handler(mail));
    let results = [Value::from(7), Value::from("Ada"), Value::Null, Value::from(8), Value::from(9)];
    for (job, expected) in jobs.iter().zip(results) {
        assert_eq!(job.result().await.expect("run"), expected);
    }
    running.stop().await;
}

#[tokio::test]
async fn it_says_how_far_it_came() {
    let client = client().await;
    let reports = client.queue("reports").expect("a name");
    reports.set_limits().max_length(1_200).await.expect("set");
    let jobs = (0..2_500).map(|n| client.add(report, n).id(format!("r{n}")));
    let error = client.add_each(jobs).await.expect_err("too many");
    assert_eq!(error.added.len(), 1_000);
    assert_eq!(error.added[999].id().as_str(), "r999");
    assert!(matches!(error.error, Error::Refused(Refused::QueueFull { cap: 1_200, .. })));
    // Once more: what is there answers, and the rest is what doesn't fit.
    reports.set_limits().max_length(3_000).await.expect("set");
    let jobs = (0..2_500).map(|n| client.add(report, n).id(format!("r{n}")));
    let jobs = client.add_each(jobs).await.expect("added");
    assert_eq!(jobs.iter().filter(|job| job.existed()).count(), 1_000);
    assert_eq!(reports.counts().await.expect("counts").waiting, 2_500);
}

#[tokio::test]
async fn one_that_is_invalid_refuses_all_before_anything_is_sent() {
    let (client, other) = (client().await, client().await);
    let good = || client.add(report, 1);
    for bad in
        [good().attempts(0), good().id("with blank"), good().unique(""), other.add(report, 1)]
    {
        let shown = format!("{bad:?}");
        let error = client.add_each([good(), bad]).await.expect_err("refused");
        assert!(matches!(error.error, Error::Invalid(_)) && error.added.is_empty(), "{shown}");
    }
    let big = client.add(greet, "x".repeat(2 << 20));
    let error =
        client.add_each([client.add(greet, String::new()), big]).await.expect_err("refused");
    assert!(matches!(error.error, Error::Payload(PayloadError::TooLarge { .. })));
    let counts = client.queue("reports").expect("a name").counts().await.expect("counts");
    assert_eq!(counts.total_added, 0);
}
