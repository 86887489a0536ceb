//! Which results a node of a flow takes from those that it waits for.

use std::marker::PhantomData;

/// A kind of job that says which inputs it takes as a node of a [flow](crate::flow).
///
/// [`#[job]`](macro@crate::job) implements it: a handler with an argument
/// [`Inputs<V>`](crate::flow::Inputs) takes [`Exactly<V>`](Exactly), so that a graph whose types
/// don't fit isn't compiled. All others wait for [`Anything`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` doesn't say which inputs it takes as a node of a flow",
    note = "a type that implements `Job` by hand says so: `impl HasInputs for MyJob {{ type Inputs = Anything; }}`"
)]
pub trait HasInputs {
    /// [`Anything`], or [`Exactly<V>`](Exactly).
    type Inputs;
}

/// Whatever the nodes give that it waits for: it may ask for it, or not.
#[derive(Debug)]
pub struct Anything(());

/// Nothing but a `V`.
#[derive(Debug)]
pub struct Exactly<V>(PhantomData<V>);

/// Which values fit.
#[diagnostic::on_unimplemented(
    message = "this handler doesn't take `{V}` as its inputs",
    label = "the nodes that it waits for give `{V}`",
    note = "a handler's argument `Inputs<V>` names what it takes, in the order of `after`: a node gives its result, many nodes a `Vec` of them"
)]
pub trait Takes<V> {}

impl<V> Takes<V> for Anything {}

impl<V> Takes<V> for Exactly<V> {}
