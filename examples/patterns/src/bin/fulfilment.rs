//! An order's fulfilment in steps: what an attempt has done, the next one doesn't do again; and what
//! was done for an order that can't be shipped is undone.
//!
//! Replaces Oban Pro's workflow of one job a step, and a state column of your own.

#![expect(clippy::print_stdout, reason = "a program that says what it does")]

use std::time::Duration;

use jobqueue::{Backoff, Context, DurationExt, Failure, Worker, error::ResultError, job};

#[job(queue = "orders", attempts = 3, backoff = fixed("10ms"), steps)]
async fn fulfil(order: u32, ctx: Context) -> Result<String, Failure> {
    let charge = ctx.step("charge", || charge(order)).await?;
    ctx.on_failure("refund", move || refund(charge.clone()))?;
    ctx.step("reserve", || reserve(order)).await?;
    ctx.on_failure("release", move || release(order))?;
    // Hours, where it isn't to be seen at once.
    ctx.sleep(1_200.millis()).await?;
    let carrier = Backoff::fixed(Duration::from_millis(20));
    ctx.step("ship", || ship(order)).attempts(2).backoff(carrier).await
}

async fn charge(order: u32) -> Result<String, Failure> {
    println!("order {order}: charged");
    Ok(format!("charge of order {order}"))
}

async fn reserve(order: u32) -> Result<(), Failure> {
    println!("order {order}: reserved");
    Ok(())
}

async fn ship(order: u32) -> Result<String, Failure> {
    if order == 13 {
        println!("order {order}: the carrier takes no such parcel");
        return Err(Failure::permanent("no such parcel"));
    }
    Ok(format!("parcel of order {order}"))
}

async fn refund(charge: String) -> Result<(), Failure> {
    println!("refunded: {charge}");
    Ok(())
}

async fn release(order: u32) -> Result<(), Failure> {
    println!("order {order}: released");
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = jobqueue_patterns::connect().await?;
    for order in [7, 13] {
        // Its process ends while the order sleeps.
        let worker = Worker::builder(&client).handler(fulfil).build()?;
        let (handle, working) = (worker.handle(), tokio::spawn(worker.run()));
        let job = client.add(fulfil, order).await?;
        while client.queue("orders")?.counts().await?.delayed == 0 {
            tokio::time::sleep(10.millis()).await;
        }
        handle.stop(5.seconds());
        working.await??;

        let worker = Worker::builder(&client).handler(fulfil).build()?;
        let (handle, working) = (worker.handle(), tokio::spawn(worker.run()));
        match job.result().await {
            Ok(parcel) => println!("order {order}: {parcel}"),
            Err(ResultError::Failed { failure, .. }) => {
                println!("order {order}: {}", failure.message)
            }
            Err(error) => return Err(error.into()),
        }
        handle.stop(5.seconds());
        working.await??;
    }
    Ok(())
}
