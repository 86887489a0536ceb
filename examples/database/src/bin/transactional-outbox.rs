//! A transactional outbox: a job is first written to a table, in the transaction that it belongs
//! to, and a relay carries it from there to the queue. So no order is without its job, and no job
//! without its order, even if processes die.
//!
//! Replaces the BullMQ producer `async function placeOrder(order) { await
//! orderQueue.add("process-order", …) }`, which writes to a database and then to the queue, and may
//! die in between.

#![expect(clippy::print_stdout, reason = "a program that says what it does")]

use std::time::Duration;

use futures_util::future::try_join_all;
use jobqueue::{Client, DurationExt as _, State, Worker, job};
use serde::{Deserialize, Serialize};
use sqlx::SqlitePool;

// A row's id must never be used again: hence AUTOINCREMENT; with PostgreSQL, GENERATED ALWAYS AS
// IDENTITY.
const TABLES: &str = "
    CREATE TABLE orders (id INTEGER PRIMARY KEY, shipped INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, payload TEXT NOT NULL);
";

/// For how long after it was added a row's job is known, if it has ended meanwhile: longer than a
/// relay that died is left lying.
const KNOWN_FOR: Duration = Duration::from_secs(7 * 86_400);

/// The most rows that are brought over at once.
const BATCH: i64 = 100;

#[derive(Debug, Serialize, Deserialize)]
struct Order {
    id: i64,
}

/// An order and what is to follow from it, or neither.
async fn place_order(db: &SqlitePool, order: &Order, paid: bool) -> anyhow::Result<()> {
    let mut tx = db.begin().await?;
    sqlx::query("INSERT INTO orders (id) VALUES (?)").bind(order.id).execute(&mut *tx).await?;
    let payload = serde_json::to_string(order)?;
    let note = "INSERT INTO outbox (payload) VALUES (?)";
    sqlx::query(note).bind(payload).execute(&mut *tx).await?;
    // Dropped without a commit, the transaction is rolled back.
    anyhow::ensure!(paid, "the card was declined");
    Ok(tx.commit().await?)
}

/// Adds a job for each of the oldest rows; answers their ids once all are acknowledged. A row that
/// was brought over before adds nothing: its id is in the job's id, for as long as the job is
/// there, and in a unique key, for [`KNOWN_FOR`] after the add.
async fn deliver(db: &SqlitePool, client: &Client) -> anyhow::Result<Vec<i64>> {
    let oldest = "SELECT id, payload FROM outbox ORDER BY id LIMIT ?";
    let rows: Vec<(i64, String)> = sqlx::query_as(oldest).bind(BATCH).fetch_all(db).await?;
    let mut adds = Vec::new();
    for (id, payload) in &rows {
        let order: Order = serde_json::from_str(payload)?;
        let key = format!("outbox-{id}");
        adds.push(client.add(ship, order).id(&key).unique_for(key, KNOWN_FOR).into_future());
    }
    // They go in one call, in order.
    for job in try_join_all(adds).await? {
        let new = if job.existed() { "was there before" } else { "is new" };
        println!("the relay: {} {new}", job.id());
    }
    Ok(rows.into_iter().map(|(id, _)| id).collect())
}

/// Deletes rows whose jobs are acknowledged. Just those: one of a lower id may be committed later.
async fn forget(db: &SqlitePool, ids: &[i64]) -> sqlx::Result<()> {
    let mut tx = db.begin().await?;
    for id in ids {
        sqlx::query("DELETE FROM outbox WHERE id = ?").bind(id).execute(&mut *tx).await?;
    }
    tx.commit().await
}

/// Brings over what there is, and then what comes. Several at once do no harm.
async fn relay(db: SqlitePool, client: Client) -> anyhow::Result<()> {
    loop {
        let ids = deliver(&db, &client).await?;
        forget(&db, &ids).await?;
        if ids.is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

// Nothing is kept of a job that completed, not even its id.
#[job(queue = "shipping", retain = none)]
async fn ship(order: Order, db: State<SqlitePool>) -> anyhow::Result<()> {
    let effect = "UPDATE orders SET shipped = shipped + 1 WHERE id = ?";
    sqlx::query(effect).bind(order.id).execute(&*db).await?;
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = jobqueue_database::connect().await?;
    let db = jobqueue_database::database(TABLES).await?;
    for (id, paid) in [(1, true), (2, false), (3, true)] {
        match place_order(&db, &Order { id }, paid).await {
            Ok(()) => println!("order {id} is placed"),
            Err(error) => println!("order {id} is rolled back: {error}"),
        }
    }

    deliver(&db, &client).await?;
    println!("the relay dies before it deletes what it has brought over");

    let worker = Worker::builder(&client).handler(ship).state(db.clone()).build()?;
    let handle = worker.handle();
    let running = tokio::spawn(worker.run());
    wait_for_shipped(&db, 2).await?;
    println!("both are shipped, and their jobs are gone");

    let relay = tokio::spawn(relay(db.clone(), client.clone()));
    place_order(&db, &Order { id: 4 }, true).await?;
    wait_for_shipped(&db, 3).await?;

    relay.abort();
    handle.stop(10.seconds());
    running.await??;
    let orders: Vec<(i64, i64)> =
        sqlx::query_as("SELECT id, shipped FROM orders ORDER BY id").fetch_all(&db).await?;
    for (id, shipped) in orders {
        println!("order {id} was shipped {shipped} time(s)");
    }
    Ok(())
}

async fn wait_for_shipped(db: &SqlitePool, count: i64) -> sqlx::Result<()> {
    let shipped = "SELECT count(*) FROM orders WHERE shipped > 0";
    while sqlx::query_scalar::<_, i64>(shipped).fetch_one(db).await? < count {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}
