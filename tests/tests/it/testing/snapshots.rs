//! Queues as text.

use jobqueue::{
    DurationExt as _, Error, job,
    testing::{self, TestQueue},
};

use super::{charge, pay, place_order, shop, sleep};

async fn story(app: TestQueue) -> Result<String, Error> {
    let (app, _) = shop(app);
    let app = app.handler(charge).handler(pay).handler(sleep).state(super::Tries::default());
    let app = app.worker(|worker| worker);
    let first = app.client().add(place_order, 1).await?;
    app.client().add(place_order, 2).id("order-2").header("from", "shop").await?;
    app.client().add(pay, ()).await?;
    app.client().add(charge, 3).await?;
    app.run_until_idle().await?;
    app.advance(90.minutes() + 1.seconds()).await?;
    app.client().queue("orders")?.add("refund", &first.id().to_string()).await?;
    app.client().add(place_order, 4).delay(36.hours()).priority(7).await?;
    app.client().queue("orders")?.create().await?;
    app.client().queue("orders")?.pause().await?;
    app.crash_next(sleep);
    app.perform(sleep, 0).await?;
    let mut text = String::new();
    for queue in ["orders", "reminders", "gateway", "cards", "cards-failed", "slow", "none"] {
        text.push_str(&app.snapshot(queue).await?);
    }
    Ok(text)
}

#[test]
fn a_story_is_the_same_each_time() {
    let expected = r#"queue orders, paused
  waiting
    job-6 refund "job-1"
  delayed
    job-7 place_order 4 due=+1d12h priority=7
  completed
    job-1 place_order 1
    order-2 place_order 2 from=shop
queue reminders
  delayed
    job-4 remind 1 due=+1d22h
    job-5 remind 2 due=+1d22h
queue gateway
  completed
    job-2 pay null
      attempt 1: error: busy
      attempt 2: error: busy
      attempt 3: error: busy
queue cards
  failed
    job-3 charge 3 dead-letter=cards-failed
      attempt 1: permanent: card declined
queue cards-failed
  waiting
    job-9 dead-letter of job-3 in cards: permanent: card declined
queue slow
  active
    job-8 sleep 0
queue none
"#;
    let texts: Vec<String> = (0..3).map(|_| testing::run(story).expect("a story")).collect();
    assert_eq!(texts[0], expected);
    assert!(texts.iter().all(|text| *text == texts[0]));
}

#[job(queue = "flow")]
async fn step(_: u64) {}

#[jobqueue::test]
async fn many_jobs_are_all_there(app: TestQueue) -> Result<(), Error> {
    app.client().add_all(step, 0..1_200).await?;
    let text = app.snapshot("flow").await?;
    assert_eq!(text.lines().count(), 1_202);
    assert!(text.ends_with("    job-1200 step 1199\n"), "{text}");
    Ok(())
}

#[jobqueue::test]
async fn a_header_can_be_told_from_what_stands_around_it(app: TestQueue) -> Result<(), Error> {
    let flow = app.client().add(step, 1).header("note", "to be read\n  failed");
    flow.header("card", "gold").header("sum", "a=b").await?;
    let expected = "\
queue flow
  waiting
    job-1 step 1 card=gold note=\"to be read\\n  failed\" sum=\"a=b\"
";
    assert_eq!(app.snapshot("flow").await?, expected);
    Ok(())
}
