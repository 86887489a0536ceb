//! What is needed to test jobs without Redis. With the feature `testing`.
//!
//! # A handler by itself
//!
//! A handler is a plain function: call it. If it asks for a [`Context`](crate::Context), make one
//! here.
//!
//! ```
//! use jobqueue::{job, testing::TestContext, Context, State};
//!
//! #[derive(Clone)]
//! struct Greeting(&'static str);
//!
//! #[job]
//! async fn greet(name: String, ctx: Context, greeting: State<Greeting>) -> String {
//!     format!("{} {name} ({})", greeting.0.0, ctx.attempt())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let ctx = TestContext::new().attempt(2).build();
//! assert_eq!(greet("Ada".into(), ctx, State(Greeting("Hello"))).await, "Hello Ada (2)");
//! # }
//! ```
//!
//! # A system
//!
//! A test with [`#[jobqueue::test]`](macro@crate::test) has a server of its own in the process, and
//! a time of its own that stands still. Nothing runs until the test says so:
//!
//! ```
//! use jobqueue::{job, testing::{assert_enqueued, TestQueue}, Client, DurationExt, Error, State};
//!
//! #[job(queue = "orders")]
//! async fn place_order(order: u64, client: State<Client>) -> Result<(), Error> {
//!     client.0.add(remind, order).delay(2.days()).await?;
//!     Ok(())
//! }
//!
//! #[job(queue = "reminders")]
//! async fn remind(order: u64) -> String {
//!     format!("please pay order {order}")
//! }
//!
//! #[jobqueue::test]
//! # async fn as_written(_: TestQueue) {}
//! async fn a_late_payment_is_reminded(app: TestQueue) -> Result<(), Error> {
//!     let client = app.client().clone();
//!     let app = app.handler(place_order).handler(remind).state(client);
//!     app.client().add(place_order, 7).await?;
//!     app.run_until_idle().await?;
//!     assert_enqueued!(app, remind, |order| *order == 7, due_in = 2.days());
//!     let jobs = app.enqueued(remind).await?;
//!     app.advance(3.days()).await?;
//!     let reminder = app.client().queue("reminders")?.job(jobs[0].id.clone()).typed::<String>();
//!     assert_eq!(reminder.result().await.expect("it ran"), "please pay order 7");
//!     Ok(())
//! }
//! # jobqueue::testing::run(a_late_payment_is_reminded).expect("it passes");
//! ```

mod assert;
mod context;
mod drive;
mod driven_worker;
mod drives;
mod enqueued;
mod events;
mod faults;
mod inline;
mod modes;
mod names;
mod pass;
mod perform;
mod performed;
mod published;
mod queue;
mod run;
mod sent;
mod server;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod simulation;
mod snapshot;
mod stage;
mod stuck;

pub use self::{
    context::TestContext,
    enqueued::{Enqueued, Expected},
    faults::RedisGone,
    perform::Perform,
    performed::{Ending, Performed},
    published::ExpectedMessage,
    queue::TestQueue,
    run::{URL_VARIABLE, run, run_on},
    sent::{Published, Sent},
};
#[doc(inline)]
pub use crate::{
    __assert_enqueued as assert_enqueued, __assert_published as assert_published,
    __refute_enqueued as refute_enqueued, __refute_published as refute_published,
    store::{CallFault, RedisCall},
    worker::Ran,
};
