//! A job that waits until a person says yes or no, without a slot, for as long as a week.
//!
//! Replaces Temporal's signals, and a table of jobs to go on with that a web server reads.

#![expect(clippy::print_stdout, reason = "a program that says what it does")]

use jobqueue::{Context, DurationExt, Failure, Worker, job, steps::Signalled};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Answer {
    by: String,
    yes: bool,
}

#[job(queue = "expenses", steps)]
async fn pay(amount: u32, ctx: Context) -> Result<String, Failure> {
    ctx.step("ask", || ask(amount)).await?;
    let wait = if amount == 3 { 50.millis() } else { 7.days() };
    let answer: Option<Answer> = ctx.wait_for("answer", wait).optional().await?;
    Ok(match answer {
        Some(Answer { by, yes: true }) => format!("{amount} paid, as {by} says"),
        Some(Answer { by, yes: false }) => format!("{amount} refused by {by}"),
        None => format!("{amount}: nobody has answered"),
    })
}

async fn ask(amount: u32) -> Result<(), Failure> {
    println!("may {amount} be paid?");
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = jobqueue_patterns::connect().await?;
    let worker = Worker::builder(&client).handler(pay).build()?;
    let handle = worker.handle();
    let working = tokio::spawn(worker.run());

    // As an endpoint would: it knows the queue and the job's id.
    let answer = |yes| Answer { by: "Ada".to_owned(), yes };
    let first = client.add(pay, 100).await?;
    let expenses = client.queue("expenses")?;
    while expenses.counts().await?.delayed == 0 {
        tokio::time::sleep(10.millis()).await;
    }
    let told = expenses.job(first.id().clone()).signal("answer", &answer(true)).await?;
    println!("the job was waiting: {}", told == Signalled::Woke);
    println!("{}", first.result().await?);

    // An answer may come before the question.
    let second = client.add(pay, 200).delay(100.millis()).await?;
    second.signal("answer", &answer(false)).await?;
    println!("{}", second.result().await?);

    println!("{}", client.add(pay, 3).await?.result().await?);
    handle.stop(5.seconds());
    working.await??;
    Ok(())
}
