//! That an implementation fits its declaration, for the code that `#[job(implements = …)]` writes.

use super::{Declaration, Definition, IntoJob, Job};

/// A function that declares a handler.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a declared handler",
    label = "not a declared handler",
    note = "a declaration is a function without a body: `#[job] async fn process(order: Order) -> Receipt;`"
)]
pub trait Declares<Payload>: IntoJob<(Payload,)> {}

impl<F, R, J, P> Declares<P> for F
where
    F: Fn(P) -> Declaration<R, J>,
    J: Job<Payload = P>,
{
}

/// The payload's type is the declaration's.
#[diagnostic::on_unimplemented(
    message = "the declared payload is `{Declared}`, not `{Self}`",
    label = "expected `{Declared}`, as it is declared",
    note = "what producers send and what the handler takes is one type: change this one, or the declaration"
)]
pub trait PayloadAs<Declared> {}

impl<T> PayloadAs<T> for T {}

/// The result's type is the declaration's.
#[diagnostic::on_unimplemented(
    message = "the declared result is `{Declared}`, not `{Self}`",
    label = "expected `{Declared}`, as it is declared",
    note = "what the handler gives back and what callers get is one type: change this one, or the declaration"
)]
pub trait OutputAs<Declared> {}

impl<T> OutputAs<T> for T {}

/// What is declared, for an implementation with this payload and this result.
#[must_use]
pub const fn declared<F, A, Payload, Output>(declaration: &F) -> Definition
where
    F: Declares<A>,
    Payload: PayloadAs<<F as IntoJob<(A,)>>::Payload>,
    Output: OutputAs<<F as IntoJob<(A,)>>::Output>,
{
    let _ = declaration;
    <F as IntoJob<(A,)>>::Job::DEFINITION
}
