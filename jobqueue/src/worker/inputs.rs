//! The inputs of a node of a flow, as an argument of its handler.

use serde::de::DeserializeOwned;

use super::{extract::FromContext, run::Context};
use crate::{
    flow::{self, Inputs},
    job::{Failure, NodeAddress},
};

impl<V: DeserializeOwned + Send> FromContext for Inputs<V> {
    async fn from_context(ctx: &Context) -> Result<Self, Failure> {
        let home = ctx.record().options.reply_to.as_ref().and_then(|to| to.home());
        let (Some(home), Some(node), Some(shared)) =
            (home, NodeAddress::of(ctx.id()), ctx.shared())
        else {
            return Err(Failure::permanent("the job is no node of a flow, and so has no inputs"));
        };
        flow::gather(&shared.relays.home(home), &node).await.map(Self)
    }
}
