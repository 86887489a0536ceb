//! Which jobs of a customer wait? They are found by a field of their payload, and the jobs of a tenant
//! that has left are cancelled, all of them.
//!
//! Replaces `Sidekiq::Queue#each` with a test of `job.args`, BullMQ's `getJobs` with a filter over
//! pages, and Oban's queries of `oban_jobs.args`.

#![expect(clippy::print_stdout, reason = "a program that says what it does")]

use jobqueue::{
    find::{BulkReport, JobFilter},
    job,
};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Invoice {
    customer: u32,
    lines: Vec<String>,
}

#[job(queue = "invoices")]
async fn send(_: Invoice) {}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let client = jobqueue_patterns::connect().await?;
    for customer in 0..300 {
        let tenant = if customer % 3 == 0 { "north" } else { "south" };
        let invoice = Invoice { customer, lines: vec![format!("book {customer}")] };
        client.add(send, invoice).header("tenant", tenant).await?;
    }

    let invoices = client.queue("invoices")?;
    let mut found = invoices.find(JobFilter::new().name("send").payload("customer", 42));
    while let Some(job) = found.next().await {
        let invoice: Invoice = job?.payload()?;
        println!("customer {} waits for {}", invoice.customer, invoice.lines.join(", "));
    }
    println!("found among {} jobs", found.looked().jobs);

    let of_tenant = || JobFilter::new().header("tenant", "north");
    let say = |so_far: &BulkReport| {
        if so_far.done > 0 {
            println!("{} cancelled so far", so_far.done);
        }
    };
    let some = invoices.cancel_where(of_tenant()).at_most(40).by("ops").on_step(say).await?;
    println!("stopped: {}", some.stopped);
    let rest = invoices.cancel_where(of_tenant()).reason("the tenant has left").await?;
    println!("then {} more, {} refused", rest.done, rest.refused);
    let counts = invoices.counts().await?;
    println!("{} wait, {} are cancelled", counts.waiting, counts.cancelled);
    Ok(())
}
