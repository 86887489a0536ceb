//! Loops that go on where they stopped.

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
