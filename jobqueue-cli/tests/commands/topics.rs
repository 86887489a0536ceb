//! Topics.

use jobqueue::Retain;
use jobqueue_tests::wait::eventually;
use serde_json::json;

use crate::program::Program;

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_published_routed_and_replayed() {
    let program = Program::start();
    let client = program.client().await;
    program.run("topics").done().says(&["No topic yet"]);
    let topic = client.topic("users").expect("a name");
    topic.keep(Retain::all()).await.expect("kept");
    program.run("publish users user.created {\"id\":7}").ends(1).says(&["no binding takes it"]);
    let bind = "bindings users --bind mails --pattern user.* --job welcome";
    program.run(bind).done().says(&["mails", "user.*", "welcome"]);
    let publish = "publish users user.created {\"id\":8} --header a=b --tag t --priority -3";
    program.run(publish).done().says(&["goes to 1 bindings"]);
    let mails = client.queue("mails").expect("a name");
    eventually("the message", async || mails.counts().await.expect("counts").waiting == 1).await;
    let job = program.json("jobs mails name:welcome");
    assert_eq!((&job[0]["priority"], &job[0]["record"]["payload"]["id"]), (&json!(-3), &json!(8)));

    program.run("replay users audit --from beginning").done().says(&["audit has them"]);
    let audit = client.queue("audit").expect("a name");
    eventually("the past", async || audit.counts().await.expect("counts").waiting == 2).await;
    let bindings = program.json("bindings users");
    assert_eq!(bindings.as_array().map(Vec::len), Some(2));
    let out = program.out("topics users");
    assert!(out.contains("PUBLISHED") && out.contains("mails") && out.contains("audit"), "{out}");
    let topics = program.json("topics");
    assert_eq!((&topics[0]["topic"], &topics[0]["published"]), (&json!("users"), &json!(2)));
    program.run("bindings users --unbind mails --pattern user.*").done();
    program.run("bindings users --unbind mails --pattern user.*").ends(1).says(&["isn't bound"]);
    program.run("bindings users --bind mails").ends(2).says(&["--pattern"]);
}
