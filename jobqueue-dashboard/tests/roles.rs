//! Who may do what: every route, with every role.

use serde_json::json;

use crate::site::Site;

/// All that can be done, and the least role that may.
const VERBS: [(&str, &str); 19] = [
    ("pause", "operator"),
    ("resume", "operator"),
    ("lift", "operator"),
    ("retry", "operator"),
    ("edit", "operator"),
    ("edit-retry", "operator"),
    ("clone", "operator"),
    ("promote", "operator"),
    ("cancel", "operator"),
    ("remove", "admin"),
    ("redrive", "operator"),
    ("edit-letter", "operator"),
    ("pause-schedule", "operator"),
    ("resume-schedule", "operator"),
    ("run-schedule", "operator"),
    ("retry-flow", "operator"),
    ("cancel-flow", "operator"),
    ("replay", "operator"),
    ("stop", "operator"),
];

#[tokio::test]
async fn each_verb_needs_its_role_and_a_refusal_is_in_the_audit_log() {
    let site = Site::with_people().await;
    let queue = site.client.queue("mails").expect("a name");
    queue.create().await.expect("made");
    let id = site.failed(json!({"fail": "x"})).await;
    // Work that can be stopped.
    let work = [("queue", "mails"), ("state", "failed")];
    let began = site.by("ann").post("/do/retry", &work).await;
    assert_eq!(began.status, 303, "{}", began.body);
    let task = began.header("location").rsplit('/').next().expect("an id").to_owned();
    for (verb, least) in VERBS {
        let path = format!("/do/{verb}");
        // What is missing besides is found only by those who may.
        let form = [("queue", "mails"), ("task", &*task), ("id", "none")];
        for (who, may) in
            [("vic", false), ("olga", least == "operator"), ("ann", true), ("nora", false)]
        {
            let answer = site.by(who).post(&path, &form).await;
            assert_eq!(
                answer.status == 403,
                !may,
                "{who} {verb}: {} {}",
                answer.status,
                answer.body
            );
            if !may {
                assert!(
                    answer.body.contains(&format!("the role `{least}` on `mails`")),
                    "{}",
                    answer.body
                );
                let log =
                    site.client.audit_log().who(who).action(verb).newest(1).await.expect("read");
                let answer = format!("{:?}", log.first().expect("an entry").answer);
                assert!(answer.contains("needs the role"), "{who} {verb}: {answer}");
            }
        }
    }
    let (edit, ask) =
        (format!("/q/mails/job/{id}/edit"), "/confirm?verb=remove&queue=mails&state=failed");
    assert_eq!(site.by("vic").get(&edit).await.status, 403);
    assert_eq!(site.by("olga").get(ask).await.status, 403);
}

#[tokio::test]
async fn nobody_sees_queues_without_a_role_there() {
    let site = Site::with_people().await;
    for name in ["mails", "other-1"] {
        let queue = site.client.queue(name).expect("a name");
        queue.add("hello", &json!({"n": name})).await.expect("added");
        site.client
            .acting_as("somebody")
            .queue(name)
            .expect("a name")
            .pause()
            .await
            .expect("paused");
    }
    let nora = site.by("nora");
    let job = site.client.queue("mails").expect("a name").jobs(jobqueue::JobState::Waiting);
    let id = job.ids(0, 1).await.expect("read").remove(0);
    for path in ["/", "/jobs?where=hello", "/audit", "/events", "/workers", "/dead", "/index.json"]
    {
        let page = nora.page(path).await;
        assert!(!page.contains("mails"), "{path}: {page}");
    }
    for path in ["/", "/audit", "/events", "/index.json"] {
        assert!(nora.page(path).await.contains("other-1"), "{path}");
    }
    let paths = [
        "/q/mails".to_owned(),
        "/q/mails/waiting".to_owned(),
        format!("/q/mails/job/{id}"),
        format!("/q/mails/job/{id}/logs.txt"),
        "/dead/mails".to_owned(),
        "/topics/mails".to_owned(),
        "/flows/mails/x".to_owned(),
        "/events?queue=mails".to_owned(),
        "/history?queue=mails".to_owned(),
        "/schedules/mails/x".to_owned(),
        "/topics/mails/replay?queue=mails".to_owned(),
        "/live/q/mails/waiting".to_owned(),
        format!("/live/q/mails/job/{id}"),
        "/live/events?queue=mails".to_owned(),
        "/confirm?verb=retry&queue=mails&state=failed".to_owned(),
    ];
    for path in paths {
        let answer = nora.get(&path).await;
        assert_eq!(answer.status, 403, "{path}: {}", answer.body);
    }
    assert!(!nora.page(&format!("/jobs?where={id}")).await.contains("hello"));
}

#[tokio::test]
async fn buttons_are_shown_to_those_who_may_press_them() {
    let site = Site::with_people().await;
    let id = site.failed(json!({"fail": "x"})).await;
    let path = format!("/q/mails/job/{id}");
    let page = async |who: &str| site.by(who).page(&path).await;
    let (vic, olga, ann) = (page("vic").await, page("olga").await, page("ann").await);
    assert!(!vic.contains("/do/retry") && !vic.contains("verb=remove"));
    assert!(olga.contains("/do/retry") && !olga.contains("verb=remove"));
    assert!(ann.contains("/do/retry") && ann.contains("verb=remove"));
}
