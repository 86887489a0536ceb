//! Loops that go on where they stopped.

use std::time::Duration;

use jobqueue::{Context, Failure, State, job};

use super::Effects;
use crate::support::{Running, client, worker};

#[job(queue = "orders", attempts = 4, backoff = fixed("10ms"), steps)]
async fn import(every: u64, ctx: Context, effects: State<Effects>) -> Result<u64, Failure> {
    let mut rows = ctx.each("rows", 0..10_u32).every(every).await?;
    while let Some(row) = rows.next().await? {
        let name = format!("row {row}");
        if effects.happen(&name) == 1 && row % 4 == 3 {
            return Err(Failure::retry("half-way"));
        }
    }
    Ok(rows.done())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_goes_on_at_the_item_at_which_it_stopped() {
    let client = client().await;
    for every in [1, 3, 100] {
        let effects = Effects::default();
        let running = Running::start(worker(&client).handler(import).state(effects.clone()));
        let job = client.add(import, every).await.expect("added");
        assert_eq!(job.result().await.expect("it completes"), 10);
        for row in 0..10 {
            let expected = if row % 4 == 3 { 2 } else { 1 };
            assert_eq!(effects.of(&format!("row {row}")), expected, "row {row}, every {every}");
        }
        running.stop().await;
    }
}

/// Each item has a step and a sleep of its own, and so has what comes behind the loop.
#[job(queue = "orders", attempts = 3, backoff = fixed("10ms"), steps)]
async fn import_in_parts(
    _: (),
    ctx: Context,
    effects: State<Effects>,
) -> Result<Vec<u32>, Failure> {
    ctx.step("before", async || Ok::<_, Failure>(effects.happen("before"))).await?;
    let mut rows = ctx.each("rows", 0..4_u32).await?;
    while let Some(row) = rows.next().await? {
        let name = format!("row {row}");
        let imported = ctx.step("import", async || {
            effects.happen(&name);
            Ok::<_, Failure>(row)
        });
        assert_eq!(imported.await?, row, "it is another row's result");
        if row == 1 {
            ctx.sleep(Duration::from_millis(1_050)).await?;
        }
        if row == 2 && effects.happen("half-way") == 1 {
            return Err(Failure::retry("half-way"));
        }
    }
    ctx.sleep(Duration::from_millis(1_050)).await?;
    let after = ctx.step("after", async || Ok::<_, Failure>(effects.happen("after"))).await?;
    Ok(vec![after])
}

#[tokio::test(flavor = "multi_thread")]
async fn items_have_parts_of_their_own() {
    let (client, effects) = (client().await, Effects::default());
    let builder = worker(&client).handler(import_in_parts);
    let running = Running::start(builder.state(effects.clone()));
    let job = client.add(import_in_parts, ()).await.expect("added");
    assert_eq!(job.result().await.expect("it completes"), [1]);
    for name in ["before", "row 0", "row 1", "row 2", "row 3", "after"] {
        assert_eq!(effects.of(name), 1, "{name}");
    }
    running.stop().await;
}

#[job(queue = "orders", attempts = 1, steps)]
async fn undoing(_: (), ctx: Context) -> Result<(), Failure> {
    let mut rows = ctx.each("rows", 0..2_u32).await?;
    while rows.next().await?.is_some() {
        ctx.on_failure("undo", || async { Ok::<_, Failure>(()) })?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_has_no_compensation() {
    let client = client().await;
    let running = Running::start(worker(&client).handler(undoing));
    let job = client.add(undoing, ()).await.expect("added");
    let failure = job.result().await.expect_err("it is refused");
    let text = crate::support::whole(&failure);
    assert!(text.contains("a compensation can't be registered for an item of a loop"), "{text}");
    running.stop().await;
}
