//! How a function names a kind of job: by the type that a call of it gives.
//!
//! A function lives among the values alone. So a handler takes no name from types and modules, and
//! a variable may have its name. The type that implements [`Job`] is inside the function, and the
//! compiler finds it by the function's return type.

use serde::{Serialize, de::DeserializeOwned};

use super::{Broadcast, Declaration, HandlerFuture, Job};

/// Names a kind of job: a function with [`#[job]`](macro@crate::job), or a type that implements
/// [`Job`].
///
/// `Args` is found by the compiler. Code that is generic over handlers has it as a second
/// parameter:
///
/// ```
/// use jobqueue::{handler::IntoJob, Client, Result};
///
/// async fn add_twice<F, Args>(client: &Client, handler: F, payload: F::Payload) -> Result<()>
/// where
///     F: IntoJob<Args> + Copy,
///     F::Payload: Clone,
/// {
///     client.add(handler, payload.clone()).await?;
///     client.add(handler, payload).await?;
///     Ok(())
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a job handler",
    label = "not a job handler",
    note = "put `#[job]` on the function, or use `client.queue(\"name\")` to add jobs by name"
)]
pub trait IntoJob<Args> {
    /// What a job of this kind carries.
    type Payload: Serialize + DeserializeOwned + Send + 'static;
    /// What a successful run gives back.
    type Output: Serialize + DeserializeOwned + Send + 'static;
    /// The kind of job.
    type Job: Job<Payload = Self::Payload, Output = Self::Output>;
}

/// Names a kind of broadcast: a function with [`#[broadcast]`](macro@crate::broadcast), or a type
/// that implements [`Broadcast`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a broadcast listener",
    label = "not a broadcast listener",
    note = "put `#[broadcast(\"name\")]` on the function, or use `client.broadcast_by_name(\"name\", &message)`"
)]
pub trait IntoBroadcast<Args> {
    /// What is sent.
    type Message: Serialize + DeserializeOwned + Send + 'static;
    /// The kind of broadcast.
    type Broadcast: Broadcast<Message = Self::Message>;
}

/// In the place of `Args`: a type that implements [`Job`] or [`Broadcast`] itself.
#[derive(Clone, Copy, Debug)]
pub struct Itself;

impl<J: Job> IntoJob<Itself> for J {
    type Payload = J::Payload;
    type Output = J::Output;
    type Job = J;
}

impl<B: Broadcast> IntoBroadcast<Itself> for B {
    type Message = B::Message;
    type Broadcast = B;
}

/// What a call of a function gives that names a kind of job.
pub trait NamesJob {
    /// The kind of job.
    type Job: Job;
}

impl<R, J: Job> NamesJob for HandlerFuture<R, J> {
    type Job = J;
}

impl<R, J: Job> NamesJob for Declaration<R, J> {
    type Job = J;
}

/// Functions of so many arguments. `#[job]` says so where there are more.
macro_rules! functions {
    ($($argument:ident)*) => {
        impl<F, C, $($argument),*> IntoJob<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> C,
            C: NamesJob,
        {
            type Payload = <C::Job as Job>::Payload;
            type Output = <C::Job as Job>::Output;
            type Job = C::Job;
        }

        impl<F, R, B, $($argument),*> IntoBroadcast<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> HandlerFuture<R, B>,
            B: Broadcast,
        {
            type Message = B::Message;
            type Broadcast = B;
        }
    };
}

functions!(A1);
functions!(A1 A2);
functions!(A1 A2 A3);
functions!(A1 A2 A3 A4);
functions!(A1 A2 A3 A4 A5);
functions!(A1 A2 A3 A4 A5 A6);
functions!(A1 A2 A3 A4 A5 A6 A7);
functions!(A1 A2 A3 A4 A5 A6 A7 A8);
functions!(A1 A2 A3 A4 A5 A6 A7 A8 A9);
functions!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10);
functions!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11);
functions!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12);
functions!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13);
functions!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14);
functions!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15);
functions!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15 A16);
