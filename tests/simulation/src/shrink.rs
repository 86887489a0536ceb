//! A plan that fails is made smaller, as long as it still fails.

use std::ops::Range;

use crate::{
    judge::Wrong,
    plan::Plan,
    play::{Options, play},
};

/// The smallest plan found that fails in one of the ways in which this one does, within so many
/// runs.
#[must_use]
pub fn shrink(plan: &Plan, options: Options, runs: usize) -> Plan {
    let options = Options { readable: false, ..options };
    let wrong: Vec<Wrong> =
        play(plan, options).findings.iter().map(|finding| finding.wrong).collect();
    let left = std::cell::Cell::new(runs);
    let fails = |plan: &Plan| {
        left.set(left.get().saturating_sub(1));
        play(plan, options).findings.iter().any(|finding| wrong.contains(&finding.wrong))
    };
    let mut plan = plan.clone();
    loop {
        let before = size(&plan);
        plan = without(plan, |plan| &mut plan.faults, &fails, &left);
        plan = without(plan, |plan| &mut plan.operations, &fails, &left);
        plan = without(plan, |plan| &mut plan.orders, &fails, &left);
        plan = without(plan, |plan| &mut plan.schedules, &fails, &left);
        plan = without(plan, |plan| &mut plan.flow_operations, &fails, &left);
        plan = without(plan, |plan| &mut plan.flows, &fails, &left);
        plan = simpler(plan, &fails, &left);
        if size(&plan) == before || left.get() == 0 {
            return plan;
        }
    }
}

fn size(plan: &Plan) -> usize {
    plan.faults.len()
        + plan.operations.len()
        + plan.jobs()
        + plan.workers.len()
        + plan.schedules.len()
        + plan.flows.len()
        + plan.flow_operations.len()
}

/// Leaves out as many items as it can: halves first, then less.
fn without<T: Clone>(
    mut plan: Plan,
    of: impl Fn(&mut Plan) -> &mut Vec<T>,
    fails: &impl Fn(&Plan) -> bool,
    left: &std::cell::Cell<usize>,
) -> Plan {
    let mut step = of(&mut plan).len().next_power_of_two();
    while step > 0 {
        let mut at = 0;
        while at < of(&mut plan).len() && left.get() > 0 {
            let items = of(&mut plan);
            let cut: Range<usize> = at..(at + step).min(items.len());
            let mut smaller = plan.clone();
            of(&mut smaller).drain(cut);
            if fails(&smaller) {
                plan = smaller;
            } else {
                at += step;
            }
        }
        step /= 2;
    }
    plan
}

/// Fewer workers, and orders of one job.
fn simpler(mut plan: Plan, fails: &impl Fn(&Plan) -> bool, left: &std::cell::Cell<usize>) -> Plan {
    while plan.workers.len() > 1 && left.get() > 0 {
        let mut smaller = plan.clone();
        smaller.workers.pop();
        if !fails(&smaller) {
            break;
        }
        plan = smaller;
    }
    for at in 0..plan.orders.len() {
        if plan.orders[at].what.tokens.len() > 1 && left.get() > 0 {
            let mut smaller = plan.clone();
            smaller.orders[at].what.tokens.truncate(1);
            if fails(&smaller) {
                plan = smaller;
            }
        }
    }
    plan
}
