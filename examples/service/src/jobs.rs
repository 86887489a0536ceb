//! The jobs. Each is a function, and can be called in a test as one.

use std::time::Duration;

use jobqueue::{
    Client, Context, DurationExt, Failure, Flow, JobError, State, Worker, WorkerBuilder,
    flow::Inputs, job, steps::StepError,
};
use serde::{Deserialize, Serialize};

/// What somebody orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Who orders, by mail address.
    pub customer: String,
    /// What it costs.
    pub cents: u64,
}

/// What a customer gets in the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// What the gateway calls the charge.
    pub charge: String,
    /// When the customer paid, in the customer's words.
    pub paid: String,
}

/// How a charge fails.
#[derive(Debug, thiserror::Error, JobError)]
pub enum ChargeError {
    /// There is no use in another try.
    #[error("the card of {customer} was declined")]
    #[job(permanent)]
    Declined {
        /// Whose card.
        customer: String,
    },
    /// The gateway asked for a pause.
    #[error("the gateway is busy")]
    #[job(retry_after = "2s")]
    Busy,
    /// What is recorded of the order can't be read or written now.
    #[error(transparent)]
    Step(#[from] StepError),
}

/// An order, from its charge to the mail that says so. Its parts are recorded: a worker that dies
/// half-way charges nobody twice. An order that fails for good is refunded.
#[job(
    queue = "orders",
    attempts = 4,
    backoff = exponential("1s", max = "1m"),
    retain = age("1h"),
    retain_failed = age("7d"),
    dead_letter = "orders-dlq",
    steps
)]
pub async fn fulfil(order: Order, ctx: Context, client: State<Client>) -> Result<Receipt, Failure> {
    let charge = ctx.step("charge", || charge(&order)).await?;
    let refunded = charge.clone();
    ctx.on_failure("refund", move || refund(refunded.clone()))?;
    // Without a slot, and through restarts of everything.
    let paid: Option<String> = ctx.wait_for("paid", 2.days()).await?;
    let paid = paid.ok_or_else(|| Failure::permanent("not paid within two days"))?;
    let mail = Mail { to: order.customer.clone(), about: format!("charge {charge}") };
    ctx.step("mail", || confirm(&client, mail.clone())).await?;
    Ok(Receipt { charge, paid })
}

async fn charge(order: &Order) -> Result<String, ChargeError> {
    match order.cents % 100 {
        13 => Err(ChargeError::Declined { customer: order.customer.clone() }),
        42 if fastrand::bool() => Err(ChargeError::Busy),
        _ => Ok(format!("{:08x}", fastrand::u32(..))),
    }
}

async fn refund(charge: String) -> Result<(), Failure> {
    tracing::info!(charge, "refunded");
    Ok(())
}

async fn confirm(client: &Client, to: Mail) -> Result<(), Failure> {
    client.add(mail, to).await?;
    Ok(())
}

/// A mail to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// The address.
    pub to: String,
    /// What it says.
    pub about: String,
}

/// Sends a mail; not more than the mail server takes.
#[job(
    queue = "mails",
    attempts = 5,
    backoff = exponential("500ms", max = "30s", jitter = 0.2),
    timeout = "30s",
    dead_letter = "mails-dlq"
)]
pub async fn mail(mail: Mail) -> Result<(), Failure> {
    tokio::time::sleep(Duration::from_millis(fastrand::u64(5..50))).await;
    if !mail.to.contains('@') {
        return Err(Failure::permanent(format!("`{}` is no address", mail.to)));
    }
    if fastrand::u8(..100) < 5 {
        return Err(Failure::retry("the mail server closed the connection"));
    }
    Ok(())
}

/// A page of a report.
#[job(queue = "pages", attempts = 3, backoff = fixed("200ms"))]
pub async fn page(number: u32) -> Result<u64, Failure> {
    tokio::time::sleep(Duration::from_millis(fastrand::u64(20..200))).await;
    if number == 404 {
        Err(Failure::permanent("there is no such page"))
    } else {
        Ok(u64::from(number))
    }
}

/// A report, put together from its pages.
#[job(queue = "reports", retain = age("1h"))]
pub async fn report(title: String, pages: Inputs<Vec<u64>>) -> String {
    format!("{title}: {} pages", pages.len())
}

/// Starts a report over so many pages. The same name is the same report.
///
/// # Errors
/// Those of any call.
pub async fn start_report(client: &Client, name: &str, pages: u32) -> anyhow::Result<()> {
    let flow = Flow::new(name);
    let parts = flow.all(page, 1..=pages);
    let root = flow.node(report, name.to_owned()).after(&parts);
    client.start(flow, root).await?;
    Ok(())
}

/// Every minute: what is due.
#[job(queue = "reports", every = "1m", retain = age("1h"))]
pub async fn minutely(_: (), ctx: Context, client: State<Client>) -> anyhow::Result<()> {
    let tick = ctx.schedule().and_then(|from| from.tick);
    let name = tick.map_or_else(|| "now".to_owned(), |tick| tick.format("%H-%M").to_string());
    start_report(&client, &format!("sales-{name}"), 12).await
}

/// A worker of all of them.
pub fn worker(client: &Client) -> WorkerBuilder {
    let worker = Worker::builder(client).state(client.clone());
    worker.handler(fulfil).handler(mail).handler(page).handler(report).handler(minutely)
}
