//! What holds of any flow that has ended.

use super::{
    facts::{End, Facts, Over, Time},
    shape::{Group, Policy, Shape},
};

/// Those with more dependents than this aren't looked through to see whether they are needed.
const LOOKED_THROUGH: usize = 50;

struct Rules<'a> {
    flow: &'a Shape,
    facts: &'a Facts,
}

pub(super) fn check(flow: &Shape, facts: &Facts) -> Result<(), String> {
    let rules = Rules { flow, facts };
    rules.all_have_ended()?;
    for (at, group) in flow.groups.iter().enumerate() {
        rules.began_rightly(at, group).map_err(|why| format!("group {at} {why}\n{facts:#?}"))?;
        rules.ended_rightly(at, group).map_err(|why| format!("group {at} {why}\n{facts:#?}"))?;
    }
    rules.the_flow().map_err(|why| format!("the flow {why}\n{facts:#?}"))
}

/// Whether a node has failed for good whose failure counts.
pub(super) fn any_died(flow: &Shape, facts: &Facts) -> bool {
    Rules { flow, facts }.any_died()
}

fn demand(holds: bool, why: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why.to_owned()) }
}

impl Rules<'_> {
    /// When a group first failed, so that its dependents hear of it: a job that did not complete, or
    /// a need. Not if it was dropped.
    fn failed(&self, group: usize) -> Option<Time> {
        let bad = |(_, end): &(Time, End)| *end != End::Completed;
        let ended = self.facts.ended.range((group, 0)..(group + 1, 0)).map(|(_, ended)| *ended);
        let over = self.facts.over.get(&group).filter(|over| over.failed).map(|over| over.time);
        ended.filter(bad).map(|(time, _)| time).chain(over).min()
    }

    /// When the last of a group ended; none if some never do.
    fn done(&self, at: usize) -> Option<Time> {
        let members = self.flow.groups[at].members;
        let over = self.facts.over.get(&at);
        let jobs = over.map_or(members, |over| over.first);
        let ended = (0..jobs).map(|number| self.facts.ended.get(&(at, number)).map(|it| it.0));
        let last = ended.collect::<Option<Vec<_>>>()?.into_iter().max();
        let begun = self.facts.begun.get(&at).copied();
        last.max(over.map(|over| over.time)).max(begun)
    }

    /// How many of a group ended without a job.
    fn dropped(&self, at: usize, over: Over) -> usize {
        let rest = over.first..self.flow.groups[at].members;
        rest.filter(|number| !self.facts.before.kept.contains(&(at, *number))).count()
    }

    /// Nothing waits for ever, and each is counted once.
    fn all_have_ended(&self) -> Result<(), String> {
        let Self { flow, facts } = *self;
        for at in 0..flow.groups.len() {
            let waits = || format!("group {at} waits for ever\n{facts:#?}");
            // Without members none misses it, if the flow ended before.
            if flow.groups[at].members > 0 {
                self.done(at).ok_or_else(waits)?;
            }
        }
        let over: usize = facts.over.iter().map(|(at, over)| self.dropped(*at, *over)).sum();
        let all = [facts.ended.len() + over, flow.nodes()];
        let counted = ["completed", "failed", "cancelled"].map(|it| facts.number(it));
        let wrong = || format!("{all:?} nodes, {counted:?} counted\n{facts:#?}");
        let sum = counted.iter().sum::<usize>();
        demand(all[0] == all[1] && sum == all[1] && facts.number("left") == 0, "")
            .map_err(|_| wrong())
    }

    fn is_dropped_as_a_whole(&self, by: Time) -> bool {
        let drops = |root: &usize| {
            let root = &self.flow.groups[*root];
            root.members == 1 || root.policy == Policy::Fail
        };
        let root = self.flow.root.filter(drops).and_then(|root| self.failed(root));
        let cancelled = self.facts.cancelled;
        root.is_some_and(|time| time <= by) || cancelled.is_some_and(|time| time <= by)
    }

    /// Whether none of the group is to run in this round.
    fn is_kept(&self, at: usize) -> bool {
        let members = self.flow.groups[at].members;
        members > 0 && (0..members).all(|number| self.facts.before.kept.contains(&(at, number)))
    }

    fn began_rightly(&self, at: usize, group: &Group) -> Result<(), String> {
        let Some(begun) = self.facts.begun.get(&at).copied() else { return Ok(()) };
        let failed = |need: usize, policy| {
            let fails = self.flow.groups[need].policy == policy;
            self.failed(need).filter(|_| fails)
        };
        let all = group.needs.iter().all(|need| self.done(*need).is_some_and(|done| done <= begun));
        let decides = |need: &usize| failed(*need, Policy::Decide).is_some_and(|it| it <= begun);
        demand(all || group.needs.iter().any(decides), "began before all that it needs had ended")?;
        if !self.flow.manner.quiet {
            return Ok(());
        }
        // What follows from one end is done before the next.
        let earlier = |need: &usize| failed(*need, Policy::Fail).is_some_and(|it| it < begun);
        demand(!group.needs.iter().any(earlier), "began though a need had failed")?;
        let dependents: Vec<usize> = self.flow.dependents(at).collect();
        let over = |other: &usize| self.facts.over.get(other).is_some_and(|it| it.time < begun);
        let unneeded = self.flow.root != Some(at)
            && (1..=LOOKED_THROUGH).contains(&dependents.len())
            && dependents.iter().all(over);
        demand(!unneeded, "began though nobody needed it")?;
        demand(
            !self.is_dropped_as_a_whole(begun - begun.min(1)) || begun == 0,
            "began in a flow that had ended",
        )
    }

    fn ended_rightly(&self, at: usize, group: &Group) -> Result<(), String> {
        let root_failed = self.flow.root.is_some_and(|root| self.failed(root).is_some());
        let whole = root_failed || self.facts.cancelled.is_some();
        let over = |other: usize| self.facts.over.contains_key(&other);
        let mut dependents = self.flow.dependents(at).peekable();
        let unneeded = dependents.peek().is_some() && dependents.all(over);
        if self.facts.asked.contains_key(&at) {
            demand(whole || unneeded, "was to be cancelled, and is needed")?;
        }
        let fails = |need: &&usize| self.flow.groups[**need].policy == Policy::Fail;
        let mut needs = group.needs.iter().filter(fails);
        let need_failed = needs.any(|need| self.failed(*need).is_some());
        match self.facts.over.get(&at) {
            Some(it) if it.failed => {
                demand(need_failed && it.first == 0, "failed without a reason")
            }
            Some(_) => demand(whole || unneeded, "was dropped, and is needed"),
            None if self.facts.begun.contains_key(&at) || self.is_kept(at) || whole => Ok(()),
            None => demand(group.members == 0, "neither began nor ended"),
        }
    }

    /// Whether a node has failed for good whose failure counts, now or before.
    fn any_died(&self) -> bool {
        if self.facts.before.died {
            return true;
        }
        let counts = |at: usize| self.flow.groups[at].policy != Policy::Ignore;
        let mut ended = self.facts.ended.iter();
        let mut over = self.facts.over.iter();
        ended.any(|((at, _), (_, end))| counts(*at) && *end == End::Failed)
            || over.any(|(at, over)| counts(*at) && over.failed && self.dropped(*at, *over) > 0)
    }

    fn the_flow(&self) -> Result<(), String> {
        let Self { flow, facts } = *self;
        let over = |at: &usize| facts.over.contains_key(at);
        let root_failed = flow.root.is_some_and(|root| self.failed(root).is_some() || over(&root));
        let counts =
            |at: &usize| flow.groups[*at].policy != Policy::Ignore && flow.groups[*at].members > 0;
        let any = (0..flow.groups.len()).filter(counts);
        let any_failed = any.into_iter().any(|at| self.failed(at).is_some() || over(&at));
        let failed = if flow.root.is_some() { root_failed } else { any_failed };
        let state = match (facts.fields["state"].as_str(), facts.cancelled) {
            // It may have been too late.
            ("cancelled", Some(_)) => "cancelled",
            _ if failed => "failed",
            _ => "completed",
        };
        let found = &facts.fields["state"];
        demand(found == state, &format!("is {found}, and should be {state}"))?;
        let mut followed = facts.followed.clone();
        followed.sort();
        let mut expected = vec!["complete"];
        if self.any_died() {
            expected.push("death");
        }
        if state == "completed" || facts.before.succeeded {
            expected.push("success");
        }
        demand(followed == expected, &format!("was followed by {followed:?}, not {expected:?}"))
    }
}
