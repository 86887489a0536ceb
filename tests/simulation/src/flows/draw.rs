//! The flows of a seed. They are drawn from numbers of their own, so the rest of a seed's plan doesn't
//! change with them.

use fastrand::Rng;

use super::{FlowOperation, FlowPlan, Shape};
use crate::plan::{Act, Timed};

/// What is started, and what an operator does with it, within so many ms. Half of the runs have none.
pub(crate) fn draw(seed: u64, length: u64) -> (Vec<Timed<FlowPlan>>, Vec<Timed<FlowOperation>>) {
    let mut rng = Rng::with_seed(seed ^ 0x000f_1035);
    let count = [0, 0, 2, 6][rng.usize(..4)];
    let mut flows: Vec<_> = (0..count)
        .map(|number| Timed { at: rng.u64(..length), what: flow(&mut rng, number) })
        .collect();
    flows.sort_by_key(|it| it.at);
    let operations = if count > 0 { [0, 0, 3][rng.usize(..3)] } else { 0 };
    let mut operations: Vec<_> = (0..operations)
        .map(|_| {
            let number = rng.u32(..count);
            let retries = rng.bool();
            let what = match retries {
                true => FlowOperation::Retry(number),
                false => FlowOperation::Cancel(number),
            };
            Timed { at: rng.u64(..length + 2_000), what }
        })
        .collect();
    operations.sort_by_key(|it| it.at);
    (flows, operations)
}

fn flow(rng: &mut Rng, number: u32) -> FlowPlan {
    let shape = match rng.usize(..10) {
        0 | 1 => Shape::Tree,
        2 => Shape::Seeing,
        3 => Shape::Graph,
        4 => Shape::Batch,
        5 => Shape::Nested,
        6 | 7 => Shape::Parent,
        8 => Shape::Asking,
        _ => Shape::Steps(rng.u64(..3_000), rng.u64(..3_000)),
    };
    let leaves = match shape {
        Shape::Graph | Shape::Asking => 1,
        Shape::Steps(..) => 0,
        _ => rng.usize(0..6),
    };
    let hopeless = rng.usize(..4) == 0;
    let mut leaf = || (act(rng, hopeless), [0, 0, 30, 900][rng.usize(..4)]);
    let leaves = (0..leaves).map(|_| leaf()).collect();
    FlowPlan { producer: rng.usize(..2), shape, leaves, number }
}

fn act(rng: &mut Rng, hopeless: bool) -> Act {
    match rng.usize(..8) {
        0 => Act::FailOnce,
        1 => Act::Panic,
        2 if hopeless => Act::FailForGood,
        3 if hopeless => Act::FailAlways,
        _ => Act::Succeed,
    }
}
