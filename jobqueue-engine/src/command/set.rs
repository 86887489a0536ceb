//! Sets.

use std::collections::BTreeSet;

use fastrand::Rng;

use super::args::{Args, integer};
use crate::{
    keyspace::Keyspace,
    reply::{Answer, Reply},
    value::Set,
};

pub(super) fn add(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    Ok(Reply::count(keys.change(&args[0], |set: &mut Set| {
        args[1..].iter().filter(|member| set.insert((*member).clone())).count()
    })?))
}

pub(super) fn remove(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    Ok(Reply::count(keys.change_existing(&args[0], |set: &mut Set| {
        args[1..].iter().filter(|member| set.remove(member)).count()
    })?))
}

pub(super) fn len(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    Ok(Reply::count(keys.get::<Set>(&args[0])?.map_or(0, |set| set.len())))
}

pub(super) fn contains(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let set = keys.get::<Set>(&args[0])?;
    Ok(Reply::flag(set.is_some_and(|set| set.contains_key(&args[1]))))
}

pub(super) fn members(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    Ok(Reply::bulks(keys.get::<Set>(&args[0])?.into_iter().flat_map(|set| set.keys())))
}

pub(super) fn random(keys: &mut Keyspace, args: Args<'_>) -> Answer {
    let number = args.get(1).map(|number| integer(number)).transpose()?;
    let mut rng = keys.rng.clone();
    let set = keys.get::<Set>(&args[0])?;
    let member = |at: usize| set?.get_index(at).map(|(member, ())| member);
    let len = set.map_or(0, |set| set.len());
    let reply = match number {
        None if len == 0 => Reply::Nil,
        None => Reply::bulk_or_nil(member(rng.usize(..len))),
        Some(number) => Reply::bulks(sample(&mut rng, len, number).into_iter().filter_map(member)),
    };
    keys.rng = rng;
    Ok(reply)
}

/// Indices of some of `len` items, none twice; below zero, this number of them, and any may come
/// again.
pub(super) fn sample(rng: &mut Rng, len: usize, number: i64) -> Vec<usize> {
    let most = usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX);
    if number < 0 {
        return if len == 0 { Vec::new() } else { (0..most).map(|_| rng.usize(..len)).collect() };
    }
    if most >= len {
        return (0..len).collect();
    }
    // Floyd's algorithm: it costs what is taken, not what there is. Bentley and Floyd, "A sample of
    // brilliance", 1987.
    let mut chosen = BTreeSet::new();
    for last in len - most..len {
        let any = rng.usize(..=last);
        if !chosen.insert(any) {
            chosen.insert(last);
        }
    }
    chosen.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_have_no_index_twice_unless_that_is_asked_for() {
        let mut rng = Rng::with_seed(7);
        for (len, number, expected) in [(5, 3, 3), (5, 9, 5), (0, 3, 0), (5, 0, 0), (0, -3, 0)] {
            let chosen: BTreeSet<_> = sample(&mut rng, len, number).into_iter().collect();
            assert_eq!(chosen.len(), expected, "{number} of {len}");
            assert!(chosen.iter().all(|at| *at < len));
        }
        assert_eq!(sample(&mut rng, 2, -9).len(), 9);
    }
}
