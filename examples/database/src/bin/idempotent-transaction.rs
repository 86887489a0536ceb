//! An idempotent consumer: the check, the effect and the note of it are one transaction of the
//! user's own database, so that a job that runs twice has its effect once.
//!
//! Replaces the BullMQ consumer `new Worker("orders", async (job) => …, { concurrency: 5, limiter:
//! { max: 10, duration: 1000 } })` with its `db.processedEvents.findUnique({ where: { eventId:
//! job.id } })` and `db.$transaction(…)` of `tx.orders.update` and `tx.processedEvents.create`.
//! There the check is outside of the transaction, so two runs at the same time both pass it. Here
//! the note itself is the check.

#![expect(clippy::print_stdout, reason = "a program that says what it does")]

use anyhow::bail;
use jobqueue::{Context, DurationExt as _, Rate, State, Worker, job};
use serde::{Deserialize, Serialize};
use sqlx::{SqliteConnection, SqlitePool};

const TABLES: &str = "
    CREATE TABLE orders (id INTEGER PRIMARY KEY, status TEXT NOT NULL, confirmations INTEGER NOT NULL);
    CREATE TABLE processed_events (event_id TEXT PRIMARY KEY, processed_at INTEGER NOT NULL);
    INSERT INTO orders VALUES (1, 'placed', 0), (2, 'placed', 0);
";

#[derive(Debug, Serialize, Deserialize)]
struct Order {
    id: i64,
}

/// Notes an event. Whether it is the first time that it is noted: if another transaction has noted
/// it, or is about to, this waits for that one's end and then says so.
async fn first_time(tx: &mut SqliteConnection, event: &str) -> sqlx::Result<bool> {
    let note = "INSERT INTO processed_events VALUES (?, unixepoch()) ON CONFLICT DO NOTHING";
    let noted = sqlx::query(note).bind(event).execute(tx).await?;
    Ok(noted.rows_affected() == 1)
}

#[job(queue = "orders", name = "process-order", attempts = 3, backoff = fixed("10ms"))]
async fn process_order(order: Order, ctx: Context, db: State<SqlitePool>) -> anyhow::Result<()> {
    let Order { id } = order;
    // Dropped without a commit, it is rolled back.
    let mut tx = db.begin().await?;
    // The job's id is the same in every attempt.
    if !first_time(&mut tx, ctx.id().as_str()).await? {
        println!("attempt {} at order {id}: already processed, skipping", ctx.attempt());
        return Ok(());
    }
    let confirm =
        "UPDATE orders SET status = 'confirmed', confirmations = confirmations + 1 WHERE id = ?";
    sqlx::query(confirm).bind(id).execute(&mut *tx).await?;
    if id == 2 && ctx.attempt() == 1 {
        println!("attempt 1 at order 2: fails before the commit");
        bail!("the database went away");
    }
    tx.commit().await?;
    if id == 1 && ctx.attempt() == 1 {
        println!("attempt 1 at order 1: committed, but the queue never hears of it");
        bail!("the process died");
    }
    println!("attempt {} at order {id}: committed", ctx.attempt());
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = jobqueue_database::connect().await?;
    let db = jobqueue_database::database(TABLES).await?;
    let worker = Worker::builder(&client)
        .handler(process_order)
        .state(db.clone())
        .concurrency(5)
        .queue_rate(Rate::new(10, 1.seconds()))
        .build()?;
    let handle = worker.handle();
    let running = tokio::spawn(worker.run());

    for id in [1, 2] {
        client.add(process_order, Order { id }).await?.result().await?;
    }

    handle.stop(10.seconds());
    running.await??;
    let orders: Vec<(i64, String, i64)> =
        sqlx::query_as("SELECT * FROM orders ORDER BY id").fetch_all(&db).await?;
    for (id, status, confirmations) in orders {
        println!("order {id} is {status}; it was confirmed {confirmations} time(s)");
    }
    Ok(())
}
