//! That an implementation fits its declaration, for the code that `#[job(implements = …)]` writes.

use std::marker::PhantomData;

use super::{Declaration, Definition, Job};

/// What a function without a body gives.
#[diagnostic::on_unimplemented(
    message = "there is nothing to implement: this function has a body of its own",
    label = "not a declaration",
    note = "a declaration has no body: `#[job] async fn process(order: Order) -> Receipt;`"
)]
pub trait IsDeclaration {
    /// The kind of job.
    type Job: Job;
}

impl<R, J: Job> IsDeclaration for Declaration<R, J> {
    type Job = J;
}

/// The payload's type is the declaration's.
#[diagnostic::on_unimplemented(
    message = "the declared payload is `{Declared}`, not `{Self}`",
    label = "expected `{Declared}`, as it is declared",
    note = "producers send what the handler takes: change this type, or the declaration's"
)]
pub trait PayloadAs<Declared> {}

impl<T> PayloadAs<T> for T {}

/// The result's type is the declaration's.
#[diagnostic::on_unimplemented(
    message = "the declared result is `{Declared}`, not `{Self}`",
    label = "expected `{Declared}`, as it is declared",
    note = "callers get what the handler gives back: change this type, or the declaration's"
)]
pub trait OutputAs<Declared> {}

impl<T> OutputAs<T> for T {}

/// What is declared, for an implementation.
#[derive(Debug)]
pub struct Declared<Payload, Output> {
    definition: Definition,
    types: PhantomData<fn(Payload) -> Output>,
}

/// What a function declares.
pub const fn declared<F, P, C>(
    declaration: &F,
) -> Declared<<C::Job as Job>::Payload, <C::Job as Job>::Output>
where
    F: Fn(P) -> C,
    C: IsDeclaration,
{
    let _ = declaration;
    Declared { definition: C::Job::DEFINITION, types: PhantomData }
}

impl<P, O> Declared<P, O> {
    /// For an implementation with this payload and this result.
    #[must_use]
    pub const fn implemented<Payload, Output>(self) -> Definition
    where
        Payload: PayloadAs<P>,
        Output: OutputAs<O>,
    {
        self.definition
    }
}
