//! Schedules.

use jobqueue::{DurationExt as _, schedule::Every};
use serde_json::json;

use crate::program::Program;

#[tokio::test(flavor = "multi_thread")]
async fn schedules_are_listed_paused_run_and_removed() {
    let program = Program::start();
    let client = program.client().await;
    program.run("schedules").done().says(&["No schedule."]);
    let reports = client.queue("reports").expect("a name");
    let add = reports.schedules().add("nightly", Every::new(12.hours()), "report", &json!({}));
    add.await.expect("made");
    let out = program.out("schedules");
    for text in ["nightly", "reports", "every 12h", "in ", "–"] {
        assert!(out.contains(text), "{text}: {out}");
    }
    let schedules = program.json("schedules --queue reports");
    assert_eq!(
        (&schedules[0]["queue"], &schedules[0]["id"]),
        (&json!("reports"), &json!("nightly"))
    );
    program.run("schedules pause reports nightly").done().says(&["is paused"]);
    assert!(program.out("schedules").contains("‖ paused"));
    program.run("schedules resume reports nightly").done().says(&["goes on"]);
    program.run("schedules run reports nightly").done().says(&["has added job"]);
    assert_eq!(reports.counts().await.expect("counts").waiting, 1);
    assert!(program.out("schedules").contains('○'), "the last job waits");
    program.run("schedules remove reports nightly").ends(2).says(&["--yes"]);
    program.run("schedules remove reports nightly --yes").done().says(&["is removed"]);
    program.run("schedules remove reports nightly --yes").ends(1);
    program.run("schedules pause reports nightly").ends(4).says(&["has no schedule nightly"]);
}
