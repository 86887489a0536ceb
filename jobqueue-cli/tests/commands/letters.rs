//! Dead letters.

use jobqueue::JobState;
use jobqueue_tests::wait::eventually;
use serde_json::json;

use super::emails;
use crate::program::Program;

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_listed_corrected_and_sent_back() {
    let program = Program::start();
    let client = program.client().await;
    program.run("dead-letters").done().says(&["No dead-letter queue yet"]);
    let letter = emails::letter(&client).await;
    let out = program.out("dead-letters");
    assert!(out.contains("dead") && out.contains("bills"), "{out}");
    assert_eq!(
        program.json("dead-letters"),
        json!([{"queue": "dead", "dead_letters_of": ["bills"], "waiting": 1}])
    );
    let queues = program.out("queues --over 0s");
    assert!(queues.contains("⊠ letters of bills"), "{queues}");
    let out = program.run("dead-letters dead").done().says(&["1 of 1"]).out;
    assert!(out.contains(letter.as_str()) && out.contains("card\u{fffd}[31m declined"), "{out}");
    let letters = program.json("dead-letters dead");
    assert_eq!(letters[0]["letter"], letter.as_str());
    assert_eq!(letters[0]["queue"], "bills");
    let one = program.out(&format!("dead-letters dead --id {letter}"));
    assert!(one.contains("bills · charge · ⊠ failed") && one.contains("\"nobody\""), "{one}");
    program.out(&format!("dead-letters dead --id {letter} --payload {{\"to\":\"ann\"}}"));
    let one = program.json(&format!("dead-letters dead --id {letter}"));
    assert!(one.to_string().contains("\"ann\""), "{one}");
    program.run("dead-letters dead --id 01JF").ends(4).says(&["has no dead letter"]);

    let would = program.json("redrive -q dead --where payload.to=ann --dry-run");
    assert_eq!(would, json!({"queues": ["dead"], "would": 1, "held": 0, "looked_at": 1}));
    program
        .run("redrive -q dead --where name:charge")
        .ends(2)
        .says(&["Would redrive 1 of 1 dead letters"]);
    program
        .run("redrive -q dead --where name:charge --rate 100/s --yes")
        .done()
        .says(&["1 go back"]);
    let bills = client.queue("bills").expect("a name");
    eventually("the job to come back", async || {
        bills.counts().await.expect("counts").of(JobState::Waiting) == 1
    })
    .await;
    program.run("redrive -q dead --yes").ends(1);
    program.run("redrive --yes").ends(2).says(&["--queue"]);
}
